"""Where a request or an answer is not what an API description says, and which such places are right all the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, decoded.

    Args:
        method: HTTP method.
        path: concrete path, below the description's base.
        query: names and values, in order.
        headers: names in lower case.
        body: decoded JSON or form; None when there is none.
        media: content type of the body, without parameters.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    media: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer, decoded: HTTP status, body (None when there is none) and its content type without parameters."""

    status: int
    body: Any = None
    media: str = "application/json"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place that does not fit.

    Args:
        method: HTTP method.
        template: the operation's path as described; the concrete one when there is no such operation.
        part: `request`, or the status of the answer.
        at: `$.results[0].id` in a body, `query.limit`, `header.accept`, `path.id`.
        what: what is described, and what there was.
    """

    method: str
    template: str
    part: str
    at: str
    what: str

    def __str__(self) -> str:
        return f"{self.method} {self.template} {self.part} {self.at}: {self.what}"


class Description(Protocol):
    """A vendor's published description of its API."""

    def request(self, asked: Asked) -> list[Deviation]:
        """What is wrong with a request."""
        ...

    def answer(self, asked: Asked, answered: Answered) -> list[Deviation]:
        """What is wrong with the answer to it."""
        ...


def unaccepted(problems: Iterable[object], accepted: Mapping[str, str], *, stale: bool = True) -> list[str]:
    """List the problems no accepted deviation covers and, with `stale`, the deviations that cover none.

    Args:
        problems: deviations, or their lines.
        accepted: pattern in the manner of `fnmatch` over a whole line -> why the deviation is right. Write `[[]` to
            match a `[`.
        stale: also report a deviation that nothing needs any more; wants all of a run's problems at once.
    """
    used: set[str] = set()
    left = []
    for line in dict.fromkeys(str(problem) for problem in problems):
        covering = {pattern for pattern in accepted if fnmatchcase(line, pattern)}
        used |= covering
        if not covering:
            left.append(line)
    if stale:
        left += [f"accepted deviation that nothing needs: {pattern}" for pattern in accepted if pattern not in used]
    return left
