"""Addresses as Google wants them: normalised, then SHA-256 in lower-case hexadecimal digits.

Rules: developers.google.com/google-ads/api/docs/conversions/upload-online: no blanks around, lower case, telephone
numbers in E.164; for enhanced conversions no dots before the `@` of gmail.com and googlemail.com either. Read
2026-11-25. A digest cannot be read back, so nobody can check how it was made: Google finds out only whether it knows
it, and so does this.
"""

from __future__ import annotations

import hashlib
import re

_DOTLESS = {"gmail.com", "googlemail.com"}


def normalised(address: str) -> str:
    """An e-mail address or a telephone number in the form that is hashed."""
    text = address.strip().lower()
    if "@" not in text:
        return "+" + re.sub(r"\D", "", text)
    user, _, domain = text.rpartition("@")
    return f"{user.replace('.', '')}@{domain}" if domain in _DOTLESS else text


def digest_of(address: str) -> str:
    """The digest of an address, normalised."""
    return _hashed(normalised(address))


def digests_of(address: str) -> set[str]:
    """The digests by which Google knows an address: with the dots of a Gmail address, and without them."""
    return {digest_of(address), _hashed(address.strip().lower())}


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_form(text: str) -> bool:
    """Whether a text has the form of a digest."""
    return bool(re.fullmatch(r"[0-9a-f]{64}", text))
