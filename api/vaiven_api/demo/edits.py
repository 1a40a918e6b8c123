"""What people do in the tools while the hub is not looking: on both sides at once, against and past each other."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaiven_api.demo.people import HUBSPOT, MAILCHIMP, STRIPE, Human

if TYPE_CHECKING:
    from vaiven_api.demo.company import Company
    from vaiven_api.demo.world import World


@dataclass(frozen=True, slots=True)
class Pair:
    """One human's two records and what was typed into each.

    Args:
        field: unified name of the field edited on both sides; empty where two different ones were.
    """

    contact: str
    member: str
    field: str
    at_hubspot: str
    at_mailchimp: str


@dataclass(slots=True)
class Edits:
    """All that was done; ids are the vendors' own."""

    same_field: list[Pair] = field(default_factory=list)
    different_fields: list[Pair] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    archived_members: list[str] = field(default_factory=list)
    unsubscribed: list[str] = field(default_factory=list)
    opted_out: list[str] = field(default_factory=list)
    new_addresses: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    signed_up: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many there are."""
        sizes = (self.archived, self.unsubscribed, self.opted_out, self.new_addresses, self.renamed, self.signed_up)
        pairs = len(self.same_field) + len(self.different_fields)
        return 2 * pairs + len(self.archived_members) + sum(len(some) for some in sizes)


@dataclass(slots=True)
class _Hands:
    """The people at the keyboards."""

    company: Company
    world: World
    rng: random.Random
    used: set[int]
    records: dict[str, dict[int, str]]
    addresses: dict[str, str]
    edits: Edits = field(default_factory=Edits)

    def take(self, count: int, *tools: str, apart: bool = False) -> list[Human]:
        """Humans known to all these tools, each taken once; `apart` leaves out those with a second address."""
        fit = [
            human
            for human in self.company.humans
            if human.number not in self.used
            and set(tools) <= set(human.tools)
            and not (apart and human.other_email)
            and all(human.number in self.records[tool] for tool in tools)
        ]
        taken = self.rng.sample(fit, k=min(count, len(fit)))
        self.used.update(human.number for human in taken)
        return taken


def edit(company: Company, world: World, seed: int) -> Edits:
    """Edit some two per cent of the people, in every way at once."""
    hands = _hands(company, world, seed)
    many = max(3, len(company.humans) // 250)
    _same_field(hands, many)
    _different_fields(hands, many)
    _deletions(hands, max(2, many // 2))
    _consent(hands, max(2, many // 2))
    _addresses(hands, max(2, many // 3))
    _others(hands, max(2, many // 4))
    return hands.edits


def _hands(company: Company, world: World, seed: int) -> _Hands:
    members = world.vendors[MAILCHIMP].state()["members"].values()
    subscribed = {m["contact_id"]: m["email_address"] for m in members if m.get("status") == "subscribed"}
    count = Counter((tool, human) for (tool, _), human in world.truth.items())
    records: dict[str, dict[int, str]] = {HUBSPOT: {}, MAILCHIMP: {}, STRIPE: {}}
    for (tool, record_id), human in world.truth.items():
        if count[tool, human] == 1 and (tool != MAILCHIMP or record_id in subscribed):
            records[tool][human] = record_id
    opted_out = {company.contacts_of[position] for position in company.opted_out}
    rng = random.Random(seed + 1)  # noqa: S311 - test data, not secrets
    return _Hands(company, world, rng, opted_out, records, subscribed)


def _same_field(hands: _Hands, many: int) -> None:
    hubspot, mailchimp = hands.world.vendors[HUBSPOT], hands.world.vendors[MAILCHIMP]
    for number, human in enumerate(hands.take(many, HUBSPOT, MAILCHIMP, apart=True)):
        contact, member = hands.records[HUBSPOT][human.number], hands.records[MAILCHIMP][human.number]
        ours, theirs = f"{human.family}-Nord", f"{human.family}-Sur"

        def at_hubspot(contact: str = contact, name: str = ours) -> None:
            hubspot.call("edit_record", object_type="contacts", record_id=contact, properties={"lastname": name})

        def at_mailchimp(member: str = member, name: str = theirs) -> None:
            changes = {"merge_fields": {"LNAME": name}}
            mailchimp.call("edit", email=hands.addresses[member], changes=changes)

        for act in (at_hubspot, at_mailchimp) if number % 2 else (at_mailchimp, at_hubspot):
            act()
        hands.edits.same_field.append(Pair(contact, member, "family_name", ours, theirs))


def _different_fields(hands: _Hands, many: int) -> None:
    hubspot, mailchimp = hands.world.vendors[HUBSPOT], hands.world.vendors[MAILCHIMP]
    for human in hands.take(many, HUBSPOT, MAILCHIMP, apart=True):
        contact, member = hands.records[HUBSPOT][human.number], hands.records[MAILCHIMP][human.number]
        title, name = "Managing Director", f"{human.given} Maria"
        hubspot.call("edit_record", object_type="contacts", record_id=contact, properties={"jobtitle": title})
        changes = {"merge_fields": {"FNAME": name}}
        mailchimp.call("edit", email=hands.addresses[member], changes=changes)
        hands.edits.different_fields.append(Pair(contact, member, "", title, name))


def _deletions(hands: _Hands, many: int) -> None:
    gone = [hands.records[HUBSPOT][h.number] for h in hands.take(many, HUBSPOT, MAILCHIMP, apart=True)]
    hands.world.vendors[HUBSPOT].call("archive_records", object_type="contacts", record_ids=gone)
    hands.edits.archived = gone
    for human in hands.take(max(1, many // 2), HUBSPOT, MAILCHIMP, apart=True):
        member = hands.records[MAILCHIMP][human.number]
        hands.world.vendors[MAILCHIMP].call("archive", email=hands.addresses[member])
        hands.edits.archived_members.append(member)


def _consent(hands: _Hands, many: int) -> None:
    for human in hands.take(many, HUBSPOT, MAILCHIMP, apart=True):
        member = hands.records[MAILCHIMP][human.number]
        hands.world.vendors[MAILCHIMP].call("unsubscribe", email=hands.addresses[member])
        hands.edits.unsubscribed.append(member)
    for human in hands.take(many, HUBSPOT, MAILCHIMP, apart=True):
        contact = hands.records[HUBSPOT][human.number]
        hands.world.vendors[HUBSPOT].call("unsubscribe", contact_id=contact)
        hands.edits.opted_out.append(contact)


def _addresses(hands: _Hands, many: int) -> None:
    for human in hands.take(many, HUBSPOT, STRIPE, apart=True):
        customer = hands.records[STRIPE][human.number]
        address = f"new.{human.number}@moved.example.com"
        hands.world.vendors[STRIPE].call("edit_customer", customer=customer, email=address)
        hands.edits.new_addresses[customer] = address


def _others(hands: _Hands, many: int) -> None:
    for position in hands.rng.sample(range(len(hands.world.companies)), k=min(many, len(hands.world.companies))):
        company, name = hands.world.companies[position], f"{hands.company.firms[position].name} Group"
        hands.world.vendors[HUBSPOT].call(
            "edit_record", object_type="companies", record_id=company, properties={"name": name}
        )
        hands.edits.renamed[company] = name
    for number in range(many):
        address = f"visitor{number}@fair.example.com"
        merge = {"FNAME": "Nia", "LNAME": f"Visitor{number}"}
        hands.world.vendors[MAILCHIMP].call("sign_up", email=address, merge_fields=merge)
        hands.edits.signed_up.append(address)
