"""What Stripe's refusals mean, and what to do about each.

Codes: docs.stripe.com/api/errors and /error-codes; 409: stripe-node issue 2368. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaiven_sdk import CursorExpired, PermissionMissing, ReconnectRequired, VaivenError, VendorBusy

KEYS = "Stripe's Dashboard > Developers > API keys"


def name_error(status: int, body: Any) -> VaivenError | None:
    """Two refusals that are nobody's fault, and keys that will not do."""
    if status == 409:
        return VendorBusy("Stripe is still at work on an earlier request with this key.")
    told = body.get("error") if isinstance(body, dict) else None
    if not isinstance(told, dict):
        return None
    if status == 400 and told.get("param") == "starting_after":
        return CursorExpired("The object at which the list was to go on is gone.", why=told.get("message", ""))
    return _key(status, told)


def _key(status: int, told: Mapping[str, Any]) -> VaivenError | None:
    """What is wrong with the key, and where to get another."""
    code, why = told.get("code"), str(told.get("message") or f"HTTP {status}")
    if code == "secret_key_required":
        return ReconnectRequired(
            "This is a publishable key, which may read nothing.",
            why=why,
            remedy=f"Connect again with the secret key (sk_...) or a restricted one (rk_...): {KEYS}.",
        )
    if status == 401 or code == "account_invalid":
        return ReconnectRequired(
            "Stripe does not accept the key.",
            why=why,
            remedy=f"Take the key that is valid now ({KEYS}), and connect again.",
        )
    if status == 403:
        return PermissionMissing(
            "The restricted key may not do this.",
            why=why,
            remedy=f"Add the permission to the key ({KEYS}); then sync again.",
        )
    return None
