"""singer-sdk's own suite passes for our connectors, test by test and as one call."""

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tests.singer.conftest import started
from vaiven_registry import Registry
from vaiven_sdk.singer import conformance, tap_class

# The suite warns of fields that no record has: notes to an author, not findings.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records"),
    pytest.mark.filterwarnings("ignore:No records were available to test"),
]


def fill(vendor) -> None:
    simulator = vendor.simulator
    if vendor.slug == "mailchimp":
        simulator.seed([{"email_address": f"ana{n}@example.com", "status": "subscribed"} for n in range(3)])
        simulator.seed_campaigns(
            [{"send_time": "2026-11-01T10:00:00+00:00", "emails_sent": 3, "figures": {"opens": 2}}]
        )
    elif vendor.slug == "stripe":
        customers = [{"email": f"ana{n}@example.com", "card": "visa"} for n in range(3)]
        simulator.seed(
            customers=customers,
            products=[{"name": "Tea"}],
            prices=[{"product": 0, "unit_amount": 900, "currency": "eur", "recurring": {"interval": "month"}}],
            orders=[{"customer": 0, "amount": 900, "currency": "eur", "kind": "charge", "refunded": 100}],
            subscriptions=[{"customer": 0, "price": 0}],
        )
    else:
        for stream in vendor.connector.streams:
            simulator.sample(stream, 3)


# The suite is made at import and its tests run against a config that the fixture completes.
CONFIGS: dict[str, dict] = {slug: {"base_url": None} for slug in ("hubspot", "mailchimp", "stripe")}


def suite(slug: str):
    return get_tap_test_class(
        tap_class(Registry().load(slug)),
        config=CONFIGS[slug],
        validate_config=False,
        suite_config=SuiteConfig(max_records_limit=20),
    )


def served(slug: str):
    vendor = started(slug)
    fill(vendor)
    CONFIGS[slug].update(vendor.config)
    yield
    vendor.server.close()


class TestHubSpotTap(suite("hubspot")):
    """Every test of the suite, for each stream and field."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def vendor(cls):
        yield from served("hubspot")


class TestMailchimpTap(suite("mailchimp")):
    """The same for Mailchimp."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def vendor(cls):
        yield from served("mailchimp")


class TestStripeTap(suite("stripe")):
    """The same for Stripe."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def vendor(cls):
        yield from served("stripe")


def test_the_whole_suite_in_one_call():
    vendor = started("hubspot")
    fill(vendor)
    try:
        found = conformance(vendor.connector, {}, vendor.simulator.credential, vendor.base_url)
    finally:
        vendor.server.close()
    assert len(found) > 80
    assert [one for one in found if not one.passed] == []


def test_what_is_wrong_is_named():
    vendor = started("hubspot")
    try:
        found = conformance(vendor.connector, {}, vendor.simulator.credential, vendor.base_url)
        refused = conformance(vendor.connector, {}, {"token": "wrong-token"}, vendor.base_url)
    finally:
        vendor.server.close()
    assert "contacts.returns_record" in {one.test for one in found if not one.passed}
    assert [(one.test, one.passed) for one in refused] == [("sync", False)]
    assert "wrong-token" not in refused[0].reason
