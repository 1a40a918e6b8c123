"""What happens to two to four tools and the hub, step by step, and the laws that hold when it has settled."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.sync_engine.laws.process import Crash, Process, Store, Wire, empty_store
from tests.sync_engine.laws.vendor import KINDS, Json, Vendor, connector
from vaiven_sdk import VaivenError
from vaiven_sdk.testing import ManualClock
from vaiven_sync_engine import connections as accounts
from vaiven_sync_engine.engine import Engine
from vaiven_sync_engine.replay import retry_writes
from vaiven_sync_engine.stage import Stage

NAMES = ("north", "south", "west", "east")
TOKENS = ("email", "city")
CUT = 24


class Undone(Exception):
    """What was done is taken back."""


def same(one: Any, two: Any) -> bool:
    """Whether two tools mean the same value, whatever they make of it."""
    if isinstance(one, list) or isinstance(two, list):
        return sorted(t.lower() for t in one or ()) == sorted(t.lower() for t in two or ())
    return str(one or "").lower()[:CUT] == str(two or "").lower()[:CUT]


class World(RuleBasedStateMachine):
    """Tools, their people's acts, what goes wrong, and the hub over them all."""

    shapes = st.fixed_dictionaries(
        {"lower": st.booleans(), "cuts": st.booleans(), "lag": st.sampled_from([0, 0, 5]), "carries": st.booleans()}
    )
    which, nth = st.integers(0, 3), st.integers(0, 3)
    news = st.sampled_from(["add", "email", "city", None])

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.process = Process()
        self.place, self.drop_place = self.make_place()
        self.vendors: dict[str, Vendor] = {}
        self.token = self.acts = self.mishaps = 0
        self.issued: set[str] = set()
        self.superseded: set[str] = set()
        self.tags: set[str] = set()
        self.own_word: set[tuple[str, str]] = set()
        """Records at whose tool somebody last said yes without a proof."""
        self.cleared: set[tuple[str, str]] = set()
        """Records of which somebody emptied the city."""
        self.revs: dict[str, int] = {}

    def make_place(self) -> tuple[Any, Any]:
        """An empty store, and what removes it."""
        return empty_store()

    @initialize(
        shapes=st.lists(shapes, min_size=2, max_size=4),
        propagates=st.booleans(),
        people=st.lists(which, min_size=1, max_size=3),
    )
    def begin(self, shapes: list[dict[str, Any]], propagates: bool, people: list[int]) -> None:
        self.vendors = {n: Vendor(self.clock, **s) for n, s in zip(NAMES, shapes, strict=False)}
        self.connectors = {n: connector(n, v) for n, v in self.vendors.items()}
        self.propagates = propagates
        self.stranger = Vendor(self.clock)
        self.connectors["stranger"] = connector("stranger", self.stranger)
        self.stranger.add("people", email="t1@x.com", city="Elsewhere")
        self.open()
        for name in self.vendors:
            self.connect("local", name)
        self.connect("other", "stranger")
        self.process.run(self.engine_of("other").sync())
        for w in people:
            self.somebody_is_added(w)

    def connect(self, tenant: str, name: str) -> None:
        deletes = "propagate" if self.propagates else "ignore"
        one = accounts.Connection(name, name, name, {}, None, b"", deletes=deletes, approved=True)  # type: ignore[arg-type]
        self.database.run_now(accounts.save, tenant, one, self.now())

    def open(self) -> None:
        self.database = Store.open(self.place)
        self.database.process = self.process
        self.engine = self.engine_of("local")

    def engine_of(self, tenant: str) -> Engine:
        every = {**self.vendors, "stranger": self.stranger}
        return Engine(
            self.database,
            self.connectors.__getitem__,
            lambda _: {"token": "a-token-of-the-laws"},
            tenant=tenant,
            transport=lambda c: Wire(every[c.id], self.process),
            now=self.now,
        )

    def now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    # -- what people do

    def tool(self, i: int) -> Vendor:
        return list(self.vendors.values())[i % len(self.vendors)]

    def name(self, vendor: Vendor) -> str:
        return next(n for n, v in self.vendors.items() if v is vendor)

    def fresh(self, suffix: str = "") -> str:
        self.token += 1
        self.acts += 1
        self.clock.advance(1)
        return f"T{self.token}{suffix}"

    def pick(self, vendor: Vendor, i: int, kind: str = "people") -> Json | None:
        records = sorted(vendor.stored[kind].values(), key=lambda r: str(r["id"]))
        return records[i % len(records)] if records else None

    def issue(self, value: str) -> str:
        self.issued.add(value.lower()[:CUT])
        return value

    def give_up(self, value: Any) -> None:
        """Somebody had this value in front of them and replaced it."""
        self.superseded.add(str(value or "").lower()[:CUT])

    @rule(w=which)
    def somebody_is_added_there(self, w: int) -> None:
        self.somebody_is_added(w)

    def somebody_is_added(self, w: int) -> None:
        vendor = self.tool(w)
        if len(vendor.people) < 4:
            email, city = self.fresh("@x.com"), self.fresh("-Vila-Nova-de-Gaia-do-Norte")
            vendor.add("people", email=self.issue(email), city=self.issue(city), tags=[])

    @rule(w=which, i=nth, blank=st.booleans())
    def the_same_person_is_added_elsewhere(self, w: int, i: int, blank: bool) -> None:
        """Before the hub knows of them: later it would be a second record that somebody made."""
        source, other = self.tool(w), self.tool(w + 1)
        record = self.pick(source, i)
        if not record or not record["email"] or any(v.lag and v.carries for v in (source, other)):
            return  # a tool that takes a second person with the address, and shows the first one late
        if source.lag and record["version"] > 1:
            return  # its list still shows another address
        alike = [
            (n, r["id"])
            for n, v in self.vendors.items()
            for r in v.people.values()
            if str(r["email"] or "").lower() == record["email"].lower()
        ]
        if not any(self.is_known(*one) or self.vendors[one[0]] is other for one in alike):
            self.clock.advance(1)
            self.acts += 1
            city = None if blank else self.issue(self.fresh("-Castro"))
            other.add("people", email=record["email"], city=city, tags=[])

    @rule(w=which, i=nth, field=st.sampled_from(TOKENS))
    def a_value_is_edited(self, w: int, i: int, field: str) -> None:
        self.edit_value(self.tool(w), i, field)

    def edit_value(self, vendor: Vendor, i: int, field: str) -> None:
        record = self.pick(vendor, i)
        if record:
            self.set_value(vendor, record, field)
        else:
            vendor.add("people", email=self.issue(self.fresh("@x.com")), city=None, tags=[])

    def set_value(self, vendor: Vendor, record: Json, field: str) -> None:
        new = record["id"] in vendor.ours and not self.is_known(self.name(vendor), record["id"])
        if field == "email" and new and not vendor.carries:
            return  # a record of ours whose answer was lost, and the address is all that it can be known by
        self.give_up(record[field])
        value = self.issue(self.fresh("@x.com" if field == "email" else "-Ponte"))
        vendor.edit(record, **{field: value})

    @rule(w=which, i=nth)
    def a_city_is_cleared(self, w: int, i: int) -> None:
        vendor = self.tool(w)
        record = self.pick(vendor, i)
        if record and record["city"] is not None:
            self.clock.advance(1)
            self.acts += 1
            self.give_up(record["city"])
            self.cleared.add((self.name(vendor), record["id"]))
            vendor.edit(record, city=None)

    @rule(w=which, i=nth, removes=st.booleans())
    def a_tag_comes_or_goes(self, w: int, i: int, removes: bool) -> None:
        vendor = self.tool(w)
        record = self.pick(vendor, i)
        if record:
            self.set_tag(vendor, record, removes=removes)

    def set_tag(self, vendor: Vendor, record: Json, *, removes: bool = False) -> None:
        tags = list(record["tags"])
        if removes and tags:
            self.clock.advance(1)
            self.acts += 1
            self.tags.discard(tags[0].lower())
            vendor.edit(record, tags=tags[1:])
        elif not removes:
            tag = self.fresh("-tag")
            self.tags.add(tag.lower())
            vendor.edit(record, tags=[*tags, tag])

    @rule(w=which, i=nth)
    def somebody_changes_employer(self, w: int, i: int) -> None:
        vendor = self.tool(w)
        record = self.pick(vendor, i)
        if record is None:
            return
        firm = self.pick(vendor, i, "companies") if self.token % 2 else None
        firm = firm or vendor.add("companies", name=self.fresh("-GmbH"))
        self.clock.advance(1)
        self.acts += 1
        vendor.edit(record, employer=firm["id"])

    @rule(w=which, i=nth, answer=st.sampled_from(["yes", "no"]), proven=st.booleans())
    def consent_is_given_or_refused(self, w: int, i: int, answer: str, proven: bool) -> None:
        vendor = self.tool(w)
        record = self.pick(vendor, i)
        if record:
            self.say(vendor, record, answer, proven=proven)

    def say(self, vendor: Vendor, record: Json, answer: str, *, proven: bool) -> None:
        self.clock.advance(1)
        self.acts += 1
        mark = (self.name(vendor), record["id"])
        (self.own_word.add if answer == "yes" and not proven else self.own_word.discard)(mark)
        vendor.edit(record, consent=answer, decided=self.clock.now().isoformat() if proven else None)

    @rule(w=which, i=nth, what=st.sampled_from(["city", "tags", "consent"]), proven=st.booleans())
    def one_person_is_changed_in_two_tools(self, w: int, i: int, what: str, proven: bool) -> None:
        one, two = self.tool(w), self.tool(w + 1)
        record = self.pick(one, i)
        twin = self.twin(one, record, two) if record else None
        if not record or not twin:
            return
        for vendor, mine, answer in ((one, record, "no"), (two, twin, "yes")):
            if what == "city":
                self.set_value(vendor, mine, "city")
            elif what == "tags":
                self.set_tag(vendor, mine)
            else:
                self.say(vendor, mine, answer, proven=proven)

    def twin(self, one: Vendor, record: Json, two: Vendor) -> Json | None:
        """The same person's record at another tool, as the hub knows them."""
        found = self.query(
            "SELECT two.remote_id FROM record one JOIN source s ON s.id = one.source_id"
            " JOIN record two ON two.tenant_id = one.tenant_id AND two.entity_id = one.entity_id"
            " JOIN source t ON t.id = two.source_id WHERE one.tenant_id = 'local' AND s.stream = 'people'"
            " AND s.connection_id = ? AND one.remote_id = ? AND t.connection_id = ? AND two.deleted_at IS NULL",
            self.name(one),
            record["id"],
            self.name(two),
        )
        return two.people.get(found[0][0]) if found else None

    @rule(w=which, i=nth)
    def somebody_is_deleted(self, w: int, i: int) -> None:
        vendor = self.tool(w)
        record = self.pick(vendor, i)
        if record:
            self.clock.advance(1)
            self.acts += 1
            for field in TOKENS:
                self.give_up(record[field])
            self.tags -= {t.lower() for t in record.get("tags") or ()}
            vendor.drop("people", record)

    # -- what the hub does, and what goes wrong meanwhile

    def something_is_new(self, act: str | None, w: int, i: int) -> None:
        """So that a sync has something to write, elsewhere than at this tool."""
        if act == "add":
            self.somebody_is_added(w + 1)
        elif act is not None:
            self.edit_value(self.tool(w + 1), i, act)

    @rule(fuse=st.one_of(st.none(), st.integers(0, 90)), act=news, w=which, i=nth)
    def sync(self, fuse: int | None, act: str | None, w: int, i: int) -> None:
        self.something_is_new(act, w, i)
        self.run_sync(fuse)

    @rule(w=which, kind=st.sampled_from(["lost", "reset", "busy", "down", "html"]), act=news, i=nth)
    def sync_with_a_fault(self, w: int, kind: str, act: str | None, i: int) -> None:
        self.something_is_new(act, w, i)
        vendor = self.tool(w)
        vendor.fault = kind
        self.run_sync(None)
        vendor.fault = None
        self.mishaps += 1

    @rule(w=which, i=nth, field=st.sampled_from(TOKENS), act=news)
    def sync_while_somebody_edits(self, w: int, i: int, field: str, act: str | None) -> None:
        self.something_is_new(act, w, i)
        vendor = self.tool(w)
        vendor.before = lambda: self.edit_value(vendor, i, field)
        self.run_sync(None)
        vendor.before = None

    @rule(w=which, i=nth)
    def sync_with_an_old_page(self, w: int, i: int) -> None:
        vendor = self.tool(w)
        record = self.pick(vendor, i)
        if record:
            old = next(r for _, r in vendor.history[record["id"]] if r is not None)
            vendor.repeat = dict(old)
            self.run_sync(None)
            vendor.repeat = None

    @rule(w=which, i=nth)
    def sync_with_a_refusal(self, w: int, i: int) -> None:
        record = self.pick(self.tool(w), i)
        if record and record["city"]:
            other = self.tool(w + 1)
            other.refused.add(other._kept("city", record["city"]))
            self.run_sync(None)
            other.refused.clear()
            self.mishaps += 1

    @rule(w=which, i=nth, meanwhile=st.booleans())
    def a_plan_is_looked_at_and_carried_out(self, w: int, i: int, meanwhile: bool) -> None:
        """What was approved is what is done, or nothing is."""
        self.clock.advance(1)
        try:
            seen = self.process.run(self.engine.sync(dry_run=True))
        except VaivenError:
            return
        if seen.status != "ok" or seen.plan is None:
            return
        if meanwhile:
            self.edit_value(self.tool(w), i, "city")
            self.clock.advance(6)
        before = self.written()
        try:
            done = self.process.run(self.engine.sync(approve=seen.plan.digest))
        except VaivenError:
            assert self.written() == before, "a plan that was not approved was carried out"
        else:
            assert done.plan.digest == seen.plan.digest, "a plan that was not approved was carried out"

    def written(self) -> int:
        return sum(v.writes for v in self.vendors.values())

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1, max_size=2))
    def some_tools_are_synced(self, names: set[str]) -> None:
        mine = sorted(names & set(self.vendors))
        if mine:
            self.run_sync(None, mine)

    @rule()
    def everything_is_read_again(self) -> None:
        self.run_sync(None, full=True)

    def run_sync(self, fuse: int | None, names: Any = (), *, full: bool = False) -> Any:
        self.clock.advance(1)
        self.process.left = fuse
        try:
            return self.process.run(self.engine.sync(names, full=full))
        except Crash:
            self.mishaps += 1
            self.database.close()
            self.open()
        except VaivenError:
            pass
        finally:
            self.process.left = None
        return None

    # -- the laws

    @precondition(lambda self: self.token > 2)
    @rule()
    def settle(self) -> None:
        self.check()

    @precondition(lambda self: self.token > 2)
    @rule(w=which, i=nth)
    def one_edit_is_written_once_at_each_other_tool(self, w: int, i: int) -> None:
        self.check()
        before = self.written()
        self.edit_value(self.tool(w), i, "city")
        self.check()
        assert self.written() - before <= len(self.vendors) - 1, f"{self.written() - before} writes for one edit"

    def is_known(self, name: str, record_id: str) -> bool:
        """Whether the hub has ever seen or made this person's record."""
        found = self.query(
            "SELECT 1 FROM record r JOIN source s ON s.id = r.source_id WHERE s.tenant_id = 'local'"
            " AND s.connection_id = ? AND s.stream = 'people' AND r.remote_id = ?",
            name,
            record_id,
        )
        return bool(found)

    def query(self, sql: str, *values: Any) -> list[Any]:
        return self.database.run_now(lambda c: c.execute(sql, values).fetchall())

    def check(self) -> None:
        self.database.run_now(
            retry_writes,
            "local",
            [r[0] for r in self.query("SELECT id FROM source WHERE tenant_id = 'local'")],
            self.now(),
        )
        if any(v.lag for v in self.vendors.values()):
            self.run_sync(None)  # while their lists still trail
            self.clock.advance(10)
        for _ in range(8):
            before = self.rev()
            report = self.run_sync(None)
            if report is not None and report.status == "ok" and report.writes == 0:
                break
            self.clock.advance(6)
        else:
            raise AssertionError("does not settle")
        if report.staged.conflicts or self.rev() != before:
            before, report = self.rev(), self.run_sync(None)
            assert (report.writes, report.staged.conflicts) == (0, 0), "echo: writes or conflicts after settling"
            assert self.rev() == before, "echo: revisions after settling"
        self.check_people()
        self.check_bounds()

    def rev(self) -> int:
        return int(self.query("SELECT coalesce(sum(rev), 0) FROM person WHERE tenant_id = 'local'")[0][0])

    def check_people(self) -> None:
        live = {r["id"]: r for r in self.query("SELECT * FROM person WHERE tenant_id = 'local' AND deleted_at IS NULL")}
        for name, vendor in self.vendors.items():
            links = {kind: self.links(name, kind) for kind in KINDS}
            tokens = [str(r[f]).lower()[:CUT] for r in vendor.people.values() for f in TOKENS if r[f]]
            assert len(tokens) == len(set(tokens)), f"{name} has a person twice"
            assert set(links["people"]) <= set(live), f"{name} has a person who is deleted"
            left_out = set(live) - set(links["people"]) - self.dropped(name)
            assert not left_out, f"{name} lacks {len(left_out)} of {len(live)} people"
            assert set(vendor.people) == set(links["people"].values()), f"{name} has a person nobody knows"
            for person_id, remote in links["people"].items():
                self.check_one(live[person_id], name, vendor.people[remote], links["companies"])
        self.check_blanks({i for i, p in live.items() if not p["city"]}, "city", self.cleared)
        self.check_blanks({i for i, p in live.items() if not p["company_id"]}, "employer", set())
        kept = {str(p[f] or "").lower()[:CUT] for p in live.values() for f in TOKENS}
        kept |= {
            str(r[0]).strip('"').lower()[:CUT]
            for r in self.query("SELECT lost FROM conflict WHERE tenant_id = 'local'")
        }
        lost = self.issued - kept - self.superseded
        assert not lost, f"lost edits: {lost}"
        tags = {t.lower() for p in live.values() for t in self.listed(p["tags"])}
        kept_tags = tags | {
            t.lower() for r in self.query("SELECT lost FROM conflict WHERE field = 'tags'") for t in self.listed(r[0])
        }
        gone = self.tags - kept_tags
        assert not gone, f"lost tags: {gone}"

    def check_blanks(self, people: set[str], field: str, cleared: set[tuple[str, str]]) -> None:
        """Where a field is empty, somebody emptied it or it never had a value."""
        found = self.query(
            "SELECT r.entity_id, s.connection_id, r.remote_id FROM record r JOIN source s ON s.id = r.source_id"
            " WHERE s.tenant_id = 'local' AND s.stream = 'people'"
        )
        for one in people:
            records = {(r[1], r[2]) for r in found if r[0] == one}
            there = [(n, i) for n, i in records if i in self.vendors[n].people]
            had = any(seen and seen[field] for n, i in there for _, seen in self.vendors[n].history[i])
            assert not had or cleared & records, f"a blank overwrote a value: {field}"

    def check_one(self, person: Any, name: str, record: Json, firms: dict[str, str]) -> None:
        for field in TOKENS:
            assert same(record[field], person[field]), f"{name}.{field}: {record[field]} is not {person[field]}"
        assert same(record.get("tags"), self.listed(person["tags"])), f"{name}.tags"
        if person["company_id"]:
            assert record.get("employer") == firms[person["company_id"]], f"{name}.employer"
        state = person["email_consent"]
        if state in {"granted", "denied"} and not self.has_own_word(name, record["id"]):
            assert record.get("consent") == {"granted": "yes", "denied": "no"}[state], f"{name}.consent"
        said = self.query(
            "SELECT status, occurred_at, evidence_ref FROM consent_event WHERE tenant_id = 'local' AND person_id = ?",
            person["id"],
        )
        refused = max((r["occurred_at"] for r in said if r["status"] == "denied"), default="")
        proven = max((r["occurred_at"] for r in said if r["status"] == "granted" and r["evidence_ref"]), default="")
        if refused > proven:
            assert state == "denied", "a refusal was loosened without the person's act"

    def has_own_word(self, name: str, record_id: str) -> bool:
        """Somebody said yes there, and it was not taken: unproven, or for another address; the tool keeps it."""
        kept = self.query(
            "SELECT 1 FROM conflict WHERE tenant_id = 'local' AND field = 'email_consent'"
            " AND lost = ? AND lost_from = ?",
            '"granted"',
            f"{name}/people/{record_id}",
        )
        return bool(kept) or (name, record_id) in self.own_word

    def check_bounds(self) -> None:
        revs = {r["id"]: r["rev"] for r in self.query("SELECT id, rev FROM person WHERE tenant_id = 'local'")}
        back = {i for i, rev in self.revs.items() if revs.get(i, rev) < rev}
        assert not back, "a revision went back"
        self.revs = revs
        conflicts = self.query("SELECT count(*) FROM conflict WHERE tenant_id = 'local'")[0][0]
        most = (self.acts + conflicts + self.mishaps) * len(self.vendors)
        written = self.written()
        assert written <= most, f"{written} writes after {self.acts} acts and {conflicts} conflicts"
        assert self.stranger.writes == 0, "another tenant's tool was written to"
        elsewhere = self.query("SELECT city FROM person WHERE tenant_id = 'other' AND deleted_at IS NULL")
        assert [r[0] for r in elsewhere] == ["Elsewhere"], "another tenant's person changed"

    def rebuilt(self) -> dict[str, Any]:
        """Everybody, made anew of the records in a transaction that is then undone."""
        found: dict[str, Any] = {}

        def work(connection: Any) -> None:
            connection.execute("UPDATE record SET shadow = NULL, dirty = 1 WHERE tenant_id = 'local'")
            for kind in ("person", "company"):
                connection.execute(f"DELETE FROM {kind} WHERE tenant_id = 'local'")
            for kind in ("contact_point", "consent_state"):
                connection.execute(f"DELETE FROM {kind}")
            sources = self.engine.streams(connection)
            stage = Stage("local", sources, "again", self.now(), frozenset(self.vendors if self.propagates else ()))
            for kind in ("company", "person"):
                stage.bring_in(connection, kind)
            found.update({r["id"]: r for r in connection.execute("SELECT * FROM person WHERE deleted_at IS NULL")})
            raise Undone

        with suppress(Undone):
            self.database.run_now(work)
        return found

    @precondition(lambda self: self.token > 4)
    @rule()
    def everything_is_rebuilt(self) -> None:
        """What comes out of the records alone is what came out step by step."""
        self.check()
        live = self.query("SELECT * FROM person WHERE tenant_id = 'local' AND deleted_at IS NULL")
        again = self.rebuilt()
        for person in live:
            rebuilt = again.get(person["id"])
            assert rebuilt is not None, "somebody is not rebuilt"
            for field in (*TOKENS, "company_id"):
                assert same(rebuilt[field], person[field]), f"rebuilt {field}"
            assert same(self.listed(rebuilt["tags"]), self.listed(person["tags"])), "rebuilt tags"

    def dropped(self, name: str) -> set[str]:
        """People whom somebody deleted at this tool, where a deletion is the tool's own affair."""
        if self.propagates:
            return set()
        found = self.query(
            "SELECT r.entity_id, r.remote_id FROM record r JOIN source s ON s.id = r.source_id"
            " WHERE s.tenant_id = 'local' AND s.connection_id = ? AND s.stream = 'people'",
            name,
        )
        return {r[0] for r in found if r[1] in self.vendors[name].gone["people"]}

    def links(self, name: str, kind: str) -> dict[str, str]:
        """Entity -> record, of what is there."""
        found = self.query(
            "SELECT r.entity_id, r.remote_id FROM record r JOIN source s ON s.id = r.source_id"
            " WHERE s.tenant_id = 'local' AND s.connection_id = ? AND s.stream = ? AND r.deleted_at IS NULL",
            name,
            kind,
        )
        out = {r[0]: r[1] for r in found}
        assert len(out) == len(found), f"two records of one {kind} at {name}"
        return out

    @staticmethod
    def listed(text: str | None) -> list[str]:
        return msgspec.json.decode(text) or [] if text else []

    def teardown(self) -> None:
        try:
            if self.vendors:  # a story may be given up before it begins
                self.check()
        finally:
            if self.vendors:
                self.database.close()
            self.process.close()
            self.drop_place()
