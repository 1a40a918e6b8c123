"""The vendor's manners on the wire: problem documents, paging and field parameters, body checks.

Sources, all read 2026-11-22: mailchimp.com/developer/marketing/docs/errors (problem format and glossary), the
parameters' texts in the official client 3.0.80 (`count`, `offset`, `fields`), real answers quoted in the
issue threads named below.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

Json = dict[str, Any]

DOCS = "https://mailchimp.com/developer/marketing/docs/errors/"
MAX_COUNT = 1000
NOT_VALIDATED = "The resource submitted could not be validated. For field-specific details, see the 'errors' array."
# The words of the vendor's JSON schema validator, which is written in PHP (drewm/mailchimp-api#179, #212).
_PHP_TYPE = {"NoneType": "NULL", "str": "string", "int": "integer", "float": "double", "bool": "boolean"}
_SHAPE: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "object": (dict,),
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
}


class Problem(ValueError):
    """An answer of the vendor that is not a success.

    Args:
        status: HTTP status.
        title: the vendor's stable name of the problem, `Member Exists`.
        detail: the sentence.
        errors: what is wrong with each field, `[{"field": ..., "message": ...}]`.
        headers: further headers.
        typed: whether the document has `type`. Answers for an address in a compliance state or permanently
            deleted come without it (ibericode/mailchimp-for-wordpress#771 of 2023-06, #798 of 2025-11).
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        typed: bool = True,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail = status, title, detail
        self.errors, self.headers, self.typed = list(errors), dict(headers or {}), typed

    def document(self, instance: str) -> Json:
        """The problem document; `instance` is the request's id."""
        head: Json = {"type": DOCS} if self.typed else {}
        body = {"title": self.title, "status": self.status, "detail": self.detail, "instance": instance}
        return head | body | ({"errors": self.errors} if self.errors else {})


def not_found() -> Problem:
    """The vendor's 404."""
    return Problem(404, "Resource Not Found", "The requested resource could not be found.")


def invalid(detail: str = NOT_VALIDATED, /, **fields: str) -> Problem:
    """The vendor's 400 for a body or a parameter it does not accept, with a message a field."""
    errors = [{"field": name, "message": message} for name, message in fields.items()]
    return Problem(400, "Invalid Resource", detail, errors=errors)


@dataclass(slots=True)
class Call:
    """One request, over HTTP or out of a batch."""

    method: str
    path: str
    query: Mapping[str, str]
    raw: bytes
    base: str
    ip: str = "127.0.0.1"
    slots: dict[str, str] = field(default_factory=dict)
    cap: int | None = None
    """Records that a page has at most, whatever is asked for."""

    def json(self, required: Sequence[str] = (), /, **shapes: str) -> Json:
        """The body as an object, checked as the vendor's schema validator would."""
        try:
            body = msgspec.json.decode(self.raw) if self.raw else {}
        except msgspec.DecodeError as error:
            raise Problem(400, "JSON Parse Error", "We encountered an unspecified JSON parsing error.") from error
        if body is None and not required:
            body = {}
        check(body, required, shapes)
        return cast("Json", body)

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.query.get(name, "").lower() in {"true", "1"}

    def number(self, name: str, default: int) -> int:
        """A query parameter that counts from zero."""
        text = self.query.get(name, "")
        if text and not text.isdigit():
            raise invalid(**{name: "Schema describes integer, string found instead"})
        return int(text) if text else default

    def instant(self, name: str) -> str | None:
        """A query parameter with an ISO 8601 instant, in the form in which the vendor writes it."""
        # A client that forgets to quote `+00:00` sends a blank in its place.
        text = self.query.get(name, "").strip().replace(" ", "+")
        return instant(name, text) if text else None

    def page(self) -> tuple[int, int]:
        """`offset` and `count`; a count over the documented maximum of 1000 gives 1000."""
        return self.number("offset", 0), min(self.number("count", 10), MAX_COUNT, self.cap or MAX_COUNT)


@dataclass(slots=True)
class Answer:
    """What a handler gives back: a JSON body, or None for the vendor's 204."""

    body: Json | None = None
    status: int = 200


Handler = Callable[[Call], Answer]


def check(body: Any, required: Sequence[str], shapes: Mapping[str, str], prefix: str = "") -> None:
    """Raise the vendor's 400 unless `body` is an object with the required properties in the right shapes."""
    if not isinstance(body, dict):
        raise invalid(**{prefix.rstrip("."): f"Schema describes object, {php_type(body)} found instead"})
    errors = {}
    missing = [name for name in required if name not in body]
    if missing:
        errors[prefix.rstrip(".")] = "Required fields were not provided: " + ", ".join(missing)
    for name, shape in shapes.items():
        value = body.get(name)
        fits = isinstance(value, _SHAPE[shape]) and (shape != "integer" or not isinstance(value, bool))
        if name in body and not fits:
            errors[prefix + name] = f"Schema describes {shape}, {php_type(value)} found instead"
    if errors:
        raise invalid(**errors)


def php_type(value: Any) -> str:
    """A value's type in the words of the vendor's validator."""
    kind = type(value).__name__
    return {"dict": "object", "list": "array"}.get(kind, _PHP_TYPE.get(kind, kind))


def stamp(moment: datetime) -> str:
    """An instant as the vendor writes it: UTC, whole seconds, `+00:00`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def instant(name: str, text: str) -> str:
    """An instant that a client gave, as the vendor writes it; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(**{name: "This value is not a valid datetime."}) from error
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def md5(text: str) -> str:
    """The vendor's hash, in hex."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def password(authorization: str) -> str | None:
    """The key or token in an Authorization header: Basic (any user), Bearer, OAuth or the older `apikey`."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return rest.strip() if scheme.lower() in {"bearer", "oauth", "apikey"} else None


class Fields:
    """The answer's `fields` and `exclude_fields`, read once a request."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._keep = _tree(query.get("fields", ""))
        self._drop = _tree(query.get("exclude_fields", ""))

    def wants(self, *path: str) -> bool:
        """Whether the value at `path` will be in the answer: if not, it need not be made."""
        return _kept(self._keep, path) and not _dropped(self._drop, path)

    def apply(self, body: Json) -> Json:
        """The part of `body` that was asked for."""
        if self._keep:
            body = _pick(body, self._keep)
        return _omit(body, self._drop) if self._drop else body


def _tree(text: str) -> Json:
    tree: Json = {}
    for name in filter(None, (part.strip() for part in text.split(","))):
        node = tree
        for step in name.split("."):
            node = node.setdefault(step, {})
    return tree


def _kept(tree: Json, path: Sequence[str]) -> bool:
    for step in path:
        if not tree:
            return True
        if step not in tree:
            return False
        tree = tree[step]
    return True


def _dropped(tree: Json, path: Sequence[str]) -> bool:
    for step in path:
        if step not in tree:
            return False
        tree = tree[step]
        if not tree:
            return True
    return False


def _pick(value: Any, tree: Json) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_pick(item, tree) for item in value]
    if isinstance(value, dict):
        return {name: _pick(value[name], sub) for name, sub in tree.items() if name in value}
    return value


def _omit(value: Any, tree: Json) -> Any:
    if isinstance(value, list):
        return [_omit(item, tree) for item in value]
    if isinstance(value, dict):
        return {
            name: _omit(item, tree[name]) if name in tree else item
            for name, item in value.items()
            if name not in tree or tree[name]
        }
    return value
