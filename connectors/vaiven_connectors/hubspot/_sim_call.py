"""One request to the HubSpot simulator, decoded, and what its handlers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec

from vaiven_connectors.hubspot._sim_errors import invalid
from vaiven_connectors.hubspot._sim_portal import Portal
from vaiven_connectors.hubspot._sim_records import Hand

Answer = tuple[int, Any]
"""HTTP status and the body before encoding; None is an empty body."""


@dataclass(slots=True)
class Call:
    """One request: slots of the path, query, body, the hand that writes and the time."""

    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    raw: bytes
    hand: Hand
    now: int
    token: str = ""
    cap: int | None = None
    """Records that a page has at most, whatever is asked for."""

    def one(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next(iter(self.query.get(name, ())), None)

    def many(self, name: str) -> list[str]:
        """A list in the query: repeated, or with commas."""
        return [part for value in self.query.get(name, ()) for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        """A boolean in the query, false by default; HubSpot's Python client writes `True`."""
        return (self.one(name) or "").lower() == "true"

    def number(self, name: str, default: int, most: int) -> int:
        """A page size in the query.

        Raises:
            VendorError: 400 when it is no number from 1 to `most`.
        """
        given = self.one(name) or str(default)
        if not given.isdigit() or not 0 < int(given) <= most:
            raise invalid(f"Invalid input: {name} must be between 1 and {most}, but was {given}")
        return min(int(given), self.cap or most)

    def body(self) -> dict[str, Any]:
        """The JSON object in the body.

        Raises:
            VendorError: 400 when it is none.
        """
        decoded = self.json()
        if not isinstance(decoded, dict):
            raise invalid("Invalid input JSON: an object is expected")
        return decoded

    def json(self) -> Any:
        """The JSON in the body, whatever it is.

        Raises:
            VendorError: 400 when it is none.
        """
        try:
            return msgspec.json.decode(self.raw or b"{}")
        except msgspec.DecodeError as problem:
            raise invalid(f"Invalid input JSON: {problem}") from None

    def inputs(self, most: int) -> list[dict[str, Any]]:
        """The rows of a batch.

        Raises:
            VendorError: 400 for none or too many.
        """
        rows = self.body().get("inputs")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise invalid("Invalid input JSON: Some required fields were not set: [inputs]")
        if len(rows) > most:
            raise invalid(f"The maximum number of inputs supported in a batch request is {most}, but got {len(rows)}")
        return rows

    def form(self) -> dict[str, str]:
        """The fields of a form in the body."""
        return {name: values[0] for name, values in parse_qs(self.raw.decode()).items()}


Handler = Callable[[Portal, Call], Answer]
