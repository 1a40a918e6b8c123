"""An OpenAPI or Swagger document as JSON Schema 2020-12, its references made absolute."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Json = Any

_NAMED = frozenset({"properties", "patternProperties", "schemas", "definitions", "parameters", "responses", "paths"})
"""Below these, names are the vendor's: a property called `nullable` is no keyword."""


class Document:
    """One description with the files that it refers to.

    Args:
        content: the decoded root.
        uri: where it came from; other files are read from its folder only.
        sent: as seen by a request: what only the vendor sets is not required. Else as seen by an answer.
    """

    def __init__(self, content: Mapping[str, Json], uri: str = "urn:vaiven:api", *, sent: bool) -> None:
        self._uri = uri
        self._drop = "readOnly" if sent else "writeOnly"
        self._read: dict[str, Json] = {}
        self._raw: dict[str, Json] = {uri: content}
        self.root: dict[str, Json] = self._load(uri)
        self.registry: Registry[Json] = Registry(retrieve=self._retrieve)  # type: ignore[call-arg]

    def _retrieve(self, uri: str) -> Resource[Json]:
        return DRAFT202012.create_resource(self._load(uri))

    def _load(self, uri: str) -> Json:
        if uri not in self._read:
            if uri not in self._raw:
                self._raw[uri] = self._beside(uri)
            self._read[uri] = self._translate(self._raw[uri], uri)
        return self._read[uri]

    def _beside(self, uri: str) -> Json:
        folder = self._uri.rpartition("/")[0] + "/"
        if not (uri.startswith("file://") and uri.startswith(folder)):
            raise ValueError(f"the description refers to {uri}, which is not in its own folder")
        return decode(Path(unquote(uri.removeprefix("file://"))))

    def follow(self, node: Json) -> Json:
        """What a node stands for: the end of its chain of references."""
        for _ in range(50):
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                return node
            uri, fragment = urldefrag(node["$ref"])
            node = self._load(uri)
            for step in filter(None, unquote(fragment).split("/")):
                name = step.replace("~1", "/").replace("~0", "~")
                node = node[int(name)] if isinstance(node, list) else node[name]
        raise ValueError(f"a reference leads in a circle: {node['$ref']}")

    def _translate(self, node: Json, uri: str, *, named: bool = False) -> Json:
        if isinstance(node, list):
            return [self._translate(item, uri) for item in node]
        if not isinstance(node, dict):
            return node
        out = {
            name: value if name in {"enum", "example", "examples", "default", "const"} and not named
            else self._translate(value, uri, named=not named and name in _NAMED)
            for name, value in node.items()
        }  # fmt: skip
        if named:
            return out
        if isinstance(out.get("$ref"), str):
            # OpenAPI 3.0 ignores what stands beside a reference.
            ref = out["$ref"]
            return {"$ref": uri + ref if ref.startswith("#") else urljoin(uri, ref)}
        return self._keywords(out)

    def _keywords(self, node: dict[str, Json]) -> dict[str, Json]:
        """What OpenAPI 3.0 and Swagger 2 say otherwise than JSON Schema."""
        for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(node.get(bound), bool):
                strict = node.pop(bound)
                if strict and limit in node:
                    node[bound] = node.pop(limit)
        if node.get("type") == "file":
            del node["type"]
        required, properties = node.get("required"), node.get("properties")
        if isinstance(required, list) and isinstance(properties, dict):
            node["required"] = [name for name in required if not self._spared(properties.get(name))]
        elif isinstance(required, bool) and "type" in node and "in" not in node:
            del node["required"]
        if node.pop("nullable", False) is True or node.pop("x-nullable", False) is True:
            return _or_null(node)
        return node

    def _spared(self, schema: Json) -> bool:
        return isinstance(schema, dict) and schema.get(self._drop) is True


def _or_null(node: dict[str, Json]) -> dict[str, Json]:
    if isinstance(node.get("type"), str) and "enum" not in node:
        return {**node, "type": [node["type"], "null"]}
    return {"anyOf": [node, {"type": "null"}]}


def decode(file: Path) -> Json:
    """The content of a JSON or YAML file."""
    text = file.read_text(encoding="utf-8")
    if text.lstrip().startswith("{"):
        import json  # noqa: PLC0415 - only where a file is read

        return json.loads(text)
    import yaml  # noqa: PLC0415 - only where a file is read

    class Loader(yaml.SafeLoader):
        """YAML as JSON has it: a date stays a text, and so do `on`, `off`, `yes` and `no`, which are names here."""

    spelt = {"tag:yaml.org,2002:timestamp": "", "tag:yaml.org,2002:bool": "tTfF"}
    Loader.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in forms if tag not in spelt or str(first) in spelt[tag]]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader)  # noqa: S506 - a subclass of the safe loader
