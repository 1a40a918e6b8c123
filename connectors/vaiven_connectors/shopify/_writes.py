"""Writing customers: one document for each, in which every mutation has its own userErrors.

Sources, read 2026-11-25: the schema, admin_2026-10; shopify.dev/docs/api/admin-graphql/latest/mutations for
customerCreate, customerUpdate, tagsAdd, customerEmailMarketingConsentUpdate (only SUBSCRIBED, UNSUBSCRIBED and PENDING
are taken), customerDelete and customerRequestDataErasure; .../build/metafields/working-with-custom-ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

from vaiven_sdk import Outcome, RequestRefused, Session, Write

from ._account import Settings
from ._customers import CONFIRMED, HUB_ID, NAMESPACE, TYPES, Customer
from ._graphql import PATH, is_meta, refusals, refused, selection, unmeta

Hub = Session[Settings]
One = Callable[[Hub, Write[Customer]], Awaitable[Outcome]]

PLAIN = {"firstName", "lastName", "note", "locale"}
"""Fields of the record that are called the same in CustomerInput."""
_ERRORS = "userErrors { field message }"


class Parts:
    """What is to be done to one customer, and the document that does it."""

    def __init__(self) -> None:
        self.declared: list[str] = []
        self.steps: list[str] = []
        self.variables: dict[str, Any] = {}

    def add(self, name: str, mutation: str, gives: str, **variables: tuple[str, Any]) -> None:
        """One more mutation; Shopify carries them out in turn."""
        for variable, (kind, value) in variables.items():
            self.declared.append(f"${variable}: {kind}")
            self.variables[variable] = value
        self.steps.append(f"{name}: {mutation} {{ {gives} {_ERRORS} }}")

    @property
    def query(self) -> str:
        """The document."""
        return f"mutation save({', '.join(dict.fromkeys(self.declared))}) {{ {' '.join(self.steps)} }}"


def _input(patch: Mapping[str, Any]) -> dict[str, Any]:
    """What customerCreate and customerUpdate take; an empty text clears."""
    given = {name: "" if value is None else value for name, value in patch.items() if name in PLAIN}
    for parent, leaf, name in (
        ("defaultEmailAddress", "emailAddress", "email"),
        ("defaultPhoneNumber", "phoneNumber", "phone"),
    ):
        if leaf in patch.get(parent, {}):
            given[name] = patch[parent][leaf] or ""
    if not given.get("locale", "x"):
        del given["locale"]  # A customer always has one.
    return given


def _metafields(patch: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those to set, and those to take away."""
    kept: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    for alias, held in patch.items():
        if not is_meta(alias):
            continue
        namespace, key = unmeta(alias)
        about: dict[str, Any] = {"namespace": namespace, "key": key}
        value = held.get("value")
        if value is None or value == "":
            gone.append(about)
            continue
        # One that is defined has the type of its definition.
        kind = {"type": TYPES[key]} if namespace == NAMESPACE else {}
        kept.append({**about, **kind, "value": str(value)})
    return kept, gone


def _consents(patch: Mapping[str, Any]) -> tuple[str | None, str | None]:
    email = patch.get("defaultEmailAddress", {}).get("marketingState")
    return email, patch.get("defaultPhoneNumber", {}).get("smsMarketingConsent", {}).get("state")


def _consent(write: Write[Customer], channel: str, state: str) -> dict[str, Any]:
    """A decision as Shopify keeps it, with when the person made it where that is proven.

    Shopify goes by the record with the latest `consentUpdatedAt` (type CustomerEmailMarketingConsentState), so an
    instant that is older than the one in place would change nothing: it is left out, and Shopify takes its own. A
    confirmation is claimed with its instant alone: dated later it would pass for a later act of the person.
    """
    if state != "SUBSCRIBED":
        return {"marketingState": state}
    known, before = write.proofs.get(f"{channel}_consent"), write.before
    held = getattr(before, f"{channel}_decided_at") if before else None
    made: dict[str, Any] = {"marketingState": state, "marketingOptInLevel": "SINGLE_OPT_IN"}
    if known and (held is None or held < known.at.replace(microsecond=0)):
        made["consentUpdatedAt"] = known.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if known.via == "double opt-in":
            made["marketingOptInLevel"] = CONFIRMED
    return made


def shown(write: Write[Customer]) -> str:
    """Everything that the record reads."""
    return selection(type(write.record).paths())


def _creating(write: Write[Customer]) -> Parts:
    patch, parts = write.patch, Parts()
    given = _input(patch)
    kept, _ = _metafields({**patch, HUB_ID: {"value": write.hub_id}})
    email, sms = _consents(patch)
    if patch.get("tags"):
        given["tags"] = patch["tags"]
    if email and given.get("email"):
        given["emailMarketingConsent"] = _consent(write, "email", email)
    if sms and given.get("phone"):
        given["smsMarketingConsent"] = _consent(write, "sms", sms)
    given["metafields"] = kept
    customer = f"customer {{ {shown(write)} }}"
    parts.add("saved", "customerCreate(input: $input)", customer, input=("CustomerInput!", given))
    return parts


def _changing(write: Write[Customer]) -> Parts:
    """Who and what first, then tags, then what is allowed: an address must be there before its consent."""
    patch, parts = write.patch, Parts()
    customer, own = f"customer {{ {shown(write)} }}", ("ID!", write.id)
    given = _input(patch)
    kept, gone = _metafields(patch)
    if kept:
        given["metafields"] = kept
    if given:
        change = ("CustomerInput!", {"id": write.id, **given})
        parts.add("saved", "customerUpdate(input: $input)", customer, input=change)
    if gone:
        which = [{"ownerId": write.id, **one} for one in gone]
        parts.add(
            "emptied",
            "metafieldsDelete(metafields: $emptied)",
            "deletedMetafields { key }",
            emptied=("[MetafieldIdentifierInput!]!", which),
        )
    if "tags" in patch:
        wanted, before = set(patch["tags"] or ()), set((write.before.tags if write.before else None) or ())
        node = f"node {{ ... on Customer {{ {shown(write)} }} }}"
        for verb, tags in (("Add", sorted(wanted - before)), ("Remove", sorted(before - wanted))):
            if tags:
                name = f"tags{verb}"
                mutation = f"{name}(id: $id, tags: ${name})"
                parts.add(name, mutation, node, id=own, **{name: ("[String!]!", tags)})
    for channel, state in zip(("email", "sms"), _consents(patch), strict=True):
        if state:
            kind = f"Customer{channel.title()}MarketingConsentUpdateInput!"
            about = {"customerId": write.id, f"{channel}MarketingConsent": _consent(write, channel, state)}
            name = f"customer{channel.title()}MarketingConsentUpdate"
            parts.add(channel, f"{name}(input: ${channel})", customer, **{channel: (kind, about)})
    return parts


async def _told(hub: Hub, write: Write[Customer], parts: Parts, *, safe: bool) -> Outcome:
    """Send one document; its last customer is how Shopify keeps it now."""
    try:
        data = await hub.graphql(parts.query, parts.variables, path=PATH, safe=safe)
    except RequestRefused as problem:
        return write.rejected(*refused(problem))
    stored: Mapping[str, Any] | None = None
    for payload in data.values():
        for code, sentence in refusals(payload):
            return write.rejected(code, sentence)
        stored = (payload or {}).get("customer") or (payload or {}).get("node") or stored
    if "emptied" in data and list(data)[-1] == "emptied":
        stored = None
    if write.id is None and stored is None:
        return write.rejected("no_customer", "Shopify answered without a customer and without a reason.")
    return write.saved(str(stored["id"]) if stored else str(write.id), stored)


async def _each(hub: Hub, writes: Sequence[Write[Customer]], one: One) -> list[Outcome]:
    """All of them at once, under the limits; all are waited for, so that none is still under way when one fails."""
    done = await asyncio.gather(*(one(hub, write) for write in writes), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in done if isinstance(outcome, Outcome)]


async def create(hub: Hub, writes: Sequence[Write[Customer]]) -> list[Outcome]:
    """Create them one by one; the metafield with the hub's id is unique, and so is the address."""
    return await _each(hub, writes, _created)


async def _created(hub: Hub, write: Write[Customer]) -> Outcome:
    return await _told(hub, write, _creating(write), safe=False)


async def update(hub: Hub, writes: Sequence[Write[Customer]]) -> list[Outcome]:
    """Change just what changed; each mutation may be repeated without harm."""
    return await _each(hub, writes, _updated)


async def _updated(hub: Hub, write: Write[Customer]) -> Outcome:
    parts = _changing(write)
    # A consent that Shopify has no word for is all that may be left out.
    return await _told(hub, write, parts, safe=True) if parts.steps else write.saved(str(write.id))


async def find(hub: Hub, writes: Sequence[Write[Customer]]) -> list[dict[str, Any]]:
    """By id; one that is to be created by the hub's id or by its address."""
    if not writes:
        return []
    declared: list[str] = []
    asked: list[str] = []
    variables: dict[str, Any] = {}
    inner = shown(writes[0])
    ids = [write.id for write in writes if write.id]
    if ids:
        declared.append("$ids: [ID!]!")
        asked.append(f"nodes(ids: $ids) {{ ... on Customer {{ {inner} }} }}")
        variables["ids"] = ids
    for number, write in enumerate(write for write in writes if not write.id):
        by: list[tuple[str, dict[str, Any]]] = [
            ("own", {"customId": {"namespace": NAMESPACE, "key": "id", "value": write.hub_id}})
        ]
        if write.record.email:
            by.append(("mail", {"emailAddress": write.record.email}))
        for name, identifier in by:
            alias = f"{name}{number}"
            declared.append(f"${alias}: CustomerIdentifierInput!")
            asked.append(f"{alias}: customerByIdentifier(identifier: ${alias}) {{ {inner} }}")
            variables[alias] = identifier
    query = f"query find({', '.join(declared)}) {{ {' '.join(asked)} }}"
    data = await hub.graphql(query, variables, path=PATH)
    found = [*data.pop("nodes", ()), *data.values()]
    # A node of another type has none of the fields.
    return list({one["id"]: one for one in found if one and "id" in one}.values())


_DELETE = (
    "mutation delete($input: CustomerDeleteInput!) {"
    f" customerDelete(input: $input) {{ deletedCustomerId {_ERRORS} }} }}"
)
_ERASE = (
    "mutation erase($id: ID!) {"
    " customerRequestDataErasure(customerId: $id) { customerId userErrors { code field message } } }"
)
_MAY = "query may($id: ID!) { customer(id: $id) { id canDelete } }"


async def delete(hub: Hub, writes: Sequence[Write[Customer]]) -> list[Outcome]:
    """Delete customers; Shopify keeps whoever has ordered."""
    return await _each(hub, writes, _deleted)


async def _deleted(hub: Hub, write: Write[Customer]) -> Outcome:
    data = await hub.graphql(_DELETE, {"input": {"id": write.id}}, path=PATH, safe=True)
    for code, sentence in refusals(data.get("customerDelete")):
        return write.deleted() if code == "not_found" else write.rejected(code, sentence)
    return write.deleted()


async def erase(hub: Hub, writes: Sequence[Write[Customer]]) -> list[Outcome]:
    """Delete whoever has not ordered; of the others Shopify is asked to erase what is personal."""
    return await _each(hub, writes, _erased)


async def _erased(hub: Hub, write: Write[Customer]) -> Outcome:
    found = (await hub.graphql(_MAY, {"id": write.id}, path=PATH)).get("customer")
    if not found:
        return write.deleted()
    if found["canDelete"]:
        return await _deleted(hub, write)
    data = await hub.graphql(_ERASE, {"id": write.id}, path=PATH, safe=True)
    no = next(iter(refusals(data.get("customerRequestDataErasure"))), None)
    return write.rejected(*no) if no else write.deleted()
