"""The generated humans, and the ways in which one of them is spelt in several tools."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vaiven_api.demo.names import CULTURES, HOSTS, TITLES, TRADES

if TYPE_CHECKING:
    from vaiven_api.demo.names import Culture

HUBSPOT, MAILCHIMP, STRIPE = "hubspot", "mailchimp", "stripe"
TOOLS = (HUBSPOT, MAILCHIMP, STRIPE)

Mix = tuple[tuple[int, tuple[str, ...]], ...]
"""Percent of the people, and the tools that know them."""

OFFICE: Mix = (
    (26, (HUBSPOT,)),
    (9, (MAILCHIMP,)),
    (5, (STRIPE,)),
    (37, (HUBSPOT, MAILCHIMP)),
    (9, (HUBSPOT, STRIPE)),
    (2, (MAILCHIMP, STRIPE)),
    (12, (HUBSPOT, MAILCHIMP, STRIPE)),
)
"""60 % are in more than one tool."""


@dataclass(slots=True)
class Human:
    """One human being, spelt right."""

    number: int
    culture: Culture
    given: str
    family: str
    email: str
    phone: str
    street: str
    town: tuple[str, str, str]
    tools: tuple[str, ...]
    company: int | None = None
    title: str = ""
    gives_phone: bool = False
    """Most tools have the number of those who give one, and hardly any that of the others."""
    other_email: dict[str, str] = field(default_factory=dict)
    """Tool -> the address that it has instead."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """One human as one tool has them."""

    given: str
    family: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class Firm:
    """A company that people work for."""

    name: str
    domain: str
    culture: Culture
    town: tuple[str, str, str]
    employees: int


def firms(rng: random.Random, count: int) -> list[Firm]:
    """Companies, each with a domain of its own."""
    made: list[Firm] = []
    for number in range(count):
        culture = rng.choice(CULTURES)
        family, trade = rng.choice(culture.family), rng.choice(TRADES)
        domain = f"{plain(family)}-{trade.lower()}{number}.example.com"
        town = rng.choice(culture.towns)
        made.append(Firm(f"{family} {trade}", domain, culture, town, rng.choice((8, 25, 60, 140, 900))))
    return made


def humans(rng: random.Random, count: int, companies: list[Firm], mix: Mix = OFFICE) -> list[Human]:
    """People with households that share a phone, offices that share an address, and second addresses."""
    made: list[Human] = []
    taken: set[str] = set()
    tools = [some for share, some in mix for _ in range(share)]
    while len(made) < count:
        first = _human(rng, len(made), rng.choice(tools), companies, taken)
        made.append(first)
        if rng.random() < 0.02:
            # A household: one phone and one address, other first names and e-mail addresses.
            for _ in range(min(rng.randint(1, 2), count - len(made))):
                other = _human(rng, len(made), rng.choice(tools), companies, taken, like=first)
                made.append(other)
    _offices(rng, made, companies)
    for one in made:
        if len(one.tools) > 1 and not one.other_email and rng.random() < 0.05:
            tool = rng.choice(one.tools)
            one.other_email[tool] = _address(rng, one.given, one.family, "example.org", taken)
    return made


def _human(
    rng: random.Random,
    number: int,
    tools: tuple[str, ...],
    companies: list[Firm],
    taken: set[str],
    *,
    like: Human | None = None,
) -> Human:
    culture = like.culture if like else rng.choice(CULTURES)
    given = rng.choice([name for name in culture.given if like is None or name != like.given])
    family = like.family if like else rng.choice(culture.family)
    company = rng.randrange(len(companies)) if like is None and companies and rng.random() < 0.4 else None
    host = companies[company].domain if company is not None else rng.choice(HOSTS)
    rest = "".join(rng.choices("0123456789", k=culture.digits - len(culture.lead)))
    return Human(
        number,
        culture,
        given,
        family,
        _address(rng, given, family, host, taken),
        like.phone if like else f"+{culture.dial}{culture.lead}{rest}",
        like.street if like else f"{rng.choice(culture.streets)} {rng.randint(1, 180)}",
        like.town if like else rng.choice(culture.towns),
        tools,
        company,
        rng.choice(TITLES) if company is not None else "",
        rng.random() < 0.45,
    )


def _offices(rng: random.Random, people: list[Human], companies: list[Firm]) -> None:
    """Some companies pay through one role address, which several of their people give at the shop."""
    payers: dict[int, list[Human]] = {}
    for one in people:
        if one.company is not None and STRIPE in one.tools:
            payers.setdefault(one.company, []).append(one)
    shared = [staff for _, staff in sorted(payers.items()) if len(staff) > 1]
    for staff in rng.sample(shared, k=len(shared) // 20):
        domain = companies[staff[0].company or 0].domain
        for one in staff:
            one.other_email[STRIPE] = f"info@{domain}"


def spelt(rng: random.Random, human: Human, tool: str, *, right: bool) -> Spelling:
    """A human as a tool has them: misspelt, re-cased and with a phone number in some format, unless `right`."""
    given, family = human.given, human.family
    email = human.other_email.get(tool, human.email)
    if not right:
        if rng.random() < 0.08:
            given, family = (_typo(rng, given), family) if rng.random() < 0.5 else (given, _typo(rng, family))
        chance = rng.random()
        if chance < 0.03:
            given, family = given.upper(), family.upper()
        elif chance < 0.06:
            given, family = given.lower(), family.lower()
        if rng.random() < 0.15:
            email = rng.choice((email.upper(), ".".join(part.capitalize() for part in email.split("."))))
    # Where the addresses differ the number is all that tells who it is, and it is then at least complete.
    return Spelling(given, family, email, _dialled(rng, human, national=not right and not human.other_email))


def has_phone(rng: random.Random, human: Human) -> bool:
    """Whether one tool has the number; always where the addresses differ."""
    return bool(human.other_email) or rng.random() < (0.8 if human.gives_phone else 0.04)


def _typo(rng: random.Random, word: str) -> str:
    at = rng.randrange(1, max(len(word) - 1, 2))
    kind = rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] * 2 + word[at + 1 :] if at < len(word) else word + word[-1]
    return word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


def _dialled(rng: random.Random, human: Human, *, national: bool) -> str:
    dial = human.culture.dial
    rest = human.phone[1 + len(dial) :]
    if national and rng.random() < 0.08:
        return f"0{rest[:3]} {rest[3:]}"
    form = rng.randrange(4)
    if form == 0:
        return human.phone
    if form == 1:
        return f"+{dial} {rest[:3]} {rest[3:6]} {rest[6:]}"
    if form == 2:
        return f"+{dial} ({rest[:3]}) {rest[3:6]}-{rest[6:]}"
    return f"+{dial}-{rest[:3]}-{rest[3:]}"


def _address(rng: random.Random, given: str, family: str, host: str, taken: set[str]) -> str:
    first, last = plain(given), plain(family)
    form = rng.choice((f"{first}.{last}", f"{first[0]}{last}", f"{first}{last}", f"{last}.{first}"))
    number = 1
    while (address := f"{form}{number if number > 1 else ''}@{host}") in taken:
        number += 1
    taken.add(address)
    return address


def plain(name: str) -> str:
    """A name in the letters that addresses have."""
    folded = unicodedata.normalize("NFKD", name.lower().replace("ł", "l").replace("ø", "o"))
    return "".join(char for char in folded if char.isascii() and char.isalnum())
