"""A HubSpot portal's owners: the users to whom records are assigned.

Shapes: spec crm-crm-owners@v3 (2026-08-21). Behaviour: developers.hubspot.com/docs/api-reference/
crm-crm-owners-v3/guide. Read 2026-11-22.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Mapping
from typing import Any

from vaiven_connectors.hubspot._sim_errors import invalid
from vaiven_connectors.hubspot._sim_schema import iso

_TYPES = ("PERSON", "QUEUE")


class Owners:
    """All owners of one portal, archived ones among them, by id."""

    def __init__(self, rng: random.Random) -> None:
        self.all: dict[int, dict[str, Any]] = {}
        self._random = rng
        self._by_user: dict[int, int] = {}
        self._live: list[int] = []
        self._archived: list[int] = []

    def add(self, definition: Mapping[str, Any], ms: int, ids: tuple[int, int] | None = None) -> str:
        """Add an owner; gives its id.

        Args:
            definition: `PublicOwner` less what HubSpot sets: `email`, `firstName`, `lastName`, `type`, `teams`.
            ms: now.
            ids: id of the owner and of its user; the next free ones by default.

        Raises:
            VendorError: 400 for a `type` that there is not.
        """
        kind = definition.get("type", "PERSON")
        if kind not in _TYPES:
            raise invalid(f"Invalid input: type must be one of {', '.join(_TYPES)}, but was {kind}")
        owner_id, user_id = ids or self._next_ids()
        owner: dict[str, Any] = {"id": str(owner_id), "type": kind}
        owner |= {name: definition[name] for name in ("email", "firstName", "lastName") if name in definition}
        if kind == "PERSON":
            owner |= {"userId": user_id, "userIdIncludingInactive": user_id}
            self._by_user[user_id] = owner_id
        owner |= {"createdAt": iso(ms), "updatedAt": iso(ms), "archived": False}
        if definition.get("teams"):
            owner["teams"] = [dict(team) for team in definition["teams"]]
        self.all[owner_id] = owner
        bisect.insort(self._live, owner_id)
        return str(owner_id)

    def _next_ids(self) -> tuple[int, int]:
        step = self._random.randint(1, 47)
        return max(self.all) + step, max(self._by_user) + step

    def archive(self, owner_id: str, ms: int) -> None:
        """Take an owner out of the portal.

        `userId` is then null, and `userIdIncludingInactive` keeps it (HubSpot/hubspot-api-python#314).

        Raises:
            ValueError: when there is no such live owner.
        """
        owner = self.find(owner_id, archived=False)
        if owner is None:
            raise ValueError(f"no such owner: {owner_id}")
        owner.pop("userId", None)
        owner |= {"archived": True, "updatedAt": iso(ms)}
        self._live.remove(int(owner_id))
        bisect.insort(self._archived, int(owner_id))

    def find(self, given: str, *, by_user: bool = False, archived: bool) -> dict[str, Any] | None:
        """An owner by its id or its user's."""
        number = int(given) if given.isdigit() else -1
        owner = self.all.get(self._by_user.get(number, -1) if by_user else number)
        return owner if owner is not None and owner["archived"] is archived else None

    def page(
        self, after: int, limit: int, *, archived: bool, email: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Owners by id in order behind `after`, and the id after which the next page starts."""
        ids = self._archived if archived else self._live
        start = bisect.bisect_right(ids, after)
        if email is None:
            found = ids[start : start + limit + 1]
        else:
            found = [i for i in ids[start:] if self.all[i].get("email", "").lower() == email.lower()]
        page = [self.all[i] for i in found[:limit]]
        return page, page[-1]["id"] if len(found) > limit else None
