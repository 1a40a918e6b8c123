"""Associations between records, in both directions, with HubSpot's type ids.

Sources (2026-11-22): `hubspot.crm.association_type.AssociationType` of hubspot-api-client 12.0.0 (1-6, 279,
280, 341, 342); developers.hubspot.com/docs/api-reference/latest/crm/associations (449-451, 13, 14, label
rules); changelog "Changes to primary labels for HubSpot-defined association labels".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from vaiven_connectors.hubspot._sim_errors import error, invalid

HUBSPOT: Final = "HUBSPOT_DEFINED"
USER: Final = "USER_DEFINED"


@dataclass(frozen=True, slots=True)
class LinkType:
    """One association type, which runs one way; `inverse` is the id of the way back."""

    id: int
    inverse: int
    category: str
    label: str | None
    name: str

    def to_json(self) -> dict[str, Any]:
        """As the v4 associations API answers it."""
        return {"category": self.category, "typeId": self.id, "label": self.label}


_PAIRS: Final = [
    # from, to, plain id, plain id back, primary id, primary id back
    ("contacts", "companies", 279, 280, 1, 2),
    ("deals", "contacts", 3, 4, None, None),
    ("deals", "companies", 341, 342, 5, 6),
    ("contacts", "contacts", 449, 449, None, None),
    ("companies", "companies", 450, 450, None, None),
    ("deals", "deals", 451, 451, None, None),
]
_SINGULAR: Final = {"contacts": "contact", "companies": "company", "deals": "deal"}


def _built_in() -> dict[tuple[str, str], dict[int, LinkType]]:
    types: dict[tuple[str, str], dict[int, LinkType]] = {}
    for a, b, plain, plain_back, primary, primary_back in _PAIRS:
        for start, end, one, other, first, first_back in (
            (a, b, plain, plain_back, primary, primary_back),
            (b, a, plain_back, plain, primary_back, primary),
        ):
            name = f"{_SINGULAR[start]}_to_{_SINGULAR[end]}"
            found = types.setdefault((start, end), {})
            if first is not None and first_back is not None:
                found[one] = LinkType(one, other, HUBSPOT, None, f"{name}_unlabeled")
                label = f"{_SINGULAR[a].capitalize()} with Primary Company"
                found[first] = LinkType(first, first_back, HUBSPOT, label, name)
            else:
                found[one] = LinkType(one, other, HUBSPOT, None, name)
    types["companies", "companies"] |= {
        13: LinkType(13, 14, HUBSPOT, "Child Company", "parent_to_child_company"),
        14: LinkType(14, 13, HUBSPOT, "Parent Company", "child_to_parent_company"),
    }
    return types


class Links:
    """All associations of a portal."""

    def __init__(self, is_live: Callable[[str, int], bool]) -> None:
        self.types = _built_in()
        self._is_live = is_live
        self._links: dict[tuple[str, int], dict[str, dict[int, set[int]]]] = {}
        self._next_type = 21

    def default_type(self, start: str, end: str) -> LinkType:
        """The association without a label."""
        return next(t for t in self.types[start, end].values() if t.label is None)

    def primary_type(self, start: str, end: str) -> LinkType | None:
        """The association that at most one record on the far side has, where there is one."""
        if end != "companies" or start == "companies":
            return None
        return next((t for t in self.types[start, end].values() if t.category == HUBSPOT and t.label), None)

    def define(self, start: str, end: str, name: str, label: str, inverse_label: str | None) -> list[LinkType]:
        """Add a label between two object types, and the way back."""
        if any(t.name == name for t in self.types[start, end].values()):
            raise error(409, "OBJECT_ALREADY_EXISTS", f"An association definition named {name} already exists.")
        there, back = self._next_type, self._next_type + (0 if start == end and not inverse_label else 1)
        self._next_type = back + 1
        made = [LinkType(there, back, USER, label, name)]
        self.types[start, end][there] = made[0]
        if back != there:
            self.types[end, start][back] = LinkType(back, there, USER, inverse_label or label, name)
            made.append(self.types[end, start][back])
        return made

    def add(self, start: str, start_id: int, end: str, end_id: int, type_ids: Iterable[int]) -> set[int]:
        """Associate two records, always also without a label; gives the types they now have.

        Raises:
            VendorError: 400 for a type that does not run between these object types.
        """
        wanted = set(type_ids)
        known = self.types[start, end]
        for type_id in wanted - set(known):
            raise invalid(
                f"{type_id} is not a valid association type between {start} and {end}",
                context={"type": [str(type_id)], "fromObjectType": [start], "toObjectType": [end]},
                subCategory="crm.associations.INVALID_ASSOCIATION_TYPE",
            )
        wanted.add(self.default_type(start, end).id)
        self._move_primary(start, start_id, end, end_id, wanted)
        here = self._side(start, start_id, end).setdefault(end_id, set())
        there = self._side(end, end_id, start).setdefault(start_id, set())
        here |= wanted
        there |= {known[type_id].inverse for type_id in wanted}
        return here

    def _move_primary(self, start: str, start_id: int, end: str, end_id: int, wanted: set[int]) -> None:
        forward = self.primary_type(start, end)
        if forward is not None:
            others = self._side(start, start_id, end)
            # The first company of a contact or deal becomes its primary one.
            if not any(forward.id in types and self._is_live(end, other) for other, types in others.items()):
                wanted.add(forward.id)
            if forward.id in wanted:
                for other in [other for other in others if other != end_id]:
                    self.remove(start, start_id, end, other, {forward.id})
        backward = self.primary_type(end, start)
        if backward is not None:
            back = set[int]()
            if backward.inverse in wanted:
                back.add(backward.id)
            self._move_primary(end, end_id, start, start_id, back)
            if backward.id in back:
                wanted.add(backward.inverse)

    def remove(self, start: str, start_id: int, end: str, end_id: int, type_ids: set[int] | None = None) -> None:
        """Take away some types of an association, or all of it."""
        here, there = self._side(start, start_id, end), self._side(end, end_id, start)
        if end_id not in here:
            return
        gone = set(here[end_id]) if type_ids is None else type_ids & here[end_id]
        here[end_id] -= gone
        there[start_id] -= {self.types[start, end][type_id].inverse for type_id in gone}
        if not here[end_id]:
            del here[end_id]
            there.pop(start_id, None)

    def of(self, start: str, start_id: int, end: str) -> dict[int, list[LinkType]]:
        """Live records of type `end` that a record is associated with, by id in order, with the types."""
        side = self._links.get((start, start_id), {}).get(end, {})
        known = self.types[start, end]
        return {
            other: [known[type_id] for type_id in sorted(side[other])]
            for other in sorted(side)
            if self._is_live(end, other)
        }

    def move(self, object_type: str, old: int, new: int) -> None:
        """Give one record's associations to another, as a merge does."""
        for end, others in self._links.get((object_type, old), {}).items():
            for other, types in list(others.items()):
                kept = set(types)
                self.remove(object_type, old, end, other)
                if other != new:
                    self.add(object_type, new, end, other, kept)

    def state(self) -> dict[str, Any]:
        """Every association as `contacts:1>companies:2` -> type ids, archived records' included."""
        return {
            f"{start}:{start_id}>{end}:{end_id}": sorted(types)
            for (start, start_id), sides in self._links.items()
            for end, others in sides.items()
            for end_id, types in others.items()
        }

    def _side(self, start: str, start_id: int, end: str) -> dict[int, set[int]]:
        return self._links.setdefault((start, start_id), {}).setdefault(end, {})
