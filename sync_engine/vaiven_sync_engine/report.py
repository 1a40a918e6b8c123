"""What a run did, for people and for machines."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_sync_engine.stage import Staged

if TYPE_CHECKING:
    from vaiven_sdk import VaivenError
    from vaiven_sync_engine.plan import Plan
    from vaiven_sync_engine.pull import Pulled
    from vaiven_sync_engine.push import Pushed


@dataclass(slots=True)
class StreamReport:
    """One stream of one connection in one run."""

    connection: str
    stream: str
    pulled: Pulled | None = None
    pushed: Pushed | None = None
    skipped: Counter[str] = field(default_factory=Counter)
    error: VaivenError | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        pushed = None
        if self.pushed is not None:
            names = [f.name for f in dataclasses.fields(self.pushed) if f.name not in {"error", "reasons"}]
            pushed = {name: getattr(self.pushed, name) for name in names}
            pushed["reasons"] = dict(self.pushed.reasons)
        return {
            "connection": self.connection,
            "stream": self.stream,
            "pulled": dataclasses.asdict(self.pulled) if self.pulled else None,
            "pushed": pushed,
            "skipped": dict(self.skipped),
            "error": self.error.as_dict() if self.error else None,
        }


@dataclass(slots=True)
class Report:
    """One run.

    Args:
        status: `ok`; `partial`: some connection failed, the rest is done; `awaiting_approval`: a first sync planned and
            stopped; `failed`; `interrupted`.
        plan: the first plan of the run, before anything was written.
    """

    run: str
    kind: str
    status: str = "ok"
    streams: dict[int, StreamReport] = field(default_factory=dict)
    staged: Staged = field(default_factory=Staged)
    plan: Plan | None = None
    errors: dict[str, VaivenError] = field(default_factory=dict)
    seconds: float = 0.0
    requests: int = 0
    rounds: int = 0

    @property
    def pulled(self) -> int:
        """Records read."""
        return sum(s.pulled.records for s in self.streams.values() if s.pulled)

    @property
    def writes(self) -> int:
        """Writes that took effect at some tool."""
        return sum(s.pushed.writes for s in self.streams.values() if s.pushed)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        plan = None
        if self.plan is not None:
            counts = self.plan.counts()  # a defaultdict of counters
            plan = {
                "digest": self.plan.digest,
                "writes": len(self.plan.writes),
                "by_stream": [
                    {
                        "connection": self.streams[source].connection,
                        "stream": self.streams[source].stream,
                        **{op: counts[source][op] for op in ("create", "update", "delete")},
                        "skipped": {why: n for (s, why), n in self.plan.skipped.items() if s == source},
                    }
                    for source in sorted(counts.keys() | {s for s, _ in self.plan.skipped})
                    if source in self.streams
                ],
            }
        return {
            "run": self.run,
            "kind": self.kind,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "requests": self.requests,
            "rounds": self.rounds,
            "pulled": self.pulled,
            "writes": self.writes,
            "unified": dataclasses.asdict(self.staged),
            "streams": [s.as_dict() for s in self.streams.values()],
            "plan": plan,
            "errors": {name: error.as_dict() for name, error in self.errors.items()},
        }
