"""Check a simulator's answers against a vendor's published API description (`<vendor>.json.gz`)."""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

SPECS = Path(__file__).resolve().parents[2].parent / "shared" / "specs"

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


class Spec:
    """A vendor's description, narrowed to the APIs named.

    Args:
        data: the decoded file, in the notation of the folder's README.
        apis: values of an operation's `a` to look at (`crm-contacts@v3`); all of them by default.
        null_unsaid: allow null for arrays, objects, references and one-ofs. The notation marks null on string
            leaves alone, so where a vendor's description uses `nullable` on the others it is lost.
    """

    def __init__(self, data: Mapping[str, Json], apis: Collection[str] = (), *, null_unsaid: bool = False) -> None:
        self._null_unsaid = null_unsaid
        self.schemas: Mapping[str, Json] = data["schemas"]
        ops = [op for op in data["ops"] if not apis or op["a"] in apis]
        missing = set(apis) - {op["a"] for op in ops}
        if missing:
            raise ValueError(f"the description has no API {sorted(missing)}")
        self._ops = [(op["m"], _pattern(op["p"]), op) for op in sorted(ops, key=lambda op: op["p"].count("{"))]

    def operations(self, method: str, path: str) -> list[dict[str, Json]]:
        """All operations this request can be, by the most literal path; empty when there is none."""
        found = [op for m, pattern, op in self._ops if m == method and pattern.match(path)]
        return [op for op in found if op["p"].count("{") == found[0]["p"].count("{")]

    def has(self, method: str, template: str) -> bool:
        """Whether the description has this method and path template, whatever the slots are named."""
        wanted = _slots(template)
        return any(m == method and _slots(op["p"]) == wanted for m, _, op in self._ops)

    def check(self, method: str, path: str, status: int, body: Json) -> Problems:
        """List what is wrong with one answer, as lines `METHOD /template STATUS $.place: what`.

        `path` is the concrete path without the query. Where several APIs describe the same path, one that
        fits
        is enough.
        """
        path = path.partition("?")[0]
        operations = self.operations(method, path)
        if not operations:
            return [f"{method} {path} $: no such operation"]
        answers = []
        for op in operations:
            head = f"{method} {op['p']} {status} "
            answers.append([head + problem for problem in self._answer(op, status, body)])
        return min(answers, key=len)

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

    def compare(self, schema: Json, value: Json, at: str = "$") -> Problems:
        """List what `schema` does not allow: a type, an unknown property, a missing required one."""
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
            return [p for i, item in enumerate(value) for p in self.compare(schema[0], item, f"{at}[{i}]")]
        if set(schema) == {"|"}:
            tries = [self.compare(option, value, at) for option in schema["|"]]
            return min(tries, key=len) if tries else []
        if "pager" in schema:
            # The client hides the page's envelope; its records are the answer's only array.
            rows = next((v for v in value.values() if isinstance(v, list)), value) if isinstance(value, dict) else value
            return self.compare(schema.get("items", "any"), rows, at)
        return self._compare_object(schema, value, at)

    def _compare_object(self, schema: Mapping[str, Json], value: Json, at: str) -> Problems:
        described = self._properties(schema)
        if not isinstance(value, dict):
            return [f"{at}: object described, got {_kind(value)}"]
        if not described:
            return []
        anything = described.pop("*", None)
        known = {name.rstrip("!"): sub for name, sub in described.items()}
        problems = [
            f"{at}.{name.rstrip('!')}: required, and absent"
            for name, sub in described.items()
            if name.endswith("!") and name[:-1] not in value and not (isinstance(sub, str) and sub.endswith(" wo"))
        ]
        for name, item in value.items():
            if name in known:
                problems += self.compare(known[name], item, f"{at}.{name}")
            elif anything is not None:
                problems += self.compare(anything, item, f"{at}.{name}")
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
                    merged |= self._properties(resolved) if isinstance(resolved, dict) else {}
            elif name == "|":
                for part in sub:
                    resolved, _ = self._resolve(part)
                    properties = self._properties(resolved) if isinstance(resolved, dict) else {}
                    merged = {n.rstrip("!"): s for n, s in properties.items()} | merged
            else:
                merged[name] = sub
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


def load_spec(vendor: str, apis: Collection[str] = (), *, null_unsaid: bool = False) -> Spec:
    """Read `<vendor>.json.gz` as `Spec` does, or skip the test where the descriptions are not at hand."""
    file = SPECS / f"{vendor}.json.gz"
    if not file.exists():
        pytest.skip(f"published API descriptions are not at hand: {file} does not exist")
    return Spec(msgspec.json.decode(gzip.decompress(file.read_bytes())), apis, null_unsaid=null_unsaid)


def unaccepted(problems: Iterable[str], accepted: Mapping[str, str], *, stale: bool = True) -> Problems:
    """List the problems no accepted deviation covers and, with `stale`, the deviations that cover none.

    Args:
        problems: lines from `Spec.check`.
        accepted: pattern in the manner of `fnmatch` over a whole line -> why the deviation is right. Write
        `[[]`
            to match a `[`.
        stale: also report a deviation that nothing needs any more; wants all of a run's problems at once.
    """
    lines = list(dict.fromkeys(problems))
    used: set[str] = set()
    left = []
    for line in lines:
        covering = {pattern for pattern in accepted if fnmatchcase(line, pattern)}
        used |= covering
        if not covering:
            left.append(line)
    if stale:
        left += [f"accepted deviation that nothing needs: {pattern}" for pattern in accepted if pattern not in used]
    return left


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


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template.partition("?")[0])
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts) + "$")


def _slots(template: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", template.partition("?")[0])
