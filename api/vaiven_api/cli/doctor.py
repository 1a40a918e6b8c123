"""`vaiven doctor`: is this installation sound, and what is waiting in its store?"""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import sqlite3
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from vaiven_api.cli.exits import OK, UNEXPECTED
from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import plain, print_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from vaiven_sync_engine.store import Address
    from vaiven_sync_engine.store.sql import Sql

_OLDEST_SQLITE = (3, 35, 0)
"""The store's statements need upserts with a condition and partial indexes."""
_LEAST_FREE = 200 * 1024 * 1024
"""Bytes on the store's disk below which a first sync is likely to stop."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        check: what.
        state: `ok`, `note` (nothing to do now) or `wrong`.
        found: what there is.
        remedy: what to do if it is wrong.
    """

    check: str
    state: Literal["ok", "note", "wrong"]
    found: str
    remedy: str = ""


@click.command()
@common()
def doctor(options: Options) -> int:
    """Check Python, SQLite, the store, its key, the disk, the connectors and the connections.

    The exit code is 1 if something is wrong. It changes nothing and can be run at any time.

    \b
    Example:
      vaiven doctor --store /srv/vaiven/vaiven.db
    """  # noqa: D301
    findings = [*_installation(), *_disk(options.store), *_store(options.store)]
    wrong = sum(f.state == "wrong" for f in findings)
    if options.json:
        print_json({"wrong": wrong, "findings": [dataclasses.asdict(f) for f in findings]})
    else:
        colours = {"ok": "green", "note": "yellow", "wrong": "red"}
        for one in findings:
            mark = click.style(f"{one.state:<6}", fg=colours[one.state])
            click.echo(f"{mark} {one.check:<14} {plain(one.found)}")
            if one.remedy and one.state != "ok":
                click.echo(f"{'':<21} {plain(one.remedy)}")
        click.echo(f"\n{wrong} wrong" if wrong else "\nNothing is wrong.")
    return UNEXPECTED if wrong else OK


def _installation() -> Iterator[Finding]:
    # Older ones are refused by pip; what is here tells a report's reader which it was.
    yield Finding("python", "ok", f"{platform.python_version()} ({platform.system()} {platform.machine()})")
    new = sqlite3.sqlite_version_info >= _OLDEST_SQLITE
    oldest = ".".join(map(str, _OLDEST_SQLITE))
    yield Finding("sqlite", "ok" if new else "wrong", sqlite3.sqlite_version, f"Use a Python with SQLite {oldest}.")
    from vaiven_registry import Registry  # noqa: PLC0415

    registry = Registry()
    broken = registry.check()
    yield Finding("connectors", "ok", f"{len(registry.list())} can be loaded")
    for one in broken:
        yield Finding("connector", "wrong", f"{one.slug} from {one.distribution}: {one.reason}", one.remedy)


def _disk(store: Address) -> Iterator[Finding]:
    if not isinstance(store, Path):
        return
    try:
        free = shutil.disk_usage(store.absolute().parent).free
    except OSError as problem:
        yield Finding("disk", "wrong", f"{store.absolute().parent}: {problem.strerror}", "Make the folder.")
        return
    enough = free > _LEAST_FREE
    yield Finding("disk", "ok" if enough else "wrong", f"{_size(free)} free", "Free some space before the next sync.")


def _store(place: Address) -> Iterator[Finding]:
    from vaiven_sdk import VaivenError  # noqa: PLC0415
    from vaiven_sync_engine.store import Database  # noqa: PLC0415

    try:
        if not Database.exists(place):
            yield Finding("store", "note", f"there is none at {place} yet", "`vaiven connect SLUG` makes it.")
            return
        size = f", {_size(place.stat().st_size)}" if isinstance(place, Path) else ""
        yield Finding("store", "ok", f"{place}{size}")
        owner = Database.owner(place)
        yield Finding("lock", "note" if owner else "ok", f"{owner} works on it" if owner else "free")
        yield from _key(place)
        with Database.reader(place) as connection:
            sound = yield from _integrity(connection, place)
            if sound:
                yield from _connections(connection, place)
                yield from _waiting(connection, busy=bool(owner))
    except VaivenError as problem:
        yield Finding("integrity", "wrong", str(problem), problem.remedy)
    except sqlite3.Error as problem:
        yield Finding("integrity", "wrong", str(problem), "This file is not a store of Vaiven.")


def _integrity(connection: Sql, place: Address) -> Generator[Finding, None, bool]:
    if not isinstance(place, Path):
        (version,) = connection.execute("SHOW server_version").fetchone()
        yield Finding("server", "ok", f"Postgres {version}")
        return True
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    sound = bool(answer == "ok")
    remedy = "Restore the last backup; what the tools hold is read again by `vaiven sync --full`."
    yield Finding("integrity", "ok" if sound else "wrong", answer, remedy)
    return sound


def _key(place: Address) -> Iterator[Finding]:
    from vaiven_sdk import VaivenError  # noqa: PLC0415
    from vaiven_sync_engine.vault import VARIABLE, Vault  # noqa: PLC0415

    file = Path(f"{place}.key")
    try:
        Vault.at(place)
    except VaivenError as problem:
        yield Finding("key", "wrong", str(problem), problem.remedy)
        return
    if os.environ.get(VARIABLE, "").strip():
        yield Finding("key", "ok", f"in {VARIABLE}")
    elif not isinstance(place, Path):
        yield Finding("key", "wrong", f"{VARIABLE} is not set", "Set it: a store on Postgres has no key file.")
    elif file.exists():
        yield Finding("key", "ok", f"{file}, mode {stat.S_IMODE(file.stat().st_mode):04o}")
    else:
        yield Finding("key", "note", f"none yet; the first connection makes {file}")


def _connections(connection: Sql, place: Address) -> Iterator[Finding]:
    from vaiven_sdk import VaivenError  # noqa: PLC0415
    from vaiven_sync_engine.connections import load_all  # noqa: PLC0415
    from vaiven_sync_engine.vault import Vault  # noqa: PLC0415

    found = load_all(connection, TENANT)
    if not found:
        yield Finding("connections", "note", "none yet", "`vaiven connect SLUG` makes one.")
    for one in found.values():
        approved = "approved" if one.approved else "its first writes are not approved yet"
        direction = approved if one.writes else "read only"
        whose = f"{one.connector} {one.account_name or one.account_id or ''}".strip()
        told = f"{one.id}: {whose}, {one.status}, {direction}"
        try:
            Vault.at(place).open(TENANT, one.id, one.secret)
        except VaivenError as problem:
            yield Finding("connection", "wrong", f"{told}; {problem}", problem.remedy)
            continue
        if one.status == "waiting":
            yield Finding("connection", "note", told, "Its tool was in trouble; the next sync tries again.")
        else:
            remedy = f"`vaiven connect {one.connector} --name {one.id}`, then sync again."
            yield Finding("connection", "ok" if one.status == "ok" else "wrong", told, remedy)


def _waiting(connection: Sql, *, busy: bool) -> Iterator[Finding]:
    def count(query: str) -> int:
        return int(connection.execute(query, (TENANT,)).fetchone()[0])

    held = count("SELECT count(*) FROM record WHERE tenant_id = ? AND deleted_at IS NULL")
    known = count("SELECT count(*) FROM person WHERE tenant_id = ? AND deleted_at IS NULL")
    yield Finding("records", "ok", f"{held:,} live records, {known:,} people")
    states: list[tuple[str, str, str]] = [
        (
            "open writes",
            "SELECT count(*) FROM intent WHERE tenant_id = ? AND state IN ('sending', 'unknown')",
            "The next sync reads them back and settles them.",
        ),
        (
            "dirty",
            "SELECT count(*) FROM record WHERE tenant_id = ? AND dirty = 1",
            "The next sync takes them in.",
        ),
        (
            "waiting",
            "SELECT count(*) FROM record WHERE tenant_id = ? AND dirty = 2",
            "They refer to records that no tool has shown yet.",
        ),
        (
            "unplanned",
            "SELECT count(*) FROM pending WHERE tenant_id = ?",
            "They changed since the last complete sync; the next one plans them.",
        ),
        (
            "quarantine",
            "SELECT count(*) FROM quarantine WHERE tenant_id = ?",
            "`vaiven quarantine` says why; correct them in their tools.",
        ),
    ]
    for check, query, remedy in states:
        number = count(query)
        yield Finding(check, "note" if number else "ok", f"{number:,}", remedy)
    running = count("SELECT count(*) FROM run WHERE tenant_id = ? AND status = 'running'")
    if running and not busy:
        yield Finding("killed runs", "note", f"{running:,}", "The next sync goes on where they stopped.")


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:,.0f} {unit}"
        count /= 1024
    return f"{count:,.1f} TB"
