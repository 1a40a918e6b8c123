"""Mutates: of one resource, and of several in one request with temporary names.

Facts: developers.google.com/google-ads/api/docs/mutating/overview, .../mutating/best-practices (a negative id stands
for what an operation above it makes; all or nothing unless partialFailure), .../docs/best-practices/partial-failures,
and an answer of the real API in github.com/kLOsk/adloop/issues/5 (the path of an error). Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vaiven_connectors.google_ads import _sim_schema as schema
from vaiven_connectors.google_ads._sim_base import Base
from vaiven_connectors.google_ads._sim_body import Body, take
from vaiven_connectors.google_ads._sim_kinds import KINDS, Kind
from vaiven_connectors.google_ads._sim_select import document
from vaiven_connectors.google_ads._sim_words import Json, Where, camel, failed, failure, refuse, snake
from vaiven_connectors.google_ads._sim_writer import OperationError, Writer
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Refusal

_MOST = 10_000
_OPERATION: Body = {"create": Any, "update": Any, "remove": str, "updateMask": str}
_FLAGS: Body = {"customerId": str, "partialFailure": bool, "validateOnly": bool, "responseContentType": str}
_ONE: Body = {**_FLAGS, "operations": [_OPERATION]}
_MANY: Body = {**_FLAGS, "mutateOperations": [{kind.operation: _OPERATION for kind in KINDS}]}


class Mutating(Base):
    """Writes."""

    @sim.post("/{version}/customers/{customer_id}/campaignBudgets:mutate")
    def mutate_budgets(self, call: Call) -> Json:
        """Budgets."""
        return self._mutate_one(call, KINDS[0])

    @sim.post("/{version}/customers/{customer_id}/campaigns:mutate")
    def mutate_campaigns(self, call: Call) -> Json:
        """Campaigns."""
        return self._mutate_one(call, KINDS[1])

    @sim.post("/{version}/customers/{customer_id}/adGroups:mutate")
    def mutate_ad_groups(self, call: Call) -> Json:
        """Ad groups."""
        return self._mutate_one(call, KINDS[2])

    @sim.post("/{version}/customers/{customer_id}/adGroupAds:mutate")
    def mutate_ads(self, call: Call) -> Json:
        """Ads in their ad groups."""
        return self._mutate_one(call, KINDS[3])

    @sim.post("/{version}/customers/{customer_id}/conversionActions:mutate")
    def mutate_conversion_actions(self, call: Call) -> Json:
        """Conversion actions."""
        return self._mutate_one(call, KINDS[4])

    @sim.post("/{version}/customers/{customer_id}/userLists:mutate")
    def mutate_user_lists(self, call: Call) -> Json:
        """Customer Match lists."""
        return self._mutate_one(call, KINDS[5])

    @sim.post("/{version}/customers/{customer_id}/googleAds:mutate")
    def mutate(self, call: Call) -> Json:
        """Operations on several resources."""
        body = take(call, _MANY)
        kinds = {kind.operation: kind for kind in KINDS}
        items = body.get("mutateOperations", [])
        wanted = []
        for n, item in enumerate(items):
            if len(item) != 1:
                message = "Mutate operation should have either create, update, or remove specified."
                raise refuse("requestError", "OPERATION_REQUIRED", message, at=[("mutate_operations", n)])
            ((name, operation),) = item.items()
            path: Where = [("mutate_operations", n), (snake(name), None)]
            wanted.append((kinds[name], operation, path))
        results, partial = self._carry_out(call, body, wanted)
        shaped = [{kind.result: one} if one else {} for (kind, _, _), one in zip(wanted, results, strict=True)]
        return self._said("mutateOperationResponses", shaped, partial, body)

    def _mutate_one(self, call: Call, kind: Kind) -> Json:
        body = take(call, _ONE)
        items = body.get("operations", [])
        wanted: list[tuple[Kind, Json, Where]] = [(kind, one, [("operations", n)]) for n, one in enumerate(items)]
        results, partial = self._carry_out(call, body, wanted)
        return self._said("results", results, partial, body)

    def _said(self, name: str, results: list[Json], partial: list[Json], body: Json) -> Json:
        found: Json = {}
        if partial:
            found["partialFailureError"] = self.status(partial)
        if not body.get("validateOnly"):
            found[name] = results
        return found

    def status(self, errors: list[Json]) -> Json:
        """google.rpc.Status of a partial failure."""
        message = errors[0]["message"]
        if len(errors) > 1:
            message = f"Multiple errors in 'details'. First error: {message}"
        return {"code": 3, "message": message, "details": [failure(errors, self._version, self.request_id)]}

    def _carry_out(
        self, call: Call, body: Json, wanted: list[tuple[Kind, Json, Where]]
    ) -> tuple[list[Json], list[Json]]:
        """The result of each operation, and the errors where failures may be partial.

        Raises:
            Refusal: an operation failed, and they go together.
        """
        account = self.account(call.slots["customer_id"])
        if not wanted:
            raise refuse(
                "requestError", "REQUIRED_FIELD_MISSING", "Required field is missing", at=[("operations", None)]
            )
        if len(wanted) > _MOST:
            message = f"Too many mutate operations in one request: {len(wanted)}. The maximum is {_MOST}."
            raise refuse("requestError", "TOO_MANY_MUTATE_OPERATIONS", message)
        if account.manager and any(kind.resource not in _FOR_MANAGERS for kind, _, _ in wanted):
            message = "Request cannot be executed by a manager account."
            raise refuse("requestError", "CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT", message)
        writer = Writer(account, self._version, len(account.log))
        whole = body.get("responseContentType") == "MUTABLE_RESOURCE"
        results: list[Json] = []
        errors: list[Json] = []
        for kind, operation, path in wanted:
            try:
                name, row = writer.apply(kind, operation)
            except OperationError as problem:
                errors += [_under(path, one) for one in problem.errors]
                results.append({})
                continue
            except Refusal:
                writer.roll_back()
                raise
            mutable = {name: value for name, value in row.items() if name not in kind.derived - {"resource_name"}}
            shown = {camel(kind.resource): document(kind.resource, mutable, schema.of_resource(kind.resource))}
            results.append({"resourceName": name, **(shown if whole and row else {})})
        partial = bool(body.get("partialFailure"))
        if body.get("validateOnly") or (errors and not partial):
            writer.roll_back()
        if errors and not partial:
            raise failed(errors)
        return results, errors


_FOR_MANAGERS = {"user_list", "conversion_action"}


def _under(path: Where, error: Json) -> Json:
    """An error with the place of its operation before its own."""
    own = error.get("location", {}).get("fieldPathElements", [])
    return {**error, "location": {"fieldPathElements": [*_elements(path), *own]}}


def _elements(path: Where) -> Iterator[Json]:
    for name, index in path:
        yield {"fieldName": name} if index is None else {"fieldName": name, "index": index}
