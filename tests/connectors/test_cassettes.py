"""Every stream of every built-in connector has a cassette, and reads it as it says."""

import dataclasses

import pytest

from tests.support.cassettes import folder
from vaiven_registry import Registry
from vaiven_sdk.testing.cassette import Cassette, document_again

REGISTRY = Registry()
STREAMS = [
    (entry.slug, name) for entry in REGISTRY.list() if entry.built_in for name in REGISTRY.load(entry.slug).streams
]


@pytest.mark.parametrize(("slug", "stream"), STREAMS)
async def test_a_cassette_is_read_as_it_says(slug, stream):
    cassette = Cassette.load(folder(slug) / f"{stream}.json")
    assert cassette.origin == "documented"
    assert cassette.stream == stream
    assert cassette.source
    assert cassette.expect
    assert await cassette.check(REGISTRY.load(slug)) == []
    assert dataclasses.asdict(await document_again(cassette, REGISTRY.load(slug))) == dataclasses.asdict(cassette)


def test_there_is_no_cassette_of_nothing():
    held = {(slug, path.stem) for slug in {s for s, _ in STREAMS} for path in folder(slug).glob("*.json")}
    assert held == set(STREAMS)
