"""The kinds of ids that vendors give, and the ways in which they write an instant."""

from __future__ import annotations

import hashlib
import string
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from email.utils import format_datetime
from random import Random
from typing import Any

IdKind = Callable[[Mapping[str, Any], int, Random], Any]
"""(the new row, how many there were before it, the simulator's chance) -> its id."""

Stamp = Callable[[datetime], Any]
"""An aware instant -> what stands in the vendor's JSON."""

LETTERS = string.ascii_letters + string.digits
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def serial(start: int = 1, *, text: bool = False, form: str = "") -> IdKind:
    """Whole numbers that grow by one.

    Args:
        start: the first.
        text: as a string, which is how many vendors send numbers.
        form: how it is written, as `r{:06}`.
    """

    def make(_: Mapping[str, Any], n: int, __: Random) -> Any:
        number = start + n
        return form.format(number) if form else str(number) if text else number

    return make


def sparse(start: int = 1, step: int = 47, *, text: bool = True) -> IdKind:
    """Growing whole numbers with gaps of up to `step`, as where other accounts take ids in between."""
    last = [start - 1]

    def make(_: Mapping[str, Any], __: int, chance: Random) -> Any:
        last[0] += chance.randint(1, step)
        return str(last[0]) if text else last[0]

    return make


def prefixed(prefix: str, size: int = 14, alphabet: str = LETTERS) -> IdKind:
    """Random characters behind a prefix: `cus_9sXd...`."""
    return lambda _, __, chance: prefix + "".join(chance.choices(alphabet, k=size))


def hexadecimal(digits: int = 10) -> IdKind:
    """Random hex digits."""
    return lambda _, __, chance: f"{chance.getrandbits(4 * digits):0{digits}x}"


def uuid4() -> IdKind:
    """Random UUIDs."""
    return lambda _, __, chance: str(uuid.UUID(int=chance.getrandbits(128), version=4))


def ulid() -> IdKind:
    """26 characters that sort in the order of creation."""

    def make(_: Mapping[str, Any], n: int, chance: Random) -> str:
        number = (1_700_000_000_000 + n) << 80 | chance.getrandbits(80)
        return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))

    return make


def digest_of(field: str, algorithm: str = "md5") -> IdKind:
    """The hash of another field in lower case, so that the id follows from the address."""

    def make(row: Mapping[str, Any], _: int, __: Random) -> str:
        return hashlib.new(algorithm, str(row[field]).lower().encode(), usedforsecurity=False).hexdigest()

    return make


def iso(timespec: str = "milliseconds", *, zone: tzinfo = UTC, suffix: str = "Z") -> Stamp:
    """ISO 8601.

    Args:
        timespec: as `datetime.isoformat` takes it.
        zone: of the account, where the vendor does not write UTC.
        suffix: `Z`, empty for a time without a zone, or `+` for the offset.
    """

    def stamp(at: datetime) -> str:
        local = at.astimezone(zone)
        if suffix == "+":
            return local.isoformat(timespec=timespec)
        return local.replace(tzinfo=None).isoformat(timespec=timespec) + suffix

    return stamp


def epoch(per_second: int = 1) -> Stamp:
    """Whole seconds since 1970, or with 1000 milliseconds."""
    return lambda at: int(at.timestamp() * per_second)


def http_date(at: datetime) -> str:
    """As in the headers of HTTP: `Sun, 22 Nov 2026 10:00:00 GMT`."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def spoken(form: str, *, zone: tzinfo = UTC) -> Stamp:
    """Any other spelling, as `strftime` writes it in the account's zone."""
    return lambda at: at.astimezone(zone).strftime(form)
