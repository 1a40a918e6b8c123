"""Values that travel as text (queries and forms), and the paths of descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][0][c]=x&d[]=y&e=1&e=2` as objects and arrays of texts."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = name.split("[")
        keys = [head, *(part.removesuffix("]") for part in rest)]
        node = root
        for key in keys[:-1]:
            found = node.setdefault(key or str(len(node)), {})
            if not isinstance(found, dict):
                found = node[key] = {}
            node = found
        last = keys[-1] or str(len(node))
        if last in node and isinstance(node[last], str):
            node[last] = [node[last], value]
        elif isinstance(node.get(last), list):
            node[last].append(value)
        else:
            node[last] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(one) for name, one in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def as_type(text: str, kind: str) -> Any:
    """A text as the JSON type that is described; the text itself when it is none of that type."""
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        return float(text)
    if kind == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return text


def pattern(template: str) -> re.Pattern[str]:
    """A regular expression for the paths of a template; the last slot alone would swallow nothing beyond a slash."""
    parts = re.split(r"(\{[^}]+\})", template.partition("?")[0])
    return re.compile("".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in parts) + "$")


def slots(template: str) -> list[str]:
    """Names of a template's slots, in order."""
    return re.findall(r"\{([^}]+)\}", template)


def bare(template: str) -> str:
    """A template with nameless slots."""
    return re.sub(r"\{[^}]+\}", "{}", template.partition("?")[0])
