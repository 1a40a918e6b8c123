"""One HTTP answer, and what one client has done so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.errors import AnswerMalformed

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: status, headers (lower-case names), the bytes, and the full address that was asked, unsigned."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str = field(default="", repr=False)

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
