"""Cleaners: each brings two spellings of one value to the same text.

A cleaner takes what a tool sent and returns the one spelling, or None when nothing usable is in it; the
tool's own text stays in the source record. No cleaner ever raises, whatever the text: a lone surrogate, which
no database and no UTF-8 file can hold, gives None. All are idempotent: cleaning a clean value changes
nothing. None of them throws away what its owner may have meant: an e-mail address keeps its plus tag (see
`vaiven_sdk.model.match` for keys that do not).
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, urlsplit

from .money import EXPONENTS

# White space by `str.isspace`, and the zero-width characters that copying out of a web page brings along.
_OUTER = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_EXTENSION = re.compile(r"[\s,;]*(?:;\s*ext\s*=|ext(?:ension|n)?\.?:?|x|#)\s*([0-9]{1,7})\Z", re.IGNORECASE)
_TEL = re.compile(rf"\A(?:tel:[{_OUTER}]*)+", re.IGNORECASE)
_SUBTAG = re.compile(r"[A-Za-z0-9]{1,8}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?![0-9]+(?:[/?#]|\Z))")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200b\u2028-\u202f\u205f\u2060\u3000\ufeff]")
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
_MAX_EMAIL = 254
"""Octets of an address in SMTP: RFC 5321 section 4.5.3.1.3 less the angle brackets."""


def text(value: str) -> str | None:
    """Free text in Unicode form C, without outer white space; `''` gives None.

    NUL characters are dropped, since Postgres cannot store them.
    """
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return None
        value = unicodedata.normalize("NFC", value.replace("\x00", ""))
    elif "\x00" in value:
        value = value.replace("\x00", "")
    return value.strip(_OUTER) or None


def name(value: str) -> str | None:
    """A name as `text`, with every run of inner white space made one space; capitals stay as they are."""
    plain = text(value)
    return " ".join(plain.split()) or None if plain is not None else None


def email(value: str) -> str | None:
    """An e-mail address in lower case, its domain in IDNA form; the plus tag stays.

    The local part is lower-cased too: mail services hardly ever tell `Ana@` from `ana@`, and tools disagree
    on which of the two they keep. None for what is no bare address: without `@`, with spaces, longer than
    254.
    """
    plain = text(value)
    if plain is None or _CONTROL.search(plain):
        return None
    local, at, host = plain.rpartition("@")
    ascii_host = _host(host)
    if not at or not local or "@" in local or ascii_host is None:
        return None
    local = unicodedata.normalize("NFC", local.lower())
    address = f"{local}@{ascii_host}"
    return address if len(address.encode()) <= _MAX_EMAIL else None


@lru_cache(maxsize=65_536)
def phone(value: str, region: str | None = None) -> str | None:
    """A phone number in E.164 with `;ext=` for an extension, as in `+34600111222` or `+14155550100;ext=7`.

    Only an explicit `+` or a `region` hint tells the country; without either, or when no such number can
    exist, the digits stay as they were typed. A number spelt with letters stays as it is.

    Args:
        value: what was typed.
        region: ISO 3166-1 alpha-2 code of the country that a number without `+` belongs to.
    """
    plain = _TEL.sub("", name(value) or "")
    if not plain:
        return None
    found = _EXTENSION.search(plain)
    suffix = f";ext={found[1]}" if found else ""
    main = plain[: found.start()] if found else plain
    if any(char.isalpha() for char in main):
        return plain
    digits = "".join(str(unicodedata.decimal(char, "")) for char in main)
    if not digits:
        return None
    typed = f"+{digits}" if main.lstrip(" (").startswith(("+", "\uff0b")) else digits
    return (_e164(typed, region) or typed) + suffix


def _e164(typed: str, region: str | None) -> str | None:
    if typed[0] != "+" and region is None:
        return None
    import phonenumbers  # noqa: PLC0415 - slow to load, and most processes never see a phone number

    before, number = "", typed
    # Some plans drop a national zero on each pass, so one pass is not the last word.
    while number != before:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_possible_number(parsed):
            return None
        before, number = number, str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return number


def domain(value: str) -> str | None:
    """An internet domain in IDNA form without `www.`, taken out of a URL or e-mail address if need be.

    None for an IP address and for a name without a dot.
    """
    plain = text(value)
    if plain is None:
        return None
    host = re.split(r"[/?#]", plain.rpartition("://")[2] or plain, maxsplit=1)[0]
    ascii_host = _host(re.sub(r":[0-9]*\Z", "", host.rpartition("@")[2]))
    if ascii_host is None:
        return None
    while ascii_host.startswith("www.") and "." in ascii_host[4:]:
        ascii_host = ascii_host[4:]
    return ascii_host if "." in ascii_host and not ascii_host.rpartition(".")[2].isdecimal() else None


def url(value: str) -> str | None:
    """An absolute web address: scheme and host in lower case, no default port, no user name or password.

    An address without a scheme gets `https`. None for every scheme but `http` and `https`, so that no
    `javascript:` link travels from one tool to another.
    """
    plain = text(value)
    if plain is None:
        return None
    if not _SCHEME.match(plain):
        plain = f"https://{plain.lstrip('/')}"
    try:
        parts = urlsplit(plain)
        port = parts.port
    except ValueError:
        return None
    host = _host((parts.hostname or "").strip(_OUTER))
    if parts.scheme not in {"http", "https"} or host is None:
        return None
    shown_port = "" if port in {None, 80 if parts.scheme == "http" else 443} else f":{port}"
    rest = "".join(
        (
            "" if parts.path == "/" else parts.path,
            f"?{parts.query}" if parts.query else "",
            f"#{parts.fragment}" if parts.fragment else "",
        )
    )
    return f"{parts.scheme}://{host}{shown_port}{quote(rest, safe=_URL_SAFE)}"


@lru_cache(maxsize=4_096)
def country(value: str) -> str | None:
    """ISO 3166-1 alpha-2 code, from that, the alpha-3 code or a usual English name; None for other text."""
    from ._countries import CODES, fold  # noqa: PLC0415 - a table that few processes need

    plain = text(value)
    return CODES.get(fold(plain)) if plain is not None else None


def currency(value: str) -> str | None:
    """An ISO 4217 code in capitals, active or withdrawn; None for any other text."""
    plain = text(value)
    code = plain.upper() if plain is not None and plain.isascii() else ""
    return code if code in EXPONENTS else None


@lru_cache(maxsize=4_096)
def language(value: str) -> str | None:
    """A BCP 47 tag in its usual case, from any case and from POSIX forms: `pt_br.UTF-8` gives `pt-BR`.

    Case is that of RFC 5646 section 2.1.1. Whether the language exists is not checked.
    """
    plain = text(value)
    if plain is None:
        return None
    first, *rest = re.split(r"[.@]", plain, maxsplit=1)[0].replace("_", "-").split("-")
    if not (2 <= len(first) <= 3 and first.isascii() and first.isalpha()):
        return None
    tags, single = [first.lower()], False
    for subtag in rest:
        if not _SUBTAG.fullmatch(subtag):
            return None
        lower = subtag.lower()
        if len(lower) == 2 and lower.isalpha() and not single:
            lower = lower.upper()
        elif len(lower) == 4 and lower.isalpha() and not single:
            lower = lower.title()
        single = single or len(lower) == 1
        tags.append(lower)
    return "-".join(tags)


def _host(host: str) -> str | None:
    """A host name in lower-case IDNA form, or None if it can be none."""
    host = host.rstrip(".") if host.isascii() else _idna(host)
    host = host.lower()
    labels = host.split(".")
    return host if len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels) else None


@lru_cache(maxsize=4_096)
def _idna(host: str) -> str:
    """The ASCII form under IDNA 2008 with the mapping of UTS 46; empty if there is none."""
    import idna  # noqa: PLC0415 - large tables that only a non-ASCII domain needs

    try:
        return idna.encode(host.rstrip("."), uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, IndexError):
        return ""


CLEANERS: dict[str, Callable[[str], str | None]] = {
    "country": country,
    "currency": currency,
    "domain": domain,
    "email": email,
    "language": language,
    "name": name,
    "phone": phone,
    "text": text,
    "url": url,
}
"""Every cleaner that a field may name with `Clean`."""
