"""Run a tap: a process group of its own, private files, lines under back-pressure, and its last words when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sync_engine.singer.errors import TapFailed, TapNotInstalled

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence

BUFFER = 256 * 1024
"""Bytes of output that wait here at most, about twice; then the pipe fills, and the tap waits."""
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes: a longer line is dropped and counts as malformed."""
LAST_WORDS = 4_000
"""Characters of standard error that are kept."""
PATIENCE = 5.0
"""Seconds that a tap has to end after SIGTERM."""
TOO_LONG = b"(a line that is too long)"

_PASSED = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
)  # fmt: skip
_HIDDEN = "[hidden]"
_SHORTEST = 6


@dataclass(eq=False)
class Run:
    """One tap at work.

    Args:
        process: of the tap.
        name: how errors call it.
        secrets: values that its last words must not show.
    """

    process: asyncio.subprocess.Process
    name: str
    secrets: Sequence[str] = field(repr=False, default=())
    _tail: deque[str] = field(default_factory=lambda: deque(maxlen=200), repr=False)

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Its output line by line; read no faster than the lines are taken."""
        output = self.process.stdout
        if output is None:
            return
        rest = bytearray()
        dropping = False
        while chunk := await output.read(BUFFER):
            rest += chunk
            *whole, last = rest.split(b"\n")
            for line in whole:
                if dropping:
                    dropping = False
                    yield TOO_LONG
                elif line.strip():
                    yield bytes(line)
            rest = last
            if len(rest) > LONGEST_LINE:
                rest, dropping = bytearray(), True
        if rest.strip():
            yield bytes(rest)

    async def listen(self) -> None:
        """Keep the end of what it says on standard error, so that it never waits for a reader."""
        spoken = self.process.stderr
        while spoken is not None and (chunk := await spoken.read(8192)):
            self._tail.append(chunk.decode("utf-8", "replace"))
            if sum(map(len, self._tail)) > 4 * LAST_WORDS:
                self._tail.popleft()

    async def end(self) -> None:
        """Wait for its end.

        Raises:
            TapFailed: with its exit code and its last words.
        """
        code = await self.process.wait()
        if code:
            how = f"exit code {code}" if code > 0 else f"it was killed by signal {-code}"
            raise TapFailed(f"{self.name} failed.", why=f"{how}; its last words: {self.last_words() or '(none)'}")

    def last_words(self) -> str:
        """The end of its standard error without any value of its config."""
        text = "".join(self._tail)
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text[-LAST_WORDS:].strip()


@asynccontextmanager
async def running(
    command: Sequence[str], name: str, *, private: Path, secrets: Sequence[str] = ()
) -> AsyncIterator[Run]:
    """Start a tap; whatever happens, it and its children are gone afterwards.

    Args:
        command: executable and arguments, none of them secret.
        name: how errors call it.
        private: its working folder.
        secrets: values that errors must not show.

    Raises:
        TapNotInstalled: the executable is not there.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=BUFFER,
            cwd=private,
            env=environment(),
            start_new_session=True,
        )
    except OSError as problem:
        raise TapNotInstalled(f"{name} cannot be started.", why=str(problem.strerror or problem)) from None
    run = Run(process, name, secrets)
    listening = asyncio.create_task(run.listen())
    try:
        yield run
    finally:
        await _kill(process)
        # Standard error ends with the last of the group; a child that left the group does not keep us.
        await asyncio.wait([listening], timeout=1.0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - pipes that a stranger still holds


async def _kill(process: asyncio.subprocess.Process) -> None:
    """End the tap's process group: first asked, then made to."""
    output = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio has no other
    if output is not None:
        # asyncio waits for the end of the pipe, too, and nobody reads it any more.
        output.close()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.shield(asyncio.wait_for(process.wait(), PATIENCE))
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def environment() -> dict[str, str]:
    """What a tap sees of our environment: paths, language, proxies and certificates; no secret of ours."""
    return {name: os.environ[name] for name in _PASSED if name in os.environ}


@contextlib.contextmanager
def private_files(folder: Path, contents: Mapping[str, Any]) -> Any:
    """Files that only we and the tap can read, gone afterwards.

    Args:
        folder: where; what a killed run left there is removed.
        contents: file name to a JSON value; None makes no file.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.iterdir():
        if not _alive(old.name.partition("-")[0]):
            shutil.rmtree(old, ignore_errors=True)
    place = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=folder))
    try:
        for name, value in contents.items():
            if value is not None:
                handle = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(msgspec.json.encode(value))
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def secrets_of(value: Any, name: str = "") -> list[str]:
    """Every text of a config that might be a secret: all but paths, addresses and dates."""
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in secrets_of(inner, str(key))]
    if isinstance(value, list):
        return [one for inner in value for one in secrets_of(inner, name)]
    if not isinstance(value, str) or len(value) < _SHORTEST:
        return []
    named = any(part in name.lower() for part in ("token", "key", "secret", "password", "auth", "credential"))
    plain = value.startswith(("/", "./")) or ("://" in value and "@" not in value) or value[:4].isdecimal()
    return [] if plain and not named else [value]


def flags(**files: Path) -> Iterable[str]:
    """`--name path` for each file that is there."""
    return [part for name, path in files.items() if path.exists() for part in (f"--{name}", str(path))]
