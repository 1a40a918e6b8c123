"""What Salesforce allows an organization, and what its answers say of it."""

import re

from vaiven_sdk import Limit, Reading
from vaiven_sdk.limits import Answered

DAY = 86_400
# The header may name a limit of the connected app beside it: `per-app-api-usage=17/250(appName=x)`.
_USED = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


def usage(answer: Answered) -> Reading | None:
    """`Sforce-Limit-Info: api-usage=10018/100000`: requests used and allowed in 24 hours.

    Source: developer.salesforce.com, "Limit Info Header", read 2026-11-25.
    """
    found = _USED.search(answer.headers.get("sforce-limit-info", ""))
    if found is None:
        return None
    used, most = int(found[1]), int(found[2])
    return Reading(remaining=max(0, most - used), limit=most, window=DAY)


LIMITS = [
    Limit(
        calls=100_000,
        per=DAY,
        learn=usage,
        source="App limits cheat sheet, 'API Request Limits and Allocations': 100,000 in 24 hours and more by licence"
        " from Enterprise on, 15,000 in Developer Edition; the header tells an organization's own; read 2026-11-25",
    ),
    Limit(
        concurrent=25,
        source="help.salesforce.com 000389067: 25 requests of 20 seconds or longer at once; read 2026-11-25",
    ),
]
