"""What the three tools hold of the generated company, and which human each of their records is."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from vaiven_api.demo import people as persons
from vaiven_api.demo.names import CAMPAIGNS, INDUSTRIES, LIFECYCLES, STAGES, TAGS
from vaiven_api.demo.people import HUBSPOT, MAILCHIMP, STRIPE, Firm, Human, Spelling

Json = dict[str, Any]

BEGIN, END = datetime(2024, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
"""The two years of the company's life; fixed, so that a seed always gives the same company."""

_CONSENTS = ("subscribed",) * 83 + ("unsubscribed",) * 9 + ("cleaned",) * 4 + ("pending",) * 3 + ("archived",)


@dataclass(slots=True)
class Company:
    """Rows as the simulators' `seed` actions take them; each list runs in the order of its `*_of`.

    Args:
        contacts_of: the human of each contact; likewise `members_of` and `customers_of`.
        works_at: (position of a contact, position of a company).
        sold_to: (position of a deal, of a contact, of a company).
        opted_out: positions of contacts who opted out of all e-mail.
    """

    humans: list[Human]
    firms: list[Firm]
    companies: list[Json] = field(default_factory=list)
    contacts: list[Json] = field(default_factory=list)
    contacts_of: list[int] = field(default_factory=list)
    works_at: list[tuple[int, int]] = field(default_factory=list)
    deals: list[Json] = field(default_factory=list)
    sold_to: list[tuple[int, int, int]] = field(default_factory=list)
    opted_out: list[int] = field(default_factory=list)
    members: list[Json] = field(default_factory=list)
    members_of: list[int] = field(default_factory=list)
    campaigns: list[Json] = field(default_factory=list)
    customers: list[Json] = field(default_factory=list)
    customers_of: list[int] = field(default_factory=list)
    products: list[Json] = field(default_factory=list)
    prices: list[Json] = field(default_factory=list)
    orders: list[Json] = field(default_factory=list)
    subscriptions: list[Json] = field(default_factory=list)

    @property
    def in_several(self) -> int:
        """Humans that more than one tool knows."""
        return sum(len(human.tools) > 1 for human in self.humans)


def generate(people: int, seed: int) -> Company:
    """The company of a seed: the same every time."""
    rng = random.Random(seed)  # noqa: S311 - test data, not secrets
    firms = persons.firms(rng, max(3, people // 14))
    company = Company(persons.humans(rng, people, firms), firms)
    _companies(rng, company)
    for human in company.humans:
        # The first of the human's tools spells them right, the others as their users typed it.
        for tool in rng.sample(human.tools, k=len(human.tools)):
            spelling = persons.spelt(rng, human, tool, right=tool == human.tools[0])
            _ADD[tool](rng, company, human, spelling)
    _deals(rng, company)
    _campaigns(rng, company)
    _shop(rng, company)
    return company


def _companies(rng: random.Random, company: Company) -> None:
    for firm in company.firms:
        town, region, postal = firm.town
        company.companies.append(
            {
                "name": firm.name,
                "domain": firm.domain,
                "phone": f"+{firm.culture.dial} {firm.culture.lead}{rng.randint(10**5, 10**6)}",
                "city": town,
                "state": region,
                "zip": postal,
                "country": firm.culture.label,
                "numberofemployees": str(firm.employees),
                "industry": rng.choice(INDUSTRIES),
            }
        )


def _add_contact(rng: random.Random, company: Company, human: Human, spelling: Spelling) -> None:
    row = {"email": spelling.email, "firstname": spelling.given, "lastname": spelling.family}
    if persons.has_phone(rng, human):
        row["phone"] = spelling.phone
    if rng.random() < 0.1:
        town, region, postal = human.town
        row |= {"address": human.street, "city": town, "state": region, "zip": postal}
        row["country"] = human.culture.label
    if human.title and rng.random() < 0.8:
        row["jobtitle"] = human.title
    # Only sales keeps the lifecycle stage: most contacts have none.
    if rng.random() < 0.08:
        row["lifecyclestage"] = rng.choice(LIFECYCLES)
    position = len(company.contacts)
    if human.company is not None:
        company.works_at.append((position, human.company))
        row["company"] = company.firms[human.company].name
    if rng.random() < 0.01:
        company.opted_out.append(position)
    company.contacts.append(row)
    company.contacts_of.append(human.number)


def _add_member(rng: random.Random, company: Company, human: Human, spelling: Spelling) -> None:
    signed_up = BEGIN + (END - BEGIN) * rng.random() * 0.8
    changed = signed_up + (END - signed_up) * rng.random()
    merge: Json = {"FNAME": spelling.given, "LNAME": spelling.family}
    if persons.has_phone(rng, human):
        merge["PHONE"] = spelling.phone
    if rng.random() < 0.05:
        town, region, postal = human.town
        place = {"addr1": human.street, "city": town, "state": region, "zip": postal}
        merge["ADDRESS"] = {**place, "country": human.culture.country}
    status = rng.choice(_CONSENTS)
    company.members.append(
        {
            "email_address": spelling.email,
            "status": status,
            "merge_fields": merge,
            "tags": rng.sample(TAGS, k=rng.choice((0, 0, 0, 1, 2))),
            "timestamp_signup": _stamp(signed_up),
            "timestamp_opt": _stamp(signed_up),
            "last_changed": _stamp(changed),
            "opted_out": status == "unsubscribed" and rng.random() < 0.8,
        }
    )
    company.members_of.append(human.number)


def _add_customer(rng: random.Random, company: Company, human: Human, spelling: Spelling) -> None:
    # One in twenty-five pays as a new customer the second time round.
    for _ in range(2 if rng.random() < 0.04 else 1):
        row: Json = {
            "name": f"{spelling.given} {spelling.family}",
            "email": spelling.email,
            "created": _epoch(BEGIN + (END - BEGIN) * rng.random() * 0.9),
        }
        if persons.has_phone(rng, human):
            row["phone"] = spelling.phone
        if rng.random() < 0.1:
            town, region, postal = human.town
            place = {"line1": human.street, "city": town, "state": region, "postal_code": postal}
            row["address"] = {**place, "country": human.culture.country}
        company.customers.append(row)
        company.customers_of.append(human.number)


_ADD = {HUBSPOT: _add_contact, MAILCHIMP: _add_member, STRIPE: _add_customer}


def _deals(rng: random.Random, company: Company) -> None:
    for contact, firm in rng.sample(company.works_at, k=min(len(company.works_at), len(company.humans) // 12)):
        closes = BEGIN + (END - BEGIN) * rng.random()
        company.sold_to.append((len(company.deals), contact, firm))
        company.deals.append(
            {
                "dealname": f"{company.firms[firm].name}: {rng.choice(('renewal', 'pilot', 'licences', 'training'))}",
                "amount": f"{rng.randint(300, 90_000)}.{rng.choice(('00', '50', '99'))}",
                "deal_currency_code": rng.choice(("EUR", "USD", "GBP")),
                "pipeline": "default",
                "dealstage": rng.choice(STAGES),
                "closedate": closes.isoformat(),
            }
        )


def _campaigns(rng: random.Random, company: Company) -> None:
    size = len(company.members)
    for number, title in enumerate(CAMPAIGNS):
        opens, clicks = int(size * rng.uniform(0.2, 0.5)), int(size * rng.uniform(0.02, 0.1))
        company.campaigns.append(
            {
                "settings": {"title": title, "subject_line": f"{title}: what is new"},
                "create_time": _stamp(BEGIN + timedelta(days=60 * number)),
                "send_time": _stamp(BEGIN + timedelta(days=60 * number + 2)),
                "emails_sent": size,
                "figures": {
                    "opens": opens * 2,
                    "unique_opens": opens,
                    "clicks": clicks * 2,
                    "unique_clicks": clicks,
                    "unique_subscriber_clicks": clicks,
                    "hard_bounces": size // 90,
                    "unsubscribed": size // 150,
                },
            }
        )


def _shop(rng: random.Random, company: Company) -> None:
    company.products = [{"name": name} for name in ("Starter", "Team", "Business", "Workshop")]
    company.prices = [
        {
            "product": number % 3,
            "unit_amount": amount,
            "currency": currency,
            "recurring": {"interval": interval},
            "nickname": f"{interval} {currency}",
        }
        for number, (amount, currency, interval) in enumerate(
            (a, c, i) for c in ("eur", "usd") for a, i in ((900, "month"), (2900, "month"), (29900, "year"))
        )
    ]
    for position, row in enumerate(company.customers):
        begin = datetime.fromtimestamp(row["created"], UTC)
        chance = rng.random()
        if chance < 0.25:
            months = int((END - begin).days / 31)
            price = rng.choice((0, 1, 3, 4)) if months else 2
            subscription = {"customer": position, "price": price, "created": row["created"]}
            subscription["renewals"] = min(months, rng.randint(0, 3)) if price not in {2, 5} else 0
            company.subscriptions.append(subscription)
        elif chance < 0.7:
            _order(rng, company, position, begin)


def _order(rng: random.Random, company: Company, position: int, begin: datetime) -> None:
    at = begin + (END - begin) * rng.random() * 0.9
    amount = rng.choice((1900, 4900, 12_000, 25_050))
    order: Json = {
        "customer": position,
        "amount": amount,
        "currency": rng.choice(("eur", "usd")),
        "kind": rng.choice(("payment_intent", "charge")),
        "description": "Workshop",
        "created": _epoch(at),
    }
    if rng.random() < 0.1:
        order |= {"refunded": amount if rng.random() < 0.5 else amount // 2}
        order["refunded_at"] = _epoch(at + (END - at) * 0.5)
    company.orders.append(order)


def _stamp(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()


def _epoch(at: datetime) -> int:
    return int(at.timestamp())
