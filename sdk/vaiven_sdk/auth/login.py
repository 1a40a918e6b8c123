"""The two-step token: a login call with what the customer gave, and its answer's token for everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from vaiven_sdk.auth.base import ACCESS, Call, Input, Outgoing, TokenAuth, address, check_address, filled
from vaiven_sdk.auth.client import Body, written
from vaiven_sdk.auth.keys import basic, put
from vaiven_sdk.auth.token import TokenAnswer
from vaiven_sdk.config import check_slots

if TYPE_CHECKING:
    from vaiven_sdk.config import Config

Send = Callable[[Mapping[str, str], Any], Any]


@dataclass(frozen=True, slots=True)
class Login(TokenAuth):
    """A login call that gives a token; when the token ends, the call is made again.

    Args:
        url: of the login call; may hold `{config.x}`, and slots for values that are no secrets. Its host is declared by
            that, for this call alone.
        send: the body: names to texts with slots, as `{"user": "{username}"}`, or a function of (credential, settings)
            that gives whatever the vendor wants.
        asks: the credential's values.
        method: of the login call.
        body: how it travels: `json`, `form` or `query`.
        headers: of the login call, texts with slots.
        basic: names of two values that go as HTTP Basic.
        answer: where the token stands, and how long it lives.
        header: that carries the token in all other requests.
        prefix: before the token in that header; may be empty.
        param: the query parameter that carries the token instead.
    """

    url: str
    send: Mapping[str, Any] | Send = field(default_factory=dict)
    asks: tuple[Input, ...] = (Input("username", secret=False), Input("password"))
    method: str = "POST"
    body: Body = "json"
    headers: Mapping[str, str] = field(default_factory=dict)
    basic: tuple[str, str] | None = None
    answer: TokenAnswer = field(default_factory=lambda: TokenAnswer(token="token"))  # noqa: S106 - a path
    header: str = "Authorization"
    prefix: str = "Bearer"
    param: str = ""
    kind: ClassVar[str] = "login"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it asks, and what the login call brings."""
        brought = (
            Input(ACCESS, required=False, asked=False),
            Input("refresh_token", required=False, asked=False),
        )
        end = Input("expires_at", secret=False, required=False, asked=False)
        return (*self.asks, *brought, end, Input("scope", secret=False, required=False, asked=False))

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the token."""
        put(request, credential[self.token], header=self.header, prefix=self.prefix, param=self.param)

    def check(self, config: type[Config], where: str) -> None:
        """Refuse an address that is not https, and slots that nothing fills."""
        known = {given.name for given in self.asks}
        check_address(self.url, config, where, self.asks)
        texts = {} if callable(self.send) else self.send
        for text in (*texts.values(), *self.headers.values()):
            check_slots(text, config, where, known)
        missing = sorted({*(self.basic or ())} - known)
        if missing:
            raise TypeError(f"{where}: basic names {missing[0]!r}, which is not asked")

    def renewable(self, credential: Mapping[str, str]) -> bool:
        """Always: one can log in again."""
        return True

    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """Log in."""
        url = address(self.url, config, credential)
        if callable(self.send):
            given = self.send(credential, config)
        else:
            values = {n: filled(v, credential, config) if isinstance(v, str) else v for n, v in self.send.items()}
            given = {name: value for name, value in values.items() if value is not None}
        headers = {name.lower(): filled(text, credential, config) or "" for name, text in self.headers.items()}
        if self.basic:
            headers["authorization"] = basic(*(credential[name] for name in self.basic))
        request = written(self.method, url, given, self.body, {"accept": "application/json", **headers})
        return {**credential, **self.answer.read(await call(request))}
