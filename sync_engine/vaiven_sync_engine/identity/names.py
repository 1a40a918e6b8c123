"""Whether two people may have one first name: all that names are good for, as long as nobody is scored."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALIKE = 0.75
"""Ratio of equal letters from which on two first names are one, slips of the finger allowed."""


def first_name(fields: Mapping[str, Any]) -> str:
    """A record's first name without case and accents; empty if it has none."""
    for part, words in (("given_name", None), ("full_name", 1), ("family_name", None)):
        found = [_fold(word) for word in str(fields.get(part) or "").split()[:words]]
        if found:
            return found[0]
    return ""


def agree(ours: Iterable[str], theirs: Iterable[str]) -> bool:
    """Whether some first name on either side is the other's, give or take a slip of the finger."""
    some = [name for name in theirs if name]
    return any(_alike(one, two) for one in ours if one for two in some)


@lru_cache(maxsize=65_536)
def _alike(one: str, two: str) -> bool:
    return one == two or SequenceMatcher(None, one, two).ratio() >= ALIKE


@lru_cache(maxsize=65_536)
def _fold(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in plain if c.isalnum())
