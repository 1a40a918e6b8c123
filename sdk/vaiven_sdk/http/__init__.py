"""The one place that speaks HTTP: signs, limits, retries, and turns bad answers into our errors."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from vaiven_sdk.auth import OAuth2, Outgoing, Together, TokenAuth, choose
from vaiven_sdk.auth.token import refusal
from vaiven_sdk.config import completed
from vaiven_sdk.errors import (
    ConfigInvalid,
    OriginRefused,
    ReconnectRequired,
    RequestRefused,
    Unsettled,
    VaivenError,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.http import _log
from vaiven_sdk.http._address import Address, Addresses
from vaiven_sdk.http._answer import Answer, Traffic
from vaiven_sdk.http._problem import hide, named, problem
from vaiven_sdk.http._tokens import Tokens
from vaiven_sdk.http._wire import LARGEST_ANSWER, LARGEST_DOWNLOAD, Lost, body, carried
from vaiven_sdk.limits import LONGEST_WAIT, Throttle

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping
    from typing import BinaryIO

    from vaiven_sdk.auth import Auth
    from vaiven_sdk.config import Config
    from vaiven_sdk.connector import Connector

__all__ = ["LARGEST_ANSWER", "LARGEST_DOWNLOAD", "Answer", "Http", "Traffic", "Transport"]

Transport = httpx.AsyncBaseTransport
"""What carries requests; give one to replace the network."""

_log.keep_queries_out()


@dataclass(slots=True)
class _Task:
    """One request until it is answered."""

    request: httpx.Request
    key: str
    safe: bool
    until: float
    """By the loop's clock, when to give up."""
    json: Any = None
    cost: float | None = None
    signed: bool = True
    check: Callable[[Answer], VaivenError | None] | None = None
    into: BinaryIO | None = None
    token: str = ""
    """What it was last signed with."""
    refused: bool = False
    """The vendor no longer takes that token."""
    secrets: set[str] = field(default_factory=set, repr=False)


@dataclass(eq=False)
class Http:
    """An account's HTTP client. Use it as an async context manager.

    Args:
        connector: whose rules apply.
        config: the connection's settings.
        credential: the secret values, by name; they stay in here.
        base_url: replaces the connector's own, and every declared host: a simulator, a proxy.
        transport: an httpx transport to use instead of the network.
        attempts: how often one request is tried.
        longest: seconds that one request may take with all its tries and waits, so that nothing waits for ever.
        throttle: of the account, where it outlives this client.
        keep: given the whole credential after a token was renewed, before the new one is used: it stores it.
        scheme: how to sign, where the credential is yet to be completed by `exchange`; else the first that fits.
    """

    connector: Connector[Any]
    config: Config
    credential: Mapping[str, str] = field(repr=False)
    base_url: str | None = None
    transport: Transport | None = None
    attempts: int = 6
    timeout: float = 60.0
    longest: float = 900.0
    throttle: Throttle | None = None
    traffic: Traffic = field(default_factory=Traffic)
    keep: Callable[[Mapping[str, str]], Awaitable[None]] | None = None
    scheme: Auth | None = None

    def __post_init__(self) -> None:
        scheme = self.scheme or choose(tuple(self.connector.auth), self.credential)
        if scheme is None:
            wanted = " or ".join(", ".join(s.fields) for s in self.connector.auth)
            raise ConfigInvalid(
                f"{self.connector.name} needs a credential.",
                why=f"it takes {wanted}",
                remedy=f"Connect again and give {wanted}.",
            )
        self._scheme = scheme
        self._tokens = Tokens(scheme, self.credential, self.config, self.keep)
        self.config = completed(self.config, self.credential)
        self._addresses = Addresses(self.connector, self.config, self.base_url)
        if self._tokens.used or not isinstance(scheme, TokenAuth):
            # A credential that no request can carry is told now, not after the first pages.
            self._put_signature(Outgoing("GET", "https://unset.invalid/"))
        self._throttle = self.throttle or Throttle(self.connector.limits)
        self._client = httpx.AsyncClient(
            headers={"Accept": "application/json", "User-Agent": "vaiven/0.1"},
            timeout=httpx.Timeout(self.timeout, connect=15.0),
            limits=httpx.Limits(max_connections=10, max_keepalive_connections=10),
            transport=self.transport or (self.connector.transport(self.config) if self.connector.transport else None),
            verify=_certificates(),
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(  # noqa: PLR0913 - one keyword for each way in which requests differ
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
        safe: bool = False,
        cost: float | None = None,
        deadline: float | None = None,
        own: bool = False,
        presigned: bool = False,
        check: Callable[[Answer], VaivenError | None] | None = None,
        into: BinaryIO | None = None,
    ) -> Answer:
        """Send one request, again when that is safe, until there is an answer below 400.

        Args:
            method: HTTP method.
            path: below the base URL, or a full address on a declared host.
            params: query.
            json: body to send as JSON.
            form: body to send as a form, if not JSON.
            content: body to send as it is (CSV, JSON lines, multipart), instead of both.
            content_type: of that body.
            headers: further headers.
            safe: repeating it does no harm: a read, a write by key, or one with an idempotency key.
            cost: what it uses up of the limits that price requests, instead of their own estimate.
            deadline: seconds that it may take with all its tries and waits; the client's `longest` when left out.
            own: a full address must be on the base URL's own origin: the vendor wrote it, as a next link.
            presigned: the address signs itself: on another host than our own it goes without the credential.
            check: looks at each answer below 400 and may name an error (GraphQL's `errors`); it is then treated as one.
            into: takes the body of a good answer, emptied at each try; the answer's own `content` is then empty.

        Raises:
            VaivenError: by who must act; see `vaiven_sdk.errors`.
        """
        if not self._addresses.complete:
            await self.settle()
        address = self._addresses.of(path, own=own)
        signed = address.ours or not presigned
        sent, kind = body(json, form, content)
        extra = {
            # Below what is named: JSON:API has a media type of its own.
            **({"Content-Type": kind} if kind else {}),
            **(self.connector.headers if signed else {}),
            **({"Content-Type": content_type} if content_type else {}),
            **(headers or {}),
        }
        whole = self._whole(address, path, params)
        request = self._client.build_request(method, whole, content=sent, headers=extra)
        task = _Task(request, address.key, safe, self._until(deadline), json, cost, signed, check, into)
        try:
            return await self._tried(task)
        except ReconnectRequired as refused:
            first = refused
        # Outside of the handler, so that no later error drags the first one along.
        if not (task.refused and await self._tokens.again(task.token, self._ask_token)):
            raise first
        # It was refused before it did anything: also a write may be sent again.
        return await self._tried(task)

    async def settle(self) -> None:
        """See to it that there is a token, and take the settings that its answer tells."""
        await self._tokens.ready(self._ask_token)
        self.config = completed(self.config, self._tokens.credential)
        self._addresses = Addresses(self.connector, self.config, self.base_url)

    async def exchange(self, code: str, *, redirect_uri: str, verifier: str = "") -> dict[str, str]:
        """Exchange an authorization code for tokens, and use them from now on.

        Args:
            code: from the address that the browser came back to, after the platform has checked `state`.
            redirect_uri: the one that the sign-in page was given.
            verifier: PKCE's, kept since then.

        Returns:
            The whole credential: seal it.

        Raises:
            ReconnectRequired: the code is used up, too old, or not ours.
        """
        schemes = self._scheme.schemes if isinstance(self._scheme, Together) else (self._scheme,)
        oauth = next((scheme for scheme in schemes if isinstance(scheme, OAuth2)), None)
        if oauth is None:
            raise RequestRefused(f"{self.connector.name} has no sign-in by OAuth 2.0.")

        async def ask(outgoing: Outgoing) -> Answer:
            # A code works once: after a lost answer it is spent, and asking again may revoke what it gave.
            return await self._ask_token(outgoing, again=False, secrets={code, verifier})

        stored = self._tokens.credential
        try:
            credential = await oauth.exchange(
                code, stored, self.config, ask, redirect_uri=redirect_uri, verifier=verifier
            )
        except VaivenError as refused:
            hide(refused, self._tokens.secrets | {code, verifier})
            raise
        await self._tokens.take(credential)
        await self.settle()
        return credential

    def _whole(self, address: Address, path: str, params: Mapping[str, Any] | None) -> httpx.URL:
        try:
            # httpx puts `params` in place of the address's own query.
            whole = httpx.URL(address.url)
            return whole.copy_merge_params(params) if params else whole
        except httpx.InvalidURL as reason:
            raise RequestRefused(f"{self.connector.name}: {path!r} is no address.", why=str(reason)) from None

    async def _tried(self, task: _Task) -> Answer:
        async for attempt in self._attempts(task):
            if task.signed:
                # Not within the attempt: a token address that is down ends the request, and is not multiplied by it.
                await self._tokens.ready(self._ask_token)
            with attempt:
                answer = await self._in_turn(task)
                return self._settled(task, answer)
        raise AssertionError  # pragma: no cover - tenacity raises the last error

    async def _in_turn(self, task: _Task) -> Answer:
        """An answer of any status, asked for when the account's limits allow it."""
        ask = {"method": task.request.method, "json": task.json, "cost": task.cost}
        async with self._throttle.at(task.key, **ask, deadline=task.until) as turn:
            answer = await self._once(task)
            turn.learn(answer)
        return answer

    def _attempts(self, task: _Task) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception_type((VendorBusy, VendorDown)),
            stop=stop_after_attempt(self.attempts),
            wait=functools.partial(self._wait, task.until),
            before_sleep=self._count,
            reraise=True,
        )

    async def _once(self, task: _Task) -> Answer:
        """Sign and send, once; an answer of any status."""
        where = self._where(task.request)
        request = self._sign(task) if task.signed else task.request
        self.traffic.requests += 1
        try:
            async with asyncio.timeout_at(task.until):
                answer = await carried(self._client, request, where, task.into, unsigned=str(task.request.url))
        except (Lost, TimeoutError) as lost:
            kind = VendorDown if task.safe else Unsettled
            why = lost.why if isinstance(lost, Lost) else "it had not come to an end at its deadline"
            raise kind(f"{where} broke off in mid-answer.", why=why) from None
        self.traffic.bytes += len(answer.content)
        if 300 <= answer.status < 400:
            raise OriginRefused(f"{where} answered with a redirect, which is not followed.")
        return answer

    def _settled(self, task: _Task, answer: Answer) -> Answer:
        """The answer, if it is a good one."""
        where, secrets = self._where(task.request), self._tokens.secrets | task.secrets
        if answer.status >= 400:
            self.traffic.refused += 1
            hook = self.connector.hooks.get("error")
            error = problem(self.connector.name, where, answer, repeatable=task.safe, refine=hook)
            task.refused = task.signed and isinstance(error, ReconnectRequired)
            raise hide(error, secrets)
        if task.check is not None and (found := task.check(answer)) is not None:
            self.traffic.refused += 1
            raise hide(found, secrets)
        if not task.safe and answer.content[:1] == b"<":
            raise Unsettled(f"{where} was answered by something else.", why=answer.hint("not JSON"))
        return answer

    def _where(self, request: httpx.Request) -> str:
        """For messages: the path alone, since a query may hold a key."""
        return f"{self.connector.name} ({request.method} {request.url.path})"

    # -- signing

    def _sign(self, task: _Task) -> httpx.Request:
        plain = task.request
        outgoing = Outgoing(plain.method, str(plain.url), dict(plain.headers), plain.content)
        task.token = self._tokens.used
        self._put_signature(outgoing)
        added = {value for name, value in outgoing.headers.items() if plain.headers.get(name) != value}
        # With what was made of the credential: base64 of a user name and password, say.
        task.secrets = added | {value.partition(" ")[2] for value in added}
        return httpx.Request(
            plain.method, outgoing.url, headers=outgoing.headers, content=plain.content, extensions=plain.extensions
        )

    def _put_signature(self, outgoing: Outgoing) -> None:
        self._scheme.sign(outgoing, self._tokens.credential, self.config)
        if not all(value.isascii() and value.isprintable() for value in outgoing.headers.values()):
            raise ConfigInvalid(
                f"{self.connector.name}'s credential holds a character that no credential has.",
                why="a line break, an accent or the like came along when it was copied",
                remedy="Copy the credential again, without anything around it, and connect again.",
            )

    async def _ask_token(
        self, outgoing: Outgoing, *, again: bool = True, secrets: frozenset[str] | set[str] = frozenset()
    ) -> Answer:
        """Send a token request; gives its answer, good or bad, but not that of a vendor in trouble."""
        address = self._addresses.of(outgoing.url, trusted=True)
        whole = self._whole(address, "the token address", None)
        request = self._client.build_request(
            outgoing.method, whole, content=outgoing.body or None, headers=outgoing.headers
        )
        task = _Task(request, address.key, False, self._until(), signed=False)  # noqa: FBT003
        known = self._tokens.secrets | set(secrets) | set(outgoing.headers.values())
        async for attempt in self._attempts(task):
            with attempt:
                try:
                    answer = await self._in_turn(task)
                except Unsettled as lost:
                    self._tokens.lost = True
                    kind = VendorDown if again else ReconnectRequired
                    raise kind(
                        f"{self._where(request)}: the answer with the new token was lost.", why=lost.why
                    ) from None
                if answer.status in {408, 429} or answer.status >= 500:
                    raise hide(refusal(answer.status, None, answer.headers), known)
                if (found := named(answer, self.connector.hooks.get("error"))) is not None:
                    raise hide(found, known)
                return answer
        raise AssertionError("tenacity ends with an answer or an error")

    # -- trying again

    def _until(self, seconds: float | None = None) -> float:
        return asyncio.get_running_loop().time() + (self.longest if seconds is None else seconds)

    def _wait(self, until: float, state: RetryCallState) -> float:
        failed = state.outcome.exception() if state.outcome else None
        seconds = float(_BACKOFF(state))
        if isinstance(failed, VendorBusy) and failed.retry_after is not None:
            if failed.retry_after > LONGEST_WAIT:
                raise failed
            seconds = failed.retry_after + seconds * 0.1
        if failed is not None and asyncio.get_running_loop().time() + seconds > until:
            raise failed
        return seconds

    def _count(self, state: RetryCallState) -> None:
        self.traffic.retries += 1
        self.traffic.waited += state.upcoming_sleep


_BACKOFF = wait_random_exponential(multiplier=0.5, max=30.0)


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Loaded once: it takes longer than many a sync has requests to make."""
    return httpx.create_ssl_context()
