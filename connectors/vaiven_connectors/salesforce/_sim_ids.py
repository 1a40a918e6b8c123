"""Record ids: 15 characters that are case-sensitive, and three more that say which of them are capitals.

Source: Salesforce Help 000385203 as told by
codebycody.com/salesforces-algorithm-for-converting-ids-from-15-to-18-characters and theblogreaders.com
(0019000000B98de -> 0019000000B98deAAB); read 2026-11-25.
"""

from __future__ import annotations

import re
from random import Random

# In the order of ASCII, in which ids are compared and sorted here.
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_SIZE = 15


def suffix(short: str) -> str:
    """The three characters for 15: each tells, as five bits, which of five are capitals."""
    found = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, char in enumerate(short[start : start + 5]) if "A" <= char <= "Z")
        found += _CHECK[bits]
    return found


def long(short: str) -> str:
    """The 18 characters that the API gives."""
    return short + suffix(short)


def short(given: object) -> str | None:
    """The 15 characters that an id means: 18 are taken in any case, and their suffix must fit; None for no id."""
    if not isinstance(given, str) or not _FORM.fullmatch(given):
        return None
    if len(given) == _SIZE:
        return given
    fixed = ""
    for index, check in enumerate(given[_SIZE:].upper()):
        bits = _CHECK.find(check)
        if bits < 0:
            return None
        for place, char in enumerate(given[index * 5 : index * 5 + 5]):
            fixed += char.upper() if bits >> place & 1 else char.lower()
    return fixed if suffix(fixed) == given[_SIZE:].upper() else None


class Ids:
    """Gives new ids: the object's prefix, letters of the instance, and a number that grows."""

    def __init__(self, chance: Random) -> None:
        self._pod = "".join(chance.choices(ALPHABET[10:], k=2))
        self._next: dict[str, int] = {}
        self._chance = chance

    def new(self, prefix: str) -> str:
        """The next id of that prefix, with 15 characters."""
        number = self._next.get(prefix) or self._chance.randint(62**3, 62**4)
        self._next[prefix] = number + 1
        digits = ""
        while number:
            number, digit = divmod(number, 62)
            digits = ALPHABET[digit] + digits
        return f"{prefix}{self._pod}{digits:0>10}"
