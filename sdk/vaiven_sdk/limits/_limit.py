"""What a connector declares of a vendor's limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol

from vaiven_sdk.limits._learn import Reading


class Answered(Protocol):
    """What a limit may read of an answer."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name."""
        ...

    def json(self) -> Any:
        """The decoded body."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that is about to be sent, for a limit that prices it.

    Args:
        method: HTTP method.
        path: below the base URL.
        json: the body, before it is encoded.
    """

    method: str
    path: str
    json: Any = None


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` requests in any `per` seconds, or `concurrent` at once; several of them hold together.

    Args:
        calls: requests (or points, when `cost` prices them) allowed in the window.
        per: the window in seconds.
        path: applies to paths that begin with this, `*` standing for anything; all paths when empty.
        but: paths that it does not count, written as `path`.
        source: where the vendor says so.
        concurrent: requests that may be under way at the same time.
        steady: the vendor refills `calls` evenly over `per` (a leaky bucket) instead of counting in windows.
        cost: what one request uses up, a number or a function of it; an estimate when `actual` corrects it.
        actual: what the answer says the request has cost, None when it does not; the estimate is settled by it.
        learn: what the answer says of this limit; the usual headers (`X-RateLimit-*`, IETF `RateLimit`, HubSpot's)
            are understood without it.
        grows: `calls` is what the smallest plan allows: where an answer names a larger bucket, or a faster refill, that
            holds instead. For a `steady` limit with `learn`.
    """

    calls: int = 0
    per: float = 1.0
    path: str = ""
    but: str = ""
    source: str = ""
    concurrent: int = 0
    steady: bool = False
    cost: float | Callable[[Ask], float] = 1.0
    actual: Callable[[Answered], float | None] | None = None
    learn: Callable[[Answered], Reading | None] | None = None
    grows: bool = False

    def __post_init__(self) -> None:
        if self.grows and not (self.steady and self.learn):
            raise ValueError("a limit that grows is steady and has a learn function, which reads how large it is")
        if self.calls < 0 or self.concurrent < 0 or not (self.calls or self.concurrent) or self.per <= 0:
            what = f"{self.calls} in {self.per} s, {self.concurrent} at once"
            raise ValueError(f"a limit lets at least one call through in its window, not {what}")

    def __str__(self) -> str:
        """As a person would say it: `100 calls in 10 s`."""
        unit = "points" if self.actual or callable(self.cost) else "calls"
        rate = f"{self.calls:,} {unit} in {self.per:g} s{', refilled steadily' * self.steady}" if self.calls else ""
        return ", ".join(filter(None, (rate, f"{self.concurrent} at once" if self.concurrent else "")))

    def counts(self, path: str) -> bool:
        """Whether a request to `path` uses this limit up."""
        return fnmatchcase(path, f"{self.path}*") and not (self.but and fnmatchcase(path, f"{self.but}*"))

    def price(self, ask: Ask, given: float | None = None) -> float:
        """What a request costs here: what its call site says, where this limit prices at all, else its own estimate."""
        if given is not None and (self.cost != 1.0 or self.actual):
            return max(0.0, given)
        return max(0.0, float(self.cost(ask) if callable(self.cost) else self.cost))

    def as_dict(self) -> dict[str, Any]:
        """For a file or a screen; functions are left out."""
        plain = ("calls", "per", "path", "but", "source", "concurrent", "steady")
        return {"limit": str(self), **{name: getattr(self, name) for name in plain}}
