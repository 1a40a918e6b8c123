"""Write Singer rows to a vendor: find first, write only what differs, an outcome for each row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import ValidationError

from vaiven_sdk.errors import RequestRefused
from vaiven_sdk.singer.wanted import RowInvalid, Wanted
from vaiven_sdk.write import Outcome, Write, complete

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vaiven_sdk.record import Record
    from vaiven_sdk.session import Session
    from vaiven_sdk.stream import Stream


@dataclass(slots=True)
class Written:
    """What became of some rows.

    Args:
        outcomes: one per row, with the row it is about.
        ids: the vendor's ids of all records that the rows stand for.
    """

    outcomes: list[tuple[Wanted, Outcome]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Writing:
    """Writes rows of one stream.

    Args:
        session: how to call the vendor.
        stream: where to.
    """

    session: Session[Any]
    stream: Stream[Any, Any]

    async def write(self, rows: Sequence[Wanted]) -> Written:
        """Write the rows; of several about one record the last counts.

        Raises:
            VaivenError: the vendor is in trouble; what was written before stays, and a repeated run finds it.
        """
        written = Written()
        last = {row.hub_id: row for row in rows}
        found = await self._find(list(last.values()))
        plans: dict[str, list[tuple[Wanted, Write[Any]]]] = {"create": [], "update": [], "delete": []}
        for row in last.values():
            there = found.get(row.hub_id)
            try:
                planned = self._plan(row, there)
            except RowInvalid as problem:
                planned = _rejected(row, "invalid", str(problem))
            if there is not None and not row.deleted:
                written.ids.add(there.remote_id)
            if isinstance(planned, Outcome):
                written.outcomes.append((row, planned))
            else:
                plans[planned.op].append((row, planned))
        for op, some in plans.items():
            await self._send(op, some, written)
        return written

    async def _find(self, rows: Sequence[Wanted]) -> dict[str, Record[Any]]:
        """The records that the rows stand for, by hub id: by the vendor's id, by ours, or by what makes them unique."""
        finder = self.stream.finder
        if finder is None:
            return {}
        out: dict[str, Record[Any]] = {}
        for start in range(0, len(rows), finder.batch):
            some = [(row, *self._asked(row)) for row in rows[start : start + finder.batch]]
            asked = [write for _, write, good in some if good]
            records = self._decoded(await finder.function(self.session, asked)) if asked else []
            by_id = {record.remote_id: record for record in records}
            by_hub = {record.record_hub_id: record for record in records if record.record_hub_id}
            for row, write, good in some:
                if good:
                    match = by_id.get(write.id) if write.id else by_hub.get(row.hub_id) or self._same(write, records)
                    if match is not None:
                        out[row.hub_id] = match
        return out

    def _asked(self, row: Wanted) -> tuple[Write[Any], bool]:
        try:
            record, names = row.fresh()
        except RowInvalid:
            return row.write("update", self.stream.record.model_construct(), row.id, set(), None), False
        return row.write("update" if row.id else "create", record, row.id, names, None), True

    def _same(self, write: Write[Any], records: Iterable[Record[Any]]) -> Record[Any] | None:
        """The record that a create would make a second time, as the finder gave it: equal in all that names it."""
        creator = self.stream.writers.get("create")
        names = (creator.needs if creator else ()) or ("email",)
        wanted = write.record.unified()
        if not all(wanted.get(name) for name in names):
            return None
        return next((r for r in records if all(r.unified().get(n) == wanted[n] for n in names)), None)

    def _decoded(self, items: Iterable[Any]) -> list[Record[Any]]:
        out = []
        for item in items:
            try:
                out.append(self.stream.record.model_validate_json(msgspec.json.encode(item)))
            except ValidationError:
                # The vendor's own record does not fit its class: it cannot be compared, so it counts as not found.
                continue
        return out

    def _plan(self, row: Wanted, there: Record[Any] | None) -> Write[Any] | Outcome:
        if row.deleted:
            if there is None:
                return Outcome(row.hub_id, "unchanged", row.id)
            return row.write("delete", there, there.remote_id, set(), there)
        if there is not None:
            record, names = row.changed(there)
            if not names:
                return Outcome(row.hub_id, "unchanged", there.remote_id)
            return row.write("update", record, there.remote_id, names, there)
        if row.id is not None:
            return _rejected(row, "not_found", "There is no record with this id.")
        creator = self.stream.writers.get("create")
        if creator is None:
            return _rejected(row, "cannot_create", f"{self.stream.name} can be changed, not created.")
        record, names = row.fresh()
        values = record.unified()
        missing = [name for name in creator.needs if not values.get(name)]
        if missing:
            return _rejected(row, "missing_field", f"It lacks {', '.join(missing)}, without which none is created.")
        if creator.consent and values.get(creator.consent) != "granted":
            return _rejected(row, "no_consent", f"{creator.consent} is not granted.")
        return row.write("create", record, None, names, None)

    async def _send(self, op: str, some: Sequence[tuple[Wanted, Write[Any]]], written: Written) -> None:
        writer = self.stream.writers.get(op)
        if writer is None:
            written.outcomes += [(row, _rejected(row, f"cannot_{op}", f"No {op} here.")) for row, _ in some]
            return
        for start in range(0, len(some), writer.batch):
            part = some[start : start + writer.batch]
            outcomes: list[Outcome] = []
            await self._halved(writer.function, [write for _, write in part], outcomes)
            for (row, _), outcome in zip(part, outcomes, strict=True):
                written.outcomes.append((row, outcome))
                if outcome.id and outcome.status != "deleted":
                    written.ids.add(outcome.id)

    async def _halved(self, function: Any, writes: Sequence[Write[Any]], outcomes: list[Outcome]) -> None:
        """A refused batch is halved down to the record that is to blame."""
        try:
            outcomes.extend(complete(writes, await function(self.session, writes)))
        except RequestRefused as problem:
            if len(writes) == 1:
                outcomes.append(writes[0].rejected(f"http_{problem.status}", problem.why or problem.what))
                return
            half = len(writes) // 2
            await self._halved(function, writes[:half], outcomes)
            await self._halved(function, writes[half:], outcomes)


def _rejected(row: Wanted, code: str, reason: str) -> Outcome:
    return Outcome(row.hub_id, "rejected", row.id, code=code, reason=reason)
