"""The documented answers of the built-in connectors, out of their cassettes."""

import copy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vaiven_sdk.testing.cassette import Cassette


def folder(slug: str) -> Path:
    """Where a connector's cassettes are."""
    spec = find_spec(f"vaiven_connectors.{slug}")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "cassettes"


def answer(slug: str, stream: str, number: int = 0) -> Any:
    """The body of one answer; a copy, so that a test may change it."""
    return copy.deepcopy(Cassette.load(folder(slug) / f"{stream}.json").exchanges[number].answer)


def record(slug: str, stream: str, items: str) -> Any:
    """The first record in the first answer's array of that name."""
    return answer(slug, stream)[items][0]
