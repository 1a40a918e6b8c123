"""What OAuth grants, and why a connector asks for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission.

    Args:
        name: as the vendor spells it.
        why: what it is for, in words that a customer understands.
        write: needed only where something is written.
    """

    name: str
    why: str
    write: bool = False
