"""Cut an answer into records without decoding them, and look up what paging needs: one decode a page."""

from __future__ import annotations

import functools
import json as stdlib_json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk._salvage import cut
from vaiven_sdk.errors import AnswerMalformed

if TYPE_CHECKING:
    from vaiven_sdk.http import Answer

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class Parts:
    """What an answer holds.

    Args:
        items: the records.
        found: the paging values, by path.
        count: entries of the outermost list: with nested lists, not the records.
        last: id of the last of those entries, where it was asked for.
        bad: records that are not valid JSON, each with the reason.
    """

    items: list[Any]
    found: Mapping[str, Any]
    count: int
    last: str | None = None
    bad: Sequence[tuple[str, str]] = ()


def picker(paths: Sequence[str]) -> Callable[[bytes | msgspec.Raw], dict[str, Any]]:
    """A function that reads just these dotted paths of one record, None where there is nothing."""
    ways = {path: tuple(path.split(".")) for path in paths}
    decoder = msgspec.json.Decoder(_struct(_tree(dict.fromkeys(paths, Any)), ()))

    def pick(item: bytes | msgspec.Raw) -> dict[str, Any]:
        try:
            record = decoder.decode(item)
        except _NOT_JSON:
            # Something stands where an object should.
            try:
                record = msgspec.json.decode(item)
            except _NOT_JSON:
                record = None
        return {path: dig(record, way) for path, way in ways.items()}

    return pick


def injected(item: bytes | msgspec.Raw, values: Mapping[str, Any]) -> bytes:
    """The record with these values in it, spliced in: nothing is decoded unless a name is taken."""
    raw = bytes(item)
    if raw[:1] != b"{" or any(b'"%s"' % name.encode() in raw for name in values):
        record = msgspec.json.decode(raw)
        return msgspec.json.encode({**record, **values}) if isinstance(record, dict) else raw
    if not values:
        return raw
    inside = raw[1:-1].rstrip()
    return b"{%s%s%s}" % (inside, b"," if inside.strip() else b"", msgspec.json.encode(values)[1:-1])


@functools.lru_cache(maxsize=1024)
def splitter(
    items: str | None, paths: tuple[str, ...], inject: tuple[tuple[str, str], ...], key: tuple[str, ...]
) -> Callable[[Answer], Parts]:
    """A function that cuts answers.

    Args:
        items: dotted path of the array of records, `[]` after each array on the way; None: the answer is the array.
        paths: of the paging values.
        inject: name in the record, and path in the array entry around it, of values that the record gets.
        key: path of an entry's id when the paging rule needs the last one; else empty.
    """
    outer, _, rest = items.partition("[]") if items is not None else (None, "", "")
    inner = _inner(rest.removeprefix("."), inject, key) if rest else None
    decoder = msgspec.json.Decoder(_shape(outer, paths, inner.entry if inner else msgspec.Raw))
    ways = {path: tuple(path.split(".")) for path in paths}
    outer_way = tuple(outer.split(".")) if outer else ()

    def split(answer: Answer) -> Parts:
        try:
            page = decoder.decode(answer.content)
        except _NOT_JSON as problem:
            page, entries, bad = _split_slowly(answer, outer_way, problem)
        else:
            entries, bad = dig(page, outer_way) or [], []
        found = {path: dig(page, way) for path, way in ways.items()}
        count = len(entries) + len(bad)
        if inner is None:
            # A record without an id may be a page's last: the one before it is where the next page begins.
            last = next((name for e in reversed(entries) if (name := _key_of(e, key))), None) if key else None
            return Parts(entries, found, count, last, bad)
        nested, wrong = inner.explode(entries)
        last = next((name for e in reversed(entries) if (name := _text(dig(e, key)))), None) if key else None
        return Parts(nested, found, count, last, [*bad, *wrong])

    return split


@dataclass(frozen=True, slots=True)
class _Inner:
    """Records inside the entries of a list."""

    entry: Any
    way: tuple[str, ...]
    deeper: _Inner | None
    inject: tuple[tuple[str, tuple[str, ...]], ...]

    def explode(self, entries: Sequence[Any]) -> tuple[list[Any], list[tuple[str, str]]]:
        records: list[Any] = []
        bad: list[tuple[str, str]] = []
        for entry in entries:
            made = entry
            if isinstance(entry, bytes):
                # From a page that had to be cut by hand.
                try:
                    made = msgspec.json.decode(entry, type=self.entry)
                except _NOT_JSON as reason:
                    bad.append((_shown(entry), f"not what the list promises: {_fault(entry, reason)}"))
                    continue
            below = dig(made, self.way)
            if self.deeper is not None:
                found, wrong = self.deeper.explode(below or [])
                bad += wrong
            else:
                found = _listed(below)
            values = {name: value for name, way in self.inject if (value := dig(made, way)) is not None}
            records += [injected(item, values) for item in found] if values else found
        return records, bad


def _inner(rest: str, inject: tuple[tuple[str, str], ...], key: tuple[str, ...]) -> _Inner:
    own, _, after = rest.partition("[]")
    deeper = _inner(after.removeprefix("."), inject, ()) if after else None
    leaf = list[deeper.entry | None] | None if deeper else msgspec.Raw  # type: ignore[name-defined]
    # The values to inject stand in the innermost entry that is around a record.
    wanted = () if deeper else tuple((name, tuple(path.split("."))) for name, path in inject)
    leaves = {own: leaf, **{".".join(way): Any for _, way in wanted}}
    if key:
        leaves.setdefault(".".join(key), Any)
    return _Inner(_struct(_tree(leaves), ()), tuple(own.split(".")), deeper, wanted)


def _listed(raw: msgspec.Raw | None) -> list[Any]:
    """The innermost value is a list of records, or one record (`edges[].node`)."""
    if raw is None:
        return []
    text = bytes(raw)
    if text[:1] == b"[":
        return msgspec.json.decode(text, type=list[msgspec.Raw])
    return [] if text == b"null" else [raw]


def _tree(leaves: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, leaf in leaves.items():
        *parents, last = path.split(".")
        node = tree
        for parent in parents:
            inner = node.setdefault(parent, {})
            if not isinstance(inner, dict):
                # A shorter path already takes the whole value.
                break
            node = inner
        else:
            if not isinstance(node.get(last), dict):
                node[last] = leaf
    return tree


def _struct(node: Mapping[str, Any], way: Sequence[str]) -> Any:
    """A msgspec type that holds just the named paths; `way` leads to what must be there."""
    fields: list[Any] = []
    names = {}
    for number, (name, child) in enumerate(node.items()):
        # The way to the records must be there: an error inside a good answer would pass for an empty list.
        required = name in way[:1]
        kind = _struct(child, way[1:] if required else ()) if isinstance(child, dict) else child
        if required:
            fields.append((f"f{number}", kind))
        else:
            fields.append((f"f{number}", kind | None if isinstance(child, dict) else kind, None))
        names[f"f{number}"] = name
    return msgspec.defstruct("Shape", fields, rename=names, kw_only=True)


def _shape(outer: str | None, paths: tuple[str, ...], entry: Any) -> Any:
    if outer is None:
        return list[entry]
    whole = list[entry] if entry is msgspec.Raw else list[entry | None]
    return _struct(_tree({outer: whole | None, **dict.fromkeys(paths, Any)}), outer.split("."))


def dig(node: Any, path: Sequence[str]) -> Any:
    """The value at a path in structs and dicts, None where there is none."""
    for step in path:
        if node is None:
            return None
        if isinstance(node, msgspec.Struct):
            node = getattr(node, _attributes(type(node)).get(step, ""), None)
        else:
            node = node.get(step) if isinstance(node, dict) else None
    return node


@functools.lru_cache(maxsize=4096)
def _attributes(kind: type[msgspec.Struct]) -> dict[str, str]:
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))


def _split_slowly(
    answer: Answer, steps: Sequence[str], problem: Exception
) -> tuple[Any, list[Any], list[tuple[str, str]]]:
    """Save the good records of a page that has a bad one (NaN, too deep, no JSON): only those are set aside."""
    found = cut(answer.content, steps)
    page: Any = None
    try:
        page = msgspec.json.decode(found[0]) if found else None
    except _NOT_JSON:
        found = None
    if found is None:
        raise AnswerMalformed(
            "The vendor's answer is not the page of records that its API promises.",
            why=answer.hint(str(problem)),
        ) from None
    good: list[Any] = []
    bad: list[tuple[str, str]] = []
    for record in found[1]:
        try:
            msgspec.json.decode(record, type=msgspec.Raw)
        except _NOT_JSON as reason:
            bad.append((_shown(record), f"not valid JSON: {_fault(record, reason)}"))
        else:
            good.append(record)
    return page, good, bad


def _shown(record: bytes) -> str:
    return record[:20_000].decode("utf-8", "replace")


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


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _key_of(item: Any, key: tuple[str, ...]) -> str | None:
    try:
        return _text(dig(msgspec.json.decode(item), key))
    except _NOT_JSON:
        return None
