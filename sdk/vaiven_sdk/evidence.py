"""Evidence that a person acted: what alone may loosen a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

M = TypeVar("M", bound=Callable[..., Any])

_MARK = "__vaiven_proof__"


@dataclass(frozen=True, slots=True)
class Proof:
    """One act of the person themselves: a form sent, a link followed, an answer to a message.

    An administrator's click and an import are no such acts, however late they are.

    Args:
        at: when the person acted, by the vendor's clock; an aware instant.
        ref: what proves it at the vendor: the id of a submission, an event or a record.
        via: where the person acted, as in `form` or `double opt-in`.
        text: the sentence that the person agreed to, where the vendor keeps it.
    """

    at: datetime
    ref: str
    via: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None or not self.ref:
            raise ValueError("a proof needs an aware instant and a reference to what proves it")

    @property
    def instant(self) -> str:
        """`at` in the one spelling that sorts by time: UTC, microseconds, `Z`."""
        return self.at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def as_dict(self) -> dict[str, str]:
        """As kept beside a record; what is not known is left out."""
        parts = {"at": self.instant, "ref": self.ref, "via": self.via, "text": self.text}
        return {name: value for name, value in parts.items() if value}

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> Self:
        """What `as_dict` gave."""
        return cls(datetime.fromisoformat(kept["at"]), kept["ref"], kept.get("via"), kept.get("text"))


def proof(consent: str) -> Callable[[M], M]:
    """Mark a record's method that gives the person's own act behind a consent, or None where there is none.

    Args:
        consent: the unified consent that the record maps, as in `email_consent`. The proof is of the state that the
            record has now: of a permission that the person gave it is what lets it loosen an earlier refusal, and of
            a refusal it says when the person refused.
    """

    def mark(method: M) -> M:
        setattr(method, _MARK, consent)
        return method

    return mark


def proofs_of(owner: type, consents: frozenset[str]) -> dict[str, Callable[[Any], Proof | None]]:
    """The marked methods of a record class, by consent.

    Raises:
        TypeError: a proof of something that the record does not map as a consent.
    """
    found: dict[str, Callable[[Any], Proof | None]] = {}
    for base in reversed(owner.__mro__):
        for member in list(vars(base).values()):
            consent = getattr(member, _MARK, None)
            if consent is None:
                continue
            if consent not in consents:
                has = ", ".join(sorted(consents)) or "no consent"
                raise TypeError(
                    f"{owner.__name__}.{member.__name__}: a proof of {consent!r}, and the record maps {has}"
                )
            found[consent] = member
    return found
