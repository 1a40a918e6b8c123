"""What all parts of the simulator stand on: the org, sessions, the locks of writes in progress, and shown records."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from vaiven_connectors.salesforce import _sim_errors as errors
from vaiven_connectors.salesforce import _sim_writing as writing
from vaiven_connectors.salesforce._sim_access import DailyCalls, Sessions
from vaiven_connectors.salesforce._sim_derived import value
from vaiven_connectors.salesforce._sim_kinds import Field, Kind
from vaiven_connectors.salesforce._sim_org import Org, Row, Transaction, normal
from vaiven_connectors.salesforce._sim_select import attributes
from vaiven_sdk.testing import Call, Quirk, Refusal, Vendor

Write = tuple[Kind, Row, Row | None]
"""Of one write: the object, the values, and the record that is there already."""


class Base(Vendor):
    """The org and how it is written to."""

    slug = "salesforce"
    daily_limit = Quirk(100_000, "requests in 24 rolling hours (Enterprise Edition's base); 0 lifts the limit")
    session_seconds = Quirk(7200.0, "seconds after its last request at which a session ends (two hours is the default)")
    api_enabled = Quirk(default=True, meaning="False: an edition without API access (403 API_DISABLED_FOR_ORG)")
    oldest_version = Quirk(31, "older API versions are retired: 410 (Help 000354473: 21.0 to 30.0 since Summer '25)")
    newest_version = Quirk(67, "newest API version (the guides of 2026-11 show v67.0)")
    sandbox = Quirk(default=False, meaning="the org is a sandbox: its logins belong to test.salesforce.com")
    wrong_login_host = Quirk(default=False, meaning="token requests came to the login host of the other kind of org")
    currencies: Quirk[tuple[str, ...]] = Quirk((), "currencies of a multi-currency org, the corporate one first")
    duplicate_rules: Quirk[tuple[str, ...]] = Quirk((), "objects with an active duplicate rule; it compares addresses")
    hidden_fields: Quirk[tuple[str, ...]] = Quirk((), "`Contact.DoNotCall`: fields that the user may not see")
    hidden_objects: Quirk[tuple[str, ...]] = Quirk((), "objects that the user may not see")
    lock_seconds = Quirk(
        0.0, "how long a write holds its parent; siblings written meanwhile fail with UNABLE_TO_LOCK_ROW"
    )
    job_polls = Quirk(1, "questions about a bulk job until it is done")
    id_field: Quirk[str] = Quirk(
        "Vaiven_Id__c",
        "custom external id field that the org's administrator has made on each object; empty for a new org",
    )
    query_batch = Quirk(2000, "records in a page of a query (Query Options Header: 2,000)")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.org = Org(self.clock, self.random, self.quirk)
        for kind in self.org.kinds.values():
            if self.id_field and kind.soft and kind.name != "CampaignMemberStatus":
                made = Field(self.id_field, "string", 255, custom=True, external=True, unique=True, label="Vaiven Id")
                self.org.add_field(kind, made)
        self.access = self.sessions = Sessions(self.org, lambda: self.session_seconds)
        self.calls = DailyCalls(lambda: self.daily_limit)
        self.quotas = [self.calls]
        self._held: set[str] = set()

    def envelope(self, refusal: Refusal) -> Any:
        """A list of errors, or what OAuth has."""
        return errors.envelope(refusal)

    def headers(self, call: Call) -> Mapping[str, str]:
        """No answer of the API is to be kept by a cache."""
        return {"Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private"}

    def state(self) -> dict[str, Any]:
        """Every row of every object that can be written, by id; deleted ones are marked by IsDeleted."""
        return {name: dict(shelf.rows) for name, shelf in self.org.shelves.items() if shelf.kind.writable}

    @asynccontextmanager
    async def writes(self, call: Call, rows: Iterable[Write]) -> AsyncIterator[Transaction]:
        """A transaction; parents that other requests hold are named in it, the others are held until the answer."""
        org = self.org
        wanted = {key for kind, given, row in rows for key in writing.parents(kind, given, row)}
        taken = frozenset(wanted & self._held)
        mine = wanted - taken if self.lock_seconds else set()
        self._held |= mine
        rule = call.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        try:
            yield org.begin(allow_duplicates="allowsave=true" in rule, held=taken)
            if mine:
                await asyncio.sleep(self.lock_seconds)
        finally:
            self._held -= mine

    def record(self, kind: Kind, key: str) -> Row:
        """A record by the id in a path.

        Raises:
            Refusal: 404, also for a deleted one.
        """
        found = normal(key)
        row = self.org.shelves[kind.name].rows.get(found or "")
        if found is None:
            message = f"Provided external ID field does not exist or is not accessible: {key}"
            raise errors.no("NOT_FOUND", message, status=404)
        if row is None:
            raise errors.no("NOT_FOUND", "The requested resource does not exist", status=404)
        if row.get("IsDeleted"):
            raise errors.gone()
        return row

    def show(self, kind: Kind, row: Row, version: str, names: Iterable[Field]) -> Row:
        """A record with these fields."""
        shown: Row = {"attributes": attributes(kind.name, row["Id"], version)}
        return shown | {field.name: value(self.org, kind.name, row, field.name) for field in names}

    def etag(self, kind: Kind, row: Row) -> str:
        """A hash of the record's content."""
        content = self.show(kind, row, "0", self.org.fields(kind))
        digest = hashlib.sha1(msgspec.json.encode(content), usedforsecurity=False).digest()
        return base64.b64encode(digest).decode()


def body_of(call: Call) -> Row:
    """The body as a record.

    Raises:
        Refusal: JSON_PARSER_ERROR.
    """
    body = call.json()
    if not isinstance(body, dict):
        raise errors.no("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
    return body
