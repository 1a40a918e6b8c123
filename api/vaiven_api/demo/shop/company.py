"""What the shop's tools hold of its people and their orders, and which human each record is."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from vaiven_api.demo import people as persons
from vaiven_api.demo.people import HUBSPOT, STRIPE, Human, Mix, Spelling

Json = dict[str, Any]

SHOPIFY, KLAVIYO, SALESFORCE = "shopify", "klaviyo", "salesforce"
META, GOOGLE = "meta_ads", "google_ads"
PEOPLE_TOOLS = (HUBSPOT, SALESFORCE, KLAVIYO, STRIPE, SHOPIFY)
"""Those that keep people; Shopify is filled last, so that what people typed at the till is the newest spelling."""

SHOPPERS: Mix = (
    (33, (SHOPIFY, KLAVIYO)),
    (20, (SHOPIFY, KLAVIYO, HUBSPOT)),
    (10, (SHOPIFY, KLAVIYO, HUBSPOT, SALESFORCE)),
    (10, (SHOPIFY, KLAVIYO, STRIPE)),
    (10, (SHOPIFY,)),
    (9, (KLAVIYO,)),
    (8, (HUBSPOT, SALESFORCE)),
)
BEGIN, END = datetime(2024, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
"""Two years of sales; fixed, so that a seed always gives the same shop."""
ORDERS = 3
"""Orders for each human."""
TWICE = 100
"""Each so many records HubSpot and Salesforce have one twice, until somebody merges the two."""

_GOODS = (("Lamp", 4900), ("Chair", 12900), ("Desk", 34900), ("Vase", 1990), ("Rug", 8950), ("Mirror", 6425))
_SHOWN = (("USD", "1"),) * 17 + (("EUR", "0.91"), ("EUR", "0.91"), ("JPY", "151.5"))
"""Currency that the shopper saw, and its rate."""


@dataclass(slots=True)
class Shop:
    """Rows as the simulators take them; each list of people runs in the order of its `of`.

    Args:
        rows: tool -> its people.
        of: tool -> the human of each.
        twins: tool -> (position of a record, position of the same human's second one).
        orders: `customer` is a position among Shopify's people; `total` is the price in cents of the shop's currency.
    """

    humans: list[Human]
    rows: dict[str, list[Json]] = field(default_factory=lambda: {tool: [] for tool in PEOPLE_TOOLS})
    of: dict[str, list[int]] = field(default_factory=lambda: {tool: [] for tool in PEOPLE_TOOLS})
    twins: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {HUBSPOT: [], SALESFORCE: []})
    orders: list[Json] = field(default_factory=list)
    payments: list[Json] = field(default_factory=list)

    @property
    def in_several(self) -> int:
        """Humans that more than one tool knows."""
        return sum(len(human.tools) > 1 for human in self.humans)


def generate(people: int, seed: int) -> Shop:
    """The shop of a seed: the same every time."""
    rng = random.Random(seed)  # noqa: S311 - test data, not secrets
    shop = Shop(persons.humans(rng, people, [], SHOPPERS))
    numbers: Counter[tuple[str, str]] = Counter()
    shared = Counter(human.phone for human in shop.humans)
    for human in shop.humans:
        # Where a tool has another address and the household's number besides, nothing would tell who it is.
        if shared[human.phone] > 1:
            human.other_email.clear()
    for human in shop.humans:
        refuses = rng.random() < 0.06
        for tool in human.tools:
            spelling = persons.spelt(rng, human, tool, right=tool in {SHOPIFY, KLAVIYO, human.tools[0]})
            phone = human.phone if _gives_phone(rng, human, tool) else ""
            # Shopify and Klaviyo keep a number once; of a household the first one has it.
            numbers[tool, phone] += 1
            taken = tool in {SHOPIFY, KLAVIYO} and numbers[tool, phone] > 1
            # One person in seventy has said no to the one and yes to the other.
            says_no = refuses and rng.random() < 0.75
            row = _ROW[tool](rng, human, spelling, "" if taken else phone, says_no)
            _add(shop, tool, human, row)
            if tool in shop.twins and shared[human.phone] == 1 and len(shop.rows[tool]) % TWICE == 5:
                shop.twins[tool].append((len(shop.rows[tool]) - 1, len(shop.rows[tool])))
                _add(shop, tool, human, _twin(tool, human, row, rng))
    _sales(rng, shop)
    return shop


def _gives_phone(rng: random.Random, human: Human, tool: str) -> bool:
    """Whoever gives a number gives it at the till; always where addresses differ, and nothing else tells who it is."""
    return bool(human.other_email) or (human.gives_phone and (tool == SHOPIFY or rng.random() < 0.8))


def _add(shop: Shop, tool: str, human: Human, row: Json) -> None:
    shop.rows[tool].append(row)
    shop.of[tool].append(human.number)


def _contact(rng: random.Random, human: Human, spelling: Spelling, phone: str, says_no: bool) -> Json:  # noqa: FBT001
    row = {"email": spelling.email, "firstname": spelling.given, "lastname": spelling.family}
    if phone:
        row["phone"] = phone
    if rng.random() < 0.2:
        row["city"], row["country"] = human.town[0], human.culture.label
    if says_no:
        row["hs_email_optout"] = "true"
    return row


def _crm(_: random.Random, human: Human, spelling: Spelling, phone: str, says_no: bool) -> Json:  # noqa: FBT001
    row: Json = {"Email": spelling.email, "FirstName": spelling.given, "LastName": spelling.family}
    if phone:
        row["Phone"] = phone
    row["MailingCity"] = human.town[0]
    row["HasOptedOutOfEmail"] = says_no
    return row


def _profile(rng: random.Random, human: Human, spelling: Spelling, phone: str, says_no: bool) -> Json:  # noqa: FBT001
    row: Json = {"email": spelling.email, "first_name": spelling.given, "last_name": spelling.family}
    if phone:
        row["phone_number"] = phone
    if rng.random() < 0.3:
        row["location"] = {"city": human.town[0], "country": human.culture.label}
    row["subscriptions"] = {"email": "UNSUBSCRIBED" if says_no else "SUBSCRIBED"}
    return row


def _payer(rng: random.Random, _: Human, spelling: Spelling, phone: str, says_no: bool) -> Json:  # noqa: ARG001, FBT001
    at = BEGIN + (END - BEGIN) * rng.random() * 0.9
    row: Json = {"name": f"{spelling.given} {spelling.family}", "email": spelling.email, "created": int(at.timestamp())}
    return {**row, "phone": phone} if phone else row


def _shopper(_: random.Random, human: Human, spelling: Spelling, phone: str, says_no: bool) -> Json:  # noqa: FBT001
    row: Json = {"firstName": spelling.given, "lastName": spelling.family, "email": spelling.email}
    if phone:
        row["phone"] = phone
    row["emailState"] = "UNSUBSCRIBED" if says_no else "SUBSCRIBED"
    place = {"address1": human.street, "city": human.town[0], "zip": human.town[2]}
    row["addresses"] = [{**place, "countryCode": human.culture.country}]
    row["at"] = BEGIN.isoformat()
    return row


_ROW = {HUBSPOT: _contact, SALESFORCE: _crm, KLAVIYO: _profile, STRIPE: _payer, SHOPIFY: _shopper}


def _twin(tool: str, human: Human, row: Json, rng: random.Random) -> Json:
    """The same human once more, without an address: what the number and the name tell, and a title by hand."""
    title = f"Buyer {rng.randint(1, 99)}"
    if tool == HUBSPOT:
        row["phone"] = human.phone
        return {"firstname": row["firstname"], "lastname": row["lastname"], "phone": human.phone, "jobtitle": title}
    row["Phone"] = human.phone
    return {"FirstName": row["FirstName"], "LastName": row["LastName"], "Phone": human.phone, "Title": title}


def _sales(rng: random.Random, shop: Shop) -> None:
    buyers = len(shop.rows[SHOPIFY])
    many = ORDERS * len(shop.humans) if buyers else 0
    # A few buy often, most once or twice.
    weights = [rng.paretovariate(1.6) for _ in range(buyers)]
    for position in rng.choices(range(buyers), weights, k=many):
        shop.orders.append(_order(rng, position))
    shop.orders.sort(key=lambda one: str(one["at"]))
    for position, row in enumerate(shop.rows[STRIPE]):
        for _ in range(rng.randint(0, 2)):
            at = datetime.fromtimestamp(row["created"], UTC) + timedelta(days=rng.randint(0, 60))
            amount = rng.choice((1900, 2900, 4900))
            shop.payments.append(
                {"customer": position, "amount": amount, "currency": "usd", "kind": "charge", "created": _epoch(at)}
            )


def _order(rng: random.Random, position: int) -> Json:
    at = BEGIN + (END - BEGIN) * rng.random()
    title, cents = rng.choice(_GOODS)
    pieces = rng.choice((1, 1, 1, 2, 3))
    currency, rate = rng.choice(_SHOWN)
    line = {"title": title, "price": f"{cents / 100:.2f}", "quantity": pieces, "sku": title.upper()}
    order: Json = {"customer": position, "lines": [line], "at": _stamp(at), "currency": currency, "rate": rate}
    order |= {"shipping": "4.90"} if rng.random() < 0.5 else {}
    order |= {"test": True} if rng.random() < 0.004 else {}
    if rng.random() < 0.04:
        order["refund"] = {"amount": f"{cents / 200:.2f}", "at": _stamp(at + timedelta(days=3))}
    return order


def total(order: Json) -> int:
    """What an order came to, in cents of the shop's currency."""
    (line,) = order["lines"]
    return _cents(line["price"]) * int(line["quantity"]) + _cents(order.get("shipping", "0"))


def refunded(order: Json) -> int:
    """What of it was given back."""
    return _cents(order["refund"]["amount"]) if "refund" in order else 0


def _cents(text: str) -> int:
    units, _, cents = text.partition(".")
    return int(units) * 100 + int((cents + "00")[:2])


def _stamp(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()


def _epoch(at: datetime) -> int:
    return int(at.timestamp())
