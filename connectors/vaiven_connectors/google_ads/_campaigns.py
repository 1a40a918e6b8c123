"""Campaigns with their budgets: read whole, for an account has few; written in one request that may fail in part."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from vaiven_sdk import CreateKey, Deletes, Outcome, Record, RequestRefused, Write, derive, wire
from vaiven_sdk.model import Campaign as Unified

from ._account import Hub, google_ads, path
from ._errors import told
from ._gaql import Gaql, ending, quoted, rows
from ._shapes import CHANNEL, CREATED, PERIOD, SERVING, STATUS, WRITTEN, micros, units

FIELDS = """SELECT campaign.id, campaign.name, campaign.status, campaign.serving_status,
 campaign.advertising_channel_type, campaign.bidding_strategy_type, campaign.start_date_time,
 campaign.end_date_time, campaign.final_url_suffix, campaign.campaign_budget, campaign_budget.amount_micros,
 campaign_budget.total_amount_micros, campaign_budget.period, campaign_budget.explicitly_shared,
 customer.id, customer.currency_code FROM campaign"""


def _status(values: Mapping[str, Any]) -> dict[str, Any]:
    known = WRITTEN.get(values.get("status") or "")
    return {"status": known} if known else {}


def _budget(values: Mapping[str, Any]) -> dict[str, Any]:
    amount = values.get("budget")
    if amount is None:
        return {}
    name = "total_micros" if values.get("budget_period") == "lifetime" else "amount_micros"
    try:
        return {name: micros(amount)}
    except ValueError:
        return {}


def _channel(values: Mapping[str, Any]) -> dict[str, Any]:
    """Said of a new campaign alone, which has a budget: it never changes."""
    known = CREATED.get(values.get("channel") or "")
    return {"channel": known} if known and values.get("budget") is not None else {}


class Campaign(Record[Unified], key="id"):
    """A campaign and the budget that it spends.

    It has no version: Google gives no time of change with it.
    """

    id: str = wire("campaign.id", read_only=True)
    name: str | None = wire("campaign.name", to="name")
    status: str | None = wire("campaign.status")
    serving: str | None = wire("campaign.servingStatus", read_only=True)
    channel: str | None = wire("campaign.advertisingChannelType")
    bidding: str | None = wire("campaign.biddingStrategyType", to="bid_strategy", read_only=True)
    starts: str | None = wire("campaign.startDateTime", read_only=True)
    ends: str | None = wire("campaign.endDateTime", read_only=True)
    suffix: str | None = wire("campaign.finalUrlSuffix", read_only=True)
    account: str | None = wire("customer.id", to="account_id", ref="accounts", read_only=True)
    currency: str | None = wire("customer.currencyCode", to="currency", read_only=True)
    budget_name: str | None = wire("campaign.campaignBudget", read_only=True)
    amount_micros: int | None = wire("campaignBudget.amountMicros")
    total_micros: int | None = wire("campaignBudget.totalAmountMicros")
    period: str | None = wire("campaignBudget.period", to="budget_period", values=PERIOD, read_only=True)
    shared: bool | None = wire("campaignBudget.explicitlyShared", read_only=True)

    @derive("status", back=_status)
    def state(self) -> str | None:
        """Whether it runs: an enabled campaign may be over, or not have begun."""
        if self.status == "ENABLED" and self.serving in SERVING:
            return SERVING[self.serving]
        return STATUS.get(self.status or "", "other") if self.status else None

    @derive("channel", values=CHANNEL, back=_channel)
    def medium(self) -> str | None:
        """Where its ads are shown."""
        return self.channel

    @derive("budget", back=_budget)
    def budget(self) -> Decimal | None:
        """In units of the account's currency; a shared one is not this campaign's."""
        if self.shared:
            return None
        return units(self.total_micros if self.period == "CUSTOM_PERIOD" else self.amount_micros)

    @derive("budget_level")
    def budget_level(self) -> str:
        """A budget of its own, or one that several campaigns share."""
        return "shared" if self.shared else "campaign"

    @derive("budget_shared_ref")
    def budget_shared_ref(self) -> str | None:
        """Google's id of a shared budget."""
        return ending(self.budget_name) if self.shared and self.budget_name else None

    @derive("start_on")
    def start_on(self) -> date | None:
        """The day in the account's zone; Google gives an instant of that zone since v23."""
        return date.fromisoformat(self.starts[:10]) if self.starts else None

    @derive("end_on")
    def end_on(self) -> date | None:
        """The last day; open ends are far in the future."""
        return date.fromisoformat(self.ends[:10]) if self.ends and self.ends < "2037" else None

    @derive("utm_source")
    def utm_source(self) -> str | None:
        """A fixed one of the final URL suffix."""
        return self._fixed("utm_source")

    @derive("utm_medium")
    def utm_medium(self) -> str | None:
        """A fixed one of the final URL suffix."""
        return self._fixed("utm_medium")

    @derive("utm_campaign")
    def utm_campaign(self) -> str | None:
        """A fixed one: what ValueTrack makes for each click (`{campaignid}`) is not known before."""
        return self._fixed("utm_campaign")

    def _fixed(self, name: str) -> str | None:
        (value,) = parse_qs(self.suffix or "").get(name) or [""]
        return None if "{" in value else value or None


campaigns = google_ads.stream(
    Campaign,
    Gaql(f"{FIELDS} ORDER BY campaign.id"),
    create_key=CreateKey.NATURAL,
    # A removed campaign is shown for ever, with the status REMOVED.
    deletes=Deletes.NEVER,
)
Writes = Sequence[Write[Campaign]]


@campaigns.create(needs=("name", "budget", "channel", "account_id"))
async def create(hub: Hub, writes: Writes) -> list[Outcome]:
    """A paused campaign with a budget of its own: both or none, in one request."""
    (write,) = writes
    one, where = write.record, f"customers/{hub.config.customer_id}"
    budget = {"resourceName": f"{where}/campaignBudgets/-1", "explicitlyShared": False}
    # Negative ids are good within a request ("Temporary resource names").
    campaign = {
        "name": one.name,
        "status": "PAUSED",
        "advertisingChannelType": one.channel,
        "campaignBudget": budget["resourceName"],
        "manualCpc": {},
        "containsEuPoliticalAdvertising": f"{'' if hub.config.eu_political_ads else 'DOES_NOT_'}CONTAIN"
        f"{'S' if hub.config.eu_political_ads else ''}_EU_POLITICAL_ADVERTISING",
    }
    asked = [
        {"campaignBudgetOperation": {"create": {**budget, "amountMicros": str(one.amount_micros)}}},
        {"campaignOperation": {"create": campaign}},
    ]
    if not one.amount_micros:
        return [write.rejected("budget_period", "Vaiven creates campaigns with a daily budget; set one.")]
    try:
        answer = await hub.post(path(hub, "googleAds:mutate"), {"mutateOperations": asked}, safe=True)
    except RequestRefused as refusal:
        return [await _same(hub, write, refusal)]
    made = answer["mutateOperationResponses"][1]["campaignResult"]["resourceName"]
    return [write.saved(ending(made))]


async def _same(hub: Hub, write: Write[Campaign], refusal: RequestRefused) -> Outcome:
    """A name is taken: by the campaign that an earlier attempt made, or by another one."""
    codes = [one.code for one in told(refusal.body.get("error") if isinstance(refusal.body, Mapping) else None)]
    if "DUPLICATE_CAMPAIGN_NAME" not in codes:
        raise refusal
    for row in await rows(hub, f"{FIELDS} WHERE campaign.name IN {quoted([write.record.name or ''])}"):
        found = Campaign.model_validate(row)
        if found.status == "PAUSED" and found.amount_micros == write.record.amount_micros and not found.shared:
            return write.saved(found.id, row)
    return write.rejected(codes[0], "Another campaign of the account has this name.")


@campaigns.update(batch=1_000)
async def update(hub: Hub, writes: Writes) -> list[Outcome]:
    """Status, name and budget of many campaigns at once; what is refused stops nothing else."""
    asked: list[tuple[Write[Campaign], dict[str, Any]]] = []
    outcomes: list[Outcome] = []
    for write in writes:
        if refused := _unfit(write):
            outcomes.append(refused)
        elif operations := _operations(hub, write):
            asked += [(write, operation) for operation in operations]
        else:
            outcomes.append(write.saved(write.id or ""))
    return outcomes + await mutated(hub, asked)


def _unfit(write: Write[Campaign]) -> Outcome | None:
    money = write.changed & {"amount_micros", "total_micros"}
    if money and write.record.shared:
        ref = ending(write.record.budget_name or "")
        why = f"This campaign shares budget {ref} with others; change it in Google Ads under Tools > Shared budgets."
        return write.rejected("shared_budget", why)
    if "channel" in write.changed and write.before and write.record.channel != write.before.channel:
        return write.rejected("immutable", "Google does not let the type of a campaign be changed.")
    return None


def _operations(hub: Hub, write: Write[Campaign]) -> list[dict[str, Any]]:
    one, where = write.record, f"customers/{hub.config.customer_id}/campaigns/{write.id}"
    out: list[dict[str, Any]] = []
    plain: dict[str, Any] = {name: getattr(one, name) for name in ("name", "status") if name in write.changed}
    if plain:
        changed = {"resourceName": where, **plain}
        out.append({"campaignOperation": {"update": changed, "updateMask": ",".join(sorted(plain))}})
    money = {"amountMicros": "amount_micros", "totalAmountMicros": "total_micros"}
    sums = {theirs: str(getattr(one, ours)) for theirs, ours in money.items() if ours in write.changed}
    if sums:
        spent: dict[str, str | None] = {"resourceName": one.budget_name, **sums}
        out.append({"campaignBudgetOperation": {"update": spent, "updateMask": ",".join(sorted(sums))}})
    return out


async def mutated(hub: Hub, asked: Sequence[tuple[Write[Any], dict[str, Any]]]) -> list[Outcome]:
    """Operations of several writes in one request; a write with one that was refused is rejected.

    Up to 10,000 of them ("Quotas"); with `partialFailure` an error names the operation by its place in the request.
    """
    if not asked:
        return []
    body = {"mutateOperations": [operation for _, operation in asked], "partialFailure": True}
    answer = await hub.post(path(hub, "googleAds:mutate"), body, safe=True)
    refused: dict[str, tuple[str, str]] = {}
    for problem in told(answer.get("partialFailureError")):
        hit = range(len(asked)) if problem.index is None else [problem.index]
        refused.update({asked[n][0].hub_id + (asked[n][0].id or ""): (problem.code, problem.said) for n in hit})
    outcomes = {}
    for write, _ in asked:
        key = write.hub_id + (write.id or "")
        outcomes[key] = write.rejected(*refused[key]) if key in refused else write.saved(write.id or "")
    return list(outcomes.values())


@campaigns.find(batch=500)
async def find(hub: Hub, writes: Writes) -> list[Mapping[str, Any]]:
    """Campaigns by id; those that are to be created, by name."""
    ids = [write.id for write in writes if write.id]
    names = [write.record.name for write in writes if not write.id and write.record.name]
    found = await rows(hub, f"{FIELDS} WHERE campaign.id IN ({', '.join(ids)})") if ids else []
    if names:
        found += await rows(hub, f"{FIELDS} WHERE campaign.name IN {quoted(names)} AND campaign.status != 'REMOVED'")
    return found
