"""Compare the hub with what the shop's vendors hold and what was put into them; every difference is a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vaiven_api.demo.people import HUBSPOT, STRIPE
from vaiven_api.demo.shop.company import KLAVIYO, SALESFORCE, SHOPIFY, refunded, total
from vaiven_api.demo.shop.score import Bought
from vaiven_api.demo.shop.world import SCORE
from vaiven_api.demo.verify import Verdict
from vaiven_sync_engine.store import Database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vaiven_api.demo.shop.company import Shop
    from vaiven_api.demo.shop.meanwhile import Meanwhile
    from vaiven_api.demo.shop.world import ShopWorld
    from vaiven_sync_engine.store.sql import Sql

PEOPLE = {
    HUBSPOT: "contacts", SALESFORCE: "contacts", KLAVIYO: "profiles", STRIPE: "customers", SHOPIFY: "customers"
}  # fmt: skip
"""Stream of each tool's people."""
LEAST = 0.99
"""Pairwise precision and recall below which people are not one person per human."""


@dataclass(slots=True)
class Hub:
    """What the store holds.

    Args:
        people: id -> address and consent of everybody who is not deleted.
        owner: (tool, record id) -> person, of records that are live.
        refused: (tool, record id or person id) -> code, where a tool refused a write.
    """

    people: dict[str, Any]
    owner: dict[tuple[str, str], str]
    refused: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Hub:
        """The store as it is now."""
        with Database.reader(path) as store:
            names = set(PEOPLE.items())
            sources = {
                row["id"]: row["connection_id"]
                for row in store.execute("SELECT id, connection_id, stream FROM source")
                if (row["connection_id"], row["stream"]) in names
            }
            owner = {
                (sources[row["source_id"]], row["remote_id"]): row["entity_id"]
                for row in store.execute("SELECT source_id, remote_id, entity_id FROM record WHERE deleted_at IS NULL")
                if row["source_id"] in sources and row["entity_id"]
            }
            people = {
                row["id"]: {"email_consent": row["email_consent"], "email": row["email"]}
                for row in store.execute("SELECT id, email_consent, email FROM person WHERE deleted_at IS NULL")
            }
            refused = {
                (sources[row["source_id"]], key): row["code"]
                for row in store.execute(
                    "SELECT source_id, remote_id, entity_id, code FROM intent WHERE state = 'rejected'"
                )
                if row["source_id"] in sources
                for key in (row["remote_id"], row["entity_id"])
                if key
            }
        return cls(people, owner, refused)


def resolution(hub: Hub, world: ShopWorld) -> tuple[float, float, int]:
    """Pairwise precision and recall over all records whose human is known, and how many people those are."""
    by_person: Counter[str] = Counter()
    by_human: Counter[int] = Counter()
    both: Counter[tuple[str, int]] = Counter()
    for key, human in world.truth.items():
        if person := hub.owner.get(key):
            by_person[person] += 1
            by_human[human] += 1
            both[person, human] += 1
    right, said, true = (sum(n * (n - 1) // 2 for n in some.values()) for some in (both, by_person, by_human))
    return (right / said if said else 1.0, right / true if true else 1.0, len(by_person))


def check_people(verdict: Verdict, hub: Hub, world: ShopWorld, gone: Sequence[tuple[str, str]] = ()) -> None:
    """Every record that was put into a tool belongs to a living person; those that were merged away do not count."""
    for key in world.truth.keys() - set(gone):
        tool, record = key
        known = hub.owner.get(key) in hub.people
        verdict.expect("records", known, f"{tool} {record} belongs to no living person")


def check_orders(verdict: Verdict, path: Path, hub: Hub, shop: Shop, world: ShopWorld) -> None:
    """Every order once, with its price, what was given back, its currency, and its buyer."""
    with Database.reader(path) as store:
        held = {row["remote_id"]: row for row in _orders(store)}
    verdict.expect("orders", len(held) == len(shop.orders), f"{len(held)} orders in the hub, {len(shop.orders)} placed")
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for order_id, position in world.orders.items():
        order, row = shop.orders[position], held.get(order_id)
        if row is None:
            verdict.expect("orders", False, f"order {order_id} is not in the hub")  # noqa: FBT003
            continue
        at = datetime.fromisoformat(order["at"]).astimezone(UTC)
        want = (total(order), refunded(order), "USD", order["currency"], bool(order.get("test")), at)
        said = datetime.fromisoformat(row["placed_at"])
        have = (
            row["total_minor"],
            row["refunded_minor"] or 0,
            row["currency"],
            row["presentment_currency"],
            bool(row["is_test"]),
            said,
        )
        verdict.expect("orders", have == want, f"order {order_id} is {have} in the hub, {want} at Shopify")
        buyer = hub.owner.get((SHOPIFY, world.ids[SHOPIFY][order["customer"]]))
        verdict.expect(
            "buyers", row["person_id"] == buyer, f"order {order_id} is {row['person_id']}'s in the hub, not {buyer}'s"
        )
        day = order["at"][:10]
        sums[day][0] += want[0]
        sums[day][1] += have[0]
    for day, (want_cents, have_cents) in sums.items():
        verdict.expect("sales of a day", want_cents == have_cents, f"{day}: {have_cents} cents sold, not {want_cents}")


def _orders(store: Sql) -> Sequence[Any]:
    return store.execute(
        "SELECT r.remote_id, o.* FROM 'order' o JOIN record r ON r.tenant_id = o.tenant_id AND r.entity_id = o.id"
        " JOIN source s ON s.id = r.source_id WHERE s.stream = 'orders' AND o.deleted_at IS NULL"
    ).fetchall()


def check_figures(verdict: Verdict, path: Path, truth: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
    """Spend and revenue of each campaign and day, in the account's currency and zone, each conversion once."""
    with Database.reader(path) as store:
        accounts = {
            row["connection_id"]: (row["currency"], row["timezone"])
            for row in store.execute(
                "SELECT s.connection_id, a.currency, a.timezone FROM ad_account a JOIN record r ON r.entity_id = a.id"
                " JOIN source s ON s.id = r.source_id"
            )
        }
        for tool, rows in truth.items():
            have = _figures(store, tool)
            shown = have.units.get("spend", set())
            currency, zone = accounts.get(tool, (None, None))
            verdict.expect("units", shown == {(currency, zone)}, f"{tool}: spend is in {shown}, not {currency}, {zone}")
            want = {(one["campaign"], one["day"], name): Decimal(one[name]) for one in rows for name in _MEASURED}
            for key, value in want.items():
                said = have.values.pop(key, Decimal(0))
                verdict.expect(
                    "figures", said == value, f"{tool} campaign {key[0]}, {key[1]}: {key[2]} {said}, not {value}"
                )
            for key, said in have.values.items():
                verdict.expect(
                    "figures", not said, f"{tool} campaign {key[0]}, {key[1]}: {key[2]} {said}, not shown there"
                )


_MEASURED = ("spend", "conversions", "conversion_value")


@dataclass(slots=True)
class _Figures:
    values: dict[tuple[str, str, str], Decimal]
    units: dict[str, set[tuple[str, str]]]


def _figures(store: Sql, tool: str) -> _Figures:
    """Sums by campaign, day and metric; parts of a total (a breakdown) are left out, as they would count twice."""
    values: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    units: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in store.execute(
        'SELECT r.remote_id, f."on" AS day, f.metric, f.value, f.currency, f.timezone FROM metric_fact f'
        " JOIN record r ON r.tenant_id = f.tenant_id AND r.entity_id = f.entity_id"
        " JOIN source s ON s.id = r.source_id AND s.connection_id = f.connection_id"
        " WHERE f.connection_id = ? AND f.entity_kind = 'campaign' AND f.breakdown = '' AND s.stream = 'campaigns'",
        (tool,),
    ):
        if row["metric"] in _MEASURED:
            values[row["remote_id"], row["day"], row["metric"]] += Decimal(row["value"])
        if row["metric"] == "spend":
            units["spend"].add((row["currency"], row["timezone"]))
    return _Figures(values, units)


def check_snapshots(
    verdict: Verdict, path: Path, before: Mapping[str, Sequence[Mapping[str, str]]], after: Mapping[str, Sequence[Any]]
) -> int:
    """Each figure that was restated keeps what was known before; gives how many were."""
    with Database.reader(path) as store:
        kept: defaultdict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
        first: set[tuple[str, str, str, str]] = set()
        for row in store.execute(
            'SELECT f.connection_id tool, r.remote_id, f."on" AS day, f.metric, f.value, p.value AS was'
            " FROM metric_fact f"
            " JOIN record r ON r.tenant_id = f.tenant_id AND r.entity_id = f.entity_id"
            " JOIN source s ON s.id = r.source_id AND s.connection_id = f.connection_id AND s.stream = 'campaigns'"
            " LEFT JOIN fact_snapshot p ON p.tenant_id = f.tenant_id AND p.fact_id = f.id AND p.snapshot = 0"
            " WHERE f.breakdown = ''"
        ):
            key = (row["tool"], row["remote_id"], row["day"], row["metric"])
            # One figure may be the sum of several facts, of which some were not restated.
            kept[key] += Decimal(row["was"] if row["was"] is not None else row["value"])
            if row["was"] is not None:
                first.add(key)
    count = 0
    for tool, rows in after.items():
        was = {(one["campaign"], one["day"]): one for one in before[tool]}
        for one in rows:
            old = was.get((one["campaign"], one["day"]))
            for name in _MEASURED:
                if old is None or Decimal(old[name]) == Decimal(one[name]):
                    continue
                count += 1
                key = (tool, one["campaign"], one["day"], name)
                fits = key in first and kept[key] == Decimal(old[name])
                verdict.expect("snapshots", fits, f"{tool} {key[1:]}: {kept[key]} is kept, {old[name]} was shown")
    return count


def check_refusals(verdict: Verdict, hub: Hub, states: Mapping[str, Any], done: Meanwhile) -> None:
    """Whoever said no in one tool has said no in the hub and gets no permission in another."""
    granted = {
        (KLAVIYO, i): _klaviyo_says(row) == "SUBSCRIBED" for i, row in states[KLAVIYO]["profiles"].items()
    } | {
        (SHOPIFY, i): row["emailConsent"]["marketingState"] == "SUBSCRIBED" and bool(row.get("email"))
        for i, row in states[SHOPIFY]["customers"].items()
    }  # fmt: skip
    records: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, person in hub.owner.items():
        records[person].append(key)
    for key in done.refused:
        person = hub.owner.get(key, "")
        said = hub.people.get(person, {}).get("email_consent")
        verdict.expect("refusals", said == "denied", f"{key[0]} {key[1]} said no, the hub has {said}")
        for other in records[person]:
            verdict.expect("refusals", not granted.get(other), f"{other[0]} {other[1]} may be written to, and said no")


def _klaviyo_says(row: Mapping[str, Any]) -> str:
    held = row.get("_subscriptions") or {}
    return str(((held.get("email") or {}).get("marketing") or {}).get("consent") or "")


def check_scores(verdict: Verdict, hub: Hub, shop: Shop, world: ShopWorld, states: Mapping[str, Any]) -> dict[str, int]:
    """The score of each person is what the vendor's own orders make it, and each of their records has it."""
    bought: defaultdict[str, Bought] = defaultdict(Bought)
    for order in shop.orders:
        person = hub.owner.get((SHOPIFY, world.ids[SHOPIFY][order["customer"]]))
        if person and not order.get("test"):
            bought[person].add(datetime.fromisoformat(order["at"]), total(order) - refunded(order))
    shown = _scores(states)
    have: Counter[str] = Counter()
    carried: defaultdict[str, set[str]] = defaultdict(set)
    for (tool, record), value in shown.items():
        person = hub.owner.get((tool, record))
        verdict.expect("scored records", person in hub.people, f"{tool} {record} is nobody's in the hub")
        if person in hub.people:
            want = bought[person or ""].score
            fits = value is not None and Decimal(str(value)) == Decimal(want)
            reason = None if fits else hub.refused.get((tool, record))
            verdict.expect("scores", fits or reason, f"{tool} {record}: the score is {value}, not {want}")
            verdict.excused[f"{tool}: {reason}"] += bool(reason)
            have[tool] += fits
            carried[person or ""].add(tool)
    for person, held in hub.people.items():
        if not held["email"]:
            verdict.excused["no tool takes somebody without an address"] += 1
            continue
        lacks = [tool for tool in SCORE if tool not in carried[person] and (tool, person) not in hub.refused]
        verdict.expect("reached", not lacks, f"person {person} has no record in {', '.join(lacks)}")
    return dict(have)


def _scores(states: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """The score as each vendor has it, of every person's record that is not deleted."""
    out: dict[tuple[str, str], Any] = {}
    for i, row in states[HUBSPOT]["contacts"].items():
        if "properties" in row and not row.get("archived"):
            out[HUBSPOT, i] = row["properties"].get("vaiven_score")
    for i, row in states[SALESFORCE]["Contact"].items():
        if not row.get("IsDeleted"):
            out[SALESFORCE, i] = row.get("Vaiven_Score__c")
    for i, row in states[KLAVIYO]["profiles"].items():
        out[KLAVIYO, i] = row["properties"].get("vaiven_score")
    return out
