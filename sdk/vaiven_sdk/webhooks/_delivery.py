"""What a vendor sent, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from vaiven_sdk.errors import DeliveryMalformed


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request that a vendor sent us.

    Args:
        body: the bytes, as they came: a signature is over these, and not over what a framework makes of them.
        headers: their names are made lower-case.
        url: the address it was sent to, as the vendor knows it: behind a proxy that is the public one.
        method: HTTP method.
    """

    body: bytes
    headers: Mapping[str, str]
    url: str = ""
    method: str = "POST"

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", {name.lower(): value for name, value in self.headers.items()})

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address; of several with one name, the last."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def form(self) -> list[tuple[str, str]]:
        """The fields of a body that is a form, in order.

        Raises:
            DeliveryMalformed: it is not text.
        """
        try:
            return parse_qsl(self.body.decode(), keep_blank_values=True)
        except ValueError:
            raise DeliveryMalformed("A webhook's delivery is not a form.", why=f"{len(self.body)} bytes") from None

    def json(self) -> Any:
        """The decoded body.

        Raises:
            DeliveryMalformed: it is not JSON.
        """
        import msgspec  # noqa: PLC0415

        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            why = f"{problem} ({len(self.body)} bytes)"
            raise DeliveryMalformed("A webhook's delivery is not JSON.", why=why) from None


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer a delivery with.

    Args:
        status: HTTP status.
        body: the bytes to answer; mostly none.
        kind: their content type; never HTML, since a challenge is echoed.
    """

    status: int = 200
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
