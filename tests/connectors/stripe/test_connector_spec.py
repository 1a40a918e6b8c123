"""What the connector sends to Stripe in syncs both ways, against Stripe's published description.

The description is of an older version than the one that is served, so answers are left to test_simulator_spec; for
requests its parameters bind.
"""

from tests.support.spec_check import load_spec, unaccepted
from tests.support.spec_sync import lines, sync_watched
from vaiven_connectors.stripe import connector
from vaiven_connectors.stripe.simulator import StripeSimulator

ACCEPTED: dict[str, str] = {}
PEOPLE = [{"email": f"p{number}@shop.example.com", "name": f"Ada {number}", "card": "visa"} for number in range(4)]


def test_requests_of_syncs_both_ways_fit_the_description(tmp_path):
    vendors = [StripeSimulator(seed=seed, quirks={"rate_limit": 0}) for seed in (1, 2)]
    vendors[1].seed(customers=PEOPLE)

    def begin(account):
        account.seed(
            customers=PEOPLE,
            products=[{"name": "Book"}],
            prices=[{"product": 0, "unit_amount": 900, "currency": "eur", "recurring": {"interval": "month"}}],
            orders=[
                {"customer": 0, "amount": 500, "currency": "eur", "kind": "charge", "refunded": 100},
                {"customer": 1, "amount": 700, "currency": "eur", "kind": "payment_intent"},
                {"customer": 2, "amount": 700, "currency": "eur", "kind": "invoice", "lines": [{"amount": 700}]},
            ],
            subscriptions=[{"customer": 3, "price": 0, "quantity": 1}],
        )

    def edit(account):
        first = next(iter(account.tables["customers"].rows))
        account.edit_customer(first, name="Bea", phone="+34600000000", metadata={"vaiven_lifecycle": "customer"})

    def remove(account):
        account.delete_customer([*account.tables["customers"].rows][-1])

    spec = load_spec("stripe", null_unsaid=True)
    checks = sync_watched(tmp_path / "hub.db", connector, vendors, [spec], begin, edit, remove, answers=False)
    assert unaccepted(lines(checks), ACCEPTED) == []
    assert checks[0].requests["GET"] > 10
    assert checks[1].requests["POST"]
