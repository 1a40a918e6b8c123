"""Every built-in connector is recorded from its simulator: what is replayed holds nobody who was there."""

import re
from urllib.parse import urlsplit

import pytest

from vaiven_registry import Registry
from vaiven_sdk.testing import serve
from vaiven_sdk.testing.cassette import Cassette, record_stream

MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@pytest.mark.parametrize("slug", ["hubspot", "mailchimp", "stripe"])
async def test_a_recording_of_each_stream_replays_and_holds_nobody(slug, tmp_path):
    registry = Registry()
    connector, kind = registry.load(slug), registry.simulator(slug)
    vendor = kind(quirks=kind.calm)
    for name in connector.streams:
        vendor.sample(name, 2)
    with serve(vendor) as server:
        for name, stream in connector.streams.items():
            recording = await record_stream(
                connector,
                stream,
                connector.config.model_validate(vendor.config),
                vendor.credential,
                salt=b"0123456789abcdef",
                on="2026-11-25",
                source="a simulator",
                base_url=server.url + urlsplit(connector.base_url).path,
            )
            recording.cassette.save(tmp_path / f"{name}.json")
    people = {mail.lower() for mail in MAIL.findall(str(vendor.state()))}
    assert people
    for path in tmp_path.glob("*.json"):
        held = Cassette.load(path)
        assert held.origin == "documented"  # a simulator is not the vendor
        assert held.expect
        assert await held.check(connector) == []
        text = path.read_text()
        assert not [secret for secret in vendor.credential.values() if secret in text]
        assert not people & {mail.lower() for mail in MAIL.findall(text)}
