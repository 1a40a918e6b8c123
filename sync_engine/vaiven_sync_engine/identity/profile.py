"""What of a record is compared when it is scored, and which records are compared at all."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vaiven_sdk.model.match import email_match
from vaiven_sync_engine.identity.blocked import is_blocked
from vaiven_sync_engine.identity.scoring import PRIOR_M, Column
from vaiven_sync_engine.identity.similar import OTHER, SAME, SLIP, SLIPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vaiven_sync_engine.identity.blocking import Rule

Profile = dict[str, str | None]
"""Field -> text that is compared."""

_LEGAL = frozenset(
    "ab ag aps as asa bv co company corp corporation cv gmbh group holding inc incorporated kg kk limited llc llp lp"
    " ltd ltda nv oy oyj plc pty pvt sa sae sarl sas sl slu spa srl ug".split()
)
"""Legal forms: they are left out of names or written in, as people please."""
_KEYED = {SAME: 0.3, SLIP: 0.1, SLIPS: 0.05, OTHER: 0.55}
"""Prior of a field that is a key: records that share one are joined already, the rest mostly have two."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How records of one kind are compared.

    Args:
        read: the texts that are compared, from a record's unified values.
        rules: the pairs that are compared.
        columns: makes the fields from a text's column for each name.
        telling: fields that differ between people who share all the rest: a pair that has another value in one of
            them is never joined without being looked at.
    """

    read: Callable[[Mapping[str, Any]], Profile]
    rules: tuple[Rule, ...]
    columns: Callable[[Mapping[str, Sequence[str | None]]], list[Column]]
    telling: frozenset[str]


def _person(fields: Mapping[str, Any]) -> Profile:
    words = _fold(fields.get("full_name")).split()
    given = _fold(fields.get("given_name")) or (words[0] if len(words) > 1 else "")
    family = _fold(fields.get("family_name")) or (words[-1] if words else "")
    house, street = _street(fields.get("street"))
    return {
        "given_name": given or None,
        "family_name": family or None,
        "names": " ".join(sorted((given, family))) if given and family else None,
        "birth_on": str(fields.get("birth_on") or "") or None,
        "house": house,
        "street": street,
        "postal_code": _fold(fields.get("postal_code")).replace(" ", "") or None,
        "city": _fold(fields.get("city")) or None,
        "email": _address(fields.get("email")),
        "phone": _phone(fields.get("phone")),
    }


def _company(fields: Mapping[str, Any]) -> Profile:
    house, street = _street(fields.get("street"))
    domain = str(fields.get("domain") or "")
    words = _fold(fields.get("name") or fields.get("legal_name")).split()
    return {
        "name": " ".join(w for w in words if w not in _LEGAL) or " ".join(words) or None,
        "domain": domain if domain and not is_blocked("domain", domain) else None,
        "house": house,
        "street": street,
        "postal_code": _fold(fields.get("postal_code")).replace(" ", "") or None,
        "city": _fold(fields.get("city")) or None,
        "phone": _phone(fields.get("phone")),
    }


def _person_columns(values: Mapping[str, Sequence[str | None]]) -> list[Column]:
    return [
        Column("given_name", values["given_name"], swaps="family_name"),
        Column("family_name", values["family_name"]),
        Column("birth_on", values["birth_on"]),
        Column("house", values["house"]),
        Column("street", values["street"]),
        Column("postal_code", values["postal_code"]),
        Column("city", values["city"]),
        Column("email", values["email"], prior=_KEYED),
        Column("phone", values["phone"], prior=_KEYED),
    ]


def _company_columns(values: Mapping[str, Sequence[str | None]]) -> list[Column]:
    keyed = {"domain", "phone"}
    names = ("name", "domain", "house", "street", "postal_code", "city", "phone")
    return [Column(name, values[name], prior=_KEYED if name in keyed else PRIOR_M) for name in names]


PLANS: dict[str, Plan] = {
    "person": Plan(
        _person,
        (
            ("email",),
            ("phone",),
            ("names",),
            ("given_name", "birth_on"),
            ("family_name", "birth_on"),
            ("birth_on", "postal_code"),
            ("given_name~", "family_name~"),
            ("given_name", "postal_code"),
            ("family_name", "postal_code"),
            ("given_name~", "postal_code"),
            ("family_name~", "postal_code"),
            ("given_name", "city"),
            ("family_name", "city"),
            ("street", "house"),
            ("street", "given_name"),
            ("street", "family_name"),
            ("street", "postal_code"),
            ("house", "postal_code"),
        ),
        _person_columns,
        frozenset({"given_name", "birth_on"}),
    ),
    "company": Plan(
        _company,
        (
            ("domain",),
            ("phone",),
            ("name",),
            ("name<", "postal_code"),
            ("name~", "city"),
            ("street", "house"),
        ),
        _company_columns,
        frozenset({"name"}),
    ),
}
"""Kinds whose records are scored."""


def _address(value: Any) -> str | None:
    text = str(value or "")
    return None if not text or is_blocked("email", text) else email_match(text)


def _phone(value: Any) -> str | None:
    text = str(value or "")
    return None if not text or is_blocked("phone", text) else text


def _street(value: Any) -> tuple[str | None, str | None]:
    """House number and street of an address; the number may stand before the street or after it."""
    text = _fold(value)
    found = re.search(r"\d+", text)
    if found is None:
        return None, text or None
    return found[0], " ".join((text[: found.start()] + text[found.end() :]).split()) or None


@lru_cache(maxsize=65_536)
def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())


def _fold(value: Any) -> str:
    return _folded(str(value)) if value else ""
