"""Versions by date: which there are, and which one answers.

Source: shopify.dev/docs/api/usage/versioning, read 2026-11-25: a stable version each quarter at 17:00 UTC of its first
day, supported for twelve months; a request for a version that is no longer supported "falls forward" to the oldest
that is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from vaiven_connectors.shopify._sim_graph import Json

_HOUR = 17


def _quarters(now: datetime) -> tuple[list[str], str]:
    """The supported stable versions, oldest first, and the release candidate."""
    started = [datetime(now.year + off, month, 1, _HOUR, tzinfo=UTC) for off in (-1, 0, 1) for month in (1, 4, 7, 10)]
    past = [at for at in started if at <= now]
    future = next(at for at in started if at > now)
    return [f"{at:%Y-%m}" for at in past[-4:]], f"{future:%Y-%m}"


def serving(wanted: str, now: datetime) -> str | None:
    """The version that answers a request for `wanted`; None when there never was such a one."""
    stable, candidate = _quarters(now)
    if wanted in {*stable, candidate, "unstable"}:
        return wanted
    if re.fullmatch(r"20\d\d-(01|04|07|10)", wanted) and wanted < stable[0]:
        return stable[0]
    return None


def latest(now: datetime) -> str:
    """The newest stable version."""
    return _quarters(now)[0][-1]


def listed(now: datetime) -> list[Json]:
    """`publicApiVersions`."""
    stable, candidate = _quarters(now)
    names = [(one, one, True) for one in stable]
    names += [(candidate, f"{candidate} (Release candidate)", False), ("unstable", "unstable", False)]
    return [{"handle": handle, "displayName": name, "supported": good} for handle, name, good in names]
