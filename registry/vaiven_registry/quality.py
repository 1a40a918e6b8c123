"""How good a connector is, as published beside it: `quality.toml` by hand, `quality.json` by the kit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = ("bronze", "silver", "gold", "platinum")
"""Quality, lowest first; computed by rules, never typed in."""
RUNGS = ("documented", "spec-checked", "client-verified", "server-verified")
"""How far the outside world has confirmed the simulator, lowest first."""
SUPPORT = ("platform", "partner", "community")
"""Who answers when it breaks."""
LIFECYCLES = ("preview", "stable", "deprecated")
"""Where it stands in its life."""
CATEGORIES = (
    "ads", "analytics", "billing", "calls", "crm", "data", "ecommerce", "email", "events", "forms", "loyalty",
    "messaging", "payments", "social", "support", "surveys",
)  # fmt: skip
"""What kinds of tool there are."""

BY_HAND = "quality.toml"
BY_MACHINE = "quality.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The published view: three badges that say different things, and what stands behind them.

    Args:
        level: `bronze` to `platinum`; empty when not even bronze is reached, or nothing was measured.
        evidence: the rung: `documented`, `spec-checked`, `client-verified`, `server-verified`.
        support: `platform`, `partner` or `community`; empty when nobody said so.
        lifecycle: `preview`, `stable` or `deprecated`.
        owner: who looks after it.
        missing: rules that stand between it and the next level.
        exempt: rules that it is let off, with the reason for each.
        on: day of the measurement, `YYYY-MM-DD`.
    """

    level: str = ""
    evidence: str = "documented"
    support: str = ""
    lifecycle: str = "preview"
    owner: str = ""
    missing: tuple[str, ...] = ()
    exempt: dict[str, str] = field(default_factory=dict)
    on: str = ""


def by_hand(folder: Path) -> dict[str, Any]:
    """What `quality.toml` says; empty when there is none.

    Raises:
        ValueError: it is no TOML.
    """
    import tomllib  # noqa: PLC0415 - listing connectors needs it no more than once

    path = folder / BY_HAND
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def by_machine(folder: Path) -> dict[str, Any]:
    """What the kit wrote to `quality.json`; empty when there is none, or it cannot be read."""
    try:
        found = msgspec.json.decode((folder / BY_MACHINE).read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def published(folder: Path | None) -> Quality:
    """The badges of the connector in `folder`."""
    if folder is None:
        return Quality()
    try:
        said = by_hand(folder)
    except ValueError:
        said = {}
    measured = by_machine(folder)
    return Quality(
        level=str(measured.get("level") or ""),
        evidence=str(measured.get("evidence") or RUNGS[0]),
        support=str(said.get("support", "")),
        lifecycle=str(said.get("lifecycle", "preview")),
        owner=str(said.get("owner", "")),
        missing=tuple(measured.get("missing") or ()),
        exempt={str(rule): str(why) for rule, why in (said.get("exempt") or {}).items()},
        on=str(measured.get("on") or ""),
    )


def digest(folder: Path) -> str:
    """SHA-256 of the connector's code: evidence for other code is no evidence."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
