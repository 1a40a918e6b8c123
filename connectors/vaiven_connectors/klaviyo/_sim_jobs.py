"""Work that Klaviyo does later: import jobs, and suppression jobs.

Status words and counts: schemas of revision 2026-07-15; how jobs go on: developers.klaviyo.com/en/docs/
use_klaviyos_bulk_profile_import_api; sizes: documentation of the methods in klaviyo-api 25.0.0. Read 2026-11-25.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from vaiven_connectors.klaviyo import _sim_consent_state as consent
from vaiven_connectors.klaviyo._sim_base import Include, stamp
from vaiven_connectors.klaviyo._sim_groups import Groups
from vaiven_connectors.klaviyo._sim_kinds import IMPORT, LIST, PROFILE, SEGMENT, SUPPRESS, UNSUPPRESS, Kind
from vaiven_connectors.klaviyo._sim_query import Allowed
from vaiven_connectors.klaviyo._sim_words import Json, error, invalid
from vaiven_sdk.testing import Call, Quirk, Refusal, Reply, Selection, Table, get, ids, post

_STATUS: Allowed = {"status": "any equals"}
_SUPPRESSIONS: Allowed = {"status": "equals", "list_id": "equals", "segment_id": "equals"}
_MOST_IMPORTED, _MOST_SUPPRESSED = 10_000, 100


class BulkJobs(Groups):
    """A job is queued, then processing, then complete; what failed in it is a list of its own."""

    job_polls = Quirk(1, "questions about a job that find it unfinished; time ends it, too")
    job_seconds = Quirk(5.0, "seconds after which a job is done though nobody asks; no source says how many")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        shape: dict[str, Any] = {"created": "created_at", "stamp": stamp, "defaults": {"status": "queued"}}
        coded = lambda _, n, chance: _code(f"maintenance:01{chance.getrandbits(90):x}.{n}")  # noqa: E731 - an id kind
        self.imports = self.table("profile-bulk-import-jobs", ids=coded, **shape)
        self.suppress_jobs = self.table("profile-suppression-bulk-create-jobs", ids=ids.ulid(), **shape)
        self.unsuppress_jobs = self.table("profile-suppression-bulk-delete-jobs", ids=ids.ulid(), **shape)
        self._asked: dict[str, int] = {}
        self._work: dict[str, Callable[[], Json]] = {}

    # -------------------------------------------------------------------------------------- how jobs go on

    def start_job(self, table: Table, values: Json, work: Callable[[], Json]) -> Json:
        """Queue work that gives the job's last values."""
        row = table.add(values)
        self._work[row["id"]] = work
        self.later(self.job_seconds or 1e-6, lambda: self._finish(table, row["id"]))
        return row

    def ask(self, table: Table, kind: Kind, key: str) -> Json:
        """A job as it is now; asking moves it on."""
        row = self.row(table, kind, key)
        if key in self._work:
            asked = self._asked[key] = self._asked.get(key, 0) + 1
            if asked > self.job_polls:
                self._finish(table, key)
            else:
                table.change(key, {"status": "processing"} | ({"started_at": self.now()} if kind is IMPORT else {}))
            row = table.get(key)
        return row

    def _finish(self, table: Table, key: str) -> None:
        work = self._work.pop(key, None)
        if work is not None:
            done = work()
            table.change(key, {"status": "complete", "completed_at": self.now(), **done})

    # ---------------------------------------------------------------------------------------- bulk imports

    @post("/api/profile-bulk-import-jobs", scope="profiles:write")
    def bulk_import_profiles(self, call: Call) -> Reply:
        """Create or update up to 10,000 profiles, and put them into lists."""
        data = self.body(call, "profile-bulk-import-job", known=("profiles",))
        people = self.people(data, _MOST_IMPORTED)
        lists = self.related(data, "lists")
        for key in lists:
            self.row(self.lists, LIST, key)
        expires = stamp(call.now + timedelta(days=7))
        blank = {"completed_count": 0, "failed_count": 0, "completed_at": None, "started_at": None}
        values = {**blank, "total_count": len(people), "expires_at": expires, "_lists": lists}
        row = self.start_job(
            self.imports, {**values, "_profiles": [], "_errors": []}, lambda: self._import(people, lists)
        )
        return self.reply(self.one(call, IMPORT, row, linked={"lists": lists} if lists else None), 202)

    def _import(self, people: list[Json], lists: list[str]) -> Json:
        done: list[str] = []
        failed: list[Json] = []
        for at, one in enumerate(people):
            try:
                row, _ = self.upsert(one, f"/data/attributes/profiles/data/{at}/attributes")
            except Refusal as refusal:
                told = error(refusal, self.random)
                source = {"pointer": f"/data/attributes/profiles/data/{at}"} | told["source"]
                failed.append({**told, "source": source, "original_payload": one})
                continue
            done.append(row["id"])
            for group in lists:
                if group in self.lists:
                    self.join(group, row["id"])
        counts = {"completed_count": len(done), "failed_count": len(failed)}
        return {**counts, "_profiles": list(dict.fromkeys(done)), "_errors": failed}

    @get("/api/profile-bulk-import-jobs", scope="profiles:read")
    def list_import_jobs(self, call: Call) -> Json:
        """All import jobs."""
        rows = self.listed(call, self.imports, allowed=_STATUS, sorts="created_at")
        return self.page(call, rows, lambda row: self.resource(call, IMPORT, row))

    @get("/api/profile-bulk-import-jobs/{job_id}", scope="profiles:read")
    def get_import_job(self, call: Call) -> Json:
        """How far a job is."""
        row = self.ask(self.imports, IMPORT, call.slots["job_id"])
        includes: dict[str, Include] = {"lists": lambda one: [(LIST, self.lists.get(key)) for key in one["_lists"]]}
        return self.one(call, IMPORT, row, linked={"lists": row["_lists"]}, includes=includes)

    @get("/api/profile-bulk-import-jobs/{id}/import-errors", scope="profiles:read")
    def list_import_errors(self, call: Call) -> Json:
        """What a job could not do, with the payload of each."""
        row = self.row(self.imports, IMPORT, call.slots["id"])
        names = ("code", "title", "detail", "source", "original_payload")

        def show(one: Json) -> Json:
            return {"type": "import-error", "id": one["id"], "attributes": {name: one[name] for name in names}}

        return self.page(call, _plain(row["_errors"]), show)

    @get("/api/profile-bulk-import-jobs/{id}/profiles", scope="profiles:read")
    def list_imported_profiles(self, call: Call) -> Json:
        """The profiles that a job made or changed."""
        row = self.row(self.imports, IMPORT, call.slots["id"])
        living = [self.profiles.get(key) for key in row["_profiles"] if key in self.profiles]
        return self.page(call, _plain(living), lambda one: self.show_profile(call, one))

    @get("/api/profile-bulk-import-jobs/{id}/lists", scope="profiles:read")
    def list_lists_of_import(self, call: Call) -> Json:
        """The lists that a job fills."""
        row = self.row(self.imports, IMPORT, call.slots["id"])
        found = [self.resource(call, LIST, self.lists.get(key)) for key in row["_lists"] if key in self.lists]
        return self.whole(call, found)

    # ---------------------------------------------------------------------------------------- suppressions

    @post("/api/profile-suppression-bulk-create-jobs", scope="subscriptions:write")
    def bulk_suppress(self, call: Call) -> Reply:
        """Stop e-mail to addresses, or to a list or segment, whatever they consented to."""
        return self._suppression(call, SUPPRESS, self.suppress_jobs, self._suppress)

    @post("/api/profile-suppression-bulk-delete-jobs", scope="subscriptions:write")
    def bulk_unsuppress(self, call: Call) -> Reply:
        """Lift only what was suppressed by hand."""
        return self._suppression(call, UNSUPPRESS, self.unsuppress_jobs, self._unsuppress)

    def _suppression(self, call: Call, kind: Kind, table: Table, act: Callable[[Json], bool]) -> Reply:
        data = self.body(call, kind.name, known=("profiles",))
        groups = [*self.related(data, "list"), *self.related(data, "segment")]
        people = [] if groups else self.people(data, _MOST_SUPPRESSED)
        for key in groups:
            self.row(self.lists if key in self.lists else self.segments, SEGMENT, key)
        emails = [str((one.get("attributes") or {}).get("email") or "") for one in people]
        if not groups and not all(emails):
            raise invalid("Each profile needs an email.", pointer="/data/attributes/profiles")

        def work() -> Json:
            found = [self.profiles.by("email", email) for email in emails]
            found += [self.profiles.find(key) for group in groups for key in self.members_of(group)]
            done = sum(1 for row in found if row is not None and act(row))
            return {"completed_count": done, "skipped_count": len(found) - done, "total_count": len(found)}

        total = len(people) or sum(len(self.members_of(group)) for group in groups)
        values = {"total_count": total, "completed_count": 0, "completed_at": None, "skipped_count": 0}
        row = self.start_job(table, {**values, "_groups": groups}, work)
        return self.reply(self.one(call, kind, row), 202)

    def _suppress(self, row: Json) -> bool:
        new = consent.suppress(row, "USER_SUPPRESSED", self.now())
        return self._keep(row, new)

    def _unsuppress(self, row: Json) -> bool:
        if all(one["reason"] != "USER_SUPPRESSED" for one in consent.suppressions(row)):
            return False
        return self._keep(row, consent.lift(row, {"USER_SUPPRESSED"}, self.now()))

    def _keep(self, row: Json, subscriptions: Json) -> bool:
        if subscriptions == row["_subscriptions"]:
            return False
        self.profiles.change(row["id"], {"_subscriptions": subscriptions})
        return True

    @get("/api/profile-suppression-bulk-create-jobs", scope="subscriptions:read")
    def list_suppress_jobs(self, call: Call) -> Json:
        """All of them."""
        rows = self.listed(call, self.suppress_jobs, allowed=_SUPPRESSIONS, sorts="created")
        return self.page(call, rows, lambda row: self.resource(call, SUPPRESS, row))

    @get("/api/profile-suppression-bulk-delete-jobs", scope="subscriptions:read")
    def list_unsuppress_jobs(self, call: Call) -> Json:
        """All of them."""
        rows = self.listed(call, self.unsuppress_jobs, allowed=_SUPPRESSIONS, sorts="created")
        return self.page(call, rows, lambda row: self.resource(call, UNSUPPRESS, row))

    @get("/api/profile-suppression-bulk-create-jobs/{job_id}", scope="subscriptions:read")
    def get_suppress_job(self, call: Call) -> Json:
        """How far it is."""
        return self.one(call, SUPPRESS, self.ask(self.suppress_jobs, SUPPRESS, call.slots["job_id"]))

    @get("/api/profile-suppression-bulk-delete-jobs/{job_id}", scope="subscriptions:read")
    def get_unsuppress_job(self, call: Call) -> Json:
        """How far it is."""
        return self.one(call, UNSUPPRESS, self.ask(self.unsuppress_jobs, UNSUPPRESS, call.slots["job_id"]))

    # ------------------------------------------------------------------------------------------ bodies

    @staticmethod
    def people(data: Json, most: int) -> list[Json]:
        """The profiles of a job's body.

        Raises:
            Refusal: 400 for none, or for too many.
        """
        at = "/data/attributes/profiles"
        held = data["attributes"].get("profiles")
        found = held.get("data") if isinstance(held, dict) else None
        if not isinstance(found, list) or not found:
            raise invalid("At least one profile must be provided.", pointer=at)
        if len(found) > most:
            raise invalid(f"At most {most} profiles can be sent in one call.", pointer=at)
        for number, one in enumerate(found):
            if one.get("type") != PROFILE.name:
                raise invalid("'type' must be 'profile'.", pointer=f"{at}/data/{number}/type")
        return found

    @staticmethod
    def related(data: Json, name: str) -> list[str]:
        """Ids of one relationship of a body."""
        held = ((data.get("relationships") or {}).get(name) or {}).get("data") or []
        return [str(one["id"]) for one in (held if isinstance(held, list) else [held])]


def _code(text: str) -> str:
    """An id with characters that want to be quoted in a path: ids are opaque, and nobody promises their form."""
    return base64.b64encode(text.encode()).decode()


def _plain(rows: list[Json]) -> Selection:
    """A list that is no table, to be paged like one."""
    table = Table("plain")
    for row in rows:
        table.add(row)
    return table.select()
