"""What the account's users do, and what the certification kit has them do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vaiven_connectors.klaviyo import _sim_consent_state as consent
from vaiven_connectors.klaviyo._sim_account import topic_of
from vaiven_connectors.klaviyo._sim_base import stamp
from vaiven_connectors.klaviyo._sim_reports import Reports
from vaiven_connectors.klaviyo._sim_words import Json
from vaiven_sdk import Delivery
from vaiven_sdk.testing import NotDrivable, Table, action

_ADDED = "favourite_colour"
_CHANNELS = ("email", "sms")
_TEXT = {"email": "subject", "sms": "body", "mobile_push": "body"}
_MEMBERS = ("memberships", "list_memberships", "list_members", "segment_members")


class Driven(Reports):
    """Samples are the same people in every account, with other ids under another seed."""

    _made = 0

    # ------------------------------------------------------------------------------- the account's users

    @action
    def seed_profiles(self, profiles: Sequence[Json]) -> list[str]:
        """Import people: attributes as the API takes them, and maybe `subscriptions` (channel -> consent)."""
        made = []
        for item in profiles:
            values, _ = self.checked({k: v for k, v in item.items() if k != "subscriptions"})
            held = self.match(values)
            row = self.make_profile(values) if held is None else self.change_profile(held["id"], values)
            for channel, wanted in (item.get("subscriptions") or {}).items():
                self.set_consent(row["id"], channel, wanted)
            made.append(str(row["id"]))
        return made

    @action
    def set_consent(self, profile_id: str, channel: str, consent_value: str) -> None:
        """A user of the account sets what a person agreed to."""
        row, now = self.profiles.get(profile_id), self.now()
        if consent_value == consent.NO:
            self.unsubscribe(profile_id, [{"channel": channel, "purpose": "marketing"}])
            return
        values: Json = {"consent": consent_value, "consent_timestamp": now, "last_updated": now, "method": "MANUAL_ADD"}
        if channel == "email":
            values["double_optin"] = False  # it tells of the subscription that stands now
            if consent_value == consent.YES:
                values["suppression"] = [
                    one for one in consent.suppressions(row) if one["reason"] not in consent.LIFTED
                ]
        held = consent.set_consent(row, channel, "marketing", values)
        self.profiles.change(profile_id, {"_subscriptions": held})

    @action
    def edit_profile(self, profile_id: str, changes: Json) -> None:
        """A user of the account edits a profile."""
        values, _ = self.checked(changes)
        self.change_profile(profile_id, values)

    @action
    def delete_profile(self, profile_id: str) -> None:
        """A user of the account deletes a profile."""
        self.forget(profile_id)

    @action
    def merge_people(self, into: str, source: str) -> None:
        """A user of the account merges two profiles."""
        self.merge(into, source)

    @action
    def make_list(self, name: str, opt_in_process: str = "single_opt_in", profiles: Sequence[str] = ()) -> str:
        """A user of the account makes a list and fills it."""
        row = self.lists.add({"name": name, "opt_in_process": opt_in_process})
        for profile in profiles:
            self.join(row["id"], profile)
        return str(row["id"])

    @action
    def make_segment(self, name: str, profiles: Sequence[str] = ()) -> str:
        """A user of the account makes a segment, into which these profiles fall."""
        row = self.segments.add({"name": name})
        for profile in profiles:
            self.join(row["id"], profile)
        return str(row["id"])

    @action
    def fill_group(self, group: str, profiles: Sequence[str]) -> int:
        """A user puts profiles into a list, or a segment's rule takes them in."""
        return sum(self.join(group, profile) for profile in profiles)

    @action
    def empty_group(self, group: str, profiles: Sequence[str]) -> int:
        """A user takes profiles out of a list, or a segment's rule leaves them out."""
        return sum(self.leave(group, profile) for profile in profiles)

    @action
    def add_tag(self, table: str, record_id: str, name: str) -> str:
        """A user tags a list, segment, campaign or flow."""
        held = next((row for row in self.tags if row["name"] == name), None) or self.tags.add({"name": name})
        rows = self.tables[table]
        rows.change(record_id, {"_tags": [*rows.get(record_id)["_tags"], held["id"]]})
        return str(held["id"])

    @action
    def track(
        self,
        email: str,
        metric: str,
        *,
        at: str | None = None,
        value: float | None = None,
        currency: str | None = None,
        properties: Json | None = None,
        service: str = "klaviyo",
        unique_id: str | None = None,
    ) -> str:
        """Something happens to a person: a mail is opened, an order is placed; gives the event's id."""
        row = self.profiles.by("email", email) or self.make_profile({"email": email})
        when = datetime.fromisoformat(at) if at else self.clock.now()
        self._made += 1
        unique = unique_id or f"sim-{self._made}"
        full: Json = {**(properties or {}), "$event_id": unique}
        full |= {} if value is None else {"$value": value}
        full |= {} if currency is None else {"$value_currency": currency}
        fact = {"timestamp": int(when.timestamp()), "datetime": stamp(when), "event_properties": full}
        event = self.record(row, {**fact, "metric_id": self.metric(metric, service)["id"], "_unique": unique})
        return "" if event is None else str(event["id"])

    @action
    def seed_campaigns(self, campaigns: Sequence[Json]) -> list[str]:
        """Load campaigns: `channel`, `content`, and any attribute of a campaign (`status`, `send_time`)."""
        made = []
        for item in campaigns:
            values = {k: v for k, v in item.items() if k not in {"channel", "content", "label"}}
            channel = item.get("channel", "email")
            definition: Json = {"channel": channel, "content": item.get("content", {})}
            if channel == "email":
                definition["label"] = item.get("label", values["name"])
            made.append(str(self.make_campaign(values, [definition])["id"]))
        return made

    @action
    def seed_flows(self, flows: Sequence[Json]) -> list[str]:
        """Load flows."""
        return [str(self.flows.add(item)["id"]) for item in flows]

    @action
    def seed_templates(self, templates: Sequence[Json]) -> list[str]:
        """Load templates."""
        return [str(self.templates.add(item)["id"]) for item in templates]

    @action
    def restrict_key(self, scopes: Sequence[str]) -> None:
        """A user of the account leaves the private key only some scopes."""
        self.key_access.scopes = frozenset(scopes)

    # --------------------------------------------------------------------------------------------- the kit

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records as a user of the account would."""
        return [self._sample(stream, self._next()) for _ in range(n)]

    def _sample(self, stream: str, n: int) -> str:
        if stream in {"profiles", "consents", "subscriptions"}:
            return self.seed_profiles([_person(n)])[0]
        if stream == "lists":
            return self.make_list(f"List {n}")
        if stream == "segments":
            return self.make_segment(f"Segment {n}")
        if stream in _MEMBERS:
            make, table = (
                (self.make_segment, self.segments) if stream == "segment_members" else (self.make_list, self.lists)
            )
            group = next(iter(table.state()), None) or make("Everybody")
            person = self.seed_profiles([_person(n)])[0]
            self.join(group, person)
            return f"{group}/{person}"
        if stream == "reports":
            self.metric("Placed Order", "shopify")
            sent = {
                "name": f"Campaign {n}",
                "status": "Sent",
                "send_time": self.now(),
                "content": {"subject": f"News {n}"},
            }
            key = self.seed_campaigns([sent])[0]
            figures = {"recipients": 100 + n, "delivered": 90 + n, "opens_unique": n, "clicks_unique": 1}
            self.engage(key, figures)
            return str(self.campaigns.get(key)["_messages"][0])
        if stream in {"campaigns", "email_campaigns", "sms_campaigns", "messages", "campaign_messages"}:
            channel = "sms" if stream.startswith("sms") else "email" if stream.startswith("email") else _CHANNELS[n % 2]
            content = {"subject": f"News {n}"} if channel == "email" else {"body": f"News {n}"}
            key = self.seed_campaigns([{"name": f"Campaign {n}", "channel": channel, "content": content}])[0]
            return str(self.campaigns.get(key)["_messages"][0]) if "messages" in stream else key
        if stream == "flows":
            return self.seed_flows([{"name": f"Flow {n}", "status": "live", "trigger_type": "Metric"}])[0]
        if stream == "templates":
            return self.seed_templates([{"name": f"Template {n}", "html": f"<p>{n}</p>"}])[0]
        if stream == "metrics":
            return str(self.metric(f"Metric {n}")["id"])
        if stream == "events":
            return self.track(_person(n)["email"], "Placed Order", value=10.0 + n, currency="USD", service="shopify")
        raise NotDrivable(self.slug, "sample", stream)

    def touch(self, stream: str, record_id: str) -> None:
        """Change a value that is mapped; a membership begins anew."""
        name = f"Edit {self._next()} {self.account_id}"
        table = self._table(stream, "touch")
        if stream == "reports":
            self.engage(table.get(record_id)["_campaign"], {"opens_unique": 1})
        elif table is self.profiles:
            self.change_profile(record_id, {"first_name": name})
        elif table is self.memberships:
            self.leave(*record_id.split("/", 1))
            self.join(*record_id.split("/", 1))
        elif table is self.messages:
            row = table.get(record_id)
            table.change(record_id, {"definition": {**row["definition"], "content": {_TEXT[row["_channel"]]: name}}})
            self.campaigns.change(row["_campaign"], {})
        elif table is self.events:
            # Nobody edits what has happened.
            raise NotDrivable(self.slug, "touch", stream)
        else:
            table.change(record_id, {"name": name})

    def remove(self, stream: str, record_id: str) -> None:
        """Delete a record; a membership ends."""
        table = self._table(stream, "remove")
        if table is self.profiles:
            self.forget(record_id)
        elif table is self.memberships:
            self.leave(*record_id.split("/", 1))
        elif table in {self.lists, self.segments}:
            self.drop_group(table, record_id)
        elif table is self.messages:
            # A message goes with its campaign.
            self.campaigns.remove(table.get(record_id)["_campaign"])
            table.remove(record_id)
        else:
            table.remove(record_id)

    def _table(self, stream: str, verb: str) -> Table:
        tables = {
            **dict.fromkeys(("profiles", "consents", "subscriptions"), self.profiles),
            **dict.fromkeys(_MEMBERS, self.memberships),
            **dict.fromkeys(("campaigns", "email_campaigns", "sms_campaigns"), self.campaigns),
            **dict.fromkeys(("messages", "campaign_messages", "reports"), self.messages),
            **{name: self.tables[name] for name in ("lists", "segments", "flows", "templates", "metrics", "events")},
        }
        if stream not in tables:
            raise NotDrivable(self.slug, verb, stream)
        return tables[stream]

    def unwanted(self, stream: str) -> dict[str, Any]:
        """An address that Klaviyo does not take."""
        return {"email": "not-an-address@nowhere"} if stream == "profiles" else super().unwanted(stream)

    def customise(self, stream: str) -> tuple[str, str]:
        """Fill in a property that nobody had before: that is all it takes to add one."""
        if stream != "profiles":
            return super().customise(stream)
        person = {**_person(self._next()), "properties": {_ADDED: "teal"}}
        return _ADDED, self.seed_profiles([person])[0]

    def delivery(self, stream: str, secret: str) -> Delivery:
        """An event of a profile, signed as of now."""
        if stream not in {"profiles", "events"}:
            return super().delivery(stream, secret)
        key = self.track(_person(self._next())["email"], "Opened Email")
        event = self.events.get(key)
        hook = "0" * 32
        body, headers = self.delivered(hook, secret, topic_of("Opened Email"), event, self.clock.now())
        return Delivery(body, headers, "https://hub.example/hooks/klaviyo")

    def _next(self) -> int:
        self._made += 1
        return self._made


def _person(n: int) -> Json:
    return {
        "email": f"sample{n}@people.example",
        "phone_number": f"+1617555{n:04}",
        "external_id": f"crm-{n}",
        "first_name": f"Ada {n}",
        "last_name": f"Byron {n}",
        "organization": f"Engines {n}",
        "title": "Engineer",
        "locale": "en-US",
        "location": {"city": "Boston", "region": "MA", "country": "United States", "zip": f"{n:05}"},
        "properties": {"score": n},
        "subscriptions": {"email": "SUBSCRIBED"},
    }
