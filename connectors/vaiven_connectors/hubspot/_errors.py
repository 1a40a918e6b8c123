"""What HubSpot's error bodies tell beyond the status.

Statuses: developers.hubspot.com/docs/api-reference/error-handling, read 2026-11-25.
"""

from typing import Any

from vaiven_sdk import PermissionMissing, VaivenError, VendorBusy

WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3600.0}
"""Seconds until a limit's window opens again; the daily one does at midnight in the portal's zone."""
MIGRATING = 477
SCOPES = ("requiredGranularScopes", "requiredScopes", "missingScopes")
"""Where errors name scopes: any one of the granular ones is enough."""


def refine(status: int, body: Any) -> VaivenError | None:
    """Name the missing scopes, and the limit that was reached."""
    body = body if isinstance(body, dict) else {}
    if body.get("category") == "MISSING_SCOPES":
        said = [e.get("context") or {} for e in body.get("errors") or () if isinstance(e, dict)]
        named = {s for context in said for key in SCOPES for s in context.get(key) or ()}
        scopes = ", ".join(sorted(named)) or "a scope that HubSpot does not name"
        return PermissionMissing(
            "HubSpot has not granted Vaiven a permission that this needs.",
            why=f"missing: {scopes}",
            remedy=f"Add {scopes} to the private app, or connect the account again, then sync again.",
        )
    if status == 429 and body.get("policyName") in WAITS:
        policy = str(body["policyName"])
        return VendorBusy("HubSpot asks to slow down.", why=f"the limit {policy} is reached", retry_after=WAITS[policy])
    if status == MIGRATING:
        return VendorBusy(
            "HubSpot moves this account to another data centre just now.",
            why=str(body.get("message") or "HTTP 477"),
            remedy="Nothing to do: it takes up to a day, and the next sync after that goes on.",
            retry_after=3600.0,
        )
    if status == 403:
        return PermissionMissing(
            "HubSpot does not allow this to the connected app or user.",
            why=str(body.get("message") or "HTTP 403"),
            remedy="See in HubSpot that the app has the scopes that `vaiven connectors show hubspot` lists, and that"
            " the account's subscription has what is named; then sync again.",
        )
    return None
