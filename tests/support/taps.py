"""Taps for tests: virtualenvs from the package index, and a tap of our own that does what a test tells it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from vaiven_sync_engine.singer.home import Tap
from vaiven_sync_engine.singer.install import install

_TAP = """#!{python}
import json, os, sys, time
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
config = json.load(open(arguments["--config"])) if "--config" in arguments else {{}}
if "--discover" in sys.argv:
    sys.stdout.write(open({catalog!r}).read())
    sys.exit(0)
state = json.load(open(arguments["--state"])) if "--state" in arguments else None
open({seen!r}, "w").write(json.dumps({{
    "config": config,
    "state": state,
    "catalog": json.load(open(arguments["--catalog"])),
    "mode": oct(os.stat(arguments["--config"]).st_mode & 0o777),
    "argv": sys.argv,
    "env": dict(os.environ),
    "pid": os.getpid(),
}}))
def say(**message):
    sys.stdout.write(json.dumps(message) + "\\n")
exec(open({script!r}).read())
"""


def cached_venv(folder: Path, specs: tuple[str, ...]) -> Path:
    """A virtualenv with these packages, made once."""
    path = folder / re.sub(r"[^a-z0-9]+", "_", " ".join(specs).lower())
    if not (path / "done").exists():
        shutil.rmtree(path, ignore_errors=True)
        install(path, specs)
        (path / "done").touch()
    return path


def own_tap(folder: Path, streams: list[dict[str, Any]], script: str, name: str = "own") -> Tap:
    """An added tap whose executable is ours: it runs `script`, which has `config`, `state` and `say(**message)`."""
    home = folder / "singer" / name
    binary = home / "venv" / "bin" / "tap-own"
    binary.parent.mkdir(parents=True)
    catalog, code = home / "own-catalog.json", home / "own.py"
    catalog.write_text(json.dumps({"streams": streams}))
    code.write_text(script)
    binary.write_text(
        _TAP.format(python=sys.executable, catalog=str(catalog), script=str(code), seen=str(home / "seen.json"))
    )
    binary.chmod(0o755)
    facts = {"name": name, "package": "tap-own", "specs": ["tap-own"], "executable": "tap-own"}
    (home / "tap.json").write_text(json.dumps({**facts, "versions": {"tap-own": ["1.0", "0" * 64]}, "added_at": ""}))
    return Tap(home)


PEOPLE: dict[str, Any] = {
    "tap_stream_id": "people",
    "stream": "people",
    "key_properties": ["id"],
    "schema": {
        "type": "object",
        "properties": {
            "id": {"type": ["integer"]},
            "email": {"type": ["string", "null"]},
            "first_name": {"type": ["string", "null"]},
            "updated_at": {"type": ["string", "null"], "format": "date-time"},
        },
    },
    "metadata": [{"breadcrumb": [], "metadata": {"inclusion": "available", "valid-replication-keys": ["updated_at"]}}],
}
