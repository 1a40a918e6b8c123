"""Match keys: values that help to find the same person, and are never written back to a tool."""

import unicodedata
from urllib.parse import parse_qsl, urlencode, urlsplit

from . import clean

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_TRACKING = frozenset(
    (
        "_hsenc _hsmi dclid fbclid gad_source gbraid gclid igshid li_fat_id "
        "mc_cid mc_eid msclkid ttclid twclid wbraid yclid"
    ).split()
)


def email_match(value: str) -> str | None:
    """An e-mail address without its plus tag; for Gmail also without dots and under one domain."""
    # Source on dots: Gmail Help, support.google.com/mail/answer/7436150, 2026-11-22.
    address = clean.email(value)
    if address is None:
        return None
    local, _, host = address.rpartition("@")
    local = local.partition("+")[0] or local
    if host in _DOTLESS:
        local, host = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{host}"


def name_match(value: str) -> str | None:
    """A name without case, accents, punctuation and double spaces."""
    plain = clean.name(value)
    if plain is None:
        return None
    letters = (
        char if char.isalnum() else " "
        for char in unicodedata.normalize("NFKD", plain.casefold())
        if not unicodedata.combining(char)
    )
    return " ".join("".join(letters).split()) or None


def url_match(value: str) -> str | None:
    """A web address without scheme, `www.`, fragment, tracking and trailing slash; parameters sorted."""
    address = clean.url(value)
    if address is None:
        return None
    parts = urlsplit(address)
    kept = sorted(
        (key, item)
        for key, item in parse_qsl(parts.query, keep_blank_values=True)
        if not key.startswith("utm_") and key not in _TRACKING
    )
    query = f"?{urlencode(kept)}" if kept else ""
    return f"{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}{query}"
