"""No statement of a sync reads a whole table for each record: what SQLite makes of every one of them is looked at."""

from __future__ import annotations

import re

from tests.support.office import desk_at

ONCE = re.compile(
    r"\b(dirty <> 0|FROM pending|INTO pending|FROM intent|FROM connection|FROM custom_field|FROM source|FROM tombstone"
    r"|FROM quarantine|FROM record_edge WHERE tenant_id = '\w+' LIMIT)"
)
"""Statements that run once a kind, stream or page, and read what is listed for that."""
WIDE = re.compile(r"\(tenant_id=\?( AND entity=\?)?\)$|^SCAN (?!CONSTANT|claim|reach|r\b|e\b)")
"""Reads all of a tenant, or all of a kind."""


async def statements(desk):
    """All that a few syncs run, once each by their text without values."""
    seen: dict[str, str] = {}

    def note(sql: str) -> None:
        seen.setdefault(re.sub(r"'[^']*'|\b\d+\b", "?", sql), sql)

    crm, mail = desk.connect("crm"), desk.connect("mail")
    await desk.sync()
    desk.hub.database.run_now(lambda store: store.set_trace_callback(note))
    firm = crm.add("companies", name="Acme", domain="acme.com")
    ana, ben = crm.add(email="ana@x.com", employer=firm), crm.add(email="ben@x.com", number="7")
    crm.add("figures", company=firm, on="2026-01-01", shown=5, clicked=1)
    await desk.sync()
    mail.edit(next(iter(mail.people)), city="Bilbao", email="ana@y.com")
    crm.edit(ana, city="Madrid", number="7")
    await desk.sync()
    crm.drop(ben)
    await desk.sync()
    await desk.sync()
    desk.hub.database.run_now(lambda store: store.set_trace_callback(None))
    return seen


async def test_what_runs_for_each_record_finds_it_by_an_index(tmp_path):
    with desk_at(tmp_path / "store.db") as desk:
        seen = await statements(desk)
        bad = []
        for short, sql in seen.items():
            if not re.match(r"(SELECT|UPDATE|DELETE|INSERT)\b", sql) or ONCE.search(sql):
                continue
            plan = desk.hub.database.run_now(
                lambda store, sql=sql: [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}")]
            )
            wide = [step for step in plan if WIDE.search(step)]
            bad += [f"{short}\n    {step}" for step in wide]
        assert len(seen) > 60
        assert not bad, "\n".join(bad)
