"""What proves a permission at Mailchimp, what becomes of proofs there, and who may be subscribed again."""

import pytest

from tests.support.consents import ADA, tools_at
from vaiven_connectors.mailchimp import connector
from vaiven_connectors.mailchimp.connector import Member

WHEN = "2026-05-01T10:00:00+00:00"
LATER = "2026-06-01T10:00:00+00:00"


@pytest.fixture
def tools(sqlite_stores):
    with tools_at(sqlite_stores) as found:
        yield found


def member(**values):
    shown = {"contact_id": "c1", "email_address": ADA, "status": "subscribed", "last_changed": LATER}
    return Member.model_validate({**shown, "timestamp_signup": WHEN, "timestamp_opt": LATER, **values})


# ------------------------------------------------------------------------------------------------ what is a proof
@pytest.mark.parametrize("source", ["Hosted Signup Form", "Embed Form"])
def test_a_confirmed_sign_up_at_a_form_is_a_proof(source):
    found = member(source=source).proofs()["email_consent"]
    assert (found.instant, found.via) == ("2026-05-01T10:00:00.000000Z", source.lower())


@pytest.mark.parametrize(
    "values",
    [
        # Any app can set both times; an administrator and an import have an opt-in time as well.
        {"source": "API - Generic"},
        {"source": "Admin Add"},
        {"source": "Import"},
        {"source": "Mahsa McCauley NZD"},
        {"source": None},
        # A single opt-in: the one time that there is moves with every later change by whomever.
        {"source": "Hosted Signup Form", "timestamp_signup": ""},
        {"source": "Hosted Signup Form", "status": "pending"},
        {"source": "Hosted Signup Form", "status": "unsubscribed"},
        {"source": "Hosted Signup Form", "status": "cleaned"},
    ],
)
def test_nothing_else_is(values):
    assert member(**values).proofs() == {}


# ------------------------------------------------------------------------------------------------ between tools
async def test_a_confirmation_loosens_an_earlier_refusal_everywhere(tools):
    mailchimp, klaviyo, shopify = tools.open("mailchimp"), tools.open("klaviyo"), tools.open("shopify")
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    mailchimp.sign_up(ADA)
    await tools.settle()
    klaviyo.opt_out(ADA)
    await tools.settle()
    assert (tools.hubs, tools.mailchimp["status"]) == ("denied", "unsubscribed")
    mailchimp.sign_up(ADA)
    acted = tools.clock.now()
    await tools.sync()
    assert (tools.hubs, tools.proven()[-1]) == ("granted", ("mailchimp", "hosted signup form"))
    # Each is told when she agreed, not when we came to say so.
    assert (tools.klaviyo["consent"], tools.klaviyo["consent_timestamp"][:19]) == ("SUBSCRIBED", f"{acted:%FT%T}")
    assert (tools.shopify["marketingState"], tools.shopify["consentUpdatedAt"]) == ("SUBSCRIBED", f"{acted:%FT%TZ}")
    assert (await tools.sync()).writes == 0


@pytest.mark.parametrize("how", ["an administrator", "a single opt-in", "an app", "a confirmation of an older date"])
async def test_what_is_not_proven_loosens_nothing(tools, how):
    mailchimp, klaviyo = tools.open("mailchimp", renews_signup=False), tools.open("klaviyo")
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    mailchimp.sign_up(ADA)
    await tools.settle()
    klaviyo.opt_out(ADA)
    await tools.settle()
    if how == "an administrator":
        mailchimp.edit(ADA, {"status": "subscribed"})
    elif how == "a single opt-in":
        mailchimp.sign_up(ADA, confirmed=False)
    elif how == "an app":
        at = tools.clock.now().isoformat(timespec="seconds")
        mailchimp.edit(ADA, {"status": "subscribed", "timestamp_opt": at, "ip_opt": "203.0.113.7"})
    else:
        mailchimp.sign_up(ADA)
    await tools.settle()
    assert (tools.hubs, tools.klaviyo["consent"]) == ("denied", "UNSUBSCRIBED")


async def test_who_left_by_themselves_is_asked_once_and_subscribed_by_their_own_answer(tools):
    mailchimp, shopify = tools.open("mailchimp"), tools.open("shopify")
    mailchimp.sign_up(ADA)
    shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    await tools.settle()
    mailchimp.unsubscribe(ADA)
    await tools.sync()
    assert (tools.hubs, tools.shopify["marketingState"]) == ("denied", "UNSUBSCRIBED")
    shopify.confirm(tools.customer())
    report = await tools.sync()
    # The API may not subscribe her: Mailchimp asks, and the hub knows what she said elsewhere.
    assert (report.writes, tools.mailchimp["status"], tools.hubs) == (1, "pending", "granted")
    assert (await tools.sync()).writes == 0, "nobody is asked twice"
    mailchimp.confirm(ADA)
    assert (await tools.sync()).writes == 0
    assert (tools.hubs, tools.mailchimp["status"]) == ("granted", "subscribed")


async def test_pending_takes_nothing_back_that_is_proven_elsewhere(tools):
    mailchimp, shopify = tools.open("mailchimp"), tools.open("shopify")
    mailchimp.seed([{"email_address": ADA, "status": "pending"}])
    (ada,) = shopify.seed([{"email": ADA}])
    shopify.confirm(ada)
    await tools.settle()
    assert (tools.hubs, tools.shopify["marketingState"]) == ("granted", "SUBSCRIBED")


async def test_a_refusal_reaches_every_tool_within_one_cycle(tools):
    mailchimp, klaviyo, shopify = tools.open("mailchimp"), tools.open("klaviyo"), tools.open("shopify")
    mailchimp.sign_up(ADA)
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    await tools.settle()
    mailchimp.unsubscribe(ADA)
    await tools.sync()
    assert tools.klaviyo["consent"] == tools.shopify["marketingState"] == "UNSUBSCRIBED"
    assert tools.hubs == "denied"


# ------------------------------------------------------------------------------------------------ what is written
async def test_a_new_member_keeps_the_date_of_the_proof(tools):
    mailchimp, shopify = tools.open("mailchimp"), tools.open("shopify")
    ada, _ = shopify.seed([{"email": ADA}, {"email": "bo@people.example", "emailState": "SUBSCRIBED"}])
    shopify.confirm(ada)
    acted = tools.clock.now()
    await tools.settle()
    members = {one["email_address"]: one for one in mailchimp.state()["members"].values()}
    assert members[ADA]["timestamp_opt"] == f"{acted:%FT%T}+00:00"
    # Of Bo we have no act: Mailchimp dates what it was told when it was told.
    assert members["bo@people.example"]["timestamp_opt"] > members[ADA]["timestamp_opt"]


async def test_somebody_who_is_there_already_keeps_her_own_date(tools):
    mailchimp, shopify = tools.open("mailchimp"), tools.open("shopify")
    mailchimp.sign_up(ADA)
    before = tools.mailchimp["timestamp_opt"]
    (ada,) = shopify.seed([{"email": ADA}])
    tools.clock.advance(60)
    shopify.confirm(ada)
    await tools.settle()
    assert tools.mailchimp["timestamp_opt"] == before


def test_the_fields_of_the_proof_are_asked_for():
    assert {"source", "timestamp_signup"} <= set(Member.paths())
    assert connector.streams["members"].record is Member
