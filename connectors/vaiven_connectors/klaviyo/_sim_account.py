"""The account, erasure on request, webhooks, and OAuth.

Accounts and deletion: documentation of the methods in klaviyo-api 25.0.0; an unknown person is a 404:
community.klaviyo.com thread 19236. Webhooks: developers.klaviyo.com/en/docs/working_with_system_webhooks (headers,
body, HMAC-SHA256 in hex) and hookdeck/webhook-skills (over the body and the timestamp behind it; a secret has 16
characters at least). OAuth: developers.klaviyo.com/en/docs/set_up_oauth. Read 2026-11-25.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime
from typing import Any

import msgspec

from vaiven_connectors.klaviyo._sim_base import Include, stamp
from vaiven_connectors.klaviyo._sim_content import Content
from vaiven_connectors.klaviyo._sim_kinds import ACCOUNT, EVENT, TOPIC, WEBHOOK
from vaiven_connectors.klaviyo._sim_words import Json, invalid, missing
from vaiven_sdk.testing import Call, Change, Postman, Quirk, Reply, delete, get, ids, is_loopback, patch, post

_IDENTIFIERS = ("email", "phone_number")
_SECRET = 16


class Account(Content):
    """One account, which its key belongs to."""

    deletion_seconds = Quirk(0.0, "seconds until a requested deletion is done; no source says how many")
    webhooks_allowed = Quirk(
        default=True, meaning="the account is an app partner's, or has Advanced KDP; others may have no webhooks"
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.account_id = ids.prefixed("", 6)({}, 0, self.random)
        self.account: Json = {
            "id": self.account_id,
            "test_account": False,
            "contact_information": {
                "default_sender_name": "Vaiven Shop",
                "default_sender_email": "hello@shop.example",
                "website_url": "https://shop.example",
                "organization_name": "Vaiven Shop",
                "street_address": {
                    "address1": "1 Main Street",
                    "address2": None,
                    "city": "Boston",
                    "region": "MA",
                    "country": "US",
                    "zip": "02110",
                },
            },
            "industry": "Software / SaaS",
            "timezone": "US/Eastern",
            "preferred_currency": "USD",
            "public_api_key": self.account_id,
            "locale": "en-US",
        }
        self.webhooks = self.table(
            "webhooks",
            ids=ids.hexadecimal(32),
            created="created_at",
            updated="updated_at",
            stamp=stamp,
            defaults={"description": None, "enabled": True},
        )
        self.postman = Postman(self.clock, automatic=True)
        self.deliveries: list[Json] = []
        self.events.watch(self._tell)

    # -------------------------------------------------------------------------------------------- account

    @get("/api/accounts", scope="accounts:read")
    def list_accounts(self, call: Call) -> Json:
        """The one account of the key."""
        found = [self.resource(call, ACCOUNT, self.account)]
        return self.whole(call, found)

    @get("/api/accounts/{id}", scope="accounts:read")
    def get_account(self, call: Call) -> Json:
        """The same, by its id."""
        if call.slots["id"] != self.account_id:
            raise missing("account", call.slots["id"])
        return self.one(call, ACCOUNT, self.account)

    @post("/api/data-privacy-deletion-jobs", scope="data-privacy:write")
    def request_deletion(self, call: Call) -> Reply:
        """Erase a person, by exactly one identifier; 202 without a body."""
        data = self.body(call, "data-privacy-deletion-job", known=("profile",))
        person = (data["attributes"].get("profile") or {}).get("data") or {}
        given = {name: value for name, value in (person.get("attributes") or {}).items() if value}
        given |= {"id": person["id"]} if person.get("id") else {}
        if len(given) != 1 or not set(given) <= {*_IDENTIFIERS, "id"}:
            sentence = "Exactly one of email, phone_number or id must be provided."
            raise invalid(sentence, pointer="/data/attributes/profile/data")
        name, value = next(iter(given.items()))
        row = self.profiles.find(value) if name == "id" else self.profiles.by(name, value)
        if row is None:
            raise missing("profile", str(value))
        self.later(self.deletion_seconds, lambda: self.forget(row["id"]))
        return self.reply(None, 202)

    def forget(self, profile: str) -> None:
        """Erase a person with everything that was known."""
        if profile in self.profiles:
            self.profiles.erase(profile)
            for row in [row for row in self.events if row["profile_id"] == profile]:
                self.events.erase(row["id"])

    # -------------------------------------------------------------------------------------------- webhooks

    def topics(self) -> list[str]:
        """One topic for each metric of Klaviyo's own, and those that every account has."""
        own = [row["name"] for row in self.metrics if row["integration"]["name"] == "Klaviyo"]
        return sorted({*_TOPICS, *map(topic_of, own)})

    def _hook(self, call: Call, row: Json) -> Json:
        return self.resource(call, WEBHOOK, row, {"webhook-topics": row["_topics"]})

    @property
    def _around_hook(self) -> dict[str, Include]:
        return {"webhook-topics": lambda row: [(TOPIC, {"id": one}) for one in row["_topics"]]}

    def _may(self) -> None:
        if not self.webhooks_allowed:
            raise invalid("This account has no webhooks.", code="not_available")

    @get("/api/webhooks", scope="webhooks:read")
    def list_webhooks(self, call: Call) -> Json:
        """All webhooks."""
        self._may()
        rows = list(self.webhooks)
        body = self.document(call, [self._hook(call, row) for row in rows], rows, self._around_hook)
        body["links"] |= self.around()
        return body

    @get("/api/webhooks/{id}", scope="webhooks:read")
    def get_webhook(self, call: Call) -> Json:
        """One webhook; nobody is told its secret."""
        self._may()
        row = self.row(self.webhooks, WEBHOOK, call.slots["id"])
        return self.document(call, self._hook(call, row), [row], self._around_hook)

    @post("/api/webhooks", scope="webhooks:write")
    def create_webhook(self, call: Call) -> Reply:
        """Have the events of some topics sent to an address."""
        self._may()
        known = ("name", "description", "endpoint_url", "secret_key")
        values = self._hook_values(self.body(call, "webhook", known=known), new=True)
        row = self.webhooks.add(values)
        return self.reply(self.document(call, self._hook(call, row), [row], {}), 201)

    @patch("/api/webhooks/{id}", scope="webhooks:write")
    def update_webhook(self, call: Call) -> Json:
        """Change one, or stop it."""
        self._may()
        row = self.row(self.webhooks, WEBHOOK, call.slots["id"])
        known = ("name", "description", "endpoint_url", "secret_key", "enabled")
        values = self._hook_values(self.body(call, "webhook", known=known, key=row["id"]), new=False)
        changed = self.webhooks.change(row["id"], values)
        return self.document(call, self._hook(call, changed), [changed], {})

    @delete("/api/webhooks/{id}", scope="webhooks:write")
    def delete_webhook(self, call: Call) -> None:
        """Stop one for good."""
        self._may()
        self.webhooks.remove(self.row(self.webhooks, WEBHOOK, call.slots["id"])["id"])

    def _hook_values(self, data: Json, *, new: bool) -> Json:
        values = {name: value for name, value in data["attributes"].items() if value is not None}
        for name in ("name", "endpoint_url", "secret_key") if new else ():
            if not values.get(name):
                raise invalid(f"'{name}' is required.", pointer=f"/data/attributes/{name}")
        url = values.get("endpoint_url", "https://")
        if not url.startswith("https://") and not is_loopback(url):
            raise invalid("'endpoint_url' must be an https address.", pointer="/data/attributes/endpoint_url")
        secret = values.pop("secret_key", None)
        if secret is not None:
            if len(secret) < _SECRET:
                sentence = f"'secret_key' needs {_SECRET} characters at least."
                raise invalid(sentence, pointer="/data/attributes/secret_key")
            values["_secret"] = secret
        topics = self.related(data, "webhook-topics")
        if new or topics:
            known = self.topics()
            for one in topics:
                if one not in known:
                    raise invalid(f"'{one}' is not a topic.", pointer="/data/relationships/webhook-topics/data")
            values["_topics"] = topics
        return values

    @get("/api/webhook-topics", scope="webhooks:read")
    def list_topics(self, call: Call) -> Json:
        """All topics."""
        self._may()
        found = [self.resource(call, TOPIC, {"id": one}) for one in self.topics()]
        return self.whole(call, found)

    @get("/api/webhook-topics/{id}", scope="webhooks:read")
    def get_topic(self, call: Call) -> Json:
        """One topic."""
        self._may()
        if call.slots["id"] not in self.topics():
            raise missing("webhook-topic", call.slots["id"])
        return self.one(call, TOPIC, {"id": call.slots["id"]})

    def _tell(self, change: Change) -> None:
        if change.op != "created" or change.after is None:
            return
        topic = topic_of(self.metrics.get(change.after["metric_id"])["name"])
        for hook in list(self.webhooks):
            if hook["enabled"] and topic in hook["_topics"]:
                body, headers = self.delivered(hook["id"], hook["_secret"], topic, change.after, change.at)
                self.deliveries.append({"url": hook["endpoint_url"], "headers": headers, "body": body.decode()})
                if is_loopback(hook["endpoint_url"]):
                    self.postman.post(hook["endpoint_url"], body, headers=headers)

    def delivered(self, hook: str, secret: str, topic: str, event: Json, at: datetime) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a delivery, signed."""
        when = stamp(at)
        call = Call("GET", f"/api/events/{event['id']}", origin="https://a.klaviyo.com", now=at)
        payload = {"data": self.resource(call, EVENT, event, _relations(event))}
        about = {"klaviyo_account_id": self.account_id, "klaviyo_webhook_id": hook, "timestamp": when}
        document = {"data": [{"external_id": event["id"], "payload": payload, "topic": topic}], "meta": about}
        body = msgspec.json.encode(document)
        signature = hmac.new(secret.encode(), body + when.encode(), hashlib.sha256).hexdigest()
        named = {"Klaviyo-Webhook-Id": hook, "Klaviyo-Timestamp": when, "Klaviyo-Signature": signature}
        return body, {"Content-Type": "application/json", **named}

    # ----------------------------------------------------------------------------------------------- OAuth

    @get("/oauth/authorize", public=True)
    def authorize(self, call: Call) -> Reply:
        """The consent page of www.klaviyo.com, on which the user agrees at once."""
        return self.key_access.provider.authorize(call)

    @post("/oauth/token", public=True)
    def token(self, call: Call) -> Reply:
        """Tokens for a code, or for a refresh token."""
        return self.key_access.provider.token(call)

    @post("/oauth/revoke", public=True)
    def revoke(self, call: Call) -> Reply:
        """Give a token up."""
        return self.key_access.provider.revoke(call)


def topic_of(metric: str) -> str:
    """Id of the topic of one of Klaviyo's own metrics: `event:klaviyo.opened_email`."""
    return "event:klaviyo." + re.sub(r"\W+", "_", metric.lower()).strip("_")


def _relations(event: Json) -> Json:
    return {"profile": event["profile_id"], "metric": event["metric_id"]}


_TOPICS = [
    topic_of(name)
    for name in (
        *("Received Email", "Opened Email", "Clicked Email", "Bounced Email", "Marked Email as Spam"),
        *("Sent SMS", "Received SMS", "Clicked SMS", "Subscribed to Email Marketing", "Subscribed to SMS Marketing"),
        *("Unsubscribed from Email Marketing", "Unsubscribed from SMS Marketing"),
    )
]
