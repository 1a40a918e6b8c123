"""How often Klaviyo lets itself be called: two fixed windows for each endpoint, and what the headers say.

developers.klaviyo.com/en/docs/rate_limits_and_error_handling: a burst window of a second and a steady one of a minute,
for each account (and each app with OAuth). The headers of a success tell the steady window; a 429 has Retry-After and
none of them. Sizes: documentation of each method in klaviyo-api 25.0.0. Read 2026-11-25.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from vaiven_sdk.testing import Call, Refusal

XXS, XS, S, M, L, XL = (1, 2), (1, 15), (3, 60), (10, 150), (75, 750), (350, 3500)

_SIZES = {
    XXS: "POST /api/campaign-values-reports|POST /api/flow-values-reports",
    XS: "GET /api/accounts|GET /api/accounts/{id}|GET /api/webhooks|POST /api/webhooks|GET /api/webhooks/{id}|"
    "PATCH /api/webhooks/{id}|DELETE /api/webhooks/{id}|GET /api/webhook-topics|GET /api/webhook-topics/{id}",
    S: "GET /api/flows|GET /api/flows/{id}|PATCH /api/flows/{id}|GET /api/flows/{id}/flow-actions|GET /api/tags|"
    "GET /api/profiles/{id}/lists|GET /api/profiles/{id}/segments|POST /api/data-privacy-deletion-jobs|"
    "GET /api/lists/{id}/tags|GET /api/segments/{id}/tags",
    L: "GET /api/profiles|POST /api/profiles|GET /api/profiles/{id}|PATCH /api/profiles/{id}|POST /api/profile-import|"
    "POST /api/profile-subscription-bulk-create-jobs|POST /api/profile-subscription-bulk-delete-jobs|"
    "POST /api/profile-suppression-bulk-create-jobs|POST /api/profile-suppression-bulk-delete-jobs|"
    "GET /api/profile-suppression-bulk-create-jobs|GET /api/profile-suppression-bulk-delete-jobs|"
    "GET /api/profile-suppression-bulk-create-jobs/{job_id}|GET /api/profile-suppression-bulk-delete-jobs/{job_id}|"
    "GET /api/lists|GET /api/lists/{id}|GET /api/lists/{id}/profiles|GET /api/lists/{id}/relationships/profiles|"
    "GET /api/segments|GET /api/segments/{id}|GET /api/segments/{id}/profiles|GET /api/templates|"
    "GET /api/segments/{id}/relationships/profiles|POST /api/templates|GET /api/templates/{id}|"
    "PATCH /api/templates/{id}|DELETE /api/templates/{id}",
    XL: "GET /api/events|POST /api/events|GET /api/events/{id}/metric|GET /api/events/{id}/profile",
}
SIZES = {name: size for size, names in _SIZES.items() for name in names.split("|")}
"""`METHOD /template` -> calls in a second and in a minute; all others are M."""


def size_of(name: str, call: Call) -> tuple[int, int]:
    """The windows of one call: what costs more to answer has smaller ones.

    `additional-fields` with counts or predictions, and `include` of lists and segments of a profile, are named in the
    same documentation.
    """
    size = SIZES.get(name, M)
    extra = ",".join(value for key, values in call.query.items() if key.startswith("additional-") for value in values)
    if "profile_count" in extra or (
        name == "GET /api/profiles/{id}" and {*call.many("include")} & {"lists", "segments"}
    ):
        return XS
    if "predictive_analytics" in extra and name.startswith("GET "):
        return min(size, M)
    return size


class Windows:
    """The fixed windows of every endpoint.

    Args:
        name_of: gives `METHOD /template` of a call.
        on: whether anything is counted.
    """

    def __init__(self, name_of: Callable[[Call], str], on: Callable[[], bool]) -> None:
        self._name_of, self._on = name_of, on
        self._used: dict[tuple[str, str, int], tuple[int, int]] = {}

    def take(self, call: Call, cost: float) -> dict[str, str]:
        """Count one call.

        Raises:
            Refusal: 429 with Retry-After in whole seconds.
        """
        if not self._on():
            return {}
        name, now = self._name_of(call), call.now.timestamp()
        sizes = size_of(name, call)
        left = 0
        counted = []
        for seconds, most in zip((1, 60), sizes, strict=True):
            key = (call.caller.name, f"{name} {sizes}", seconds)
            window = int(now // seconds)
            start, used = self._used.get(key, (window, 0))
            used = used if start == window else 0
            if used + cost > most:
                wait = max(math.ceil((window + 1) * seconds - now), 1)
                sentence = f"Request was throttled. Expected available in {wait} second{'s' * (wait > 1)}."
                raise Refusal("limited", sentence, headers={"Retry-After": str(wait)})
            counted.append((key, (window, used + int(cost))))
            left = most - used - int(cost)
        self._used.update(counted)
        reset = int(60 - now % 60) or 60
        return {
            "RateLimit-Limit": str(sizes[1]),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(reset),
        }

    def done(self, call: Call, *, refused: bool = False) -> None:
        """What is counted stays counted."""
