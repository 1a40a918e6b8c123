"""`python -m vaiven_api.demo`: see it work, with no account and no network."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec

from vaiven_api.demo.story import Story


def main() -> int:
    """Run the demo; 0 when everything agrees, 1 on any difference."""
    parser = argparse.ArgumentParser(prog="python -m vaiven_api.demo", description=__doc__)
    parser.add_argument("--people", type=int, default=5000, help="humans in the company (default: 5000)")
    parser.add_argument("--seed", type=int, default=1, help="another company for each seed (default: 1)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the store in this folder")
    parser.add_argument("--store", type=Path, metavar="PATH", help="keep the store at this path; it must not exist")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, and nothing else")
    given = parser.parse_args()
    # A plain `kill` ends the simulators as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vaiven-demo-")))
        store = given.store or folder / "vaiven.db"
        if store.exists():
            parser.error(f"{store} exists already")
        story = Story(given.people, given.seed, store, quiet=given.json)
        try:
            differences = story.tell()
        except KeyboardInterrupt:
            return 130
        if given.json:
            sys.stdout.write(msgspec.json.format(msgspec.json.encode(story.facts), indent=2).decode() + "\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
