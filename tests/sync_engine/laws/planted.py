"""Faults to plant into the engine from outside: each takes out, or gets wrong, one thing that two-way sync rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.sync_engine.laws.vendor import Vendor
from vaiven_sdk import Outcome
from vaiven_sdk.http import Http
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine import merge, plan, pull, push
from vaiven_sync_engine.consent.rule import Verdict
from vaiven_sync_engine.engine import Engine
from vaiven_sync_engine.landing import Landing
from vaiven_sync_engine.store import pages
from vaiven_sync_engine.times import earlier

Patch = pytest.MonkeyPatch
decode, encode = msgspec.json.decode, msgspec.json.encode


def blind_write(patch: Patch) -> None:
    """Nobody checks, in the instant of a write, that the record is still the one that was read."""
    honest = Vendor._one

    def one(self: Vendor, op: str, kind: str, row: dict[str, Any]) -> Any:
        known = self.stored[kind].get(row.get("id", ""))
        return honest(self, op, kind, {**row, "version": known["version"]} if known else row)

    patch.setattr(Vendor, "_one", one)


def no_shadow(patch: Patch) -> None:
    """What a tool says is compared with the hub's value, not with what it said before."""

    def naive(entity: Any, seen: Any, specs: Any, _: Any = None) -> list[Any]:
        for name, value in seen.fields.items():
            if name in specs and entity.values.get(name) != value:
                seen.shadow[name] = [value, entity.set(name, value, *seen.origin, seen.at, "naive")]
        return []

    patch.setattr("vaiven_sync_engine.stage.observe", naive)


def values_compared(patch: Patch) -> None:
    """Plans compare values instead of revisions: a tool that lower-cases is written to for ever."""

    def update(self: Any, kind: str, entity: Any, target: Any, row: Any) -> None:
        shadow = decode(row["shadow"] or "{}")
        fields = {
            n: (entity.values.get(n), entity.rev_of(n))
            for n in target.stream.writable
            if entity.values.get(n) != decode(row["fields"]).get(n) and self._sendable(target, n, entity)
        }
        if fields:
            before = {n: (shadow.get(n) or [None])[0] for n in fields}
            where = ("update", target.id, kind, entity.id, row["remote_id"])
            self.out.writes.append(plan.Planned(*where, fields, before, row["version"]))

    patch.setattr(plan._Pass, "_update", update)


def no_journal(patch: Patch) -> None:
    """Writes are not noted before they leave: after a crash nobody looks what became of them."""
    patch.setattr(push, "open_intents", lambda *args: [f"unkept-{n}" for n, _ in enumerate(args[-1])])


def no_hub_id(patch: Patch) -> None:
    """What we created is not recognised as ours: neither by the id that it carries nor by the lookup."""
    patch.setattr("vaiven_sdk.record.Record.record_hub_id", None)
    patch.setattr(push, "is_same", lambda *_: False)


def old_pages_taken(patch: Patch) -> None:
    """An older version of a record replaces a newer one."""
    patch.setattr(pages, "_UPSERT", pages._UPSERT.replace("excluded.version >= record.version AND", ""))


def position_first(patch: Patch) -> None:
    """The position is saved before the rows that it stands for."""
    honest = pull.Puller._store

    async def store(self: Any, page: Any, *, deleted: bool = False) -> None:
        if "walk" in self.position and self.position["walk"].get("high"):
            ahead = encode({"since": earlier(self.position["walk"]["high"], -1)}).decode()
            await self.database.run(
                lambda c: c.execute("UPDATE source SET position = ? WHERE id = ?", (ahead, self.source))
            )
        await honest(self, page, deleted=deleted)

    patch.setattr(pull.Puller, "_store", store)


def agreed_when_queued(patch: Patch) -> None:
    """A write counts as agreed on before its answer is there."""
    honest = push.Pusher._batch

    async def batch(self: Any, op: str, writes: Any) -> None:
        def agree(connection: Any) -> None:
            for w in writes:
                where = (self.tenant, self.source.id, w.remote_id)
                row = connection.execute(
                    "SELECT shadow FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", where
                ).fetchone()
                shadow = decode(row["shadow"] or "{}")
                shadow.update({n: [(shadow.get(n) or [None])[0], rev] for n, (_, rev) in w.fields.items()})
                connection.execute(
                    "UPDATE record SET shadow = ? WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
                    (encode(shadow).decode(), *where),
                )

        if op == "update":
            await self.database.run(agree)
        await honest(self, op, writes)

    patch.setattr(push.Pusher, "_batch", batch)


def losers_dropped(patch: Patch) -> None:
    """Values that lose are not kept."""
    patch.setattr("vaiven_sync_engine.stage.Stage._keep", lambda *_: None)


def refusals_ignored(patch: Patch) -> None:
    """A batch that was answered counts as done, whatever it says of each record."""
    honest = push.Pusher._acknowledge

    def acknowledge(self: Any, connection: Any, batch: Any, ids: Any, outcomes: Any, *stored: Any) -> None:
        done = [
            Outcome(p.entity_id, "updated", p.remote_id) if o.status in {"rejected", "overtaken"} and p.remote_id else o
            for p, o in zip(batch, outcomes, strict=False)
        ]
        honest(self, connection, batch, ids, done, *stored)

    patch.setattr(push.Pusher, "_acknowledge", acknowledge)


def blanks_overwrite(patch: Patch) -> None:
    """A record that never had a value wipes it out elsewhere."""
    honest = merge.Observation.statements

    def statements(self: Any) -> Any:
        yield from honest(self)
        yield from ((n, None) for n in ("email", "city") if n not in self.fields and n not in self.shadow)

    patch.setattr(merge.Observation, "statements", statements)


def clearing_unheard(patch: Patch) -> None:
    """That somebody emptied a field is no news."""
    patch.setattr(merge.Observation, "statements", lambda self: iter(self.fields.items()))


def consent_by_last_writer(patch: Patch) -> None:
    """The later statement of consent wins."""

    def decide(said: Any, current: Any, origin: Any) -> Verdict:
        return Verdict(takes=said.value != current and (origin is None or said.at > origin.at), rule="last_writer")

    patch.setattr(merge, "decide", decide)


def evidence_unneeded(patch: Patch) -> None:
    """A later permission ends a refusal, whether or not the person's own act is proven."""
    honest = merge.decide

    def decide(said: Any, current: Any, origin: Any) -> Verdict:
        return honest(replace(said, proven=True), current, origin)

    patch.setattr(merge, "decide", decide)


def absence_deletes(patch: Patch) -> None:
    """What a partial read does not show is taken for deleted."""
    patch.setattr(pull.Puller, "_tracks_absence", lambda _, kind, **__: kind != "gone")


def references_early(patch: Patch) -> None:
    """People are written before their companies, and a reference to a company that is not there counts as written."""
    honest = plan._Pass._sendable

    def sendable(self: Any, target: Any, name: str, entity: Any) -> bool:
        return name == "company_id" or honest(self, target, name, entity)

    patch.setattr(plan._Pass, "_sendable", sendable)
    push_honestly = Engine._push

    async def backwards(self: Any, *args: Any) -> int:
        order, self.order = self.order, tuple(reversed(self.order))
        try:
            return await push_honestly(self, *args)
        finally:
            self.order = order

    patch.setattr(Engine, "_push", backwards)


def read_back_ignored(patch: Patch) -> None:
    """Nobody looks at what the tool made of a write: its own form of the value is met as somebody's edit."""
    honest = Landing._shadow

    def shadow(self: Any, agreed: dict[str, Any], one: Any) -> None:
        honest(self, agreed, one)
        agreed.update({name: list(sent) for name, sent in one.planned.fields.items()})

    patch.setattr(Landing, "_shadow", shadow)


def tenants_mixed(patch: Patch) -> None:
    """Accounts are loaded without asking whose they are."""

    def load_all(connection: Any, _: str) -> Any:
        return {r["id"]: accounts._of(r) for r in connection.execute("SELECT * FROM connection ORDER BY id").fetchall()}

    patch.setattr(accounts, "load_all", load_all)


def sets_by_last_writer(patch: Patch) -> None:
    """Of two sets of tags the one that is seen last stays."""

    def union(entity: Any, seen: Any, name: str, value: Any, _: Any) -> None:
        seen.shadow[name] = [value, entity.set(name, value or [], *seen.origin, seen.at, "last_writer")]

    patch.setattr(merge, "_union", union)


def sent_again_blindly(patch: Patch) -> None:
    """A write without an answer is sent again at once."""
    honest = Http.send

    async def send(self: Any, method: str, path: str, **how: Any) -> Any:
        return await honest(self, method, path, **{**how, "safe": True})

    patch.setattr(Http, "send", send)


def any_plan_runs(patch: Patch) -> None:
    """What was approved is not compared with what is about to be done."""

    async def approval(*_: Any) -> None:
        return None

    patch.setattr(Engine, "_approval", approval)


EIGHT = (
    blind_write,
    no_shadow,
    values_compared,
    no_journal,
    no_hub_id,
    old_pages_taken,
    position_first,
    agreed_when_queued,
)
"""Those that the model of the algorithm was tried with before there was an engine."""
MORE = (
    losers_dropped,
    refusals_ignored,
    blanks_overwrite,
    clearing_unheard,
    consent_by_last_writer,
    evidence_unneeded,
    absence_deletes,
    references_early,
    read_back_ignored,
    tenants_mixed,
    sets_by_last_writer,
    sent_again_blindly,
    any_plan_runs,
)
PLANTED: tuple[Callable[[Patch], None], ...] = (*EIGHT, *MORE)
