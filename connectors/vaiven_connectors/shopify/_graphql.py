"""GraphQL documents made of a record's paths, what they cost, and what they refuse.

Facts of the schema: @shopify/dev-mcp 1.16.0, admin_2026-10; of costs: shopify.dev/docs/apps/build/apis/graphql-admin/
rate-limits; both read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from vaiven_sdk import user_errors

if TYPE_CHECKING:
    from vaiven_sdk import RequestRefused
    from vaiven_sdk.limits import Answered, Ask

PATH = "/graphql.json"
MOST = 1000
"""Points that a single query may cost."""
MUTATION = 10
_META = "m_"


# ------------------------------------------------------------------------------------------------- what is asked for
def meta(namespace: str, key: str) -> str:
    """The alias under which a metafield is asked for: a name that GraphQL allows and that leads back."""
    return _META + re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):02x}", f"{namespace}.{key}")


def unmeta(alias: str) -> tuple[str, str]:
    """Namespace and key of an alias that `meta` made."""
    plain = re.sub(r"_([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), alias.removeprefix(_META))
    namespace, _, key = plain.rpartition(".")
    return namespace, key


def is_meta(name: str) -> bool:
    """Whether `meta` made this name."""
    return name.startswith(_META)


def selection(paths: Iterable[str], lists: Mapping[str, str] | None = None) -> str:
    """The fields at these dotted paths, as a GraphQL selection.

    Args:
        paths: of a record; a name that begins with two underscores is put there by us, and not asked for.
        lists: by path, what is asked of each object in a list.
    """
    tree: dict[str, Any] = {}
    for path in paths:
        if path.startswith("__"):
            continue
        node = tree
        for step in path.split("."):
            node = node.setdefault(step, {})
        inner = (lists or {}).get(path)
        if inner:
            node[inner] = {}
    return _shown(tree)


def _shown(tree: Mapping[str, Any]) -> str:
    parts = []
    for name, inner in sorted(tree.items()):
        asked = name
        if is_meta(name):
            namespace, key = unmeta(name)
            asked = f'{name}: metafield(namespace: "{namespace}", key: "{key}")'
        parts.append(f"{asked} {{ {_shown(inner)} }}" if inner else asked)
    return " ".join(parts)


# ------------------------------------------------------------------------------------------------- what it costs
def each_costs(query: str) -> int:
    """Points for one node of a page: one for it, and one for every object in it."""
    # The operation, its field and the page's information stand once around the nodes.
    return max(1, query.count("{") - 3)


def estimate(ask: Ask) -> float:
    """What a request costs at most, as far as its text tells."""
    if ask.method != "POST" or not isinstance(ask.json, Mapping):
        return 0.0
    query, variables = str(ask.json.get("query")), ask.json.get("variables") or {}
    if query.startswith("mutation"):
        return float(MUTATION * max(1, query.count("userErrors")))
    return float(min(MOST, 2 + int(variables.get("first") or len(variables.get("ids") or "1")) * each_costs(query)))


def spent(answer: Answered) -> float | None:
    """What it has cost."""
    cost = answer.json()["extensions"]["cost"]["actualQueryCost"]
    return None if cost is None else float(cost)


# ------------------------------------------------------------------------------------------------- what it refuses
def refusals(payload: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Code and sentence of each of a payload's userErrors; several mutations have plain ones, without a code."""
    return [
        (next((name for words, name in _WORDS.items() if words in sentence.lower()), code), sentence)
        if code == "refused"
        else (code, sentence)
        for code, sentence in user_errors(payload)
    ]


def refused(problem: RequestRefused) -> tuple[str, str]:
    """Code and sentence of an answer that was refused as a whole."""
    return "invalid_query", problem.why or problem.what


_WORDS = {
    "already been taken": "taken",
    "is invalid": "invalid",
    "too long": "too_long",
    "not exist": "not_found",
    "t exist": "not_found",
    "be found": "not_found",
    "not found": "not_found",
}
