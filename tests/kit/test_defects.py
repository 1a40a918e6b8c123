"""Planted defects: each is caught, by the rule that should.

Three classic ones cannot be planted, because the SDK does not let them happen, and others stand in their place: the
wait that a vendor asks for is kept by the limits underneath, whatever a connector makes of the error; a next link to
another host is refused before it is signed; and connector code never holds the credential, so that here it leaks
through a scheme of its own.
"""

import pytest

from vaiven_api.kit import disturbed
from vaiven_api.kit.verdicts import Result

CONNECTOR = "connector.py"

OWN_SCHEME = '''
@dataclasses.dataclass(frozen=True)
class Own(Bearer):
    """A scheme of our own."""

    seen: str = ""

    def sign(self, request, credential, config):
        super().sign(request, credential, config)
        {work}


acme = Connector('''
OWN_SIGNATURE = '''
class Lax(StandardSignature):
    """Ours."""

    def verify(self, delivery, secret, *, now):
        {work}


@acme.webhook(Lax())'''
ASK = '        answer = await hub.get("/shops", updated_since=at, after=after, limit=100)\n'
ASK_AND_IGNORE = f"        try:\n    {ASK}        except VaivenError:\n            break\n"
IMPORT = [(CONNECTOR, "    Window,\n    Write,", "    VaivenError,\n    Window,\n    Write,")]
GIVE = "        yield Batch(live, gone, state=[at, after] if more else None, since=None if more else at)"
PAIRS = "    pairs = [(w, results[w.hub_id]) for w in writes]"
LAST = '    return [w.rejected(r["error"], r["message"]) if "error" in r else w.saved(r["id"], r) for w, r in pairs]'
STATUS = 'values={"active": "granted", "left": "denied"}'
ASKEW = '''

    @derive("given_name", back=lambda person: {"last_name": person.get("given_name")})
    def given(self) -> str | None:
        """Read from the one, written to the other."""
        return self.first_name


class Shop'''


def own_scheme(work):
    return [
        (CONNECTOR, "from collections.abc", "import dataclasses\nimport logging\nfrom collections.abc"),
        (CONNECTOR, "\nacme = Connector(", OWN_SCHEME.replace("{work}", work)),
        (CONNECTOR, "auth=[Bearer()]", "auth=[Own()]"),
    ]


def own_signature(work):
    return [
        (CONNECTOR, "from vaiven_sdk.webhooks import signatures", "from vaiven_sdk.webhooks import StandardSignature"),
        (CONNECTOR, "\n@acme.webhook(signatures.standard())", OWN_SIGNATURE.replace("{work}", work)),
    ]


def here(old, new):
    return [(CONNECTOR, old, new)]


ERRORS = [*IMPORT, *here("from vaiven_sdk.model", "from vaiven_sdk import VendorBusy\nfrom vaiven_sdk.model")]
BUSY = """@acme.error
def name(status, body):
    return VendorBusy("busy") if status == 401 else None


@acme.account
"""
ANYBODY = """    try:
        me = await hub.get("/me")
    except VaivenError:
        return Account("", "")
"""
BEGIN = '    at, after = state or (since, "")\n'
FROM_JSON = """    at, after = state or (since, {""})
    at, after = at, (after - {None}).pop()
"""
NOW = 'since=None if more else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")'
GONE = '    gone=get("/readers", items="readers", page=PAGE, deleted=True),\n'
BAD_BATCH = f"""{PAIRS}
    if any("error" in r for _, r in pairs):
        return [w.rejected("bad", "a bad batch") for w in writes]"""
TWINS = here('"ref": w.hub_id}', '"ref": w.hub_id, "allow_twins": True}')
FIND = '    return list(answer["readers"])'
ERASE = 'await hub.post(f"/readers/{write.id}/erase", {}, safe=True)'
IF_SIGNED = """if delivery.headers.get("webhook-signature"):
            super().verify(delivery, secret, now=now)"""
AT_ANY_TIME = 'super().verify(delivery, secret, now=float(delivery.headers.get("webhook-timestamp", 0)))'
NO_ID = """    def delivery_id(self, delivery):
        return ""

    def verify"""

DEFECTS = [
    # -- reading
    (
        "the cursor moves before the rows are given",
        "resume",
        here(GIVE, f"        yield Batch((), state=[at, after])\n{GIVE}"),
    ),
    ("no tie-break at a page's edge", "moving", here("updated_since=at, after=after", "updated_after=at")),
    ("an error is taken for the end of the list", "faults", [*IMPORT, *here(ASK, ASK_AND_IGNORE)]),
    (
        "off by one in every page",
        "reads",
        here('for row in rows if not row["del', 'for row in rows[1:] if not row["del'),
    ),
    ("the cursor stands still", "reads", here('rows[-1]["updated_at"], rows[-1]["id"]', "at, after")),
    ("a read without end", "reads", here('answer["shops"], answer["more"]', 'answer["shops"], True')),
    (
        "a state that is not JSON",
        "resume",
        [*here("state=[at, after] if more", "state=[at, {after}] if more"), *here(BEGIN, FROM_JSON)],
    ),
    (
        "our own clock is the cursor",
        "moving",
        [
            *here("from typing import Any", "from datetime import UTC, datetime\nfrom typing import Any"),
            *here("since=None if more else at)", NOW),
        ],
    ),
    ("deletions are promised and not read", "deletes", here(GONE, "    deletes=Deletes.TOMBSTONES,\n")),
    ("a dead token is called something else", "reconnect", [*ERRORS, *here("@acme.account\n", BUSY)]),
    (
        "everything is kept until the end",
        "memory",
        [
            *here("    more = True\n    while more:", "    kept, more = [], True\n    while more:"),
            *here(GIVE, f"        kept.append((rows, answer))\n{GIVE}"),
        ],
    ),
    ("a read that writes", "dry-run", here(BEGIN, f'    await hub.post("/visits", {{}}, safe=True)\n{BEGIN}')),
    # -- mapping
    ("a field of the wrong type", "reads", here("first_name: str | None", "first_name: int | None")),
    (
        "a field that is written to another place than it is read from",
        "two-way",
        [
            *here("    get,\n    wire,", "    derive,\n    get,\n    wire,"),
            *here('first_name: str | None = wire(to="given_name")', 'first_name: str | None = wire("first_name")'),
            *here('last_name: str | None = wire(to="family_name")', 'last_name: str | None = wire("last_name")'),
            *here("\n\n\nclass Shop", ASKEW),
        ],
    ),
    ("consent is raised", "consent", here(STATUS, f'{STATUS}, back={{"granted": "active", "unknown": "active"}}')),
    # -- writing
    (
        "a refused record is reported as saved",
        "outcomes",
        here(LAST, '    return [w.saved(r.get("id", "none"), None) for w, r in pairs]'),
    ),
    (
        "outcomes by position",
        "outcomes",
        here(PAIRS, '    pairs = list(zip(writes, answer["results"], strict=True))'),
    ),
    ("one bad record stops its neighbours", "outcomes", here(PAIRS, BAD_BATCH)),
    ("a second creation makes a second record", "idempotent", TWINS),
    (
        "a lost answer makes a second record",
        "lost-answers",
        [*TWINS, *here(FIND, "    return [row for row in answer['readers'] if any(w.id for w in writes)]")],
    ),
    ("forgetting is archiving", "erase", here(ERASE, 'await hub.delete(f"/readers/{write.id}", safe=True)')),
    # -- secrets and doors
    ("the secret is in a log line", "no-secrets", own_scheme('logging.getLogger("a").info("%s", request.headers)')),
    (
        "the secret is in the address",
        "no-secrets",
        own_scheme('request.url += ("&" if "?" in request.url else "?") + "token=" + credential["token"]'),
    ),
    ("the secret is in a repr", "no-secrets", own_scheme('object.__setattr__(self, "seen", credential["token"])')),
    ("any credential will do", "connection-test", [*IMPORT, *here('    me = await hub.get("/me")\n', ANYBODY)]),
    ("an unsigned webhook is accepted", "webhooks", own_signature(IF_SIGNED)),
    ("a replayed webhook is accepted", "webhooks", [*own_signature(AT_ANY_TIME), *here("    def verify", NO_ID)]),
    # -- declaration
    (
        "a scope without a reason",
        "scopes",
        here('Scope("readers", "read and write your readers")', 'Scope("readers", "readers")'),
    ),
    ("a setting in the address without a pattern", "settings", here('pattern="^[a-z]{2}[0-9]$", ', "")),
    ("a setting in the address that leads away", "settings", here("^[a-z]{2}[0-9]$", "[a-z]{2}[0-9]")),
    ("hosts of strangers", "hosts", here("files.acme.example", "*.co.uk")),
]


@pytest.mark.parametrize(("rule", "changes"), [case[1:] for case in DEFECTS], ids=[case[0] for case in DEFECTS])
def test_a_planted_defect_is_caught_by_its_rule(copy_of, look, rule, changes):
    verdict = look(copy_of(*changes), rule)[rule]
    assert not verdict.holds, f"{rule} did not see it"
    assert verdict.notes


def test_the_connector_without_a_defect_passes_all_of_these_rules(copy_of, look):
    rules = {case[1] for case in DEFECTS}
    verdicts = look(copy_of(), *rules)
    assert {rule: verdict.notes for rule, verdict in verdicts.items() if not verdict.holds} == {}
    assert set(verdicts) == rules


def test_at_least_twenty_are_planted():
    assert len(DEFECTS) >= 20


EDITS_NO_SHOP = (
    "simulator.py",
    '        field = "first_name" if stream == "readers" else "name"\n',
    """        if stream == "shops":
            raise NotDrivable(self.slug, "touch", stream)
        field = "first_name"
""",
)


@pytest.mark.parametrize(("fixed", "result"), [(False, Result.MISSED), (True, Result.PASSED)])
def test_what_nobody_can_edit_needs_no_edit(copy_of, look, monkeypatch, fixed, result):
    """A stream of entities that the simulator cannot touch costs the rules; one of facts does not."""
    monkeypatch.setattr(disturbed, "_fixed", lambda kit, name: fixed)
    subject = copy_of(
        EDITS_NO_SHOP, ("simulator.py", "import Simulator, action", "import NotDrivable, Simulator, action")
    )
    verdicts = look(subject, "resume", "moving")
    assert {verdict.result for verdict in verdicts.values()} == {result}
    assert all(("no touch() for stream 'shops'" in str(v.notes)) is not fixed for v in verdicts.values())
