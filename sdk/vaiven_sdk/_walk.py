"""Walk the pages of one declared read."""

from __future__ import annotations

import dataclasses
import functools
import json as stdlib_json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk._salvage import cut
from vaiven_sdk.config import fill
from vaiven_sdk.errors import AnswerMalformed, ConfigInvalid, CursorLoop
from vaiven_sdk.paging import Seen

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from vaiven_sdk.http import Answer
    from vaiven_sdk.read import Read, Window


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page as it came.

    Args:
        items: each record's JSON, not yet decoded.
        state: where the next page begins; None after the last.
        headers: the answer's headers.
        bad: records that are not valid JSON on their own, each with the reason.
    """

    items: Sequence[bytes | msgspec.Raw]
    state: Any
    headers: Mapping[str, str]
    bad: Sequence[tuple[str, str]] = ()


async def walk(
    send: Callable[..., Awaitable[Answer]], read: Read, window: Window, *, state: Any, key: tuple[str, ...]
) -> AsyncGenerator[Fetched, None]:
    """Give the pages of `read` one after the other, beginning at `state`.

    Args:
        send: `Http.send`.
        read: what to ask for.
        window: what it is about.
        state: the page to begin at, as an earlier walk gave it; None begins at the first.
        key: path, in one record's JSON, of the id by which some rules page.

    Raises:
        CursorLoop: the vendor gives a cursor that it gave before.
        AnswerMalformed: an answer is not what the API promises.
        ConfigInvalid: a setting that the path needs is empty.
    """
    slots = {"config": window.config, "since": window.since, "until": window.until}
    path = fill(read.path, slots)
    if path is None:
        raise ConfigInvalid(f"{read.path} cannot be asked for: a setting in it is empty.")
    split = _splitter(read.items, tuple(read.page.paths))
    given: set[str] = set()
    while True:
        turn = read.page.turn(state)
        here = window if turn.after is None else dataclasses.replace(window, after=turn.after)
        params = {**_values(read.params, here, slots), **turn.params}
        body = None
        if read.method == "POST":
            body = {**(read.json(here) if callable(read.json) else dict(read.json or {})), **turn.json}
        answer = await send(read.method, path, params=params, json=body, safe=True)
        items, found, bad = split(answer)
        # A record without an id may be a page's last: the one before it is where the next page begins.
        last = next((name for item in reversed(items) if (name := _key_of(item, key))), None)
        state = read.page.advance(state, Seen(found, len(items) + len(bad), last, answer.headers))
        yield Fetched(items, state, answer.headers, bad)
        if state is None:
            return
        mark = stdlib_json.dumps(state, sort_keys=True)
        if mark in given:
            raise CursorLoop(
                f"{read.method} {path}: the vendor's paging repeats itself.",
                why=f"the cursor of page {len(given) + 1} came before",
                remedy="The records read so far are kept; report it to the connector's maker.",
            )
        given.add(mark)


def _values(params: Mapping[str, Any], window: Window, slots: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, slot in params.items():
        value = slot(window) if callable(slot) else fill(slot, slots) if isinstance(slot, str) else slot
        if value is not None:
            out[name] = str(value).lower() if isinstance(value, bool) else value
    return out


@functools.lru_cache(maxsize=1024)
def _splitter(items: str | None, paths: tuple[str, ...]) -> Any:
    """A function that cuts an answer into records without decoding them, and looks up the paging values."""
    decoder = msgspec.json.Decoder(_shape(items, paths))

    def split(answer: Answer) -> tuple[list[Any], dict[str, Any], list[tuple[str, str]]]:
        try:
            page = decoder.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            return _split_slowly(answer, items, paths, problem)
        if items is None:
            return page, {}, []
        records = _dig(page, items.split("."))
        return (
            [] if records is None or records is msgspec.UNSET else records,
            {path: _dig(page, path.split(".")) for path in paths},
            [],
        )

    return split


def _shape(items: str | None, paths: tuple[str, ...]) -> Any:
    """A msgspec type that holds just the named paths, the records as raw bytes."""
    if items is None:
        return list[msgspec.Raw]
    tree: dict[str, Any] = {}
    for path, leaf in ((items, list[msgspec.Raw] | None), *((p, Any) for p in paths)):
        *parents, last = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = leaf

    def struct(node: dict[str, Any], way: Sequence[str]) -> Any:
        fields: list[Any] = []
        names = {}
        for number, (name, child) in enumerate(node.items()):
            # The way to the records must be there: an error inside a good answer would pass for an empty list.
            required = name in way[:1]
            kind = struct(child, way[1:] if required else ()) if isinstance(child, dict) else child
            if required:
                fields.append((f"f{number}", kind))
            else:
                fields.append((f"f{number}", kind | None if isinstance(child, dict) else kind, None))
            names[f"f{number}"] = name
        return msgspec.defstruct("Shape", fields, rename=names, kw_only=True)

    return struct(tree, items.split("."))


def _dig(node: Any, path: Sequence[str]) -> Any:
    for step in path:
        if node is None:
            return None
        if isinstance(node, msgspec.Struct):
            fields = dict(zip(node.__struct_encode_fields__, node.__struct_fields__, strict=True))
            node = getattr(node, fields[step])
        else:
            node = node.get(step) if isinstance(node, dict) else None
    return node


def _split_slowly(
    answer: Answer, items: str | None, paths: tuple[str, ...], problem: Exception
) -> tuple[list[Any], dict[str, Any], list[tuple[str, str]]]:
    """Save the good records of a page that has a bad one (NaN, too deep, no JSON): only those are set aside."""
    steps = items.split(".") if items else []
    found = cut(answer.content, steps)
    try:
        page = msgspec.json.decode(found[0]) if found else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if found is None:
        raise AnswerMalformed(
            "The vendor's answer is not the page of records that its API promises.",
            why=answer.hint(str(problem)),
        ) from None
    good: list[bytes] = []
    bad: list[tuple[str, str]] = []
    for record in found[1]:
        try:
            msgspec.json.decode(record, type=msgspec.Raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
            bad.append((record[:20_000].decode("utf-8", "replace"), f"not valid JSON: {_fault(record, reason)}"))
        else:
            good.append(record)
    return good, {path: _dig(page, path.split(".")) for path in paths}, bad


def _fault(record: bytes, reason: Exception) -> str:
    """What is wrong with it, without a value."""
    if isinstance(reason, RecursionError):
        return "it is nested too deeply"
    try:
        stdlib_json.dumps(stdlib_json.loads(record), allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "it holds half a surrogate pair"
    except (ValueError, RecursionError):
        return "it holds NaN or Infinity" if b"NaN" in record or b"Infinity" in record else str(reason)[:200]
    return str(reason)[:200]


def _key_of(item: Any, key: tuple[str, ...]) -> str | None:
    try:
        value = _dig(msgspec.json.decode(item), key)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if value is None else str(value)
