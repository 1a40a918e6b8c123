"""What the connector writes: changes, paused drafts, audiences of digests, and conversions."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.connectors.meta_ads.vendor import connected, creation, edit, rows, simulator, write
from vaiven_connectors.meta_ads import _conversions, _hashing, connector
from vaiven_connectors.meta_ads._audiences import MetaMember
from vaiven_connectors.meta_ads._conversions import Conversion, event, user_data
from vaiven_sdk import ConfigInvalid, PermissionMissing, RequestRefused, Write
from vaiven_sdk.testing import Fault

ANA = {"email": " Ana@Example.com", "phone": "+34 600 12 34 56"}


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def vendor():
    return simulator(quirks={"require_proof": True, "limits": False})


def told(outcomes):
    return [(one.status, one.code) for one in outcomes]


# ------------------------------------------------------------------------------------------------- changes
async def test_name_status_and_budget_are_set(vendor):
    vendor.sample("campaigns", 2)
    async with connected(vendor) as (hub, _):
        one, other = await rows(hub, "campaigns")
        changed = edit(one, name="Autumn", status="active", budget="12.5", budget_period="daily", currency="USD")
        outcomes = await write(hub, "campaigns", "update", changed, edit(other, status="ended"))
        assert told(outcomes) == [("updated", "")] * 2
        found = {one.remote_id: one.unified() for one in await rows(hub, "campaigns")}
        shown = await connector.streams["campaigns"].finder.function(hub, [changed])
    mine = found[one.remote_id]
    assert (mine["name"], mine["status"], mine["budget"]) == ("Autumn", "active", "12.5")
    assert found[other.remote_id]["status"] == "ended"
    assert [row["daily_budget"] for row in shown] == ["1250"]


@pytest.mark.parametrize("stream", ["ad_sets", "ads"])
async def test_ad_sets_and_ads_are_renamed(vendor, stream):
    vendor.sample(stream, 1)
    async with connected(vendor) as (hub, _):
        one = (await rows(hub, stream))[0]
        assert told(await write(hub, stream, "update", edit(one, name="New name"))) == [("updated", "")]
        assert "New name" in {two.name for two in await rows(hub, stream)}


async def test_a_budget_in_another_currency_is_not_taken_for_one_in_the_account_s(vendor):
    vendor.sample("campaigns", 1)
    async with connected(vendor) as (hub, _):
        (one,) = await rows(hub, "campaigns")
        euros = {"budget": "40", "budget_period": "daily", "currency": "EUR"}
        assert told(await write(hub, "campaigns", "update", edit(one, **euros))) == [("rejected", "other_currency")]
        made = creation("campaigns", name="Copy", objective="OUTCOME_SALES", **euros)
        assert told(await write(hub, "campaigns", "create", made)) == [("rejected", "other_currency")]
        assert len(await rows(hub, "campaigns")) == 1


async def test_a_budget_that_was_changed_too_often_waits_for_the_next_run_alone(vendor):
    (tree,) = vendor.seed_tree(1, 2, 1, 1)
    first, second = (one["id"] for one in tree["adsets"])
    async with connected(vendor) as (hub, _):
        sets = {one.remote_id: one for one in await rows(hub, "ad_sets")}
        for units in ("30", "31", "32", "33"):
            changed = edit(sets[first], budget=units, budget_period="daily", currency="USD")
            assert told(await write(hub, "ad_sets", "update", changed)) == [("updated", "")]
        once_more = edit(sets[first], budget="34", budget_period="daily", currency="USD")
        outcomes = await write(hub, "ad_sets", "update", once_more, edit(sets[second], name="Mine"))
    assert [(one.id, one.status) for one in outcomes] == [(second, "updated")]


async def test_a_name_cannot_be_emptied_and_a_stranger_is_not_found(vendor):
    vendor.sample("campaigns", 1)
    async with connected(vendor) as (hub, _):
        (one,) = await rows(hub, "campaigns")
        assert told(await write(hub, "campaigns", "update", edit(one, name=None))) == [("rejected", "needed")]
        stranger = one.model_copy(update={"id": "123456"})
        (outcome,) = await write(hub, "campaigns", "update", edit(stranger, name="Mine"))
    assert outcome.status == "rejected"
    assert outcome.code
    assert outcome.reason


async def test_what_meta_refuses_is_rejected_with_its_own_sentence(vendor):
    vendor.sample("campaigns", 1)
    async with connected(vendor) as (hub, _):
        (one,) = await rows(hub, "campaigns")
        low = {"budget": "0.01", "budget_period": "daily", "currency": "USD"}
        (outcome,) = await write(hub, "campaigns", "update", edit(one, **low))
    assert (outcome.status, outcome.code[:3]) == ("rejected", "100")
    assert "budget" in outcome.reason.lower()


async def test_a_campaign_is_made_paused_whatever_the_hub_says(vendor):
    values = {"name": "Copy", "objective": "OUTCOME_SALES", "status": "active"}
    budget = {"budget": "20", "budget_period": "daily", "currency": "USD"}
    async with connected(vendor) as (hub, _):
        made = [creation("campaigns", "a", **values), creation("campaigns", "b", **values, **budget)]
        outcomes = await write(hub, "campaigns", "create", *made)
        assert [one.stored["status"] for one in outcomes] == ["PAUSED", "PAUSED"]
        found = {one.remote_id: one.unified() for one in await rows(hub, "campaigns")}
    assert [found[one.id]["budget_level"] for one in outcomes] == ["ad_group", "campaign"]
    assert {one["status"] for one in found.values()} == {"paused"}


async def test_a_campaign_that_meta_refuses_to_make_is_rejected_alone(vendor):
    good = creation("campaigns", "a", name="Copy", objective="OUTCOME_SALES")
    bad = creation("campaigns", "b", name="Copy", objective="NO_SUCH_AIM")
    async with connected(vendor) as (hub, _):
        outcomes = await write(hub, "campaigns", "create", bad, good)
    assert [one.status for one in outcomes] == ["rejected", "created"]
    assert outcomes[0].code.startswith("100")


# ------------------------------------------------------------------------------------------------- digests
@pytest.mark.parametrize("given", ["ana@example.com", " Ana@Example.COM "])
def test_an_address_is_normalised_before_it_is_hashed(given):
    assert _hashing.email(given) == sha("ana@example.com")


@pytest.mark.parametrize("given", ["+34 600-12.34 56", "+34600123456", "0034600123456"])
def test_a_number_is_its_digits_with_the_country(given):
    assert _hashing.phone(given) == sha("34600123456")


@pytest.mark.parametrize("given", ["600123456", "+12", "", None, "+1234567890123456"])
def test_a_number_without_a_country_could_be_anybody_s(given):
    assert _hashing.phone(given) is None


def test_other_people_are_left_out():
    assert _hashing.email("nobody") is None
    assert _hashing.email(None) is None
    assert _hashing.name(" D'Arc ") == sha("darc")
    assert _hashing.name("") is None
    assert user_data({"given_name": "Ana"}) == {}
    assert user_data({**ANA, "given_name": "Ana"}) == {
        "em": [sha("ana@example.com")],
        "ph": [sha("34600123456")],
        "fn": [sha("ana")],
    }


# ------------------------------------------------------------------------------------------------- audiences
def member(audience, hub_id="hub-1", **person):
    record = MetaMember.model_construct(
        audience=audience, digest=None, email_digest=None, phone_digest=None, person=person or None
    )
    return Write("create", hub_id, record, None, frozenset({"audience", "person"}))


async def test_an_audience_is_made_renamed_and_filled_with_digests(vendor):
    async with connected(vendor) as (hub, _):
        made = creation("audiences", name="Buyers", description="Of a year")
        ((outcome),) = await write(hub, "audiences", "create", made)
        (audience,) = await rows(hub, "audiences")
        assert audience.remote_id == outcome.id
        assert told(await write(hub, "audiences", "update", edit(audience, name="Best buyers"))) == [("updated", "")]
        outcomes = await write(
            hub,
            "audience_members",
            "create",
            member(audience.id, "a", **ANA),
            member(audience.id, "b", email="bea@example.com"),
            member(audience.id, "c", email="no address"),
            member(audience.id, "d", email="dan@example.com", email_consent="denied"),
        )
        by_hub = {one.hub_id: one for one in outcomes}
        assert [by_hub[key].status for key in "abcd"] == ["created", "created", "rejected", "rejected"]
        stored = by_hub["a"].stored
        assert stored["email_digest"] == sha("ana@example.com")
        assert "ana" not in json.dumps(stored).lower()
        assert "example.com" not in json.dumps(vendor.state(), default=str)
        again = await write(hub, "audience_members", "create", member(audience.id, "a", **ANA))
        assert again[0].id == by_hub["a"].id
        assert vendor.audience_size(audience.id) == 2
        gone = Write("delete", "a", MetaMember.model_validate(stored), by_hub["a"].id)
        assert told(await write(hub, "audience_members", "delete", gone)) == [("deleted", "")]
        assert vendor.audience_size(audience.id) == 1


async def test_an_audience_that_is_gone_rejects_its_people_and_has_lost_them(vendor):
    async with connected(vendor) as (hub, _):
        (outcome,) = await write(hub, "audience_members", "create", member("123456", **ANA))
        assert outcome.status == "rejected"
        with pytest.raises(RequestRefused):
            await write(hub, "audience_members", "create", member("123456", "a", **ANA), member("123456", "b", **ANA))
        row = {"audience": "123456", "digest": "d", "email_digest": "e", "phone_digest": None}
        gone = Write("delete", "a", MetaMember.model_validate(row), "123456/d")
        assert told(await write(hub, "audience_members", "delete", gone)) == [("deleted", "")]


async def test_terms_that_nobody_agreed_to_are_the_customer_s(vendor):
    vendor.refuse_terms()
    async with connected(vendor) as (hub, _):
        with pytest.raises(PermissionMissing, match=r"[Tt]erms"):
            await write(hub, "audiences", "create", creation("audiences", name="Buyers"))


# ------------------------------------------------------------------------------------------------- conversions
NOW = datetime.now(UTC)


def conversion(hub_id="hub-1", person=ANA, **values):
    given = {
        "event_id": f"o-{hub_id}",
        "type": "order.completed",
        "occurred_at": (NOW - timedelta(hours=1)).isoformat(),
        "properties": {"value": "12.50", "currency": "eur"},
        **values,
    }
    record, names = Conversion.blank(given)
    record = record.model_copy(update={"person": person})
    return Write("create", hub_id, record, None, frozenset({*names, "person"}), f"key-{hub_id}")


def test_an_event_as_meta_takes_it():
    made = event(conversion(), NOW)
    assert made == {
        "event_name": "Purchase",
        "event_time": int((NOW - timedelta(hours=1)).timestamp()),
        "event_id": "hub-1",
        "action_source": "system_generated",
        "user_data": {"em": [sha("ana@example.com")], "ph": [sha("34600123456")]},
        "custom_data": {"value": 12.5, "currency": "EUR"},
    }


def test_an_event_of_a_website_says_where_and_by_what():
    made = event(conversion(url="https://shop.example.com/x", user_agent="Browser/1"), NOW)
    assert (made["action_source"], made["event_source_url"]) == ("website", "https://shop.example.com/x")
    assert made["user_data"]["client_user_agent"] == "Browser/1"


def test_an_event_that_the_pixel_knows_has_its_id_and_a_shop_its_source():
    said = {"value": 1, "currency": "EUR", "event_id": "px-9", "action_source": "physical_store"}
    made = event(conversion(properties=said), NOW)
    assert (made["event_id"], made["action_source"]) == ("px-9", "physical_store")
    alone = event(conversion(properties={**said, "action_source": "website"}), NOW)
    assert alone["action_source"] == "system_generated"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"person": {"email": "ana@example.com", "email_consent": "denied"}}, "not_matchable"),
        ({"person": {"given_name": "Ana"}}, "not_matchable"),
        ({"person": None}, "not_matchable"),
        ({"occurred_at": (NOW - timedelta(days=8)).isoformat()}, "too_old"),
        ({"occurred_at": (NOW + timedelta(hours=1)).isoformat()}, "too_old"),
        ({"properties": {"currency": "EUR"}}, "no_value"),
        ({"properties": {"value": "much", "currency": "EUR"}}, "no_value"),
        ({"properties": None}, "no_value"),
    ],
)
def test_what_meta_would_refuse_is_not_sent(changes, code):
    assert event(conversion(**changes), NOW)[0] == code


async def test_events_are_recorded_once(vendor):
    async with connected(vendor) as (hub, _):
        writes = [conversion("a"), conversion("b", type="form.submitted"), conversion("c", properties={})]
        outcomes = {one.hub_id: one for one in await write(hub, "conversions", "create", *writes)}
        assert [outcomes[key].status for key in "abc"] == ["created", "created", "rejected"]
        assert outcomes["a"].id == "o-a"
        await write(hub, "conversions", "create", *writes)
        assert await write(hub, "conversions", "create", writes[2]) == [outcomes["c"]]
    assert [one["event_name"] for one in vendor.conversions()] == ["Purchase", "Lead"]


async def test_a_bad_event_refuses_the_call_and_stands_alone_in_the_end(vendor, monkeypatch):
    # One that was young enough when it was looked at, and is not when it arrives.
    monkeypatch.setattr(_conversions, "OLDEST", timedelta(days=30))
    bad = conversion("bad", occurred_at=(NOW - timedelta(days=8)).isoformat())
    async with connected(vendor) as (hub, _):
        with pytest.raises(RequestRefused):
            await write(hub, "conversions", "create", conversion("a"), bad)
        (outcome,) = await write(hub, "conversions", "create", bad)
        assert outcome.status == "rejected"
        assert outcome.code.startswith("100")
    assert vendor.conversions() == []


async def test_a_lost_answer_is_sent_again_and_counts_once(vendor):
    vendor.faults.add(Fault(kind="lose_answer", method="POST", path="events"))
    async with connected(vendor) as (hub, _):
        assert told(await write(hub, "conversions", "create", conversion("a"))) == [("created", "")]
    assert len(vendor.conversions()) == 1


async def test_without_a_dataset_there_is_nowhere_to_send_to(vendor):
    async with connected(vendor, pixel_id="") as (hub, _):
        with pytest.raises(ConfigInvalid, match="dataset"):
            await write(hub, "conversions", "create", conversion())
