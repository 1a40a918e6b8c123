"""Work that a vendor does later: 202, a job to ask about, and a result to fetch."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from vaiven_sdk.testing.clock import Clock
from vaiven_sdk.testing.refusal import Refusal

Status = Literal["queued", "running", "done", "failed"]


@dataclass(slots=True)
class Job:
    """One piece of work.

    Args:
        id: of the job.
        status: so far.
        asked: how often its status was asked for.
        result: what the work gave, once done.
        problem: why it failed.
    """

    id: str
    status: Status = "queued"
    asked: int = 0
    result: Any = None
    problem: str = ""
    due: float = 0.0
    work: Callable[[], Any] | None = None


class Jobs:
    """A vendor's queue. A job is done after so many questions, or so many seconds of the vendor's clock: no one waits.

    Args:
        clock: the vendor's.
        polls: questions that are answered with `queued` or `running` before it is done.
        seconds: of the clock until it is done.
        fail: every n-th job fails (1: each one); 0 is none.
        expires: seconds after which a finished job is forgotten; None is never.
    """

    def __init__(
        self, clock: Clock, *, polls: int = 1, seconds: float = 0.0, fail: int = 0, expires: float | None = None
    ) -> None:
        self._clock = clock
        self._polls, self._seconds, self._fail, self._expires = polls, seconds, fail, expires
        self.all: dict[str, Job] = {}

    def start(self, work: Callable[[], Any], *, id: str = "") -> Job:  # noqa: A002
        """Queue `work`; it runs when the job becomes done, so it sees what is there by then."""
        job = Job(id or f"job-{len(self.all) + 1}", due=self._clock.now().timestamp() + self._seconds, work=work)
        self.all[job.id] = job
        return job

    def ask(self, job_id: str) -> Job:
        """The job as it is now; asking moves it on.

        Raises:
            Refusal: `not_found`.
        """
        job = self.all.get(job_id)
        now = self._clock.now().timestamp()
        if job is None or (self._expires is not None and now > job.due + self._expires):
            raise Refusal("not_found", f"there is no job {job_id}", about={"id": job_id})
        if job.work is None:
            return job
        job.asked += 1
        if job.asked <= self._polls or now < job.due:
            job.status = "running" if job.asked > 1 else "queued"
            return job
        number = [*self.all].index(job_id) + 1
        work, job.work = job.work, None
        if self._fail and number % self._fail == 0:
            job.status, job.problem = "failed", "the work could not be done"
        else:
            job.status, job.result = "done", work()
        return job

    def result(self, job_id: str) -> Any:
        """What a finished job gave.

        Raises:
            Refusal: `not_found` while there is none.
        """
        job = self.all.get(job_id)
        if job is None or job.status != "done":
            raise Refusal("not_found", f"job {job_id} has no result", about={"id": job_id})
        return job.result


def as_jsonl(rows: Iterable[Any], *, compress: bool = False) -> bytes:
    """One JSON document a line."""
    content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    return gzip.compress(content, mtime=0) if compress else content


def as_csv(rows: Iterable[Mapping[str, Any]], columns: Iterable[str], *, compress: bool = False) -> bytes:
    """Comma-separated values with a head, as RFC 4180 has it; null is empty."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(columns), extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    content = out.getvalue().encode()
    return gzip.compress(content, mtime=0) if compress else content
