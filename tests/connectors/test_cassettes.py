"""Every built-in connector reads its cassettes as they say."""

import dataclasses

import pytest

from tests.support.cassettes import folder
from vaiven_registry import Registry
from vaiven_sdk.testing.cassette import Cassette, document_again

REGISTRY = Registry()
BUILT_IN = [entry.slug for entry in REGISTRY.list() if entry.built_in]
CASSETTES = [(slug, path.stem) for slug in BUILT_IN for path in sorted(folder(slug).glob("*.json"))]

OF_JOBS = {"shopify", "meta_ads/insights", "meta_ads/ad_insights"}
"""What asks for a job, asks after it and downloads: its answers hang together, so they are renewed by hand."""


@pytest.mark.parametrize(("slug", "name"), CASSETTES)
async def test_a_cassette_is_read_as_it_says(slug, name):
    cassette = Cassette.load(folder(slug) / f"{name}.json")
    assert cassette.origin == "documented"
    assert cassette.stream in REGISTRY.load(slug).streams
    assert cassette.source
    assert cassette.expect
    assert await cassette.check(REGISTRY.load(slug)) == []
    if OF_JOBS.isdisjoint({slug, f"{slug}/{name}"}):
        assert dataclasses.asdict(await document_again(cassette, REGISTRY.load(slug))) == dataclasses.asdict(cassette)


def test_every_connector_has_some():
    assert {owner for owner, _ in CASSETTES} == set(BUILT_IN)
