"""Addresses and numbers as Meta matches them: normalised, then SHA-256, never as they are.

developers.facebook.com, "Customer information parameters" (updated 2026-01-09), and `Normalize` of facebook-business
26.0.3, read 2026-11-25: an address is trimmed and in small letters; a number is its digits with the country code,
without a leading plus or zeros.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any


def digest(text: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def email(value: str | None) -> str | None:
    """Digest of an address."""
    text = (value or "").strip().lower()
    return digest(text) if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) else None


def phone(value: str | None) -> str | None:
    """Digest of a number with its country code; one without it could be anybody's."""
    text = (value or "").strip()
    if not text.startswith(("+", "00")):
        return None
    digits = re.sub(r"\D", "", text).lstrip("0")
    return digest(digits) if 7 <= len(digits) <= 15 else None


def name(value: str | None) -> str | None:
    """Digest of a first or last name: small letters, no punctuation."""
    text = re.sub(r"[^\w ]", "", (value or "").strip().lower())
    return digest(text) if text else None


REFUSED = "denied"


def refused(person: Mapping[str, Any]) -> bool:
    """Whether the person has said no to marketing by e-mail: then no ad tool is told of them, either."""
    return person.get("email_consent") == REFUSED
