"""What is done to many at once ends as it would one by one, however large the parts are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.crowd import Crowd, crowd_at
from vaiven_sync_engine import incoming, references
from vaiven_sync_engine.identity import assign, edges, evidence
from vaiven_sync_engine.identity.absorb import absorb
from vaiven_sync_engine.store import Address, Database, pages
from vaiven_sync_engine.store import entities as rows
from vaiven_sync_engine.store.entities import Canonical

AT = "2026-03-01T00:00:00.000000Z"


async def ending(crowd: Crowd) -> tuple[Any, ...]:
    """What three syncs, with edits before the last one, come to."""
    for _ in range(2):
        await crowd.hub.sync()
    crowd.edit(10)
    await crowd.hub.sync()
    people = crowd.hub.rows("SELECT email, given_name, phone, city, job_title, rev FROM person")
    employers = crowd.hub.rows(
        "SELECT p.email, c.name FROM person p JOIN company c ON c.tenant_id = p.tenant_id AND c.id = p.company_id"
    )
    reasons = crowd.hub.rows("SELECT rule, count(*) AS n FROM merge_evidence GROUP BY rule")
    told = [sorted(map(str, some)) for some in (people, employers, reasons)]
    return crowd.writes, crowd.revisions(), told


async def test_small_parts_end_as_large_ones(
    empty_stores: Callable[[], Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for small in (False, True):
        if small:
            for module, name in ((rows, "CHUNK"), (pages, "CHUNK"), (edges, "CHUNK"), (references, "MOST")):
                monkeypatch.setattr(module, name, 3)
            for module, name in ((incoming, "MOST"), (assign, "PART"), (evidence, "PART")):
                monkeypatch.setattr(module, name, 2)
        with crowd_at(empty_stores(), 60) as crowd:
            ends.append(await ending(crowd))
    assert ends[0] == ends[1]
    assert ends[0][0] > 30


def test_two_who_go_into_one_bring_a_shared_address_once(empty_store: Address) -> None:
    def work(connection: Any) -> list[Any]:
        people = [Canonical(one, {"phone": "+34600111222"}, rev=1) for one in ("01A", "01B", "01C")]
        rows.save(connection, "local", "person", people, AT)
        points = [
            Canonical(f"point-{one}", {"person_id": one, "type": "phone", "normalized": "+34600111222"}, rev=1)
            for one in ("01B", "01C")
        ]
        rows.save(connection, "local", "contact_point", points, AT)
        absorb(connection, "local", "person", {"01B": "01A", "01C": "01A"}, AT)
        return [
            tuple(row)
            for row in connection.execute(
                "SELECT id, person_id FROM contact_point WHERE tenant_id = 'local' AND deleted_at IS NULL"
            )
        ]

    with Database.open(empty_store) as database:
        assert database.run_now(work) == [("point-01B", "01A")]
