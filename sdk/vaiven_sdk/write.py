"""What a connector is asked to write, and what it answers: one outcome per record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from vaiven_sdk.evidence import Proof
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
        proofs: the person's own acts behind the consents that are written, by unified field, where one is known: for
            vendors that want to be told when and how somebody agreed.
    """

    op: Literal["create", "update", "delete"]
    hub_id: str
    record: R
    id: str | None
    changed: frozenset[str] = frozenset()
    idempotency_key: str = ""
    before: R | None = None
    proofs: Mapping[str, Proof] = field(default_factory=dict)

    @property
    def patch(self) -> dict[str, Any]:
        """The vendor's JSON of just the fields to write."""
        return self.record.to_wire(set(self.changed))

    def saved(self, remote_id: str, stored: Mapping[str, Any] | None = None) -> Outcome:
        """The write took effect; give `stored`, the vendor's record, if its answer had it."""
        return Outcome(self.hub_id, "created" if self.op == "create" else "updated", remote_id, stored)

    def added(self, stored: Mapping[str, Any] | None = None) -> Outcome:
        """The link exists now: its id is what it ties together, since vendors give a membership none of its own."""
        return Outcome(self.hub_id, "created", self.record.remote_id, stored)

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
    """A function that writes up to `batch` records at once, with what it needs of an entity before it creates.

    Args:
        most_bytes: of the patches in one call, where the vendor caps the size of a request; 0 for no cap.
    """

    function: Any
    batch: int = 1
    needs: tuple[str, ...] = ()
    consent: str | None = None
    most_bytes: int = 0


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


def multistatus(
    writes: Sequence[Write[Any]],
    rows: Iterable[Mapping[str, Any]],
    *,
    key: Callable[[Mapping[str, Any]], Any] | None = None,
    of: Callable[[Write[Any]], Any] | None = None,
    id: str | Callable[[Mapping[str, Any]], Any] = "id",  # noqa: A002
    failed: Callable[[Mapping[str, Any]], tuple[str, str] | None] = lambda _: None,
    stored: Callable[[Mapping[str, Any]], Mapping[str, Any] | None] = lambda _: None,
) -> list[Outcome]:
    """Outcomes from the rows of a batch's answer, matched to the writes without guessing.

    A write gets no outcome when its row is missing or cannot be told from another's: the engine then looks up what
    became of it.

    Args:
        writes: the batch.
        rows: the answer's, in any order when there is a `key`, else in the order of the writes.
        key: what in a row says which write it is of; by position when left out, and then there must be as many rows.
        of: the same of a write; its id, or the hub's id of what is created, when left out.
        id: where a row has the record's id.
        failed: reason code and sentence of a row that says no; None of one that says yes.
        stored: the whole record of a row, as its vendor keeps it, where the row has it.
    """
    given = list(rows)
    if key is None:
        pairs = list(zip(writes, given, strict=True)) if len(given) == len(writes) else []
    else:
        named = [(str(key(row)), row) for row in given]
        wanted = [(str(of(w) if of else w.id or w.hub_id), w) for w in writes]
        once = Counter(name for name, _ in named)
        mine = Counter(name for name, _ in wanted)
        by_key = dict(named)
        pairs = [(w, by_key[name]) for name, w in wanted if once[name] == 1 and mine[name] == 1]
    out = [
        _outcome(write, row, row.get(id) if isinstance(id, str) else id(row), failed, stored) for write, row in pairs
    ]
    return [outcome for outcome in out if outcome is not None]


def _outcome(
    write: Write[Any],
    row: Mapping[str, Any],
    remote_id: Any,
    failed: Callable[[Mapping[str, Any]], tuple[str, str] | None],
    stored: Callable[[Mapping[str, Any]], Mapping[str, Any] | None],
) -> Outcome | None:
    if (refused := failed(row)) is not None:
        return write.rejected(*refused)
    if write.op == "delete":
        return write.deleted()
    known = write.id if remote_id is None else str(remote_id)
    return None if known is None else write.saved(known, stored(row))


def fitting(writes: Sequence[Write[Any]], most_bytes: int) -> Iterator[Sequence[Write[Any]]]:
    """The writes in groups whose patches have at most so many bytes; one that has more by itself stands alone."""
    import msgspec  # noqa: PLC0415

    start, size = 0, 0
    for number, write in enumerate(writes if most_bytes else ()):
        more = len(msgspec.json.encode(write.patch if write.op != "delete" else write.id)) + 1
        if size + more > most_bytes and number > start:
            yield writes[start:number]
            start, size = number, 0
        size += more
    if writes[start:]:
        yield writes[start:]
