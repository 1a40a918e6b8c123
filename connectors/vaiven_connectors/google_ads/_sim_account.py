"""One customer: its place among managers, its rows, and the log of what changed in it.

A row is flat, by the names of GAQL within its resource: `{"id": 1, "manual_cpc.enhanced_cpc_enabled": True}`; int64
values are numbers here and strings on the wire. Nothing is ever taken away: a removed row has the status REMOVED
(developers.google.com/google-ads/api/docs/concepts/api-structure, read 2026-11-25).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from vaiven_connectors.google_ads._sim_facts import Facts

Row = Mapping[str, Any]
COLLECTIONS = {
    "campaign": "campaigns",
    "campaign_budget": "campaignBudgets",
    "ad_group": "adGroups",
    "ad_group_ad": "adGroupAds",
    "conversion_action": "conversionActions",
    "user_list": "userLists",
    "offline_user_data_job": "offlineUserDataJobs",
}
LOGGED = {"campaign", "campaign_budget", "ad_group", "ad_group_ad"}
"""What change_status and change_event speak of, of what the simulator holds (their enums of resource types)."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of one row.

    Args:
        at: instant.
        resource: `campaign`.
        key: of the row.
        op: CREATE, UPDATE or REMOVE.
        old: the row before.
        new: the row after.
        client: who did it, of ChangeClientTypeEnum.
        user: e-mail address.
    """

    at: datetime
    resource: str
    key: str
    op: str
    old: Row
    new: Row
    client: str
    user: str

    @property
    def fields(self) -> list[str]:
        """Names of what is different."""
        names = {*self.old, *self.new} - {"resource_name"}
        return sorted(name for name in names if self.old.get(name) != self.new.get(name))


@dataclass(slots=True)
class Account:
    """A customer account.

    Args:
        id: ten digits.
        name: descriptive name.
        currency: ISO 4217.
        zone: IANA name of the time zone.
        manager: whether it only manages others.
        test: whether it is a test account.
        status: ENABLED, CANCELED, SUSPENDED or CLOSED.
        parent: the manager above it, or nothing.
        chance: of the simulator.
        now: gives the time.
    """

    id: str
    name: str
    currency: str
    zone: str
    manager: bool
    test: bool
    status: str
    parent: str
    chance: Random
    now: Callable[[], datetime]
    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {name: {} for name in COLLECTIONS})
    log: list[Changed] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    by_api: dict[tuple[str, str], datetime] = field(default_factory=dict)
    facts: Facts = field(init=False)

    def __post_init__(self) -> None:
        self.facts = Facts(ZoneInfo(self.zone))

    @property
    def resource_name(self) -> str:
        """`customers/1234567890`."""
        return f"customers/{self.id}"

    def local(self, at: datetime | None = None) -> datetime:
        """An instant, or now, in the account's time zone."""
        return (at or self.now()).astimezone(ZoneInfo(self.zone))

    def customer(self) -> Row:
        """The row of the resource `customer`."""
        tracking = "conversion_tracking_setting."
        return {
            "resource_name": self.resource_name,
            "id": int(self.id),
            "descriptive_name": self.name,
            "currency_code": self.currency,
            "time_zone": self.zone,
            "auto_tagging_enabled": True,
            "manager": self.manager,
            "test_account": self.test,
            "status": self.status,
            "has_partners_badge": False,
            "optimization_score": None if self.manager else 0.75,
            f"{tracking}accepted_customer_data_terms": True,
            f"{tracking}conversion_tracking_status": "CONVERSION_TRACKING_MANAGED_BY_SELF",
            f"{tracking}google_ads_conversion_customer": self.resource_name,
            f"{tracking}enhanced_conversions_for_leads_enabled": True,
            **self.settings,
        }

    def name_of(self, resource: str, key: str) -> str:
        """The resource name of a row."""
        return f"{self.resource_name}/{COLLECTIONS[resource]}/{key}"

    def key_of(self, resource: str, name: object) -> str | None:
        """The key in a resource name of this account and this resource; None for another or a malformed one."""
        start = f"{self.resource_name}/{COLLECTIONS[resource]}/"
        text = str(name)
        key = text.removeprefix(start)
        return key if text.startswith(start) and key and "/" not in key else None

    def fresh_id(self, taken: Iterable[str] = ()) -> int:
        """An id that nothing has yet; ids grow, as they do at Google."""
        held = {*taken}
        while True:
            found = self.chance.randrange(10**10, 10**11)
            if str(found) not in held:
                return found

    # ----------------------------------------------------------------------------------------------------- writing

    def put(
        self,
        resource: str,
        key: str,
        row: Row,
        *,
        at: datetime | None = None,
        client: str = "GOOGLE_ADS_WEB_CLIENT",
        user: str = "owner@example.com",
    ) -> Row:
        """Make a row or put another in its place, and write it down."""
        old = self.rows[resource].get(key)
        new = {**row, "resource_name": self.name_of(resource, key)}
        if old == new:
            return new
        self.rows[resource][key] = new
        if old is None and client == "GOOGLE_ADS_API":
            self.by_api[resource, key] = self.now()
        if resource in LOGGED:
            gone = new.get("status") == "REMOVED"
            op = "CREATE" if old is None else "REMOVE" if gone and old.get("status") != "REMOVED" else "UPDATE"
            self.log.append(Changed(at or self.now(), resource, key, op, old or {}, new, client, user))
        return new

    def edit(self, resource: str, key: str, values: Row, **who: Any) -> Row:
        """Change some fields of a row.

        Raises:
            KeyError: there is no such row.
        """
        return self.put(resource, key, {**self.rows[resource][key], **values}, **who)

    # ----------------------------------------------------------------------------------------------------- reading

    def parents(self, resource: str, row: Row) -> dict[str, Row]:
        """The rows that stand beside one in a query: of its ad group, campaign, budget and customer."""
        found: dict[str, Row] = {resource: row, "customer": self.customer()}
        if resource == "ad_group_ad":
            found["ad_group"] = self._row("ad_group", row.get("ad_group"))
        if resource in {"ad_group", "ad_group_ad"}:
            found["campaign"] = self._row("campaign", found["ad_group"].get("campaign"))
        if resource in {"campaign", "ad_group", "ad_group_ad"}:
            found["campaign_budget"] = self._row("campaign_budget", found["campaign"].get("campaign_budget"))
        return found

    def _row(self, resource: str, name: object) -> Row:
        return self.rows[resource].get(self.key_of(resource, name) or "", {})

    def children(self, resource: str, parent_field: str, name: str) -> list[str]:
        """Keys of rows that point at `name`."""
        return [key for key, row in self.rows[resource].items() if row.get(parent_field) == name]

    def shown(self, resource: str, row: Row) -> Row:
        """A row with what Google works out itself."""
        if resource == "campaign":
            status = row.get("status")
            served = {"ENABLED": "SERVING", "PAUSED": "SUSPENDED"}.get(str(status), "NONE")
            return {**row, "serving_status": served, "primary_status": _primary(status)}
        if resource in {"ad_group", "ad_group_ad"}:
            return {**row, "primary_status": _primary(row.get("status"))}
        if resource == "campaign_budget":
            users = [one for one in self.rows["campaign"].values() if one["campaign_budget"] == row["resource_name"]]
            living = [one for one in users if one["status"] != "REMOVED"]
            own: Row = {}
            if users and not row["explicitly_shared"]:
                # "The budget's name and status will stay in sync with the campaign's name and status."
                own = {"name": users[-1]["name"], "status": "ENABLED" if living else "REMOVED"}
            return {**row, **own, "reference_count": len(living)}
        return row

    def latest(self, until: datetime) -> list[Changed]:
        """The last change of each row up to an instant."""
        found: dict[tuple[str, str], Changed] = {}
        for one in self.log:
            if one.at <= until:
                found[one.resource, one.key] = one
        return list(found.values())


def _primary(status: object) -> str:
    return {"ENABLED": "ELIGIBLE", "PAUSED": "PAUSED"}.get(str(status), "REMOVED")


def stamp(at: datetime, *, micros: bool = False) -> str:
    """`2026-11-25 09:30:00`, with microseconds where Google has them."""
    text = at.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{at.microsecond:06}" if micros else text
