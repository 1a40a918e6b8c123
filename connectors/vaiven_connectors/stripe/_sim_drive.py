"""What the certification kit has the account's users do: make, change and remove records of each stream."""

from __future__ import annotations

from vaiven_connectors.stripe._sim_history import History
from vaiven_connectors.stripe._sim_wire import Json
from vaiven_sdk import Delivery

_LIFECYCLES = ("lead", "opportunity", "customer", "evangelist")
_TOUCHED = {
    "products": ("description", "product.updated"),
    "prices": ("nickname", "price.updated"),
    "subscriptions": ("description", "customer.subscription.updated"),
    "invoices": ("description", "invoice.updated"),
    "charges": ("description", "charge.updated"),
    "refunds": ("description", "refund.updated"),
}


class Driven(History):
    """The part of the simulator that follows the kit; samples are the same people in every account."""

    _made = 0

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records as somebody in the Dashboard would."""
        if stream in {*_TOUCHED, "customers"}:
            return [self._one(stream) for _ in range(n)]
        return super().sample(stream, n)

    def touch(self, stream: str, record_id: str) -> None:
        """Change a value that is mapped: of a customer the one that is ours to write."""
        row = self.tables[stream].rows[record_id] if stream in self.tables else {}
        self._made += 1
        if stream == "customers":
            now = row["metadata"].get("vaiven_lifecycle", _LIFECYCLES[-1])
            after = _LIFECYCLES[(_LIFECYCLES.index(now) + 1) % len(_LIFECYCLES)]
            self.act("edit_customer", {"customer": record_id, "metadata": {"vaiven_lifecycle": after}})
        elif stream in _TOUCHED:
            field, event = _TOUCHED[stream]
            self.change(stream, row, {field: f"Edit {self._made}"}, event)
        else:
            super().touch(stream, record_id)

    def remove(self, stream: str, record_id: str) -> None:
        """Delete it; what Stripe keeps for ever is refused."""
        if stream == "customers":
            self.act("delete_customer", {"customer": record_id})
        elif stream in {"products", "prices", "invoices"}:
            row = self.tables[stream].rows[record_id]
            self.emit(f"{stream.removesuffix('s')}.deleted", stream, row)
            self.tables[stream].remove(record_id)
        else:
            super().remove(stream, record_id)

    def delivery(self, stream: str, secret: str) -> Delivery:
        """A signed event about the newest record."""
        self.act("edit_customer", {"customer": next(iter(self.tables["customers"].rows)), "description": "heard of"})
        if stream not in {*_TOUCHED, "customers"}:
            return super().delivery(stream, secret)
        newest = next(iter(self.tables["events"].newest()))
        endpoint = "we_kit"
        self.secrets[endpoint] = secret
        self.tables["webhook_endpoints"].rows[endpoint] = {"id": endpoint, "url": "https://hub.example/hooks/stripe"}
        letter = self.signed_event(newest["id"], endpoint)
        return Delivery(letter["body"].encode(), letter["headers"], letter["url"])

    def _one(self, stream: str) -> str:
        self._made += 1
        n = self._made
        if stream == "customers":
            known = {"name": f"Ada Byron {n}", "email": f"sample{n}@people.example"}
            return self._seeded("customers", {**known, "metadata": {"vaiven_lifecycle": "lead"}})
        if stream == "products":
            return self._seeded("products", {"name": f"Product {n}"})
        if stream == "prices":
            terms = {"unit_amount": 1000 + n, "recurring": {"interval": "month"}}
            return self._seeded("prices", {"product": self._one("products"), **terms})
        customer = self._one("customers")
        if stream == "subscriptions":
            return self._seeded("subscriptions", {"customer": customer, "price": self._one("prices")})
        order = {"customer": customer, "amount": 2000 + n, "kind": "invoice" if stream == "invoices" else "charge"}
        made = self._seeded("orders", order)
        if stream == "refunds":
            made = str(self.act("refund", {"charge": made})["id"])
        return made

    def _seeded(self, what: str, row: Json) -> str:
        made: dict[str, list[str]] = self.act("seed", {what: [row]})
        return made[what][0]
