"""The paths of campaigns and their reports; a report's figures are restated as people open and click."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from vaiven_connectors.mailchimp._sim_audience import Audience
from vaiven_connectors.mailchimp._sim_http import (
    Answer,
    Call,
    Handler,
    Json,
    Problem,
    invalid,
    not_found,
    stamp,
)

_ONE = "/campaigns/{campaign_id}"
_TYPES = ("regular", "plaintext", "absplit", "rss", "variate")
COUNTERS = (
    "opens unique_opens clicks unique_clicks unique_subscriber_clicks hard_bounces soft_bounces "
    "syntax_errors unsubscribed abuse_reports forwards forwards_opens orders revenue"
).split()
_SETTINGS: Json = {
    "subject_line": "",
    "preview_text": "",
    "title": "",
    "from_name": "",
    "reply_to": "",
    "use_conversation": False,
    "to_name": "",
    "folder_id": "",
    "authenticate": True,
    "auto_footer": False,
    "inline_css": False,
    "auto_tweet": False,
    "fb_comments": True,
    "timewarp": False,
    "template_id": 0,
    "drag_and_drop": False,
}
_TRACKING: Json = {
    "opens": True,
    "html_clicks": True,
    "text_clicks": False,
    "goal_tracking": False,
    "ecomm360": False,
    "google_analytics": "",
    "clicktale": "",
}


class Account(Protocol):
    """What the paths need of the account."""

    audiences: dict[str, Audience]
    campaigns: dict[str, Json]
    quirk: dict[str, Any]

    def audience(self, list_id: str) -> Audience:
        """A list, or the vendor's 404."""
        ...

    def now(self) -> str:
        """The vendor's time, whole seconds."""
        ...

    def token(self, digits: int) -> str:
        """Random hex digits."""
        ...


class Campaigns:
    """Handlers of `/campaigns` and `/reports`."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path template and handler of each."""
        return [
            ("GET", "/campaigns", self.listing),
            ("POST", "/campaigns", self.create),
            ("GET", _ONE, self.one),
            ("PATCH", _ONE, self.edit),
            ("DELETE", _ONE, self.delete),
            ("POST", _ONE + "/actions/send", self.send),
            ("GET", "/reports", self.reports),
            ("GET", "/reports/{campaign_id}", self.report),
        ]

    def make(self, body: Json) -> Json:
        """Make a campaign in the state `save`, that is, a draft."""
        number = len(self.account.campaigns) + 1
        record: Json = {
            "id": self.account.token(10),
            "web_id": 4_200_000 + number,
            "type": body["type"],
            "create_time": self.account.now(),
            "status": "save",
            "emails_sent": 0,
            "send_time": "",
            "content_type": body.get("content_type", "template"),
            "needs_block_refresh": False,
            "resendable": False,
            "recipients": self._recipients(body.get("recipients") or {}),
            "settings": _SETTINGS | (body.get("settings") or {}),
            "tracking": _TRACKING | (body.get("tracking") or {}),
            "delivery_status": {"enabled": False},
            "counters": dict.fromkeys(COUNTERS, 0) | {"last_open": "", "last_click": "", "hours": {}},
        }
        url = f"https://mailchi.mp/{record['id']}/campaign-{number}"
        record |= {"archive_url": f"http://eepurl.com/{record['id'][:6]}", "long_archive_url": url}
        self.account.campaigns[record["id"]] = record
        return record

    def deliver(self, campaign: Json) -> None:
        """Send a campaign to the subscribers of its list now, or raise the vendor's 400."""
        if campaign["status"] != "save":
            raise Problem(400, "Bad Request", "Campaign has already been sent.")
        audience = self.account.audiences.get(campaign["recipients"].get("list_id", ""))
        ready = all(campaign["settings"].get(name) for name in ("subject_line", "from_name", "reply_to"))
        if audience is None or not ready:
            raise Problem(400, "Bad Request", "Your Campaign is not ready to send.")
        sent = audience.roll.counts["subscribed"]
        campaign |= {"status": "sent", "send_time": self.account.now(), "emails_sent": sent}
        campaign["recipients"]["recipient_count"] = sent

    def show(self, campaign: Json) -> Json:
        """A campaign as the vendor answers it; a sent one has a summary of its report."""
        shown = {name: value for name, value in campaign.items() if name != "counters"}
        if campaign["status"] == "sent":
            counts, sent = campaign["counters"], max(1, campaign["emails_sent"])
            shown["report_summary"] = {
                "opens": counts["opens"],
                "unique_opens": counts["unique_opens"],
                "open_rate": counts["unique_opens"] / sent,
                "clicks": counts["clicks"],
                "subscriber_clicks": counts["unique_subscriber_clicks"],
                "click_rate": counts["unique_subscriber_clicks"] / sent,
                "ecommerce": _money(counts),
            }
        return shown

    def figures(self, campaign: Json) -> Json:
        """A campaign's report."""
        counts, sent = campaign["counters"], max(1, campaign["emails_sent"])
        audience = self.account.audiences.get(campaign["recipients"].get("list_id", ""))
        return {
            "id": campaign["id"],
            "campaign_title": campaign["settings"]["title"],
            "type": campaign["type"],
            "list_id": campaign["recipients"].get("list_id", ""),
            "list_is_active": audience is not None,
            "list_name": str(audience.record["name"]) if audience else "",
            "subject_line": campaign["settings"]["subject_line"],
            "preview_text": campaign["settings"]["preview_text"],
            "emails_sent": campaign["emails_sent"],
            "abuse_reports": counts["abuse_reports"],
            "unsubscribed": counts["unsubscribed"],
            "send_time": campaign["send_time"],
            "bounces": {name: counts[name] for name in ("hard_bounces", "soft_bounces", "syntax_errors")},
            "forwards": {"forwards_count": counts["forwards"], "forwards_opens": counts["forwards_opens"]},
            "opens": {
                "opens_total": counts["opens"],
                "unique_opens": counts["unique_opens"],
                "open_rate": counts["unique_opens"] / sent,
                "last_open": counts["last_open"],
            },
            "clicks": {
                "clicks_total": counts["clicks"],
                "unique_clicks": counts["unique_clicks"],
                "unique_subscriber_clicks": counts["unique_subscriber_clicks"],
                "click_rate": counts["unique_subscriber_clicks"] / sent,
                "last_click": counts["last_click"],
            },
            "facebook_likes": {"recipient_likes": 0, "unique_likes": 0, "facebook_likes": 0},
            "industry_stats": {
                "type": "",
                "open_rate": 0.21,
                "click_rate": 0.026,
                "bounce_rate": 0.007,
                "unopen_rate": 0.78,
                "unsub_rate": 0.002,
                "abuse_rate": 0.0,
            },
            "list_stats": {"sub_rate": 0, "unsub_rate": 0, "open_rate": 0, "click_rate": 0},
            "timeseries": _hours(campaign),
            "ecommerce": _money(counts) | {"currency_code": "USD"},
            "delivery_status": {"enabled": False},
        }

    def listing(self, call: Call) -> Answer:
        """List campaigns."""
        rows = list(self.account.campaigns.values())
        for name in ("type", "status"):
            if wanted := call.query.get(name):
                rows = [row for row in rows if row[name] == wanted]
        if wanted := call.query.get("list_id"):
            rows = [row for row in rows if row["recipients"].get("list_id") == wanted]
        rows = _between(rows, call, "create_time", "send_time")
        if (sort := call.query.get("sort_field")) in {"create_time", "send_time"}:
            rows.sort(key=lambda row: str(row[sort]), reverse=call.query.get("sort_dir", "").upper() == "DESC")
        offset, count = call.page()
        shown = [self.show(row) for row in rows[offset : offset + count]]
        return Answer({"campaigns": shown, "total_items": len(rows)})

    def create(self, call: Call) -> Answer:
        """Make a campaign."""
        body = call.json(("type",), type="string", recipients="object", settings="object", tracking="object")
        if body["type"] not in _TYPES:
            raise invalid(type="Data did not match any of the schemas described in anyOf.")
        return Answer(self.show(self.make(body)))

    def one(self, call: Call) -> Answer:
        """Answer one campaign."""
        return Answer(self.show(self._campaign(call)))

    def edit(self, call: Call) -> Answer:
        """Change a draft."""
        campaign = self._campaign(call)
        body = call.json(recipients="object", settings="object", tracking="object")
        if campaign["status"] != "save":
            raise Problem(400, "Bad Request", "This campaign has been sent and cannot be edited.")
        if "recipients" in body:
            campaign["recipients"] = self._recipients(body["recipients"])
        for name in ("settings", "tracking"):
            campaign[name] = campaign[name] | (body.get(name) or {})
        return Answer(self.show(campaign))

    def delete(self, call: Call) -> Answer:
        """Delete a campaign with its report."""
        del self.account.campaigns[self._campaign(call)["id"]]
        return Answer()

    def send(self, call: Call) -> Answer:
        """Send a campaign now."""
        self.deliver(self._campaign(call))
        return Answer()

    def reports(self, call: Call) -> Answer:
        """List the reports of the campaigns sent."""
        rows = [row for row in self.account.campaigns.values() if row["status"] == "sent"]
        if wanted := call.query.get("type"):
            rows = [row for row in rows if row["type"] == wanted]
        rows = _between(rows, call, "send_time")
        offset, count = call.page()
        shown = [self.figures(row) for row in rows[offset : offset + count]]
        return Answer({"reports": shown, "total_items": len(rows)})

    def report(self, call: Call) -> Answer:
        """Answer one report; a campaign that was not sent has none."""
        campaign = self._campaign(call)
        if campaign["status"] != "sent":
            raise not_found()
        return Answer(self.figures(campaign))

    def _campaign(self, call: Call) -> Json:
        found = self.account.campaigns.get(call.slots["campaign_id"])
        if found is None:
            raise not_found()
        return found

    def _recipients(self, wanted: Json) -> Json:
        if not wanted.get("list_id"):
            return {"list_id": "", "list_is_active": False, "list_name": "", "recipient_count": 0}
        audience = self.account.audiences.get(str(wanted["list_id"]))
        if audience is None:
            raise invalid(**{"recipients.list_id": "List does not exist."})
        shown = {"list_id": audience.id, "list_is_active": True, "list_name": audience.record["name"]}
        shown |= {"segment_text": "", "recipient_count": audience.roll.counts["subscribed"]}
        return shown | ({"segment_opts": wanted["segment_opts"]} if "segment_opts" in wanted else {})


def engage(campaign: Json, now: str, counts: Json) -> None:
    """Add to a sent campaign's figures; opens and clicks fall into the hour of `now`."""
    unknown = set(counts) - set(COUNTERS)
    if unknown:
        raise ValueError(f"no such figures {sorted(unknown)}; there are {COUNTERS}")
    counters = campaign["counters"]
    for name, value in counts.items():
        counters[name] += value
    hour = counters["hours"].setdefault(now[:13], {"unique_opens": 0, "recipients_clicks": 0})
    hour["unique_opens"] += counts.get("unique_opens", 0)
    hour["recipients_clicks"] += counts.get("unique_subscriber_clicks", 0)
    if counts.get("opens"):
        counters["last_open"] = now
    if counts.get("clicks"):
        counters["last_click"] = now


def _between(rows: list[Json], call: Call, *names: str) -> list[Json]:
    for name in names:
        since, before = call.instant(f"since_{name}"), call.instant(f"before_{name}")
        if since or before:
            rows = [r for r in rows if r[name] and (not since or r[name] > since) and (not before or r[name] < before)]
    return rows


def _hours(campaign: Json) -> list[Json]:
    """The first 24 hours after sending, hour by hour."""
    start = datetime.fromisoformat(campaign["send_time"]).replace(minute=0, second=0)
    hours = campaign["counters"]["hours"]
    series = []
    for i in range(24):
        at = stamp(start + timedelta(hours=i))
        seen = hours.get(at[:13], {"unique_opens": 0, "recipients_clicks": 0})
        series.append({"timestamp": at, "emails_sent": campaign["emails_sent"] if i == 0 else 0, **seen})
    return series


def _money(counts: Json) -> Json:
    return {
        "total_orders": counts["orders"],
        "total_spent": counts["revenue"],
        "total_revenue": counts["revenue"],
    }
