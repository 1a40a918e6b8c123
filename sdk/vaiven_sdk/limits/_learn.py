"""What a vendor's answer says about a limit, in the spellings that vendors use.

Sources, read 2026-11-25: draft-ietf-httpapi-ratelimit-headers-10 and its versions 03 to 07 (datatracker.ietf.org) for
`RateLimit`, `RateLimit-Policy` and `RateLimit-*`; developers.klaviyo.com/en/docs/rate_limits_and_error_handling;
developers.hubspot.com "API usage guidelines" for `X-HubSpot-RateLimit-*`; shopify.dev/docs/api/usage/limits for
`X-Shopify-Shop-Api-Call-Limit` and `throttleStatus`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from vaiven_sdk.limits._retry_after import retry_after

if TYPE_CHECKING:
    from vaiven_sdk.limits._limit import Answered


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says about a limit; None is what it does not say.

    Args:
        remaining: requests (or points) that may still be made.
        limit: out of how many.
        reset: seconds until all of them may be made again.
        window: length of the vendor's window in seconds.
        rate: requests (or points) that come back each second, of a bucket that refills steadily.
        name: the vendor's name of the limit, where an answer speaks of several.
    """

    remaining: float | None = None
    limit: float | None = None
    reset: float | None = None
    window: float | None = None
    rate: float | None = None
    name: str = ""


def headers(
    remaining: str, *, limit: str = "", reset: str = "", window: float | None = None
) -> Callable[[Answered], Reading | None]:
    """A `learn` that reads these headers.

    Args:
        remaining: name of the header with the requests left.
        limit: name of the header with the requests allowed.
        reset: name of the header that says when: seconds, an HTTP date or an epoch.
        window: the window that they speak of, in seconds.
    """

    def learn(answer: Answered) -> Reading | None:
        left = _number(answer.headers.get(remaining.lower()))
        if left is None:
            return None
        return Reading(
            left, _number(answer.headers.get(limit.lower())), retry_after(answer.headers.get(reset.lower())), window
        )

    return learn


def call_count(header: str) -> Callable[[Answered], Reading | None]:
    """A `learn` for a header that counts up, as Shopify's `X-Shopify-Shop-Api-Call-Limit: 32/40`."""

    def learn(answer: Answered) -> Reading | None:
        used, _, size = answer.headers.get(header.lower(), "").partition("/")
        most, count = _number(size), _number(used)
        return None if most is None or count is None else Reading(max(0.0, most - count), most)

    return learn


def throttle_status(answer: Answered) -> Reading | None:
    """A `learn` for the points of Shopify's GraphQL: `extensions.cost.throttleStatus` of the answer's body."""
    status = answer.json()["extensions"]["cost"]["throttleStatus"]
    return Reading(
        float(status["currentlyAvailable"]), float(status["maximumAvailable"]), rate=float(status["restoreRate"])
    )


def standard(given: Mapping[str, str]) -> list[Reading]:
    """What an answer's headers say in the usual spellings.

    Args:
        given: the headers, by lower-case name.
    """
    found = list(_structured(given))
    if found:
        return found
    left = _number(given.get("x-hubspot-ratelimit-remaining"))
    if left is not None:
        # HubSpot's search sends none of these, and has a limit of its own.
        window = (_number(given.get("x-hubspot-ratelimit-interval-milliseconds")) or 10_000) / 1000
        found.append(Reading(left, _number(given.get("x-hubspot-ratelimit-max")), window=window, name="hubspot"))
        daily = _number(given.get("x-hubspot-ratelimit-daily-remaining"))
        if daily is not None:
            most = _number(given.get("x-hubspot-ratelimit-daily"))
            found.append(Reading(daily, most, window=86_400, name="hubspot-daily"))
        return found
    for prefix in ("ratelimit", "x-ratelimit", "x-rate-limit"):
        left = _number(given.get(f"{prefix}-remaining"))
        if left is not None:
            most, window_or_none = _with_window(given.get(f"{prefix}-limit", ""))
            reset = retry_after(given.get(f"{prefix}-reset"))
            return [Reading(left, most, reset, window_or_none, name=prefix)]
    return []


_ITEM = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|[^",;\s=]+)((?:\s*;\s*[a-z*][\w.*-]*(?:=(?:"(?:[^"\\]|\\.)*"|[^",;]*))?)*)\s*'
)
_PARAM = re.compile(r';\s*([a-z*][\w.*-]*)=("(?:[^"\\]|\\.)*"|[^",;]*)')
_PAIR = re.compile(r"\b(limit|remaining|reset)\s*=\s*(\d+)")


def _structured(given: Mapping[str, str]) -> Iterator[Reading]:
    """`RateLimit: "default";r=50;t=30` (version 08 on), or `RateLimit: limit=100, remaining=50, reset=30` (07)."""
    field = given.get("ratelimit", "")
    pairs = dict(_PAIR.findall(field))
    policies = dict(_items(given.get("ratelimit-policy", "")))
    if "remaining" in pairs:
        windows = [_number(p.get("w")) for p in policies.values()]
        window = windows[0] if len(windows) == 1 else None
        reset = _number(pairs.get("reset"))
        yield Reading(float(pairs["remaining"]), _number(pairs.get("limit")), reset, window, name="ratelimit")
        return
    for name, params in _items(field):
        left, policy = _number(params.get("r")), policies.get(name, {})
        # A quota may be counted in something else than requests (`qu`, its unit); such a number says nothing here.
        if left is not None and policy.get("qu", "requests") == "requests":
            yield Reading(left, _number(policy.get("q")), _number(params.get("t")), _number(policy.get("w")), name=name)


def _items(field: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The members of a list of structured fields (RFC 9651), with their parameters; what is malformed is left out."""
    for found in _ITEM.finditer(field[:2000]):
        params = {name: value.strip().strip('"') for name, value in _PARAM.findall(found[2])}
        if params:
            yield found[1].strip('"'), params


def _with_window(value: str) -> tuple[float | None, float | None]:
    """`100`, or `100, 100;w=60` with the window of the first policy of the same quota (versions 03 to 06)."""
    first, *policies = value.split(",")
    most = _number(first)
    for policy in policies:
        quota, _, rest = policy.partition(";")
        if _number(quota) == most and (window := re.search(r"\bw=(\d+)", rest)):
            return most, float(window[1])
    return most, None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) and number >= 0 else None
