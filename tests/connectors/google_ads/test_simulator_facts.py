"""The simulator's figures: what a report shows of a day, and how that changes until the conversion window is over."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.connectors.google_ads.test_simulator import NOW, Caller
from vaiven_connectors.google_ads._sim_facts import Action, Fact, arrived

QUERY = (
    "SELECT campaign.id, segments.date, metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions, "
    "metrics.conversions_value, metrics.all_conversions FROM campaign "
    "WHERE segments.date BETWEEN '2026-08-01' AND '2026-12-31'"
)


@pytest.fixture
def caller():
    return Caller(access_level="standard")


def shown(caller, query=QUERY):
    return {(row["campaign"]["id"], row["segments"]["date"]): row["metrics"] for row in caller.rows(query)}


def agrees(caller):
    """What the API shows is what the truth says of now."""
    found, truth = shown(caller), caller.sim.truth_metrics()
    assert found.keys() == truth.keys()
    for key, row in found.items():
        for name, text in (("impressions", "impressions"), ("clicks", "clicks"), ("cost_micros", "costMicros")):
            assert int(row[text]) == truth[key][name]
        for name, text in (("conversions", "conversions"), ("conversions_value", "conversionsValue")):
            assert row[text] == truth[key][name]
    return found


def test_conversions_come_in_until_the_window_is_over(caller):
    sim = caller.sim
    campaign = sim.make_campaign("C")
    action = sim.make_conversion_action("Order", window=30)
    sim.record_metrics(
        "2026-11-20", campaign=campaign, clicks=50, cost_micros=7_000_000, conversions={action: (10, 500)}
    )
    seen = []
    for days in (0, 1, 9, 14, 1, 1):  # 0, 1, 10, 24, 25 and 26 days from now
        sim.clock.advance(days * 86_400)
        row = agrees(caller)[campaign, "2026-11-20"]
        assert (row["clicks"], row["costMicros"]) == ("50", "7000000"), "what was paid stands"
        seen.append(row["conversions"])
    assert seen == sorted(seen)
    assert 5.5 < seen[0] < seen[1] < seen[3] < 10
    assert seen[4:] == [10.0, 10.0], "30 days after the click everything is in"
    assert seen[0] != int(seen[0]), "credit is fractional"


def test_each_conversion_action_has_its_own_window(caller):
    sim = caller.sim
    campaign = sim.make_campaign("C")
    short, long = (sim.make_conversion_action(f"A{days}", window=days) for days in (7, 90))
    other = sim.make_conversion_action("Newsletter", primary=False)
    day = "2026-11-15"
    sim.record_metrics(day, campaign=campaign, clicks=9, conversions={short: (4, 40), long: (4, 40), other: (2, 2)})
    truth = {key[2]: row for key, row in sim.truth_metrics(by_action=True).items()}
    assert truth[short]["conversions"] == 4.0
    assert truth[long]["conversions"] < 4
    assert (truth[other]["conversions"], truth[other]["all_conversions"]) == (0, pytest.approx(2, abs=0.5))
    rows = caller.rows(
        "SELECT segments.conversion_action, segments.conversion_action_name, metrics.conversions, "
        "metrics.all_conversions FROM campaign WHERE segments.date DURING LAST_14_DAYS"
    )
    named = {row["segments"]["conversionActionName"]: row["metrics"] for row in rows}
    assert named.keys() == {"A7", "A90", "Newsletter"}
    assert named["Newsletter"]["conversions"] == 0
    total = agrees(caller)[campaign, day]
    assert total["conversions"] == pytest.approx(named["A7"]["conversions"] + named["A90"]["conversions"])
    (row,) = caller.rows(
        "SELECT metrics.all_conversions FROM conversion_action WHERE segments.date DURING LAST_14_DAYS "
        f"AND conversion_action.id = {short}"
    )
    assert row["metrics"]["allConversions"] == 4.0


def test_the_truth_of_any_time_can_be_asked_for(caller):
    sim = caller.sim
    sim.seed_tree(campaigns=2, ad_groups=1, ads=2, days=60)
    early = sim.truth_metrics(at=NOW - timedelta(days=10))
    final = sim.truth_metrics(final=True)
    agrees(caller)
    last = max(day for _, day in early)
    assert last <= "2026-11-15", "nothing of days that were still to come"
    assert final.keys() >= early.keys()
    assert sum(row["conversions"] for row in final.values()) > sum(
        row["conversions"] for row in sim.truth_metrics().values()
    )
    assert sim.truth_metrics(at=NOW) == sim.truth_metrics()


def test_levels_add_up(caller):
    sim = caller.sim
    sim.seed_tree(campaigns=2, ad_groups=2, ads=2, days=20)

    def sum_of(level):
        rows = sim.truth_metrics(level=level).values()
        return sum(row["cost_micros"] for row in rows), round(sum(row["conversions"] for row in rows), 4)

    assert len({sum_of(level) for level in ("customer", "campaign", "ad_group", "ad")}) == 1
    cost, conversions = sum_of("customer")
    for resource in ("customer", "campaign", "ad_group", "ad_group_ad", "campaign_budget"):
        rows = caller.rows(f"SELECT {resource}.resource_name, metrics.cost_micros, metrics.conversions FROM {resource}")
        assert sum(int(row["metrics"]["costMicros"]) for row in rows) == cost, resource
        assert round(sum(row["metrics"]["conversions"] for row in rows), 4) == conversions, resource
    for segment in ("week", "month", "quarter", "year", "day_of_week", "month_of_year", "device", "ad_network_type"):
        rows = caller.rows(
            f"SELECT segments.{segment}, metrics.cost_micros FROM customer "
            "WHERE segments.date BETWEEN '2026-09-01' AND '2026-11-30'"
        )
        assert sum(int(row["metrics"]["costMicros"]) for row in rows) == cost, segment


def test_zero_rows_are_absent_only_where_a_report_is_segmented(caller):
    sim = caller.sim
    busy, idle = sim.make_campaign("Busy"), sim.make_campaign("Idle")
    sim.record_metrics("2026-11-20", campaign=busy, impressions=100)
    assert {key for key, _ in shown(caller)} == {busy}
    rows = caller.rows("SELECT campaign.id, metrics.clicks FROM campaign WHERE segments.date DURING LAST_7_DAYS")
    assert {row["campaign"]["id"]: row["metrics"]["clicks"] for row in rows} == {busy: "0", idle: "0"}
    clicks = "SELECT campaign.id, segments.date, metrics.clicks FROM campaign WHERE segments.date DURING LAST_7_DAYS"
    assert caller.rows(clicks) == [], "impressions are not selected"
    assert caller.rows(f"{clicks} AND metrics.impressions > 0") == []
    sim.remove("campaigns", busy)
    assert (busy, "2026-11-20") in shown(caller), "a removed campaign keeps its figures"


def test_rates_are_absent_where_they_would_divide_by_zero(caller):
    sim = caller.sim
    campaign = sim.make_campaign("C")
    sim.record_metrics("2026-11-20", campaign=campaign, impressions=400, clicks=0)
    query = "SELECT metrics.ctr, metrics.average_cpc, metrics.cost_per_conversion FROM campaign"
    (row,) = caller.rows(query)
    assert row["metrics"] == {"ctr": 0.0}
    sim.record_metrics("2026-11-21", campaign=campaign, impressions=400, clicks=8, cost_micros=4_000_000)
    (row,) = caller.rows(query)
    assert row["metrics"] == {"ctr": 0.01, "averageCpc": 500_000.0}


def test_today_grows_with_the_day(caller):
    sim = caller.sim
    campaign = sim.make_campaign("C")
    sim.record_metrics("2026-11-25", campaign=campaign, impressions=2400, cost_micros=24_000_000)
    assert agrees(caller)[campaign, "2026-11-25"]["impressions"] == "1200", "noon in New York"
    sim.clock.advance(6 * 3600)
    assert agrees(caller)[campaign, "2026-11-25"]["costMicros"] == "18000000"
    steady = Caller(intraday=False)
    campaign = steady.sim.make_campaign("C")
    steady.sim.record_metrics("2026-11-25", campaign=campaign, impressions=2400)
    assert agrees(steady)[campaign, "2026-11-25"]["impressions"] == "2400"


def test_devices_and_networks_are_apart(caller):
    sim = caller.sim
    campaign = sim.make_campaign("C")
    facts = sim.account().facts
    for device, clicks in (("MOBILE", 3), ("DESKTOP", 4)):
        facts.record(Fact(date(2026, 11, 20), (campaign, "", ""), 10, clicks, 0, device=device))
    query = (
        "SELECT segments.device, metrics.clicks FROM campaign WHERE segments.date DURING LAST_7_DAYS "
        "AND segments.device = 'MOBILE'"
    )
    (row,) = caller.rows(query)
    assert (row["segments"]["device"], row["metrics"]["clicks"]) == ("MOBILE", "3")
    assert agrees(caller)[campaign, "2026-11-20"]["clicks"] == "7"


def test_the_curve_ends_at_one():
    shares = [arrived(age, 30) for age in range(-1, 33)]
    assert shares[0] == 0
    assert shares[1:] == sorted(shares[1:])
    assert shares[31:] == [1.0, 1.0, 1.0]
    assert Action("1").window == 30


def test_a_scenario_is_seeded_in_no_time(caller):
    began = datetime.now(UTC)
    made = caller.sim.seed_tree(
        campaigns=["Brand", "Shoes"] + [f"C{n}" for n in range(10)],
        truth=lambda c, g, a, day: {"impressions": 100 + c, "clicks": 10, "cost_micros": 1_230_000, "conversions": 1.5},
    )
    assert len(made["ads"]) == 48
    assert len(caller.sim.truth_metrics()) == 12 * 90
    rows = shown(caller)
    assert len(rows) == 12 * 90
    brand = made["campaigns"][0]
    assert rows[brand, "2026-11-24"]["costMicros"] == str(4 * 1_230_000)
    assert (datetime.now(UTC) - began).total_seconds() < 5
