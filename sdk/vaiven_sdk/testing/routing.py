"""A vendor's paths, declared on the methods that answer them: `@get("/v1/readers/{id}")`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, parse_qsl, urlencode

import msgspec

from vaiven_sdk.testing.refusal import Problem, Refusal

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__vaiven_routes__"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a credential belongs to.

    Args:
        name: of the user or the app.
        scopes: what it may do; None is everything.
    """

    name: str = ""
    scopes: frozenset[str] | None = None


@dataclass(slots=True)
class Call:
    """One request as a handler sees it.

    Args:
        method: HTTP method.
        path: concrete path.
        slots: values of the `{slots}` in the route's path.
        query: every value of each query parameter.
        headers: names in lower case.
        raw: the body's bytes.
        origin: `http://127.0.0.1:8801`, for addresses in answers.
        now: the vendor's time at which the request came.
        page_cap: records that a page has at most, whatever is asked.
        caller: who called, once that is known.
    """

    method: str
    path: str
    slots: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    origin: str = "http://127.0.0.1"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    page_cap: int | None = None
    caller: Caller = field(default_factory=Caller)

    def one(self, name: str) -> str | None:
        """The first value of a query parameter; None when it is absent or empty."""
        return next(iter(self.query.get(name, ())), None) or None

    def many(self, name: str) -> list[str]:
        """A list in the query: repeated, or with commas."""
        values = [*self.query.get(name, ()), *self.query.get(f"{name}[]", ())]
        return [part for value in values for part in value.split(",") if part]

    def flag(self, name: str) -> bool | None:
        """A boolean in the query; None when it is absent."""
        given = self.one(name)
        if given is None:
            return None
        if given.lower() not in {"true", "false", "1", "0"}:
            raise _wrong(name, "type", f"{name} must be true or false")
        return given.lower() in {"true", "1"}

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """A whole number in the query.

        Raises:
            Refusal: `invalid`, when it is none or out of bounds.
        """
        given = self.one(name)
        if given is None:
            return default
        if not re.fullmatch(r"-?\d{1,15}", given):
            raise _wrong(name, "type", f"{name} must be a whole number")
        value = int(given)
        if value < least or (most is not None and value > most):
            raise _wrong(name, "range", f"{name} must be from {least} to {most}, not {value}")
        return value

    def instant(self, name: str) -> datetime | None:
        """An instant in the query, in ISO 8601 (UTC unless it says otherwise) or epoch seconds."""
        given = self.one(name)
        if given is None:
            return None
        if re.fullmatch(r"\d{1,12}", given):
            return datetime.fromtimestamp(int(given), UTC)
        try:
            # A client that forgets to quote `+00:00` sends a blank in its place.
            at = datetime.fromisoformat(given.replace(" ", "+") if "T" in given else given)
        except ValueError:
            raise _wrong(name, "type", f"{name} is no date: {given}") from None
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def json(self) -> Any:
        """The decoded body; None when there is none.

        Raises:
            Refusal: `malformed`.
        """
        if not self.raw:
            return None
        try:
            return msgspec.json.decode(self.raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise Refusal("malformed", f"the body is not JSON: {problem}") from None

    def form(self) -> dict[str, str]:
        """The fields of a form in the body; the last of several values counts."""
        return dict(parse_qsl(self.raw.decode("utf-8", "replace"), keep_blank_values=True))

    def address(self, **changes: Any) -> str:
        """This request's own address with other query parameters; None takes one out."""
        query = {**self.query, **{name: [str(v)] for name, v in changes.items() if v is not None}}
        for name in [name for name, value in changes.items() if value is None]:
            query.pop(name, None)
        text = urlencode([(name, value) for name, values in query.items() for value in values])
        return f"{self.origin}{self.path}" + (f"?{text}" if text else "")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with more than a JSON body of status 200.

    Args:
        body: encoded as JSON; bytes and text go as they are; None is an empty body.
        status: HTTP status.
        headers: further headers.
        media: content type, of JSON when left out.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = "application/json"


@dataclass(frozen=True, slots=True)
class Path:
    """One declared method and path.

    Args:
        method: HTTP method.
        template: the path, with `{slots}`; one at the end written `{rest:path}` takes slashes, too.
        public: no credential is needed.
        scope: what the caller must have been granted.
        cost: what the request takes from limits that count points.
        status: of a success.
    """

    method: str
    template: str
    public: bool = False
    scope: str = ""
    cost: float = 1.0
    status: int = 200


def _wrong(name: str, code: str, message: str) -> Refusal:
    return Refusal("invalid", message, problems=[Problem(name, code, message)])


def route(
    method: str,
    template: str,
    *,
    public: bool = False,
    scope: str = "",
    cost: float = 1.0,
    status: int = 200,
) -> Callable[[F], F]:
    """Answer `method` at `template` with the decorated method `(self, call) -> body, Reply or None`.

    A body goes out as JSON with `status`, None as 204. Raise `Refusal` for anything else. The method may be async.

    Args:
        method: HTTP method.
        template: the path, with `{slots}`.
        public: no credential is needed (a token endpoint).
        scope: what the caller must have been granted.
        cost: what the request takes from limits that count points.
        status: of a success.
    """

    def mark(function: F) -> F:
        path = Path(method, template, public, scope, cost, status)
        setattr(function, _MARK, (*getattr(function, _MARK, ()), path))
        return function

    return mark


def get(template: str, **options: Any) -> Callable[[F], F]:
    """Answer GET at `template`; options as of `route`."""
    return route("GET", template, **options)


def post(template: str, **options: Any) -> Callable[[F], F]:
    """Answer POST at `template`; options as of `route`."""
    return route("POST", template, **options)


def put(template: str, **options: Any) -> Callable[[F], F]:
    """Answer PUT at `template`; options as of `route`."""
    return route("PUT", template, **options)


def patch(template: str, **options: Any) -> Callable[[F], F]:
    """Answer PATCH at `template`; options as of `route`."""
    return route("PATCH", template, **options)


def delete(template: str, **options: Any) -> Callable[[F], F]:
    """Answer DELETE at `template`; options as of `route`."""
    return route("DELETE", template, **options)


class Switchboard:
    """Finds the handler of a request among the decorated methods of an object."""

    def __init__(self, owner: object) -> None:
        found = [
            (path, _pattern(path.template), getattr(owner, name))
            for name in dir(type(owner))
            for path in getattr(inspect.getattr_static(type(owner), name), _MARK, ())
        ]
        # The most literal path first: `/readers/search` before `/readers/{id}`.
        self._paths = sorted(found, key=lambda one: (one[0].template.count("{"), one[0].template))

    @property
    def paths(self) -> list[Path]:
        """Everything that is served."""
        return [path for path, _, _ in self._paths]

    def find(self, method: str, path: str) -> tuple[Path, Mapping[str, str], Callable[..., Any]]:
        """The declared path, the values of its slots and the handler.

        Raises:
            Refusal: `no_route`, or `wrong_method` with an `Allow` header.
        """
        allowed = set()
        wanted = "GET" if method == "HEAD" else method
        for declared, pattern, handler in self._paths:
            match = pattern.fullmatch(path)
            if match and declared.method == wanted:
                return declared, match.groupdict(), handler
            if match:
                allowed.add(declared.method)
        if allowed:
            raise Refusal(
                "wrong_method", f"{method} is not allowed here", headers={"Allow": ", ".join(sorted(allowed))}
            )
        raise Refusal("no_route", f"there is nothing at {path}")


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template)
    text = ""
    for part in parts:
        if not part.startswith("{"):
            text += re.escape(part)
        elif part.endswith(":path}"):
            text += f"(?P<{part[1:-6]}>.+)"
        else:
            text += f"(?P<{part[1:-1]}>[^/]+)"
    return re.compile(text + "/?")


def parse_query(text: str) -> dict[str, list[str]]:
    """A query's parameters, each with every value."""
    return parse_qs(text, keep_blank_values=True)
