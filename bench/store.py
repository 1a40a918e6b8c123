"""Measure how many records a second the store takes, on SQLite and on Postgres, in one run.

Pages of 100 records of about 600 bytes are written as a read writes them: rows, page ledger and position in one
transaction. `new` are records that were not there, `same` come again as they are, `changed` come with a newer version.

    .venv/bin/python bench/store.py [RECORDS]

Postgres is the server of the tests (`tests/support/postgres.py`), once as the tests run it and once with fsync.
"""

from __future__ import annotations

import sys
import tempfile
import time
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.postgres import DURABLE, FAST, server
from vaiven_sync_engine.records import Observed
from vaiven_sync_engine.store import Database
from vaiven_sync_engine.store.pages import PageWrite, write_page
from vaiven_sync_engine.store.runs import source_row

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 100
AT = "2026-11-25T08:00:00.000000Z"


def observed(number: int, version: int) -> Observed:
    """One record of a person."""
    names = {"email": f"user{number}@example.com", "firstname": f"First{number}", "lastname": f"Last{number}"}
    body = msgspec.json.encode({"id": str(number), "properties": {**names, "note": "x" * 400, "version": version}})
    fields = {"email": names["email"], "given_name": names["firstname"], "family_name": names["lastname"]}
    return Observed(
        str(number),
        f"2026-11-{version:02}T08:00:00.000000Z",
        blake2b(body, digest_size=16).digest(),
        body.decode(),
        msgspec.json.encode(fields).decode(),
        None,
        (),
    )


def measure(label: str, database: Database, records: int) -> None:
    """Write all records three times and print what each time took."""
    source, _ = database.run_now(source_row, "local", "crm", "people", "person")
    written = 0
    rates = []
    for run, version in (("new", 1), ("same", 1), ("changed", 2)):
        pages: list[Sequence[Observed]] = [
            [observed(n, version) for n in range(first, min(first + PAGE, records))]
            for first in range(0, records, PAGE)
        ]
        started = time.perf_counter()
        for seq, page in enumerate(pages):
            where = {"tenant": "local", "run": run, "source": source, "seq": seq, "position": {"page": seq}}
            database.run_now(write_page, PageWrite(**where, seen_version=written, at=AT, good=page, bad=()))
            written += 1
        rates.append(f"{run} {records / (time.perf_counter() - started):8,.0f}/s")
    print(f"{label:18} {'   '.join(rates)}", flush=True)


def main(records: int) -> None:
    """Measure each store in turn."""
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "store.db") as database:
        measure("SQLite", database, records)
    for label, settings in (("Postgres", FAST), ("Postgres, fsync", DURABLE)):
        with server(settings) as running, Database.open(running.make("bench")) as database:
            measure(label, database, records)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
