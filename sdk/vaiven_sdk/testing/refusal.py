"""What a vendor answers when it does not do what it was asked; every part of the toolkit refuses in this form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RefusalKind = Literal[
    "malformed",
    "invalid",
    "unauthenticated",
    "expired",
    "forbidden",
    "no_route",
    "wrong_method",
    "not_found",
    "conflict",
    "stale",
    "limited",
    "other",
]
"""What went wrong, in no vendor's words: a simulator's `envelope` turns it into its vendor's."""

_STATUS: dict[str, int] = {
    "malformed": 400,
    "invalid": 400,
    "unauthenticated": 401,
    "expired": 401,
    "forbidden": 403,
    "no_route": 404,
    "wrong_method": 405,
    "not_found": 404,
    "conflict": 409,
    "stale": 412,
    "limited": 429,
    "other": 400,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value of a request.

    Args:
        field: dotted path of the value, as the vendor writes it.
        code: `required`, `unknown`, `type`, `choice`, or what a field's own check says.
        message: the vendor's sentence.
    """

    field: str
    code: str
    message: str


class Refusal(ValueError):
    """An answer other than success; raise it anywhere in a handler.

    Args:
        kind: what went wrong, in no vendor's words.
        message: the vendor's sentence.
        status: HTTP status; by `kind` when left out.
        code: the vendor's own code.
        problems: one by one, for a request with several wrong values.
        headers: sent with the answer.
        about: anything else that the envelope needs: the id in the way, the missing scope.
    """

    def __init__(
        self,
        kind: RefusalKind,
        message: str = "",
        *,
        status: int | None = None,
        code: str = "",
        problems: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message or kind)
        self.kind: RefusalKind = kind
        self.message = message or kind.replace("_", " ")
        self.status = status or _STATUS[kind]
        self.code = code or kind
        self.problems = list(problems)
        self.headers = dict(headers or {})
        self.about = dict(about or {})
