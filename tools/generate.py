"""Regenerate the files that are made from code, or with `--check` fail when one of them is out of date."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATORS = ("vaiven_sdk.model.docs", "vaiven_registry.index", "vaiven_api.docs")


def snapshot() -> dict[str, str]:
    """Give the SHA-256 of each file that git tracks or would track, by path."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = (path for path in listing.split("\0") if (ROOT / path).is_file())
    return {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in files}


def main() -> int:
    """Run each generator; with `--check`, exit 1 and name the files that changed."""
    before = snapshot()
    for module in GENERATORS:
        subprocess.run([sys.executable, "-m", module], cwd=ROOT, check=True)
    after = snapshot()
    changed = sorted(path for path in before | after if before.get(path) != after.get(path))
    if "--check" not in sys.argv[1:]:
        print(f"{len(changed)} generated files changed")
        return 0
    for path in changed:
        print(f"{path} was out of date; it is regenerated now: commit it", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
