"""Stable pseudonyms: the same value and the same salt always give the same one, and its kind survives."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Made-up words, so that a pseudonym is never somebody's own name.
_HEADS = "Bel Cor Dal Fen Gil Har Jun Kel Lor Mav Nor Or Pel Quin Ros Tav".split()
_TAILS = "adin aro evra ibel imor ona oreth ovin uda umar yra yssa ander elis igan osta".split()
_PLACES = "Northaven Eastmere Westbrook Southvale Millford Oakhollow Ashby Fernhill Lakemoor Stonebridge".split()
_STREETS = "Sample Street;Example Road;Placeholder Avenue;Specimen Lane;Dummy Way;Pattern Close".split(";")
_TRADES = "Works Trading Labs Partners Goods Studio Supply Foods".split()

FREE_MAIL = frozenset(
    "aol.com free.fr gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com mail.ru"
    " libero.it me.com msn.com orange.fr outlook.com proton.me protonmail.com qq.com t-online.de web.de yahoo.com"
    " yahoo.co.jp yahoo.co.uk yandex.ru 163.com".split()
)
"""Mail hosts that anybody can have an address at: their domain says nothing about the person and stays."""
_ROLES = frozenset(
    "admin billing contact hello help info mail marketing news noreply no-reply office sales support".split()
)
_CODE = re.compile(r"[A-Z]{2,3}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")

NAME_WORDS = frozenset(
    word.lower()
    for word in (
        *(head + tail for head in _HEADS for tail in _TAILS),
        *_PLACES,
        *_TRADES,
        *(part for street in _STREETS for part in street.split()),
    )
)
"""Every word that a pseudonym can be made of, in lower case: finding one of them is no leak."""


class Pseudonyms:
    """Gives pseudonyms by kind.

    Args:
        salt: at least 16 random bytes; whoever has it can test guesses, so it stays out of the repository.
    """

    def __init__(self, salt: bytes) -> None:
        if len(salt) < 16:
            raise ValueError("a salt has at least 16 bytes")
        self._salt = salt
        self._kinds: dict[str, Callable[[str], str]] = {
            "email": self.email,
            "phone": self.phone,
            "name": self.name,
            "company": self.company,
            "domain": self.domain,
            "url": self.url,
            "street": self.street,
            "city": self.city,
            "region": self.region,
            "postcode": self.digits,
            "birth": self.birth,
            "ip": self.ip,
            "card": lambda _: "4242424242424242",
            "text": mask,
            "id": self.identifier,
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of value that there is a pseudonym for."""
        return tuple(self._kinds)

    def of(self, kind: str, value: str) -> str:
        """The pseudonym of one value; white space around it and an empty value stay.

        Args:
            kind: one of `kinds`.
            value: as it stands in the vendor's JSON.
        """
        core = value.strip()
        return value.replace(core, self._kinds[kind](core), 1) if core else value

    def email(self, value: str) -> str:
        """Another valid address: a company's stays one, free mail stays free, a role stays a role."""
        local, _, host = value.lower().rpartition("@")
        base, plus, tag = local.partition("+")
        new = (
            base if base in _ROLES else f"{self._word('word', base).lower()}.{self._hex('email', f'{base}@{host}', 10)}"
        )
        extra = f"+{self._hex('tag', tag, 6)}" if plus else ""
        return f"{new}{extra}@{self.domain(host)}"

    def domain(self, value: str) -> str:
        """A domain below `.example`; that of free mail stays."""
        host = value.lower().rstrip(".")
        if host in FREE_MAIL or host == "example" or host.endswith(".example"):
            # A reserved name is nobody's, and a pseudonym of a pseudonym would break what was scrubbed before.
            return host
        www = "www." if host.startswith("www.") else ""
        bare = host.removeprefix("www.")
        return f"{www}{self._word('word', bare).lower()}-{self._hex('domain', bare, 8)}.example"

    def url(self, value: str) -> str:
        """An address below `.example`, its path and query made unrecognisable."""
        scheme = "" if "://" in value else "https://"
        try:
            parts = urlsplit(scheme + value)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return mask(value)
        rest = (
            f"/{self._hex('url', parts.path + parts.query, 8)}" if parts.path.strip("/") or parts.query else parts.path
        )
        place = self.domain(host) + (f":{port}" if port else "")
        return f"{'' if scheme else parts.scheme + '://'}{place}{rest}"

    def name(self, value: str) -> str:
        """The same number of words, each replaced by itself: first and last names fit the whole one."""
        return _WORD.sub(lambda match: self._name_word(match[0]), value)

    def company(self, value: str) -> str:
        """A made-up firm."""
        key = value.casefold()
        return f"{self._word('company', key)} {self._pick('trade', key, _TRADES)} {self._hex('company', key, 4)}"

    def street(self, value: str) -> str:
        """A made-up street on each line."""
        lines = value.split("\n")
        return "\n".join(self._street(line) if line.strip() else line for line in lines)

    def city(self, value: str) -> str:
        """A made-up town."""
        return self._pick("city", value.casefold(), _PLACES)

    def region(self, value: str) -> str:
        """A made-up region; a code of two or three letters stays, for whole countries' parts are no one's."""
        return value if _CODE.fullmatch(value) else f"{self._pick('region', value.casefold(), _PLACES)} Region"

    def phone(self, value: str) -> str:
        """A number of the same country, length and spelling, and as valid as the one before."""
        import phonenumbers  # noqa: PLC0415 - 50 ms, and only here

        digits = "".join(char for char in value if char.isdecimal())
        code = 0
        valid = False
        if value.startswith("+"):
            try:
                parsed = phonenumbers.parse(value, None)
                code, valid = len(str(parsed.country_code)), phonenumbers.is_valid_number(parsed)
            except phonenumbers.NumberParseException:
                code = min(3, len(digits))
        kept = min(code + 2, max(code, len(digits) - 4))
        fresh = digits
        for turn in range(64):
            fresh = digits[:kept] + self._decimal(f"phone{turn}", digits, len(digits) - kept)
            if fresh != digits and (not valid or phonenumbers.is_valid_number(phonenumbers.parse(f"+{fresh}", None))):
                break
        supply = iter(fresh)
        return "".join(next(supply) if char.isdecimal() else "x" if char.isalpha() else char for char in value)

    def digits(self, value: str) -> str:
        """The same shape with other digits and letters."""
        return self._shaped("postcode", value)

    def identifier(self, value: str) -> str:
        """Another id of the same shape."""
        return self._shaped("id", value)

    def birth(self, value: str) -> str:
        """A date some months away, written the same way; what is no ISO date nor an epoch is masked."""
        found = _ISO.search(value)
        if found is None:
            return str(self.birth_epoch(int(value))) if value.lstrip("-").isdecimal() else self.digits(value)
        try:
            day = date.fromisoformat(found[0])
            moved = day + timedelta(days=self._days(found[0]))
        except (ValueError, OverflowError):
            return self.digits(value)
        return value[: found.start()] + moved.isoformat() + value[found.end() :]

    def birth_epoch(self, value: int) -> int:
        """The same for seconds or milliseconds since 1970."""
        unit = 1000 if abs(value) >= 10**11 else 1
        try:
            day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value // unit)).date().isoformat()
        except OverflowError:
            return 0
        return value + self._days(day) * 86_400 * unit

    def ip(self, value: str) -> str:
        """An address of the blocks that are kept for documentation (RFC 5737, RFC 3849)."""
        number = int(self._hex("ip", value, 8), 16)
        return f"2001:db8::{number & 0xFFFF:x}:{number >> 16:x}" if ":" in value else f"203.0.113.{number % 254 + 1}"

    def _days(self, key: str) -> int:
        number = int(self._hex("birth", key, 8), 16) % 330
        return number - 180 if number < 165 else number - 150

    def _street(self, line: str) -> str:
        key = line.strip().casefold()
        return f"{int(self._hex('number', key, 4), 16) % 900 + 1} {self._pick('street', key, _STREETS)}"

    def _name_word(self, word: str) -> str:
        if len(word) == 1:
            return word
        fresh = self._word("name", word.casefold())
        if fresh.casefold() == word.casefold():
            fresh = self._word("name2", word.casefold())
        return fresh.upper() if word.isupper() else fresh.lower() if word.islower() else fresh

    def _word(self, purpose: str, key: str) -> str:
        number = int(self._hex(purpose, key, 8), 16)
        return _HEADS[number % len(_HEADS)] + _TAILS[number // len(_HEADS) % len(_TAILS)]

    def _pick(self, purpose: str, key: str, table: Sequence[str]) -> str:
        return table[int(self._hex(purpose, key, 8), 16) % len(table)]

    def _shaped(self, purpose: str, value: str) -> str:
        # Drawn, two short values would often meet: those are turned by one amount a place, which keeps them apart.
        key = value if len(value) >= 10 else f"length {len(value)}"
        steps = self._bytes(purpose, key, len(value))
        return "".join(_turn(char, step, first=n == 0) for n, (char, step) in enumerate(zip(value, steps, strict=True)))

    def _decimal(self, purpose: str, key: str, size: int) -> str:
        return "".join(str(byte % 10) for byte in self._bytes(purpose, key, size))

    def _bytes(self, purpose: str, key: str, size: int) -> bytes:
        out = b""
        while len(out) < size:
            block = f"{purpose}\0{key}\0{len(out)}".encode("utf-8", "surrogatepass")
            out += hmac.digest(self._salt, block, hashlib.sha256)
        return out[:size]

    def _hex(self, purpose: str, key: str, size: int) -> str:
        return self._bytes(purpose, key, (size + 1) // 2).hex()[:size]


def mask(value: str) -> str:
    """Free text as `Xxxx xx xxx`: length, words and punctuation stay."""
    return "".join(
        ("X" if char.isupper() else "x") if char.isalpha() else "0" if char.isdecimal() else char for char in value
    )


_RINGS = ("0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ")
"""A character turns within its ring, so that hexadecimal stays hexadecimal."""


def _turn(char: str, step: int, *, first: bool) -> str:
    ring = "123456789" if first and char in "123456789" else next((r for r in _RINGS if char in r), "")
    if not ring or (first and char == "0"):
        return "x" if char.isalpha() and not char.isascii() else char
    return ring[(ring.index(char) + 1 + step % (len(ring) - 1)) % len(ring)]
