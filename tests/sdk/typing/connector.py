"""A connector as a partner writes one; a line that must not pass says with which code of mypy's it fails."""

from collections.abc import AsyncIterator, Sequence

from vaiven_sdk import (
    Account,
    Batch,
    Bearer,
    Config,
    Connector,
    Outcome,
    Page,
    Record,
    Session,
    Window,
    Write,
    get,
    wire,
)
from vaiven_sdk.model import Company, Person


class Settings(Config):
    """What Acme asks for."""

    list_id: str


class Contact(Record[Person], key="id"):
    """Somebody."""

    id: str = wire()
    email: str | None = wire("properties.email", to="email")


class Firm(Record[Company], key="id"):
    """A company."""

    id: str = wire()


acme = Connector("acme", Settings, name="Acme", category="crm", base_url="https://acme.example", auth=[Bearer()])
contacts = acme.stream(Contact, get("/contacts", page=Page.keyset(size=10)))
firms = acme.stream(Firm)


@acme.account
async def account(hub: Session[Settings]) -> Account:
    """Read a setting that there is."""
    await hub.get(f"/lists/{hub.config.list_id}")
    return Account(hub.config.list_id)


@acme.prepare
async def prepare(hub: Session[Settings]) -> None:
    """Read a setting that there is not."""
    await hub.get(hub.config.lists_id)  # error: attr-defined


@contacts.update(batch=10)
async def update(hub: Session[Settings], writes: Sequence[Write[Contact]]) -> list[Outcome]:
    """Write the records of this stream."""
    return [write.saved(write.record.id) for write in writes if write.record.email]


@firms.update()  # error: arg-type
async def update_firm(hub: Session[Settings], writes: Sequence[Write[Contact]]) -> list[Outcome]:
    """Write another stream's records."""
    return []


@contacts.create()
async def create(hub: Session[Settings], writes: Sequence[Write[Contact]]) -> list[Outcome]:
    """Read a field that the record does not have."""
    return [write.saved(write.record.mail) for write in writes]  # error: attr-defined


@contacts.delete()  # error: arg-type
async def delete(hub: Session[Settings], writes: Sequence[Write[Contact]]) -> None:
    """Forget the outcomes."""


class Others(Config):
    """Another connector's settings."""


@contacts.upsert()  # error: arg-type
async def upsert(hub: Session[Others], writes: Sequence[Write[Contact]]) -> list[Outcome]:
    """Take another connector's session."""
    return []


@contacts.reader("changes")
async def changes(hub: Session[Settings], window: Window, state: object) -> AsyncIterator[Batch]:
    """Give a batch with a field that it does not have."""
    yield Batch(items=[{"id": "1"}])
    yield Batch(records=[])  # error: call-arg


Outcome("h", "saved")  # error: arg-type
get("/x", page=10)  # error: arg-type
Record[str]  # error: type-var
Connector("acme", Settings, name="Acme", base_url="https://acme.example", auth=[])  # error: call-arg
