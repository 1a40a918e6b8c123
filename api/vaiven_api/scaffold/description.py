"""An API description (OpenAPI 3.0, 3.1, Swagger 2) as a few plain objects, references resolved."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sdk.errors import VaivenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DEEPEST = 12


class DescriptionInvalid(VaivenError):
    """The file is no API description that can be read."""

    code = "description_invalid"
    remedy = "Give an OpenAPI 3.0 or 3.1 or a Swagger 2 document, as JSON or YAML."


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation.

    Args:
        name: as it is sent.
        where: `query`, `path`, `header`.
        required: whether the vendor insists on it.
        schema: its type, as a schema.
    """

    name: str
    where: str
    required: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One GET.

    Args:
        path: template below the base address.
        id: the description's own name of it.
        parameters: of the path and of the operation.
        answer: schema of a good answer's JSON, None when none is described.
        links: the answer has a Link header.
        scopes: OAuth scopes that it needs.
    """

    path: str
    id: str
    parameters: tuple[Parameter, ...]
    answer: Mapping[str, Any] | None
    links: bool = False
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Api:
    """What is used of a description.

    Args:
        title: the API's name.
        version: of the API.
        docs: where it is documented, empty when the description does not say.
        server: base address, with `{variables}`; empty when there is none.
        variables: the server's variables: default, choices, description.
        schemes: security schemes by name, in OpenAPI 3's form.
        operations: every GET.
    """

    title: str
    version: str
    docs: str
    server: str
    variables: Mapping[str, Mapping[str, Any]]
    schemes: Mapping[str, Mapping[str, Any]]
    operations: tuple[Operation, ...]
    notes: tuple[str, ...] = field(default=())


def load(path: Path) -> Api:
    """Read a description.

    Raises:
        DescriptionInvalid: says what is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise DescriptionInvalid(f"{path} cannot be read.", why=str(problem)) from None
    return parse(_decoded(text, str(path)), str(path))


def _decoded(text: str, where: str) -> Any:
    if text.lstrip()[:1] == "{":
        try:
            return json.loads(text)
        except ValueError as problem:
            raise DescriptionInvalid(f"{where} is no JSON.", why=str(problem)) from None
    import yaml  # noqa: PLC0415 - only for YAML

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise DescriptionInvalid(
            f"{where} is neither JSON nor YAML.", why=" ".join(str(problem).split())[:300]
        ) from None


def parse(document: Any, where: str = "the description") -> Api:
    """Read a decoded description; as `load`."""
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise DescriptionInvalid(f"{where} has no paths.", why="it is no OpenAPI or Swagger document")
    if not (str(document.get("swagger", "")).startswith("2") or str(document.get("openapi", "")).startswith("3.")):
        raise DescriptionInvalid(
            f"{where} is of no version that is known.", why="`openapi` is not 3.x, `swagger` not 2.x"
        )
    reader = _Reader(document)
    given = document.get("info")
    info: dict[str, Any] = given if isinstance(given, dict) else {}
    server, variables = reader.server()
    docs = document.get("externalDocs") or {}
    contact = info.get("contact") or {}
    return Api(
        title=str(info.get("title") or ""),
        version=str(info.get("version") or ""),
        docs=str((docs.get("url") if isinstance(docs, dict) else "") or contact.get("url") or ""),
        server=server,
        variables=variables,
        schemes=reader.schemes(),
        operations=tuple(reader.operations()),
    )


class _Reader:
    """Walks one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._old = "swagger" in document

    def server(self) -> tuple[str, Mapping[str, Any]]:
        """The base address and its variables."""
        if self._old:
            host, base = self._document.get("host") or "", self._document.get("basePath") or ""
            return (f"https://{host}{str(base).rstrip('/')}" if host else ""), {}
        servers = [s for s in self._document.get("servers") or () if isinstance(s, dict) and s.get("url")]
        best = next((s for s in servers if str(s["url"]).startswith("https://")), servers[0] if servers else {})
        url = str(best.get("url") or "").rstrip("/")
        variables = {k: v for k, v in (best.get("variables") or {}).items() if isinstance(v, dict)}
        return url, variables

    def schemes(self) -> dict[str, Any]:
        """Security schemes, Swagger 2's written as OpenAPI 3 does."""
        given = (
            self._document.get("securityDefinitions")
            if self._old
            else (self._document.get("components") or {}).get("securitySchemes")
        )
        found = {name: self._resolve(scheme) for name, scheme in (given or {}).items()}
        return {name: _modern(scheme) for name, scheme in found.items() if scheme}

    def operations(self) -> Iterator[Operation]:
        """Every GET that is not deprecated."""
        for path, item in self._document["paths"].items():
            here = self._resolve(item)
            get = here.get("get")
            if not isinstance(get, dict) or get.get("deprecated") or not str(path).startswith("/"):
                continue
            parameters = [*(here.get("parameters") or ()), *(get.get("parameters") or ())]
            answer, links = self._answer(get)
            needs = get.get("security", self._document.get("security")) or ()
            scopes = [
                str(s) for need in needs if isinstance(need, dict) for group in need.values() for s in group or ()
            ]
            yield Operation(
                path=str(path),
                id=str(get.get("operationId") or ""),
                parameters=tuple(p for p in map(self._parameter, parameters) if p is not None),
                answer=answer,
                links=links,
                scopes=tuple(dict.fromkeys(scopes)),
            )

    def _parameter(self, given: Any) -> Parameter | None:
        one = self._resolve(given)
        if not one.get("name") or one.get("in") not in {"query", "path", "header"}:
            return None
        schema = self.schema(one.get("schema") or one) if not self._old else self.schema(one)
        schema = {**schema, **{k: one[k] for k in ("example", "description") if isinstance(one.get(k), str | int)}}
        return Parameter(str(one["name"]), str(one["in"]), bool(one.get("required")) or one["in"] == "path", schema)

    def _answer(self, operation: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, bool]:
        answers = operation.get("responses") or {}
        good = next((code for code in ("200", 200, "2XX", "default", 201, "201") if code in answers), None)
        if good is None:
            return None, False
        answer = self._resolve(answers[good])
        links = any(str(name).lower() == "link" for name in answer.get("headers") or {})
        if self._old:
            schema = answer.get("schema")
        else:
            content = answer.get("content") or {}
            media = next((kind for kind in content if "json" in str(kind)), None)
            schema = content[media].get("schema") if media else None
        return (self.schema(schema) if isinstance(schema, dict) else None), links

    def _resolve(self, node: Any) -> dict[str, Any]:
        for _ in range(_DEEPEST):
            if not isinstance(node, dict):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self._at(reference)
        return {}

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            return {}  # another file
        node: Any = self._document
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            node = node.get(name) if isinstance(node, dict) else None
        return node

    def schema(self, node: Any, depth: int = 0) -> dict[str, Any]:
        """One schema with references followed, all-ofs merged and null as a flag; too deep gives an empty one."""
        if depth > _DEEPEST:
            return {}
        raw = self._resolve(node)
        merged: dict[str, Any] = {k: v for k, v in raw.items() if k not in {"allOf", "anyOf", "oneOf"}}
        merged["properties"] = dict(raw.get("properties") or {})
        merged["required"] = list(raw["required"]) if isinstance(raw.get("required"), list) else []
        for part in raw.get("allOf") or ():
            _join(merged, self.schema(part, depth + 1))
        options = [self.schema(one, depth + 1) for one in (raw.get("anyOf") or raw.get("oneOf") or ())]
        if any(option.get("type") == "null" for option in options):
            merged["nullable"] = True
        options = [option for option in options if option.get("type") != "null"]
        if len(options) == 1:
            _join(merged, options[0])
        elif options and all(option.get("properties") for option in options):
            for option in options:
                _join(merged, {**option, "required": []})
        elif options and len({option.get("type") for option in options}) == 1:
            merged.setdefault("type", options[0].get("type"))
        kinds = merged.get("type")
        if isinstance(kinds, list):
            merged["nullable"] = merged.get("nullable") or "null" in kinds
            real = [kind for kind in kinds if kind != "null"]
            merged["type"] = real[0] if len(real) == 1 else None
        if merged["properties"] and not merged.get("type"):
            merged["type"] = "object"
        if merged.get("x-nullable"):
            merged["nullable"] = True
        merged["reader"] = self
        return merged

    def property(self, schema: Mapping[str, Any], name: str) -> dict[str, Any]:
        """One property's schema."""
        return self.schema(schema["properties"][name])

    def items(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The schema of an array's items."""
        return self.schema(schema.get("items") or {})


def properties(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """An object's properties, resolved; empty for what is no object."""
    reader: _Reader | None = schema.get("reader")
    return {name: reader.property(schema, name) for name in schema.get("properties") or {}} if reader else {}


def items(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """An array's items, resolved; None for what is no array."""
    reader: _Reader | None = schema.get("reader")
    if reader is None or not (schema.get("type") == "array" or "items" in schema):
        return None
    return reader.items(schema)


def _join(into: dict[str, Any], part: Mapping[str, Any]) -> None:
    into["properties"] |= part.get("properties") or {}
    into["required"] += part.get("required") or []
    for key in ("type", "format", "enum", "items", "nullable"):
        if part.get(key) is not None:
            into.setdefault(key, part[key])


def _modern(scheme: Mapping[str, Any]) -> dict[str, Any]:
    if scheme.get("type") == "basic":
        return {"type": "http", "scheme": "basic"}
    if scheme.get("type") == "oauth2" and "flow" in scheme:
        flow = {"accessCode": "authorizationCode", "application": "clientCredentials"}.get(
            scheme["flow"], scheme["flow"]
        )
        return {"type": "oauth2", "flows": {flow: {k: v for k, v in scheme.items() if k not in {"type", "flow"}}}}
    return dict(scheme)


def plain(name: str) -> bool:
    """Whether a name from a description may stand in a text of the code: nothing in it can end that text."""
    return re.fullmatch(r'[^"\\{}$\x00-\x1f\x7f\u2028\u2029]{1,200}', name) is not None


def words(name: str) -> list[str]:
    """A name's words in lower case, however they are joined."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word for word in re.split(r"[^A-Za-z0-9]+", spaced.lower()) if word]
