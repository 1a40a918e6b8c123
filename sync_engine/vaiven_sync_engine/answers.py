"""What a tool's answers tell about a write: which record is meant, and why it was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from vaiven_sdk import RequestRefused, Write
    from vaiven_sync_engine.plan import Planned
    from vaiven_sync_engine.records import Observed


def is_same(seen: Observed, planned: Planned, whole: Write[Any] | None = None) -> bool:
    """Whether a record that was found is the one that a create was to make.

    Args:
        seen: the record.
        planned: it holds the key values that the create carried.
        whole: of a link or an event, which have no such key, it holds all that was written.
    """
    values = msgspec.json.decode(seen.fields)
    if whole is not None:
        wanted = whole.record.unified()
        return all(values.get(name) == wanted.get(name) for name in planned.fields)
    keys = [n for n in ("email", "external_id", "domain") if planned.fields.get(n, (None, 0))[0]]
    return bool(keys) and all(values.get(n) == planned.fields[n][0] for n in keys)


def reason_code(problem: RequestRefused) -> str:
    """The vendor's own code for a refusal, else the HTTP status."""
    body = problem.body
    if isinstance(body, dict):
        inner = body.get("error")
        for node in (body, inner if isinstance(inner, dict) else {}):
            for key in ("category", "code", "type", "title"):
                if isinstance(node.get(key), str):
                    return str(node[key])[:80]
    return f"http_{problem.status}"
