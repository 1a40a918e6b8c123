"""The two views of what changed: change_status and change_event.

Facts: developers.google.com/google-ads/api/docs/change-status and .../docs/change-event, the messages ChangeStatus and
ChangeEvent of v26, and .../fields/v22/change_status ("up to 3 minutes delay"). change_status has one row a resource and
goes back 90 days, change_event one a change and 30 days; both give at most 10,000 rows. Read 2026-11-25.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vaiven_connectors.google_ads import _sim_schema as schema
from vaiven_connectors.google_ads._sim_account import Account, Changed, Row, stamp
from vaiven_connectors.google_ads._sim_check import TIMES, Plan
from vaiven_connectors.google_ads._sim_dates import during
from vaiven_connectors.google_ads._sim_gaql import Word
from vaiven_connectors.google_ads._sim_select import Context, document
from vaiven_connectors.google_ads._sim_words import camel

_STATUS = {"CREATE": "ADDED", "UPDATE": "CHANGED", "REMOVE": "REMOVED"}


def changes(plan: Plan, account: Account, until: datetime) -> list[Context]:
    """The rows of change_status or change_event, of what was changed until an instant."""
    resource = plan.query.resource
    if resource == "change_status":
        rows = [_status(account, one) for one in account.latest(until)]
    else:
        rows = [_event(account, n, one) for n, one in enumerate(account.log) if one.at <= until]
    local = "last_change_date_time" if resource == "change_status" else "change_date_time"
    return [_context(account, resource, row) for row in rows if _within(plan, account, str(row[local]))]


def _within(plan: Plan, account: Account, at: str) -> bool:
    for one, condition in plan.tests:
        if one.name in TIMES and condition.op == "DURING" and isinstance(condition.values[0], Word):
            first, last = during(condition.values[0].text, account.local().date())
            if not first.isoformat() <= at[:10] <= last.isoformat():
                return False
    return True


def _status(account: Account, one: Changed) -> Row:
    at = account.local(one.at)
    row: dict[str, Any] = {
        "resource_name": f"{account.resource_name}/changeStatus/{_micros(one.at)}-{one.resource}-{one.key}",
        "last_change_date_time": stamp(at, micros=True),
        "resource_type": one.resource.upper(),
        "resource_status": _STATUS[one.op],
    }
    return row | _links(account, one)


def _event(account: Account, n: int, one: Changed) -> Row:
    known = schema.of_resource(one.resource)
    changed = one.fields
    row: dict[str, Any] = {
        "resource_name": f"{account.resource_name}/changeEvents/{_micros(one.at)}~{n}~0",
        "change_date_time": stamp(account.local(one.at), micros=True),
        "change_resource_type": one.resource.upper(),
        "change_resource_name": account.name_of(one.resource, one.key),
        "client_type": one.client,
        "user_email": one.user,
        "resource_change_operation": one.op,
        "changed_fields": ",".join(camel(name) for name in changed if name in known),
    }
    for name, held in (("old_resource", one.old), ("new_resource", one.new)):
        part = {key: value for key, value in held.items() if key in changed}
        if part:
            row[name] = {camel(one.resource): document(one.resource, part, known)}
    links = _links(account, one)
    return row | {name: links[name] for name in ("campaign", "ad_group") if name in links}


def _links(account: Account, one: Changed) -> dict[str, Any]:
    """The resource names of the changed row and of those above it."""
    above = account.parents(one.resource, one.new)
    names = {name: str(row["resource_name"]) for name, row in above.items() if row.get("resource_name")}
    names.pop("customer")
    if one.resource != "campaign_budget":
        names.pop("campaign_budget", None)
    return names


def _context(account: Account, resource: str, row: Row) -> Context:
    found: Context = {resource: row, "customer": account.customer()}
    for name in ("campaign", "ad_group", "ad_group_ad", "campaign_budget"):
        key = account.key_of(name, row.get(name)) if row.get(name) else None
        found[name] = account.rows[name].get(key or "", {})
    return found


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond
