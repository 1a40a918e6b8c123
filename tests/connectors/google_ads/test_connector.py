"""The Google Ads connector: the shape of its requests, where a read goes on, and what becomes of each write."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.connectors.google_ads.recorder import CID, Recorder, action, day, failure, named, partial, rows
from vaiven_connectors.google_ads import _changes, connector
from vaiven_connectors.google_ads._account import Settings, SignIn
from vaiven_connectors.google_ads._campaigns import Campaign
from vaiven_connectors.google_ads._gaql import Gaql, ending, quoted
from vaiven_connectors.google_ads._groups import AdGroup
from vaiven_sdk import AnswerMalformed, ChangesUnknown, CreateKey, CursorLoop, Outgoing, RequestRefused, Write
from vaiven_sdk.limits import Ask

CAMPAIGNS, GROUPS = connector.streams["campaigns"], connector.streams["ad_groups"]
MUTATE = "/googleAds:mutate"


def headers(config, credential):
    request = Outgoing("POST", "https://googleads.googleapis.com/v25/x", {}, b"")
    connector.auth[0].sign(request, {"access_token": "at", **credential}, config)
    return {name.lower(): value for name, value in request.headers.items()}


def test_requests_are_signed_and_name_the_manager():
    given = headers(Settings(customer_id=CID, login_customer_id="987-654-3210"), {"developer_token": "dt"})
    assert given["authorization"] == "Bearer at"
    assert given["login-customer-id"] == "9876543210"
    assert given["developer-token"] == "dt"


def test_without_a_manager_or_a_token_nothing_is_said_of_them():
    assert set(headers(Settings(customer_id=CID), {})) == {"authorization"}


def test_signing_in_asks_for_one_scope_and_a_token_that_can_be_refreshed():
    scheme = connector.auth[0]
    assert isinstance(scheme, SignIn)
    assert [scope.name for scope in connector.scopes_for()] == ["https://www.googleapis.com/auth/adwords"]
    assert scheme.authorize_params == {"access_type": "offline", "prompt": "consent"}
    token = next(one for one in scheme.inputs if one.name == "developer_token")
    assert (token.required, token.asked, token.secret) == (False, False, True)


@pytest.mark.parametrize(
    ("body", "price"),
    [
        ({"query": "SELECT"}, 1),
        ({"query": "SELECT", "pageToken": "t"}, 0),
        ({"mutateOperations": [{}, {}, {}]}, 3),
        ({"conversions": [{}, {}]}, 1),
        (None, 1),
    ],
)
def test_a_request_costs_what_google_counts(body, price):
    day = connector.limits[0]
    assert day.price(Ask("POST", f"/v25/customers/{CID}/googleAds:search", body)) == price


async def test_the_account_is_the_customer_and_a_test_account_is_called_one():
    made = Recorder(rows({"customer": {"id": CID, "descriptiveName": "Acme", "testAccount": True}}))
    found = await connector.hooks["account"](made.hub)
    assert (found.id, found.name) == (CID, "Acme (test account)")
    assert made.sent[0][0] == "/googleAds:search"
    nameless = await connector.hooks["account"](Recorder(rows({"customer": {"id": CID}})).hub)
    assert nameless.name == CID
    with pytest.raises(AnswerMalformed, match="which account"):
        await connector.hooks["account"](Recorder(rows()).hub)


async def test_the_time_zone_is_found_on_connecting():
    made = Recorder(rows({"customer": {"id": CID, "timeZone": "America/New_York"}}), time_zone="")
    assert (await connector.hooks["connected"](made.hub)).time_zone == "America/New_York"
    known = Recorder(time_zone="Europe/Paris")
    assert await connector.hooks["connected"](known.hub) == known.config


# -- reading


async def test_pages_go_on_with_the_query_that_their_token_belongs_to():
    made = Recorder(rows({"campaign": {"id": "1"}}, token="t1"), rows({"campaign": {"id": "2"}}))
    pages = await made.read("campaigns")
    first, second = (body for _, body in made.sent)
    assert second == {**first, "pageToken": "t1"}
    assert pages[0].state == {"query": first["query"], "token": "t1"}
    assert pages[1].state is None
    again = Recorder(rows({"campaign": {"id": "2"}}))
    await again.read("campaigns", state=pages[0].state)
    assert again.sent[0][1] == second


async def test_an_answer_without_rows_is_an_empty_one():
    (page,) = await Recorder({"fieldMask": "campaign.id"}).read("campaigns")
    assert (list(page.items), page.state) == ([], None)


async def test_an_answer_that_is_none_and_a_token_that_comes_again_end_the_read():
    with pytest.raises(AnswerMalformed):
        await Recorder(b"<html>").read("campaigns")
    with pytest.raises(CursorLoop):
        await Recorder(*[rows(token="same")] * 3).read("campaigns")


async def test_removed_campaigns_are_asked_for_too():
    made = Recorder(rows())
    await made.read("campaigns")
    assert "WHERE" not in made.queries[0]


def client(id_, level, *, manager=False, status="ENABLED"):
    return {"customerClient": {"id": id_, "level": str(level), "manager": manager, "status": status}}


async def test_an_account_that_is_opened_directly_is_read_alone():
    made = Recorder(rows({"customer": {"id": CID, "descriptiveName": "Acme"}}))
    (found,) = await made.records("accounts")
    assert (found.id, found.name, found.manager) == (CID, "Acme", None)


TOP, MIDDLE, GONE = "9876543210", "5555555555", "4444444444"


async def chain(*answers):
    made = Recorder(*answers, login_customer_id=TOP)
    (page,) = await made.read("accounts")
    return made, [(row["customerClient"]["id"], row["manager_id"]) for row in page.items]


async def test_an_account_below_a_manager_is_read_with_it_in_one_query():
    made, found = await chain(rows(client(TOP, 0, manager=True), client(CID, 1)))
    assert found == [(TOP, None), (CID, TOP)]
    ((path, body),) = made.sent
    assert path == f"/v25/customers/{TOP}/googleAds:search"
    assert body["query"].endswith(f"WHERE customer_client.id IN ({TOP}, {CID})")


async def test_managers_between_are_found_and_siblings_left_out():
    made, found = await chain(
        rows(client(TOP, 0, manager=True), client(CID, 2)),
        rows(
            client(GONE, 1, manager=True, status="CANCELED"),
            client("3", 1, manager=True),
            client(MIDDLE, 1, manager=True),
        ),
        rows(),
        rows(client(CID, 1)),
        rows(client(MIDDLE, 0, manager=True), client(CID, 1)),
    )
    assert found == [(TOP, None), (MIDDLE, TOP), (CID, MIDDLE)]
    assert not any(GONE in path for path, _ in made.sent)


async def test_an_account_whose_way_is_hidden_hangs_on_the_manager_that_was_named():
    _, found = await chain(rows(client(TOP, 0, manager=True)), rows(), rows({"customer": {"id": CID}}))
    assert found == [(TOP, None), (CID, TOP)]


async def test_a_first_read_of_figures_takes_all_that_google_keeps_in_windows():
    made = Recorder(by={"FROM campaign": rows()})
    pages = await made.read("campaign_metrics")
    assert len(made.queries) == 13
    days = [text.partition("BETWEEN ")[2].split("'")[1:4:2] for text in made.queries]
    today = datetime.now(UTC).date()
    assert days[0][0] == str(today - timedelta(days=1126))
    assert all(
        datetime.fromisoformat(one[1]) + timedelta(days=1) == datetime.fromisoformat(other[0])
        for one, other in pairwise(days)
    )
    assert pages[-1].state is None
    assert pages[-1].since >= "2026-11-25"


async def test_a_read_of_figures_goes_on_after_a_crash():
    by = {"FROM conversion_action": rows(action("51", "30"))}
    part = day("1", "2026-11-20", action="51", conversions=1.0)
    answers = [rows(day("1", "2026-11-20", conversions=1.0), token="t"), rows(), rows(part, token="u"), rows(part)]
    whole = Recorder(*answers, by=by)
    pages = await whole.read("campaign_conversions", "changes", "2026-09-10")
    assert [page.state is None for page in pages] == [False, False, False, True]
    assert pages[-1].since == "2026-11-25"
    assert "segments.date BETWEEN '2026-09-10'" in whole.queries[1]
    for number in range(3):
        rest = Recorder(*answers[number + 1 :], by=by)
        more = await rest.read(
            "campaign_conversions", "changes", "2026-09-10", json.loads(json.dumps(pages[number].state))
        )
        assert rest.sent[1:] == whole.sent[number + 2 :]
        assert [page.items for page in more] == [page.items for page in pages[number + 1 :]]
        assert more[-1].since == "2026-11-25"


def changes(*names, field="adGroup"):
    return rows(*({"changeStatus": {field: name, "lastChangeDateTime": "2026-11-24 10:00:00"}} for name in names))


def lately(**back):
    return (datetime.now(UTC) - timedelta(**back)).isoformat()


async def test_only_what_changed_is_read_in_the_accounts_time():
    name = named("adGroups", "21")
    since = datetime.now(UTC) - timedelta(days=2)
    made = Recorder(changes(name), rows({"adGroup": {"id": "21"}}), time_zone="Asia/Tokyo")
    (page,) = await made.read("ad_groups", "changes", since.isoformat())
    listed, asked = made.queries
    local = (since - _changes.BACK + timedelta(hours=9)).strftime("%Y-%m-%d %H:%M:%S")
    assert f"BETWEEN '{local}'" in listed
    assert "resource_type = 'AD_GROUP'" in listed
    assert listed.endswith("LIMIT 10000")
    assert asked.endswith(f"WHERE ad_group.resource_name IN ('{name}')")
    assert (page.state, page.since) == (None, "2026-11-25T12:00:00.000000Z")


@pytest.mark.parametrize("stream", ["ads", "creatives"])
async def test_changed_ads_are_read_with_their_content(stream):
    name = named("adGroupAds", "21~31")
    row = {"adGroupAd": {"resourceName": name, "ad": {"id": "31"}}}
    made = Recorder(changes(name, field="adGroupAd"), rows(row))
    (found,) = await made.records(stream, "changes", lately(days=1))
    assert "resource_type = 'AD_GROUP_AD'" in made.queries[0]
    assert found.id in {"21~31", "31"}


async def test_many_changes_are_asked_for_in_parts_and_go_on_after_a_crash(monkeypatch):
    monkeypatch.setattr(_changes, "SOME", 2)
    names = [named("adGroups", str(n)) for n in range(5)]
    made = Recorder(changes(*names), *[rows()] * 3)
    pages = await made.read("ad_groups", "changes", lately(days=1))
    assert [len(page.state["left"]) if page.state else 0 for page in pages] == [3, 1, 0]
    rest = Recorder(*[rows()] * 2)
    more = await rest.read("ad_groups", "changes", lately(days=1), pages[0].state)
    assert rest.queries == made.queries[2:]
    assert more[-1].since == pages[-1].since


async def test_no_change_costs_one_query():
    made = Recorder(changes())
    (page,) = await made.read("ad_groups", "changes", lately(days=1))
    assert (len(made.sent), list(page.items), page.state) == (1, [], None)


async def test_the_zone_is_asked_for_where_it_is_not_known():
    made = Recorder(rows({"customer": {"id": CID, "timeZone": "Asia/Tokyo"}}), changes(), time_zone="")
    await made.read("ad_groups", "changes", lately(days=1))
    assert "FROM customer" in made.queries[0]


async def test_what_changed_too_long_ago_or_too_much_of_it_is_read_whole(monkeypatch):
    with pytest.raises(ChangesUnknown, match="90 days"):
        await Recorder().read("ad_groups", "changes", lately(days=90))
    monkeypatch.setattr(_changes, "PAGE", 1)
    with pytest.raises(ChangesUnknown, match="costs less"):
        await Recorder(changes(named("adGroups", "1"))).read("ad_groups", "changes", lately(days=1))


# -- writing


def campaign(id_="11", **more):
    found = {
        "campaign": {"id": id_, "name": "Brand", "status": "PAUSED", "campaignBudget": named("campaignBudgets", "91")},
        "campaignBudget": {"amountMicros": "5000000", "period": "DAILY", "explicitlyShared": False},
    }
    return {key: {**part, **more.get(key, {})} for key, part in found.items()}


def change(row, id_="11", hub_id="h1", **values):
    before = Campaign.model_validate(row)
    record, names = before.with_unified({**before.unified(), **values}, set(values))
    return Write("update", hub_id, record, id_, frozenset(names), "k", before)


async def write(made, op, *writes, stream=CAMPAIGNS):
    return await stream.writers[op].function(made.hub, writes)


async def test_status_name_and_budget_go_out_in_one_request():
    made = Recorder({"mutateOperationResponses": [{}, {}]})
    (told,) = await write(made, "update", change(campaign(), status="active", name="Brand EU", budget="7.5"))
    assert (told.status, told.id) == ("updated", "11")
    assert made.sent == [
        (
            MUTATE,
            {
                "mutateOperations": [
                    {
                        "campaignOperation": {
                            "update": {
                                "resourceName": named("campaigns", "11"),
                                "name": "Brand EU",
                                "status": "ENABLED",
                            },
                            "updateMask": "name,status",
                        }
                    },
                    {
                        "campaignBudgetOperation": {
                            "update": {"resourceName": named("campaignBudgets", "91"), "amountMicros": "7500000"},
                            "updateMask": "amountMicros",
                        }
                    },
                ],
                "partialFailure": True,
            },
        )
    ]


async def test_a_budget_for_the_whole_life_is_changed_as_one():
    row = campaign(campaignBudget={"amountMicros": None, "totalAmountMicros": "9000000", "period": "CUSTOM_PERIOD"})
    made = Recorder({"mutateOperationResponses": [{}]})
    await write(made, "update", change(row, budget="10"))
    (operation,) = made.sent[0][1]["mutateOperations"]
    assert operation["campaignBudgetOperation"]["update"]["totalAmountMicros"] == "10000000"


async def test_each_record_of_a_batch_has_its_own_outcome():
    shared = campaign("12", campaignBudget={"explicitlyShared": True})
    made = Recorder({"mutateOperationResponses": [{}, {}, {}], **partial((1, "DUPLICATE_CAMPAIGN_NAME", "Taken."))})
    told = await write(
        made,
        "update",
        change(campaign(), name="A"),
        change(shared, "12", "h2", budget="3"),
        change(campaign("13"), "13", "h3", name="B", budget="9"),
        change(campaign("14"), "14", "h4", channel="display"),
    )
    found = {one.hub_id: (one.status, one.code) for one in told}
    assert found == {
        "h1": ("updated", ""),
        "h2": ("rejected", "shared_budget"),
        "h3": ("rejected", "DUPLICATE_CAMPAIGN_NAME"),
        "h4": ("rejected", "immutable"),
    }
    reason = next(one.reason for one in told if one.hub_id == "h2")
    assert "shares budget 91 with others" in reason
    assert "Tools > Shared budgets" in reason


async def test_nothing_is_sent_when_nothing_is_left():
    made = Recorder()
    await write(made, "update", change(campaign(campaignBudget={"explicitlyShared": True}), budget="3"))
    assert made.sent == []


async def test_an_error_about_the_whole_request_rejects_every_record():
    made = Recorder(
        {"partialFailureError": {"details": [failure((None, "RESOURCE_NOT_FOUND", "Gone."), code="mutateError")]}}
    )
    told = await write(made, "update", change(campaign(), name="A"), change(campaign("12"), "12", "h2", name="B"))
    assert [one.status for one in told] == ["rejected", "rejected"]


def draft(**values):
    known = {"name": "Launch", "budget": "20", "channel": "paid_search", "status": "draft", **values}
    record, names = Campaign.blank(known)
    return Write("create", "h1", record, None, frozenset(names), "k")


async def test_a_campaign_is_created_paused_with_a_budget_of_its_own():
    made = Recorder({"mutateOperationResponses": [{}, {"campaignResult": {"resourceName": named("campaigns", "77")}}]})
    (told,) = await write(made, "create", draft(status="active"))
    assert (told.status, told.id) == ("created", "77")
    ((_, body),) = made.sent
    budget, one = body["mutateOperations"]
    assert "partialFailure" not in body
    assert budget["campaignBudgetOperation"]["create"] == {
        "resourceName": named("campaignBudgets", "-1"),
        "explicitlyShared": False,
        "amountMicros": "20000000",
    }
    assert one["campaignOperation"]["create"] == {
        "name": "Launch",
        "status": "PAUSED",
        "advertisingChannelType": "SEARCH",
        "campaignBudget": named("campaignBudgets", "-1"),
        "manualCpc": {},
        "containsEuPoliticalAdvertising": "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
    }


async def test_political_advertising_is_declared_by_the_settings():
    made = Recorder(
        {"mutateOperationResponses": [{}, {"campaignResult": {"resourceName": named("campaigns", "77")}}]},
        eu_political_ads=True,
    )
    await write(made, "create", draft())
    one = made.sent[0][1]["mutateOperations"][1]["campaignOperation"]["create"]
    assert one["containsEuPoliticalAdvertising"] == "CONTAINS_EU_POLITICAL_ADVERTISING"


def refusal(code):
    return RequestRefused("No.", why=code, status=400, body={"error": {"details": [failure((1, code, "No."))]}})


async def test_a_campaign_that_an_earlier_attempt_made_is_taken_for_it():
    mine = campaign("77", campaign={"name": "Launch"}, campaignBudget={"amountMicros": "20000000"})
    made = Recorder(refusal("DUPLICATE_CAMPAIGN_NAME"), rows(mine))
    (told,) = await write(made, "create", draft())
    assert (told.status, told.id) == ("created", "77")
    assert made.queries[0].endswith("WHERE campaign.name IN ('Launch')")


async def test_another_campaign_of_the_same_name_is_left_alone():
    other = campaign("78", campaign={"name": "Launch", "status": "ENABLED"})
    (told,) = await write(Recorder(refusal("DUPLICATE_CAMPAIGN_NAME"), rows(other)), "create", draft())
    assert (told.status, told.code) == ("rejected", "DUPLICATE_CAMPAIGN_NAME")
    with pytest.raises(RequestRefused):
        await write(Recorder(refusal("INVALID_CAMPAIGN_NAME")), "create", draft())


async def test_a_campaign_without_a_daily_budget_is_not_created():
    made = Recorder()
    (told,) = await write(made, "create", draft(budget_period="lifetime"))
    assert (told.code, made.sent) == ("budget_period", [])


def test_campaigns_are_created_where_account_channel_and_budget_are_known():
    assert CAMPAIGNS.writers["create"].needs == ("name", "budget", "channel", "account_id")
    assert CAMPAIGNS.create_key is CreateKey.NATURAL
    mapped = Campaign.mapped()["channel"].write
    assert mapped({"channel": "email"}) == {}


async def test_campaigns_are_read_back_by_id_and_by_name():
    made = Recorder(rows(campaign()), rows(campaign("12")))
    found = await CAMPAIGNS.finder.function(made.hub, [change(campaign(), name="A"), draft(name="It's \\new")])
    assert [row["campaign"]["id"] for row in found] == ["11", "12"]
    assert made.queries[0].endswith("WHERE campaign.id IN (11)")
    assert made.queries[1].endswith(r"WHERE campaign.name IN ('It\'s \\new') AND campaign.status != 'REMOVED'")


async def test_ad_groups_change_status_and_name():
    before = AdGroup.model_validate({"adGroup": {"id": "21", "name": "Shoes", "status": "ENABLED"}})
    record, names = before.with_unified({"status": "paused", "name": "Boots"}, {"status", "name"})
    one = Write("update", "h1", record, "21", frozenset(names), "k", before)
    made = Recorder({"mutateOperationResponses": [{}]}, rows({"adGroup": {"id": "21"}}))
    (told,) = await write(made, "update", one, stream=GROUPS)
    assert told.status == "updated"
    (operation,) = made.sent[0][1]["mutateOperations"]
    assert operation["adGroupOperation"] == {
        "update": {"resourceName": named("adGroups", "21"), "name": "Boots", "status": "PAUSED"},
        "updateMask": "name,status",
    }
    assert await GROUPS.finder.function(made.hub, [one]) == [{"adGroup": {"id": "21"}}]
    assert made.queries[0].endswith("ad_group.id IN (21)")


def test_texts_in_queries_cannot_end_them():
    assert quoted(["a'b", "c\\"]) == r"('a\'b', 'c\\')"
    assert ending("customers/1/campaigns/7") == "7"


def test_a_query_has_no_slots_and_a_known_page():
    assert (Gaql("SELECT x FROM y").size, list(Gaql("").templates())) == (10_000, [])
