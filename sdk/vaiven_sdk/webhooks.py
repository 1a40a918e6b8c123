"""Webhooks in: a delivery proves whose it is, and then only says what to read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request that a vendor sent us.

    Args:
        body: the bytes, as they came.
        headers: lower-case names.
        url: the address it was sent to, as the vendor knows it.
        method: HTTP method.
    """

    body: bytes
    headers: Mapping[str, str]
    url: str = ""
    method: str = "POST"

    def json(self) -> Any:
        """The decoded body."""
        import msgspec  # noqa: PLC0415

        return msgspec.json.decode(self.body)


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


class Signature(Protocol):
    """How a delivery proves that it is the vendor's."""

    def verify(self, delivery: Delivery, secret: str, *, now: float) -> None:
        """Raise `SignatureInvalid` unless the delivery was signed with `secret`, and lately."""
        ...


HintFunction = Callable[[Delivery], Iterable[Hint]]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A declared webhook: its signature and the function that reads a delivery."""

    signature: Signature
    function: HintFunction
