"""What proves a permission at Klaviyo, what becomes of proofs there, and its own ways: jobs and double opt-in."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.connectors.klaviyo.test_connector import connected, said, update
from tests.support.consents import ADA, tools_at
from vaiven_connectors.klaviyo import _consent
from vaiven_connectors.klaviyo.connector import Profile
from vaiven_sdk import Proof, Write
from vaiven_sdk.testing import ManualClock

EARLY, LATE = "2026-05-01T10:00:00+00:00", "2026-06-01T10:00:00+00:00"
JOB = "/api/profile-subscription-bulk-create-jobs"
YES = {"email": {"marketing": {"consent": "SUBSCRIBED"}}}


@pytest.fixture
def tools(sqlite_stores):
    with tools_at(sqlite_stores) as found:
        yield found


def profile(channel="email", **marketing):
    about = {"consent": "SUBSCRIBED", "consent_timestamp": EARLY, f"can_receive_{channel}_marketing": True, **marketing}
    attributes = {"email": ADA, "updated": LATE, "subscriptions": {channel: {"marketing": about}}}
    return Profile.model_validate({"id": "p1", "type": "profile", "attributes": attributes})


def suppressed(*reasons, **more):
    marks = [{"reason": reason, "timestamp": LATE} for reason in reasons]
    return profile(suppression=marks, can_receive_email_marketing=False, **more)


# ------------------------------------------------------------------------------------------------ what is a proof
@pytest.mark.parametrize(
    ("one", "via"),
    [
        (profile(method="API", double_optin=True), "double opt-in"),
        (profile(method="PREFERENCE_PAGE", double_optin=False), "preference page"),
    ],
)
def test_a_confirmation_and_the_persons_own_page_are_proofs(one, via):
    found = one.proofs()["email_consent"]
    assert (found.instant, found.via) == ("2026-05-01T10:00:00.000000Z", via)


def test_a_text_message_with_the_keyword_is_a_proof():
    assert profile("sms", method="TEXT", method_detail="JOIN").proofs()["sms_consent"].via == "text message"
    assert profile("sms", method="API").proofs() == {}
    assert profile("sms", method="TEXT", consent="UNSUBSCRIBED").proofs() == {}


@pytest.mark.parametrize(
    "one",
    [
        profile(method="API", double_optin=False),
        profile(method="MANUAL_ADD"),
        profile(method="A_WORD_TO_COME"),
        profile(method="PREFERENCE_PAGE", consent_timestamp=None),
        profile(method="API", double_optin=True, can_receive_email_marketing=False),
        # Who unsubscribed somebody is not on record, and a user's suppression is no act of the person.
        profile(consent="UNSUBSCRIBED", double_optin=True),
        profile(consent="NEVER_SUBSCRIBED", double_optin=True),
        suppressed("UNSUBSCRIBE"),
        suppressed("USER_SUPPRESSED"),
        suppressed("SPAM_COMPLAINT", "USER_SUPPRESSED"),
        suppressed("HARD_BOUNCE", double_optin=True),
    ],
)
def test_nothing_else_is(one):
    assert one.proofs() == {}


def test_a_complaint_is_the_persons_own_refusal_and_says_when():
    found = suppressed("HARD_BOUNCE", "SPAM_COMPLAINT").proofs()["email_consent"]
    assert (found.instant, found.via) == ("2026-06-01T10:00:00.000000Z", "spam complaint")


# ------------------------------------------------------------------------------------------------ what is written
async def test_a_proven_permission_is_an_import_with_its_date_and_any_other_is_not(monkeypatch):
    monkeypatch.setattr(_consent, "PATIENCE", 0.0)
    async with connected(account_opt_in="double_opt_in") as hub:
        hub.vendor.seed_profiles([{"email": ADA, "phone_number": "+34600111222"}])
        one = await hub.person(ADA)
        write = update(one, email_consent="granted", sms_consent="granted")
        at = datetime(2026, 5, 1, 10, tzinfo=UTC)
        (done,) = await hub.write("update", with_proof(write, email_consent=Proof(at, "form-7", via="form")))
        asked, past = [body["data"]["attributes"] for body in hub.posted(JOB)]
        assert done.status == "updated"
        assert asked["profiles"]["data"][0]["attributes"]["subscriptions"] == {
            "sms": {"marketing": {"consent": "SUBSCRIBED"}}
        }
        assert "historical_import" not in asked
        assert past["historical_import"] is True
        assert past["profiles"]["data"][0]["attributes"]["subscriptions"] == {
            "email": {"marketing": {"consent": "SUBSCRIBED", "consented_at": "2026-05-01T10:00:00.000000Z"}}
        }
        after = await hub.person(ADA)
        # She was not asked again by mail, and Klaviyo asks her for text messages.
        assert (after.email_state, after.email_decided_at, after.sms_state) == ("SUBSCRIBED", at, "NEVER_SUBSCRIBED")
        assert after.proofs() == {}, "what we brought is no new act"


def with_proof(write, **proofs):
    return Write(write.op, write.hub_id, write.record, write.id, write.changed, before=write.before, proofs=proofs)


@pytest.mark.parametrize(("hours", "answer"), [(-1, ("rejected", "consent_withdrawn")), (1, ("updated", ""))])
async def test_a_refusal_at_klaviyo_gives_way_to_a_later_act_alone(hours, answer):
    async with connected() as hub:
        hub.vendor.clock = clock = ManualClock(datetime.now(UTC) + timedelta(days=1))
        hub.vendor.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
        one = await hub.person(ADA)
        hub.vendor.opt_out(ADA)
        at = clock.now() + timedelta(hours=hours)
        clock.advance(7200)
        write = with_proof(update(one, email_consent="granted"), email_consent=Proof(at, "form-7"))
        assert said(await hub.write("update", write)) == [answer]
        state = (await hub.person(ADA)).email_consent()
        assert state == ("UNSUBSCRIBED" if hours < 0 else "SUBSCRIBED")


# ------------------------------------------------------------------------------------------------ between tools
@pytest.mark.parametrize("how", ["confirm", "page"])
async def test_the_persons_act_loosens_an_earlier_refusal_everywhere(tools, how):
    klaviyo, mailchimp, shopify = tools.open("klaviyo"), tools.open("mailchimp"), tools.open("shopify")
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    mailchimp.seed([{"email_address": ADA}])
    shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    await tools.settle()
    shopify.unsubscribe(tools.customer())
    await tools.sync()
    assert (tools.klaviyo["consent"], tools.mailchimp["status"], tools.hubs) == (
        "UNSUBSCRIBED",
        "unsubscribed",
        "denied",
    )
    if how == "page":
        klaviyo.opt_in(ADA)
    else:
        ask(klaviyo, tools.urls["klaviyo"])
        assert klaviyo.confirm(ADA) == 1
    acted = tools.clock.now()
    await tools.sync()
    assert (tools.hubs, tools.mailchimp["status"], tools.shopify["marketingState"]) == (
        "granted",
        "subscribed",
        "SUBSCRIBED",
    )
    assert tools.mailchimp["timestamp_opt"] == f"{acted:%FT%T}+00:00"
    assert (await tools.sync()).writes == 0


def ask(klaviyo, url):
    """Another app of the account's brings her to a list with double opt-in, so Klaviyo asks her by mail."""
    body = {"profiles": {"data": [{"type": "profile", "attributes": {"email": ADA, "subscriptions": YES}}]}}
    group = klaviyo.make_list("Newsletter", "double_opt_in")
    data = {"type": "profile-subscription-bulk-create-job", "attributes": body}
    data["relationships"] = {"list": {"data": {"type": "list", "id": group}}}
    headers = {"authorization": f"Klaviyo-API-Key {klaviyo.credential['api_key']}", "revision": "2026-07-15"}
    assert httpx.post(url + JOB, json={"data": data}, headers=headers).status_code == 202


async def test_what_a_user_of_the_account_sets_loosens_nothing(tools):
    klaviyo, shopify = tools.open("klaviyo"), tools.open("shopify")
    (ada,) = klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    await tools.settle()
    shopify.unsubscribe(tools.customer())
    await tools.sync()
    klaviyo.set_consent(ada, "email", "SUBSCRIBED")
    await tools.settle()
    assert (tools.hubs, tools.shopify["marketingState"]) == ("denied", "UNSUBSCRIBED")


async def test_a_subscription_that_takes_effect_later_is_neither_told_again_nor_taken_for_news(tools, monkeypatch):
    monkeypatch.setattr(_consent, "PATIENCE", 0.0)
    tools.open("klaviyo", consent_seconds=600.0)
    tools.open("mailchimp").sign_up(ADA)
    assert (await tools.sync()).writes == 1
    assert tools.klaviyo["consent"] == "NEVER_SUBSCRIBED", "the job has been taken, and nothing shows of it"
    await tools.settle()
    assert (tools.klaviyo["consent"], tools.hubs) == ("SUBSCRIBED", "granted")


async def test_a_refusal_reaches_every_tool_within_one_cycle(tools):
    klaviyo, mailchimp, shopify = tools.open("klaviyo"), tools.open("mailchimp"), tools.open("shopify")
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    mailchimp.sign_up(ADA)
    shopify.seed([{"email": ADA, "emailState": "SUBSCRIBED"}])
    await tools.settle()
    klaviyo.bounce(ADA, "SPAM_COMPLAINT")
    await tools.sync()
    assert (tools.mailchimp["status"], tools.shopify["marketingState"]) == ("unsubscribed", "UNSUBSCRIBED")
