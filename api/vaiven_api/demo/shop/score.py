"""The score: how lately, how often and for how much somebody bought, from 0 to 100, out of the unified orders."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from vaiven_api.demo.shop.company import END
from vaiven_sync_engine.store import Database

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BY = "rfm/1"
"""What the values are said to come from."""


@dataclass(slots=True)
class Bought:
    """What one person has bought.

    Args:
        cents: less what was given back, in the shop's currency.
        last: day of the newest order.
    """

    orders: int = 0
    cents: int = 0
    last: datetime | None = None

    def add(self, at: datetime, cents: int) -> None:
        """One more order."""
        self.orders += 1
        self.cents += cents
        self.last = max(self.last, at) if self.last else at

    @property
    def score(self) -> str:
        """Forty points for an order of today, thirty for ten orders, thirty for a thousand units of the currency."""
        if self.last is None:
            return "0"
        days = (END - self.last).days
        # In whole tenths, so that nothing is rounded twice.
        recent = max(0, 365 - days) * 400 // 365
        often = min(self.orders, 10) * 30
        much = min(self.cents, 100_000) * 300 // 100_000
        tenths = recent + often + much
        return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


def scores(path: Path) -> dict[str, str]:
    """Score by person, of every person there is; test orders count for nothing."""
    with Database.reader(path) as store:
        people: Iterable[str] = [row[0] for row in store.execute("SELECT id FROM person WHERE deleted_at IS NULL")]
        bought: defaultdict[str, Bought] = defaultdict(Bought)
        for row in store.execute(
            "SELECT person_id, placed_at, total_minor, refunded_minor FROM 'order'"
            " WHERE deleted_at IS NULL AND person_id IS NOT NULL AND coalesce(is_test, 0) = 0"
        ):
            at = datetime.fromisoformat(row["placed_at"])
            bought[row["person_id"]].add(at, row["total_minor"] - (row["refunded_minor"] or 0))
    return {one: bought[one].score for one in people}
