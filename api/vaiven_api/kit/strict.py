"""The check of the types: mypy, strict, over the connector's folder; run anew only when something has changed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from vaiven_api.kit.kit import check

if TYPE_CHECKING:
    from vaiven_api.kit.kit import Kit

_CONFIG = """[mypy]
strict = True
plugins = pydantic.mypy
follow_imports = silent
explicit_package_bases = False
"""


@check("types")
def types(kit: Kit) -> list[str]:
    """Every module of the folder, the simulator's too."""
    folder = kit.subject.folder
    if folder is None:
        return ["it is a lone module: there is no folder to look at"]
    try:
        from mypy import api  # noqa: PLC0415 - a second to import, and only makers of connectors have it
    except ImportError:
        return ["mypy is not installed: pip install mypy"]
    cache = _cache()
    kept = cache / f"types-{_key(kit)}.json"
    if kept.is_file():
        return msgspec.json.decode(kept.read_bytes(), type=list[str])
    config = kit.folder / "mypy.ini"
    config.write_text(_CONFIG)
    out, problem, code = api.run(
        ["--config-file", str(config), "--cache-dir", str(cache / "mypy"), "--no-error-summary", "--no-color-output",
         "--hide-error-context", str(folder)]
    )  # fmt: skip
    if code not in {0, 1}:
        return [f"mypy cannot look at it: {' '.join((problem or out).split())[:300]}"]
    found = [line.replace(f"{folder}{os.sep}", "") for line in out.splitlines() if ": error:" in line]
    kept.write_bytes(msgspec.json.encode(found))
    return found


def _key(kit: Kit) -> str:
    """What the result depends on: the code, the SDK that it is checked with, the checker."""
    import vaiven_sdk  # noqa: PLC0415

    sdk = Path(vaiven_sdk.__file__).parent
    stamps = [f"{path}{path.stat().st_mtime_ns}" for path in sorted(sdk.rglob("*.py"))]
    parts = [kit.subject.digest, version("mypy"), version("pydantic"), *stamps]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _cache() -> Path:
    """A folder of our own that outlives this run, where there may be one."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    for place in (Path(base) / "vaiven" / "kit", Path(tempfile.gettempdir()) / f"vaiven-kit-cache-{os.getuid()}"):
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        if os.access(place, os.W_OK):
            return place
    return Path(tempfile.mkdtemp(prefix="vaiven-kit-"))
