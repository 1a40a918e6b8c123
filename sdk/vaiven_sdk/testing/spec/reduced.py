"""Facts of a vendor's API in a short notation: one JSON file a vendor, names and types without prose.

The notation: a string leaf is a type (`string:date-time`, `string(a|b)`, `?` nullable, ` ro` read-only, ` wo`
write-only, `any`); `@Name` refers to a schema; an object's property that ends in `!` is required; `{"*": s}` is a map,
`[s]` an array, `{"|": [...]}` one of, `{"&": [...]}` all of.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from vaiven_sdk.testing.spec._forms import as_type, bare, nested, pattern
from vaiven_sdk.testing.spec.deviation import Answered, Asked, Deviation

Json = Any
Problems = list[str]

_FIRST_ERROR = 400
_LEAF = re.compile(
    r"^(?P<type>\w+)(?::(?P<format>[\w -]+?))?(?:\((?P<values>.*)\))?(?P<null>\?)?(?: (?P<mode>ro|wo))?$"
)
_JSON_TYPE: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


class Reduced:
    """A vendor's description, narrowed to the APIs named.

    Args:
        data: the decoded file, in the notation above.
        apis: values of an operation's `a` to look at (`crm-contacts@v3`); all of them by default.
        null_unsaid: allow null for arrays, objects, references and one-ofs. The notation marks null on string
            leaves alone, so where a vendor's description uses `nullable` on the others it is lost.
    """

    def __init__(self, data: Mapping[str, Json], apis: Collection[str] = (), *, null_unsaid: bool = False) -> None:
        self._null_unsaid = null_unsaid
        # What is read out of an SDK rarely has the parameters of a query.
        self._knows_queries = not any(word in str(data.get("kind", "")) for word in ("sdk", "types", "postman"))
        self.schemas: Mapping[str, Json] = data["schemas"]
        ops = [op for op in data["ops"] if not apis or op["a"] in apis]
        missing = set(apis) - {op["a"] for op in ops}
        if missing:
            raise ValueError(f"the description has no API {sorted(missing)}")
        self._ops = [(op["m"], pattern(op["p"]), op) for op in sorted(ops, key=lambda op: op["p"].count("{"))]

    def operations(self, method: str, path: str) -> list[dict[str, Json]]:
        """All operations this request can be, by the most literal path; empty when there is none."""
        found = [op for m, form, op in self._ops if m == method and form.match(path)]
        return [op for op in found if op["p"].count("{") == found[0]["p"].count("{")]

    def has(self, method: str, template: str) -> bool:
        """Whether the description has this method and path template, whatever the slots are named."""
        wanted = bare(template)
        return any(m == method and bare(op["p"]) == wanted for m, _, op in self._ops)

    def check(self, method: str, path: str, status: int, body: Json) -> Problems:
        """List what is wrong with one answer, as lines `METHOD /template STATUS $.place: what`.

        `path` is the concrete path without the query. Where several APIs describe the same path, one that fits is
        enough.
        """
        path = path.partition("?")[0]
        if not self.operations(method, path):
            return [f"{method} {path} $: no such operation"]
        return [str(one) for one in self.answer(Asked(method, path), Answered(status, body))]

    def request(self, asked: Asked) -> list[Deviation]:
        """What is wrong with a request: the operation, its query, its body."""
        tries = [
            [_deviation(asked.method, op["p"], "request", line) for line in self._asked(op, asked)]
            for op in self.operations(asked.method, asked.path)
        ]
        if not tries:
            return [Deviation(asked.method, asked.path, "request", "path", "no such operation")]
        return min(tries, key=len)

    def answer(self, asked: Asked, answered: Answered) -> list[Deviation]:
        """What is wrong with an answer: the status, its body; nothing for an operation that there is not."""
        tries = [
            [
                _deviation(asked.method, op["p"], str(answered.status), line)
                for line in self._answer(op, answered.status, answered.body)
            ]
            for op in self.operations(asked.method, asked.path)
        ]
        return min(tries, key=len, default=[])

    def _asked(self, op: Mapping[str, Json], asked: Asked) -> Problems:
        problems: Problems = []
        query: Mapping[str, Json] = op.get("q") or {}
        if self._knows_queries:
            known = {name.rstrip("!"): sub for name, sub in query.items()}
            # A bracket can be part of the described name itself, as in `page[size]` of JSON:API.
            whole = [(name, value) for name, value in asked.query if "[" in name and name in known]
            given = nested(pair for pair in asked.query if pair not in whole)
            for name, value in whole:
                given[name] = f"{given[name]},{value}" if name in given else value
            problems += [
                f"query.{n[:-1]}: required, and absent" for n in query if n[-1:] == "!" and n[:-1] not in given
            ]
            for name, value in given.items():
                if name in known:
                    problems += self.compare(known[name], self._typed(known[name], value), f"query.{name}", sent=True)
                else:
                    problems.append(f"query.{name}: not described")
        described = op.get("body")
        if asked.body is None:
            return problems
        if described is None:
            return problems if asked.body == {} else [*problems, "$: has a body where none is described"]
        form = asked.media == "application/x-www-form-urlencoded"
        body = self._typed(described, asked.body) if form else asked.body
        wanted = str(op.get("ct") or "*/*")
        if "/" in wanted and asked.media and wanted not in {asked.media, "*/*"}:
            problems.append(f"header.content-type: {wanted} described, got {asked.media}")
        return problems + self.compare(described, body, sent=True)

    def _typed(self, schema: Json, value: Json) -> Json:
        """A value that travelled as text, with its described types; what cannot have them stays text."""
        resolved, _ = self._resolve(schema)
        if isinstance(resolved, dict) and set(resolved) == {"|"}:
            tries = [(self._typed(option, value), option) for option in resolved["|"]]
            return min(tries, key=lambda one: len(self.compare(one[1], one[0])), default=(value, None))[0]
        if isinstance(resolved, list):
            # One value for an array, or several with commas between them, is how many write it.
            items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
            return [self._typed(resolved[0], item) for item in items]
        if isinstance(resolved, dict) and isinstance(value, dict):
            known = {name.rstrip("!"): sub for name, sub in self._properties(resolved).items()}
            anything = known.get("*", "any")
            return {name: self._typed(known.get(name, anything), one) for name, one in value.items()}
        if isinstance(resolved, str) and isinstance(value, str) and (leaf := _LEAF.match(resolved)):
            return as_type(value, leaf["type"])
        return value

    def _answer(self, op: Mapping[str, Json], status: int, body: Json) -> Problems:
        described: Mapping[str, Json] = op.get("resp") or {}
        for key in (str(status), f"{status // 100}XX"):
            if key in described:
                if described[key] is None:
                    return [] if body in (None, b"", "") else ["$: has a body where none is described"]
                return self.compare(described[key], body)
        errors = {str(code) for code in op.get("err") or ()}
        if "default" in described and status >= _FIRST_ERROR:
            return self.compare(described["default"], body)
        if status >= _FIRST_ERROR and errors & {str(status), f"{status // 100}XX", "default"}:
            return []
        return [f"$: status {status} is not described"]

    def compare(self, schema: Json, value: Json, at: str = "$", *, sent: bool = False) -> Problems:
        """List what `schema` does not allow: a type, an unknown property, a missing required one.

        Args:
            schema: in the notation.
            value: decoded JSON.
            at: where it is.
            sent: it is part of a request, so what only the vendor sets may be absent.
        """
        if value is None and self._null_unsaid and not (isinstance(schema, str) and schema[0] != "@"):
            return []
        schema, nullable = self._resolve(schema)
        if schema is None or (value is None and nullable):
            return []
        if isinstance(schema, str):
            return _compare_leaf(schema, value, at)
        if isinstance(schema, list):
            if not isinstance(value, list):
                return [f"{at}: array described, got {_kind(value)}"]
            return [p for i, item in enumerate(value) for p in self.compare(schema[0], item, f"{at}[{i}]", sent=sent)]
        if set(schema) == {"|"}:
            tries = [self.compare(option, value, at, sent=sent) for option in schema["|"]]
            return min(tries, key=len) if tries else []
        if "pager" in schema:
            # The client hides the page's envelope; its records are the answer's only array.
            rows = next((v for v in value.values() if isinstance(v, list)), value) if isinstance(value, dict) else value
            return self.compare(schema.get("items", "any"), rows, at, sent=sent)
        return self._compare_object(schema, value, at, sent=sent)

    def _compare_object(self, schema: Mapping[str, Json], value: Json, at: str, *, sent: bool) -> Problems:
        described = self._properties(schema)
        if not isinstance(value, dict):
            return [f"{at}: object described, got {_kind(value)}"]
        if not described:
            return []
        anything = described.pop("*", None)
        known = {name.rstrip("!"): sub for name, sub in described.items()}
        spared = " ro" if sent else " wo"
        problems = [
            f"{at}.{name.rstrip('!')}: required, and absent"
            for name, sub in described.items()
            if name.endswith("!") and name[:-1] not in value and not (isinstance(sub, str) and sub.endswith(spared))
        ]
        for name, item in value.items():
            if name in known:
                problems += self.compare(known[name], item, f"{at}.{name}", sent=sent)
            elif anything is not None:
                problems += self.compare(anything, item, f"{at}.{name}", sent=sent)
            else:
                problems.append(f"{at}.{name}: not described")
        return problems

    def _properties(self, schema: Mapping[str, Json]) -> dict[str, Json]:
        """Join an object's own properties with those of an all-of; those of a one-of become optional."""
        merged: dict[str, Json] = {}
        for name, sub in schema.items():
            if name == "&":
                for part in sub:
                    resolved, _ = self._resolve(part)
                    merged = self._joined(merged, self._properties(resolved) if isinstance(resolved, dict) else {})
            elif name == "|":
                for part in sub:
                    resolved, _ = self._resolve(part)
                    properties = self._properties(resolved) if isinstance(resolved, dict) else {}
                    merged = {n.rstrip("!"): s for n, s in properties.items()} | merged
            else:
                merged[name] = sub
        return merged

    def _joined(self, one: Mapping[str, Json], other: Mapping[str, Json]) -> dict[str, Json]:
        """Properties of two parts of an all-of; an object in both has the properties of both."""
        merged = dict(one)
        for name, sub in other.items():
            bare_name = name.removesuffix("!")
            held = next((known for known in (bare_name, f"{bare_name}!") if known in merged), None)
            if held is None:
                merged[name] = sub
                continue
            old = merged.pop(held)
            objects = all(isinstance(self._resolve(part)[0], dict) for part in (old, sub))
            merged[held if held.endswith("!") else name] = {"&": [old, sub]} if objects else sub
        return merged

    def _resolve(self, schema: Json) -> tuple[Json, bool]:
        """Follow `@Name` to a schema; None stands for anything. The flag says that null is allowed."""
        nullable = False
        for _ in range(20):
            if not (isinstance(schema, str) and schema.startswith("@")):
                break
            name = schema[1:].removesuffix(" ro").removesuffix(" wo")
            nullable = nullable or name.endswith("?")
            # A name without a schema is a type whose fields the vendor does not publish.
            schema = self.schemas.get(name.removesuffix("?"), "object")
        if isinstance(schema, str):
            bare = schema.removesuffix(" ro").removesuffix(" wo")
            nullable = nullable or bare.endswith("?")
            if bare.rstrip("?") == "any" or bare.startswith("enum("):
                return None, nullable
        return schema, nullable


def load_reduced(file: Path, apis: Collection[str] = (), *, null_unsaid: bool = False) -> Reduced:
    """Read a `<vendor>.json.gz`, as `Reduced` takes it."""
    return Reduced(msgspec.json.decode(gzip.decompress(file.read_bytes())), apis, null_unsaid=null_unsaid)


def _deviation(method: str, template: str, part: str, line: str) -> Deviation:
    at, _, what = line.partition(": ")
    return Deviation(method, template, part, at, what)


def _compare_leaf(schema: str, value: Json, at: str) -> Problems:
    leaf = _LEAF.match(schema)
    if leaf is None:
        return [f"{at}: cannot read the described type {schema!r}"]
    expected = _JSON_TYPE.get(leaf["type"])
    if expected is None:
        return []
    if not isinstance(value, expected) or (isinstance(value, bool) and leaf["type"] in {"integer", "number"}):
        return [f"{at}: {leaf['type']} described, got {_kind(value)}"]
    if leaf["values"] and str(value) not in leaf["values"].split("|"):
        return [f"{at}: {value!r} is none of {leaf['values']}"]
    if leaf["format"] == "date-time" and not _is_instant(value):
        return [f"{at}: date-time described, got {value!r}"]
    return []


def _is_instant(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return "T" in value or " " in value


def _kind(value: Json) -> str:
    names: dict[type, str] = {dict: "object", list: "array", str: "string", type(None): "null"}
    return names.get(type(value), repr(value))
