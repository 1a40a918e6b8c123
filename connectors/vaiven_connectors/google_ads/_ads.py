"""Ads, and what people see of them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from vaiven_sdk import Batch, Deletes, Record, Window, derive, wire
from vaiven_sdk.model import Ad as UnifiedAd
from vaiven_sdk.model import Creative as UnifiedCreative

from ._account import Hub, google_ads
from ._changes import Kind, changed
from ._gaql import Gaql, ending
from ._shapes import STATUS

FROM = " FROM ad_group_ad"
AD = f"""SELECT ad_group_ad.resource_name, ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.status,
 ad_group_ad.policy_summary.approval_status, ad_group_ad.policy_summary.review_status, ad_group.id{FROM}"""
CONTENT = f"""SELECT ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.ad.type, ad_group_ad.ad.final_urls,
 ad_group_ad.ad.tracking_url_template, ad_group_ad.ad.final_url_suffix,
 ad_group_ad.ad.responsive_search_ad.headlines, ad_group_ad.ad.responsive_search_ad.descriptions,
 ad_group_ad.ad.expanded_text_ad.headline_part1, ad_group_ad.ad.expanded_text_ad.headline_part2,
 ad_group_ad.ad.expanded_text_ad.headline_part3, ad_group_ad.ad.expanded_text_ad.description,
 ad_group_ad.ad.expanded_text_ad.description2, ad_group_ad.ad.responsive_display_ad.headlines,
 ad_group_ad.ad.responsive_display_ad.long_headline, ad_group_ad.ad.responsive_display_ad.descriptions,
 ad_group_ad.ad.responsive_display_ad.call_to_action_text, ad_group_ad.ad.image_ad.image_url, customer.id{FROM}"""
TYPE = {
    "TEXT_AD": "text",
    "EXPANDED_TEXT_AD": "text",
    "EXPANDED_DYNAMIC_SEARCH_AD": "text",
    "CALL_AD": "text",
    "IMAGE_AD": "image",
    "HTML5_UPLOAD_AD": "html",
    "DYNAMIC_HTML5_AD": "html",
    "VIDEO_AD": "video",
    "VIDEO_BUMPER_AD": "video",
    "VIDEO_NON_SKIPPABLE_IN_STREAM_AD": "video",
    "VIDEO_TRUEVIEW_IN_STREAM_AD": "video",
    "IN_FEED_VIDEO_AD": "video",
    "VIDEO_RESPONSIVE_AD": "responsive",
    "DEMAND_GEN_VIDEO_RESPONSIVE_AD": "responsive",
    "RESPONSIVE_SEARCH_AD": "responsive",
    "RESPONSIVE_DISPLAY_AD": "responsive",
    "LEGACY_RESPONSIVE_DISPLAY_AD": "responsive",
    "DEMAND_GEN_MULTI_ASSET_AD": "responsive",
    "DEMAND_GEN_CAROUSEL_AD": "carousel",
}
"""`AdType`; what Google makes of feeds, apps and hotels is `other`."""


class Text(BaseModel):
    """One headline or description (`AdTextAsset`)."""

    text: str = ""


class Ad(Record[UnifiedAd], key="id"):
    """An ad in an ad group; one ad may be in several, so Google names the pair `adGroupId~adId`."""

    id: Annotated[str, AfterValidator(ending)] = wire("adGroupAd.resourceName", read_only=True)
    shown: str | None = wire("adGroupAd.ad.id", to="creative_id", ref="creatives", read_only=True)
    group: str | None = wire("adGroup.id", to="ad_group_id", ref="ad_groups", read_only=True)
    name: str | None = wire("adGroupAd.ad.name", to="name", read_only=True)
    status: str | None = wire("adGroupAd.status", read_only=True)
    approval: str | None = wire("adGroupAd.policySummary.approvalStatus", to="review_status", read_only=True)
    review: str | None = wire("adGroupAd.policySummary.reviewStatus", read_only=True)

    @derive("status")
    def state(self) -> str | None:
        """Whether it runs: an enabled ad may be refused, or still wait for its review."""
        if self.status == "ENABLED" and self.approval == "DISAPPROVED":
            return "rejected"
        if self.status == "ENABLED" and self.review == "REVIEW_IN_PROGRESS" and not self._approved():
            return "in_review"
        return STATUS.get(self.status or "", "other") if self.status else None

    def _approved(self) -> bool:
        return self.approval in {"APPROVED", "APPROVED_LIMITED", "AREA_OF_INTEREST_ONLY"}


class Creative(Record[UnifiedCreative], key="id"):
    """What an ad shows; texts of those types that hold them, type and page of every other."""

    id: str = wire("adGroupAd.ad.id", read_only=True)
    name: str | None = wire("adGroupAd.ad.name", to="name", read_only=True)
    account: str | None = wire("customer.id", to="account_id", ref="accounts", read_only=True)
    type: str | None = wire("adGroupAd.ad.type", to="type", values=TYPE, read_only=True)
    urls: list[str] | None = wire("adGroupAd.ad.finalUrls", read_only=True)
    template: str | None = wire("adGroupAd.ad.trackingUrlTemplate", read_only=True)
    suffix: str | None = wire("adGroupAd.ad.finalUrlSuffix", read_only=True)
    search_heads: list[Text] | None = wire("adGroupAd.ad.responsiveSearchAd.headlines", read_only=True)
    search_texts: list[Text] | None = wire("adGroupAd.ad.responsiveSearchAd.descriptions", read_only=True)
    expanded: dict[str, str] | None = wire("adGroupAd.ad.expandedTextAd", read_only=True)
    display_heads: list[Text] | None = wire("adGroupAd.ad.responsiveDisplayAd.headlines", read_only=True)
    long_head: Text | None = wire("adGroupAd.ad.responsiveDisplayAd.longHeadline", read_only=True)
    display_texts: list[Text] | None = wire("adGroupAd.ad.responsiveDisplayAd.descriptions", read_only=True)
    button: str | None = wire("adGroupAd.ad.responsiveDisplayAd.callToActionText", to="call_to_action", read_only=True)
    image: str | None = wire("adGroupAd.ad.imageAd.imageUrl", read_only=True)

    @derive("headlines")
    def headlines(self) -> list[str] | None:
        """In Google's order; a long one comes last."""
        plain = [
            *(self.search_heads or ()),
            *(self.display_heads or ()),
            *((self.long_head,) if self.long_head else ()),
        ]
        return [one.text for one in plain] or self._of("headlinePart1", "headlinePart2", "headlinePart3")

    @derive("bodies")
    def bodies(self) -> list[str] | None:
        """Descriptions in Google's order."""
        plain = [*(self.search_texts or ()), *(self.display_texts or ())]
        return [one.text for one in plain] or self._of("description", "description2")

    @derive("asset_urls")
    def asset_urls(self) -> list[str] | None:
        """Of an image ad; other ads name assets, which are not read."""
        return [self.image] if self.image else None

    @derive("final_url")
    def final_url(self) -> str | None:
        """The first, which is the only one by now."""
        return self.urls[0] if self.urls else None

    @derive("url_template")
    def url_template(self) -> str | None:
        """The tracking template, else the suffix of the final URL."""
        return self.template or self.suffix

    def _of(self, *names: str) -> list[str] | None:
        return [text for name in names if (text := (self.expanded or {}).get(name))] or None


# A removed ad is shown for ever, with the status REMOVED.
ads = google_ads.stream(Ad, Gaql(f"{AD} ORDER BY ad_group.id, ad_group_ad.ad.id"), name="ads", deletes=Deletes.NEVER)
creatives = google_ads.stream(
    Creative, Gaql(f"{CONTENT} ORDER BY ad_group_ad.ad.id"), name="creatives", deletes=Deletes.NEVER
)
CHANGED_ADS = Kind("AD_GROUP_AD", "ad_group_ad", f"{AD} WHERE ad_group_ad.resource_name")
CHANGED_CONTENT = Kind("AD_GROUP_AD", "ad_group_ad", f"{CONTENT} WHERE ad_group_ad.resource_name")


@ads.reader("changes")
async def newer_ads(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Those that `change_status` lists since; a review's end is seen by the next complete read."""
    async for batch in changed(hub, window, state, CHANGED_ADS):
        yield batch


@creatives.reader("changes")
async def newer_creatives(hub: Hub, window: Window, state: Any) -> AsyncIterator[Batch]:
    """Those of the ads that `change_status` lists since."""
    async for batch in changed(hub, window, state, CHANGED_CONTENT):
        yield batch
