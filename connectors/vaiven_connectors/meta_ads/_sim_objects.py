"""The person, the businesses and ad accounts, and in an account campaigns, ad sets, ads and creatives.

Which of them an edge shows: developers.facebook.com/documentation/ads-commerce/marketing-api/best-practices/
manage-your-ad-object-status. Offsets of currencies: /docs/marketing-api/currencies. Permissions that are missing are
told as in facebook-java-business-sdk#223 and facebook.cr#2. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from vaiven_connectors.meta_ads._sim_base import Base, computes, serves
from vaiven_connectors.meta_ads._sim_limits import Aim, UseCase, hourly
from vaiven_connectors.meta_ads._sim_query import parse_filtering
from vaiven_connectors.meta_ads._sim_words import Ask, Json, graph_error, parameter
from vaiven_sdk.testing import Call, Selection

WHOLE = frozenset("CLP COP CRC HUF IDR ISK JPY KRW PYG TWD VND".split())
"""Currencies whose amounts Graph counts in whole units (offset 1); all others have offset 100."""
STATUSES = frozenset(
    "ACTIVE ADSET_PAUSED ARCHIVED CAMPAIGN_PAUSED DELETED DISAPPROVED IN_PROCESS PAUSED PENDING_BILLING_INFO "
    "PENDING_REVIEW PREAPPROVED WITH_ISSUES".split()
)
GONE = frozenset({"ARCHIVED", "DELETED"})
PARENTS = {"adset": "campaign", "ad": "adset"}
AD_KINDS = ("campaign", "adset", "ad")


def offset(currency: str) -> int:
    """How many minor units a unit of the currency has for Graph."""
    return 1 if currency in WHOLE else 100


class Objects(Base):
    """What an advertiser has."""

    references: ClassVar[dict[tuple[str, str], tuple[str, str]]] = {
        ("account", "business"): ("business", "_business"),
        ("adset", "campaign"): ("campaign", "campaign_id"),
        ("ad", "campaign"): ("campaign", "campaign_id"),
        ("ad", "adset"): ("adset", "adset_id"),
        ("ad", "creative"): ("creative", "_creative"),
        ("form", "page"): ("page", "page_id"),
        ("pixel", "owner_business"): ("business", "_business"),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.users = self.node_table("user", "users", 16)
        self.apps = self.node_table("app", "apps", 15)
        self.businesses = self.node_table("business", "businesses", 15)
        self.accounts = self.node_table("account", "ad_accounts", 15)
        self.campaigns = self.node_table("campaign", "campaigns", indexes=["account_id"])
        self.adsets = self.node_table("adset", "adsets", indexes=["campaign_id", "account_id"])
        self.ads = self.node_table("ad", "ads", indexes=["adset_id", "campaign_id", "account_id"])
        self.creatives = self.node_table("creative", "creatives", indexes=["account_id"])
        self.users.add({"id": self.user_id, "name": "Vaiven System User"})
        self.apps.add({"id": self.app_id, "name": "Vaiven", "category": "Business"})
        self.business = str(self.businesses.add({"name": "Vaiven Shop", "verification_status": "verified"})["id"])
        self.account_id = self.make_account("Vaiven Shop")

    @property
    def account(self) -> str:
        """The first account, as `act_...`."""
        return f"act_{self.account_id}"

    def make_account(
        self, name: str, currency: str = "USD", timezone: str = "America/New_York", status: int = 1, reason: int = 0
    ) -> str:
        """One more ad account of the business; gives its number without `act_`.

        Args:
            name: of the account.
            currency: in which it pays.
            timezone: by whose days it counts.
            status: 1 active, 2 disabled, 3 unsettled, 7 pending risk review, 100 pending closure, 101 closed.
            reason: `disable_reason`.
        """
        number = self.digits(15)
        row: Json = {"id": f"act_{number}", "account_id": number, "name": name, "currency": currency}
        row |= {"timezone_name": timezone, "account_status": status, "disable_reason": reason, "spend_cap": "0"}
        row |= {"balance": "0", "min_daily_budget": offset(currency), "is_personal": 0, "_business": self.business}
        row["created_time"] = self.local(row, self.clock.now())
        self.accounts.add(row)
        return number

    def zone(self, account: Json) -> ZoneInfo:
        """The account's time zone."""
        return ZoneInfo(account["timezone_name"])

    def local(self, account: Json, at: datetime) -> str:
        """An instant in the account's zone with its offset: `2026-11-25T07:00:00-0500`."""
        return at.astimezone(self.zone(account)).strftime("%Y-%m-%dT%H:%M:%S%z")

    def owner(self, row: Json) -> Json:
        """The account of an ad object."""
        return self.accounts.get(f"act_{row['account_id']}")

    # -------------------------------------------------------------------------------------------- permissions

    def need_read(self, ask: Ask) -> None:
        """Refuse a token that may not read ads."""
        if ask.page or not ask.scopes & {"ads_read", "ads_management"}:
            raise graph_error(
                200, "(#200) Ad account owner has NOT grant ads_management or ads_read permission", status=403
            )

    def need_write(self, ask: Ask, account: Json) -> None:
        """Refuse a token that may not manage ads, and an account that is not active.

        Subcode 1885316 of a disabled account was seen by others, its title is ours.
        """
        if ask.page or "ads_management" not in ask.scopes:
            raise graph_error(200, "(#200) Requires ads_management permission to manage the object", status=403)
        if account["account_status"] != 1:
            raise graph_error(
                100,
                "Invalid parameter",
                subcode=1885316,
                title="Ad account is not active",
                user_msg="Only active accounts can create or edit ads",
            )

    def _aim(self, call: Call) -> Aim:
        parts = [part for part in call.path.split("/") if part and not part.startswith("v2")]
        kind = self.index.get(parts[0], "") if parts else ""
        edge = parts[1] if len(parts) > 1 else ""
        row = self.kinds[kind].find(parts[0]) if kind else None
        if row is None or kind in {"user", "app", "business", "pixel"}:
            return Aim()
        standard = self.access_tier == "standard_access"
        if kind in {"page", "form", "lead"}:
            page = row["id"] if kind == "page" else row["page_id"] if kind == "form" else row["_page"]
            case: UseCase = "leadgen" if edge in {"leads", "leadgen_forms"} or kind != "page" else "pages"
            return Aim(page, case, 4800.0 * max(self._leads_of(page), 1), 86400.0)
        case = "ads_management"
        if edge == "insights" or kind == "report":
            case = "ads_insights"
        elif kind == "audience" or edge == "customaudiences":
            case = "custom_audience"
        owner = row["account_id"]
        table = self.kinds["audience"] if case == "custom_audience" else self.ads
        active = sum(1 for one in table.select(account_id=owner) if one.row.get("status", "ACTIVE") == "ACTIVE")
        return Aim(owner, case, hourly(case, standard=standard, active=active))

    def _leads_of(self, page: str) -> int:
        return 0

    # ------------------------------------------------------------------------------------------- people's edges

    @serves("GET", "user business app")
    def read_person(self, ask: Ask, row: Json) -> Json:
        """A person, a business or the app."""
        kind = self.index[row["id"]]
        return self.show(ask, kind, row, self.wanted(ask, kind))

    @serves("GET", "user", "adaccounts")
    @serves("GET", "business", "owned_ad_accounts")
    def list_accounts(self, ask: Ask, row: Json) -> Json:
        """The ad accounts that this person works with."""
        self.need_read(ask)
        return self.listing(ask, "account", self.accounts.select())

    @serves("GET", "user", "businesses")
    def list_businesses(self, ask: Ask, row: Json) -> Json:
        """The businesses of this person.

        Raises:
            Refusal: `(#200)` without business_management.
        """
        if "business_management" not in ask.scopes:
            raise graph_error(200, "(#200) Requires business_management permission to manage the object", status=403)
        return self.listing(ask, "business", self.businesses.select())

    @serves("GET", "user", "permissions")
    def permissions(self, ask: Ask, row: Json) -> Json:
        """What this token may do."""
        return {"data": [{"permission": name, "status": "granted"} for name in sorted(ask.scopes)]}

    @serves("DELETE", "user", "permissions")
    def revoke(self, ask: Ask, row: Json) -> Json:
        """The person takes the app's permissions back."""
        self.graph_access.revoke(458)
        return {"success": True}

    # ---------------------------------------------------------------------------------------------- ad objects

    @serves("GET", "account campaign adset ad creative")
    def read_object(self, ask: Ask, row: Json) -> Json:
        """An account or what is in it; what is archived or deleted can be read by its id for ever."""
        self.need_read(ask)
        kind = self.index[row["id"]]
        return self.show(ask, kind, row, self.wanted(ask, kind))

    @serves("GET", "account", "campaigns")
    def list_campaigns(self, ask: Ask, row: Json) -> Json:
        """Campaigns of an account."""
        return self._edge(ask, "campaign", account_id=row["account_id"])

    @serves("GET", "account campaign", "adsets")
    def list_adsets(self, ask: Ask, row: Json) -> Json:
        """Ad sets of an account or a campaign."""
        return self._edge(ask, "adset", **self._below(row))

    @serves("GET", "account campaign adset", "ads")
    def list_ads(self, ask: Ask, row: Json) -> Json:
        """Ads of an account, a campaign or an ad set."""
        return self._edge(ask, "ad", **self._below(row))

    @serves("GET", "account", "adcreatives")
    def list_creatives(self, ask: Ask, row: Json) -> Json:
        """Creatives of an account; deleted ones are not listed."""
        self.need_read(ask)
        live = self.creatives.select(
            down=True, keep=lambda entry: entry.row["status"] != "DELETED", account_id=row["account_id"]
        )
        return self.listing(ask, "creative", live)

    @serves("GET", "adset ad", "adcreatives")
    def list_used_creatives(self, ask: Ask, row: Json) -> Json:
        """The creatives that an ad, or the ads of a set, show."""
        self.need_read(ask)
        used = (
            {row["_creative"]}
            if "_creative" in row
            else {one.row["_creative"] for one in self.ads.select(adset_id=row["id"])}
        )
        return self.listing(ask, "creative", self.creatives.select(keep=lambda entry: entry.row["id"] in used))

    def _below(self, row: Json) -> dict[str, Any]:
        kind = self.index[row["id"]]
        return {"account_id": row["account_id"]} if kind == "account" else {f"{kind}_id": row["id"]}

    def _edge(self, ask: Ask, kind: str, **equal: Any) -> Json:
        self.need_read(ask)
        return self.listing(ask, kind, self.chosen(ask, kind, **equal))

    def chosen(self, ask: Ask, kind: str, **equal: Any) -> Selection:
        """The rows that a list of ad objects shows: archived and deleted ones only where their status is asked for.

        Raises:
            Refusal: a status or a filter that there is not.
        """
        statuses = {str(one).upper() for one in ask.listed("effective_status")}
        if strange := statuses - STATUSES:
            raise parameter(
                f"param effective_status[0] must be one of {{{', '.join(sorted(STATUSES))}}}, got {min(strange)}",
                "effective_status",
            )
        since = ask.number("updated_since")
        tests: list[tuple[Callable[[Json], Any], Callable[[Any], bool]]] = []
        told = bool(statuses)
        for name, test in parse_filtering(ask):
            tests.append((self.reader(kind, name), test))
            told = told or name in {"effective_status", f"{kind}.effective_status"}

        def keep(entry: Any) -> bool:
            row = entry.row
            status = self.effective(kind, row)
            if (statuses and status not in statuses) or (not told and status in GONE):
                return False
            if since is not None and datetime.fromisoformat(row["updated_time"]).timestamp() < since:
                return False
            return all(test(read(row)) for read, test in tests)

        return self.kinds[kind].select(down=True, keep=keep, **equal)

    def reader(self, kind: str, name: str) -> Callable[[Json], Any]:
        """What a filter's field is of a row: its own, or of what is above it.

        Raises:
            Refusal: there is no such field.
        """
        level, _, field = name.rpartition(".")
        field = {"adgroup_id": "id"}.get(field, field)
        known = {"id", "name", "status", "effective_status", "configured_status", "updated_time", "created_time"}
        known |= {"objective", "daily_budget", "lifetime_budget", "start_time", "stop_time", "end_time", "campaign_id"}
        if field not in known | {"adset_id", "optimization_goal"} or level not in {"", *AD_KINDS}:
            raise parameter(f"Filtering field {name} is not supported", "filtering")
        if level in {"", kind}:
            return lambda row: self.field_of(kind, row, field)
        if AD_KINDS.index(level) > AD_KINDS.index(kind):
            raise parameter(f"Filtering field {name} is not supported on this level", "filtering")
        return lambda row: self.field_of(level, self.kinds[level].get(row[f"{level}_id"]), field)

    # -------------------------------------------------------------------------------------------------- fields

    @computes("campaign adset ad", "effective_status")
    def _effective(self, kind: str, row: Json, name: str) -> str:
        return self.effective(kind, row)

    def effective(self, kind: str, row: Json) -> str:
        """The status that counts: an object's own, unless what is above it says more."""
        own = str(row.get("_effective") or row["status"])
        parent = PARENTS.get(kind)
        if parent is None:
            return own
        above = self.effective(parent, self.kinds[parent].get(row[f"{parent}_id"]))
        if above in GONE:
            return "DELETED" if own == "DELETED" else above
        if own != "ACTIVE":
            return own
        return f"{parent.upper()}_PAUSED" if above == "PAUSED" else above

    @computes("campaign adset ad", "configured_status")
    def _configured(self, kind: str, row: Json, name: str) -> str:
        return str(row["status"])

    @computes("account", "timezone_offset_hours_utc", "age", "amount_spent")
    def _of_account(self, kind: str, row: Json, name: str) -> Any:
        now = self.clock.now()
        if name == "timezone_offset_hours_utc":
            shift = now.astimezone(self.zone(row)).utcoffset()
            return shift.total_seconds() / 3600 if shift else 0
        if name == "age":
            return max((now - datetime.fromisoformat(row["created_time"])).days, 0)
        return str(self.spent_minor(row))

    def spent_minor(self, account: Json) -> int:
        """All that an account has spent, in minor units."""
        return 0
