"""OpenAPI 3.0 and 3.1 and Swagger 2, as JSON or YAML."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vaiven_sdk.testing.spec import _forms
from vaiven_sdk.testing.spec._document import Document, decode
from vaiven_sdk.testing.spec._errors import misfits, undescribed
from vaiven_sdk.testing.spec.deviation import Answered, Asked, Deviation

Json = Any

_VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_OWN_HEADERS = frozenset({"accept", "content-type", "authorization"})
"""Parameters of these names mean nothing (OpenAPI 3.1.1, Parameter Object)."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class OpenApi:
    """A description in one of the OpenAPI formats.

    Args:
        content: the decoded file.
        uri: of the file, for references to others beside it.
        closed: report properties and query parameters that are not described, though the format lets them pass.
    """

    def __init__(self, content: Mapping[str, Json], uri: str = "urn:vaiven:api", *, closed: bool = True) -> None:
        version = str(content.get("openapi") or content.get("swagger") or "")
        if not version.startswith(("2.", "3.0", "3.1")):
            raise ValueError(
                f"this is no OpenAPI 3.0, 3.1 or Swagger 2 document: its version is {version or 'not said'!r}"
            )
        self._swagger = version.startswith("2.")
        self._closed = closed
        self._content, self._uri = content, uri
        self._bases = sorted({"", *self._base_paths()}, key=len, reverse=True)

    @functools.cached_property
    def _sent(self) -> Document:
        return Document(self._content, self._uri, sent=True)

    @functools.cached_property
    def _got(self) -> Document:
        return Document(self._content, self._uri, sent=False)

    def _base_paths(self) -> Iterator[str]:
        if self._swagger:
            yield str(self._content.get("basePath") or "").rstrip("/")
        for server in self._content.get("servers") or ():
            url = server.get("url", "")
            for name, variable in (server.get("variables") or {}).items():
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
            yield urlsplit(url).path.rstrip("/")

    @functools.cached_property
    def _templates(self) -> list[tuple[str, Any]]:
        found = [(template, _forms.pattern(template)) for template in self._sent.root.get("paths") or {}]
        return sorted(found, key=lambda one: one[0].count("{"))

    def operations(self) -> list[tuple[str, str]]:
        """Method and path template of everything that is described."""
        return [
            (verb.upper(), template)
            for template, item in (self._sent.root.get("paths") or {}).items()
            for verb in self._sent.follow(item)
            if verb in _VERBS
        ]

    def _find(self, document: Document, method: str, path: str) -> tuple[str, Json, Json, tuple[str, ...]] | None:
        """Template, path item, operation and the values of the slots."""
        for base in self._bases:
            if not path.startswith(base):
                continue
            for template, form in self._templates:
                match = form.match(path[len(base) :] or "/")
                item: Json = document.follow(document.root["paths"][template]) if match else {}
                if match and method.lower() in item:
                    return template, item, item[method.lower()], match.groups()
        return None

    def request(self, asked: Asked) -> list[Deviation]:
        """What is wrong with a request: operation, parameters, content type, body."""
        found = self._find(self._sent, asked.method, asked.path)
        if found is None:
            return [Deviation(asked.method, asked.path, "request", "path", "no such operation")]
        template, item, operation, values = found
        parameters = self._parameters(item, operation)
        slots = dict(zip(_forms.slots(template), values, strict=True))
        places = [*self._check_parameters(parameters, asked, slots), *self._check_body(operation, parameters, asked)]
        return [Deviation(asked.method, template, "request", at, what) for at, what in places]

    def answer(self, asked: Asked, answered: Answered) -> list[Deviation]:
        """What is wrong with an answer: status, content type, body; nothing for an operation that there is not."""
        found = self._find(self._got, asked.method, asked.path)
        if found is None:
            return []
        template, _, operation, _ = found
        places = self._check_answer(operation, answered, asked.method)
        return [Deviation(asked.method, template, str(answered.status), at, what) for at, what in places]

    def _parameters(self, item: Json, operation: Json) -> dict[tuple[str, str], Json]:
        merged = {}
        for one in (*(item.get("parameters") or ()), *(operation.get("parameters") or ())):
            parameter = self._sent.follow(one)
            merged[parameter["in"], parameter["name"]] = parameter
        return merged

    def _schema(self, parameter: Json) -> Json:
        if "schema" in parameter:
            return parameter["schema"]
        for content in (parameter.get("content") or {}).values():
            return content.get("schema", {})
        return {
            name: value for name, value in parameter.items() if name not in {"in", "name", "required", "description"}
        }

    def _check_parameters(
        self, parameters: Mapping[tuple[str, str], Json], asked: Asked, slots: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        query = _forms.nested(asked.query)
        given: dict[str, Mapping[str, Any]] = {"query": query, "path": slots, "header": asked.headers}
        known = set()
        for (where, name), parameter in parameters.items():
            if where not in given or (where == "header" and name.lower() in _OWN_HEADERS):
                continue
            plain = name.lower() if where == "header" else name.partition("[")[0]
            known.add(plain if where == "query" else "")
            value = given[where].get(plain)
            if "[" in name.removesuffix("[]") and value is not None:
                continue
            if value is None:
                if parameter.get("required"):
                    yield f"{where}.{name}", "required, and absent"
                continue
            schema = self._schema(parameter)
            yield from misfits(self._sent, schema, self._typed(schema, value), f"{where}.{name}")
        if self._closed:
            yield from ((f"query.{name}", "not described") for name in query if name not in known)

    def _typed(self, schema: Json, value: Any) -> Any:
        """A value that travelled as text, with its described types; what cannot have them stays text."""
        node = self._sent.follow(schema)
        for word in ("anyOf", "oneOf", "allOf"):
            if node.get(word):
                tries = [self._typed(option, value) for option in node[word]]
                return min(tries, key=lambda one: sum(1 for _ in misfits(self._sent, schema, one)))
        kinds = node.get("type")
        kinds = [kinds] if isinstance(kinds, str) else kinds or []
        if "array" in kinds:
            items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
            return [self._typed(node.get("items") or {}, one) for one in items]
        if isinstance(value, dict):
            known = node.get("properties") or {}
            return {name: self._typed(known.get(name, {}), one) for name, one in value.items()}
        for kind in kinds:
            if isinstance(value, str) and (typed := _forms.as_type(value, kind)) is not value:
                return typed
        return value

    def _check_body(
        self, operation: Json, parameters: Mapping[tuple[str, str], Json], asked: Asked
    ) -> Iterator[tuple[str, str]]:
        if self._swagger:
            contents, required = self._swagger_body(operation, parameters)
        else:
            body = self._sent.follow(operation.get("requestBody") or {})
            contents, required = body.get("content") or {}, bool(body.get("required"))
        if asked.body is None:
            if required:
                yield "$", "a body is required, and absent"
            return
        if not contents:
            yield "$", "has a body where none is described"
            return
        schema = _content(contents, asked.media)
        if schema is None:
            yield "header.content-type", f"{' or '.join(contents)} described, got {asked.media or 'none'}"
            return
        if isinstance(asked.body, bytes):
            return
        yield from self._compare(
            self._sent, schema, self._typed(schema, asked.body) if asked.media in _FORMS else asked.body
        )

    def _swagger_body(
        self, operation: Json, parameters: Mapping[tuple[str, str], Json]
    ) -> tuple[dict[str, Json], bool]:
        consumes = operation.get("consumes") or self._sent.root.get("consumes") or ["application/json"]
        form: dict[str, Json] = {}
        for (where, name), parameter in parameters.items():
            if where == "body":
                return {media: {"schema": parameter.get("schema", {})} for media in consumes}, bool(
                    parameter.get("required")
                )
            if where == "formData":
                form[name] = parameter
        if not form:
            return {}, False
        needed = [name for name, parameter in form.items() if parameter.get("required")]
        properties = {name: self._schema(parameter) for name, parameter in form.items()}
        schema = {"type": "object", "properties": properties, "required": needed}
        media = [kind for kind in consumes if kind in _FORMS] or [_FORMS[0]]
        return {kind: {"schema": schema} for kind in media}, bool(needed)

    def _check_answer(self, operation: Json, answered: Answered, method: str) -> Iterator[tuple[str, str]]:
        responses = operation.get("responses") or {}
        described = {str(status): one for status, one in responses.items()}
        for key in (str(answered.status), f"{answered.status // 100}XX", f"{answered.status // 100}xx", "default"):
            if key in described:
                response = self._got.follow(described[key])
                break
        else:
            yield "$", f"status {answered.status} is not described"
            return
        if self._swagger:
            produces = operation.get("produces") or self._got.root.get("produces") or ["application/json"]
            contents = {media: {"schema": response["schema"]} for media in produces} if "schema" in response else {}
        else:
            contents = response.get("content") or {}
        if answered.body is None:
            if contents and method != "HEAD":
                yield "$", "a body is described, and absent"
            return
        if not contents:
            yield "$", "has a body where none is described"
            return
        schema = _content(contents, answered.media)
        if schema is None:
            yield "header.content-type", f"{' or '.join(contents)} described, got {answered.media or 'none'}"
        elif not isinstance(answered.body, bytes):
            yield from self._compare(self._got, schema, answered.body)
        elif "json" in answered.media:
            yield "$", "JSON described, got something that is none"

    def _compare(self, document: Document, schema: Json, value: Any) -> Iterator[tuple[str, str]]:
        yield from misfits(document, schema, value)
        if self._closed:
            yield from undescribed(document, schema, value)


def _content(contents: Mapping[str, Json], media: str) -> Json | None:
    """The schema for a content type: the exact one, a range, or its JSON kin (`application/problem+json`)."""
    plain = {kind.partition(";")[0].strip().lower(): one for kind, one in contents.items()}
    for kind in (media, f"{media.partition('/')[0]}/*", "*/*"):
        if kind in plain:
            return plain[kind].get("schema", {})
    return None


def load_openapi(file: Path, *, closed: bool = True) -> OpenApi:
    """Read a description from a JSON or YAML file, as `OpenApi` takes it."""
    return OpenApi(decode(file), file.resolve().as_uri(), closed=closed)
