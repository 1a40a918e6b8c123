"""The shop's course: sync, what happens meanwhile, sync, the score, sync, and a last one that writes nothing."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vaiven_api.demo.people import HUBSPOT
from vaiven_api.demo.shop import verify
from vaiven_api.demo.shop.company import GOOGLE, KLAVIYO, META, SALESFORCE, SHOPIFY, generate
from vaiven_api.demo.shop.meanwhile import happen
from vaiven_api.demo.shop.score import BY, scores
from vaiven_api.demo.shop.world import SCORE, STREAMS, ShopWorld
from vaiven_api.demo.telling import TENANT, Metered, Telling, complete, connect, listed, peak
from vaiven_api.demo.verify import Verdict
from vaiven_registry import Registry
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.computed import set_values
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.times import now
from vaiven_sync_engine.vault import Vault

if TYPE_CHECKING:
    from vaiven_api.demo.shop.company import Shop
    from vaiven_api.demo.shop.meanwhile import Meanwhile

DAYS = 90
"""Days of figures at each ad platform."""
_STATES = {HUBSPOT: ("contacts",), SALESFORCE: ("Contact",), KLAVIYO: ("profiles",), SHOPIFY: ("customers",)}


@dataclass(slots=True)
class ShopStory(Telling):
    """The shop's course.

    Args:
        days: of figures at each ad platform.
    """

    days: int = DAYS
    shown: list[dict[str, Any]] = field(default_factory=list)
    """What the ad platforms showed at each look: the truth."""

    def tell(self) -> int:
        """Run it; gives the number of differences found."""
        shop = generate(self.people, self.seed)
        self.say(f"A shop of {self.people:,} people and {len(shop.orders):,} orders (seed {self.seed}) on seven tools;"
                 f" {shop.in_several / self.people:.0%} of the people are in more than one.")  # fmt: skip
        with ShopWorld() as world:
            self.start("start and fill seven simulated vendors")
            world.start(self.seed)
            world.fill(shop, self.days)
            self.shown.append(world.figures())
            self.stop()
            with Database.open(self.store) as database:
                vault = Vault.at(self.store)
                engine = Metered(database, Registry().load, lambda one: vault.open(TENANT, one.id, one.secret))
                self._connect(engine, vault, world)
                differences = self._course(engine, vault, shop, world)
                self._limits(engine)
        self.figures()
        return self.verdict(differences)

    def _connect(self, engine: Metered, vault: Vault, world: ShopWorld) -> None:
        for vendor in world.vendors.values():
            slug = vendor.slug
            # Customers come by buying, and ads are made by people.
            how = {"creates": slug != SHOPIFY, "writes": slug not in {META, GOOGLE}, "streams": STREAMS[slug]}
            connect(engine.database, vault, vendor, **how)
        asyncio.run(complete(engine))
        self.say(f"Connected: {', '.join(world.vendors)}. The ad platforms are read; Shopify gets no new customers.")

    def _course(self, engine: Metered, vault: Vault, shop: Shop, world: ShopWorld) -> list[str]:
        plan = self.dry_run(engine)
        self.writes(self.sync(engine, "first sync, approved by its digest", approve=plan.digest))
        self.facts["engine_peak_mib"] = peak(resource.RUSAGE_SELF)
        differences = self._compare("compare with the vendors", shop, world)
        self.start("time passes: people say no, records are merged, figures are restated")
        done = happen(shop, world, self.seed)
        for slug, credential in done.credentials.items():
            sealed = vault.seal(TENANT, slug, credential)
            engine.database.run_now(accounts.keep_secret, TENANT, slug, sealed, now())
        self.shown.append(world.figures())
        self.stop()
        told = Counter(tool for tool, _, _ in done.merged)
        self.say(f"  {len(done.refused)} people said no in one tool; merged: {listed(told) or 'nobody'}")
        self.writes(self.sync(engine, "second sync"))
        differences += self._compare("compare again", shop, world, done)
        self._score(engine)
        self.writes(self.sync(engine, "third sync: the score goes back to the tools"))
        differences += self._compare("compare the scores", shop, world, done, scored=True)
        last = self.sync(engine, "fourth sync: nothing is left to do")
        self.writes(last)
        self.facts["settled_writes"] = last.writes
        if last.writes or (last.plan and last.plan.writes):
            differences.append(f"the fourth sync made {last.writes} writes")
        return differences

    def _score(self, engine: Metered) -> None:
        self.start("work out a score of everybody's orders")
        found = scores(self.store)
        values = {person: dict.fromkeys(SCORE.values(), score) for person, score in found.items()}
        done = asyncio.run(set_values(engine.database, TENANT, "person", values, by=BY, at=now()))
        self.stop()
        self.say(f"  {done.changed:,} people got one, for {', '.join(SCORE)}")
        self.facts["scored"] = done.changed

    def _compare(
        self, name: str, shop: Shop, world: ShopWorld, done: Meanwhile | None = None, *, scored: bool = False
    ) -> list[str]:
        self.start(name)
        hub, verdict = verify.Hub.read(self.store), Verdict()
        precision, recall, people = verify.resolution(hub, world)
        self.facts["resolution"] = {
            "records": len(world.truth),
            "humans": self.people,
            "people": people,
            "precision": round(precision, 5),
            "recall": round(recall, 5),
        }
        fits = min(precision, recall) >= verify.LEAST
        verdict.expect("resolution", fits, f"pairwise precision is {precision:.4f}, recall {recall:.4f}")
        gone = [(tool, one) for tool, one, _ in done.merged] if done else []
        verify.check_people(verdict, hub, world, gone)
        verify.check_orders(verdict, self.store, hub, shop, world)
        verify.check_figures(verdict, self.store, self.shown[-1])
        if done:
            restated = verify.check_snapshots(verdict, self.store, self.shown[0], self.shown[-1])
            self.facts["restated"] = restated
            states = {tool: world.vendors[tool].state(*parts) for tool, parts in _STATES.items()}
            verify.check_refusals(verdict, hub, states, done)
            if scored:
                self.facts["scores"] = verify.check_scores(verdict, hub, shop, world, states)
        self.stop()
        self._told(verdict, people, precision, recall)
        return verdict.differences

    def _told(self, verdict: Verdict, people: int, precision: float, recall: float) -> None:
        self.say(
            f"  {people:,} people for {self.people:,} humans; pairwise precision {precision:.4f}, recall {recall:.4f}"
        )
        self.say(f"  compared {listed(verdict.checked)}: {len(verdict.differences)} differences")
        if excused := {why: n for why, n in verdict.excused.items() if n}:
            self.say(f"  left as they are, for a reason: {listed(excused)}")
        if "scores" in self.facts and verdict.checked["scores"]:
            self.say(f"  the score stands in {listed(self.facts['scores'])}")
        checks = self.facts.setdefault("checks", [])
        checks.append({"checked": dict(verdict.checked), "differences": len(verdict.differences)})

    def _limits(self, engine: Metered) -> None:
        """Tell the requests of the whole course against what each vendor allows."""
        self.say("\nRequests of all syncs, and the most that ever went out within a limit's window:")
        refused: Counter[str] = Counter()
        repeated: Counter[str] = Counter()
        for run in self.facts.get("runs", ()):
            for tool, seen in run["traffic"].items():
                refused[tool] += seen["refused"]
                repeated[tool] += seen["retries"]
        table = self.facts["limits"] = {}
        for tool, watched in engine.watched.items():
            peaks = [(f"{one}{f' at {one.path}' if one.path else ''}", most) for one, most in watched.peaks() if most]
            sent = {"requests": len(watched.notes), "refused": refused[tool], "repeated": repeated[tool]}
            table[tool] = {**sent, "peaks": dict(peaks)}
            most = "; ".join(f"{n:,} of {limit}" for limit, n in peaks) or "its limits count no calls"
            told = f"{refused[tool]} refused, {repeated[tool]} sent again"
            self.say(f"  {tool}: {len(watched.notes):,} requests, {told}; {most}")
