"""Insights as the simulator has them: restatement, windows, levels, breakdowns and reports."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.connectors.meta_ads.caller import NOW, Caller, codes
from vaiven_connectors.meta_ads._sim_facts import Fact, shown
from vaiven_connectors.meta_ads.simulator import MetaAdsSimulator
from vaiven_sdk.testing import ManualClock

DAY = date(2026, 11, 1)
BIG = {"impressions": 10_000, "clicks": 400, "spend": "250.00", "purchases": 100, "purchase_value": "4000.00"}
BIG |= {"leads": 20, "adds_to_cart": 300}


@pytest.fixture
def ask():
    return Caller()


def one_ad(ask, day=DAY, **values):
    (tree,) = ask.sim.seed_tree(campaigns=1, adsets=1, ads=1, days=1, truth=lambda *_: None)
    (ad,) = tree["adsets"][0]["ads"]
    ask.sim.put_fact(ad, day, {**BIG, **values})
    return ad


def rows(ask, path=None, **given):
    found, after = [], None
    while True:
        more = {"after": after} if after else {}
        page = ask("GET", f"{path or ask.sim.account}/insights", **given, **more)
        found += page["data"]
        if "next" not in page.get("paging", {}):
            return found
        after = page["paging"]["cursors"]["after"]


def on(day):
    return {"time_range": {"since": str(day), "until": str(day)}}


def actions(row, key="value", name="actions"):
    return {one["action_type"]: one.get(key) for one in row.get(name, ())}


# --------------------------------------------------------------------------------------------------- restatement


def test_a_day_grows_for_28_days_and_then_never_again(ask):
    ad = one_ad(ask)
    zone = ZoneInfo("America/New_York")
    seen = []
    for age in (0, 1, 2, 3, 7, 14, 27, 28, 29, 60, 400):
        ask.sim.clock._now = (datetime(2026, 11, 1, 23, 59, tzinfo=zone) + timedelta(days=age)).astimezone(UTC)
        (row,) = rows(ask, ad, fields="impressions,spend,actions,action_values", **on(DAY))
        bought = int(actions(row)["purchase"])
        earned = Decimal(actions(row, name="action_values")["purchase"])
        (truth,) = ask.sim.truth_metrics("ad")
        assert (row["impressions"], row["spend"]) == (str(truth["impressions"]), str(truth["spend"]))
        assert (bought, earned) == (truth["purchases"], truth["purchase_value"])
        seen.append((int(row["impressions"]), Decimal(row["spend"]), bought, earned))
    assert seen == sorted(seen)
    assert seen[0] != seen[1] != seen[4]
    assert seen[6] != seen[7]
    assert seen[7:] == [(10_000, Decimal("250.00"), 100, Decimal("4000.00"))] * 4
    # Delivery is final after three days, conversions are not.
    assert seen[3][:2] == (10_000, Decimal("250.00"))
    assert seen[3][2] < 100


def test_the_truth_of_an_earlier_instant(ask):
    one_ad(ask)
    before = ask.sim.truth_metrics("campaign")
    earlier = ask.sim.truth_metrics("campaign", at=NOW - timedelta(days=20))
    ask.sim.clock.advance(40 * 86400)
    assert ask.sim.truth_metrics("campaign", at=NOW) == before
    assert earlier[0]["purchases"] < before[0]["purchases"] < ask.sim.truth_metrics("campaign")[0]["purchases"]
    assert ask.sim.truth_metrics("campaign", at=NOW, final=True) == ask.sim.truth_metrics("campaign")


def test_without_restatement():
    ask = Caller(restates=False)
    ad = one_ad(ask, NOW.date() - timedelta(days=1))
    (row,) = rows(ask, ad, fields="impressions,actions", date_preset="yesterday")
    assert (row["impressions"], actions(row)["purchase"]) == ("10000", "100")


def test_the_day_is_the_accounts():
    tokyo = MetaAdsSimulator(clock=ManualClock(datetime(2026, 11, 25, 16, tzinfo=UTC)))
    number = tokyo.make_account("Tokyo", "JPY", "Asia/Tokyo")
    assert tokyo.today(number) == date(2026, 11, 26)
    assert tokyo.today() == date(2026, 11, 25)
    tokyo.seed_tree(campaigns=1, adsets=1, ads=1, days=2, account=number)
    assert {one["date"] for one in tokyo.truth_metrics(account=number)} == {date(2026, 11, 25), date(2026, 11, 26)}
    assert {one["spend"] % 1 for one in tokyo.truth_metrics(account=number)} == {0}
    assert {one["currency"] for one in tokyo.truth_metrics(account=number)} == {"JPY"}


def test_a_day_that_has_not_come_shows_nothing():
    assert shown(Fact.of(BIG), DAY, datetime(2026, 10, 31, 23, tzinfo=UTC)).empty
    assert shown(Fact.of(BIG), DAY, datetime(2026, 11, 1, 0, 0, tzinfo=UTC)).empty
    assert Fact.of(BIG).link_clicks == 300
    with pytest.raises(TypeError):
        Fact.of({"wings": 2})


# ------------------------------------------------------------------------------------------------------ numbers


def test_one_purchase_has_many_names(ask):
    ad = one_ad(ask)
    (row,) = rows(ask, ad, fields="actions,action_values,purchase_roas,spend", **on(DAY))
    counts = {name: value for name, value in actions(row).items() if "purchase" in name}
    assert len(counts) == 7
    assert len(set(counts.values())) == 1
    (truth,) = ask.sim.truth_metrics("ad")
    assert int(counts["omni_purchase"]) == truth["purchases"]
    (roas,) = row["purchase_roas"]
    assert float(roas["value"]) == pytest.approx(float(truth["purchase_value"]) / float(row["spend"]), abs=1e-5)
    assert actions(row)["lead"] == str(truth["leads"])


def test_attribution_windows(ask):
    ask.sim.clock.advance(60 * 86400)
    ad = one_ad(ask)
    windows = ["1d_view", "1d_click", "7d_click", "28d_click", "7d_view", "28d_view"]
    (row,) = rows(ask, ad, fields="actions", action_attribution_windows=windows, **on(DAY))
    (bought,) = [one for one in row["actions"] if one["action_type"] == "purchase"]
    wanted = {"value": "100", "1d_view": "15", "1d_click": "63", "7d_click": "85", "28d_click": "97"}
    assert bought == {"action_type": "purchase", **wanted}
    (plain,) = rows(ask, ad, fields="actions", **on(DAY))
    assert {tuple(one) for one in plain["actions"]} == {("action_type", "value")}


def test_a_click_and_a_view_are_the_default_together(ask):
    windows = ["1d_view", "7d_click"]
    ad = one_ad(ask, purchases=97, purchase_value="3333.33")
    for age in range(35):
        ask.sim.clock._now = datetime(2026, 11, 1, 17, tzinfo=UTC) + timedelta(days=age)
        (row,) = rows(ask, ad, fields="actions,action_values", action_attribution_windows=windows, **on(DAY))
        for name, kind in (("actions", int), ("action_values", Decimal)):
            (one,) = [one for one in row[name] if one["action_type"] == "omni_purchase"]
            assert kind(one["value"]) == kind(one["7d_click"]) + kind(one["1d_view"])
        (truth,) = ask.sim.truth_metrics("ad")
        assert truth["purchases_by"]["7d_click"] == int(actions(row, "7d_click")["purchase"])
        assert truth["values_by"]["1d_view"] == Decimal(actions(row, "1d_view", "action_values")["purchase"])


def test_all_numbers_are_text(ask):
    ad = one_ad(ask)
    fields = "impressions,clicks,spend,reach,frequency,cpc,cpm,cpp,ctr,inline_link_clicks,unique_clicks"
    (row,) = rows(ask, ad, fields=fields, **on(DAY))
    assert row == {
        "impressions": "10000",
        "clicks": "400",
        "spend": "250.00",
        "reach": "8000",
        "frequency": "1.25",
        "cpc": "0.625",
        "cpm": "25",
        "cpp": "31.25",
        "ctr": "4",
        "inline_link_clicks": "300",
        "unique_clicks": "360",
        "date_start": "2026-11-01",
        "date_stop": "2026-11-01",
    }


def test_days_without_delivery_have_no_row(ask):
    ad = one_ad(ask)
    ask.sim.put_fact(ad, date(2026, 11, 3), {"impressions": 0})
    ask.sim.put_fact(ad, date(2026, 11, 5), {"impressions": 10, "spend": "0.10"})
    found = rows(ask, ad, time_increment="1", fields="spend", time_range={"since": "2026-11-01", "until": "2026-11-10"})
    assert [one["date_start"] for one in found] == ["2026-11-01", "2026-11-05"]
    assert "actions" not in rows(ask, ad, fields="spend,action_values,purchase_roas", **on(date(2026, 11, 5)))[0]
    assert rows(ask, ad, **on(date(2026, 11, 8))) == []


def test_reach_does_not_add_up(ask):
    ask.sim.seed_tree(campaigns=1, adsets=1, ads=3, days=10)
    options = {"fields": "reach,impressions", "time_range": {"since": "2026-11-17", "until": "2026-11-24"}}
    daily = rows(ask, level="ad", time_increment="1", **options)
    (whole,) = rows(ask, level="account", **options)
    assert int(whole["impressions"]) == sum(int(one["impressions"]) for one in daily)
    assert max(int(one["reach"]) for one in daily) < int(whole["reach"]) < sum(int(one["reach"]) for one in daily)


def test_levels_and_what_they_know(ask):
    ask.sim.seed_tree(campaigns=2, adsets=2, ads=2, days=3)
    fields = (
        "account_name,campaign_id,campaign_name,adset_name,ad_id,ad_name,objective,optimization_goal,account_currency"
    )
    counts = {}
    for level in ("account", "campaign", "adset", "ad"):
        found = rows(ask, level=level, fields=fields, date_preset="today")
        counts[level] = len(found)
        assert ("campaign_id" in found[0], "adset_name" in found[0], "ad_id" in found[0]) == (
            level != "account",
            level in {"adset", "ad"},
            level == "ad",
        )
    assert counts == {"account": 1, "campaign": 2, "adset": 4, "ad": 8}
    (tree,) = ask("GET", f"{ask.sim.account}/campaigns", limit="1")["data"]
    assert ask.error("GET", f"{tree['id']}/insights", level="account")["code"] == 100
    assert ask.error("GET", f"{ask.sim.account}/insights", fields="wings")["code"] == 100


def test_a_node_has_its_own_numbers_alone(ask):
    first, second = ask.sim.seed_tree(campaigns=2, adsets=2, ads=1, days=2)
    other = ask.sim.make_account("Berlin", "EUR", "Europe/Berlin")
    ask.sim.seed_tree(campaigns=1, adsets=1, ads=1, days=2, account=other)
    span = {"fields": "impressions", "date_preset": "yesterday"}
    day = date(2026, 11, 24)

    def count(path):
        return sum(int(one["impressions"]) for one in rows(ask, path, **span))

    for account in (ask.sim.account_id, other):
        wanted = ask.sim.truth_metrics("account", day, day, account=account)
        assert count(f"act_{account}") == sum(one["impressions"] for one in wanted)
    by_set = {one["id"]: one["impressions"] for one in ask.sim.truth_metrics("adset", day, day)}
    for tree in (first, second):
        assert count(tree["id"]) == sum(by_set[adset["id"]] for adset in tree["adsets"])
        assert count(tree["adsets"][0]["id"]) == by_set[tree["adsets"][0]["id"]]


def test_numbers_of_what_was_deleted(ask):
    (tree,) = ask.sim.seed_tree(campaigns=1, adsets=1, ads=2, days=3)
    gone, kept = tree["adsets"][0]["ads"]
    ask("DELETE", gone)
    span = {"fields": "ad_id,spend", "date_preset": "yesterday"}
    assert [one["ad_id"] for one in rows(ask, level="ad", **span)] == [kept]
    assert len(rows(ask, gone, **span)) == 1
    told = [{"field": "ad.effective_status", "operator": "IN", "value": ["ACTIVE", "DELETED"]}]
    every = rows(ask, level="ad", filtering=told, **span)
    assert {one["ad_id"] for one in every} == {gone, kept}
    (whole,) = rows(ask, tree["id"], **span)
    assert Decimal(whole["spend"]) == sum(Decimal(one["spend"]) for one in every)
    assert sum(
        one["spend"] for one in ask.sim.truth_metrics("ad", DAY.replace(day=24), DAY.replace(day=24))
    ) == Decimal(whole["spend"])


def test_breakdowns_add_up(ask):
    ad = one_ad(ask)
    (whole,) = rows(ask, ad, fields="impressions,spend", **on(DAY))
    for parts in (["age", "gender"], ["publisher_platform"], ["country"]):
        found = rows(ask, ad, fields="impressions,spend,actions", breakdowns=parts, limit="50", **on(DAY))
        assert len(found) > 2
        assert all(set(parts) <= set(one) for one in found)
        assert sum(int(one["impressions"]) for one in found) == int(whole["impressions"])
        assert sum(Decimal(one["spend"]) for one in found) == Decimal(whole["spend"])
        assert ("purchase" in actions(found[0])) == (parts == ["publisher_platform"])
    windows = ["7d_click", "1d_view"]
    options = {"fields": "actions", "action_attribution_windows": windows, "breakdowns": ["device_platform"]}
    for row in rows(ask, ad, **options, **on(DAY)):
        clicked, viewed = (int(actions(row, window)["purchase"]) for window in windows)
        assert clicked + viewed == int(actions(row)["purchase"])
    assert ask.error("GET", f"{ad}/insights", breakdowns=["wings"])["code"] == 100
    old = {"time_range": {"since": "2025-09-01", "until": "2025-09-01"}}
    ask.sim.put_fact(ad, date(2025, 9, 1), BIG)
    assert "reach" in rows(ask, ad, fields="reach", **old)[0]
    assert "reach" not in rows(ask, ad, fields="reach", breakdowns=["country"], **old)[0]


# ------------------------------------------------------------------------------------------------ days and filters


def test_pieces_of_time(ask):
    ask.sim.seed_tree(campaigns=1, adsets=1, ads=1, days=90)
    span = {"time_range": {"since": "2026-09-10", "until": "2026-11-20"}, "fields": "impressions", "limit": "100"}
    daily = rows(ask, time_increment="1", **span)
    assert len(daily) == 72
    weekly = rows(ask, time_increment="7", **span)
    assert [(one["date_start"], one["date_stop"]) for one in weekly][:1] == [("2026-09-10", "2026-09-16")]
    assert weekly[-1]["date_stop"] == "2026-11-20"
    monthly = rows(ask, time_increment="monthly", **span)
    assert [one["date_start"] for one in monthly] == ["2026-09-10", "2026-10-01", "2026-11-01"]
    (whole,) = rows(ask, **span)
    for found in (daily, weekly, monthly):
        assert sum(int(one["impressions"]) for one in found) == int(whole["impressions"])
    ranges = [{"since": "2026-10-01", "until": "2026-10-02"}, {"since": "2026-11-01", "until": "2026-11-02"}]
    assert [one["date_start"] for one in rows(ask, time_ranges=ranges, fields="spend")] == ["2026-10-01", "2026-11-01"]
    assert ask.error("GET", f"{ask.sim.account}/insights", time_increment="0")["code"] == 100


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-11-25", "2026-11-25"),
        ("yesterday", "2026-11-24", "2026-11-24"),
        ("last_7d", "2026-11-18", "2026-11-24"),
        ("last_30d", "2026-10-26", "2026-11-24"),
        ("this_month", "2026-11-01", "2026-11-25"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("last_quarter", "2026-07-01", "2026-09-30"),
        ("this_week_mon_today", "2026-11-23", "2026-11-25"),
        ("last_week_sun_sat", "2026-11-15", "2026-11-21"),
        ("this_year", "2026-01-01", "2026-11-25"),
        ("last_year", "2025-01-01", "2025-12-31"),
        ("maximum", "2023-10-25", "2026-11-25"),
    ],
)
def test_presets(ask, name, first, last):
    ad = one_ad(ask, date.fromisoformat(first))
    (row,) = rows(ask, ad, fields="spend", date_preset=name)
    assert (row["date_start"], row["date_stop"]) == (first, last)


def test_how_far_back(ask):
    path = f"{ask.sim.account}/insights"
    assert ask("GET", path, time_range={"since": "2023-10-25", "until": "2023-10-26"}) == {"data": []}
    far = ask.error("GET", path, time_range={"since": "2023-10-24", "until": "2026-11-01"})
    assert far["message"] == "(#3018) The start date of the time range cannot be beyond 37 months from the current date"
    for given in ({"since": "2026-11-02", "until": "2026-11-01"}, {"since": "yesterday", "until": "today"}, {}):
        assert ask.error("GET", path, time_range=given)["code"] == 100
    assert ask.error("GET", path, time_range="11/2026")["code"] == 100
    assert ask.error("GET", path, date_preset="lifetime")["code"] == 100


def test_filters_sorting_and_sums(ask):
    trees = ask.sim.seed_tree(campaigns=4, adsets=1, ads=1, days=2)
    span = {"level": "campaign", "fields": "campaign_id,spend", "date_preset": "yesterday"}
    one = [{"field": "campaign.id", "operator": "IN", "value": [trees[2]["id"]]}]
    assert [row["campaign_id"] for row in rows(ask, filtering=one, **span)] == [trees[2]["id"]]
    spent = [float(row["spend"]) for row in rows(ask, sort=["spend_descending"], **span)]
    assert spent == sorted(spent, reverse=True)
    most = [{"field": "spend", "operator": "GREATER_THAN", "value": spent[1]}]
    assert len(rows(ask, filtering=most, **span)) == 1
    page = ask("GET", f"{ask.sim.account}/insights", limit="1", summary=["spend"], **span)
    assert Decimal(page["summary"]["spend"]) == sum(Decimal(str(value)) for value in spent)
    assert ask.error("GET", f"{ask.sim.account}/insights", sort=["spend"])["code"] == 100


# ------------------------------------------------------------------------------------------------------- reports


def test_a_report_in_the_background(ask):
    ask.sim.seed_tree(campaigns=2, adsets=1, ads=1, days=10)
    given = {"level": "ad", "fields": "ad_id,spend", "time_increment": "1", "date_preset": "last_7d"}
    before = ask.sim.state()
    run = ask("POST", f"{ask.sim.account}/insights", **given)["report_run_id"]
    assert ask.sim.state() == before
    assert codes(ask.error("GET", f"{run}/insights")) == (2601, 1815107)
    seen = [ask("GET", run) for _ in range(4)]
    assert [one["async_status"] for one in seen][-2:] == ["Job Completed", "Job Completed"]
    assert seen[0]["async_percent_completion"] < 100
    assert (seen[0]["date_start"], seen[0]["date_stop"]) == ("2026-11-18", "2026-11-24")
    ask.sim.clock.advance(3 * 86400)
    found = rows(ask, run, limit="5")
    assert len(found) == 14
    shown_then = {(one["id"], str(one["date"])): str(one["spend"]) for one in ask.sim.truth_metrics("ad", at=NOW)}
    assert {(one["ad_id"], one["date_start"]): one["spend"] for one in found}.items() <= shown_then.items()
    ask.sim.clock.advance(28 * 86400)
    assert codes(ask.error("GET", run)) == (100, 33)


def test_reports_that_fail(ask):
    one_ad(ask)
    for status in ("Job Failed", "Job Skipped"):
        ask.sim.doom_report(status)
        run = ask("POST", f"{ask.sim.account}/insights", fields="spend")["report_run_id"]
        last = [ask("GET", run) for _ in range(3)][-1]
        assert (last["async_status"], last.get("error_subcode")) == (
            status,
            1487534 if status == "Job Failed" else None,
        )
        assert ask.error("GET", f"{run}/insights")["code"] == 2601
    assert ask.error("POST", f"{ask.sim.account}/insights", fields="wings")["code"] == 100


def test_every_second_report_fails():
    ask = Caller(report_fails=2, report_polls=0)
    ends = []
    for _ in range(4):
        run = ask("POST", f"{ask.sim.account}/insights", fields="spend")["report_run_id"]
        ends.append(ask("GET", run)["async_status"])
    assert ends == ["Job Completed", "Job Failed"] * 2


def test_too_much_to_compute():
    ask = Caller(sync_values=50, report_values=200)
    ask.sim.seed_tree(campaigns=1, adsets=1, ads=2, days=60)
    path = f"{ask.sim.account}/insights"
    assert ask("GET", path, fields="spend", date_preset="last_14d")["data"]
    assert ask.error("GET", path, 500, fields="spend", date_preset="last_30d")["code"] == 1
    assert ask("POST", path, fields="spend", date_preset="last_30d")["report_run_id"]
    error = ask.error("POST", path, fields="spend,clicks,reach", date_preset="last_90d")
    assert (codes(error), error["type"]) == ((100, 1487534), "CodeException")


def test_a_scenario_is_loaded_quickly(ask):
    trees = ask.sim.seed_tree(campaigns=12, adsets=3, ads=3, days=90, names=["Brand", "Prospecting"])
    assert [one["name"] for one in trees[:3]] == ["Brand", "Prospecting", "Campaign 3"]
    truth = ask.sim.truth_metrics("campaign")
    assert len(truth) == 12 * 90
    found = rows(
        ask,
        level="campaign",
        fields="campaign_id,spend",
        time_increment="1",
        limit="500",
        time_range={"since": "2026-08-28", "until": "2026-11-25"},
    )
    assert {(one["campaign_id"], one["date_start"]): Decimal(one["spend"]) for one in found} == {
        (one["id"], str(one["date"])): one["spend"] for one in truth
    }
