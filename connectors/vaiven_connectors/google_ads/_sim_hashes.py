"""Addresses as Google wants them: normalised, then SHA-256 in lower-case hexadecimal digits.

Rules: developers.google.com/google-ads/api/docs/remarketing/audience-segments/customer-match/get-started and
.../docs/conversions/enhanced-conversions/leads: no blanks around, lower case, no dots before the `@` of gmail.com and
googlemail.com; telephone numbers in E.164. Read 2026-11-25.
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
    return hashlib.sha256(normalised(address).encode()).hexdigest()


def sha256_form(text: str) -> bool:
    """Whether a text has the form of a digest."""
    return bool(re.fullmatch(r"[0-9a-f]{64}", text))
