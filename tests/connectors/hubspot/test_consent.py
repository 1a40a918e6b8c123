"""HubSpot's opt-out: a refusal that reaches the others, and whose end proves nothing."""

import pytest

from tests.support.consents import ADA, tools_at


@pytest.fixture
def tools(sqlite_stores):
    with tools_at(sqlite_stores) as found:
        yield found


async def known(tools):
    hubspot, mailchimp, klaviyo = tools.open("hubspot"), tools.open("mailchimp"), tools.open("klaviyo")
    ada = hubspot.create_record("contacts", {"email": ADA})
    mailchimp.sign_up(ADA)
    klaviyo.seed_profiles([{"email": ADA, "subscriptions": {"email": "SUBSCRIBED"}}])
    await tools.settle()
    return hubspot, mailchimp, ada


async def test_an_opt_out_reaches_every_tool_within_one_cycle_and_its_end_loosens_nothing(tools):
    hubspot, _, ada = await known(tools)
    assert tools.hubs == "granted", "that she has not opted out says nothing, and the others say yes"
    hubspot.unsubscribe(ada)
    await tools.sync()
    assert (tools.mailchimp["status"], tools.klaviyo["consent"], tools.hubs) == (
        "unsubscribed",
        "UNSUBSCRIBED",
        "denied",
    )
    # HubSpot's record says that it is so, and nothing of who took the opt-out back, or on what ground.
    hubspot.resubscribe(ada)
    await tools.settle()
    assert (tools.mailchimp["status"], tools.klaviyo["consent"], tools.hubs) == (
        "unsubscribed",
        "UNSUBSCRIBED",
        "denied",
    )


async def test_an_act_elsewhere_loosens_where_it_may_and_hubspot_keeps_its_own(tools):
    hubspot, mailchimp, ada = await known(tools)
    hubspot.unsubscribe(ada)
    await tools.sync()
    mailchimp.sign_up(ADA)
    await tools.sync()
    assert (tools.hubs, tools.klaviyo["consent"]) == ("granted", "SUBSCRIBED")
    held = hubspot.state()["contacts"][ada]["properties"]
    assert held["hs_email_optout"] == "true", "HubSpot lets nobody write it"
    assert (await tools.sync()).writes == 0


@pytest.mark.parametrize("where", ["mailchimp", "klaviyo"])
async def test_a_refusal_elsewhere_is_not_undone_by_hubspots_silence(tools, where):
    await known(tools)
    if where == "mailchimp":
        tools.at["mailchimp"].unsubscribe(ADA)
    else:
        tools.at["klaviyo"].opt_out(ADA)
    await tools.settle()
    assert tools.hubs == "denied"
