"""OpenAPI documents from the reduced API facts in `shared/specs`, so that drafts meet descriptions of real vendors."""

from __future__ import annotations

import gzip
import re
from typing import Any

import msgspec
import pytest

from tests.support.spec_check import SPECS

LEAF = re.compile(r"^(?P<type>\w+)(?::(?P<format>[\w -]+?))?(?:\((?P<values>.*)\))?(?P<null>\?)?(?: (?P<mode>ro|wo))?$")


def facts(vendor: str) -> dict[str, Any]:
    """The decoded file, or a skipped test where the descriptions are not at hand."""
    file = SPECS / f"{vendor}.json.gz"
    if not file.exists():
        pytest.skip(f"published API descriptions are not at hand: {file} does not exist")
    return msgspec.json.decode(gzip.decompress(file.read_bytes()))


def document(vendor: str, api: str = "") -> dict[str, Any]:
    """An OpenAPI 3.0 document of one of the vendor's APIs, the first when left out."""
    data = facts(vendor)
    chosen = next(one for one in data["apis"] if not api or one["a"] == api)
    servers = [
        {"url": s} if isinstance(s, str) else {"url": s["url"], "variables": _variables(s.get("vars") or {})}
        for s in chosen.get("servers") or ()
    ]
    security = {n: _scheme(s) for n, s in (chosen.get("security") or {}).items() if isinstance(s, dict) and "type" in s}
    paths: dict[str, Any] = {}
    for op in data["ops"]:
        if op["a"] == chosen["a"] and op["m"] == "GET":
            path = op["p"] if op["p"].startswith("/") else f"/{op['p']}"
            paths.setdefault(path, {})["get"] = _operation(op)
    return {
        "openapi": "3.0.3",
        "info": {"title": chosen.get("title") or data["name"], "version": str(chosen.get("version", "1"))},
        "servers": servers,
        "paths": paths,
        "components": {
            "securitySchemes": security,
            "schemas": {_name(n): schema(s) for n, s in (data.get("schemas") or {}).items()},
        },
    }


def schema(node: Any) -> dict[str, Any]:
    """One schema of the notation as OpenAPI writes it."""
    if isinstance(node, str):
        return _leaf(node)
    if isinstance(node, list):
        return {"type": "array", "items": schema(node[0]) if node else {}}
    if not isinstance(node, dict):
        return {}
    if set(node) == {"|"}:
        return {"anyOf": [schema(one) for one in node["|"]]}
    if "pager" in node:
        return schema(node.get("items", []))
    if set(node) == {"*"}:
        return {"type": "object", "additionalProperties": schema(node["*"])}
    found: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for name, inner in node.items():
        if name == "&":
            found["allOf"] = [schema(one) for one in inner]
        elif name == "|":
            found["anyOf"] = [schema(one) for one in inner]
        elif name != "*":
            bare = name.removesuffix("!")
            found["properties"][bare] = schema(inner)
            if name.endswith("!"):
                found["required"].append(bare)
    return found


def _leaf(text: str) -> dict[str, Any]:
    if text.startswith("@"):
        name = text[1:].removesuffix(" ro").removesuffix(" wo")
        reference = {"$ref": f"#/components/schemas/{_name(name.removesuffix('?'))}"}
        return {"allOf": [reference], "nullable": True} if name.endswith("?") else reference
    leaf = LEAF.match(text)
    if leaf is None or leaf["type"] in {"any", "enum", "null"}:
        return {}
    found: dict[str, Any] = {"type": leaf["type"]}
    if leaf["type"] not in {"string", "integer", "number", "boolean", "object", "array"}:
        return {}
    if leaf["format"]:
        found["format"] = leaf["format"]
    if leaf["values"]:
        found["enum"] = leaf["values"].split("|")
    if leaf["null"]:
        found["nullable"] = True
    return found


def _operation(op: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {
            "name": name.removesuffix("!"),
            "in": where,
            "required": name.endswith("!") or where == "path",
            "schema": schema(kind),
        }
        for key, where in (("path", "path"), ("q", "query"))
        for name, kind in (op.get(key) or {}).items()
    ]
    good = (op.get("resp") or {}).get("200")
    answer: dict[str, Any] = {"description": "good"}
    if good is not None:
        answer["content"] = {"application/json": {"schema": schema(good)}}
    security = []
    for need in op.get("sec") or ():
        name, _, scopes = need.partition("[")
        security.append({name: [one for one in scopes.rstrip("]").split(",") if one]})
    return {
        "operationId": op.get("id", ""),
        "parameters": parameters,
        "responses": {"200": answer},
        **({"deprecated": True} if op.get("dep") else {}),
        **({"security": security} if security else {}),
    }


def _scheme(given: dict[str, Any]) -> dict[str, Any]:
    if given["type"] != "oauth2":
        return dict(given)
    flows = {
        name: {
            "authorizationUrl": flow.get("auth", ""),
            "tokenUrl": flow.get("token", ""),
            "scopes": dict.fromkeys(flow.get("scopes") or (), ""),
        }
        for name, flow in (given.get("flows") or {}).items()
    }
    return {"type": "oauth2", "flows": flows}


def _variables(given: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in given.items():
        if isinstance(value, dict):
            found[name] = value
        elif isinstance(value, list):
            found[name] = {"default": str(value[0]) if value else "", "enum": [str(one) for one in value]}
        else:
            found[name] = {"default": str(value)}
    return found


def _name(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)
