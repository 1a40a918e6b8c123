"""From a delivery to what has to be read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from vaiven_sdk.errors import DeliveryMalformed, SignatureInvalid
from vaiven_sdk.webhooks._delivery import Delivery, Reply
from vaiven_sdk.webhooks._signature import Signature


@dataclass(frozen=True, slots=True)
class Hint:
    """Something at the vendor may have changed: read it again.

    Args:
        stream: name of the stream.
        ids: records that are meant; none means the whole stream.
        account: the vendor's id of the account, where one address serves several.
    """

    stream: str
    ids: tuple[str, ...] = ()
    account: str = ""


HintFunction = Callable[[Delivery], Iterable[Hint]]


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a delivery.

    Args:
        hints: what to read again; none for a handshake.
        reply: what to answer, at once: reading comes later.
        id: the vendor's id of the delivery, to drop one that comes again; empty where the vendor has none.
    """

    hints: tuple[Hint, ...] = ()
    reply: Reply = field(default_factory=Reply)
    id: str = ""


_ODD = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What a function runs into when a delivery is not as the vendor documents it."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A declared webhook: its signature and the function that reads a delivery."""

    signature: Signature
    function: HintFunction

    def receive(self, delivery: Delivery, secrets: Sequence[str], *, now: float | None = None) -> Received:
        """Check a delivery and say what to read again; nothing of what it claims is believed beyond that.

        Args:
            delivery: as it came.
            secrets: those in force, several while one takes the place of another; the order does not matter.
            now: the current instant as an epoch in seconds; the machine's when left out.

        Raises:
            SignatureInvalid: it is not the vendor's, or it is sent again: answer 401.
            DeliveryMalformed: it is the vendor's, and not as documented: answer 400.
        """
        known = [secret for secret in secrets if secret]
        if not known:
            raise SignatureInvalid(
                "A webhook's delivery came, and we have no secret to check it with.",
                remedy="Enter the webhook's secret in the connection's settings.",
            )
        if greeted := self.signature.greeting(delivery, known):
            return Received(reply=greeted)
        self._verify(delivery, known, time.time() if now is None else now)
        if challenged := self.signature.challenge(delivery):
            return Received(reply=challenged)
        try:
            hints = tuple(self.function(delivery))
        except _ODD as problem:
            # A message may quote what was sent; the name of a missing key does not.
            why = f"no {problem}" if isinstance(problem, KeyError) else type(problem).__name__
            raise DeliveryMalformed("A webhook's delivery is not as its vendor documents it.", why=why) from problem
        return Received(hints, id=self.signature.delivery_id(delivery))

    def _verify(self, delivery: Delivery, secrets: Sequence[str], now: float) -> None:
        problems: list[SignatureInvalid] = []
        for secret in secrets:
            try:
                self.signature.verify(delivery, secret, now=now)
            except SignatureInvalid as problem:
                problems.append(problem)
        if len(problems) == len(secrets):
            raise problems[-1]
