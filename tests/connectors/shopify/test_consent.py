"""What proves a permission at Shopify, what becomes of proofs there, and its states of consent."""

from datetime import UTC, datetime

import pytest

from tests.support.consents import ADA, tools_at
from vaiven_connectors.shopify._customers import Customer
from vaiven_connectors.shopify._writes import _changing
from vaiven_sdk import Proof, Write

WHEN = "2026-05-01T10:00:00Z"
ID = "gid://shopify/Customer/1018520244"


@pytest.fixture
def tools(sqlite_stores):
    with tools_at(sqlite_stores) as found:
        yield found


def customer(email=None, sms=None):
    mail = {"emailAddress": ADA, "marketingState": "SUBSCRIBED", "marketingUpdatedAt": WHEN, **(email or {})}
    text = {"state": "SUBSCRIBED", "updatedAt": WHEN, "collectedFrom": "SHOPIFY", **(sms or {})}
    phone = {"phoneNumber": "+34600123456", "smsMarketingConsent": text}
    body = {"id": ID, "updatedAt": WHEN, "defaultEmailAddress": mail, "defaultPhoneNumber": phone}
    return Customer.model_validate(body)


# ------------------------------------------------------------------------------------------------ what is a proof
def test_a_confirmed_opt_in_is_a_proof():
    one = customer({"marketingOptInLevel": "CONFIRMED_OPT_IN"}, {"optInLevel": "CONFIRMED_OPT_IN"})
    assert {name: (found.instant, found.via) for name, found in one.proofs().items()} == dict.fromkeys(
        ("email_consent", "sms_consent"), ("2026-05-01T10:00:00.000000Z", "double opt-in")
    )


@pytest.mark.parametrize(
    ("email", "sms"),
    [
        # A shopper's tick, the staff's, an import and an app all end in these.
        ({"marketingOptInLevel": "SINGLE_OPT_IN"}, {"optInLevel": "SINGLE_OPT_IN"}),
        ({"marketingOptInLevel": "UNKNOWN"}, {"optInLevel": "UNKNOWN"}),
        ({"marketingOptInLevel": None}, {"optInLevel": None}),
        (
            {"marketingOptInLevel": "CONFIRMED_OPT_IN", "marketingUpdatedAt": None},
            {"optInLevel": "CONFIRMED_OPT_IN", "updatedAt": None},
        ),
        # What an app says that it collected elsewhere; e-mail has no such field.
        ({}, {"optInLevel": "CONFIRMED_OPT_IN", "collectedFrom": "OTHER"}),
        *(
            (
                {"marketingOptInLevel": "CONFIRMED_OPT_IN", "marketingState": state},
                {"optInLevel": "CONFIRMED_OPT_IN", "state": state},
            )
            for state in ("UNSUBSCRIBED", "PENDING")
        ),
    ],
)
def test_nothing_else_is(email, sms):
    assert customer(email, sms).proofs() == {}


# ------------------------------------------------------------------------------------------------ what is written
@pytest.mark.parametrize(
    ("held", "via", "told"),
    [
        (None, "double opt-in", {"marketingOptInLevel": "CONFIRMED_OPT_IN", "consentUpdatedAt": WHEN}),
        ("2026-04-01T10:00:00Z", "form", {"marketingOptInLevel": "SINGLE_OPT_IN", "consentUpdatedAt": WHEN}),
        # Shopify goes by its latest record: an older date would change nothing, and a later one would be made up.
        ("2026-06-01T10:00:00Z", "double opt-in", {"marketingOptInLevel": "SINGLE_OPT_IN"}),
        ("2026-05-01T10:00:00Z", "double opt-in", {"marketingOptInLevel": "SINGLE_OPT_IN"}),
        (None, "no proof", {"marketingOptInLevel": "SINGLE_OPT_IN"}),
    ],
)
def test_a_permission_goes_with_the_date_of_its_proof(held, via, told):
    before = customer({"marketingState": "UNSUBSCRIBED", "marketingUpdatedAt": held})
    record, names = before.with_unified({**before.unified(), "email_consent": "granted"}, {"email_consent"})
    at = datetime(2026, 5, 1, 10, 0, 0, 400_000, tzinfo=UTC)
    proofs = {} if via == "no proof" else {"email_consent": Proof(at, "form-7", via=via)}
    parts = _changing(Write("update", "h1", record, ID, frozenset(names), before=before, proofs=proofs))
    assert parts.variables["email"]["emailMarketingConsent"] == {"marketingState": "SUBSCRIBED", **told}


# ------------------------------------------------------------------------------------------------ between tools
async def test_a_confirmation_loosens_an_earlier_refusal_everywhere(tools):
    shopify, klaviyo, mailchimp = tools.open("shopify"), tools.open("klaviyo"), tools.open("mailchimp")
    (ada,) = shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    mailchimp.seed([{"email_address": ADA}])
    await tools.settle()
    klaviyo.opt_out(ADA)
    await tools.sync()
    assert (tools.shopify["marketingState"], tools.mailchimp["status"]) == ("UNSUBSCRIBED", "unsubscribed")
    shopify.confirm(ada)
    await tools.sync()
    assert (tools.hubs, tools.proven()) == ("granted", [("shopify", "double opt-in")])
    assert (tools.klaviyo["consent"], tools.mailchimp["status"]) == ("SUBSCRIBED", "subscribed")
    assert (await tools.sync()).writes == 0
    assert tools.proven() == [("shopify", "double opt-in")], "what we told the others does not come back as an act"


@pytest.mark.parametrize("how", ["the staff", "a shopper's tick", "waiting for an answer"])
async def test_what_is_not_proven_loosens_nothing(tools, how):
    shopify, klaviyo = tools.open("shopify"), tools.open("klaviyo")
    (ada,) = shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    await tools.settle()
    klaviyo.opt_out(ADA)
    await tools.sync()
    if how == "the staff":
        shopify.tick(ada)
    else:
        shopify.decide(ada, "SUBSCRIBED" if how == "a shopper's tick" else "PENDING")
    await tools.settle()
    assert (tools.hubs, tools.klaviyo["consent"]) == ("denied", "UNSUBSCRIBED")


async def test_a_permission_that_we_bring_to_shopify_is_as_old_as_the_act(tools):
    shopify, klaviyo = tools.open("shopify"), tools.open("klaviyo")
    shopify.seed([{"email": ADA, "emailState": "UNSUBSCRIBED"}])
    klaviyo.seed_profiles([{"email": ADA}])
    await tools.settle()
    klaviyo.opt_in(ADA)
    acted = tools.clock.now()
    await tools.settle()
    held = {name: value for name, value in tools.shopify.items() if not name.startswith("_")}
    told = {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"}
    assert held == {**told, "consentUpdatedAt": f"{acted:%FT%TZ}"}
    assert tools.proven() == [("klaviyo", "preference page")]


async def test_a_refusal_reaches_every_tool_within_one_cycle(tools):
    shopify, klaviyo, mailchimp = tools.open("shopify"), tools.open("klaviyo"), tools.open("mailchimp")
    (ada,) = shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    mailchimp.sign_up(ADA)
    await tools.settle()
    shopify.unsubscribe(ada)
    await tools.sync()
    assert (tools.klaviyo["consent"], tools.mailchimp["status"]) == ("UNSUBSCRIBED", "unsubscribed")
