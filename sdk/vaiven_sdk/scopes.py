"""What a vendor must grant, and why a connector asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission: an OAuth scope, or what a key of the vendor's must be allowed.

    Args:
        name: as the vendor spells it.
        why: what it is for, in words that a customer understands.
        write: needed only where something is written.
    """

    name: str
    why: str
    write: bool = False

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.why.strip():
            raise ValueError(f"scope {self.name!r}: give its name and the reason for it")


def least(scopes: Iterable[Scope], *, write: bool) -> tuple[Scope, ...]:
    """Each scope once, in the order in which they are first asked for.

    Args:
        scopes: of the connector and of its streams; the first reason given for a scope stands.
        write: False leaves out what only writing needs.
    """
    found: dict[str, Scope] = {}
    for scope in scopes:
        have = found.get(scope.name)
        # Whoever needs it for reading needs it in any case.
        if have is None or (have.write and not scope.write):
            found[scope.name] = scope
    return tuple(scope for scope in found.values() if write or not scope.write)
