"""The demo's course: connect, dry run, sync, edits on both sides, sync, and a third sync with nothing left to do."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass

import msgspec

from vaiven_api.demo import verify
from vaiven_api.demo.company import generate
from vaiven_api.demo.edits import Edits, edit
from vaiven_api.demo.people import HUBSPOT
from vaiven_api.demo.telling import TENANT, Metered, Telling, connect, listed, peak
from vaiven_api.demo.world import World
from vaiven_registry import Registry
from vaiven_sync_engine.identity import acts
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.vault import Vault


@dataclass(slots=True)
class Story(Telling):
    """The office's course."""

    def tell(self) -> int:
        """Run it; gives the number of differences found."""
        company = generate(self.people, self.seed)
        several = f"{company.in_several / self.people:.0%} are in more than one tool"
        self.say(f"A company of {self.people:,} people (seed {self.seed}): {several}, misspelt and re-cased.")
        with World() as world:
            self.start("start and fill three simulated vendors")
            world.start(self.seed)
            world.fill(company)
            before = world.snapshots()
            self.stop()
            with Database.open(self.store) as database:
                vault = Vault.at(self.store)
                engine = Metered(database, Registry().load, lambda one: vault.open(TENANT, one.id, one.secret))
                for vendor in world.vendors.values():
                    connect(database, vault, vendor, deletes="propagate" if vendor.slug == HUBSPOT else "ignore")
                self.say(f"Connected: {', '.join(world.vendors)}. Deletions at HubSpot propagate; others are kept.")
                plan = self.dry_run(engine)
                # Nobody has emptied anything yet, so no write of the first plan may.
                differences = [
                    f"the first sync would empty {name} of {write.remote_id}"
                    for write in plan.writes
                    for name, (value, _) in write.fields.items()
                    if value in (None, "", []) and write.before.get(name)
                ]
                report = self.sync(engine, "first sync, approved by its digest", approve=plan.digest)
                self.writes(report)
                self.facts["engine_peak_mib"] = peak(resource.RUSAGE_SELF)
                self._resolution(world)
                differences += self._check(world, "compare with the vendors", before=before)
                self.start("people edit in the tools")
                edits = edit(company, world, self.seed)
                self.stop()
                self.say(f"Meanwhile people made {edits.count} edits: {_told(edits)}.")
                self.writes(self.sync(engine, "second sync"))
                differences += self._check(world, "compare again", edits)
                self._conflicts()
                third = self.sync(engine, "third sync: nothing is left to do")
                self.facts["third_cycle_writes"] = third.writes
                if third.writes or (third.plan and third.plan.writes):
                    differences.append(f"the third sync made {third.writes} writes")
                self.writes(third)
                differences += self._check(world, "compare a last time", edits, settled=True)
                differences += self._unmerge(engine)
        self.figures()
        return self.verdict(differences)

    # -- chapters

    def _resolution(self, world: World) -> None:
        held = verify.read_store(self.store)
        precision, recall = verify.pairwise(held, world.truth)
        self.facts["resolution"] = {
            "records": len(world.truth),
            "humans": self.people,
            "people": held.counts["person"],
            "precision": round(precision, 5),
            "recall": round(recall, 5),
        }
        self.facts["entities"] = held.counts
        self.say(f"  {len(world.truth):,} people's records became {held.counts['person']:,} people; there are"
                 f" {self.people:,}. Pairwise precision {precision:.4f}, recall {recall:.4f}.")  # fmt: skip
        self.say(f"  entities: {listed(held.counts)}")

    def _check(
        self,
        world: World,
        name: str,
        edits: Edits | None = None,
        *,
        before: dict[str, bytes] | None = None,
        settled: bool = False,
    ) -> list[str]:
        self.start(name)
        held, states = verify.read_store(self.store), world.states()
        verdict = verify.compare(held, states, settled=settled)
        if before is not None:
            verify.check_kept(verdict, held, {tool: msgspec.json.decode(state) for tool, state in before.items()})
        if edits is not None:
            verify.check_edits(verdict, held, states, edits)
        self.stop()
        self.facts.setdefault("checks", []).append(
            {
                "checked": dict(verdict.checked),
                "excused": dict(verdict.excused),
                "differences": len(verdict.differences),
            }
        )
        self.say(f"  compared {listed(verdict.checked)}: {len(verdict.differences)} differences")
        excused = {why: n for why, n in verdict.excused.items() if n}
        if excused:
            self.say(f"  left as they are, for a reason: {listed(excused)}")
        return verdict.differences

    def _unmerge(self, engine: Metered) -> list[str]:
        """Take somebody apart who is known in two tools, and put them together again."""
        self.start("take a person apart and together again")
        before = self._records()
        person, held = next((i, r) for i, r in sorted(before.items()) if len({n.partition("/")[0] for n in r}) > 1)
        parted = asyncio.run(acts.part(engine, "person", person, [held[-1]]))
        apart = self._records()
        again = asyncio.run(acts.join(engine, "person", held[:1] + held[-1:]))
        together = self._records()
        self.stop()
        self.facts["unmerge"] = {"records": len(held), "people_while_apart": len(parted.entities)}
        self.say(f"  one person's {len(held)} records were taken apart into {len(parted.entities)} people and put"
                 f" together again, under the same id: {'yes' if again == person else 'no'}.")  # fmt: skip
        wrong = []
        if len(apart) != len(before) + 1 or held[-1] in apart.get(person, ()):
            wrong.append("an unmerge left the records together")
        if {tuple(sorted(some)) for some in together.values()} != {tuple(sorted(some)) for some in before.values()}:
            wrong.append("after an unmerge and a merge the people are not those of before")
        return wrong

    def _records(self) -> dict[str, list[str]]:
        """Person -> their living records, as `connection/stream/id`."""
        found: dict[str, list[str]] = {}
        with Database.reader(self.store) as store:
            for row in store.execute(
                "SELECT r.entity_id, s.connection_id, s.stream, r.remote_id FROM record r"
                " JOIN source s ON s.id = r.source_id WHERE r.tenant_id = ? AND s.entity = 'person'"
                " AND r.entity_id IS NOT NULL AND r.deleted_at IS NULL ORDER BY s.connection_id, s.stream, r.remote_id",
                (TENANT,),
            ):
                found.setdefault(row[0], []).append(f"{row[1]}/{row[2]}/{row[3]}")
        return found

    def _conflicts(self) -> None:
        with Database.reader(self.store) as store:
            rows = store.execute(
                "SELECT field, kept, kept_from, lost, lost_from, rule FROM conflict ORDER BY id DESC"
            ).fetchall()
        self.facts["conflicts"] = len(rows)
        self.say(f"  {len(rows):,} conflicts are on record, each with both values; the latest:")
        refused = [row for row in rows if row["rule"] == "most_restrictive"]
        self.facts["refusals_that_won"] = len(refused)
        for row in rows[:3] + refused[:1]:
            self.say(f"    {row['field']}: kept {row['kept']} of {row['kept_from']}, not {row['lost']} of"
                     f" {row['lost_from']} ({row['rule']})")  # fmt: skip
        self.say(f"  in {len(refused):,} of them a refusal won over a permission, in whatever order they came.")


def _told(edits: Edits) -> str:
    return (
        f"{len(edits.same_field)} times one field in two tools, {len(edits.different_fields)} times different fields,"
        f" {len(edits.archived)} contacts archived in HubSpot, {len(edits.archived_members)} members in Mailchimp,"
        f" {len(edits.unsubscribed)} unsubscribed there, {len(edits.opted_out)} opted out in HubSpot,"
        f" {len(edits.new_addresses)} e-mail addresses changed in Stripe, {len(edits.renamed)} companies renamed,"
        f" {len(edits.signed_up)} newcomers"
    )
