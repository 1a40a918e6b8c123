"""What a vendor refuses a whole account for: each refusal tells the customer in a sentence what to do.

Each vendor's simulator answers over HTTP as the vendor documents it; `source` says where, read 2026-11-25.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import vaiven_connectors
from vaiven_sdk import (
    ConfigInvalid,
    Connector,
    PermissionMissing,
    ReconnectRequired,
    Session,
    VaivenError,
    VendorBusy,
    Window,
)
from vaiven_sdk.errors import Actor, MakerError, NotFound, RequestRefused, VendorDown
from vaiven_sdk.http import Answer, Http
from vaiven_sdk.testing import Fault, ManualClock, Simulator, serve

LATER = datetime(2030, 1, 15, tzinfo=UTC)

SHOPIFY = "shopify.dev/docs/api/usage/response-codes"
SHOPIFY_VERSIONS = "shopify.dev/docs/api/usage/versioning"
HUBSPOT = "developers.hubspot.com/docs/api-reference/error-handling"
KLAVIYO = "developers.klaviyo.com/en/docs/api_versioning_and_deprecation_policy"
MAILCHIMP = "mailchimp.com/developer/marketing/docs/errors"
SALESFORCE = "developer.salesforce.com, REST API Developer Guide, Status Codes and Error Responses"
OAUTH = "help.salesforce.com, OAuth 2.0 Authorization Errors"
META = "developers.facebook.com/docs/graph-api/guides/error-handling"
STRIPE = "docs.stripe.com/error-codes"


def parts(vendor: str) -> tuple[Connector[Any], type[Any]]:
    """A built-in connector and its simulator."""
    module = import_module(f"vaiven_connectors.{vendor}.connector")
    (connector,) = {one for one in vars(module).values() if isinstance(one, Connector)}
    return connector, import_module(f"vaiven_connectors.{vendor}.simulator").simulator


@dataclass(frozen=True)
class Case:
    """One refusal.

    Args:
        vendor: slug.
        what: in our words.
        source: where the vendor documents the answer.
        error: what it must become.
        says: each is in what the customer reads; a regular expression.
        quirks: of the simulator.
        act: brings it about in the running simulator; may give another credential.
        read: a stream to read; without one the account is asked for, as when somebody connects.
        at: the simulator's date.
    """

    vendor: str
    what: str
    source: str
    error: type[VaivenError]
    says: tuple[str, ...]
    quirks: Mapping[str, Any] = field(default_factory=dict)
    act: Callable[[Any], Mapping[str, str] | None] = lambda _: None
    read: str = ""
    at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.vendor}: {self.what}"


def answers(status: int, body: str, **headers: str) -> Callable[[Simulator], None]:
    """The vendor's documented answer to everything."""

    def act(simulator: Simulator) -> None:
        simulator.faults.add(Fault(kind="status", status=status, body=body, times=0, headers=headers))

    return act


def with_credential(**values: str) -> Callable[[Simulator], Mapping[str, str]]:
    """Somebody gives another credential."""
    return lambda _: values


def fewer_scopes(shop: Any) -> Mapping[str, str]:
    return {"access_token": shop.access.issue(frozenset({"read_products"}))}


def ended(portal: Any) -> Mapping[str, str]:
    """A token without a refresh token, half an hour later."""
    token = portal.portal.access.private_token
    portal.faults.add(
        Fault(
            kind="status",
            status=401,
            times=0,
            body='{"status":"error","message":"The OAuth token used to make this call expired 3 second(s) ago.",'
            '"category":"EXPIRED_AUTHENTICATION","context":{"expire time":["2026-11-25T10:00:00.000Z"]}}',
        )
    )
    return {"access_token": token}


CASES = [
    # ---------------------------------------------------------------------------------------------------- Shopify
    Case(
        "shopify",
        "another shop's name",
        SHOPIFY,
        ConfigInvalid,
        ("no shop of this name", r"before \.myshopify\.com"),
        act=answers(404, '{"errors":"Not Found"}'),
    ),
    Case("shopify", "a frozen shop", SHOPIFY, PermissionMissing, ("frozen", "pays"), {"broken_status": "frozen"}),
    Case("shopify", "a locked shop", SHOPIFY, PermissionMissing, ("locked", "support"), {"broken_status": "locked"}),
    Case(
        "shopify",
        "a closed shop",
        SHOPIFY,
        PermissionMissing,
        ("shop's admin", "installed"),
        {"broken_status": "closed"},
    ),
    Case(
        "shopify",
        "a scope that was not granted",
        SHOPIFY,
        PermissionMissing,
        ("ACCESS_DENIED", "orders", "scopes"),
        act=fewer_scopes,
        read="orders",
    ),
    Case("shopify", "the app was taken out", SHOPIFY, ReconnectRequired, ("Connect",), act=lambda s: s.uninstall()),
    Case(
        "shopify",
        "customers that are kept from the app",
        "shopify.dev/docs/apps/launch/protected-customer-data",
        PermissionMissing,
        ("customers", "protected customer data"),
        {"protected_data": "all"},
        act=lambda s: s.sample("customers", 3) and None,
        read="customers",
    ),
    Case(
        "shopify",
        "a version that is retired, on connecting",
        SHOPIFY_VERSIONS,
        RequestRefused,
        ("no longer serves", "Update Vaiven"),
        at=LATER,
    ),
    Case(
        "shopify",
        "a version that is retired, in a sync",
        SHOPIFY_VERSIONS,
        RequestRefused,
        ("no longer serves", "Update Vaiven"),
        at=LATER,
        read="products",
    ),
    # ---------------------------------------------------------------------------------------------------- HubSpot
    Case(
        "hubspot",
        "the token was rotated",
        HUBSPOT,
        ReconnectRequired,
        ("Connect",),
        act=lambda s: s.rotate_private_token() and None,
    ),
    Case(
        "hubspot",
        "the token has ended",
        "airbytehq/airbyte issue 74726",
        ReconnectRequired,
        ("expired 3 second", "Connect"),
        act=ended,
    ),
    Case(
        "hubspot",
        "a scope that was not granted",
        HUBSPOT,
        PermissionMissing,
        (r"missing: crm\.objects\.deals\.read", "Add crm"),
        {"missing_scopes": ("deals",)},
        read="deals",
    ),
    Case(
        "hubspot",
        "not in the account's subscription",
        HUBSPOT,
        PermissionMissing,
        ("subscription", "scopes"),
        act=answers(403, '{"status":"error","message":"This account does not have access to this API."}'),
    ),
    Case(
        "hubspot",
        "the account moves to another region",
        HUBSPOT,
        VendorBusy,
        ("data centre", "up to a day"),
        {"migrating": True},
    ),
    # ---------------------------------------------------------------------------------------------------- Klaviyo
    Case(
        "klaviyo",
        "the key was removed",
        "developers.klaviyo.com/en/docs/authenticate_",
        ReconnectRequired,
        ("private key", "Settings > API keys"),
        act=with_credential(api_key="pk_0123456789abcdef0123456789abcdef01"),
    ),
    Case(
        "klaviyo",
        "a key without the scope",
        "developers.klaviyo.com/en/docs/authenticate_",
        PermissionMissing,
        ("scopes", "show klaviyo"),
        act=lambda s: s.restrict_key(["accounts:read"]),
        read="profiles",
    ),
    Case("klaviyo", "a revision that is retired", KLAVIYO, MakerError, ("2026-07-15", "Update"), at=LATER),
    Case(
        "klaviyo",
        "a firewall's page",
        "klaviyo/klaviyo-api-python issue 84",
        VendorDown,
        ("in front of Klaviyo", "next sync"),
        act=answers(403, "<!DOCTYPE html><html><title>Just a moment...</title></html>"),
    ),
    # -------------------------------------------------------------------------------------------------- Mailchimp
    Case(
        "mailchimp",
        "another data centre",
        MAILCHIMP,
        ConfigInvalid,
        ("data centre", "behind the dash"),
        act=lambda s: {"api_key": s.api_key.partition("-")[0] + "-us7"},
    ),
    Case(
        "mailchimp",
        "a key that was disabled",
        MAILCHIMP,
        ReconnectRequired,
        ("new API key", "Extras"),
        act=with_credential(api_key="0123456789abcdef0123456789abcdef-us21"),
    ),
    Case(
        "mailchimp",
        "a deactivated account",
        "hitobito/hitobito issue 3712",
        ReconnectRequired,
        ("deactivated", "billing, compliance"),
        {"user_disabled": True},
    ),
    Case(
        "mailchimp",
        "a user or plan without the right",
        MAILCHIMP,
        PermissionMissing,
        ("Manager or above", "plan"),
        act=answers(
            403,
            '{"type":"","title":"Forbidden","status":403,"detail":"You are not permitted to access this resource."}',
        ),
    ),
    Case(
        "mailchimp",
        "an audience that is gone",
        MAILCHIMP,
        ConfigInvalid,
        ("no audience", "Audience ID"),
        act=lambda s: s.audiences.clear(),
    ),
    Case(
        "mailchimp",
        "an audience that went in the meantime",
        MAILCHIMP,
        NotFound,
        ("no such object", "settings"),
        act=lambda s: s.audiences.clear(),
        read="members",
    ),
    # ------------------------------------------------------------------------------------------------- Salesforce
    Case(
        "salesforce",
        "an edition without API",
        "wadewegner/Force.com-Toolkit-for-NET issue 150",
        PermissionMissing,
        ("API_DISABLED_FOR_ORG", "edition", "API Enabled"),
        {"api_enabled": False},
    ),
    Case(
        "salesforce",
        "a session that ended",
        SALESFORCE,
        ReconnectRequired,
        ("INVALID_SESSION_ID", "Connect"),
        act=lambda s: s.revoke_access(),
    ),
    Case(
        "salesforce",
        "a sandbox asked for a token as production",
        OAUTH,
        ReconnectRequired,
        (r"test\.salesforce\.com for a sandbox", r"login\.salesforce\.com for production"),
        {"wrong_login_host": True},
        act=lambda s: s.oauth_credential,
    ),
    Case(
        "salesforce",
        "an object that the user may not see",
        SALESFORCE,
        PermissionMissing,
        ("does not show", "permission set"),
        {"hidden_objects": ("Opportunity",)},
        read="opportunities",
    ),
    Case(
        "salesforce",
        "a version that is retired",
        "help.salesforce.com 000354473",
        RequestRefused,
        ("retired", "newer version"),
        {"oldest_version": 66},
    ),
    Case(
        "salesforce",
        "the day's requests are used up",
        "help.salesforce.com 000389067",
        VendorBusy,
        ("last 24 hours", "System Overview"),
        act=answers(403, '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'),
    ),
    # ------------------------------------------------------------------------------------------------- Google Ads
    Case(
        "google_ads",
        "a project that may call test accounts only",
        "developers.google.com/google-ads/api/docs/api-policy/access-levels",
        PermissionMissing,
        ("test accounts only", "Explorer, Basic or Standard"),
        {"access_level": "test"},
    ),
    Case(
        "google_ads",
        "a version that is retired",
        "developers.google.com/google-ads/api/docs/sunset-dates",
        RequestRefused,
        ("no longer serves", "newer version"),
        {"retired": ("v25",)},
    ),
    Case(
        "google_ads",
        "the user took the access away",
        "developers.google.com/identity/protocols/oauth2",
        ReconnectRequired,
        ("Connect",),
        act=lambda s: s.oauth.disconnect(),
    ),
    # --------------------------------------------------------------------------------------------------- Meta Ads
    Case(
        "meta_ads",
        "a token that has expired",
        META,
        ReconnectRequired,
        ("expired", "Sign in again"),
        act=lambda s: s.kill_token(463),
    ),
    Case(
        "meta_ads",
        "the app was removed",
        META,
        ReconnectRequired,
        ("removed", "Sign in again and allow"),
        act=lambda s: s.kill_token(458),
    ),
    Case(
        "meta_ads",
        "a permission that was not granted",
        META,
        PermissionMissing,
        ("did not grant ads_read", "every permission ticked"),
        act=lambda s: s.restrict_token(["public_profile"]),
    ),
    Case(
        "meta_ads",
        "a version that is retired",
        META,
        MakerError,
        ("no longer serves", "Update the connector"),
        {"versions": ("v99.0",)},
    ),
    # ----------------------------------------------------------------------------------------------------- Stripe
    Case(
        "stripe",
        "a key that has expired",
        STRIPE,
        ReconnectRequired,
        ("Expired API Key", "valid now"),
        {"expired_key": True},
    ),
    Case(
        "stripe",
        "a key that was rolled",
        STRIPE,
        ReconnectRequired,
        ("Invalid API Key", "API keys"),
        act=lambda s: s.roll_key() and None,
    ),
    Case(
        "stripe",
        "a publishable key",
        "getlago/lago-api pull request 3650",
        ReconnectRequired,
        ("publishable", "sk_"),
        act=with_credential(api_key="pk_live_0123456789abcdefghijklmn"),
    ),
    Case(
        "stripe",
        "a restricted key without the permission",
        "docs.stripe.com/keys/permissions-reference",
        PermissionMissing,
        ("rak_", "Add the permission"),
        act=lambda s: s.restrict_key(["customers:read"]),
        read="charges",
    ),
]


async def asked(case: Case, simulator: Simulator, url: str, credential: Mapping[str, str]) -> None:
    """Ask for the account, or read a stream, as the engine does."""
    connector, _ = parts(case.vendor)
    config = connector.config.model_validate(getattr(simulator, "config", {}))
    base = url + urlsplit(connector.base_url).path
    async with Http(connector, config, credential, base_url=base, attempts=1) as client:
        hub = Session(client.config, client.send)
        if not case.read:
            await connector.hooks["account"](hub)
            return
        stream = connector.streams[case.read]
        window = Window(client.config, fields=tuple(stream.record.paths()))
        own = stream.readers.get("full")
        pages = own(hub, window, None) if own else hub.walk(stream.full, window)
        async for _ in pages:
            pass


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_refusal_says_what_to_do(case):
    options = {"clock": ManualClock(case.at)} if case.at else {}
    _, kind = parts(case.vendor)
    simulator = kind(quirks={**getattr(kind, "calm", {}), **case.quirks}, **options)
    credential = dict(simulator.credential)
    with serve(simulator) as server:
        credential = dict(case.act(simulator) or credential)
        with pytest.raises(VaivenError) as caught:
            await asked(case, simulator, server.url, credential)
    problem = caught.value
    assert isinstance(problem, case.error), problem
    told = f"{problem.what} {problem.why} {problem.remedy}"
    for words in case.says:
        assert re.search(words, told), f"{words!r} is not in: {told}"
    if problem.actor is Actor.CUSTOMER:
        assert problem.remedy.endswith(".")
    for name, value in credential.items():
        assert value not in told or name in {"client_id", "username"}


def test_every_built_in_connector_has_its_refusals():
    built_in = {path.parent.name for path in Path(vaiven_connectors.__path__[0]).glob("*/connector.py")}
    assert {case.vendor for case in CASES} == built_in
    assert all(case.source and case.says for case in CASES)


# ------------------------------------------------------------------------------------------ a sandbox, and no refusal
def marked(simulator: Any) -> None:
    simulator.account["test_account"] = True


@pytest.mark.parametrize(
    ("vendor", "quirks", "act", "ends"),
    [
        ("stripe", {"livemode": False}, lambda _: None, "(sandbox)"),
        ("stripe", {"livemode": True}, lambda _: None, None),
        ("salesforce", {"sandbox": True}, lambda _: None, "(sandbox)"),
        ("salesforce", {}, lambda _: None, None),
        ("klaviyo", {}, marked, "(test account)"),
        ("klaviyo", {}, lambda _: None, None),
    ],
)
async def test_whoever_connects_a_sandbox_sees_it_in_the_accounts_name(vendor, quirks, act, ends):
    connector, kind = parts(vendor)
    simulator = kind(quirks={**getattr(kind, "calm", {}), **quirks})
    act(simulator)
    with serve(simulator) as server:
        config = connector.config.model_validate(getattr(simulator, "config", {}))
        base = server.url + urlsplit(connector.base_url).path
        async with Http(connector, config, simulator.credential, base_url=base) as client:
            account = await connector.hooks["account"](Session(client.config, client.send))
    assert account.name.endswith(ends) if ends else not account.name.endswith(")")


# ------------------------------------------------------------------------------- a field of a type that nobody has met
CUSTOM = {"hubspot": "contacts", "mailchimp": "members", "salesforce": "contacts", "shopify": "customers"}
"""Connectors whose vendors declare a type for each field that an account's owner adds."""


def retyped(node: Any, name: str) -> None:
    """Give the field of that name a type of the future, wherever the vendor describes it."""
    if isinstance(node, list):
        for one in node:
            retyped(one, name)
    elif isinstance(node, dict):
        mine = f"{node['namespace']}.{node['key']}" if "namespace" in node else node.get("name")
        if "type" in node and name in {mine, node.get("tag")}:
            node["type"] = {"name": "hologram"} if isinstance(node["type"], dict) else "hologram"
        for one in node.values():
            retyped(one, name)


@pytest.mark.parametrize(("vendor", "stream"), CUSTOM.items())
async def test_a_field_of_an_unknown_type_is_left_out_and_the_rest_goes_on(vendor, stream):
    connector, kind = parts(vendor)
    simulator = kind(quirks=getattr(kind, "calm", {}))
    name, _ = simulator.customise(stream)
    with serve(simulator) as server:
        config = connector.config.model_validate(getattr(simulator, "config", {}))
        base = server.url + urlsplit(connector.base_url).path
        async with Http(connector, config, simulator.credential, base_url=base) as client:

            async def send(*args: Any, **options: Any) -> Answer:
                answer = await client.send(*args, **options)
                body = answer.json()
                retyped(body, name)
                return dataclasses.replace(answer, content=json.dumps(body).encode())

            fields_of = connector.streams[stream].customizer
            known = {one.key for one in await fields_of(Session(config, client.send))}
            left = {one.key for one in await fields_of(Session(config, send))}
    assert known - left == {name}
