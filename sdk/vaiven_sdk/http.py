"""The one place that speaks HTTP: signs, limits, retries, and turns bad answers into our errors."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import SplitResult, urlsplit

import httpx
import msgspec
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from vaiven_sdk.auth import choose
from vaiven_sdk.config import SLOT, fill
from vaiven_sdk.errors import (
    AnswerMalformed,
    ConfigInvalid,
    NotFound,
    OriginRefused,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    Unsettled,
    VaivenError,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.limits import LONGEST_WAIT, Throttle, retry_after

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from vaiven_sdk.config import Config
    from vaiven_sdk.connector import Connector

Transport = httpx.AsyncBaseTransport
"""What carries requests; give one to replace the network."""

LARGEST_ANSWER = 128 * 1024 * 1024
"""Bytes: no page of a marketing API comes near; more is an attack or a fault."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: status, headers (lower-case names) and the bytes."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The decoded body.

        Raises:
            AnswerMalformed: the body is not JSON.
        """
        if not self.content:
            return None
        try:
            return msgspec.json.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise AnswerMalformed("The vendor's answer is not JSON.", why=self.hint(str(problem))) from None

    def hint(self, problem: str) -> str:
        """A short reason that tells a proxy's page from a cut-off answer."""
        kind = self.headers.get("content-type", "no content type")
        if self.content[:200].lstrip()[:1] == b"<":
            return f"it is an HTML or XML page ({kind}, {len(self.content)} bytes), most likely a proxy's"
        return f"{problem} ({kind}, {len(self.content)} bytes)"


@dataclass(slots=True)
class Traffic:
    """What one client has done so far."""

    requests: int = 0
    retries: int = 0
    refused: int = 0
    bytes: int = 0
    waited: float = 0.0


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
        throttle: of the account, where it outlives this client.
    """

    connector: Connector[Any]
    config: Config
    credential: Mapping[str, str] = field(repr=False)
    base_url: str | None = None
    transport: Transport | None = None
    attempts: int = 6
    timeout: float = 60.0
    throttle: Throttle | None = None
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        scheme = choose(tuple(self.connector.auth), self.credential)
        if scheme is None:
            wanted = " or ".join(", ".join(s.fields) for s in self.connector.auth)
            raise ConfigInvalid(
                f"{self.connector.name} needs a credential.",
                why=f"it takes {wanted}",
                remedy=f"Connect again and give {wanted}.",
            )
        if not all(v.isascii() and v.isprintable() for v in scheme.headers(self.credential).values()):
            raise ConfigInvalid(
                f"{self.connector.name}'s credential holds a character that no credential has.",
                why="a line break, an accent or the like came along when it was copied",
                remedy="Copy the credential again, without anything around it, and connect again.",
            )
        _check_host(self.connector, self.config)
        base = self.base_url or fill(self.connector.base_url, {"config": self.config})
        # `connected` may have yet to find a setting that it needs: until then only full addresses work.
        self._base = base.rstrip("/") + "/" if base else ""
        self._throttle = self.throttle or Throttle(self.connector.limits)
        self._client = httpx.AsyncClient(
            headers={
                "Accept": "application/json",
                "User-Agent": "vaiven/0.1",
                **self.connector.headers,
                **scheme.headers(self.credential),
            },
            timeout=httpx.Timeout(self.timeout, connect=15.0),
            limits=httpx.Limits(max_connections=10, max_keepalive_connections=10),
            transport=self.transport,
            verify=_certificates(),
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool = False,
    ) -> Answer:
        """Send one request, again when that is safe, until there is an answer below 400.

        Args:
            method: HTTP method.
            path: below the base URL, or a full address on a declared host.
            params: query.
            json: body to send as JSON.
            form: body to send as a form, if not JSON.
            headers: further headers.
            safe: repeating it does no harm: a read, a write by key, or one with an idempotency key.

        Raises:
            VaivenError: by who must act; see `vaiven_sdk.errors`.
        """
        url, key = self._address(path)
        content, kind = _body(json, form)
        extra = {**(headers or {}), **({"Content-Type": kind} if kind else {})}
        try:
            # httpx puts `params` in place of the address's own query.
            whole = httpx.URL(url).copy_merge_params(params) if params else httpx.URL(url)
            request = self._client.build_request(method, whole, content=content, headers=extra)
        except httpx.InvalidURL as problem:
            raise RequestRefused(f"{self.connector.name}: {path!r} is no address.", why=str(problem)) from None
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((VendorBusy, VendorDown)),
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            before_sleep=self._count,
            reraise=True,
        ):
            with attempt:
                async with self._throttle.at(key):
                    answer = await self._once(request, repeatable=safe)
        return answer

    async def _once(self, request: httpx.Request, *, repeatable: bool) -> Answer:
        self.traffic.requests += 1
        where = f"{self.connector.name} ({request.method} {request.url.path})"
        try:
            response = await self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise VendorDown(f"{where} cannot be reached.", why=type(problem).__name__) from None
        except (httpx.HTTPError, OSError) as problem:
            lost = VendorDown if repeatable else Unsettled
            raise lost(f"{where} broke off in mid-answer.", why=type(problem).__name__) from None
        self.traffic.bytes += len(response.content)
        if len(response.content) > LARGEST_ANSWER:
            raise AnswerMalformed(f"{where} answered more than {LARGEST_ANSWER} bytes.")
        answer = Answer(response.status_code, response.headers, response.content)
        if 300 <= answer.status < 400:
            raise OriginRefused(f"{where} answered with a redirect, which is not followed.")
        if answer.status >= 400:
            self.traffic.refused += 1
            raise self._problem(where, answer, repeatable=repeatable)
        if not repeatable and answer.content[:1] == b"<":
            raise Unsettled(f"{where} was answered by something else.", why=answer.hint("not JSON"))
        return answer

    def _problem(self, where: str, answer: Answer, *, repeatable: bool) -> VaivenError:
        problem = self._named(where, answer, repeatable=repeatable)
        # Some vendors quote the credential that they refuse.
        for secret in self.credential.values():
            if len(secret) > 5:
                problem.what, problem.why, problem.remedy = (
                    text.replace(secret, "***") for text in (problem.what, problem.why, problem.remedy)
                )
        problem.args = (problem.what,)
        return problem

    def _named(self, where: str, answer: Answer, *, repeatable: bool) -> VaivenError:
        try:
            body = msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = None
        refine = self.connector.hooks.get("error")
        found = refine(answer.status, body) if refine else None
        if isinstance(found, VaivenError):
            return found
        why = _reason(body) or f"HTTP {answer.status}"
        status = answer.status
        if status == 401:
            return ReconnectRequired(f"{self.connector.name} does not accept the credential.", why=why)
        if status == 403:
            return PermissionMissing(f"{where} is not allowed to this account.", why=why)
        if status in {404, 410}:
            return NotFound(f"{where}: there is no such object.", why=why)
        if status == 429:
            return VendorBusy(
                f"{self.connector.name} asks to slow down.",
                why=why,
                retry_after=retry_after(answer.headers.get("retry-after")),
            )
        if status >= 500 or status == 408:
            waits = retry_after(answer.headers.get("retry-after"))
            if status == 503 and waits is not None:
                return VendorBusy(f"{self.connector.name} is not available.", why=why, retry_after=waits)
            if repeatable:
                return VendorDown(f"{where} failed.", why=why)
            return Unsettled(f"{where} failed in the middle of a write.", why=why)
        return RequestRefused(f"{where} refused the request.", why=why, status=status, body=body)

    def _address(self, path: str) -> tuple[str, str]:
        """The full address and the path by which limits are chosen."""
        if "://" not in path:
            if not self._base:
                raise ConfigInvalid(f"{self.connector.name}: a setting that its address needs is empty.")
            return self._base + path.lstrip("/"), "/" + path.lstrip("/")
        given, own = _split(path), urlsplit(fill(self.connector.base_url, {"config": self.config}) or self._base)
        host, port = (given.hostname or "", given.port or 443) if given else ("", 0)
        ours = host == own.hostname and port == (own.port or 443)
        if given is None or given.scheme != "https" or not (ours or (port == 443 and self._declared(host))):
            raise OriginRefused(
                f"{self.connector.name} may not call {f'{given.scheme}://{host}' if given else 'what is no address'}.",
                why=f"it declares {', '.join([str(own.hostname), *self.connector.hosts])}",
            )
        prefix = own.path.rstrip("/")
        below = given.path.removeprefix(prefix) if ours and given.path.startswith(f"{prefix}/") else None
        key = given.path if below is None else below
        if not self.base_url:
            return path, key
        base = self._base.rstrip("/")
        address = base.removesuffix(prefix) + given.path if below is None else base + below
        return f"{address}?{given.query}" if given.query else address, key

    def _declared(self, host: str) -> bool:
        return any(
            host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]) and host != pattern[1:])
            for pattern in self.connector.hosts
        )

    def _wait(self, state: RetryCallState) -> float:
        problem = state.outcome.exception() if state.outcome else None
        seconds = float(_BACKOFF(state))
        if isinstance(problem, VendorBusy) and problem.retry_after is not None:
            if problem.retry_after > LONGEST_WAIT:
                raise problem
            seconds = problem.retry_after + seconds * 0.1
        return seconds

    def _count(self, state: RetryCallState) -> None:
        self.traffic.retries += 1
        self.traffic.waited += state.upcoming_sleep


_BACKOFF = wait_random_exponential(multiplier=0.5, max=30.0)


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Loaded once: it takes longer than many a sync has requests to make."""
    return httpx.create_ssl_context()


def _body(json: Any, form: Mapping[str, str] | None) -> tuple[bytes | None, str]:
    if json is not None:
        return msgspec.json.encode(json), "application/json"
    if form is not None:
        return str(httpx.QueryParams(dict(form))).encode(), "application/x-www-form-urlencoded"
    return None, ""


def _reason(body: Any) -> str:
    """The sentence that most vendors put in an error body, cut to a line; never the request itself."""
    if not isinstance(body, dict):
        return ""
    inner = body.get("error")
    for node in (inner if isinstance(inner, dict) else {}, body):
        for key in ("message", "detail", "error_description", "title", "error"):
            if isinstance(node.get(key), str):
                return " ".join(node[key].split())[:300]
    return ""


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _check_host(connector: Connector[Any], config: Config) -> None:
    """Refuse a setting that would lead requests, and the credential with them, to another host."""
    for slot in SLOT.finditer(urlsplit(connector.base_url).netloc):
        value = fill(slot[0], {"config": config}) or ""
        if re.search(r"[^\w.:-]", value):
            raise ConfigInvalid(
                f"{connector.name}: {slot[2]} {value!r} does not fit into an address.",
                remedy=f"Give {slot[2]} as a bare name, without slashes or blanks.",
            )
