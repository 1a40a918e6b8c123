"""The rules a connector is measured by: what each one looks at, why it matters, what to do when it is missed."""

from __future__ import annotations

from dataclasses import dataclass

PAGE = "docs/sdk/quality-rules.md"
"""Where every rule has its section; the heading is the rule's id."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Args:
        id: stable; the command line, `quality.toml` and the docs' links use it.
        level: the lowest level that needs it.
        title: the rule as one sentence.
        looks: what the kit does.
        why: what goes wrong for somebody when it is missed.
        remedy: what the connector's maker does about it.
        may_exempt: whether a reason in `quality.toml` lets a connector off it.
    """

    id: str
    level: str
    title: str
    looks: str
    why: str
    remedy: str
    may_exempt: bool = False

    @property
    def link(self) -> str:
        """Its section in the docs."""
        return f"{PAGE}#{self.id}"


RULES: tuple[Rule, ...] = (
    # ------------------------------------------------------------------------------------------------- bronze
    Rule(
        "manifest", "bronze", "The declaration is complete",
        "Slug, name, a version of three numbers, a category from the closed list, an https address of the vendor's API"
        " documentation, at least one stream and at least one way to sign in.",
        "Lists, forms and the docs page are made from the declaration.",
        "Fill in the named argument of `Connector(...)`.",
    ),
    Rule(
        "logo", "bronze", "There is a logo",
        "`logo.svg` beside the connector is well-formed, at most 20 kB, has a `viewBox`, and holds shapes and at most"
        " three letters: no script, no image, no style sheet, no address outside the file.",
        "The console shows it to every customer, so it must not load or run anything, nor use a vendor's trademark.",
        "Draw a plain monogram: one rectangle or circle and the vendor's initials.",
    ),
    Rule(
        "types", "bronze", "The types are strict",
        "mypy with `strict` and pydantic's plugin over its folder; the result is kept until a file changes.",
        "A wrong field or record type is found here and not in a customer's night.",
        "Run mypy and correct what it names.",
    ),
    Rule(
        "settings", "bronze", "Every setting explains itself",
        "Each field of the config class has a title, a description and an example; an example matches the field's own"
        " pattern; a setting that stands in the base address has a pattern that lets no `/`, `@`, `:` or blank in.",
        "A customer fills the form in alone, and a free text in an address would send the credential elsewhere.",
        "Give the field `Field(pattern=..., title=..., description=..., examples=[...])`.",
    ),
    Rule(
        "connection-test", "bronze", "A connection is tested before it is saved",
        "The function marked `@connector.account` answers with the accepted credential, and with a wrong one raises an"
        " error that names the customer as the one who must act.",
        "A typing mistake in a token must show at once and say what to do.",
        "Mark a function with `@connector.account` that asks the vendor whose token it is.",
    ),
    Rule(
        "reads", "bronze", "Every stream is read whole, and every record is taken",
        "The simulator makes records; all of them, and only they, are in the store afterwards, none in quarantine. The"
        " walk ends. Cassettes, where there are any, give the values that they expect.",
        "A page left out, or an error taken for the end of the list, is data that nobody misses until it is needed.",
        "Give the simulator `sample` for the stream, then look at paging and at the types of the record's fields.",
    ),
    Rule(
        "versions", "bronze", "A record has a key, and a version or a reason for none",
        "The record class names a `cursor`; or the stream has a reader of changes of its own, or is read whole; the"
        " version moves forward when a record is edited.",
        "Without a version the order of arrival decides which of two edits is newer.",
        'Give the class `cursor="..."`, or say in `quality.toml` why the vendor has none.',
        may_exempt=True,
    ),
    Rule(
        "no-secrets", "bronze", "No secret leaves the request",
        "Everything is done once with known secrets, against a vendor that also quotes them in its refusals. They must"
        " not be in an error, a traceback, a log line, a `repr`, the store, or the address of a request (unless the"
        " vendor signs by query).",
        "Logs are read by more people than vaults.",
        "Never put what a request carried into an error; leave signing to the declared scheme.",
    ),
    Rule(
        "readme", "bronze", "There is a page about it",
        "`README.md` has a title, says what is covered, and has a section with *Sources* in its heading.",
        "A fact without a source cannot be checked when the vendor changes.",
        "Write it; the docs page of the connector is made from it.",
    ),
    Rule(
        "scopes", "bronze", "It asks for the least, and says why",
        "Each scope has a reason, none is asked for twice, a scope for writing is marked as such, and the scheme asks"
        " for no scope that no stream and no part of the connector gives a reason for.",
        "Customers refuse what they do not understand, and a stolen token opens what was asked for.",
        "Declare `Scope(name, why)` on the stream that needs it, and drop the others.",
    ),
    Rule(
        "hosts", "bronze", "Requests stay with the vendor",
        "Base address and OAuth addresses are https; a host pattern has one `*` at its front and at least a domain"
        " behind it, and no pattern is a public suffix.",
        "Every declared host may receive the credential.",
        "Name hosts, or `*.vendor.com` where accounts have hosts of their own.",
    ),
    # ------------------------------------------------------------------------------------------------- silver
    Rule(
        "faults", "silver", "A bad day changes nothing",
        "In mid-walk the vendor answers 429 (no wait, seconds, a date), 500 twice, 503, a proxy's page, half an answer,"
        " a dead line, a page twice, and an expired token. After the next run that is let through, the store equals"
        " that of an undisturbed run; no request is repeated before the wait that the vendor asked for is over.",
        "Vendors have bad days; customers should not.",
        "Leave retries to the SDK, and let errors through instead of catching them.",
    ),
    Rule(
        "resume", "silver", "A read goes on where it stopped",
        "Each stream is stopped after each of its pages, of the whole read and of the read of changes, and another"
        " process goes on; the state survives as JSON; the store equals that of an undisturbed run.",
        "A first read can take hours, and processes die.",
        "Yield a page's records together with the state of the next page, never before them.",
    ),
    Rule(
        "moving", "silver", "What changes during a read is not lost",
        "Between two pages records are edited, added and removed; edits share one instant with the last one read; the"
        " vendor's clock differs from ours. After one more read the store shows what the vendor has.",
        "The vendor's users do not stop working while we read.",
        "Page by a key that does not move; begin the next read at the last version seen, and not after it.",
    ),
    Rule(
        "outcomes", "silver", "Each record has its own outcome",
        "A batch holds a record that the vendor refuses. The others take effect and say so with their own ids; the bad"
        " one is rejected with a code and a sentence.",
        "One bad address must not stop 99 good ones, and a refusal that nobody hears of is a loss.",
        "Match answers by id and not by position; give `write.rejected(code, reason)` for what is refused.",
    ),
    Rule(
        "idempotent", "silver", "The same again changes nothing",
        "Records are written a second time with the same values: the vendor has as many records as before, with the"
        " same values, and the read after it brings no change.",
        "Retries, crashes and restored backups all write again.",
        "Write by key; check what the vendor makes of equal values.",
    ),
    Rule(
        "lost-answers", "silver", "A write whose answer is lost takes effect once",
        "The answer of each writing request in turn is lost. After the next run there is one record where the stream"
        " declares a create key; where it declares none, the guarantee must say `at-least-once`.",
        "A second contact, invoice or e-mail is worse than a late one.",
        "Declare and use a create key; give the stream `find`.",
    ),
    Rule(
        "consent", "silver", "No mapping raises consent",
        "For each field of consent: a vendor's value that says no by its own name does not read as `granted`, and what"
        " is written for `denied`, `pending` or `unknown` does not read as `granted`.",
        "Mail to somebody who said no is against the law.",
        "Map with `values=` and `back=`; leave out what the vendor has no word for.",
    ),
    Rule(
        "deletes", "silver", "Deletions become known",
        "A record is removed at the vendor; after the next read, or the next complete one where the declaration says"
        " `full_scan`, the store knows.",
        "A hub that shows people who are gone writes to them, too.",
        "Give the stream `gone`, or declare `deletes=Deletes.NEVER` where the vendor deletes nothing.",
    ),
    Rule(
        "reconnect", "silver", "A new credential goes on where the old one stopped",
        "The token dies in mid-walk: the run ends with `reconnect_required`. With a good credential the next run"
        " completes, and nothing is missing.",
        "Tokens are revoked all the time; reading everything again would take a day.",
        "Do not catch the error; do not name a 401 anything else in `@connector.error`.",
    ),
    Rule(
        "owner", "silver", "Somebody looks after it",
        "`quality.toml` names an `owner`, a `support` level and a `lifecycle`.",
        "When a vendor changes its API, somebody must notice.",
        "Write them down.",
    ),
    Rule(
        "coverage", "silver", "Its own tests reach 90 % of its branches",
        "`--tests PATH` runs them under coverage, `--coverage FILE` reads what `coverage json` wrote. The figure is"
        " kept in `quality.json` with the code's digest: for other code it does not count. Simulators are left out.",
        "What no test reaches breaks unseen.",
        "Run `vaiven test connector SLUG --tests tests --write`.",
    ),
    # ------------------------------------------------------------------------------------------------- gold
    Rule(
        "two-way", "gold", "Two accounts stay in step, without an echo",
        "Two simulated accounts are synced, an edit is made on one side, then on the other. Each arrives with the value"
        " that it had; the sync after it writes nothing.",
        "An echo costs quota at first and data in the end.",
        "Check both directions of the mapping, and give `saved` what the vendor stored.",
        may_exempt=True,
    ),
    Rule(
        "webhooks", "gold", "Webhooks are signed, and not replayed",
        "A signed delivery gives hints about streams that there are. The same one unsigned, signed with another secret,"
        " changed in one byte, or a day old is refused.",
        "Anybody can send a request to an address.",
        "Declare the vendor's scheme: `@connector.webhook(Signature...)`. A vendor without webhooks is an exemption.",
        may_exempt=True,
    ),
    Rule(
        "dry-run", "gold", "A dry run changes nothing",
        "Two accounts are planned; the vendor's state is the same before and after, and no writing request was sent.",
        "People look at a plan because nothing has happened yet.",
        "Write in writers alone, not in readers, `account` or `find`.",
    ),
    Rule(
        "custom-fields", "gold", "Fields that the account's owner added are found",
        "The simulator adds a field; the function marked `@stream.custom_fields` names it with its type, and its values"
        " are in the store.",
        "What makes a customer's data theirs is in their own fields.",
        "Mark a function with `@stream.custom_fields`; a vendor without custom fields is an exemption.",
        may_exempt=True,
    ),
    Rule(
        "erase", "gold", "A request to be forgotten is carried out",
        "Streams of people that are written have `@stream.erase`; after it the record is in no read of the vendor.",
        "The law gives a month, and an archive is not forgetting.",
        "Mark a function with `@stream.erase`; where the vendor has no way, say so as an exemption.",
        may_exempt=True,
    ),
    Rule(
        "strings", "gold", "It speaks eight languages",
        "`strings/<lang>.json` for en, es, pt, fr, de, it, ja and ar hold the same keys: title and help of every"
        " setting and credential field, and a title for every stream.",
        "A form is filled in by people, in their language.",
        "Write the files; `vaiven test connector SLUG --json` lists the keys that are missing.",
    ),
    Rule(
        "guide", "gold", "It says what can go wrong and where it ends",
        "`README.md` has sections with *Troubleshooting* and *Limits* in their headings.",
        "Most questions are asked by many.",
        "Write what the first users asked.",
    ),
    Rule(
        "singer", "gold", "It is a good Singer tap",
        "The conformance suite of `singer_sdk.testing` passes for the tap that `vaiven singer run` makes of it. Needs"
        " the extra `singer`.",
        "Data teams have pipelines; we should fit into them.",
        "See the named test; most often a record does not fit its schema.",
        may_exempt=True,
    ),
    # ------------------------------------------------------------------------------------------------- platinum
    Rule(
        "no-escapes", "platinum", "Nothing escapes the types",
        "No `Any`, no `cast`, no `type: ignore` in the connector's modules; simulators are left out.",
        "Each one is a place where the checker looks away.",
        "Give the vendor's answers a type.",
        may_exempt=True,
    ),
    Rule(
        "round-trip", "platinum", "What is written is what is read",
        "Hypothesis makes values for every writable field: unified, to the wire, read back and unified again, they come"
        " to rest after one round.",
        "A value that changes on every round never stops being written.",
        "Make `to=`, `values` and `back` inverses of one another.",
    ),
    Rule(
        "contract", "platinum", "Requests and answers fit the vendor's published description",
        "The evidence in `quality.toml` has `spec-checked`, and its tests passed for this very code.",
        "A description is the vendor's word.",
        "Check the tests' traffic with the description, then run with `--evidence --write`.",
        may_exempt=True,
    ),
    Rule(
        "recorded", "platinum", "Its cassettes are the vendor's own answers, and fresh",
        "Every cassette has the origin `recorded` and is at most 180 days old.",
        "What was written from documentation shows what the documentation says.",
        "Run `vaiven record SLUG` with an account.",
    ),
    Rule(
        "live", "platinum", "It ran against the vendor in the last 30 days",
        '`quality.toml` attests it: `[attest] live = { on = "YYYY-MM-DD", by = "..." }`.',
        "Vendors change without saying so.",
        "Run it against a sandbox account, then write the date down.",
    ),
    Rule(
        "memory", "platinum", "Memory does not grow with the account",
        "A read of 4,400 records holds at no page more than twice the memory of a read of 1,100, and 256 kB. Looked"
        " at when all else holds, or with `--only memory`: it takes a while.",
        "Some accounts have ten million contacts.",
        "Yield page by page.",
        may_exempt=True,
    ),
)  # fmt: skip

BY_ID = {rule.id: rule for rule in RULES}
