"""Every request and every answer of a simulator, held against an API description as it goes by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from vaiven_sdk.testing.spec._forms import nested
from vaiven_sdk.testing.spec.deviation import Answered, Asked, Description, Deviation, unaccepted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sdk.testing.faults import App, Receive, Scope, Send
    from vaiven_sdk.testing.simulator import Simulator

_FORM = "application/x-www-form-urlencoded"


class SpecCheck:
    """ASGI middleware that notes what does not fit, and changes nothing.

    Args:
        app: what answers.
        description: what it is held against; several where a vendor publishes its API in parts: the one with the
            fewest deviations counts for each request.
        base: path before the description's own, as `/3.0`.
        ignore: beginnings of paths that no description has (a download, a sign-in page).
        accepted: pattern over a deviation's line -> why it is right all the same, with its source.
        answers: False looks at requests alone, for a description of another version than the simulator's.
    """

    def __init__(
        self,
        app: App,
        *descriptions: Description,
        base: str = "",
        ignore: Sequence[str] = (),
        accepted: Mapping[str, str] | None = None,
        answers: bool = True,
    ) -> None:
        self.app = app
        self.descriptions = descriptions
        self.accepted = dict(accepted or {})
        self.deviations: list[Deviation] = []
        self.checked = 0
        self.requests: Counter[str] = Counter()
        self._answers = answers
        self._base = base
        self._ignore = ("/_sim/", *ignore)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and look at both ways."""
        if scope["type"] != "http" or scope["path"].startswith(self._ignore):
            await self.app(scope, receive, send)
            return
        sent, got = bytearray(), bytearray()
        start: dict[str, Any] = {}

        async def listen() -> Any:
            message = await receive()
            if message["type"] == "http.request":
                sent.extend(message.get("body", b""))
            return message

        async def speak(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                got.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, listen, speak)
        if start:
            self._note(_asked(scope, bytes(sent), self._base), _answered(start, bytes(got)))

    def _note(self, asked: Asked, answered: Answered) -> None:
        self.checked += 1
        self.requests[asked.method] += 1
        tries: list[list[Deviation]] = [
            one.request(asked) + (one.answer(asked, answered) if self._answers else []) for one in self.descriptions
        ]
        closest = min(tries, key=len)
        self.deviations += closest

    def report(self, *, stale: bool = True) -> list[str]:
        """Lines of what is not accepted; with `stale` also the acceptances that nothing needed."""
        return unaccepted(self.deviations, self.accepted, stale=stale)

    def verify(self, *, stale: bool = True) -> None:
        """Fail a test unless everything fits, or is accepted.

        Raises:
            AssertionError: with one line a deviation; also when not one request came by.
        """
        if not self.checked:
            raise AssertionError("no request was held against the description: nothing has been shown")
        left = self.report(stale=stale)
        if left:
            raise AssertionError(
                f"{len(left)} deviations from the description:\n" + "\n".join(f"  {line}" for line in left)
            )


def watch(simulator: Simulator, *descriptions: Description, **options: Any) -> SpecCheck:
    """Hold everything that a simulator is asked and answers against descriptions, from now on.

    Faults stay outside: an answer that was spoilt on purpose is not the vendor's. Options as of `SpecCheck`.
    """
    check = SpecCheck(simulator.faults.app, *descriptions, **options)
    simulator.faults.app = check
    return check


def _asked(scope: Scope, raw: bytes, base: str) -> Asked:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    query = tuple(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    path = scope["path"].removeprefix(base) or "/"
    return Asked(scope["method"], path, query, headers, _body(raw, media), media)


def _answered(start: Mapping[str, Any], raw: bytes) -> Answered:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answered(start["status"], _body(raw, media), media)


def _body(raw: bytes, media: str) -> Any:
    if not raw:
        return None
    if media == _FORM:
        return nested(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    if "json" not in media and media:
        return raw
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return raw
