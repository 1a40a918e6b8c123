"""Takes secrets and personal data out of exchanges, the same way everywhere, so that links and replay survive."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vaiven_sdk.testing.cassette import _patterns as patterns
from vaiven_sdk.testing.cassette._errors import CassetteUnsafe
from vaiven_sdk.testing.cassette._marks import Marks, Path, harmless
from vaiven_sdk.testing.cassette._pseudonyms import NAME_WORDS, Pseudonyms, mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaiven_sdk.record import Record

GONE = "REDACTED"
"""What stands where a secret was."""

_SHORTEST = 3
_KEY = " (a key)"
_FINDERS = {
    "key": patterns.KEY,
    "jwt": patterns.JWT,
    "userinfo": patterns.USERINFO,
    "signed": patterns.URL_SECRET,
    "email": patterns.EMAIL,
    "card": patterns.CARD,
    "phone": patterns.PHONE,
    "ip": f"{patterns.IPV4}|{patterns.IPV6}",
}
_PACKED = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=-])")
_IDLIKE = re.compile(r"[^\s]*\d[^\s]*")


class Scrubber:
    """Learns from every exchange first, then replaces in all of them what it has learnt.

    Args:
        pseudonyms: gives the replacements.
        secrets: the credential's values.
        records: the connector's record classes, the stream's own first.
        keep_ids: leave the vendor's ids as they are.
    """

    def __init__(
        self,
        pseudonyms: Pseudonyms,
        secrets: Iterable[str] = (),
        records: Sequence[type[Record[Any]]] = (),
        *,
        keep_ids: bool = True,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """How many values were replaced, by kind."""
        self._pseudonyms = pseudonyms
        self._secrets = {secret for secret in secrets if len(secret) >= 4}
        self._marks = Marks(records)
        self._harmless = harmless(records)
        self._keep_ids = keep_ids
        self._known: dict[str, tuple[str, str]] = {}
        self._fresh: set[str] = set()
        self._finder: re.Pattern[str] | None = None

    # ------------------------------------------------------------------------------------------------- learning
    def learn(self, body: Any) -> None:
        """Note what is personal or secret in one body, decoded JSON or text."""
        self._finder = None
        self._visit(body, {}, None, replace=False)

    def learn_secret(self, secret: str) -> None:
        """Note one more secret."""
        self._finder = None
        if len(secret) >= 4:
            self._secrets.add(secret)

    def _note(self, kind: str, value: str) -> None:
        core = value.strip()
        fresh = self._pseudonyms.of(kind, core)
        entries = {core: fresh}
        if kind == "email":
            low, new = core.lower(), fresh.lower()
            for name in ("md5", "sha1", "sha256"):
                entries[hashlib.new(name, low.encode()).hexdigest()] = hashlib.new(name, new.encode()).hexdigest()
            host = low.rpartition("@")[2]
            entries[host] = self._pseudonyms.domain(host)
            entries[quote(core, safe="")] = quote(fresh, safe="")
        elif kind == "name":
            words = re.findall(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*", core)
            entries |= {word: self._pseudonyms.name(word) for word in words if len(word) > _SHORTEST}
        elif kind == "phone":
            compact = "".join(char for char in core if char.isdecimal() or char == "+")
            entries[compact] = self._pseudonyms.phone(compact) if compact else ""
        for old, new in entries.items():
            key = old.casefold()
            if len(old) >= _SHORTEST and old != new and key not in self._harmless and not _short_number(old, kind):
                self._known.setdefault(key, (kind, new))

    # ------------------------------------------------------------------------------------------------ replacing
    def clean(self, body: Any) -> Any:
        """One body without what was learnt."""
        return self._visit(body, {}, None, replace=True)

    def text(self, value: str) -> str:
        """One text without what was learnt and without what looks personal or secret."""
        if value.casefold() in self._harmless:
            return value
        # A cursor may hold a secret or a name raw as well as packed; raw ones are out before it is unpacked.
        return _PACKED.sub(self._packed, self._pattern().sub(self._replace, value))

    def _replace(self, match: re.Match[str]) -> str:
        found, name = match[0], str(match.lastgroup)
        if name == "secret" or name in {"key", "jwt"}:
            self.counts["secret"] += 1
            return GONE
        if name == "userinfo":
            self.counts["secret"] += 1
            return f"{GONE}:{GONE}@"
        if name == "signed":
            key, _, given = found.partition("=")
            # What a next page's address carries as `token` or `key` may be its place, which replay needs.
            if not patterns.SECRET_QUERY.fullmatch(key):
                return f"{key}={self._pattern().sub(self._replace, given)}"
            self.counts["secret"] += 1
            return f"{key}={GONE}"
        if name == "known":
            kind, fresh = self._known[found.casefold()]
            return self._took(kind, found, fresh)
        if name == "card" and not patterns.luhn(found):
            return found
        return self._took(name, found, self._pseudonyms.of(name, found))

    def _packed(self, match: re.Match[str]) -> str:
        """A cursor may be Base64 of what it stands for, an address among it."""
        found = match[0]
        safe = found.replace("-", "+").replace("_", "/").rstrip("=")
        try:
            plain = base64.b64decode(safe + "=" * (-len(safe) % 4), validate=True).decode()
        except ValueError:
            return found
        fresh = self.text(plain) if plain.isprintable() else plain
        if fresh == plain:
            return found
        packed = base64.b64encode(fresh.encode()).decode()
        if "-" in found or "_" in found or (not found.endswith("=") and len(found) % 4):
            packed = packed.replace("+", "-").replace("/", "_").rstrip("=")
        self._fresh.add(packed.casefold())
        return packed

    def _took(self, kind: str, old: str, new: str) -> str:
        if new != old:
            self.counts[kind] += 1
            self._fresh.add(new.casefold())
        return new

    def _pattern(self) -> re.Pattern[str]:
        if self._finder is None:
            hidden = sorted({s for secret in self._secrets for s in patterns.spellings(secret)}, key=len, reverse=True)
            words = sorted(self._known, key=len, reverse=True)
            parts = [f"(?P<secret>{'|'.join(map(re.escape, hidden))})"] if hidden else []
            early = [f"(?P<{name}>{_FINDERS[name]})" for name in ("key", "jwt", "userinfo", "signed", "email")]
            late = [f"(?P<{name}>{_FINDERS[name]})" for name in ("card", "phone", "ip")]
            known = [rf"(?P<known>(?<!\w)(?i:{'|'.join(map(re.escape, words))})(?!\w))"] if words else []
            self._finder = re.compile("|".join([*parts, *early, *known, *late]))
        return self._finder

    # --------------------------------------------------------------------------------------------------- walking
    def _visit(self, node: Any, below: Mapping[Path, str], kind: str | None, *, replace: bool) -> Any:
        """Walk one JSON value; gives it replaced, or as it was when learning."""
        if isinstance(node, dict):
            return self._visit_object(node, below, kind, replace=replace)
        if isinstance(node, list):
            return [
                self._visit(item, _under(below, str(n)), below.get((str(n),), kind), replace=replace)
                for n, item in enumerate(node)
            ]
        if isinstance(node, bool) or node is None:
            return node
        if isinstance(node, int | float):
            return self._number(node, kind) if replace and kind else node
        if not replace:
            if kind and node.strip():
                self._note(_fitting(kind, node), node)
            return node
        return self._leaf(node, kind)

    def _visit_object(
        self, node: Mapping[str, Any], below: Mapping[Path, str], kind: str | None, *, replace: bool
    ) -> dict[str, Any]:
        marks, record = self._marks.of(node)
        merged = {**marks, **below}
        if record is not None and not self._keep_ids:
            merged |= dict.fromkeys(self._marks.ids(record), "id")
        out = {}
        for key, value in node.items():
            if patterns.SECRET_KEY.fullmatch(key) and isinstance(value, str) and value:
                if not replace:
                    self.learn_secret(value)
                out[key] = GONE if replace else value
                self.counts["secret"] += replace
                continue
            what = merged.get((key,)) or _guessed(key, value, known=bool(kind)) or kind
            # A key is the vendor's word, unless the object is a map by address.
            name = self.text(key) if replace and ("@" in key or any(s in key for s in self._secrets)) else key
            kept = None if what == "keep" else what
            out[name] = self._visit(value, _under(merged, key), kept, replace=replace)
        return out

    def _leaf(self, value: str, kind: str | None) -> str:
        if kind is None or not value.strip():
            return self.text(value)
        kind = _fitting(kind, value)
        fresh = mask(value) if kind == "coordinate" else self._pseudonyms.of(kind, value)
        return self._took(kind, value, fresh)

    def _number(self, value: float, kind: str) -> float:
        if kind == "coordinate":
            self.counts[kind] += 1
            return float(round(value))
        if kind == "birth" and isinstance(value, int):
            self.counts[kind] += 1
            return self._pseudonyms.birth_epoch(value)
        if kind in {"phone", "id", "postcode"} and isinstance(value, int) and value >= 0:
            self.counts[kind] += 1
            return int(self._pseudonyms.of(kind, str(value)))
        return value

    # --------------------------------------------------------------------------------------------------- proving
    def prove(self, document: Any) -> None:
        """The canary: look for everything learnt, and for what looks like a key, in what is about to be written.

        Raises:
            CassetteUnsafe: something is left; names kinds and places, never a value.
        """
        left: list[str] = []
        hidden = {s for secret in self._secrets for s in patterns.spellings(secret)} - {GONE}
        words = [w for w in self._known if w not in NAME_WORDS and w not in self._fresh]
        finder = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)") if words else None
        for place, text in _texts(document, "$"):
            if any(secret in text for secret in hidden) or re.search(f"{patterns.KEY}|{patterns.JWT}", text):
                left.append(f"secret at {place}")
            low = text.casefold()
            if low in self._harmless or low in self._fresh or (place.endswith(_KEY) and "@" not in text):
                continue
            left += [
                f"{self._known[found[0]][0]} at {place}"
                for found in (finder.finditer(low) if finder else ())
                if not any(found[0] in fresh for fresh in self._fresh if fresh in low)
            ]
        if left:
            raise CassetteUnsafe(
                "The recording would still hold what must not leave the account.",
                why="; ".join(sorted(set(left), key=lambda place: (not place.startswith("secret"), place))[:10]),
            )


def _under(marks: Mapping[Path, str], key: str) -> dict[Path, str]:
    return {path[1:]: kind for path, kind in marks.items() if len(path) > 1 and path[0] == key}


def _guessed(key: str, value: Any, *, known: bool) -> str | None:
    """The kind by a key's name alone, where the value looks like it."""
    kind = patterns.key_kind(key)
    if kind is None:
        return "keep" if known and key.lower() in {"country", "country_code", "type", "id"} else None
    if isinstance(value, str):
        if "@" in value:
            return "email" if re.fullmatch(patterns.EMAIL, value.strip()) else "text"
        if kind in {"name", "company", "city", "street", "email"} and (
            not any(char.isalpha() for char in value) or (_IDLIKE.fullmatch(value) and kind != "street")
        ):
            return None
        if kind == "ip" and not re.fullmatch(f"{patterns.IPV4}|{patterns.IPV6}", value.strip()):
            return None
    elif isinstance(value, int | float) and kind not in {"coordinate", "phone", "birth"}:
        return None
    return kind


def _fitting(kind: str, value: str) -> str:
    """The kind that the text can have: an address that is none is treated as a name."""
    if kind == "email" and not re.fullmatch(patterns.EMAIL, value.strip()):
        return "text" if "@" in value else "name"
    if kind == "domain" and "." not in value:
        return "company"
    return kind


def _short_number(text: str, kind: str) -> bool:
    """Whether replacing it everywhere would hit other numbers."""
    return kind != "id" and text.isdecimal() and len(text) < 7


def _texts(node: Any, place: str) -> Iterable[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield place + _KEY, key
            yield from _texts(value, f"{place}.{key if '@' not in key else '*'}")
    elif isinstance(node, list):
        for n, value in enumerate(node):
            yield from _texts(value, f"{place}[{n}]")
    elif node is not None and not isinstance(node, bool):
        yield place, node if isinstance(node, str) else json.dumps(node)
