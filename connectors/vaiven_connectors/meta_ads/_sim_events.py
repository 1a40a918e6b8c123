"""The Conversions API: events from a server, to a pixel.

developers.facebook.com/docs/marketing-api/conversions-api/using-the-api: up to 1,000 events; one that is older than 7
days (62 in a physical store) refuses the whole request; `/parameters/server-event` names what is required, and
`/deduplicate-pixel-and-server-events` what is the same event: its name and `event_id`, within 48 hours. The subcode of
an old event is quoted in clients' code; the other sentences, and that a value without a hash is refused, are ours. Read
2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from vaiven_connectors.meta_ads._sim_audiences import Audiences
from vaiven_connectors.meta_ads._sim_base import serves
from vaiven_connectors.meta_ads._sim_words import Ask, Json, graph_error, invalid, parameter, trace_id
from vaiven_sdk.testing import Refusal

MOST = 1_000
_WEEK, _STORE, _SAME = 7 * 86400, 62 * 86400, 48 * 3600
_SOURCES = frozenset(
    "email website app phone_call chat physical_store system_generated business_messaging other".split()
)
_HASHED = frozenset("em ph ge db ln fn ct st zp country".split())
_PLAIN = frozenset(
    "external_id client_ip_address client_user_agent fbc fbp subscription_id fb_login_id lead_id anon_id madid page_id "
    "page_scoped_user_id ctwa_clid ig_account_id ig_sid".split()
)
_ALONE = frozenset({"client_ip_address", "client_user_agent"})
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Received:
    """An event that Meta has.

    Args:
        pixel: to which it was sent.
        at: epoch seconds at which it came.
        event: as it was sent.
        test: it was sent for trial.
    """

    pixel: str
    at: float
    event: Mapping[str, Any]
    test: bool = False


class Events(Audiences):
    """The pixels of an account."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pixels = self.node_table("pixel", "pixels", 16, indexes=["account_id"])
        self.received: list[Received] = []
        self.pixel_id = self.make_pixel("Shop pixel")

    def make_pixel(self, name: str, account: str | None = None) -> str:
        """A pixel of an account (the first one when left out); gives its id."""
        values: Json = {"account_id": account or self.account_id, "name": name, "_business": self.business}
        values |= {"creation_time": self.utc(), "is_consolidated_container": True, "is_unavailable": False}
        return str(self.pixels.add(values)["id"])

    def conversions(self, pixel: str | None = None) -> list[Json]:
        """The events that count: without those for trial, and each once however often it was sent."""
        kept: list[Received] = []
        seen: dict[tuple[str, str], float] = {}
        for one in self.received:
            if one.test or one.pixel != (pixel or self.pixel_id):
                continue
            key = (str(one.event["event_name"]), str(one.event.get("event_id") or ""))
            if key[1] and one.at - seen.get(key, float("-inf")) <= _SAME:
                continue
            seen[key] = one.at
            kept.append(one)
        return [dict(one.event) for one in kept]

    @serves("GET", "account", "adspixels")
    def list_pixels(self, ask: Ask, row: Json) -> Json:
        """Pixels of an account."""
        self.need_read(ask)
        return self.listing(ask, "pixel", self.pixels.select(account_id=row["account_id"]))

    @serves("GET", "pixel")
    def read_pixel(self, ask: Ask, row: Json) -> Json:
        """One pixel."""
        self.need_read(ask)
        return self.show(ask, "pixel", row, self.wanted(ask, "pixel"))

    @serves("POST", "pixel", "events")
    def send_events(self, ask: Ask, row: Json) -> Json:
        """Take all events, or none.

        Raises:
            Refusal: one of them is wrong, or there are too many.
        """
        if not ask.scopes & {"ads_management", "business_management"}:
            raise graph_error(200, "(#200) Requires ads_management permission to manage the object", status=403)
        events = [self._event(one) for one in ask.listed("data")]
        if not events:
            raise parameter("The parameter data is required", "data")
        if len(events) > MOST:
            raise parameter(f"Too many events in one request: at most {MOST}", "data")
        for number, event in enumerate(events):
            self._check(number, event)
        now, test = self.clock.now().timestamp(), bool(ask.text("test_event_code"))
        self.received += [Received(row["id"], now, event, test) for event in events]
        return {"events_received": len(events), "messages": [], "fbtrace_id": trace_id(self.random)}

    def _event(self, one: Any) -> Json:
        """An event; Meta's own clients send each as text in the list."""
        try:
            event = msgspec.json.decode(one) if isinstance(one, str) else one
        except msgspec.DecodeError:
            raise parameter("Param data must be an array of events", "data") from None
        if not isinstance(event, dict):
            raise parameter("Param data must be an array of events", "data")
        return event

    def _check(self, number: int, event: Json) -> None:
        for name in ("event_name", "event_time", "action_source", "user_data"):
            if event.get(name) in {None, ""} if not isinstance(event.get(name), dict) else False:
                raise _wrong("Missing Parameter", f"data[{number}]: {name} is required.")
        if event["action_source"] not in _SOURCES:
            raise _wrong(
                "Invalid Parameter", f"data[{number}]: action_source is not one of {', '.join(sorted(_SOURCES))}."
            )
        self._check_time(number, event)
        user = event["user_data"]
        if not isinstance(user, dict) or not set(user) & ((_HASHED | _PLAIN) - _ALONE):
            raise _wrong("Missing Customer Information", f"data[{number}]: user_data names nobody.")
        for name in sorted(_HASHED & set(user)):
            held = user[name] if isinstance(user[name], list) else [user[name]]
            if not all(_SHA256.fullmatch(str(value)) for value in held):
                raise _wrong("Invalid Hash", f"data[{number}]: user_data.{name} is no SHA-256 in lower case.")
        custom = event.get("custom_data") or {}
        if event["event_name"] == "Purchase" and not ("value" in custom and custom.get("currency")):
            raise _wrong("Missing Parameter", f"data[{number}]: a Purchase needs custom_data.value and currency.")

    def _check_time(self, number: int, event: Json) -> None:
        said = event["event_time"]
        if not isinstance(said, int | str) or not str(said).isdigit():
            raise _wrong("Invalid Parameter", f"data[{number}]: event_time must be a Unix timestamp in seconds.")
        age = self.epoch() - int(said)
        most = _STORE if event["action_source"] == "physical_store" else _WEEK
        if age > most:
            raise invalid(
                2804003,
                "Event Timestamp Too Old",
                "The timestamp for this event is too far in the past. Events need to be sent from your server within 7 "
                "days of when they occurred. Enter a timestamp that has occurred within the last 7 days.",
            )
        if age < -60:
            raise _wrong("Event Timestamp In The Future", f"data[{number}]: event_time has not come yet.")


def _wrong(title: str, sentence: str) -> Refusal:
    return graph_error(100, "Invalid parameter", title=title, user_msg=sentence)
