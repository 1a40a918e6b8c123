"""Meta Ads: campaigns, ad sets and ads both ways; figures and leads read; audiences and conversions filled."""

from collections.abc import AsyncIterator
from typing import Any

from vaiven_sdk import Batch, CreateKey, Deletes, Scope, Window, get
from vaiven_sdk.webhooks import signatures

from . import _audiences, _conversions, _insights, _leads, _writes
from ._account import ABOUT, MANAGE, Hub, about, meta_ads
from ._audiences import AUDIENCES, MetaAudience, MetaMember
from ._conversions import Conversion
from ._creatives import CREATIVES, MetaCreative
from ._insights import AD_DAYS, CAMPAIGN_DAYS, RESTATED, AdFigures, CampaignFigures
from ._leads import FORMS, SENT, MetaForm, MetaLead, MetaSubmission
from ._listing import PAGE, finds, reads
from ._objects import AD_SETS, ADS, CAMPAIGNS, MetaAccount, MetaAd, MetaAdSet, MetaCampaign
from ._webhooks import hints

__all__ = ["meta_ads"]

LEADS = [
    Scope("leads_retrieval", "read what people sent by lead forms"),
    Scope("pages_show_list", "find the Page whose forms are read"),
    Scope("pages_read_engagement", "read the Page's forms"),
    Scope("pages_manage_ads", "Meta asks for it where leads are read with their ads"),
]

ACCOUNTS = get("/me/adaccounts", items="data", page=PAGE, fields=ABOUT)

ad_accounts = meta_ads.stream(MetaAccount, name="ad_accounts", deletes=Deletes.NEVER)
campaigns = meta_ads.stream(MetaCampaign, name="campaigns", scopes=[MANAGE])
ad_sets = meta_ads.stream(MetaAdSet, name="ad_sets", scopes=[MANAGE])
ads = meta_ads.stream(MetaAd, name="ads", scopes=[MANAGE])
creatives = meta_ads.stream(MetaCreative, name="creatives")
# Figures are never deleted: those of deleted objects go on counting. A day on which nothing was shown has no row.
FIGURES: dict[str, Any] = {"restates": RESTATED, "absent_is_zero": True, "deletes": Deletes.NEVER}
insights = meta_ads.stream(CampaignFigures, name="insights", **FIGURES)
ad_insights = meta_ads.stream(AdFigures, name="ad_insights", **FIGURES)
forms = meta_ads.stream(MetaForm, name="forms", scopes=LEADS)
# A lead that was read stays, however long Meta shows it.
leads = meta_ads.stream(MetaLead, name="leads", scopes=LEADS, deletes=Deletes.NEVER)
submissions = meta_ads.stream(MetaSubmission, name="submissions", scopes=LEADS, deletes=Deletes.NEVER)
audiences = meta_ads.stream(MetaAudience, name="audiences", scopes=[MANAGE])
audience_members = meta_ads.stream(
    MetaMember, name="audience_members", create_key=CreateKey.NATURAL, deletes=Deletes.NEVER, scopes=[MANAGE]
)
conversions = meta_ads.stream(
    Conversion, name="conversions", create_key=CreateKey.IDEMPOTENCY_KEY, deletes=Deletes.NEVER, scopes=[MANAGE]
)


@ad_accounts.reader("full")
async def read_accounts(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """The connected one, then every other that the sign-in may see; the other streams are of the connected one."""
    connected = [] if state else [await about(hub)]
    async for page in hub.walk(ACCOUNTS, window, state=state):
        yield Batch([*connected, *page.items], state=page.state)
        connected = []


# The list of campaigns takes no time of change, and creatives and audiences have none.
campaigns.reader("full")(reads(CAMPAIGNS))
ad_sets.reader("full")(reads(AD_SETS))
ad_sets.reader("changes")(reads(AD_SETS, changed=True))
ads.reader("full")(reads(ADS))
ads.reader("changes")(reads(ADS, changed=True))
creatives.reader("full")(reads(CREATIVES))
audiences.reader("full")(reads(AUDIENCES))


@insights.reader("full")
@insights.reader("changes")
async def read_insights(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Days of campaigns."""
    async for batch in _insights.read(hub, window, state, CAMPAIGN_DAYS, "campaign"):
        yield batch


@ad_insights.reader("full")
@ad_insights.reader("changes")
async def read_ad_insights(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Days of ads."""
    async for batch in _insights.read(hub, window, state, AD_DAYS, "ad"):
        yield batch


@forms.reader("full")
async def read_forms(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """All forms of the Page."""
    async for batch in _leads.of_page(hub, window, state, FORMS):
        yield batch


@leads.reader("full")
@leads.reader("changes")
@submissions.reader("full")
@submissions.reader("changes")
async def read_leads(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """What was sent by each form, all or since."""
    async for batch in _leads.of_page(hub, window, state, SENT):
        yield batch


campaigns.find(batch=20)(finds(CAMPAIGNS))
ad_sets.find(batch=20)(finds(AD_SETS))
ads.find(batch=20)(finds(ADS))
audiences.find(batch=20)(finds(AUDIENCES))
campaigns.create(batch=10, needs=["name", "objective"])(_writes.draft)
campaigns.update(batch=20)(_writes.change)
ad_sets.update(batch=20)(_writes.change)
ads.update(batch=20)(_writes.change)
audiences.create(batch=10, needs=["name"])(_audiences.make)
audiences.update(batch=20)(_writes.change)
audience_members.add(batch=_audiences.MOST)(_audiences.add)
audience_members.remove(batch=_audiences.FEW)(_audiences.remove)
conversions.append(batch=_conversions.MOST, needs=["type", "occurred_at", "person_id"])(_conversions.append)
meta_ads.webhook(signatures.meta())(hints)
