"""Acme Letters: the readers of a newsletter both ways, and the shops that sell it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from pydantic import AwareDatetime, Field

from vaiven_sdk import (
    Account,
    Batch,
    Bearer,
    Config,
    Connector,
    CreateKey,
    Deletes,
    Delivery,
    Hint,
    Outcome,
    Page,
    Record,
    Scope,
    Session,
    Window,
    Write,
    get,
    wire,
)
from vaiven_sdk.model import Company, Person
from vaiven_sdk.webhooks import signatures


class Settings(Config):
    """Where the account lives."""

    region: str = Field(
        pattern="^[a-z]{2}[0-9]$", title="Region", description="The part of the address before .acme", examples=["eu1"]
    )


acme = Connector(
    "acme",
    Settings,
    name="Acme Letters",
    category="email",
    base_url="https://{config.region}.acme.example/v1",
    auth=[Bearer()],
    hosts=["files.acme.example"],
    docs="https://acme.example/docs",
)
PAGE = Page.cursor("after", at="next", size_param="limit")


class Reader(Record[Person], key="id", cursor="updated_at"):
    """Somebody on the mailing list."""

    id: str = wire(read_only=True)
    email: str | None = wire(to="email")
    first_name: str | None = wire(to="given_name")
    last_name: str | None = wire(to="family_name")
    status: str | None = wire(to="email_consent", values={"active": "granted", "left": "denied"})
    updated_at: AwareDatetime = wire(read_only=True)


class Shop(Record[Company], key="id", cursor="updated_at"):
    """A place where the letters are sold."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name", read_only=True)
    updated_at: AwareDatetime = wire(read_only=True)


readers = acme.stream(
    Reader,
    get("/readers", items="readers", page=PAGE),
    changes=get("/readers", items="readers", page=PAGE, updated_since="{since}"),
    gone=get("/readers", items="readers", page=PAGE, deleted=True),
    create_key=CreateKey.NATURAL,
    scopes=[Scope("readers", "read and write your readers")],
)
shops = acme.stream(Shop, deletes=Deletes.EVENTS)


async def walk(hub: Session[Settings], since: str, state: Any) -> AsyncIterator[Batch]:
    """Shops in the order of their changes; those that are closed are marked."""
    at, after = state or (since, "")
    more = True
    while more:
        answer = await hub.get("/shops", updated_since=at, after=after, limit=100)
        rows, more = answer["shops"], answer["more"]
        if rows:
            at, after = rows[-1]["updated_at"], rows[-1]["id"]
        live = [row for row in rows if not row["deleted"]]
        gone = [row["id"] for row in rows if row["deleted"]]
        yield Batch(live, gone, state=[at, after] if more else None, since=None if more else at)


@shops.reader("full")
async def all_shops(hub: Session[Settings], window: Window, state: Any) -> AsyncIterator[Batch]:
    """Every shop."""
    async for batch in walk(hub, "", state):
        yield batch


@shops.reader("changes")
async def changed_shops(hub: Session[Settings], window: Window, state: Any) -> AsyncIterator[Batch]:
    """Those changed since."""
    async for batch in walk(hub, window.since or "", state):
        yield batch


@acme.account
async def account(hub: Session[Settings]) -> Account:
    """Whose token it is."""
    me = await hub.get("/me")
    return Account(me["id"], me["name"])


@acme.webhook(signatures.standard())
def hear(delivery: Delivery) -> Iterable[Hint]:
    """What to read again."""
    told = delivery.json()
    return [Hint(told["stream"], (told["id"],))]


@readers.upsert(batch=100, needs=["email"], consent="email_consent")
async def save(hub: Session[Settings], writes: Sequence[Write[Reader]]) -> list[Outcome]:
    """An answer names each row by what we called it."""
    rows = [{**w.patch, **({"id": w.id} if w.id else {}), "ref": w.hub_id} for w in writes]
    answer = await hub.post("/readers/batch", {"readers": rows}, safe=True)
    results = {row["ref"]: row for row in answer["results"]}
    pairs = [(w, results[w.hub_id]) for w in writes]
    return [w.rejected(r["error"], r["message"]) if "error" in r else w.saved(r["id"], r) for w, r in pairs]


@readers.find()
async def find(hub: Session[Settings], writes: Sequence[Write[Reader]]) -> list[dict[str, Any]]:
    """By id, or by address."""
    answer = await hub.get("/readers", only=",".join(w.id or w.record.email or "" for w in writes))
    return list(answer["readers"])


@readers.delete()
async def remove(hub: Session[Settings], writes: Sequence[Write[Reader]]) -> list[Outcome]:
    """One by one."""
    for write in writes:
        await hub.delete(f"/readers/{write.id}", safe=True)
    return [write.deleted() for write in writes]


@readers.erase()
async def forget(hub: Session[Settings], writes: Sequence[Write[Reader]]) -> list[Outcome]:
    """For good."""
    for write in writes:
        await hub.post(f"/readers/{write.id}/erase", {}, safe=True)
    return [write.deleted() for write in writes]
