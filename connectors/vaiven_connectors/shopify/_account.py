"""The shop: its settings, how requests are signed and counted, and what its refusals mean.

The API version is 2026-10, the newest stable one on 2026-11-25. A stable version is supported for at least twelve
months, so this one may be retired from 2027-10-01 on (shopify.dev/docs/api/usage/versioning, read 2026-11-25).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from vaiven_sdk import (
    ApiKey,
    Config,
    ConfigInvalid,
    Connector,
    Limit,
    OAuth2,
    PermissionMissing,
    RequestRefused,
    Scope,
    VaivenError,
)
from vaiven_sdk.limits import throttle_status

from ._graphql import estimate, spent

if TYPE_CHECKING:
    from vaiven_sdk.http import Answer

VERSION = "2026-10"


def served(answer: Answer) -> VaivenError | None:
    """A version that is retired is not refused: the oldest one that is left answers, and says so in a header.

    Source: shopify.dev/docs/api/usage/versioning, read 2026-11-25.
    """
    version = answer.headers.get("x-shopify-api-version", VERSION)
    if version == VERSION:
        return None
    return RequestRefused(
        "Shopify no longer serves the API version that this connector speaks.",
        why=f"{VERSION} was asked for, {version} answered",
        remedy="Update Vaiven: a newer Shopify connector speaks a newer version.",
    )


def _name_of(value: object) -> object:
    """`acme-books` of `acme-books.myshopify.com`; the pattern refuses whatever is no name."""
    return value.strip().lower().removesuffix(".myshopify.com") if isinstance(value, str) else value


class Settings(Config):
    """Which shop."""

    shop: Annotated[str, BeforeValidator(_name_of)] = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,59}$",
        title="Shop name",
        description="What stands before .myshopify.com in the address of the shop's admin.",
        examples=["acme-books"],
    )


shopify = Connector(
    "shopify",
    Settings,
    name="Shopify",
    category="ecommerce",
    base_url=f"https://{{config.shop}}.myshopify.com/admin/api/{VERSION}",
    # Results of bulk operations lie there (shopify.dev, "Perform bulk operations", read 2026-11-25).
    hosts=["storage.googleapis.com"],
    auth=[
        # Public apps must use tokens that end after an hour, from 2027-01-01 on for all of them
        # (shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens).
        OAuth2(
            authorize_url="https://{config.shop}.myshopify.com/admin/oauth/authorize",
            token_url="https://{config.shop}.myshopify.com/admin/oauth/access_token",  # noqa: S106
            separator=",",
            token_params={"expiring": "1"},
            header="X-Shopify-Access-Token",
            prefix="",
        ),
        ApiKey(header="X-Shopify-Access-Token", field="token", label="Admin API access token"),
    ],
    limits=[
        # A Standard shop gets 100 points back each second, and 20 seconds' worth fit its bucket; larger plans get more.
        Limit(
            calls=2000,
            per=20,
            steady=True,
            cost=estimate,
            actual=spent,
            learn=throttle_status,
            grows=True,
            source="shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits, read 2026-11-25",
        )
    ],
    docs="https://shopify.dev/docs/api/admin-graphql",
    scopes=[Scope("read_customers", "read who buys; the fields of people need Shopify's approval of the app as well")],
)


@shopify.error
def name_error(status: int, body: Any) -> VaivenError | None:
    """Refusals of the whole shop (shopify.dev/docs/api/usage/response-codes, read 2026-11-25)."""
    why = str(body.get("errors") or "")[:200] if isinstance(body, dict) else ""
    if status == 402:
        return PermissionMissing(
            "The shop is frozen.", why=why, remedy="Its owner pays Shopify's open bill; then sync again."
        )
    if status == 423:
        return PermissionMissing(
            "Shopify has locked the shop.", why=why, remedy="Its owner asks Shopify's support why; then sync again."
        )
    if status == 403 and isinstance(body, dict):
        return PermissionMissing(
            "Shopify does not let this app at the shop.",
            why=why,
            remedy="Look in the shop's admin whether the shop is open and the app is installed, and install it anew"
            " with the scopes that `vaiven connectors show shopify` lists; then sync again.",
        )
    # A result file that has expired is missing too, but its host answers no JSON.
    if status == 404 and isinstance(body, dict) and "errors" in body:
        return ConfigInvalid(
            "There is no shop of this name, or it does not know this API version.",
            why=why,
            remedy="Look up the name before .myshopify.com in the address of the shop's admin.",
        )
    return None
