"""REST: up to 200 records in a request, and several requests in one.

Source: REST API Developer Guide, sObject Collections (create, update, upsert, delete, retrieve) and Composite;
read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from vaiven_connectors.salesforce import _sim_errors as errors
from vaiven_connectors.salesforce import _sim_writing as writing
from vaiven_connectors.salesforce._sim_base import Write, body_of
from vaiven_connectors.salesforce._sim_errors import no
from vaiven_connectors.salesforce._sim_kinds import Kind
from vaiven_connectors.salesforce._sim_org import Row, Transaction, normal
from vaiven_connectors.salesforce._sim_rest import Rest
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Refusal, Reply
from vaiven_sdk.testing.routing import parse_query

_DATA = "/services/data/v{version}"
_MOST, _MOST_REQUESTS = 200, 25
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
Step = Callable[[Transaction], Row]


class Collections(Rest):
    """Collections of records, each with its own result, in the order of the request."""

    @sim.post(f"{_DATA}/composite/sobjects")
    async def create_many(self, call: Call) -> list[Row]:
        """Make records of any objects."""
        body, rows = _records(call)
        plans = [self._plan(row) for row in rows]

        def step(kind: Kind, row: Row) -> Step:
            values = {name: value for name, value in row.items() if name.lower() != "id"}
            return lambda at: {"id": writing.create(self.org, kind, values, at)["Id"]}

        steps = [step(plan[0], row) for plan, row in zip(plans, rows, strict=True)]
        return await self._all(call, plans, steps, all_or_none=bool(body.get("allOrNone")))

    @sim.patch(f"{_DATA}/composite/sobjects")
    async def change_many(self, call: Call) -> list[Row]:
        """Change records by id."""
        body, rows = _records(call)
        plans = [self._plan(row) for row in rows]

        def step(kind: Kind, row: Row) -> Step:
            def change(at: Transaction) -> Row:
                key = next((value for name, value in row.items() if name.lower() == "id"), None)
                if key is None:
                    raise no("MISSING_ARGUMENT", "Id not specified in an update call", fields=["Id"])
                found = self._known(kind, key)
                values = {name: value for name, value in row.items() if name.lower() != "id"}
                return {"id": writing.update(self.org, kind, found, values, at)["Id"]}

            return change

        steps = [step(plan[0], row) for plan, row in zip(plans, rows, strict=True)]
        return await self._all(call, plans, steps, all_or_none=bool(body.get("allOrNone")))

    @sim.patch(f"{_DATA}/composite/sobjects/{{kind}}/{{field}}")
    async def upsert_many(self, call: Call) -> list[Row]:
        """Change or make records by an external id; results tell which were `created`."""
        body, rows = _records(call)
        kind = self.org.kind(call.slots["kind"])
        field = self.external_field(kind, call.slots["field"])
        plans: list[Write] = []
        seen: set[str] = set()

        def step(row: Row) -> Step:
            def put(at: Transaction) -> Row:
                self._same_kind(kind, row)
                given = dict(row)
                value = next((given.pop(name) for name in list(given) if name.lower() == field.name.lower()), None)
                if value in {None, ""}:
                    raise no("MISSING_ARGUMENT", f"{field.name} not specified", fields=[field.name])
                if str(value).casefold() in seen:
                    raise no("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", fields=[field.name])
                seen.add(str(value).casefold())
                if any(name.lower() == "id" for name in given):
                    raise no("INVALID_FIELD", "The Id field should not be specified in the sobject data.", fields=[])
                found = self.org.shelves[kind.name].living(field.name, value)
                if len(found) > 1:
                    message = (
                        f"{field.name}: more than one record found for external id field: {[r['Id'] for r in found]}"
                    )
                    raise no("DUPLICATE_EXTERNAL_ID", message, fields=[field.name])
                stored, made = self.put(kind, (field, str(value)), given, found, at)
                return {"id": stored["Id"], "created": made}

            return put

        for row in rows:
            key = next((value for name, value in row.items() if name.lower() == field.name.lower()), None)
            found = self.org.shelves[kind.name].living(field.name, key) if key is not None else []
            plans.append((kind, row, found[0] if found else None))
        steps = [step(row) for row in rows]
        results = await self._all(call, plans, steps, all_or_none=bool(body.get("allOrNone")))
        return [row if row["success"] else {**row, "created": False} for row in results]

    @sim.delete(f"{_DATA}/composite/sobjects")
    async def remove_many(self, call: Call) -> list[Row]:
        """Delete records of any objects by id."""
        keys = _limited(call.many("ids"))

        def step(key: str) -> Step:
            def remove(at: Transaction) -> Row:
                kind = self.org.kind_of(normal(key) or "")
                if kind is None:
                    raise no("MALFORMED_ID", f"malformed id {key}", fields=[])
                row = self._known(kind, key)
                writing.delete(self.org, kind, row, at)
                return {"id": row["Id"]}

            return remove

        rows = [(key, self.org.row(normal(key))) for key in keys]
        plans: list[Write] = [(kind, {}, row) for key, row in rows if row and (kind := self.org.kind_of(row["Id"]))]
        return await self._all(call, plans, [step(key) for key in keys], all_or_none=bool(call.flag("allOrNone")))

    @sim.get(f"{_DATA}/composite/sobjects/{{kind}}")
    def read_many(self, call: Call) -> list[Row | None]:
        """Records by id, null for one that is not there."""
        return self._retrieve(call, _limited(call.many("ids")), call.many("fields"))

    @sim.post(f"{_DATA}/composite/sobjects/{{kind}}")
    def read_many_by_body(self, call: Call) -> list[Row | None]:
        """The same with ids and fields in the body, up to 2,000."""
        body = body_of(call)
        return self._retrieve(call, [str(one) for one in body.get("ids", [])], list(body.get("fields", [])))

    def _retrieve(self, call: Call, keys: Sequence[str], names: Sequence[str]) -> list[Row | None]:
        kind = self.org.kind(call.slots["kind"])
        fields = []
        for name in names:
            field = self.org.field(kind, name)
            if field is None:
                raise errors.unknown_field(name, kind.name)
            fields.append(field)
        found = [self.org.shelves[kind.name].rows.get(normal(key) or "") for key in keys]
        version = call.slots["version"]
        return [self.show(kind, row, version, fields) if row and not row.get("IsDeleted") else None for row in found]

    # -------------------------------------------------------------------------------------------------- composite

    @sim.post(f"{_DATA}/composite")
    async def composite(self, call: Call) -> dict[str, Any]:
        """Up to 25 requests one after the other; later ones may refer to what earlier ones answered."""
        body = body_of(call)
        requests = body.get("compositeRequest", [])
        if not requests or len(requests) > _MOST_REQUESTS:
            raise no("LIMIT_EXCEEDED", f"Composite can contain from 1 to {_MOST_REQUESTS} subrequests")
        answers: dict[str, Any] = {}
        with self.org.savepoint() as point:
            results = [await self._sub(one, answers, call) for one in requests]
            if body.get("allOrNone") and any(one["httpStatusCode"] >= 400 for one in results):
                point.undo()
                halted = [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}]
                results = [
                    one if one["httpStatusCode"] >= 400 else {**one, "body": halted, "httpStatusCode": 400}
                    for one in results
                ]
        return {"compositeResponse": results}

    async def _sub(self, one: Row, answers: dict[str, Any], call: Call) -> Row:
        name = str(one.get("referenceId"))
        try:
            url = urlsplit(str(_filled(one.get("url"), answers)))
            inner = Call(
                str(one.get("method")),
                unquote(url.path),
                query=parse_query(url.query),
                headers={**call.headers, **{k.lower(): v for k, v in (one.get("httpHeaders") or {}).items()}},
                raw=msgspec.json.encode(_filled(one["body"], answers)) if one.get("body") is not None else b"",
                origin=call.origin,
                now=call.now,
                page_cap=call.page_cap,
                caller=call.caller,
            )
            path, inner.slots, handler = self.switchboard.find(inner.method, inner.path)
            answer = handler(inner)
            answer = await answer if hasattr(answer, "__await__") else answer
        except Refusal as problem:
            return {
                "body": self.envelope(problem),
                "httpHeaders": {},
                "httpStatusCode": problem.status,
                "referenceId": name,
            }
        reply = answer if isinstance(answer, Reply) else Reply(answer, 204 if answer is None else path.status)
        answers[name] = reply.body
        headers = {key: text for key, text in reply.headers.items() if key in {"Location", "ETag"}}
        return {"body": reply.body, "httpHeaders": headers, "httpStatusCode": reply.status, "referenceId": name}

    # -------------------------------------------------------------------------------------------------- internals

    async def _all(self, call: Call, plans: Sequence[Write], steps: Sequence[Step], *, all_or_none: bool) -> list[Row]:
        """Do each step in one transaction; with `all_or_none` a refusal takes everything back."""
        results: list[Row] = []
        with self.org.savepoint() as point:
            async with self.writes(call, plans) as at:
                for step in steps:
                    try:
                        results.append({**step(at), "success": True, "errors": []})
                    except Refusal as problem:
                        results.append({"success": False, "errors": [errors.outcome(problem)]})
                if all_or_none and not all(one["success"] for one in results):
                    point.undo()
                    back = [errors.outcome(errors.rolled_back())]
                    results = [{"success": False, "errors": back} if one["success"] else one for one in results]
        return results

    def _plan(self, row: Row) -> Write:
        name = (row.get("attributes") or {}).get("type")
        if not isinstance(name, str):
            raise no("INVALID_FIELD", "The type attribute is missing in the attributes of a record", fields=[])
        kind = self.org.find_kind(name)
        if kind is None:
            raise no("INVALID_TYPE", errors.unknown_kind(name))
        key = next((value for field, value in row.items() if field.lower() == "id"), None)
        return kind, row, self.org.row(normal(key))

    def _known(self, kind: Kind, key: Any) -> Row:
        found = normal(key)
        if found is None or not found.startswith(kind.prefix):
            raise no("MALFORMED_ID", f"malformed id {key}", fields=[])
        row = self.org.shelves[kind.name].rows.get(found)
        if row is None:
            raise no("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[])
        return row

    def _same_kind(self, kind: Kind, row: Row) -> None:
        named = (row.get("attributes") or {}).get("type")
        if not isinstance(named, str) or named.lower() != kind.name.lower():
            raise no("INVALID_TYPE", f"The type of each record must be {kind.name}", fields=[])


_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def _records(call: Call) -> tuple[Row, list[Row]]:
    body = body_of(call)
    rows = body.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise no("JSON_PARSER_ERROR", "records must be a list of records")
    return body, _limited(rows)


def _limited(rows: list[Any]) -> list[Any]:
    if len(rows) > _MOST:
        message = f"record limit reached. cannot submit more than {_MOST} records into this call"
        raise no("EXCEEDED_ID_LIMIT", message)
    return rows


def _filled(given: Any, answers: dict[str, Any]) -> Any:
    """A sub-request's text with `@{reference.field}` filled in."""
    if isinstance(given, dict):
        return {name: _filled(value, answers) for name, value in given.items()}
    if isinstance(given, list):
        return [_filled(value, answers) for value in given]
    if not isinstance(given, str):
        return given

    def look(found: re.Match[str]) -> str:
        value: Any = answers.get(found[1])
        for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", found[2]):
            try:
                value = value[int(index)] if index else value[name]
            except (KeyError, IndexError, TypeError):
                value = None
        if value is None:
            raise no("PROCESSING_HALTED", f"Invalid reference specified. No value for {found[0]} found")
        return str(value)

    return _REFERENCE.sub(look, given)
