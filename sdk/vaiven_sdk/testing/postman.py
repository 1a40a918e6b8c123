"""Webhooks out: a vendor's deliveries, signed, to a receiver on loopback; late, twice or out of order on request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from vaiven_sdk.testing.clock import Clock, SystemClock
from vaiven_sdk.webhooks import Delivery

_PAUSE = 0.05
"""Seconds between two looks at what waits."""

Sign = Callable[[bytes, str, datetime], Mapping[str, str]]
"""(the body, the address, the vendor's time) -> headers."""


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine; `127.0.0.1.example.com` is not."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class Letter:
    """One delivery.

    Args:
        url: of the receiver.
        body: the bytes.
        headers: with the signature.
        due: when it is sent.
        answers: status of each attempt; 0 when nobody answered.
    """

    url: str
    body: bytes
    headers: dict[str, str]
    due: datetime
    answers: list[int] = field(default_factory=list)

    @property
    def delivery(self) -> Delivery:
        """As the receiver sees it."""
        return Delivery(self.body, {name.lower(): value for name, value in self.headers.items()}, self.url)


@dataclass(eq=False)
class Postman:
    """Keeps a vendor's deliveries and sends those that are due: when told to by `flush()`, or by itself.

    Args:
        clock: the vendor's.
        sign: adds the headers that prove whose a delivery is.
        delay: seconds until it is sent.
        twice: send each one two times, as vendors do that promise "at least once".
        shuffle: send what is due in a random order.
        attempts: how often one is tried that is not answered with a 2xx.
        chance: for `shuffle`.
        automatic: send from a thread of its own, as a simulator does that runs by itself.
    """

    clock: Clock = field(default_factory=SystemClock)
    sign: Sign | None = None
    delay: float = 0.0
    twice: bool = False
    shuffle: bool = False
    attempts: int = 3
    chance: Random = field(default_factory=lambda: Random(0))
    automatic: bool = False
    waiting: list[Letter] = field(default_factory=list, init=False)
    sent: list[Letter] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._lock, self._wake = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def post(self, url: str, body: Any, *, headers: Mapping[str, str] | None = None) -> Letter:
        """Take a delivery: JSON, or bytes as they are.

        Raises:
            ValueError: the receiver is not on loopback.
        """
        if not is_loopback(url):
            raise ValueError(f"a simulator delivers to loopback only, not to {urlsplit(url).hostname}")
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        now = self.clock.now()
        kind = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
        signed = self.sign(content, url, now) if self.sign else {}
        letter = Letter(url, content, {**kind, **(headers or {}), **signed}, now + timedelta(seconds=self.delay))
        with self._lock:
            self.waiting.append(letter)
            if self.automatic and self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
        self._wake.set()
        return letter

    def flush(self) -> list[Letter]:
        """Send what is due; gives what was sent, in that order, and keeps for later what was not taken."""
        now = self.clock.now()
        with self._lock:
            due = [letter for letter in self.waiting if letter.due <= now]
            self.waiting = [letter for letter in self.waiting if letter.due > now]
        if self.shuffle:
            self.chance.shuffle(due)
        out = [copy for letter in due for copy in ((letter, letter) if self.twice else (letter,))]
        with httpx.Client(trust_env=False, timeout=5.0) as client:
            for letter in out:
                self._send(client, letter)
        return out

    def _send(self, client: httpx.Client, letter: Letter) -> None:
        try:
            status = client.post(letter.url, content=letter.body, headers=letter.headers).status_code
        except httpx.HTTPError:
            status = 0
        letter.answers.append(status)
        if 200 <= status < 300:
            self.sent.append(letter)
        elif len(letter.answers) < self.attempts and letter not in self.waiting:
            with self._lock:
                self.waiting.append(letter)

    def _run(self) -> None:
        while True:
            # What waits for its time, or for another attempt, is looked at again shortly.
            self._wake.wait(_PAUSE if self.waiting else None)
            self._wake.clear()
            self.flush()


def hmac_header(
    name: str,
    secret: str,
    *,
    algorithm: str = "sha256",
    prefix: str = "",
    base64_: bool = False,
    content: Callable[[bytes, str, datetime], bytes] | None = None,
) -> Sign:
    """A signature in one header.

    Args:
        name: of the header.
        secret: the shared one.
        algorithm: of `hashlib`.
        prefix: stands before it, as `sha256=`.
        base64_: base64 in place of hex.
        content: what is signed; the body when left out.
    """

    def sign(body: bytes, url: str, at: datetime) -> dict[str, str]:
        what = body if content is None else content(body, url, at)
        digest = hmac.new(secret.encode(), what, getattr(hashlib, algorithm)).digest()
        return {name: prefix + (base64.b64encode(digest).decode() if base64_ else digest.hex())}

    return sign


def standard_webhooks(secret: str, *, id_of: Callable[[bytes], str] | None = None) -> Sign:
    """The headers of Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`.

    Args:
        secret: `whsec_` and base64.
        id_of: the delivery's id, from its body; its hash when left out.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))

    def sign(body: bytes, _: str, at: datetime) -> dict[str, str]:
        ident = id_of(body) if id_of else "msg_" + hashlib.sha256(body).hexdigest()[:24]
        stamp = str(int(at.timestamp()))
        digest = hmac.new(key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256).digest()
        signature = "v1," + base64.b64encode(digest).decode()
        return {"webhook-id": ident, "webhook-timestamp": stamp, "webhook-signature": signature}

    return sign
