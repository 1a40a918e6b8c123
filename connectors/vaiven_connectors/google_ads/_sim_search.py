"""`googleAds:search` and `googleAds:searchStream`.

Facts: developers.google.com/google-ads/api/docs/reporting/paging ("a fixed page size of 10,000 rows"; setting one is
refused: the blog's post of 2024-07-16, RequestError.PAGE_SIZE_NOT_SUPPORTED), the messages SearchGoogleAdsRequest and
SearchGoogleAdsStreamResponse of v26, and .../docs/rest/overview (a stream is one JSON array). Read 2026-11-25. A page
token holds on to the rows that were there when the first page was asked for.
"""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from typing import Any

from vaiven_connectors.google_ads._sim_account import Account
from vaiven_connectors.google_ads._sim_base import Base
from vaiven_connectors.google_ads._sim_body import Body, take
from vaiven_connectors.google_ads._sim_check import TIMES, Plan, check
from vaiven_connectors.google_ads._sim_facts import metric, total
from vaiven_connectors.google_ads._sim_gaql import parse
from vaiven_connectors.google_ads._sim_log import changes
from vaiven_connectors.google_ads._sim_select import Context, answer, render, wire
from vaiven_connectors.google_ads._sim_words import Json, camel, refuse
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Refusal

_PAGE = 10_000
_KEPT = 64
"""Results that are kept for their next pages."""
_SEARCH: Body = {
    "customerId": str,
    "query": str,
    "pageToken": str,
    "pageSize": int,
    "validateOnly": bool,
    "searchSettings": {"omitResults": bool, "returnSummaryRow": bool, "returnTotalResultsCount": bool},
}
_STREAM: Body = {"customerId": str, "query": str, "summaryRowSetting": str}
_SUMMARIES = {"UNSPECIFIED", "NO_SUMMARY_ROW", "SUMMARY_ROW_WITH_RESULTS", "SUMMARY_ROW_ONLY"}


class Searching(Base):
    """Queries."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._results: OrderedDict[str, tuple[str, Plan, list[Context]]] = OrderedDict()
        self._made_results = 0

    @sim.get("/{version}/customers:listAccessibleCustomers")
    def list_accessible(self, call: Call) -> Json:
        """The customers that the user reaches without a manager in between."""
        return {"resourceNames": [f"customers/{key}" for key in self.reached()]}

    @sim.post("/{version}/customers/{customer_id}/googleAds:search")
    def search(self, call: Call) -> Json:
        """A page of a query."""
        body = take(call, _SEARCH)
        if body.get("pageSize"):
            message = (
                "Setting the page size is not supported. Search Responses will have fixed page size of '10000' rows."
            )
            raise refuse("requestError", "PAGE_SIZE_NOT_SUPPORTED", message, at=[("page_size", None)])
        text, settings = body.get("query", ""), body.get("searchSettings", {})
        account = self.account(call.slots["customer_id"])
        if body.get("validateOnly"):
            if body.get("pageToken"):
                message = "page_token is set in the validate only request."
                raise refuse("requestError", "VALIDATE_ONLY_REQUEST_HAS_PAGE_TOKEN", message)
            self._plan(account, text)
            return {}
        key, start, plan, rows = self._resumed(account, text, body.get("pageToken", ""))
        size = min(_PAGE, self.page_cap or _PAGE)
        page, following = rows[start : start + size], start + size
        found: Json = {} if settings.get("omitResults") else self._results_of(plan, page)
        if following < len(rows):
            found["nextPageToken"] = self._token(key, following)
        if settings.get("returnTotalResultsCount"):
            found["totalResultsCount"] = str(len(rows))
        if settings.get("returnSummaryRow"):
            found["summaryRow"] = _summary(plan, rows)
        return {**found, "fieldMask": _mask(plan), "queryResourceConsumption": str(100 + len(page))}

    @sim.post("/{version}/customers/{customer_id}/googleAds:searchStream")
    def search_stream(self, call: Call) -> list[Json]:
        """A whole query."""
        body = take(call, _STREAM)
        setting = body.get("summaryRowSetting", "NO_SUMMARY_ROW")
        if setting not in _SUMMARIES:
            raise refuse("requestError", "INVALID_ENUM_VALUE", f"Enum value '{setting}' is not permitted.")
        account = self.account(call.slots["customer_id"])
        plan = self._plan(account, body.get("query", ""))
        rows = self._rows(account, plan)
        size = min(_PAGE, self.page_cap or _PAGE)
        cost = str(100 + len(rows))
        found: list[Json] = []
        if setting != "SUMMARY_ROW_ONLY":
            for start in range(0, max(len(rows), 1), size):
                part = self._results_of(plan, rows[start : start + size])
                found.append({**part, "fieldMask": _mask(plan), "requestId": self.request_id})
        if setting.startswith("SUMMARY"):
            found.append({"summaryRow": _summary(plan, rows), "fieldMask": _mask(plan), "requestId": self.request_id})
        found[-1]["queryResourceConsumption"] = cost
        return found

    # ----------------------------------------------------------------------------------------------------- queries

    def _plan(self, account: Account, text: str) -> Plan:
        return check(parse(text), self._version, account.local().date(), manager=account.manager)

    def _rows(self, account: Account, plan: Plan) -> list[Context]:
        self.settle()
        resource = plan.query.resource
        contexts: list[Context]
        if f"{resource}." in {f"{name.partition('.')[0]}." for name in TIMES}:
            contexts = changes(plan, account, self.seen_until())
        elif resource == "customer":
            contexts = [{"customer": account.customer()}]
        elif resource == "customer_client":
            contexts = [{"customer_client": row, "customer": account.customer()} for row in self.client_rows(account)]
        else:
            contexts = [
                {name: account.shown(name, each) if each else each for name, each in held.items()}
                for row in account.rows[resource].values()
                for held in [account.parents(resource, row)]
            ]
        return answer(plan, account, contexts, self.clock.now())

    def _results_of(self, plan: Plan, rows: list[Context]) -> Json:
        return {"results": [render(plan, row) for row in rows]} if rows else {}

    def _resumed(self, account: Account, text: str, token: str) -> tuple[str, int, Plan, list[Context]]:
        """The result that a token belongs to, or a new one."""
        if not token:
            plan = self._plan(account, text)
            rows = self._rows(account, plan)
            self._made_results += 1
            key = f"{account.id}.{self._made_results}"
            self._results[key] = (text, plan, rows)
            while len(self._results) > _KEPT:
                self._results.popitem(last=False)
            return key, 0, plan, rows
        try:
            key, _, start = base64.urlsafe_b64decode(token.encode()).decode().rpartition(":")
            at = int(start)
        except (binascii.Error, ValueError):
            raise _bad_token() from None
        held = self._results.get(key)
        if held is None and key.partition(".")[0] == account.id:
            raise refuse("requestError", "EXPIRED_PAGE_TOKEN", "Page token specified in user request has expired.")
        if held is None or held[0] != text or key.partition(".")[0] != account.id:
            raise _bad_token()
        return key, at, held[1], held[2]

    def _token(self, key: str, start: int) -> str:
        return base64.urlsafe_b64encode(f"{key}:{start}".encode()).decode()


def _bad_token() -> Refusal:
    return refuse("requestError", "INVALID_PAGE_TOKEN", "Page token specified in user request is invalid.")


def _mask(plan: Plan) -> str:
    return ",".join(camel(name) for name in plan.query.select)


def _summary(plan: Plan, rows: list[Context]) -> Json:
    """The metrics of all rows together.

    Raises:
        Refusal: the query has no metrics.
    """
    metrics = [one for one in plan.fields if one.resource == "metrics"]
    if not metrics:
        raise refuse(
            "requestError",
            "CANNOT_RETURN_SUMMARY_ROW_FOR_REQUEST_WITHOUT_METRICS",
            "return_summary_row cannot be enabled if request did not select any metrics field.",
        )
    figures = total([dict(row["figures"]) for row in rows])
    shown = {camel(one.local): wire(one, metric(figures, one.local)) for one in metrics}
    return {"metrics": {name: value for name, value in shown.items() if value is not None}}
