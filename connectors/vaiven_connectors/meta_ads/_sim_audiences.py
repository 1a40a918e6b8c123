"""Custom audiences from a customer's list: hashes go in, and only a size comes out.

developers.facebook.com/documentation/ads-commerce/marketing-api/audiences/guides/custom-audiences and
/reference/custom-audience/users: at most 10,000 rows at once; `schema`, `data` and sessions; everything but EXTERN_ID,
MADID, ages of value and page ids is the SHA-256 of its normalised form; changes take up to 24 hours; a flagged audience
refuses with 100/1713230, an owner who has not agreed with 200/1870034. How Meta rounds a size, and who matches, is not
published: the rules here are ours. Read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from vaiven_connectors.meta_ads._sim_base import computes, serves
from vaiven_connectors.meta_ads._sim_reports import Reports
from vaiven_connectors.meta_ads._sim_words import Ask, Json, graph_error, invalid, parameter
from vaiven_sdk.testing import Quirk, action

HASHED = frozenset("EMAIL PHONE GEN DOBY DOBM DOBD LN FN FI CT ST ZIP COUNTRY".split())
PLAIN = frozenset("EXTERN_ID MADID LOOKALIKE_VALUE PAGEUID UID DATA_PROCESSING_OPTIONS".split())
_SAME = {"EMAIL_SHA256": "EMAIL", "PHONE_SHA256": "PHONE", "MOBILE_ADVERTISER_ID": "MADID"}
_NAMING = ("EMAIL", "PHONE", "EXTERN_ID", "MADID", "UID", "PAGEUID")
"""Keys of which one alone tells who somebody is."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
MOST = 10_000
_SOURCES = ("USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED")

Row = frozenset[tuple[str, str]]
"""One person as an upload has it: keys and hashes."""


@dataclass
class Members:
    """Who is in an audience; only the simulator knows.

    Args:
        sizes: from which instant on which size is shown.
        waiting: rows of a replacement that is not complete.
    """

    sizes: list[tuple[float, int]] = field(default_factory=list)
    waiting: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Let everybody go."""
        self._held: dict[int, Row] = {}
        self._by_name: dict[tuple[str, str], int] = {}
        self._made = 0

    @property
    def rows(self) -> Collection[Row]:
        """One for each person."""
        return self._held.values()

    def add(self, row: Row) -> None:
        """Take somebody in, once."""
        whole = row.union(*self.remove(row))
        self._made += 1
        self._held[self._made] = whole
        self._by_name |= dict.fromkeys(_names(whole), self._made)

    def remove(self, row: Row) -> list[Row]:
        """Let go of whoever this names; gives what was known of them."""
        numbers = {self._by_name[one] for one in _names(row) if one in self._by_name}
        gone = [self._held.pop(number) for number in numbers]
        for held in gone:
            for one in _names(held):
                self._by_name.pop(one, None)
        return gone


def _names(row: Row) -> Row:
    return frozenset(one for one in row if one[0] in _NAMING) or row


class Audiences(Reports):
    """The audiences of an account."""

    audience_lag = Quirk(
        86_400.0, "seconds until a size shows a change ('usually take up to 24 hours', Custom Audiences)"
    )
    match_percent = Quirk(100, "of the people in a list that have an account at Meta; no figure is published")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.audiences = self.node_table("audience", "audiences", indexes=["account_id"])
        self.members: dict[str, Members] = {}
        self.sessions: dict[str, dict[str, Json]] = {}
        self.terms_accepted = True

    # ------------------------------------------------------------------------------------------------ the truth

    def audience_values(self, audience_id: str, key: str = "EMAIL") -> set[str]:
        """The values of one key in an audience, hashed as they were sent."""
        return {value for row in self.members[audience_id].rows for name, value in row if name == key}

    def audience_size(self, audience_id: str) -> int:
        """How many people an audience has, matched or not."""
        return len(self.members[audience_id].rows)

    @action
    def refuse_terms(self) -> None:
        """The owner has not agreed to the terms of custom audiences."""
        self.terms_accepted = False

    @action
    def flag_audience(self, audience_id: str) -> None:
        """Meta suspects that an audience tells what it must not."""
        self.audiences.change(audience_id, {"_flagged": True})

    # ------------------------------------------------------------------------------------------------- reading

    @serves("GET", "account", "customaudiences")
    def list_audiences(self, ask: Ask, row: Json) -> Json:
        """Audiences of an account."""
        self.need_read(ask)
        return self.listing(ask, "audience", self.audiences.select(down=True, account_id=row["account_id"]))

    @serves("GET", "audience")
    def read_audience(self, ask: Ask, row: Json) -> Json:
        """One audience."""
        self.need_read(ask)
        return self.show(ask, "audience", row, self.wanted(ask, "audience"))

    @serves("GET", "audience", "sessions")
    def list_sessions(self, ask: Ask, row: Json) -> Json:
        """Uploads and how they went."""
        self.need_read(ask)
        held = list(self.sessions.get(row["id"], {}).values())
        wanted = self.wanted(ask, "session")
        return self.paged(ask, held, len(wanted), lambda one: self.show(ask, "session", one, wanted))

    @computes("audience", "approximate_count_lower_bound", "approximate_count_upper_bound")
    def _size(self, kind: str, row: Json, name: str) -> int:
        return self.shown_size(row["id"], upper="upper" in name)

    def shown_size(self, audience_id: str, *, upper: bool = False) -> int:
        """The bound of a size that Meta shows; -1 while there is next to nobody."""
        now = self.clock.now().timestamp()
        size = next((size for at, size in reversed(self.members[audience_id].sizes) if at <= now), 0)
        if size < 20:
            return -1
        step = int("1" + "0" * max(len(str(size)) - 2, 1))
        return size // step * step + (step if upper else 0)

    @computes("audience", "operation_status", "delivery_status")
    def _condition(self, kind: str, row: Json, name: str) -> Json:
        if row.get("_flagged") and name == "operation_status":
            return {"code": 471, "description": "Your custom audience has been flagged."}
        if name == "operation_status":
            return {"code": 200, "description": "Normal"}
        small = self.shown_size(row["id"]) < 0
        told = "Audience size is too small." if small else "This audience is ready for use."
        return {"code": 300 if small else 200, "description": told}

    # ------------------------------------------------------------------------------------------------- writing

    @serves("POST", "account", "customaudiences")
    def create_audience(self, ask: Ask, row: Json) -> Json:
        """An empty audience for a customer's list.

        Raises:
            Refusal: the terms are not agreed to, or a parameter is missing.
        """
        self._agreed(ask, row)
        if not ask.text("name"):
            raise parameter("The parameter name is required", "name")
        subtype = ask.text("subtype", "CUSTOM")
        if subtype != "CUSTOM":
            raise parameter("Param subtype must be CUSTOM for a list of customers", "subtype")
        if ask.text("customer_file_source") not in _SOURCES:
            raise parameter(
                f"Param customer_file_source must be one of {{{', '.join(_SOURCES)}}}", "customer_file_source"
            )
        return {
            "id": self.make_audience(row, ask.text("name"), ask.text("description"), ask.text("customer_file_source"))
        }

    def make_audience(self, account: Json, name: str, description: str = "", source: str = _SOURCES[0]) -> str:
        """Add an audience; gives its id."""
        now = self.epoch()
        values = {"account_id": account["account_id"], "name": name, "description": description, "subtype": "CUSTOM"}
        values |= {"customer_file_source": source, "is_value_based": False, "retention_days": 0}
        values |= {"data_source": {"type": "FILE_IMPORTED", "sub_type": "ANYTHING"}}
        values |= dict.fromkeys(("time_created", "time_updated", "time_content_updated"), now)
        key = str(self.audiences.add(values)["id"])
        self.members[key] = Members()
        return key

    @serves("POST", "audience")
    def update_audience(self, ask: Ask, row: Json) -> Json:
        """Another name or description."""
        self._agreed(ask, self.owner(row))
        values: Json = {name: ask.text(name) for name in ("name", "description") if name in ask.given}
        self.audiences.change(row["id"], {**values, "time_updated": self.epoch()})
        return {"success": True}

    @serves("DELETE", "audience")
    def delete_audience(self, ask: Ask, row: Json) -> Json:
        """The audience is gone for good."""
        self.need_write(ask, self.owner(row))
        self.audiences.remove(row["id"])
        return {"success": True}

    @serves("POST", "audience", "users")
    def add_users(self, ask: Ask, row: Json) -> Json:
        """Take people in."""
        good, answer = self._upload(ask, row)
        for one in good:
            self.members[row["id"]].add(one)
        return self._changed(row["id"], answer)

    @serves("DELETE", "audience", "users")
    def remove_users(self, ask: Ask, row: Json) -> Json:
        """Let people go."""
        good, answer = self._upload(ask, row)
        for one in good:
            self.members[row["id"]].remove(one)
        return self._changed(row["id"], answer)

    @serves("POST", "audience", "usersreplace")
    def replace_users(self, ask: Ask, row: Json) -> Json:
        """Others in place of all who are in; they change once the session's last batch has come.

        Raises:
            Refusal: there is no session.
        """
        session = ask.mapping("session")
        if session is None:
            raise parameter("The parameter session is required", "session")
        good, answer = self._upload(ask, row)
        held = self.members[row["id"]]
        held.waiting.setdefault(answer["session_id"], []).extend(good)
        if session.get("last_batch_flag"):
            held.clear()
            for one in held.waiting.pop(answer["session_id"]):
                held.add(one)
        return self._changed(row["id"], answer)

    def _agreed(self, ask: Ask, account: Json) -> None:
        self.need_write(ask, account)
        if not self.terms_accepted:
            raise graph_error(
                200,
                "(#200) Permissions error",
                subcode=1870034,
                title="Custom Audience Terms Not Accepted",
                user_msg="To create or edit an audience, please agree to the Custom Audience terms at "
                f"https://business.facebook.com/ads/manage/customaudiences/tos/?act={account['account_id']}.",
                status=403,
            )

    def _upload(self, ask: Ask, row: Json) -> tuple[list[Row], Json]:
        """The good rows of a batch, and the answer that counts the bad ones."""
        self._agreed(ask, self.owner(row))
        if row.get("_flagged"):
            raise invalid(
                1713230,
                "Audience Upload Blocked",
                "Before updating user memberships, you must resolve integrity restrictions on this Data File Custom "
                "Audience. Go to Audience Manager to appeal the restrictions or create a new audience with updated "
                "data",
            )
        payload = ask.mapping("payload")
        if payload is None or "schema" not in payload or not isinstance(payload.get("data"), list):
            raise parameter("The parameter payload is required, with schema and data", "payload")
        said = payload["schema"]
        keys = [_SAME.get(str(one), str(one)) for one in (said if isinstance(said, list) else [said])]
        if strange := [key for key in keys if key not in HASHED | PLAIN]:
            raise parameter(f"Invalid schema: {strange[0]} is not supported", "payload")
        if len(payload["data"]) > MOST:
            raise parameter(f"Too many users in one request: at most {MOST}", "payload")
        good, bad = [], {}
        for number, one in enumerate(payload["data"]):
            found = _row(keys, one if isinstance(one, list) else [one])
            if found is None:
                bad[str(number)] = str(one)
            else:
                good.append(found)
        return good, self._session(ask, row["id"], len(payload["data"]), bad)

    def _session(self, ask: Ask, audience: str, received: int, bad: Mapping[str, str]) -> Json:
        given = ask.mapping("session") or {}
        key = str(given.get("session_id") or self.digits(15))
        now = str(self.epoch())
        start: Json = {"session_id": key, "start_time": now, "num_received": "0", "num_invalid_entries": "0"}
        held = self.sessions.setdefault(audience, {}).setdefault(key, start)
        held["num_received"] = str(int(held["num_received"]) + received)
        held["num_invalid_entries"] = str(int(held["num_invalid_entries"]) + len(bad))
        last = not given or bool(given.get("last_batch_flag"))
        held |= {"end_time": now, "progress": "100" if last else "50", "stage": "completed" if last else "uploading"}
        answer = {"audience_id": audience, "session_id": key, "num_received": received}
        return {**answer, "num_invalid_entries": len(bad), "invalid_entry_samples": dict(list(bad.items())[:5])}

    def _changed(self, audience: str, answer: Json) -> Json:
        held = self.members[audience]
        matched = sum(1 for row in held.rows if _matches(row, self.match_percent))
        held.sizes.append((self.clock.now().timestamp() + self.audience_lag, matched))
        self.audiences.change(audience, {"time_content_updated": self.epoch()})
        return answer


def _row(keys: list[str], values: list[Any]) -> Row | None:
    """One person of an upload; None when nothing of it can be used."""
    if len(values) != len(keys):
        return None
    found = set()
    for key, value in zip(keys, values, strict=True):
        if key in {"LOOKALIKE_VALUE", "DATA_PROCESSING_OPTIONS"} or value in {None, ""}:
            continue
        if key in HASHED and not _SHA256.fullmatch(str(value)):
            return None
        found.add((key, str(value)))
    return frozenset(found) or None


def _matches(row: Row, percent: int) -> bool:
    return int(min(value for _, value in row)[:6].encode().hex(), 16) % 100 < percent
