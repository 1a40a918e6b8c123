"""Google Ads: campaigns, ad groups and budgets both ways, figures by day, audiences and conversions sent."""

from ._account import Settings, SignIn, account, complete, google_ads
from ._accounts import Customer, accounts
from ._ads import Ad, Creative, ads, creatives
from ._audiences import AudienceMember, audience_members
from ._campaigns import Campaign, campaigns
from ._conversions import OfflineConversion, offline_conversions
from ._groups import AdGroup, ad_groups
from ._lists import UserList, user_lists
from ._metrics import CampaignConversions, CampaignDay, campaign_conversions, campaign_metrics

__all__ = [
    "Ad",
    "AdGroup",
    "AudienceMember",
    "Campaign",
    "CampaignConversions",
    "CampaignDay",
    "Creative",
    "Customer",
    "OfflineConversion",
    "Settings",
    "SignIn",
    "UserList",
    "account",
    "accounts",
    "ad_groups",
    "ads",
    "audience_members",
    "campaign_conversions",
    "campaign_metrics",
    "campaigns",
    "complete",
    "creatives",
    "google_ads",
    "offline_conversions",
    "user_lists",
]
