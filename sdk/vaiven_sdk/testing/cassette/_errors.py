"""What can go wrong with a cassette."""

from __future__ import annotations

from vaiven_sdk.errors import VaivenError


class CassetteInvalid(VaivenError):
    """The file is no cassette."""

    code = "cassette_invalid"
    remedy = "Record it again, or write it as docs/sdk/cassettes.md says."


class CassetteUnsafe(VaivenError):
    """After scrubbing, something secret or personal would still be in the file, so it was not written."""

    code = "cassette_unsafe"
    remedy = "Nothing was written. Report it with the kinds and places named here, which hold no value."


class CassetteMiss(AssertionError):
    """The connector asked for something that the cassette does not hold.

    It is an `AssertionError`, not one of our errors: nothing may retry it or take it for a vendor's bad day.
    """
