"""Profiles: identifiers, free properties, create, patch, create-or-update, merge.

Documentation of the methods in klaviyo-api 25.0.0; 409 with `duplicate_profile_id`: klaviyo/klaviyo-api-node#75;
bad phone numbers beside a good identifier: community.klaviyo.com thread 18034; conflicts of a create-or-update:
klaviyo/klaviyo-api-php#63. Read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from vaiven_connectors.klaviyo import _sim_consent_state as consent
from vaiven_connectors.klaviyo._sim_base import Base, Include, stamp
from vaiven_connectors.klaviyo._sim_kinds import PROFILE, PROFILE_FIELDS, TALKING, Kind
from vaiven_connectors.klaviyo._sim_query import RANGE, SINGLE, Allowed, Term, parse_filter
from vaiven_connectors.klaviyo._sim_words import Json, duplicate, invalid
from vaiven_sdk.testing import Call, Quirk, Refusal, Reply, get, ids, patch, post

IDENTIFIERS = ("external_id", "email", "phone_number")
LOCATION = tuple("address1 address2 city country latitude longitude region zip timezone ip".split())
WRITABLE = frozenset((*PROFILE_FIELDS, "location", "properties", "_kx", "anonymous_id"))
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s.,]+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_SUPPRESSED = "subscriptions.email.marketing.suppression"
_ON_LIST = "subscriptions.email.marketing.list_suppressions"
_FILTERS: Allowed = {
    **dict.fromkeys(("id", *IDENTIFIERS), SINGLE),
    "_kx": "equals",
    "created": "greater-than less-than",
    "updated": "greater-than less-than",
    f"{_SUPPRESSED}.reason": "equals",
    f"{_SUPPRESSED}.timestamp": RANGE,
    f"{_ON_LIST}.reason": "equals",
    f"{_ON_LIST}.timestamp": RANGE,
    f"{_ON_LIST}.list_id": "equals",
}
_SORTS = f"id created updated email {_SUPPRESSED}.timestamp {_ON_LIST}.timestamp"


class Profiles(Base):
    """People, by e-mail address, phone number and the id of another system."""

    partial_phone = Quirk(
        default=True, meaning="leave a bad phone number out, and say so in a header, where another identifier is good"
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.last_events: dict[str, str] = {}
        self.profiles = self.table(
            "profiles",
            ids=ids.ulid(),
            created="created",
            updated="updated",
            stamp=stamp,
            unique=IDENTIFIERS,
            orders=["id", "email"],
            indexes=["id"],
            defaults={**dict.fromkeys(PROFILE_FIELDS), "location": {}, "properties": {}},
            lag=lambda: self.list_lag,
        )

    # -------------------------------------------------------------------------------------------- reading

    def show_profile(self, call: Call, row: Mapping[str, Any], kind: Kind = PROFILE) -> Json:
        """A profile; subscriptions and predictions only for who asks for them."""
        more = call.many("additional-fields[profile]")
        full = dict(row)
        if "subscriptions" in more:
            full["subscriptions"] = consent.shown(full)
        if "predictive_analytics" in more:
            full["predictive_analytics"] = {**_NO_PREDICTION, **row.get("_predictions", {})}
        full |= self.told(row)
        linked: dict[str, list[str]] = {}
        asked = call.many("include")
        for name in ("lists", "segments"):
            if name in asked:
                linked[name] = self.groups_of(str(row["id"]), name)
        if "push-tokens" in asked:
            linked["push-tokens"] = []
        return self.resource(call, kind, full, linked)

    def told(self, row: Mapping[str, Any]) -> Json:
        """What an answer has beside the row: every part of the place, and the last event, which edits no profile."""
        place = {**dict.fromkeys(LOCATION), **row["location"]}
        return {"location": place, "last_event_date": self.last_events.get(str(row["id"]))}

    def groups_of(self, profile: str, name: str) -> list[str]:
        """Ids of the lists or segments that a profile is in."""
        raise NotImplementedError

    def group_rows(self, profile: str, name: str) -> list[tuple[Kind, Json]]:
        """The lists or segments themselves."""
        raise NotImplementedError

    @get("/api/profiles", scope="profiles:read")
    def list_profiles(self, call: Call) -> Json:
        """All profiles."""
        terms = parse_filter(call.one("filter"), _FILTERS)
        plain = [term for term in terms if not term.field.startswith("subscriptions.")]
        rest = [term for term in terms if term.field.startswith("subscriptions.")]
        suppressed = bool(rest) or (call.one("sort") or "").count(".") > 0
        only = self._known(plain)
        plain, chosen = (plain, None) if suppressed else self._chosen(plain)
        rows = self.listed(
            call,
            self.profiles,
            allowed=_FILTERS,
            sorts=_SORTS,
            default="created",
            terms=[term for term in plain if term.field != "_kx"],
            keep=chosen or ((lambda row: _suppressed(row, rest)) if suppressed else None),
            **only,
        )
        nothing: Include = lambda _: []  # noqa: E731 - the simulator has no devices and no conversations
        includes = {"push-tokens": nothing, "conversations": nothing}
        return self.page(call, rows, lambda row: self.show_profile(call, row, TALKING), includes=includes)

    def _known(self, terms: list[Term]) -> dict[str, Any]:
        """An exact identifier finds its profile without a look at the others."""
        for term in terms:
            if term.op == "equals" and term.field in IDENTIFIERS and isinstance(term.value, str):
                found = self.profiles.by(term.field, term.value)
                return {"id": "" if found is None else found["id"]}
        return {}

    def _chosen(self, terms: list[Term]) -> tuple[list[Term], Callable[[Any], bool] | None]:
        """A list of exact identifiers finds its profiles by the index; gives the terms that are left, and a test."""
        (only,) = terms if len(terms) == 1 else (None,)
        plain = only is not None and isinstance(only.value, list) and all(isinstance(one, str) for one in only.value)
        if only is None or not plain or only.op != "any" or only.field not in {"id", *IDENTIFIERS}:
            return terms, None
        find = self.profiles.find if only.field == "id" else partial(self.profiles.by, only.field)
        mine = {row["id"] for one in only.value if (row := find(one)) is not None}
        return [], lambda row: row["id"] in mine

    @get("/api/profiles/{id}", scope="profiles:read")
    def get_profile(self, call: Call) -> Json:
        """One profile."""
        row = self.row(self.profiles, PROFILE, call.slots["id"])
        includes: dict[str, Include] = {
            "lists": lambda one: self.group_rows(one["id"], "lists"),
            "segments": lambda one: self.group_rows(one["id"], "segments"),
            "push-tokens": lambda _: [],
            "conversations": lambda _: [],
        }
        return self.document(call, self.show_profile(call, row, TALKING), [row], includes)

    # -------------------------------------------------------------------------------------------- writing

    def checked(
        self, attributes: Json, pointer: str = "/data/attributes", *, lenient: bool = False
    ) -> tuple[Json, str]:
        """The attributes of a profile as they are kept; and the name of one that was left out.

        Raises:
            Refusal: 400.
        """
        values = {name: value for name, value in attributes.items() if name in WRITABLE}
        for name in PROFILE_FIELDS:
            if values.get(name) is not None and not isinstance(values[name], str):
                raise invalid(f"'{name}' must be a string.", pointer=f"{pointer}/{name}")
            if values.get(name) == "" and name in IDENTIFIERS:
                values[name] = None
        for name in ("location", "properties"):
            if values.get(name) is not None and not isinstance(values[name], dict):
                raise invalid(f"'{name}' must be an object.", pointer=f"{pointer}/{name}")
        if values.get("email") is not None and not _EMAIL.fullmatch(values["email"]):
            raise invalid("The email address is not valid.", pointer=f"{pointer}/email")
        phone = values.get("phone_number")
        if phone is not None and not _PHONE.fullmatch(phone):
            if lenient and self.partial_phone and (values.get("email") or values.get("external_id")):
                del values["phone_number"]
                return values, "phone_number"
            raise invalid("The phone number is not in E.164 format.", pointer=f"{pointer}/phone_number")
        return values, ""

    def match(self, values: Json, key: str | None = None) -> Json | None:
        """The one profile that the identifiers mean.

        Raises:
            Refusal: 404 for an unknown id; 409 when the identifiers belong to several.
        """
        found = None if key is None else self.row(self.profiles, PROFILE, key)
        for name in IDENTIFIERS:
            held = self.profiles.by(name, values.get(name)) if values.get(name) else None
            if held is not None and found is not None and held["id"] != found["id"]:
                raise duplicate(held["id"])
            found = found or held
        return found

    def make_profile(self, values: Json) -> Json:
        """A new profile.

        Raises:
            Refusal: 400 without an identifier, 409 when one is taken.
        """
        if not any(values.get(name) for name in (*IDENTIFIERS, "anonymous_id", "_kx")):
            raise invalid("One or more of email, phone_number or external_id must be provided.")
        kept = {name: value for name, value in values.items() if name not in {"_kx", "anonymous_id"}}
        kept["location"] = _set(kept.get("location"))
        kept["properties"] = dict(kept.get("properties") or {})
        try:
            return self.profiles.add({**kept, "_subscriptions": consent.fresh()})
        except Refusal as refusal:
            raise duplicate(str(refusal.about["id"])) from None

    def change_profile(self, key: str, values: Json, meta: Json | None = None) -> Json:
        """Change a profile: null clears, what is not named stays; properties and location go key by key.

        Raises:
            Refusal: 409.
        """
        row = self.profiles.get(key)
        new = {name: value for name, value in values.items() if name in PROFILE_FIELDS}
        new["location"] = _set({**row["location"], **(values.get("location") or {})})
        new["properties"] = _patched({**row["properties"], **(values.get("properties") or {})}, meta or {})
        if all(row[name] == value for name, value in new.items()):
            return row
        try:
            return self.profiles.change(key, new)
        except Refusal as refusal:
            raise duplicate(str(refusal.about["id"])) from None

    @post("/api/profiles", scope="profiles:write")
    def create_profile(self, call: Call) -> Reply:
        """A new profile, or 409 with the id of the one that is there."""
        data = self.body(call, "profile", known=WRITABLE)
        values, left_out = self.checked(data["attributes"], lenient=True)
        row = self.make_profile(values)
        headers = {"X_Klaviyo_Partial_Failure": left_out} if left_out else {}
        return self.reply(self._answered(call, row), 201, **headers)

    @patch("/api/profiles/{id}", scope="profiles:write")
    def update_profile(self, call: Call) -> Json:
        """Change what is named."""
        row = self.row(self.profiles, PROFILE, call.slots["id"])
        data = self.body(call, "profile", known=WRITABLE, key=row["id"])
        values, _ = self.checked(data["attributes"])
        return self._answered(call, self.change_profile(row["id"], values, data.get("meta")))

    @post("/api/profile-import", scope="profiles:write")
    def create_or_update_profile(self, call: Call) -> Reply:
        """201 for a new profile, 200 for a known one."""
        data = self.body(call, "profile", known=WRITABLE)
        row, made = self.upsert(data)
        return self.reply(self._answered(call, row), 201 if made else 200)

    def upsert(self, data: Json, pointer: str = "/data/attributes") -> tuple[Json, bool]:
        """Create or update one profile; says whether it is new.

        Raises:
            Refusal: 400, 404, 409.
        """
        values, _ = self.checked(data.get("attributes") or {}, pointer)
        held = self.match(values, data.get("id"))
        if held is None:
            row = self.make_profile(values)
            meta = data.get("meta") or {}
            return (self.change_profile(row["id"], {}, meta) if meta else row), True
        return self.change_profile(held["id"], values, data.get("meta")), False

    @post("/api/profile-merge", scope="profiles:write")
    def merge_profiles(self, call: Call) -> Reply:
        """Put one profile into another; the first is deleted."""
        data = self.body(call, "profile-merge")
        into = self.row(self.profiles, PROFILE, str(data.get("id")))
        sources = ((data.get("relationships") or {}).get("profiles") or {}).get("data") or []
        if len(sources) != 1:
            raise invalid("Exactly one source profile must be provided.", pointer="/data/relationships/profiles/data")
        source = self.row(self.profiles, PROFILE, str(sources[0].get("id")))
        self.merge(into["id"], source["id"])
        answer = {"type": "profile", "id": into["id"], "links": {"self": f"{call.origin}/api/profiles/{into['id']}"}}
        return self.reply({"data": answer, "links": {"self": call.address()}}, 201)

    def merge(self, into: str, source: str) -> None:
        """Values of the source fill what the other lacks."""
        kept, lost = self.profiles.get(into), self.profiles.get(source)
        self.profiles.remove(source)
        values = {name: lost[name] for name in PROFILE_FIELDS if kept[name] is None and lost[name] is not None}
        values |= {name: {**lost[name], **kept[name]} for name in ("location", "properties")}
        self.profiles.change(into, values)

    def _answered(self, call: Call, row: Json) -> Json:
        return {"data": self.show_profile(call, row), "links": {"self": call.address()}}


def _suppressed(row: Json, terms: list[Term]) -> bool:
    found = consent.flat(row)
    return all(term.holds(found[term.field]) for term in terms)


def _set(location: Json | None) -> Json:
    return {name: value for name, value in (location or {}).items() if name in LOCATION and value is not None}


def _patched(properties: Json, meta: Json) -> Json:
    """Apply `patch_properties`: append to a list, take out of it, unset a key."""
    found = dict(properties)
    operations = meta.get("patch_properties") or {}
    for name, value in (operations.get("append") or {}).items():
        held = found.get(name)
        before = held if isinstance(held, list) else [] if held is None else [held]
        found[name] = [*before, *(value if isinstance(value, list) else [value])]
    for name, value in (operations.get("unappend") or {}).items():
        out = value if isinstance(value, list) else [value]
        found[name] = [one for one in found.get(name) or [] if one not in out]
    unset = operations.get("unset") or []
    for name in [unset] if isinstance(unset, str) else unset:
        found.pop(name, None)
    return found


_NO_PREDICTION: Json = {
    "historic_clv": None,
    "predicted_clv": None,
    "total_clv": None,
    "historic_number_of_orders": None,
    "predicted_number_of_orders": None,
    "average_days_between_orders": None,
    "average_order_value": None,
    "churn_probability": None,
    "expected_date_of_next_order": None,
    "ranked_channel_affinity": [],
}
