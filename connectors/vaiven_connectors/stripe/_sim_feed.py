"""Events, webhook endpoints and the account of the Stripe simulator."""

from __future__ import annotations

from vaiven_connectors.stripe._sim_core import CREATED, DAY, LIST, UNBOUNDED, Call, operation
from vaiven_connectors.stripe._sim_subscriptions import Subscriptions
from vaiven_connectors.stripe._sim_wire import Json, StripeError, bad, merge_metadata


class Feed(Subscriptions):
    """What happened, and who wants to be told."""

    @operation("GET", "/v1/events")
    def list_events(self, call: Call) -> bytes:
        """Events of the last 30 days, by type (`*` as wildcard), types and delivery."""
        params = call.check({**LIST, "created": CREATED, "type": "str", "types": ["str"], "delivery_success": "bool"})
        kind, kinds, delivered = params.get("type"), params.get("types"), params.get("delivery_success")
        if kind and kinds:
            raise bad(
                "You may only specify one of these parameters: type, types.",
                code="parameters_exclusive",
                param="type",
            )
        now = self.clock.now().timestamp()
        exact = kind is not None and "*" not in kind
        late = {ident for ident, at in self.visible_at.items() if at > now}
        if len(late) < len(self.visible_at):
            self.visible_at = {ident: at for ident, at in self.visible_at.items() if ident in late}

        def keep(row: Json) -> bool:
            if row["id"] in late or (delivered is not None and (row["pending_webhooks"] == 0) != delivered):
                return False
            if kinds:
                return row["type"] in kinds
            return kind is None or exact or row["type"].startswith(kind.partition("*")[0])

        plain = not (late or kinds or delivered is not None or (kind and not exact))
        return self.list_page(
            "events",
            params if exact else {**params, "type": None},
            equal=["type"],
            keep=None if plain else keep,
            span=(now - self.quirk["event_days"] * DAY, UNBOUNDED[1]),
        )

    @operation("GET", "/v1/events/{id}")
    def retrieve_event(self, call: Call) -> Json:
        """Retrieve an event while it is kept."""
        call.check({})
        row = self.row("events", call.id)
        if row["created"] < self.clock.now().timestamp() - self.quirk["event_days"] * DAY:
            raise StripeError(404, f"No such event: '{call.id}'", code="resource_missing", param="id")
        return row

    @operation("GET", "/v1/balance")
    def retrieve_balance(self, call: Call) -> Json:
        """What the account has: nothing, in its one currency; whether it is real money is what one asks for."""
        call.check({})
        amount = {"amount": 0, "currency": "usd", "source_types": {"card": 0}}
        return {"object": "balance", "available": [amount], "livemode": self.live, "pending": [dict(amount)]}

    @operation("GET", "/v1/account")
    def retrieve_account(self, call: Call) -> Json:
        """The account that the key belongs to."""
        call.check({})
        capabilities = {"card_payments": "active", "transfers": "active"}
        return {
            "id": self.account_id,
            "object": "account",
            "business_profile": {
                "mcc": "5734",
                "name": "Vaiven simulator",
                "support_email": None,
                "url": None,
            },
            "business_type": "company",
            "capabilities": capabilities,
            "charges_enabled": True,
            "country": "US",
            "created": self.opened,
            "default_currency": "usd",
            "details_submitted": True,
            "email": "owner@example.com",
            "payouts_enabled": True,
            "settings": {
                "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
                "card_payments": {"statement_descriptor_prefix": None},
                "dashboard": {"display_name": "Vaiven simulator", "timezone": "Etc/UTC"},
                "payments": {"statement_descriptor": "VAIVEN"},
            },
            "type": "standard",
        }

    @operation("GET", "/v1/webhook_endpoints")
    def list_endpoints(self, call: Call) -> bytes:
        """Webhook endpoints."""
        return self.list_page("webhook_endpoints", call.check(LIST))

    @operation("POST", "/v1/webhook_endpoints")
    def create_endpoint(self, call: Call) -> Json:
        """Create an endpoint; its secret is told once. Nothing is sent: see the action `signed_event`."""
        spec = {
            "url!": "str",
            "enabled_events!": ["str"],
            "description": "str",
            "metadata": "meta",
            "api_version": "str",
        }
        given = call.check(spec)
        row = {
            "id": self.new_id("we"),
            "object": "webhook_endpoint",
            "api_version": given.get("api_version"),
            "application": None,
            "created": self.now(),
            "description": given.get("description"),
            "enabled_events": given["enabled_events"],
            "livemode": self.live,
            "metadata": merge_metadata({}, given.get("metadata")),
            "status": "enabled",
            "url": given["url"],
        }
        self.secrets[row["id"]] = "whsec_" + self.text(32)
        return {**self.add("webhook_endpoints", row), "secret": self.secrets[row["id"]]}

    @operation("DELETE", "/v1/webhook_endpoints/{id}")
    def delete_endpoint(self, call: Call) -> Json:
        """Delete an endpoint."""
        self.row("webhook_endpoints", call.id)
        self.tables["webhook_endpoints"].remove(call.id)
        self.deleted[call.id] = {"id": call.id, "object": "webhook_endpoint", "deleted": True}
        return self.deleted[call.id]
