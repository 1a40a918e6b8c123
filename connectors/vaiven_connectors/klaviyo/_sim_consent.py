"""Subscribing and unsubscribing: jobs that nobody can ask about, with the evidence of consent.

Documentation of bulk_subscribe_profiles and bulk_unsubscribe_profiles in klaviyo-api 25.0.0; `consented_at`: schema
SubscriptionParameters ("if the historical_import flag is not included, providing any value for this field will raise an
error"); a channel wants its identifier: rudderstack.com/docs/releases/klaviyo-api-2026-04-15. The
words in `method` and the reasons' order are ours. Read 2026-11-25.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vaiven_connectors.klaviyo import _sim_consent_state as consent
from vaiven_connectors.klaviyo._sim_base import stamp
from vaiven_connectors.klaviyo._sim_jobs import BulkJobs
from vaiven_connectors.klaviyo._sim_kinds import LIST
from vaiven_connectors.klaviyo._sim_words import Json, invalid
from vaiven_sdk.testing import Call, Quirk, Refusal, Reply, action, post

_AT = "/data/attributes/profiles/data"
_NEEDS = {"email": "email", "sms": "phone_number", "whatsapp": "phone_number"}
_KEPT = {("email", "marketing"), ("sms", "marketing"), ("sms", "transactional")}


class Consent(BulkJobs):
    """Consent is per channel; a suppression stops e-mail beside it; a list can have its own."""

    consent_seconds = Quirk(0.0, "seconds until a subscription job has taken effect; it has no address to ask at")
    account_opt_in = Quirk("single_opt_in", "how one opts in where no list is named (account settings)")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.confirmations: dict[str, list[Json]] = {}

    @post("/api/profile-subscription-bulk-create-jobs", scope="subscriptions:write")
    def bulk_subscribe(self, call: Call) -> Reply:
        """Subscribe up to 1,000 profiles; 202 without a body."""
        known = ("profiles", "historical_import", "custom_source")
        data = self.body(call, "profile-subscription-bulk-create-job", known=known)
        past = bool(data["attributes"].get("historical_import"))
        orders = [
            self._order(one, at, consent.YES, past=past, now=call.now) for at, one in enumerate(self.people(data, 1000))
        ]
        group = next(iter(self.related(data, "list")), "")
        if group:
            self.row(self.lists, LIST, group)
        source = data["attributes"].get("custom_source")
        double = (self.lists.get(group)["opt_in_process"] if group else self.account_opt_in) == "double_opt_in"

        def work() -> None:
            for order in orders:
                row = self._person(order)
                if double and not past:
                    self.confirmations.setdefault(row["id"], []).append({**order, "group": group, "source": source})
                else:
                    self._subscribe(row["id"], {**order, "group": group, "source": source})

        self.later(self.consent_seconds, work)
        return self.reply(None, 202)

    @post("/api/profile-subscription-bulk-delete-jobs", scope="subscriptions:write")
    def bulk_unsubscribe(self, call: Call) -> Reply:
        """Unsubscribe up to 100 profiles: from one list those that are in it, all others everywhere."""
        data = self.body(call, "profile-subscription-bulk-delete-job", known=("profiles",))
        orders = [
            self._order(one, at, consent.NO, past=False, now=call.now) for at, one in enumerate(self.people(data, 100))
        ]
        group = next(iter(self.related(data, "list")), "")
        if group:
            self.row(self.lists, LIST, group)

        def work() -> None:
            for order in orders:
                row = self._person(order)
                self.unsubscribe(row["id"], order["channels"], group)

        self.later(self.consent_seconds, work)
        return self.reply(None, 202)

    def _order(self, one: Json, at: int, wanted: str, *, past: bool, now: datetime) -> Json:
        """One profile of a job, checked: who, and what for which channel.

        Raises:
            Refusal: 400.
        """
        place = f"{_AT}/{at}/attributes"
        attributes = one.get("attributes") or {}
        asked = attributes.get("subscriptions")
        if not isinstance(asked, dict) or not asked:
            raise invalid("'subscriptions' is required.", pointer=f"{place}/subscriptions")
        who, _ = self.checked(
            {name: attributes.get(name) for name in ("email", "phone_number")},
            place,
            lenient=self.partial_phone,
        )
        who = {name: value for name, value in who.items() if value}
        if not who and not one.get("id"):
            raise invalid("An email or a phone_number must be provided.", pointer=place)
        channels = []
        for channel, purposes in asked.items():
            needed = _NEEDS.get(channel)
            if not isinstance(purposes, dict):
                raise invalid("A channel must be an object.", pointer=f"{place}/subscriptions/{channel}")
            if needed and not attributes.get(needed) and not one.get("id"):
                sentence = f"'{needed}' is required for {channel} subscriptions."
                raise invalid(sentence, pointer=f"{place}/subscriptions/{channel}")
            for purpose, given in purposes.items():
                if not isinstance(given, dict) or given.get("consent") != wanted:
                    sentence = f"'consent' must be {wanted}."
                    raise invalid(sentence, pointer=f"{place}/subscriptions/{channel}/{purpose}/consent")
                since = _evidence(given, f"{place}/subscriptions/{channel}/{purpose}", past=past, now=now)
                if (channel, purpose) in _KEPT and (needed in who or one.get("id")):
                    channels.append({"channel": channel, "purpose": purpose, "at": since})
        return {"id": one.get("id"), "who": who, "channels": channels}

    def _person(self, order: Json) -> Json:
        """The profile of an order, made if there is none; a conflict of identifiers goes by the first."""
        if order["id"] in self.profiles:
            return self.profiles.get(order["id"])
        for name, value in order["who"].items():
            found = self.profiles.by(name, value)
            if found is not None:
                return found
        return self.make_profile(order["who"])

    def _subscribe(self, profile: str, order: Json, method: str = "API") -> None:
        row = self.profiles.get(profile)
        now = self.now()
        missing = {k: v for k, v in order["who"].items() if row[k] is None}
        try:
            row = self.profiles.change(profile, missing) if missing else row
        except Refusal:
            missing = {}
        held = row["_subscriptions"]
        for one in order["channels"]:
            values = {"consent": consent.YES, "consent_timestamp": one["at"] or now, "last_updated": now}
            values |= {"method": method, "method_detail": order["source"]}
            if one["channel"] == "email":
                lifted = consent.lift({"_subscriptions": held}, consent.LIFTED, now)
                state = lifted["email"]["marketing"]
                left = [s for s in state["list_suppressions"] if s["list_id"] != order["group"]]
                values |= {"list_suppressions": left, "custom_method_detail": order["source"]}
                values |= {"double_optin": method == "DOUBLE_OPT_IN", "suppression": state["suppression"]}
            held = consent.set_consent({"_subscriptions": held}, one["channel"], one["purpose"], values)
        self.profiles.change(profile, {"_subscriptions": held})
        if order["group"]:
            self.join(order["group"], profile)

    def unsubscribe(self, profile: str, channels: list[Json], group: str = "") -> None:
        """Take consent away: on one list, or everywhere when the profile is not in that list."""
        row, now = self.profiles.get(profile), self.now()
        here = bool(group) and self.leave(group, profile)
        held = row["_subscriptions"]
        for one in channels:
            state = held[one["channel"]][one["purpose"]]
            if here and one["channel"] == "email":
                entry = {"list_id": group, "reason": "UNSUBSCRIBE", "timestamp": now}
                values = {"list_suppressions": [*state["list_suppressions"], entry], "last_updated": now}
            elif here:
                continue
            else:
                values = {"consent": consent.NO, "consent_timestamp": now, "last_updated": now}
            held = consent.set_consent({"_subscriptions": held}, one["channel"], one["purpose"], values)
            if one["channel"] == "email" and not here:
                held = consent.suppress({"_subscriptions": held}, "UNSUBSCRIBE", now)
        self.profiles.change(profile, {"_subscriptions": held})

    # --------------------------------------------------------------------------- what people themselves do

    @action
    def confirm(self, email: str) -> int:
        """The person clicks the link of a double opt-in message; says how many subscriptions waited for it."""
        row = self.profiles.by("email", email)
        waiting = self.confirmations.pop(row["id"], []) if row else []
        for order in waiting:
            self._subscribe(row["id"] if row else "", order, "DOUBLE_OPT_IN")
        return len(waiting)

    @action
    def opt_in(self, email: str, channel: str = "email") -> None:
        """The person says yes: by Klaviyo's page of preferences, or by a text message with the keyword.

        The words are the examples of the description: `PREFERENCE_PAGE` for e-mail, `TEXT` for text messages.
        """
        row = self.profiles.by("email", email)
        if row is None:
            raise LookupError(email)
        order = {"channels": [{"channel": channel, "purpose": "marketing", "at": None}]}
        method = "PREFERENCE_PAGE" if channel == "email" else "TEXT"
        self._subscribe(row["id"], {**order, "who": {}, "group": "", "source": None}, method)

    @action
    def opt_out(self, email: str, channel: str = "email") -> None:
        """The person unsubscribes by the link in a message, or answers STOP."""
        row = self.profiles.by("email", email)
        if row is None:
            raise LookupError(email)
        self.unsubscribe(row["id"], [{"channel": channel, "purpose": "marketing"}])

    @action
    def bounce(self, email: str, reason: str = "HARD_BOUNCE") -> None:
        """Mail bounces hard, or the person complains of spam: Klaviyo suppresses the profile."""
        row = self.profiles.by("email", email)
        if row is None:
            raise LookupError(email)
        self.profiles.change(row["id"], {"_subscriptions": consent.suppress(row, reason, self.now())})


def _evidence(given: Json, place: str, *, past: bool, now: datetime) -> str | None:
    """When consent was given, which only a historical import may say, and must."""
    since = given.get("consented_at")
    if not past:
        if since is not None:
            sentence = "'consented_at' is only allowed with 'historical_import'."
            raise invalid(sentence, pointer=f"{place}/consented_at")
        return None
    try:
        at = datetime.fromisoformat(str(since))
    except ValueError:
        sentence = "'consented_at' is required with 'historical_import'."
        raise invalid(sentence, pointer=f"{place}/consented_at") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at > now:
        raise invalid("'consented_at' must be in the past.", pointer=f"{place}/consented_at")
    return stamp(at.astimezone(UTC))
