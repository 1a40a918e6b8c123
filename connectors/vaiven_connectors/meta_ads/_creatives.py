"""Creatives: what people see, in whichever of Meta's forms it is kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Creative

from ._listing import Edge

Part = Mapping[str, Any]


class MetaCreative(Record[Creative], key="id"):
    """A creative: the fields of an old one, an `object_story_spec`, or a feed of assets that Meta combines."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name", read_only=True)
    account: str | None = wire("account_id", read_only=True)
    title: str | None = wire(read_only=True)
    body: str | None = wire(read_only=True)
    object_type: str | None = wire(read_only=True)
    image_url: str | None = wire(read_only=True)
    video_id: str | None = wire(read_only=True)
    link_url: str | None = wire(read_only=True)
    button: str | None = wire("call_to_action_type", read_only=True)
    url_tags: str | None = wire(to="url_template", read_only=True)
    story: dict[str, Any] | None = wire("object_story_spec", read_only=True)
    feed: dict[str, Any] | None = wire("asset_feed_spec", read_only=True)

    @derive("account_id", ref="ad_accounts")
    def account_id(self) -> str | None:
        """Creatives name the account without `act_`."""
        return f"act_{self.account}" if self.account else None

    @derive("type")
    def kind(self) -> str:
        """By what there is; `object_type` tells what is advertised, and a video or photo where it is just that."""
        if self.feed:
            return "responsive"
        if self._cards():
            return "carousel"
        if self.video_id or self._story("video_data") or self.object_type == "VIDEO":
            return "video"
        if self.image_url or self._link().get("picture") or self._link().get("image_hash") or self._story("photo_data"):
            return "image"
        return "text" if self.object_type == "STATUS" or self.body else "other"

    @derive("headlines")
    def headlines(self) -> list[str] | None:
        """Of feed, cards, link or video, without repeats."""
        cards = [card.get("name") for card in self._cards()]
        video = self._story("video_data").get("title")
        return _texts([*_feed(self.feed, "titles", "text"), *cards, self._link().get("name"), video, self.title])

    @derive("bodies")
    def bodies(self) -> list[str] | None:
        """The texts above the picture."""
        told = [self._story(part).get("message") for part in ("link_data", "video_data", "text_data")]
        caption = self._story("photo_data").get("caption")
        return _texts([*_feed(self.feed, "bodies", "text"), *told, caption, self.body])

    @derive("asset_urls")
    def asset_urls(self) -> list[str] | None:
        """Images that have an address; videos are known to Meta by id alone."""
        cards = [card.get("picture") for card in self._cards()]
        shown = [self._link().get("picture"), self._story("video_data").get("image_url"), self.image_url]
        return _texts([*_feed(self.feed, "images", "url"), *cards, *shown])

    @derive("call_to_action")
    def call_to_action(self) -> str | None:
        """The button's type."""
        given = [self._link(), self._story("video_data")]
        types = [(one.get("call_to_action") or {}).get("type") for one in given]
        feed = ((self.feed or {}).get("call_to_action_types") or [None])[0]
        return self.button or next((one for one in types if one), None) or feed

    @derive("final_url")
    def final_url(self) -> str | None:
        """Where a click leads."""
        video = ((self._story("video_data").get("call_to_action") or {}).get("value") or {}).get("link")
        feed = _feed(self.feed, "link_urls", "website_url")
        return next((one for one in (self._link().get("link"), video, *feed, self.link_url) if one), None)

    def _story(self, part: str) -> Part:
        return (self.story or {}).get(part) or {}

    def _link(self) -> Part:
        return self._story("link_data") or self._story("template_data")

    def _cards(self) -> list[Part]:
        return list(self._link().get("child_attachments") or ())


def _feed(feed: Part | None, part: str, key: str) -> list[str | None]:
    return [one.get(key) for one in (feed or {}).get(part) or ()]


def _texts(given: Iterable[str | None]) -> list[str] | None:
    return list(dict.fromkeys(one for one in given if one)) or None


CREATIVES = Edge(
    "adcreatives",
    "",
    (
        *("id", "name", "account_id", "title", "body", "object_type", "image_url", "video_id", "link_url"),
        *("call_to_action_type", "url_tags", "object_story_spec", "asset_feed_spec"),
    ),
)
