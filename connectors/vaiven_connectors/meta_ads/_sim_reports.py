"""Reports in the background: ask for one, look at its percentage, read its rows.

developers.facebook.com/docs/marketing-api/insights/async: `async_status` goes from Job Not Started over Job Started and
Job Running to Job Completed, Job Failed or Job Skipped; a report is there for 30 days. What a failed one says since
v25.0: developers.facebook.com/blog/post/2026/01/08. Rows asked for too early: 2601/1815107, of which several clients'
code speaks. Read 2026-11-25.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vaiven_connectors.meta_ads._sim_base import serves
from vaiven_connectors.meta_ads._sim_insights import Insights, Report
from vaiven_connectors.meta_ads._sim_words import Ask, Json, graph_error, unsupported
from vaiven_sdk.testing import Quirk, action

_KEPT = 30 * 86400
_STEPS = (("Job Not Started", 0), ("Job Started", 0), ("Job Running", 50), ("Job Running", 100))
"""The last one is no mistake: the percentage is full a moment before the status says so."""
_FAILED = {
    "error_code": 100,
    "error_subcode": 1487534,
    "error_message": "Please reduce the amount of data you're asking for, then retry your request",
    "error_user_title": "Too much data",
    "error_user_msg": "Reduce the date range or the number of fields, and ask again.",
}


@dataclass
class Work:
    """A report that is being made.

    Args:
        ask: the query.
        node: what it is about.
        polls: how often its status was asked for.
        fate: what it ends as.
        report: its rows, once it is done.
    """

    ask: Ask
    node: Json
    polls: int = 0
    fate: str = "Job Completed"
    report: Report | None = field(default=None, repr=False)


class Reports(Insights):
    """The queue."""

    report_polls = Quirk(2, "questions about a report before it is done; the clock does not matter")
    report_fails = Quirk(0, "every n-th report fails, and 1 is each; 0 is none")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.reports = self.node_table("report", "report_runs", 16)
        self._work: dict[str, Work] = {}
        self._fates: list[str] = []

    @action
    def doom_report(self, status: str = "Job Failed") -> None:
        """The next report ends as `Job Failed` or `Job Skipped`."""
        self._fates.append(status)

    @serves("POST", "account campaign adset ad", "insights")
    def start_report(self, ask: Ask, row: Json) -> Json:
        """Queue a report; what is wrong with the query is told at once."""
        self.need_read(ask)
        report = self.report(ask, row, at_once=False)
        spans = [line.span for line in report.lines] or [(self.today(), self.today())]
        run = {"account_id": row["account_id"], "time_ref": self.epoch(), "async_status": _STEPS[0][0]}
        run |= {"async_percent_completion": 0, "is_running": True, "is_bookmarked": False}
        run |= {"date_start": str(min(spans)[0]), "date_stop": str(max(one[1] for one in spans))}
        key = str(self.reports.add(run)["id"])
        work = self._work[key] = Work(ask, row)
        if self._fates:
            work.fate = self._fates.pop(0)
        elif self.report_fails and len(self._work) % self.report_fails == 0:
            work.fate = "Job Failed"
        return {"report_run_id": key}

    @serves("GET", "report")
    def read_report(self, ask: Ask, row: Json) -> Json:
        """How far a report is; each question moves it on."""
        self.need_read(ask)
        work = self._current(ask, row)
        work.polls += 1
        if work.polls > self.report_polls and row["is_running"]:
            row = self._finish(row["id"], work)
        elif row["is_running"]:
            step = min(work.polls * len(_STEPS) // (self.report_polls + 1), len(_STEPS) - 1)
            status, percent = _STEPS[step]
            row = self.reports.change(row["id"], {"async_status": status, "async_percent_completion": percent})
        return self.show(ask, "report", row, self.wanted(ask, "report"))

    def _finish(self, key: str, work: Work) -> Json:
        done = {"async_status": work.fate, "is_running": False, "time_completed": self.epoch()}
        if work.fate == "Job Completed":
            work.report = self.report(work.ask, work.node, at_once=False)
            return self.reports.change(key, {**done, "async_percent_completion": 100})
        return self.reports.change(key, {**done, **(_FAILED if work.fate == "Job Failed" else {})})

    @serves("GET", "report", "insights")
    def read_rows(self, ask: Ask, row: Json) -> Json:
        """The rows of a report that is done, as they were at that moment.

        Raises:
            Refusal: 2601, it is not done.
        """
        self.need_read(ask)
        work = self._current(ask, row)
        if work.report is None:
            raise graph_error(
                2601,
                "(#2601) Error accessing adreport job.",
                subcode=1815107,
                transient=True,
                title="Loading Async Ads Report Failed",
                user_msg="Sorry, the report could not be loaded. Check its status before you read it.",
            )
        return self.page_of(ask, work.report)

    def _current(self, ask: Ask, row: Json) -> Work:
        if self.epoch() - row["time_ref"] > _KEPT:
            raise unsupported(ask.method, row["id"])
        return self._work[row["id"]]
