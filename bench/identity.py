"""Measure who-is-who: quality on FEBRL's people, speed on many; beside Splink, where it is installed.

Usage: .venv/bin/python bench/identity.py [quality|pairs|graph|sync|splink ...]

Thresholds were fixed before (0.5 to ask people, 0.99 to join), and nothing is learnt from labels. `splink` is an oracle
of the same task: install it in an environment of its own with `pip install splink`, and run this file there.
"""

from __future__ import annotations

import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec

from tests.support import febrl
from vaiven_sdk.model import ENTITIES
from vaiven_sync_engine.identity import keys, matching, reach, resolve
from vaiven_sync_engine.identity.blocking import candidates
from vaiven_sync_engine.identity.scoring import Column, learn, patterns_of
from vaiven_sync_engine.store import Database

if TYPE_CHECKING:
    from vaiven_sync_engine.store.sql import Sql

RULES = [("soc_sec_id",), ("given_name", "date_of_birth"), ("surname", "date_of_birth"), ("date_of_birth", "postcode")]
FIELDS = ("given_name", "surname", "date_of_birth", "soc_sec_id", "street_number", "postcode")
RECORDS = 200_000
COMPARED = ("given_name", "surname", "date_of_birth", "soc_sec_id", "street_number", "address_1", "postcode")
ORACLE = [
    ("soc_sec_id",), ("given_name", "surname"), ("given_name", "date_of_birth"), ("surname", "date_of_birth"),
    ("date_of_birth", "postcode"), ("address_1", "street_number"), ("surname", "postcode"), ("given_name", "postcode"),
]  # fmt: skip


def machine() -> str:
    """What it was measured on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} CPUs, {pages / 2**30:.0f} GB, Python {platform.python_version()}, {platform.machine()}"


class Clock:
    """Seconds since it was made: by the wall, and of this process's work, which a busy machine does not lengthen."""

    def __init__(self) -> None:
        self.wall, self.work = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        return f"{time.perf_counter() - self.wall:.2f} s ({time.process_time() - self.work:.2f} s of work)"


def peak() -> int:
    """The process's largest memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def told(name: str, scores: dict[febrl.Pair, float], true: set[febrl.Pair], seconds: str) -> None:
    """Print one line for each threshold."""
    for threshold in (matching.REVIEW, matching.AUTO):
        found = {pair for pair, score in scores.items() if score >= threshold}
        precision, recall, f1 = febrl.measured(found, true)
        print(f"  {name:<28} p>={threshold:<5} P {precision:.4f}  R {recall:.4f}  F1 {f1:.4f}  {seconds}")


def quality() -> None:
    """Pairwise figures on the three data sets, with the hub's own fields and rules."""
    print("quality (pairwise, all true pairs count, also those that blocking misses)")
    one, two = febrl.rows("4a"), febrl.rows("4b")
    sides = [0] * len(one) + [1] * len(two)
    for name, records, parts in (
        ("FEBRL4, 5,000 v 5,000", one + two, sides),
        ("FEBRL3, 5,000", febrl.rows("3"), None),
        ("e-mail/phone variant", [row for side in febrl.marketing(one, two) for row in side], sides),
    ):
        clock = Clock()
        scores = febrl.score(records, sides=parts)
        told(name, scores, febrl.truth(records), str(clock))


def pairs() -> None:
    """FEBRL4 ten times over with salted numbers and dates: 50,000 against 50,000."""
    records, sides = [], []
    for copy in range(10):
        for side, name in enumerate(("4a", "4b")):
            for row in febrl.rows(name):
                born, number = row.get("date_of_birth"), row.get("soc_sec_id")
                salted = {**row, "rec_id": f"rec-{copy}x{febrl.person_of(row)}-{side}"}
                if number:
                    salted["soc_sec_id"] = f"{copy}{number}"
                if born and born.isdigit():
                    salted["date_of_birth"] = f"{born[:2]}{(int(born[2:]) + 7919 * copy) % 10**6:06d}"
                records.append(salted)
                sides.append(side)
    true, clock = febrl.truth(records), Clock()
    values = {name: [row.get(name) for row in records] for name in FIELDS}
    found = candidates(values, RULES, apart=lambda i, j: sides[i] == sides[j])
    columns = [Column(name, values[name]) for name in FIELDS]
    patterns = patterns_of(columns, found)
    scores = dict(zip(found, learn(columns, patterns).scores(found, patterns), strict=True))
    seconds = str(clock)
    print(f"50,000 v 50,000 (bar: 5 s): {len(found):,} pairs compared, peak {peak()} MB")
    told("FEBRL4 x 10", scores, true, seconds)


def fill(path: str) -> None:
    """The records and keys of `graph`, in a process of its own, so that its memory is not counted."""
    drawn = random.Random(3)  # noqa: S311 - figures to measure with, nothing secret
    rows = []
    for person in range(RECORDS // 2):
        for side in (0, 1):
            number = 2 * person + side
            if drawn.random() < 0.95:
                own = drawn.random() < 0.8
                rows.append((number, "email", f"p{person}@x.example" if own else f"alt{number}@y.example"))
            if drawn.random() < 0.7:
                rows.append((number, "phone", f"+614{person:08d}"))
            rows.append((number, f"system_{side}", f"id{number}"))
    rows += [(drawn.randrange(RECORDS), "email", "till@shared.example") for _ in range(500)]

    def write(sql: Sql) -> None:
        sql.executemany(
            "INSERT INTO record (tenant_id, source_id, remote_id, version, hash, body, fields, observed_at, run_id)"
            " VALUES ('t', ?, ?, '', ?, '{}', '{}', 'now', 'run')",
            [(1 + n % 2, f"r{n // 2}", b"h") for n in range(RECORDS)],
        )
        sql.executemany(
            "INSERT INTO record_key (tenant_id, entity, namespace, value, source_id, remote_id)"
            " VALUES ('t', 'person', ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(name, value, 1 + n % 2, f"r{n // 2}") for n, name, value in rows],
        )

    with Database.open(path) as database:
        database.run_now(write)
    print(f"graph of {RECORDS:,} records, {len(rows):,} identifiers (bar: 2 s, 200 MB)")


def graph() -> None:
    """200,000 records with 530,000 identifiers: from the store's rows to groups."""
    spaces = keys.spaces_of(ENTITIES["person"])

    def group(sql: Sql) -> int:
        found = reach.load_all(sql, "t", "person", spaces, [1, 2])
        found.join()
        return sum(1 for _ in found.groups())

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/vaiven.db"
        subprocess.run([sys.executable, __file__, "fill", path], check=True)
        with Database.open(path) as database:
            before, clock = peak(), Clock()
            groups = database.run_now(group)
    print(f"  read and grouped in {clock}: {groups:,} groups; peak {peak()} MB ({before} MB of it the program)")


def sync(people: int = 50_000) -> None:
    """The deterministic step of a sync: a first one of three tools, then changes."""
    drawn, rows = random.Random(1), []  # noqa: S311 - as above
    for person in range(people):
        for source in (1, 2, 3):
            fields = {"given_name": f"N{person % 997}", "family_name": f"F{person % 4999}", "city": "Bilbao"}
            if drawn.random() < 0.95:
                own = drawn.random() < 0.85
                fields["email"] = f"p{person}@x.example" if own else f"alt{person}{source}@y.example"
            if drawn.random() < 0.6:
                fields["phone"] = f"+3460{person:07d}"
            body = msgspec.json.encode(fields).decode()
            rows.append(("t", source, f"r{person}", "1", b"h", body, body, "now", "run"))
    drawn.shuffle(rows)
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "vaiven.db") as database:
        database.run_now(
            lambda sql: sql.executemany(
                "INSERT INTO record (tenant_id, source_id, remote_id, version, hash, body, fields, observed_at, run_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        )
        print(f"sync, {people:,} people in three tools")
        for name, changes in (("first", 0), ("1,000 changes", 1_000), ("10 changes", 10)):
            for n in drawn.sample(range(people), changes):
                where = ("t", 1, f"r{n}")
                sql = "UPDATE record SET dirty = 1 WHERE tenant_id = ? AND source_id = ? AND remote_id = ?"
                database.run_now(lambda c, sql=sql, where=where: c.execute(sql, where))
            clock = Clock()
            database.run_now(resolve, "t", ENTITIES["person"], [1, 2, 3], name)
            print(f"  {name:<14} {clock}")
            database.run_now(lambda c: c.execute("UPDATE record SET dirty = 0"))


def splink() -> None:
    """Splink on DuckDB, trained without labels, on FEBRL4 and FEBRL3."""
    for title, lists in (("Splink, FEBRL4", ("4a", "4b")), ("Splink, FEBRL3", ("3",))):
        sides = [febrl.rows(name) for name in lists]
        clock = Clock()
        found = _splink(sides)
        seconds = str(clock)
        records = [row for side in sides for row in side]
        number = {row["rec_id"]: n for n, row in enumerate(records)}
        scores: dict[febrl.Pair, float] = {}
        for left, right, probability in found:
            one, two = sorted((number[left], number[right]))
            scores[one, two] = max(probability, scores.get((one, two), 0.0))
        told(title, scores, febrl.truth(records), seconds)


def _splink(sides: list[list[febrl.Row]]) -> list[tuple[str, str, float]]:
    import logging  # noqa: PLC0415

    import pandas as pd  # noqa: PLC0415
    import splink.comparison_library as cl  # noqa: PLC0415
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    logging.disable(logging.WARNING)
    database = DuckDBAPI()
    frames = [pd.DataFrame([{n: row.get(n) for n in ("rec_id", *COMPARED)} for row in side]) for side in sides]
    tables = [database.register(f.astype("string"), dataset_display_name=f"t{n}") for n, f in enumerate(frames)]
    settings = SettingsCreator(
        link_type="link_only" if len(tables) > 1 else "dedupe_only",
        unique_id_column_name="rec_id",
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.LevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.LevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.7]),
            cl.LevenshteinAtThresholds("postcode", [1]),
        ],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in ORACLE],
    )
    linker = Linker(tables if len(tables) > 1 else tables[0], settings)
    strict = [block_on("given_name", "surname", "date_of_birth"), block_on("soc_sec_id", "surname")]
    linker.training.estimate_probability_two_random_records_match(strict, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (("given_name", "surname"), ("date_of_birth",), ("postcode",)):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    found = linker.inference.predict(threshold_match_probability=0.001).as_pandas_dataframe()
    return [(row.rec_id_l, row.rec_id_r, row.match_probability) for row in found.itertuples(index=False)]


def main() -> None:
    """Run what is asked for; without a word all but the oracle, each in a process of its own for its memory."""
    parts = {"quality": quality, "pairs": pairs, "graph": graph, "sync": sync, "splink": splink}
    if sys.argv[1:2] == ["fill"]:
        fill(sys.argv[2])
        return
    asked = sys.argv[1:] or ["quality", "pairs", "graph", "sync"]
    if len(asked) == 1:
        parts[asked[0]]()
        return
    print(machine(), flush=True)
    for name in asked:
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main()
