"""The CDNOW purchase history: 2,357 real customers of 1997 and 1998.

The file is `datasets/CDNOW_sample.txt` of lifetimes 0.11.3, the tenth of the cohort that brucehardie.com/notes/026
makes (read 2026-11-22). Its columns: the customer's id in the whole data set, the id in this sample, the date, the
number of CDs, the dollars paid.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class Purchase:
    """One line of the file."""

    customer: str
    day: str
    cds: int
    cents: int


def purchases() -> list[Purchase]:
    """Every purchase, in the file's order."""
    # `import lifetimes` would load pandas, scipy and matplotlib; the file alone is wanted.
    package = importlib.util.find_spec("lifetimes")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("lifetimes is in the extra `real`")
    path = Path(package.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt"
    found = []
    for line in path.read_text("ascii").splitlines():
        _, customer, day, cds, dollars = line.split()
        found.append(Purchase(customer, f"{day[:4]}-{day[4:6]}-{day[6:]}", int(cds), int(Decimal(dollars) * 100)))
    return found


def cohort(size: int, largest: int) -> dict[str, list[Purchase]]:
    """The purchases of `size` customers, by customer.

    First come those with a purchase of nothing or with two on one day, then the rest in the file's order; who bought
    more than `largest` times is left out, because the server that takes them gets slower with each.
    """
    by_customer: dict[str, list[Purchase]] = {}
    for one in purchases():
        by_customer.setdefault(one.customer, []).append(one)
    small = {who: bought for who, bought in by_customer.items() if len(bought) <= largest}
    odd = [who for who, bought in small.items() if _is_odd(bought)]
    chosen = [*odd[: size // 4], *(who for who in small if who not in set(odd))][:size]
    return {who: small[who] for who in chosen}


def totals(bought: Iterable[Purchase]) -> tuple[int, int]:
    """Number of purchases and cents paid."""
    bought = list(bought)
    return len(bought), sum(one.cents for one in bought)


def _is_odd(bought: list[Purchase]) -> bool:
    return any(one.cents == 0 for one in bought) or len({one.day for one in bought}) < len(bought)
