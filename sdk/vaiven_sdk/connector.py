"""The connector: what it is called, how it signs, where it calls, and its streams."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from vaiven_sdk.auth import Auth
from vaiven_sdk.config import Config, check_slots
from vaiven_sdk.errors import VaivenError
from vaiven_sdk.guarantees import CreateKey, Deletes, Guard
from vaiven_sdk.http import Transport
from vaiven_sdk.limits import Limit
from vaiven_sdk.model import Nature
from vaiven_sdk.read import Read
from vaiven_sdk.record import Record
from vaiven_sdk.scopes import Scope, least
from vaiven_sdk.session import Session
from vaiven_sdk.stream import Stream
from vaiven_sdk.webhooks import HintFunction, Signature, Webhook

C = TypeVar("C", bound=Config)
R = TypeVar("R", bound=Record[Any])


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are connected to at the vendor: a reconnect must reach the same one."""

    id: str
    name: str = ""


@dataclass(eq=False)
class Connector(Generic[C]):
    """A vendor's API: give it to `vaiven` by entry point, or put its folder among the built-in ones.

    Args:
        slug: lower-case name in commands and addresses; never renamed.
        config: the settings asked for beside the credential.
        name: the vendor's product name.
        category: `crm`, `email`, `ads`, `payments`, `ecommerce`, ...
        base_url: where paths begin; may hold `{config.x}`.
        auth: ways to sign, preferred first.
        limits: what the vendor allows one account.
        hosts: further hosts that requests may go to, as `*.example.com`; the base URL's own is always allowed.
        headers: sent with every request (a version pin).
        docs: where the vendor documents its API.
        version: of the connector, by semantic versioning; `vaiven diff` says which step a change needs.
        scopes: what every stream needs (to sign in, to read the account's name), each with its reason. A sign-in by
            OAuth2 that names no scopes asks for `scopes_for(...)`.
        transport: makes an httpx transport of the settings, for a vendor that plain HTTPS does not reach; a test's
            own transport comes first. Signing, limits and retries stay.
    """

    slug: str
    config: type[C]
    name: str
    category: str
    base_url: str
    auth: Sequence[Auth]
    limits: Sequence[Limit] = ()
    hosts: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    docs: str = ""
    version: str = "0.1.0"
    scopes: Sequence[Scope] = ()
    transport: Callable[[C], Transport | None] | None = None
    streams: dict[str, Stream[Any, C]] = field(default_factory=dict, init=False)
    hooks: dict[str, Any] = field(default_factory=dict, init=False)
    webhooks: list[Webhook] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", self.slug):
            raise ValueError(f"slug {self.slug!r}: lower-case letters, digits and _, beginning with a letter")
        if urlsplit(self.base_url).scheme != "https":
            raise ValueError(f"{self.slug}: base_url must be https")
        check_slots(self.base_url, self.config, self.slug)
        for scheme in self.auth:
            scheme.check(self.config, self.slug)
            for name in getattr(getattr(scheme, "answer", None), "settings", ()):
                check_slots(f"{{config.{name}}}", self.config, self.slug)

    def stream(
        self,
        record: type[R],
        full: Read | None = None,
        *,
        name: str | None = None,
        changes: Read | None = None,
        gone: Read | None = None,
        guard: Guard = Guard.READ_THEN_WRITE,
        create_key: CreateKey = CreateKey.NONE,
        deletes: Deletes | None = None,
        lag: float = 0.0,
        restates: int = 0,
        absent_is_zero: bool = False,
        scopes: Sequence[Scope] = (),
    ) -> Stream[R, C]:
        """Add a stream.

        Args:
            record: the class of its records.
            full: reads every record.
            name: the record class's name in the plural when left out.
            changes: reads the records changed since `window.since`.
            gone: reads the records that were deleted or archived.
            guard: how a write is kept from overwriting an unseen edit.
            create_key: what stops a repeated create from making a second record.
            deletes: how deletions become known; tombstones when `gone` is given, else by a full scan.
            lag: seconds that the vendor's reads may trail its writes; the next read overlaps by as much.
            restates: days for which the vendor still corrects what it has reported; each read goes back as far.
            absent_is_zero: the vendor leaves out figures that are zero: one that a read of its time does not show any
                more is zero now, and its last value is kept as a snapshot.
            scopes: what OAuth must grant for this stream, each with its reason.
        """
        title = name or _plural(record.__name__)
        if title in self.streams:
            raise ValueError(f"{self.slug}: two streams are called {title!r}")
        for read in (full, changes, gone):
            if read is not None:
                read.check(self.config, f"{self.slug}.{title}")
        evidence = deletes or (Deletes.TOMBSTONES if gone else Deletes.FULL_SCAN)
        stream = Stream(self, title, record, full, changes, gone, guard, create_key, evidence, lag, restates, scopes)
        if absent_is_zero and stream.record.__entity__.nature is not Nature.FACT:
            raise TypeError(f"{self.slug}: absent_is_zero is for figures; {title!r} are none")
        stream.absent_is_zero = absent_is_zero
        self.streams[title] = stream
        return stream

    def webhook(self, signature: Signature) -> Callable[[HintFunction], HintFunction]:
        """Mark the function that reads a delivery of the vendor's: `(delivery) -> hints` of what to read again.

        Args:
            signature: how a delivery proves that it is the vendor's; checked before the function sees it.
        """

        def mark(function: HintFunction) -> HintFunction:
            self.webhooks.append(Webhook(signature, function))
            return function

        return mark

    def scopes_for(self, streams: Iterable[str] | None = None, *, write: bool = True) -> tuple[Scope, ...]:
        """The least that these streams need, the connector's own scopes first; an OAuth sign-in asks for it.

        Args:
            streams: names; every stream when None.
            write: False for an account that is only read.

        Raises:
            ValueError: there is no such stream.
        """
        names = list(self.streams if streams is None else streams)
        for name in names:
            if name not in self.streams:
                raise ValueError(f"{self.slug} has no stream {name!r}; it has {', '.join(self.streams)}")
        wanted = [*self.scopes, *(scope for name in names for scope in self.streams[name].scopes)]
        return least(wanted, write=write)

    def check(self) -> None:
        """Look at the whole declaration once every stream is there; the registry does, when it loads the connector.

        Raises:
            TypeError: a sign-in asks for a scope that nothing here needs.
        """
        needed = {scope.name for scope in self.scopes_for()}
        for scheme in self.auth:
            extra = [name for name in getattr(scheme, "scopes", ()) if name not in needed]
            if extra:
                raise TypeError(
                    f"{self.slug}: {scheme.kind} asks for {', '.join(map(repr, extra))}, which no stream needs; declare"
                    " it with its reason (`scopes=` of the stream or of the connector), or do not ask for it"
                )

    def account(self, function: Callable[[Session[C]], Awaitable[Account]]) -> Any:
        """Mark the function that says which account this is; it is also the connection test."""
        self.hooks["account"] = function
        return function

    def connected(self, function: Callable[[Session[C]], Awaitable[C]]) -> Any:
        """Mark the function that completes the settings once, right after connecting (a data centre, say)."""
        self.hooks["connected"] = function
        return function

    def error(self, function: Callable[[int, Any], VaivenError | None]) -> Any:
        """Mark the function that names an error better than its HTTP status does: `(status, body)`.

        The body is the answer's JSON of any shape, else its text (a `str`), and None when it is empty. Refusals of a
        token pass through it, too: there an error of the customer's or the vendor's counts, and no other.
        """
        self.hooks["error"] = function
        return function

    def prepare(self, function: Callable[[Session[C]], Awaitable[None]]) -> Any:
        """Mark the function that readies the account for writing (a custom property, say); safe to repeat."""
        self.hooks["prepare"] = function
        return function


def _plural(name: str) -> str:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return f"{snake[:-1]}ies" if snake.endswith("y") and snake[-2] not in "aeiou" else f"{snake}s"
