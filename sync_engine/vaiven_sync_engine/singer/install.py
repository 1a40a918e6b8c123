"""A virtualenv for each tap: taps pin what they like, and none of it may reach ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from vaiven_sync_engine.singer.errors import TapNotInstalled

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 600.0
"""Seconds that an installation may take."""
_INVENTORY = """
import hashlib, importlib.metadata as m, json
found = {}
for d in m.distributions():
    record = d.read_text("RECORD") or ""
    found[d.metadata["Name"]] = [d.version, hashlib.sha256(record.encode()).hexdigest()]
print(json.dumps(found))
"""


def install(venv: Path, specs: Sequence[str], python: str | None = None) -> None:
    """Make the virtualenv and install the packages into it, with uv where it is and with pip otherwise.

    Args:
        venv: where; it must not be there yet.
        specs: as pip takes them: names, versions, addresses.
        python: interpreter to use; ours when left out.

    Raises:
        TapNotInstalled: with the last lines of what the installer said.
    """
    if any(spec.startswith("-") for spec in specs):
        raise TapNotInstalled("A package's name does not begin with a dash.", why=", ".join(specs))
    uv = _uv()
    inside = str(venv / "bin" / "python")
    if uv:
        _run([uv, "venv", "--quiet", "--python", python or sys.executable, str(venv)])
        _run([uv, "pip", "install", "--quiet", "--python", inside, *specs])
    else:
        _run([python or sys.executable, "-m", "venv", str(venv)])
        _run([inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *specs])


def inventory(venv: Path) -> dict[str, tuple[str, str]]:
    """What is installed: by package its version, and the SHA-256 of its list of files with their hashes."""
    said = _run([str(venv / "bin" / "python"), "-c", _INVENTORY])
    return msgspec.json.decode(said, type=dict[str, tuple[str, str]])


def executable(venv: Path, package: str) -> str:
    """Name of the tap's command among those of its virtualenv.

    Raises:
        TapNotInstalled: the package brings none.
    """
    found = sorted(path.name for path in (venv / "bin").iterdir() if re.match(r"(meltanolabs-)?tap[-_]", path.name))
    plain = re.sub(r"^(meltanolabs|pipelinewise|z3)-", "", package)
    if package in found or plain in found:
        return package if package in found else plain
    if len(found) == 1:
        return found[0]
    raise TapNotInstalled(f"{package} brings no command of its name.", why=f"it brings {', '.join(found) or 'none'}")


def _uv() -> str | None:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")


def _run(command: Sequence[str]) -> str:
    # Index addresses and proxies are the operator's to set; the key that opens our store is nobody's business.
    env = {name: value for name, value in os.environ.items() if not name.startswith("VAIVEN_")}
    try:
        done = subprocess.run(  # noqa: S603 - an installer, with names that are no options
            command, env=env, capture_output=True, text=True, timeout=LONGEST, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise TapNotInstalled(f"{Path(command[0]).name} did not work.", why=type(problem).__name__) from None
    if done.returncode:
        # An index's address may hold the operator's password.
        said = re.sub(r"://[^/@\s]+@", "://[hidden]@", done.stderr or done.stdout)
        tail = " ".join(said.split())[-800:]
        raise TapNotInstalled("The tap cannot be installed.", why=tail or f"exit code {done.returncode}")
    return done.stdout
