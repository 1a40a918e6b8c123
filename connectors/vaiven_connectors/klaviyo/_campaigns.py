"""Campaigns of every channel, their messages, flows and templates."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from pydantic import AwareDatetime, BaseModel

from vaiven_sdk import Batch, Record, Scope, Window, derive, wire
from vaiven_sdk.model import Campaign, EmailMessage, Template

from ._account import Hub, klaviyo
from ._api import documents, listed, since

CHANNELS = ("email", "sms", "mobile_push")
"""The list takes just one channel a call: `equals(messages.channel,'email')`."""
PARTS = tuple((name, archived) for name in CHANNELS for archived in ("false", "true"))
"""Archived campaigns are asked for apart, since whether they are listed else is not documented."""
CHANNEL = {"email": "email", "sms": "sms", "mobile_push": "push", "whatsapp": "whatsapp"}

DRAFT = ("Draft",)
WAITING = ("Scheduled", "Preparing to schedule", "Queued without Recipients")
GOING = ("Sending", "Sending Segments", "Adding Recipients", "Preparing to send", "Variations Sent")
_CAUSES = ("Account Disabled", "Billing Limit", "Internal Error", "Misconfigured", "No Recipients", "Smart Sending")
CANCELLED = ("Cancelled", *(f"Cancelled: {cause}" for cause in _CAUSES))
"""Every `status` of a campaign in the description; `Unknown` and what is new become `other`."""
STATUS = {
    **dict.fromkeys(DRAFT, "draft"),
    **dict.fromkeys(WAITING, "scheduled"),
    **dict.fromkeys(GOING, "active"),
    **dict.fromkeys((*CANCELLED, "Sent"), "ended"),
}
SENT = {
    **dict.fromkeys(DRAFT, "draft"),
    **dict.fromkeys(WAITING, "scheduled"),
    **dict.fromkeys(GOING, "sending"),
    **dict.fromkeys(CANCELLED, "cancelled"),
    "Sent": "sent",
}


class Tracking(BaseModel):
    """One parameter that Klaviyo adds to links: a fixed text, or a value made for each link."""

    type: str = ""
    name: str = ""
    value: str = ""


class Mailing(Record[Campaign], key="id", cursor="updated_at"):
    """A campaign; `channel` is that of the list that it was found in."""

    id: str = wire(read_only=True)
    name: str | None = wire("attributes.name", to="name", read_only=True)
    channel: str | None = wire("channel", to="channel", values={**CHANNEL, "whatsapp": "other"}, read_only=True)
    status: str | None = wire("attributes.status", to="status", values=STATUS, read_only=True)
    audience: str | None = wire("attributes.audiences.included.0", to="list_id", ref="lists")
    scheduled_at: AwareDatetime | None = wire("attributes.scheduled_at", read_only=True)
    sent_at: AwareDatetime | None = wire("attributes.send_time", read_only=True)
    tracking: list[Tracking] | None = wire("attributes.tracking_options.custom_tracking_params", read_only=True)
    updated_at: AwareDatetime | None = wire("attributes.updated_at", read_only=True)

    @derive("send_at")
    def send_at(self) -> AwareDatetime | None:
        """When it went out, or is to."""
        return self.sent_at or self.scheduled_at

    @derive("utm_source")
    def utm_source(self) -> str | None:
        """A fixed one."""
        return self._fixed("utm_source")

    @derive("utm_medium")
    def utm_medium(self) -> str | None:
        """A fixed one."""
        return self._fixed("utm_medium")

    @derive("utm_campaign")
    def utm_campaign(self) -> str | None:
        """A fixed one: what Klaviyo makes for each link is not known before."""
        return self._fixed("utm_campaign")

    def _fixed(self, name: str) -> str | None:
        fixed = (one.value for one in self.tracking or () if one.type == "static" and one.name == name)
        return next(fixed, None)


class Message(Record[EmailMessage], key="id", cursor="updated_at"):
    """A campaign's message with what the campaign says of it (`campaign`)."""

    id: str = wire(read_only=True)
    label: str | None = wire("attributes.definition.label", read_only=True)
    campaign_name: str | None = wire("campaign.name", read_only=True)
    channel: str | None = wire("attributes.definition.channel", to="channel", values=CHANNEL, read_only=True)
    campaign_id: str | None = wire("campaign.id", to="campaign_id", ref="campaigns", read_only=True)
    template_id: str | None = wire("relationships.template.data.id", to="template_id", ref="templates", read_only=True)
    status: str | None = wire("campaign.status", to="status", values=SENT, read_only=True)
    subject: str | None = wire("attributes.definition.content.subject", to="subject", read_only=True)
    preview: str | None = wire("attributes.definition.content.preview_text", to="preheader", read_only=True)
    from_label: str | None = wire("attributes.definition.content.from_label", to="from_name", read_only=True)
    from_email: str | None = wire("attributes.definition.content.from_email", to="from_email", read_only=True)
    reply_to: str | None = wire("attributes.definition.content.reply_to_email", to="reply_to", read_only=True)
    scheduled_at: AwareDatetime | None = wire("campaign.scheduled_at", to="scheduled_at", read_only=True)
    sent_at: AwareDatetime | None = wire("campaign.send_time", to="sent_at", read_only=True)
    updated_at: AwareDatetime | None = wire("version", read_only=True)

    @derive("name")
    def name(self) -> str | None:
        """The message's own label, else the campaign's name."""
        return self.label or self.campaign_name


READ = Scope("campaigns:read", "read campaigns, their messages and figures")
campaigns = klaviyo.stream(Mailing, name="campaigns", scopes=[READ])
messages = klaviyo.stream(Message, scopes=[READ])

Pick = Callable[[Mapping[str, Any], str], Sequence[Mapping[str, Any]]]


async def by_channel(hub: Hub, state: Any, pick: Pick, **params: Any) -> AsyncIterator[Batch]:
    """Campaigns of one channel after the other; `pick` makes records of a whole answer."""
    at = state or {"part": 0, "page": None}
    for number in range(at["part"], len(PARTS)):
        name, archived = PARTS[number]
        wanted = f"equals(messages.channel,'{name}'),equals(archived,{archived})"
        asked = {"filter": wanted, "sort": "created_at", "page[size]": 100, **params}
        begin = at["page"] if number == at["part"] else None
        async for answer, address in documents(hub, "/api/campaigns", asked, begin=begin):
            then = number if address else number + 1
            yield Batch(pick(answer, name), state={"part": then, "page": address} if then < len(PARTS) else None)


@campaigns.reader("full")
async def read_campaigns(hub: Hub, _window: Window, state: Any) -> AsyncIterator[Batch]:
    """All campaigns, each with its channel."""
    async for batch in by_channel(hub, state, lambda answer, name: [{**o, "channel": name} for o in answer["data"]]):
        yield batch


def joined(answer: Mapping[str, Any], _: str) -> Sequence[Mapping[str, Any]]:
    """The messages that an answer includes, each with its campaign; the newer change of the two is its version."""
    included = {o["id"]: o for o in answer.get("included") or () if o["type"] == "campaign-message"}
    out = []
    for one in answer["data"]:
        about = {"id": one["id"], **one["attributes"]}
        for tie in ((one.get("relationships") or {}).get("campaign-messages") or {}).get("data") or ():
            if message := included.get(tie["id"]):
                times = (about.get("updated_at") or "", message["attributes"].get("updated_at") or "")
                out.append({**message, "campaign": about, "version": max(times) or None})
    return out


@messages.reader("full")
async def read_messages(hub: Hub, _window: Window, state: Any) -> AsyncIterator[Batch]:
    """The messages of all campaigns, in the same requests as their campaigns."""
    async for batch in by_channel(hub, state, joined, include="campaign-messages"):
        yield batch


class Flow(Record[Campaign], key="id", cursor="updated_at"):
    """A flow sends by itself whenever something happens; it may use several channels."""

    id: str = wire(read_only=True)
    name: str | None = wire("attributes.name", to="name", read_only=True)
    state: str | None = wire("attributes.status", read_only=True)
    archived: bool | None = wire("attributes.archived", read_only=True)
    trigger: str | None = wire("attributes.trigger_type", to="objective", read_only=True)
    updated_at: AwareDatetime | None = wire("attributes.updated", read_only=True)

    @derive("channel")
    def channel(self) -> str:
        """What a flow sends is in its actions."""
        return "mixed"

    @derive("status", values={"draft": "draft", "manual": "paused", "live": "active", "archived": "ended"})
    def status(self) -> str | None:
        """A manual flow collects its messages and sends none."""
        return "archived" if self.archived else self.state


class Design(Record[Template], key="id", cursor="updated_at"):
    """An e-mail template."""

    id: str = wire(read_only=True)
    name: str | None = wire("attributes.name", to="name", read_only=True)
    html: str | None = wire("attributes.html", to="html", read_only=True)
    text: str | None = wire("attributes.text", to="text", read_only=True)
    updated_at: AwareDatetime | None = wire("attributes.updated", read_only=True)

    @derive("channel")
    def channel(self) -> str:
        """Templates are for e-mail."""
        return "email"

    @derive("content_hash")
    def content_hash(self) -> str | None:
        """SHA-256 of the HTML."""
        return None if self.html is None else sha256(self.html.encode()).hexdigest()


# 50 a page is the most for flows, 10 for templates (`get_flows`, `get_templates` of klaviyo-api 25.0.0).
flows = klaviyo.stream(
    Flow,
    listed("/api/flows", 50, sort="created"),
    changes=listed("/api/flows", 50, sort="updated", filter=since("updated")),
    scopes=[Scope("flows:read", "read flows")],
)
templates = klaviyo.stream(
    Design,
    listed("/api/templates", 10, sort="created"),
    name="templates",
    changes=listed("/api/templates", 10, sort="updated", filter=since("updated")),
    scopes=[Scope("templates:read", "read e-mail templates")],
)
