"""Cassettes: what a vendor answered, kept as a file, replayed without a network."""

from vaiven_sdk.testing.cassette._errors import CassetteInvalid, CassetteMiss, CassetteUnsafe
from vaiven_sdk.testing.cassette._format import Cassette, Exchange
from vaiven_sdk.testing.cassette._pseudonyms import Pseudonyms
from vaiven_sdk.testing.cassette._record import (
    Recorder,
    Recording,
    document_again,
    document_stream,
    record_stream,
    salt_of,
)
from vaiven_sdk.testing.cassette._replay import Replay
from vaiven_sdk.testing.cassette._scrub import Scrubber

__all__ = [
    "Cassette",
    "CassetteInvalid",
    "CassetteMiss",
    "CassetteUnsafe",
    "Exchange",
    "Pseudonyms",
    "Recorder",
    "Recording",
    "Replay",
    "Scrubber",
    "document_again",
    "document_stream",
    "record_stream",
    "salt_of",
]
