"""Conversions that are uploaded.

Facts: developers.google.com/google-ads/api/docs/conversions/upload-offline (they count for the day of the click, and
may take time to appear), the sentences of ConversionUploadErrorEnum of v26, and the comment of `partial_failure`
("should always be set to true"). Since 2026-06-15 the API takes no new adopters of `uploadClickConversions`: they get
CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE and are sent to the Data Manager API (blog of 2026-05-15). Read 2026-11-25.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vaiven_connectors.google_ads._sim_account import Account, Row
from vaiven_connectors.google_ads._sim_body import Body, take
from vaiven_connectors.google_ads._sim_facts import Key, Uploaded
from vaiven_connectors.google_ads._sim_hashes import digests_of, sha256_form
from vaiven_connectors.google_ads._sim_mutate import Mutating
from vaiven_connectors.google_ads._sim_seed import Seeded
from vaiven_connectors.google_ads._sim_words import Json, Where, detail, refuse
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Quirk, action
from vaiven_sdk.testing.ids import LETTERS

_MOST = 2000
IDENTIFIER: Body = {
    "userIdentifierSource": str,
    "hashedEmail": str,
    "hashedPhoneNumber": str,
    "mobileId": str,
    "thirdPartyUserId": str,
    "addressInfo": Any,
}
_CONVERSION: Body = {
    **dict.fromkeys(("gclid", "gbraid", "wbraid", "conversionAction", "conversionDateTime", "currencyCode"), str),
    **dict.fromkeys(("orderId", "conversionEnvironment", "customerType", "userIpAddress"), str),
    "conversionValue": float,
    "userIdentifiers": [IDENTIFIER],
    **dict.fromkeys(("externalAttributionData", "customVariables", "cartData", "consent"), Any),
    **dict.fromkeys(("sessionAttributesEncoded", "sessionAttributesKeyValuePairs"), Any),
}
FLAGS: Body = {"customerId": str, "partialFailure": bool, "validateOnly": bool, "jobId": int}
_UPLOAD: Body = {**FLAGS, "conversions": [_CONVERSION]}
WHEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d")
_GCLID = re.compile(r"[A-Za-z0-9_-]{20,}")
_ECHO = ("gclid", "gbraid", "wbraid", "conversionAction", "conversionDateTime", "userIdentifiers")
Wrong = tuple[str, str, str, str]
"""Category, code, sentence, field."""


@dataclass(frozen=True, slots=True)
class Click:
    """A click on an ad, as Google knows it."""

    gclid: str
    at: datetime
    key: Key


@dataclass(slots=True)
class Held:
    """An uploaded conversion as Google holds it.

    Args:
        click: the one it counts for; None where nobody matched.
        action: id of the conversion action.
        at: when it happened.
        order: order id.
        shown: as it counts; None where it does not.
        retracted: it was taken back.
    """

    click: Click | None
    action: str
    at: datetime
    order: str
    shown: Uploaded | None
    retracted: bool = False


class Uploading(Seeded, Mutating):
    """Conversions from outside."""

    upload_seconds = Quirk(
        10_800.0, "until an uploaded conversion shows in reports; how long it 'may take' is not said"
    )
    action_wait = Quirk(
        21_600.0, "seconds after the API made a conversion action: TOO_RECENT_CONVERSION_ACTION (six hours)"
    )
    click_wait = Quirk(21_600.0, "seconds after a click in which TOO_RECENT_EVENT is answered (six hours)")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.clicks: dict[str, Click] = {}
        self.leads: dict[str, str] = {}
        self.uploaded: dict[str, list[Held]] = {}
        self.rates: dict[tuple[str, str], float] = {}

    @action
    def make_click(
        self, ad: str, *, at: str = "", customer: str = "", email: str = "", phone: str = "", gclid: str = ""
    ) -> str:
        """Somebody clicks an ad (and leaves an address on the site); gives the gclid.

        Args:
            ad: `<ad group>~<ad>`.
            at: instant in ISO 8601; a day ago when left out.
            customer: whose ad; the first client's when left out.
            email: what the person leaves, for enhanced conversions for leads.
            phone: the same, in E.164.
            gclid: to be used; made up when left out.
        """
        account = self.account(customer)
        made = gclid or f"Cj0KCQiA{''.join(self.random.choices(LETTERS, k=70))}_wcB"
        when = datetime.fromisoformat(at) if at else self.clock.now() - timedelta(days=1)
        self.clicks[made] = Click(made, when, self.key_of(account, ad=ad))
        for address in (email, phone):
            if address:
                self.leads |= dict.fromkeys(digests_of(address), made)
        return made

    def conversions_of(self, customer: str = "") -> list[Held]:
        """What was uploaded to an account, in order."""
        return self.uploaded.setdefault(self.account(customer).id, [])

    @sim.post("/{version}/customers/{customer_id}:uploadClickConversions")
    def upload_conversions(self, call: Call) -> Json:
        """Conversions of clicks, or of people who left an address."""
        body = take(call, _UPLOAD)
        items = body.get("conversions", [])
        self.admissible(body, items, "conversions", ("conversionUploadError", "TOO_MANY_CONVERSIONS_IN_REQUEST"))
        account = self.account(call.slots["customer_id"])
        held = self.conversions_of(account.id)
        doubled = _doubled(items)
        errors: list[Json] = []
        results: list[Json] = []
        made: list[Held] = []
        for n, item in enumerate(items):
            wrong = next(iter([*self._wrong(account, item), *_twice(item, doubled, held)]), None)
            if wrong is not None:
                errors.append(error_at(wrong, [("conversions", n)]))
                results.append({})
                continue
            made.append(self._held(account, item, [*held, *made]))
            results.append({name: item[name] for name in _ECHO if name in item})
        if not body.get("validateOnly"):
            held += made
            account.facts.uploads += [one.shown for one in made if one.shown is not None]
        return self.said(body, errors, results)

    def admissible(self, body: Json, items: list[Any], name: str, too_many: tuple[str, str]) -> None:
        """What holds for a whole request.

        Raises:
            Refusal: it is not taken.
        """
        if not self.uploads_allowed and name == "conversions":
            raise refuse(
                "notAllowlistedError",
                "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE",
                "Customer is not allowlisted for accessing this feature.",
            )
        if not body.get("partialFailure"):
            message = "The partial failure field must be true."
            raise refuse(
                "partialFailureError", "PARTIAL_FAILURE_MODE_REQUIRED", message, at=[("partial_failure", None)]
            )
        if not items:
            raise refuse("requestError", "REQUIRED_FIELD_MISSING", "Required field is missing", at=[(name, None)])
        if len(items) > _MOST:
            raise refuse(*too_many, f"Upload fewer than {_MOST + 1} events in a single request.")

    def said(self, body: Json, errors: list[Json], results: list[Json]) -> Json:
        """The answer to an upload."""
        found: Json = {"jobId": str(body.get("jobId") or self.random.randrange(2**31, 2**63))}
        if errors:
            found["partialFailureError"] = self.status(errors)
        if not body.get("validateOnly"):
            found["results"] = results
        return found

    # ------------------------------------------------------------------------------------------------------ checks

    def _wrong(self, account: Account, item: Mapping[str, Any]) -> Iterator[Wrong]:
        """What is wrong with one conversion, the most general first."""
        category = "conversionUploadError"
        row = self._action(account, item)
        if not item.get("conversionAction"):
            yield "fieldError", "REQUIRED", "The required field was not present.", "conversion_action"
        elif row is None:
            message = "The conversion action specified in the upload request cannot be found."
            yield category, "NO_CONVERSION_ACTION_FOUND", message, "conversion_action"
        elif row["type"] != "UPLOAD_CLICKS":
            message = "The conversion action specified in the upload request isn't set up for uploading conversions."
            yield category, "INVALID_CONVERSION_ACTION_TYPE", message, "conversion_action"
        elif self._just_made(account, str(row["id"])):
            message = (
                "Can't import events to a conversion action that was just created. Try importing again in 6 hours."
            )
            yield category, "TOO_RECENT_CONVERSION_ACTION", message, "conversion_action"
        if not WHEN.fullmatch(str(item.get("conversionDateTime", ""))):
            message = "The string date time's format should be yyyy-mm-dd hh:mm:ss+|-hh:mm."
            code = "INVALID_STRING_DATE_TIME_SECONDS_WITH_OFFSET"
            yield "dateError", code, message, "conversion_date_time"
            return
        if item.get("gbraid") and item.get("wbraid"):
            yield category, "GBRAID_WBRAID_BOTH_SET", "Can't use both gbraid and wbraid parameters.", "gbraid"
        for one in item.get("userIdentifiers", []):
            digest = one.get("hashedEmail") or one.get("hashedPhoneNumber")
            if digest is None:
                message = "The provided user identifiers are not supported. Use only hashed email or phone number."
                yield category, "UNSUPPORTED_USER_IDENTIFIER", message, "user_identifiers"
            elif not sha256_form(digest):
                message = (
                    "Make sure you hash user provided data using SHA-256 and ensure you are normalizing according to"
                )
                message += " the guidelines."
                yield category, "INVALID_USER_IDENTIFIER", message, "user_identifiers"
        if not any(item.get(name) for name in ("gclid", "gbraid", "wbraid", "userIdentifiers")):
            yield "fieldError", "REQUIRED", "The required field was not present.", "gclid"
        elif item.get("gclid") and row is not None:
            yield from self._wrong_click(account, item, row)

    def _wrong_click(self, account: Account, item: Mapping[str, Any], row: Row) -> Iterator[Wrong]:
        gclid, category = str(item["gclid"]), "conversionUploadError"
        click = self.clicks.get(gclid)
        at = datetime.fromisoformat(item["conversionDateTime"])
        if not _GCLID.fullmatch(gclid):
            yield category, "UNPARSEABLE_GCLID", "The imported gclid could not be decoded.", "gclid"
        elif click is None or click.key[0] not in account.rows["campaign"]:
            message = "The imported event could not be attributed to a click."
            yield category, "EVENT_NOT_FOUND", message, "gclid"
        elif at < click.at:
            message = "The imported event has a ``conversion_date_time`` that precedes the click."
            yield category, "CONVERSION_PRECEDES_EVENT", message, "conversion_date_time"
        elif at > click.at + timedelta(days=int(row["click_through_lookback_window_days"])):
            message = "The imported event can't be recorded because its click occurred before this conversion's window."
            yield category, "EXPIRED_EVENT", message, "gclid"
        elif self.clock.now() < click.at + timedelta(seconds=self.click_wait):
            message = "The click associated with the given identifier occurred less than 6 hours ago."
            yield category, "TOO_RECENT_EVENT", message, "gclid"

    def _just_made(self, account: Account, key: str) -> bool:
        made = account.by_api.get(("conversion_action", key))
        return made is not None and self.clock.now() < made + timedelta(seconds=self.action_wait)

    def _action(self, account: Account, item: Mapping[str, Any]) -> Row | None:
        key = account.key_of("conversion_action", item.get("conversionAction"))
        row = account.rows["conversion_action"].get(key or "")
        return row if row is None or row["status"] == "ENABLED" else None

    # -------------------------------------------------------------------------------------------------------- keep

    def _held(self, account: Account, item: Mapping[str, Any], before: list[Held]) -> Held:
        row = self._action(account, item) or {}
        click = self.clicks.get(item.get("gclid", "")) or self._matched(item)
        at = datetime.fromisoformat(item["conversionDateTime"])
        key = str(row["id"])
        earlier = [one for one in before if one.click == click and one.action == key]
        counts = click is not None and not (row["counting_type"] == "ONE_PER_CLICK" and earlier)
        shown = self._counted(account, row, item, click) if counts and click else None
        return Held(click, key, at, item.get("orderId", ""), shown)

    def _matched(self, item: Mapping[str, Any]) -> Click | None:
        """The click of a person; nobody is told whether there is one."""
        for one in item.get("userIdentifiers", []):
            gclid = self.leads.get(one.get("hashedEmail") or one.get("hashedPhoneNumber") or "")
            if gclid:
                return self.clicks[gclid]
        return None

    def _counted(self, account: Account, row: Row, item: Mapping[str, Any], click: Click) -> Uploaded:
        value = item.get("conversionValue")
        if value is None or row["value_settings.always_use_default_value"]:
            value = row["value_settings.default_value"]
        rate = self._rate(str(item.get("currencyCode") or account.currency), account.currency)
        seen = self.clock.now() + timedelta(seconds=self.upload_seconds)
        return Uploaded(account.local(click.at).date(), click.key, str(row["id"]), 1.0, round(value * rate, 6), seen)

    def _rate(self, given: str, own: str) -> float:
        return 1.0 if given == own else self.rates.get((given, own), 1.0)


def _mark(item: Mapping[str, Any]) -> tuple[str, ...] | None:
    at = str(item.get("conversionDateTime", ""))
    if not item.get("gclid") or not WHEN.fullmatch(at):
        return None
    instant = f"{datetime.fromisoformat(at).timestamp():.0f}"
    return str(item["gclid"]), str(item.get("conversionAction")), instant


def _doubled(items: list[Any]) -> set[Any]:
    """Order ids, and clicks with their time, that stand in a request more than once."""
    orders = Counter((item.get("conversionAction"), item["orderId"]) for item in items if item.get("orderId"))
    marks = Counter(mark for item in items if (mark := _mark(item)))
    return {one for one, times in [*orders.items(), *marks.items()] if times > 1}


def _twice(item: Mapping[str, Any], doubled: set[Any], held: list[Held]) -> Iterator[Wrong]:
    category, order = "conversionUploadError", item.get("orderId")
    action_key = str(item.get("conversionAction", "")).rpartition("/")[2]
    if order and (item.get("conversionAction"), order) in doubled:
        message = "Imported events include multiple conversions with the same order ID and were not processed."
        yield category, "DUPLICATE_ORDER_ID", message, "order_id"
    if order and any(one.order == order and one.action == action_key for one in held):
        message = "The imported event includes an order ID that was previously recorded, so it was not processed."
        yield category, "ORDER_ID_ALREADY_IN_USE", message, "order_id"
    mark = _mark(item)
    if mark in doubled:
        message = "Multiple events have the same click and ``conversion_date_time``."
        yield category, "DUPLICATE_CLICK_CONVERSION_IN_REQUEST", message, "conversion_date_time"
    if mark and any(
        one.click is not None
        and (one.click.gclid, one.action, f"{one.at.timestamp():.0f}") == (mark[0], action_key, mark[2])
        for one in held
    ):
        message = "The imported event has the same click and ``conversion_date_time`` as an existing conversion."
        yield category, "CLICK_CONVERSION_ALREADY_EXISTS", message, "conversion_date_time"


def error_at(wrong: Wrong, path: Where) -> Json:
    """What is wrong, at its place in the request."""
    category, code, message, name = wrong
    return detail(category, code, message, at=[*path, (name, None)])
