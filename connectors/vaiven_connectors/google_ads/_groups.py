"""Ad groups: what changed by `change_status`; status and name are written."""

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from vaiven_sdk import Batch, Deletes, Outcome, Record, Window, Write, derive, wire
from vaiven_sdk.model import AdGroup as Unified

from ._account import Hub, google_ads
from ._campaigns import mutated
from ._changes import Kind, changed
from ._gaql import Gaql, rows
from ._shapes import STATUS, WRITTEN, units

FIELDS = """SELECT ad_group.id, ad_group.name, ad_group.status, ad_group.cpc_bid_micros, campaign.id,
 customer.currency_code FROM ad_group"""


class AdGroup(Record[Unified], key="id"):
    """Ads that share bids and targeting; its budget is the campaign's."""

    id: str = wire("adGroup.id", read_only=True)
    name: str | None = wire("adGroup.name", to="name")
    status: str | None = wire("adGroup.status", to="status", values=STATUS, back=WRITTEN)
    campaign: str | None = wire("campaign.id", to="campaign_id", ref="campaigns", read_only=True)
    bid_micros: int | None = wire("adGroup.cpcBidMicros", read_only=True)
    currency: str | None = wire("customer.currencyCode", to="currency", read_only=True)

    @derive("bid")
    def bid(self) -> Decimal | None:
        """The highest bid for a click; none where Google bids by itself."""
        return units(self.bid_micros or None)


ad_groups = google_ads.stream(
    AdGroup,
    Gaql(f"{FIELDS} ORDER BY ad_group.id"),
    # A removed ad group is shown for ever, with the status REMOVED.
    deletes=Deletes.NEVER,
)
CHANGED = Kind("AD_GROUP", "ad_group", f"{FIELDS} WHERE ad_group.resource_name")
Writes = Sequence[Write[AdGroup]]


@ad_groups.reader("changes")
async def newer(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Those that `change_status` lists since."""
    async for batch in changed(hub, window, state, CHANGED):
        yield batch


@ad_groups.update(batch=5_000)
async def update(hub: Hub, writes: Writes) -> list[Outcome]:
    """Status and name, each by itself."""
    asked = []
    for write in writes:
        fields = {name: getattr(write.record, name) for name in sorted(write.changed)}
        group = {"resourceName": f"customers/{hub.config.customer_id}/adGroups/{write.id}", **fields}
        asked.append((write, {"adGroupOperation": {"update": group, "updateMask": ",".join(fields)}}))
    return await mutated(hub, asked)


@ad_groups.find(batch=500)
async def find(hub: Hub, writes: Writes) -> list[Mapping[str, Any]]:
    """Ad groups by id."""
    return await rows(hub, f"{FIELDS} WHERE ad_group.id IN ({', '.join(write.id or '0' for write in writes)})")
