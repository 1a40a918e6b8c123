"""Bulk API 2.0: jobs that query, and jobs that ingest.

Source: Bulk API 2.0 Developer Guide (developer.salesforce.com/docs/atlas.en-us.api_asynch.meta): Query, Get
Results for a Query Job, Ingest, Prepare CSV Files (empty fields are ignored, `#N/A` is null); read 2026-11-25.
The last set of results has the locator "null", as simple-salesforce 1.12.10 expects it. Instants end in Z here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from vaiven_connectors.salesforce import _sim_ids as ids
from vaiven_connectors.salesforce import _sim_writing as writing
from vaiven_connectors.salesforce._sim_base import body_of
from vaiven_connectors.salesforce._sim_collections import Collections
from vaiven_connectors.salesforce._sim_errors import no
from vaiven_connectors.salesforce._sim_kinds import Kind
from vaiven_connectors.salesforce._sim_org import Row, Transaction, normal, stamp
from vaiven_connectors.salesforce._sim_query import Queries
from vaiven_connectors.salesforce._sim_select import Run, run
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Refusal, Reply

_JOBS = "/services/data/v{version}/jobs"
_DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_STATES = {"queued": "UploadComplete", "running": "InProgress", "done": "JobComplete", "failed": "Failed"}
_OPERATIONS = {"insert", "update", "upsert", "delete", "hardDelete"}
_CHUNK = 200
"""Records that an ingest job writes in one transaction."""
_PAGE = 50_000
_NULL = "#N/A"


class Job:
    """One bulk job.

    Args:
        info: as the API tells it.
        work: what it does once it runs.
    """

    def __init__(self, info: Row, work: Callable[[], Row] | None = None) -> None:
        self.info, self.work = info, work
        self.upload = ""
        self.run: Run | None = None
        self.rows: list[Row] = []
        self.columns: list[str] = []
        self.good: list[list[str]] = []
        self.bad: list[list[str]] = []
        self.rest: list[list[str]] = []


class Bulk(Collections, Queries):
    """The jobs of an org."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._bulk: dict[str, Job] = {}
        self.queue = sim.Jobs(self.clock, polls=self.job_polls)

    # ----------------------------------------------------------------------------------------------------- query

    @sim.post(f"{_JOBS}/query")
    def create_query(self, call: Call) -> Row:
        """Queue a query; it runs later, and sees what is there by then."""
        body = body_of(call)
        operation = body.get("operation")
        if operation not in {"query", "queryAll"}:
            raise no("INVALIDJOB", "operation must be query or queryAll")
        deleted = operation == "queryAll"
        found = run(self.org, str(body.get("query", "")), deleted=deleted)
        if any(step.field.type == "address" for step in found.steps):
            raise no("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
        if found.query.offset or found.query.counts:
            raise no("MALFORMED_QUERY", "OFFSET and COUNT() are not supported in Bulk API 2.0")
        job = self._job(call, body, operation=operation, object=found.kind.name, jobType="V2Query")
        job.run = found

        def work() -> Row:
            job.rows = found.rows()
            return {"numberRecordsProcessed": len(job.rows), "isPkChunkingSupported": True}

        job.work = work
        self.queue.start(work, id=job.info["id"])
        job.info["state"] = "UploadComplete"
        return self._told(job)

    @sim.get(f"{_JOBS}/query")
    def list_queries(self, call: Call) -> Row:
        """All query jobs."""
        return self._list("V2Query")

    @sim.get(f"{_JOBS}/query/{{id}}")
    def ask_query(self, call: Call) -> Row:
        """How far a query is; asking moves it on."""
        return self._asked(call, "V2Query")

    @sim.patch(f"{_JOBS}/query/{{id}}")
    def abort_query(self, call: Call) -> Row:
        """Abort a query."""
        return self._aborted(self._find(call, "V2Query"), body_of(call))

    @sim.delete(f"{_JOBS}/query/{{id}}")
    def drop_query(self, call: Call) -> None:
        """Forget a query and its results."""
        self._find(call, "V2Query")
        del self._bulk[normal(call.slots["id"]) or ""]

    @sim.get(f"{_JOBS}/query/{{id}}/results")
    def results(self, call: Call) -> Reply:
        """A set of results as CSV; the header Sforce-Locator leads to the next, and is "null" for the last."""
        job = self._find(call, "V2Query")
        if job.info["state"] != "JobComplete" or job.run is None:
            raise no("INVALIDJOBSTATE", "The job is not complete")
        start = self._located(call.one("locator"))
        size = call.number("maxRecords", _PAGE, least=1)
        size = min(size, call.page_cap or size)
        rows = job.rows[start : start + size]
        more = start + size < len(job.rows)
        lines = [[_cell(value) for value in job.run.cells(row)] for row in rows]
        headers = {
            "Sforce-Locator": _locator(start + size) if more else "null",
            "Sforce-NumberOfRecords": str(len(rows)),
        }
        return Reply(_csv(job.run.columns, lines, job.info), 200, headers, "text/csv")

    def _located(self, locator: str | None) -> int:
        if locator in {None, "", "null"}:
            return 0
        try:
            return int(str(locator).removeprefix("MTAw"), 36)
        except ValueError:
            raise no("INVALIDLOCATOR", f"Invalid locator: {locator}") from None

    # ---------------------------------------------------------------------------------------------------- ingest

    @sim.post(f"{_JOBS}/ingest")
    def create_ingest(self, call: Call) -> Row:
        """Open a job; its data is uploaded next."""
        body = body_of(call)
        operation = body.get("operation")
        if operation not in _OPERATIONS:
            raise no("INVALIDJOB", f"unknown operation: {operation}")
        kind = self.org.find_kind(str(body.get("object")))
        if kind is None or not kind.writable:
            raise no("INVALIDENTITY", f"Entity '{body.get('object')}' is not supported by the Bulk API.")
        if operation == "upsert":
            field = self.org.field(kind, str(body.get("externalIdFieldName", "")))
            if field is None or not (field.external or field.type == "id"):
                raise no("INVALIDJOB", "InvalidJob : External ID was blank or is no external id field")
        job = self._job(call, body, operation=operation, object=kind.name, jobType="V2Ingest")
        job.info["externalIdFieldName"] = body.get("externalIdFieldName")
        job.info["contentUrl"] = f"services/data/v{call.slots['version']}/jobs/ingest/{job.info['id']}/batches"
        return self._told(job)

    @sim.put(f"{_JOBS}/ingest/{{id}}/batches")
    def upload(self, call: Call) -> Reply:
        """The job's data, once."""
        job = self._find(call, "V2Ingest")
        if job.info["state"] != "Open" or job.upload:
            raise no("INVALIDJOBSTATE", "Job is not open, or has its data already")
        if "csv" not in call.headers.get("content-type", ""):
            raise no("UNSUPPORTED_MEDIA_TYPE", "The content must be text/csv", status=415)
        job.upload = call.raw.decode("utf-8-sig", "replace")
        return Reply(None, 201)

    @sim.patch(f"{_JOBS}/ingest/{{id}}")
    def close_ingest(self, call: Call) -> Row:
        """UploadComplete queues the job, Aborted ends it."""
        job, body = self._find(call, "V2Ingest"), body_of(call)
        if body.get("state") == "Aborted":
            return self._aborted(job, body)
        if body.get("state") != "UploadComplete" or job.info["state"] != "Open":
            raise no("INVALIDJOBSTATE", f"Job state {job.info['state']} cannot become {body.get('state')}")
        job.info["state"] = "UploadComplete"
        job.info.pop("contentUrl", None)
        self.queue.start(lambda: self._ingest(job), id=job.info["id"])
        return self._told(job)

    @sim.get(f"{_JOBS}/ingest")
    def list_ingests(self, call: Call) -> Row:
        """All ingest jobs."""
        return self._list("V2Ingest")

    @sim.get(f"{_JOBS}/ingest/{{id}}")
    def ask_ingest(self, call: Call) -> Row:
        """How far a job is; asking moves it on."""
        return self._asked(call, "V2Ingest")

    @sim.delete(f"{_JOBS}/ingest/{{id}}")
    def drop_ingest(self, call: Call) -> None:
        """Forget a job."""
        self._find(call, "V2Ingest")
        del self._bulk[normal(call.slots["id"]) or ""]

    @sim.get(f"{_JOBS}/ingest/{{id}}/successfulResults")
    def successful(self, call: Call) -> Reply:
        """What was written."""
        job = self._find(call, "V2Ingest")
        return self._file(job, ["sf__Id", "sf__Created"], job.good)

    @sim.get(f"{_JOBS}/ingest/{{id}}/failedResults")
    def failed(self, call: Call) -> Reply:
        """What was refused, and why."""
        job = self._find(call, "V2Ingest")
        return self._file(job, ["sf__Id", "sf__Error"], job.bad)

    @sim.get(f"{_JOBS}/ingest/{{id}}/unprocessedrecords")
    @sim.get(f"{_JOBS}/ingest/{{id}}/unprocessedRecords")
    def unprocessed(self, call: Call) -> Reply:
        """What an aborted or failed job did not come to."""
        job = self._find(call, "V2Ingest")
        return self._file(job, [], job.rest)

    def _ingest(self, job: Job) -> Row:
        kind = self.org.kind(job.info["object"])
        text = csv.reader(io.StringIO(job.upload), delimiter=_DELIMITERS[job.info["columnDelimiter"]])
        lines = [line for line in text if line]
        job.columns, lines = (lines[0], lines[1:]) if lines else ([], [])
        unknown = [name for name in job.columns if "." not in name and self.org.field(kind, name) is None]
        if unknown or not job.columns:
            job.rest = lines
            name = unknown[0] if unknown else ""
            return {"state": "Failed", "errorMessage": f"InvalidBatch : Field name not found : {name}"}
        for start in range(0, len(lines), _CHUNK):
            at = self.org.begin()
            for line in lines[start : start + _CHUNK]:
                self._line(job, kind, line, at)
        return {"numberRecordsProcessed": len(lines), "numberRecordsFailed": len(job.bad)}

    def _line(self, job: Job, kind: Kind, line: list[str], at: Transaction) -> None:
        given = _values(job.columns, line)
        key = next((value for name, value in given.items() if name.lower() == "id"), None)
        with self.org.savepoint() as point:
            try:
                row, made = self._applied(job.info, kind, given, key, at)
            except Refusal as problem:
                point.undo()
                fields = ",".join(problem.about.get("fields") or [])
                job.bad.append([str(key or ""), f"{problem.code}:{problem.message}:{fields} --", *line])
            else:
                job.good.append([row["Id"], "true" if made else "false", *line])

    def _applied(self, info: Row, kind: Kind, given: Row, key: Any, at: Transaction) -> tuple[Row, bool]:
        operation = info["operation"]
        values = {name: value for name, value in given.items() if name.lower() != "id"}
        if operation == "insert":
            return writing.create(self.org, kind, values, at), True
        name = info.get("externalIdFieldName") or "Id"
        if operation == "upsert" and name.lower() != "id":
            field = self.external_field(kind, name)
            value = next((values.pop(one) for one in list(values) if one.lower() == field.name.lower()), None)
            if not value:
                raise no("MISSING_ARGUMENT", f"{field.name} not specified", fields=[field.name])
            found = self.org.shelves[kind.name].living(field.name, value)
            if len(found) > 1:
                raise no("DUPLICATE_EXTERNAL_ID", f"{field.name}: more than one record found", fields=[field.name])
            return self.put(kind, (field, value), values, found, at)
        if operation == "upsert" and not key:
            return writing.create(self.org, kind, values, at), True
        row = self._known(kind, key)
        if operation in {"update", "upsert"}:
            return writing.update(self.org, kind, row, values, at), False
        if not row.get("IsDeleted"):
            writing.delete(self.org, kind, row, at)
        elif operation == "delete":
            raise no("ENTITY_IS_DELETED", "entity is deleted", fields=[])
        if operation == "hardDelete":
            writing.purge(self.org, kind, row, at)
        return row, False

    # -------------------------------------------------------------------------------------------------- both

    def _job(self, call: Call, body: Row, **info: Any) -> Job:
        delimiter, ending = body.get("columnDelimiter", "COMMA"), body.get("lineEnding", "LF")
        if delimiter not in _DELIMITERS or ending not in _ENDINGS:
            raise no("INVALIDJOB", f"unknown columnDelimiter {delimiter} or lineEnding {ending}")
        now = stamp(call.now)
        job = Job(
            {
                "id": ids.long(self.org.ids.new("750")),
                **info,
                "createdById": self.org.user_id,
                "createdDate": now,
                "systemModstamp": now,
                "state": "Open",
                "concurrencyMode": "Parallel",
                "contentType": "CSV",
                "apiVersion": float(call.slots["version"]),
                "lineEnding": ending,
                "columnDelimiter": delimiter,
            }
        )
        self._bulk[job.info["id"]] = job
        return job

    def _find(self, call: Call, type_: str) -> Job:
        job = self._bulk.get(normal(call.slots["id"]) or "")
        if job is None or job.info["jobType"] != type_:
            raise no("NOT_FOUND", "The requested resource does not exist", status=404)
        return job

    def _asked(self, call: Call, type_: str) -> Row:
        job = self._find(call, type_)
        if job.info["state"] in {"UploadComplete", "InProgress"}:
            asked = self.queue.ask(job.info["id"])
            job.info["state"] = _STATES[asked.status]
            if asked.status == "done":
                job.info |= {"state": "JobComplete", **asked.result, "systemModstamp": stamp(call.now)}
        done = {"retries": 0, "totalProcessingTime": 12, "numberRecordsProcessed": 0}
        if type_ == "V2Ingest":
            done |= {"numberRecordsFailed": 0, "apiActiveProcessingTime": 10, "apexProcessingTime": 0}
        return {**done, **self._told(job)}

    def _told(self, job: Job) -> Row:
        return {name: value for name, value in job.info.items() if value is not None}

    def _list(self, type_: str) -> Row:
        rows = [self._told(job) for job in self._bulk.values() if job.info["jobType"] == type_]
        return {"done": True, "records": rows, "nextRecordsUrl": None}

    def _aborted(self, job: Job, body: Row) -> Row:
        if body.get("state") != "Aborted" or job.info["state"] in {"JobComplete", "Failed", "Aborted"}:
            raise no("INVALIDJOBSTATE", f"Aborting already {job.info['state']} job not allowed")
        job.info["state"] = "Aborted"
        return self._told(job)

    def _file(self, job: Job, head: list[str], lines: list[list[str]]) -> Reply:
        if job.info["state"] not in {"JobComplete", "Failed", "Aborted"}:
            raise no("INVALIDJOBSTATE", "The job is not complete")
        return Reply(_csv([*head, *job.columns], lines, job.info), 200, media="text/csv")


def _values(columns: list[str], line: list[str]) -> Row:
    """A line as a record: an empty field is left alone, and `Account.Ext__c` names a parent."""
    found: Row = {}
    for name, text in zip(columns, line, strict=False):
        if text == "":
            continue
        value = None if text == _NULL else text
        relation, _, field = name.partition(".")
        if field:
            found[relation] = {field: value}
        else:
            found[name] = value
    return found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text.removesuffix("+0000") + "Z" if text.endswith(".000+0000") else text


def _csv(columns: list[str], lines: list[list[str]], info: Row) -> bytes:
    out = io.StringIO(newline="")
    delimiter = _DELIMITERS[info["columnDelimiter"]]
    writer = csv.writer(out, delimiter=delimiter, lineterminator=_ENDINGS[info["lineEnding"]], quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows(lines)
    return out.getvalue().encode()


def _locator(start: int) -> str:
    digits = ""
    while start:
        start, digit = divmod(start, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"MTAw{digits}"
