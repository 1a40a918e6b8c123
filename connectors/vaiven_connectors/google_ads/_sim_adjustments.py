"""Adjustments of conversions that were uploaded.

Facts: developers.google.com/google-ads/api/docs/conversions/upload-adjustments, and the sentences of
ConversionAdjustmentUploadErrorEnum of v26. Enhancements are not held. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from vaiven_connectors.google_ads._sim_account import Account
from vaiven_connectors.google_ads._sim_body import Body, take
from vaiven_connectors.google_ads._sim_uploads import FLAGS, IDENTIFIER, WHEN, Held, Uploading, Wrong, error_at
from vaiven_connectors.google_ads._sim_words import Json
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Quirk

_ADJUSTMENT: Body = {
    "gclidDateTimePair": {"gclid": str, "conversionDateTime": str},
    **dict.fromkeys(("orderId", "conversionAction", "adjustmentDateTime", "adjustmentType", "userAgent"), str),
    "restatementValue": {"adjustedValue": float, "currencyCode": str},
    "userIdentifiers": [IDENTIFIER],
}
_ADJUST: Body = {**FLAGS, "conversionAdjustments": [_ADJUSTMENT]}


class Adjusting(Uploading):
    """Retractions and restatements."""

    adjust_wait = Quirk(86_400.0, "seconds after a conversion in which it cannot be adjusted (24 hours)")

    @sim.post("/{version}/customers/{customer_id}:uploadConversionAdjustments")
    def upload_adjustments(self, call: Call) -> Json:
        """Retractions and restatements of conversions that were uploaded."""
        body = take(call, _ADJUST)
        items = body.get("conversionAdjustments", [])
        too_many = ("conversionAdjustmentUploadError", "TOO_MANY_ADJUSTMENTS_IN_REQUEST")
        self.admissible(body, items, "conversion_adjustments", too_many)
        account = self.account(call.slots["customer_id"])
        errors: list[Json] = []
        results: list[Json] = []
        for n, item in enumerate(items):
            held, wrong = self._adjusted(account, item)
            if wrong is not None or held is None:
                errors += [error_at(wrong, [("conversion_adjustments", n)])] if wrong else []
                results.append({})
                continue
            if not body.get("validateOnly"):
                self._adjust(account, held, item)
            names = ("gclidDateTimePair", "orderId", "conversionAction", "adjustmentDateTime", "adjustmentType")
            results.append({name: item[name] for name in names if name in item})
        return self.said(body, errors, results)

    def _adjusted(self, account: Account, item: Mapping[str, Any]) -> tuple[Held | None, Wrong | None]:
        """The conversion that is meant, or what is wrong."""
        category = "conversionAdjustmentUploadError"
        pair, order = item.get("gclidDateTimePair"), item.get("orderId")
        if item.get("adjustmentType") not in {"RETRACTION", "RESTATEMENT"}:
            return None, (
                "enumError",
                "ENUM_VALUE_NOT_PERMITTED",
                "The enum value is not permitted.",
                "adjustment_type",
            )
        if pair and order:
            message = "Cannot set both gclid_date_time_pair and order_id. Use only 1 type and try again."
            return None, (category, "GCLID_DATE_TIME_PAIR_AND_ORDER_ID_BOTH_SET", message, "order_id")
        at = str(item.get("adjustmentDateTime", ""))
        if not WHEN.fullmatch(at):
            message = "The string date time's format should be yyyy-mm-dd hh:mm:ss+|-hh:mm."
            code = "INVALID_STRING_DATE_TIME_SECONDS_WITH_OFFSET"
            return None, ("dateError", code, message, "adjustment_date_time")
        key = account.key_of("conversion_action", item.get("conversionAction"))
        found = next((one for one in self.conversions_of(account.id) if one.action == key and _same(one, item)), None)
        if found is None:
            message = "The conversion for this conversion action and conversion identifier can't be found."
            return None, (category, "CONVERSION_NOT_FOUND", message, "order_id")
        if found.retracted:
            return None, (category, "CONVERSION_ALREADY_RETRACTED", "The conversion was already retracted.", "order_id")
        if datetime.fromisoformat(at) < found.at:
            message = "Adjustment has an ``adjustment_date_time`` that occurred before the associated conversion."
            return None, (category, "ADJUSTMENT_PRECEDES_CONVERSION", message, "adjustment_date_time")
        if self.clock.now() < found.at + timedelta(seconds=self.adjust_wait):
            message = "Adjustment can't be recorded because the conversion occurred too recently."
            return None, (category, "TOO_RECENT_CONVERSION", message, "adjustment_date_time")
        return found, None

    def _adjust(self, account: Account, held: Held, item: Mapping[str, Any]) -> None:
        now = self.clock.now()
        held.retracted = item["adjustmentType"] == "RETRACTION"
        if held.shown is None:
            return
        uploads = account.facts.uploads
        uploads[uploads.index(held.shown)] = replace(held.shown, seen_until=now)
        if held.retracted:
            return
        value = float(item.get("restatementValue", {}).get("adjustedValue", 0.0))
        held.shown = replace(held.shown, value=value, seen_from=max(now, held.shown.seen_from))
        uploads.append(held.shown)


def _same(held: Held, item: Mapping[str, Any]) -> bool:
    pair = item.get("gclidDateTimePair")
    if not pair:
        return bool(held.order) and held.order == item.get("orderId")
    if held.click is None or held.click.gclid != pair.get("gclid"):
        return False
    text = str(pair.get("conversionDateTime", ""))
    return bool(WHEN.fullmatch(text)) and datetime.fromisoformat(text) == held.at
