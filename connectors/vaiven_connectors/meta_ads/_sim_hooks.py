"""Webhooks: who wants to hear of what, the question whether they are who they say, and signed deliveries.

developers.facebook.com/docs/graph-api/webhooks/getting-started: a GET with hub.mode, hub.challenge and hub.verify_token
first; then POSTs signed in X-Hub-Signature-256 with the app's secret, over the body with escaped Unicode. Leads:
/webhooks-for-leadgen; ads: /webhooks-for-ad-accounts and the page "Ads Webhooks" (2026-07-06). Values of the changes of
ads are those that receivers of them read (`level`, `status_name`, `error_code`). Read 2026-11-25.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from vaiven_connectors.meta_ads._sim_base import serves
from vaiven_connectors.meta_ads._sim_pages import Pages
from vaiven_connectors.meta_ads._sim_words import Ask, Json, graph_error, parameter
from vaiven_sdk.testing import Change, Postman, action, is_loopback

_FIELDS = {
    "page": ("leadgen", "leadgen_update", "feed", "messages"),
    "ad_account": (
        "with_issues_ad_objects",
        "in_process_ad_objects",
        "ad_recommendations",
        "creative_fatigue",
        "product_set_issue",
    ),
}
_LEVELS = {"campaign": "CAMPAIGN", "adset": "AD_SET", "ad": "AD"}


class Hooks(Pages):
    """What the app is told."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.postman = Postman(self.clock, sign=self.signature, automatic=True)
        self.subscriptions: dict[str, Json] = {}
        self.subscribed: dict[str, set[str]] = {}
        self.leads.watch(self._lead_came)

    # ------------------------------------------------------------------------------------------- subscriptions

    @serves("GET", "app", "subscriptions")
    def list_subscriptions(self, ask: Ask, row: Json) -> Json:
        """What the app hears of."""
        self._the_app(ask)
        shown = []
        for name, held in self.subscriptions.items():
            fields = [{"name": one, "version": ask.version} for one in held["fields"]]
            shown.append({"object": name, "callback_url": held["callback_url"], "active": True, "fields": fields})
        return {"data": shown}

    @serves("POST", "app", "subscriptions")
    def subscribe(self, ask: Ask, row: Json) -> Json:
        """The app wants to hear of an object's fields at an address that can answer a challenge.

        Raises:
            Refusal: 2200, the address did not answer as it should.
        """
        self._the_app(ask)
        name, fields = ask.text("object"), [str(one) for one in ask.listed("fields")]
        if name not in _FIELDS:
            raise parameter(f"Param object must be one of {{{', '.join(_FIELDS)}}}", "object")
        if strange := [one for one in fields if one not in _FIELDS[name]]:
            raise parameter(
                f"Param fields[0] must be one of {{{', '.join(_FIELDS[name])}}} - got {strange[0]}", "fields"
            )
        url = ask.text("callback_url")
        self.challenge(url, ask.text("verify_token"))
        self.subscriptions[name] = {"callback_url": url, "fields": fields}
        return {"success": True}

    @serves("DELETE", "app", "subscriptions")
    def unsubscribe(self, ask: Ask, row: Json) -> Json:
        """The app wants to hear no more, of one object or of all."""
        self._the_app(ask)
        for name in [ask.text("object")] if ask.text("object") else list(self.subscriptions):
            self.subscriptions.pop(name, None)
        return {"success": True}

    @serves("POST", "page", "subscribed_apps")
    def install_page(self, ask: Ask, row: Json) -> Json:
        """The page lets the app hear of these fields."""
        self._for_page(ask, row["id"])
        fields = {str(one) for one in ask.listed("subscribed_fields")}
        if not fields:
            raise parameter("The parameter subscribed_fields is required", "subscribed_fields")
        self.subscribed[row["id"]] = fields
        return {"success": True}

    @serves("POST", "account", "subscribed_apps")
    def install_account(self, ask: Ask, row: Json) -> Json:
        """The ad account lets the app hear of it."""
        self.need_write(ask, row)
        self.subscribed[row["id"]] = set(_FIELDS["ad_account"])
        return {"success": True}

    @serves("GET", "page account", "subscribed_apps")
    def list_installed(self, ask: Ask, row: Json) -> Json:
        """The apps that hear of it."""
        fields = sorted(self.subscribed.get(row["id"], ()))
        if not fields:
            return {"data": []}
        app: Json = {"id": self.app_id, "name": "Vaiven"}
        return {"data": [{**app, "subscribed_fields": fields} if not row["id"].startswith("act_") else app]}

    @serves("DELETE", "page account", "subscribed_apps")
    def uninstall(self, ask: Ask, row: Json) -> Json:
        """It lets the app hear no more."""
        self.subscribed.pop(row["id"], None)
        return {"success": True}

    def _the_app(self, ask: Ask) -> None:
        if ask.user != self.app_id:
            raise graph_error(15, "(#15) This method must be called with an app access_token.")

    def challenge(self, url: str, verify_token: str) -> None:
        """Ask the address to give a number back.

        Raises:
            Refusal: 2200.
        """
        said, number = "it is not on loopback", self.digits(10)
        if is_loopback(url):
            parts = urlsplit(url)
            asked = {"hub.mode": "subscribe", "hub.challenge": number, "hub.verify_token": verify_token}
            query = "&".join(filter(None, (parts.query, urlencode(asked))))
            line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=5)
            try:
                line.request("GET", f"{parts.path or '/'}?{query}")
                answer = line.getresponse()
                if answer.status == 200 and answer.read().decode() == number:
                    return
                said = f"HTTP Status Code = {answer.status}"
            except OSError as problem:
                said = type(problem).__name__
            finally:
                line.close()
        message = "(#2200) Callback verification failed with the following errors: curl_errno = 0; "
        raise graph_error(2200, f"{message}{said}")

    # --------------------------------------------------------------------------------------------- deliveries

    def signature(self, body: bytes, url: str, at: datetime) -> Mapping[str, str]:
        """Both signatures: today's, and the older one with SHA-1."""
        return self.signed(body, self.app_secret)

    def signed(self, body: bytes, secret: str) -> Mapping[str, str]:
        """The headers of a delivery signed with this secret."""
        new, old = (hmac.new(secret.encode(), body, name).hexdigest() for name in (hashlib.sha256, hashlib.sha1))
        return {"X-Hub-Signature-256": f"sha256={new}", "X-Hub-Signature": f"sha1={old}"}

    def envelope_of(self, name: str, key: str, changes: Iterable[tuple[str, Json]]) -> bytes:
        """The body of a delivery about a page or an ad account."""
        shown = [{"field": field, "value": value} for field, value in changes]
        entry = {"id": key.removeprefix("act_"), "time": self.epoch(), "changes": shown}
        return json.dumps({"object": name, "entry": [entry]}, separators=(",", ":")).encode()

    def lead_change(self, lead: Json) -> tuple[str, Json]:
        """What a delivery says of a lead: where to read it, and nothing that it holds."""
        at = int(datetime.fromisoformat(lead["created_time"]).timestamp())
        value = {"leadgen_id": lead["id"], "page_id": lead["_page"], "form_id": lead["form_id"], "created_time": at}
        if lead.get("ad_id"):
            value |= {"ad_id": lead["ad_id"], "adgroup_id": lead["ad_id"]}
        return "leadgen", value

    def _lead_came(self, change: Change) -> None:
        if change.op == "created" and change.after is not None:
            self.tell("page", change.after["_page"], *self.lead_change(change.after))

    def tell(self, name: str, key: str, field: str, value: Json) -> None:
        """Deliver a change to the app, if it wants to hear of it and may."""
        held = self.subscriptions.get(name)
        if held and field in held["fields"] and field in self.subscribed.get(key, ()):
            body = self.envelope_of(name, key, [(field, value)])
            self.postman.post(held["callback_url"], body, headers={"Content-Type": "application/json"})

    # ------------------------------------------------------------------------------------- what Meta's reviewers do

    @action
    def raise_issue(self, key: str, code: int = 1815869, summary: str = "Ad has issues", message: str = "") -> None:
        """Something about a campaign, ad set or ad keeps it from being shown."""
        kind = self.index[key]
        told = {"error_code": code, "error_summary": summary, "error_message": message or summary}
        issue = {**told, "level": _LEVELS[kind], "error_type": "HARD_ERROR"}
        row = self.kinds[kind].get(key)
        stamp = self.local(self.owner(row), self.clock.now())
        self.kinds[kind].change(key, {"_effective": "WITH_ISSUES", "issues_info": [issue], "updated_time": stamp})
        value = {"id": key, "level": _LEVELS[kind], **told}
        self.tell("ad_account", f"act_{row['account_id']}", "with_issues_ad_objects", value)

    @action
    def finish_processing(self, key: str) -> None:
        """A campaign, ad set or ad leaves its processing, and is what its owner wants it to be."""
        kind = self.index[key]
        row = self.kinds[kind].get(key)
        stamp = self.local(self.owner(row), self.clock.now())
        self.kinds[kind].change(key, {"_effective": None, "issues_info": None, "updated_time": stamp})
        self.tell("ad_account", f"act_{row['account_id']}", *self.processed(key))

    def processed(self, key: str) -> tuple[str, Json]:
        """What a delivery says of an object that has been processed."""
        kind = self.index[key]
        status = self.effective(kind, self.kinds[kind].get(key))
        return "in_process_ad_objects", {"id": key, "level": _LEVELS[kind], "status_name": status}
