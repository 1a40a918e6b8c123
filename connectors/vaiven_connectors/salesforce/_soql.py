"""How records are read: SOQL by (SystemModstamp, Id), with those of the wanted fields that the user may see."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from vaiven_connectors.salesforce._settings import V
from vaiven_sdk import AnswerMalformed, Fetched, NotFound, PermissionMissing, Read, Session, Window

SIZE = 2000
"""Records asked for at once: what a page holds at most; it may hold fewer (REST API guide, "Query", 2026-11-25)."""
LONGEST = 12_000
"""Characters of field names in one address: address and headers together may have 16,384 bytes
(app limits cheat sheet, by github.com/dufoli/Salesforce-Inspector-Advanced/issues/36, read 2026-11-25)."""
CURRENCY = "CurrencyIsoCode"
"""There where an organization has several currencies (Object Reference, CampaignMember, read 2026-11-25)."""


T = TypeVar("T")


class _Answer(msgspec.Struct):
    records: list[msgspec.Raw]
    done: bool


class _Mark(msgspec.Struct):
    Id: str
    SystemModstamp: str


class _Field(msgspec.Struct):
    name: str


class _Described(msgspec.Struct):
    fields: list[_Field]


@dataclass(frozen=True, slots=True)
class Soql(Read):
    """The records of an object, those that were changed longest ago first.

    Records of one transaction have one SystemModstamp, and more of them than fit into a page share it: so each page
    goes on above the last record's stamp and id together, and no cursor of Salesforce's is needed that expires.

    Args:
        sobject: the object's name.
        names: fields to read when the window does not say.
        deleted: those in the Recycle Bin, merge losers among them, and no others.
        archived: with those that Salesforce puts away after a year (tasks).
        where: a further condition.
    """

    sobject: str
    names: tuple[str, ...]
    deleted: bool = False
    archived: bool = False
    where: str = ""

    @property
    def size(self) -> int:
        """Records of a page."""
        return SIZE

    def templates(self) -> Iterable[str]:
        """It has none."""
        return ()

    async def pages(
        self, send: Any, window: Window, *, state: Any = None, key: tuple[str, ...] = ("Id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The pages; the state is stamp and id of the last record."""
        fields = await readable(send, self.sobject, window.fields or self.names)
        path = f"{V}/queryAll" if self.deleted or self.archived else f"{V}/query"
        narrow = len(",".join(fields)) > LONGEST
        while True:
            asked = self.text(("Id", "SystemModstamp") if narrow else fields, window, state)
            answer = await send("GET", path, params={"q": asked}, safe=True)
            found = decoded(answer.content, _Answer)
            state = None if found.done and len(found.records) < SIZE else _last(found.records)
            items: Sequence[msgspec.Raw | bytes] = found.records
            if narrow:
                ids = [decoded(bytes(item), _Mark).Id for item in found.records]
                items = [msgspec.json.encode(r) for r in await by_id(send, self.sobject, fields, ids)]
            yield Fetched(valued(items, fields, window), state, answer.headers, (), clock(answer.headers))
            if state is None:
                return

    def text(self, fields: Sequence[str], window: Window, at: Mapping[str, str] | None) -> str:
        """The query of one page."""
        conditions = [self.where] if self.where else []
        if self.deleted or self.archived:
            conditions.append(f"IsDeleted = {str(self.deleted).lower()}")
        if at:
            stamp = instant(at["at"])
            conditions.append(f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{at['id']}'))")
        elif window.since:
            conditions.append(f"SystemModstamp >= {instant(window.since)}")
        return f"{self.selected(fields, conditions)} ORDER BY SystemModstamp, Id LIMIT {SIZE}"

    def selected(self, fields: Sequence[str], conditions: Sequence[str]) -> str:
        """The query without order and limit."""
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {', '.join(fields)} FROM {self.sobject}{where}"  # noqa: S608 - nothing here is anybody's text


async def describe(send: Any, sobject: str) -> Any:
    """An object with all its fields that the user may see: sObject Describe of the REST API guide, 2026-11-25.

    Raises:
        PermissionMissing: the user may not see the object, or the edition has none.
    """
    try:
        return await send("GET", f"{V}/sobjects/{sobject}/describe", safe=True)
    except NotFound as problem:
        raise PermissionMissing(
            f"Salesforce does not show the connected user the object {sobject}.",
            why=problem.why,
            remedy=f"Give the user access to {sobject} by a permission set, or leave its streams out; then sync again.",
        ) from None


async def readable(send: Any, sobject: str, wanted: Iterable[str]) -> list[str]:
    """Those of the fields that are there: one that is not would make the whole query fail."""
    answer = await describe(send, sobject)
    there = {field.name for field in decoded(answer.content, _Described).fields}
    return sorted({"Id", "SystemModstamp", *wanted} & (there | {"Id", "SystemModstamp"}))


async def by_id(send: Any, sobject: str, fields: Sequence[str], ids: Sequence[str]) -> list[dict[str, Any]]:
    """The records that exist, up to 2,000; null stands for the others.

    Source: REST API guide, "Get Records With a Request Body Using sObject Collections", read 2026-11-25.
    """
    if not ids:
        return []
    body = {"ids": list(dict.fromkeys(ids)), "fields": list(fields)}
    answer = await send("POST", f"{V}/composite/sobjects/{sobject}", json=body, safe=True)
    return [row for row in answer.json() if row is not None]


async def found(
    hub: Session[Any], sobject: str, wanted: Iterable[str], ids: Sequence[str], condition: str = ""
) -> list[Mapping[str, Any]]:
    """Records by id, and those that a condition chooses, as `Soql` would read them."""
    send = hub.request
    fields = await readable(send, sobject, wanted)
    rows = await by_id(send, sobject, fields, ids)
    if condition:
        text = Soql(sobject, ()).selected(fields, [condition])
        rows += (await hub.get(f"{V}/query", q=text))["records"]
    given = valued([msgspec.json.encode(row) for row in rows], fields, Window(hub.config))
    return [msgspec.json.decode(item) for item in given]


def valued(
    items: Sequence[msgspec.Raw | bytes], fields: Sequence[str], window: Window
) -> Sequence[msgspec.Raw | bytes]:
    """The records with the organization's one currency, where it has no other."""
    currency = getattr(window.config, "currency", "")
    if not currency or CURRENCY in fields:
        return items
    return [msgspec.json.encode({**msgspec.json.decode(item), CURRENCY: currency}) for item in items]


def decoded(content: bytes, kind: type[T]) -> T:
    """An answer's body.

    Raises:
        AnswerMalformed: it is another thing.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise AnswerMalformed("Salesforce's answer is not what its API promises.", why=str(problem)[:200]) from None


def clock(headers: Mapping[str, str]) -> str | None:
    """The vendor's clock by the Date header."""
    try:
        at = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000000Z"


def instant(text: str) -> str:
    """An instant as a SOQL literal: to the millisecond, in UTC, without quotes."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def quoted(text: str) -> str:
    """A text as a SOQL literal (SOQL guide, "Quoted String Escape Sequences", 2026-11-25)."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _last(records: Sequence[msgspec.Raw]) -> dict[str, str]:
    if not records:
        # To stop here would pass for the end.
        raise AnswerMalformed("Salesforce says that there is more, and gives no record to go on from.")
    mark = decoded(bytes(records[-1]), _Mark)
    return {"at": mark.SystemModstamp, "id": mark.Id}
