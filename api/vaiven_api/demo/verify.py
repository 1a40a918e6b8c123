"""Compare the store with what the vendors hold, record by record; every difference is a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_api.demo import reading
from vaiven_sync_engine.store import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from vaiven_api.demo.edits import Edits

_STRICT = {"denied": 3, "pending": 2, "granted": 1, "unknown": 0, None: 0}
_ADDRESS = ("street", "city", "region", "postal_code", "country")


@dataclass(slots=True)
class Verdict:
    """What was compared and what differs.

    Args:
        checked: how many of each thing were looked at.
        excused: differences that have a reason which is no fault, by reason.
    """

    checked: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def expect(self, kind: str, fits: object, difference: str) -> None:
        """Count one check, and keep the sentence if it failed."""
        self.checked[kind] += 1
        if not fits:
            self.differences.append(difference)


@dataclass(frozen=True, slots=True)
class Stored:
    """One record as the store has it."""

    tool: str
    stream: str
    remote_id: str
    fields: dict[str, Any]
    entity_id: str | None
    deleted: bool


@dataclass(slots=True)
class Held:
    """What the store holds.

    Args:
        records: (tool, stream) -> id -> record, the deleted ones as well.
        people: id -> row.
        refused: (tool, record id) -> fields that the tool refused to take, with its code.
        lost: values that lost and are kept, as (entity id, field, value).
        merged: ids of people found to be another one.
    """

    records: dict[tuple[str, str], dict[str, Stored]]
    people: dict[str, dict[str, Any]]
    refused: dict[tuple[str, str], dict[str, str]]
    lost: set[tuple[str, str, str]]
    counts: dict[str, int]


def read_store(path: Path) -> Held:
    """Everything that the comparison needs."""
    with Database.reader(path) as store:
        records: dict[tuple[str, str], dict[str, Stored]] = defaultdict(dict)
        sources = {r["id"]: (r["connection_id"], r["stream"]) for r in store.execute("SELECT * FROM source")}
        for row in store.execute("SELECT source_id, remote_id, fields, entity_id, deleted_at FROM record"):
            tool, stream = sources[row["source_id"]]
            fields = msgspec.json.decode(row["fields"])
            deleted = row["deleted_at"] is not None
            one = Stored(tool, stream, row["remote_id"], fields, row["entity_id"], deleted)
            records[tool, stream][one.remote_id] = one
        people = {row["id"]: dict(row) for row in store.execute("SELECT * FROM person")}
        refused: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for row in store.execute("SELECT * FROM intent WHERE state = 'rejected'"):
            key = (sources[row["source_id"]][0], row["remote_id"] or row["entity_id"])
            refused[key].update(dict.fromkeys(msgspec.json.decode(row["fields"]) or ("delete",), row["code"]))
        lost = {
            (row["entity_id"], row["field"], str(msgspec.json.decode(row["lost"])))
            for row in store.execute("SELECT entity_id, field, lost FROM conflict")
        }
        counts = {
            kind: store.execute(
                f'SELECT count(*) FROM "{kind}" WHERE deleted_at IS NULL'  # noqa: S608 - the names are here
            ).fetchone()[0]
            for kind in ("person", "company", "deal", "subscription", "invoice", "payment", "refund", "campaign")
        }
    return Held(records, people, refused, lost, counts)


def compare(held: Held, states: Mapping[str, Any], *, settled: bool) -> Verdict:
    """Whether the store, the vendors and the people agree.

    Args:
        held: the store.
        states: what each vendor holds.
        settled: a sync has followed the last writes. Before it, Mailchimp's memberships, which show the members
            once more, do not show yet what the hub itself wrote there.
    """
    verdict = Verdict()
    truth = {tool: reading.live(tool, state) for tool, state in states.items()}
    for tool, streams in truth.items():
        for stream, rows in streams.items():
            if stream == "memberships" and not settled:
                continue
            _stream(verdict, tool, stream, rows, held)
    _people(verdict, truth, held)
    _unique(verdict, states, held)
    return verdict


def _stream(verdict: Verdict, tool: str, stream: str, rows: reading.Rows, held: Held) -> None:
    where = f"{tool} {stream}"
    mine = held.records.get((tool, stream), {})
    for record_id, expected in rows.items():
        stored = mine.get(record_id)
        verdict.expect("vendor records", stored and not stored.deleted, f"{where} {record_id} is not in the store")
        if stored is None or stored.deleted:
            continue
        verdict.expect("links", stored.entity_id, f"{where} {record_id} belongs to no entity")
        for name, value in expected.items():
            have = stored.fields.get(name)
            difference = f"{where} {record_id}: {name} is {have!r} in the store, {value!r} at the vendor"
            verdict.expect("values", _same(have, value), difference)
    for record_id, stored in mine.items():
        if not stored.deleted and record_id not in rows:
            # A tie ends with the records that it ties; HubSpot lists no such tie, and a full read drops it.
            tie = "/" in record_id and any(_is_gone(held, tool, end) for end in record_id.split("/")[:2])
            verdict.expect("store records", tie, f"{where} {record_id} is live in the store, not at the vendor")


def _is_gone(held: Held, tool: str, record_id: str) -> bool:
    kinds = ("contacts", "companies", "deals")
    found = (held.records.get((tool, kind), {}).get(record_id) for kind in kinds)
    return any(one is not None and one.deleted for one in found)


def _same(have: Any, value: Any) -> bool:
    if have == value or (have in (None, []) and value in (None, [])):
        return True
    if isinstance(value, Decimal):
        return have is not None and Decimal(str(have)) == value
    if isinstance(value, str) and isinstance(have, str) and "T" in value and value[:2] == "20":
        return datetime.fromisoformat(have) == datetime.fromisoformat(value)
    return False


def _people(verdict: Verdict, truth: Mapping[str, Mapping[str, reading.Rows]], held: Held) -> None:
    """Every record belongs to one living person, and every tool has what the person has."""
    by_person: dict[str, list[tuple[str, str, reading.Json]]] = defaultdict(list)
    for tool, stream in reading.PEOPLE.items():
        for record_id, values in truth[tool][stream].items():
            stored = held.records.get((tool, stream), {}).get(record_id)
            if stored is None or stored.entity_id is None:
                continue
            known = stored.entity_id in held.people
            verdict.expect("people", known, f"{tool} {record_id} belongs to {stored.entity_id}, which is no person")
            if known:
                by_person[stored.entity_id].append((tool, record_id, values))
    for person_id, records in by_person.items():
        person = held.people[person_id]
        _consent(verdict, person_id, person, records)
        if person["deleted_at"]:
            for tool, record_id, _ in records:
                reason = "cannot delete" if tool == "stripe" else held.refused.get((tool, record_id), {}).get("delete")
                verdict.expect("deletions", reason, f"person {person_id} is deleted, {tool} {record_id} is not")
                verdict.excused[f"{tool}: {reason}"] += bool(reason)
            continue
        if len({tool for tool, _, _ in records}) < 2:
            continue
        for tool, record_id, values in records:
            for name in reading.WRITABLE[tool]:
                _agrees(verdict, held, person, (tool, record_id), (name, values.get(name)))


def _agrees(
    verdict: Verdict, held: Held, person: Mapping[str, Any], record: tuple[str, str], said: tuple[str, Any]
) -> None:
    """One field of one record against its person's."""
    name, value = said
    canonical = person[name]
    if name == "tags":
        canonical = msgspec.json.decode(canonical) if canonical else []
    if _same(canonical, value):
        verdict.checked["agreements"] += 1
        return
    tool, record_id = record
    reason = held.refused.get(record, {}).get(name)
    if reason is None and name == "email_consent" and _STRICT[value] == 0 and _STRICT[canonical] < 3:
        reason = "the tool makes no statement"
    if reason is None and tool == "mailchimp" and name in _ADDRESS and not all(person[n] for n in _ADDRESS[:4]):
        reason = "an address that Mailchimp takes for incomplete"
    difference = f"{tool} {record_id}: {name} is {value!r}, the person {person['id']} has {canonical!r}"
    verdict.expect("agreements", reason, difference)
    verdict.excused[f"{tool}: {reason}"] += bool(reason)


def _consent(
    verdict: Verdict,
    person_id: str,
    person: Mapping[str, Any],
    records: Iterable[tuple[str, str, reading.Json]],
) -> None:
    told = [(tool, i, values["email_consent"]) for tool, i, values in records if "email_consent" in values]
    refused = any(consent == "denied" for _, _, consent in told)
    if refused:
        verdict.expect(
            "consent", person["email_consent"] == "denied", f"person {person_id} refused e-mail, the hub forgot it"
        )
    if person["email_consent"] == "denied" and not person["deleted_at"]:
        for tool, record_id, consent in told:
            difference = f"{tool} {record_id} is {consent}, its person {person_id} has refused e-mail"
            verdict.expect("consent", consent != "granted", difference)


def _unique(verdict: Verdict, states: Mapping[str, Any], held: Held) -> None:
    """Nothing was created twice."""
    contacts = [r for r in states["hubspot"]["contacts"].values() if "properties" in r and not r.get("archived")]
    for name in ("vaiven_id", "email"):
        seen = Counter((r["properties"].get(name) or "").lower() for r in contacts)
        for value, times in seen.items():
            if value:
                verdict.expect("unique", times == 1, f"hubspot has {times} contacts with {name} {value}")
    made: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for row in contacts:
        stored = held.records.get(("hubspot", "contacts"), {}).get(str(row["id"]))
        if stored and stored.entity_id:
            (made if row["properties"].get("vaiven_id") else others)[stored.entity_id] += 1
    for entity_id, times in made.items():
        verdict.expect("unique", times == 1, f"hubspot has {times} contacts made for person {entity_id}")
        verdict.expect("unique", not others[entity_id], f"hubspot got a second contact for person {entity_id}")
    members = [m for m in states["mailchimp"]["members"].values() if not m.get("deleted")]
    for address, times in Counter(m["email_address"].lower() for m in members).items():
        verdict.expect("unique", times == 1, f"mailchimp has {times} members with {address}")


def check_edits(verdict: Verdict, held: Held, states: Mapping[str, Any], edits: Edits) -> None:
    """What became of each thing that people did."""
    contacts, members = states["hubspot"]["contacts"], reading.live("mailchimp", states["mailchimp"])["members"]
    stored = held.records["hubspot", "contacts"]
    for pair in edits.same_field:
        entity_id = stored[pair.contact].entity_id or ""
        now = {
            "hubspot": contacts[pair.contact]["properties"].get("lastname"),
            "mailchimp": members.get(pair.member, {}).get(pair.field),
        }
        for value in (pair.at_hubspot, pair.at_mailchimp):
            current = set(now.values()) == {value}
            kept = current or (entity_id, pair.field, value) in held.lost
            verdict.expect("edits", kept, f"{value!r} of contact {pair.contact} was lost without a trace")
    for pair in edits.different_fields:
        values = contacts[pair.contact]["properties"]
        there = (values.get("jobtitle"), values.get("firstname"), members.get(pair.member, {}).get("given_name"))
        expected = (pair.at_hubspot, pair.at_mailchimp, pair.at_mailchimp)
        verdict.expect("edits", there == expected, f"contact {pair.contact}: {there} instead of {expected}")
    for record_id in edits.archived:
        person = held.people.get(stored[record_id].entity_id or "", {})
        verdict.expect("edits", person.get("deleted_at"), f"contact {record_id} was archived, its person lives on")
        verdict.expect("edits", contacts[record_id].get("archived"), f"contact {record_id} came back")
    for record_id in edits.archived_members:
        one = held.records["mailchimp", "members"][record_id]
        person = held.people.get(one.entity_id or "", {})
        verdict.expect(
            "edits", not person.get("deleted_at"), f"member {record_id} was archived, and its person with it"
        )
        verdict.expect("edits", record_id not in members, f"member {record_id} came back")
    for record_id in edits.unsubscribed:
        consent = members.get(record_id, {}).get("email_consent")
        verdict.expect("edits", consent == "denied", f"member {record_id} left and is {consent} now")
    for record_id in edits.opted_out:
        out = contacts[record_id]["properties"].get("hs_email_optout")
        verdict.expect("edits", out == "true", f"contact {record_id} opted out and is back")
        person = held.people.get(stored[record_id].entity_id or "", {})
        verdict.expect(
            "edits", person.get("email_consent") == "denied", f"contact {record_id}: the hub forgot its refusal"
        )
    addresses = {r["properties"].get("email") for r in contacts.values() if "properties" in r and not r.get("archived")}
    for customer, address in edits.new_addresses.items():
        verdict.expect("edits", address in addresses, f"customer {customer} moved to {address}, HubSpot does not know")
    for address in edits.signed_up:
        verdict.expect("edits", address in addresses, f"{address} signed up at Mailchimp, HubSpot does not know")
    names = held.records["hubspot", "companies"]
    for record_id, name in edits.renamed.items():
        have = names[record_id].fields.get("name")
        verdict.expect("edits", have == name, f"company {record_id} is {have!r}, renamed to {name!r}")


def check_kept(verdict: Verdict, held: Held, before: Mapping[str, Any]) -> None:
    """Whether each value that a tool had before the first sync is its person's now, or is kept as what lost."""
    for tool, stream in reading.PEOPLE.items():
        for record_id, values in reading.live(tool, before[tool])[stream].items():
            stored = held.records[tool, stream].get(record_id)
            person = held.people.get((stored.entity_id if stored else None) or "", {})
            for name in ("email", "phone", "given_name", "family_name", "full_name", "job_title", *_ADDRESS):
                value = values.get(name)
                if value is not None:
                    kept = person.get(name) == value or (person.get("id"), name, value) in held.lost
                    verdict.expect(
                        "kept values", kept, f"{tool} {record_id}: {name} {value!r} was lost without a trace"
                    )


def pairwise(held: Held, truth: Mapping[tuple[str, str], int]) -> tuple[float, float]:
    """Precision and recall of the resolution over all pairs of people's records whose human is known."""
    by_entity: Counter[str] = Counter()
    by_human: Counter[int] = Counter()
    both: Counter[tuple[str, int]] = Counter()
    for tool, stream in reading.PEOPLE.items():
        for record_id, stored in held.records.get((tool, stream), {}).items():
            human = truth.get((tool, record_id))
            if human is not None and stored.entity_id:
                by_entity[stored.entity_id] += 1
                by_human[human] += 1
                both[stored.entity_id, human] += 1
    right, said, true = (sum(n * (n - 1) // 2 for n in some.values()) for some in (both, by_entity, by_human))
    return (right / said if said else 1.0, right / true if true else 1.0)
