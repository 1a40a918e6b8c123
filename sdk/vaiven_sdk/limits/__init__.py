"""How fast a vendor lets one account call it: declared, kept, and tightened by what its answers say."""

from vaiven_sdk.limits._gates import LONGEST_WAIT
from vaiven_sdk.limits._learn import Reading, call_count, headers, standard, throttle_status
from vaiven_sdk.limits._limit import Answered, Ask, Limit
from vaiven_sdk.limits._retry_after import retry_after
from vaiven_sdk.limits._throttle import Throttle, Turn

__all__ = [
    "LONGEST_WAIT",
    "Answered",
    "Ask",
    "Limit",
    "Reading",
    "Throttle",
    "Turn",
    "call_count",
    "headers",
    "retry_after",
    "standard",
    "throttle_status",
]
