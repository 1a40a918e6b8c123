"""What a connector is asked to write, and what it answers: one outcome per record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from vaiven_sdk.record import Record

NO_ANSWER = "no_answer"
"""Code of a write that the connector's answer does not mention: the engine reads the record back in its next run."""

R = TypeVar("R", bound=Record[Any])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write.

    Args:
        hub_id: which write it was.
        status: `created`, `updated`, `unchanged`, `deleted`; `rejected` with a `code` and a `reason`; `overtaken` when
            the vendor's own guard (an ETag, say) refused because the record had changed.
        id: the vendor's id of the record.
        stored: the record as the vendor now keeps it (its JSON), when the answer had it; read back otherwise.
        code: the vendor's own reason code, for grouping.
        reason: a sentence for people.
    """

    hub_id: str
    status: Literal["created", "updated", "unchanged", "deleted", "rejected", "overtaken"]
    id: str | None = None
    stored: Mapping[str, Any] | None = None
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Write(Generic[R]):
    """One record to write.

    Args:
        op: what the hub wants.
        hub_id: the hub's id of the entity: carry it on create where the vendor has a place for it.
        record: the record as it should become, all fields; of a deletion, as it was last seen.
        id: the vendor's id; None when the record is to be created.
        changed: names of the fields to write.
        idempotency_key: the same for every attempt of this write.
        before: the record as the hub last saw it, for vendors that must be told what to remove; None on create.
    """

    op: Literal["create", "update", "delete"]
    hub_id: str
    record: R
    id: str | None
    changed: frozenset[str] = frozenset()
    idempotency_key: str = ""
    before: R | None = None

    @property
    def patch(self) -> dict[str, Any]:
        """The vendor's JSON of just the fields to write."""
        return self.record.to_wire(set(self.changed))

    def saved(self, remote_id: str, stored: Mapping[str, Any] | None = None) -> Outcome:
        """The write took effect; give `stored`, the vendor's record, if its answer had it."""
        return Outcome(self.hub_id, "created" if self.op == "create" else "updated", remote_id, stored)

    def deleted(self) -> Outcome:
        """The record is gone (or archived) at the vendor."""
        return Outcome(self.hub_id, "deleted", self.id)

    def overtaken(self) -> Outcome:
        """The vendor refused because the record has changed since `before`: it is read, merged and planned again."""
        return Outcome(self.hub_id, "overtaken", self.id)

    def rejected(self, code: str, reason: str) -> Outcome:
        """The vendor refuses this record and would refuse it again."""
        return Outcome(self.hub_id, "rejected", self.id, code=code, reason=reason)


@dataclass(frozen=True, slots=True)
class Writer:
    """A function that writes up to `batch` records at once, with what it needs of an entity before it creates."""

    function: Any
    batch: int = 1
    needs: tuple[str, ...] = ()
    consent: str | None = None


def complete(writes: Sequence[Write[Any]], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """One outcome per write, in order; a write that the connector did not answer for is rejected as `NO_ANSWER`."""
    # One entity may have several records in a tool (duplicates), hence several writes in a batch.
    exact = {(outcome.hub_id, outcome.id): outcome for outcome in outcomes}
    loose = {outcome.hub_id: outcome for outcome in outcomes}
    several = Counter(write.hub_id for write in writes)
    return [
        exact.get((write.hub_id, write.id))
        or (loose.get(write.hub_id) if several[write.hub_id] == 1 else None)
        or write.rejected(NO_ANSWER, "The vendor's answer does not mention this record.")
        for write in writes
    ]
