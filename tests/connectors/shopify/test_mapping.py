"""Every mapped field: its value, unit, zone and enum, and what null, erased and unknown ones become."""

import copy
import json
from pathlib import Path

import pytest

from vaiven_connectors.shopify._catalogue import Product, Variant
from vaiven_connectors.shopify._customers import Customer, is_blank
from vaiven_connectors.shopify._graphql import meta, selection, unmeta
from vaiven_connectors.shopify._money import minor
from vaiven_connectors.shopify._orders import Line, Order, Refund
from vaiven_connectors.shopify._reads import refunds_of
from vaiven_sdk import Fetched

PAYLOADS = Path(__file__).parent / "payloads"
BUYER = "gid://shopify/Customer/1018520244"
ORDER = "gid://shopify/Order/450789469"


def payload(name):
    return json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))


def of(record, name, **changes):
    """A record of the payload with other values at dotted paths."""
    given = copy.deepcopy(payload(name))
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = given
        for parent in parents:
            node = node[parent]
        node[last] = value
    return record.model_validate(given)


# ------------------------------------------------------------------------------------------------- customers
def test_a_customer_becomes_a_person():
    customer = of(Customer, "customer")
    assert customer.unified() == {
        "given_name": "Ana",
        "family_name": "García",
        "email": "ana@shop.example.com",
        "email_consent": "granted",
        "email_validity": None,
        "phone": "+34600123456",
        "sms_consent": "denied",
        "street": "Calle Mayor 1\n2º B",
        "city": "Madrid",
        "region": "M",
        "postal_code": "28013",
        "country": "ES",
        "company_name": "Libros SL",
        "locale": "es",
        "tags": ["madrid", "vip"],
        "description": "Likes poetry.",
        "currency": "EUR",
        "lead_score": "82.5",
        "lifecycle": "customer",
        "first_seen_at": "2026-01-05T09:00:00.000000Z",
    }
    assert customer.remote_id == BUYER
    assert customer.record_version == "2026-11-20T11:12:13.000000Z"
    assert customer.record_hub_id == "01JD0000000000000000000000"
    assert (customer.number_of_orders, str(customer.spent)) == (3, "120.50")
    assert customer.email_decided_at.isoformat() == "2026-05-02T08:30:00+00:00"
    assert customer.sms_decided_at.isoformat() == "2026-06-01T10:00:00+00:00"


@pytest.mark.parametrize(
    ("state", "consent"),
    [
        ("SUBSCRIBED", "granted"),
        ("UNSUBSCRIBED", "denied"),
        ("PENDING", "pending"),
        ("NOT_SUBSCRIBED", "unknown"),
        ("INVALID", "unknown"),
        ("WHATEVER_COMES", None),
        (None, None),
    ],
)
def test_the_state_of_an_address(state, consent):
    assert of(Customer, "customer", defaultEmailAddress__marketingState=state).unified()["email_consent"] == consent


@pytest.mark.parametrize(
    ("state", "consent"),
    [
        ("SUBSCRIBED", "granted"),
        ("UNSUBSCRIBED", "denied"),
        ("PENDING", "pending"),
        ("NEVER_SUBSCRIBED", "unknown"),
        ("REDACTED", "denied"),
        ("WHATEVER_COMES", None),
    ],
)
def test_the_state_of_a_number(state, consent):
    customer = of(Customer, "customer", defaultPhoneNumber__smsMarketingConsent__state=state)
    assert customer.unified()["sms_consent"] == consent


def test_no_state_but_these_two_is_ever_written():
    for wanted, told in {"granted": "SUBSCRIBED", "denied": "UNSUBSCRIBED", "pending": None, "unknown": None}.items():
        record, changed = of(Customer, "customer").with_unified({"email_consent": wanted}, {"email_consent"})
        assert (record.to_wire(changed) or {}).get("defaultEmailAddress", {}).get("marketingState") == told


def test_nothing_is_known_of_whom_shopify_keeps_from_us():
    fields = ("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber", "defaultAddress")
    customer = of(Customer, "customer", **dict.fromkeys(fields))
    found = customer.unified()
    assert {found[name] for name in ("email", "phone", "given_name", "email_consent", "sms_consent", "street")} == {
        None
    }
    assert is_blank({**payload("customer"), **dict.fromkeys(fields)})
    assert not is_blank(payload("customer"))


def test_a_region_without_a_code_has_its_name_and_a_malformed_address_says_so():
    assert of(Customer, "customer", defaultAddress__provinceCode=None).unified()["region"] == "Madrid"
    customer = of(Customer, "customer", defaultEmailAddress__validFormat=False)
    assert customer.unified()["email_validity"] == "invalid"


# ------------------------------------------------------------------------------------------------- orders
def test_an_order_has_the_shops_money_and_the_buyers_beside_it():
    order = of(Order, "order")
    assert order.unified() == {
        "number": "#1001",
        "person_id": BUYER,
        "email": "ana@shop.example.com",
        "phone": "+34600123456",
        "placed_at": "2026-11-01T22:30:00.000000Z",
        "processed_at": "2026-11-02T00:10:00.000000Z",
        "cancelled_at": "2026-11-03T10:00:00.000000Z",
        "cancel_reason": "customer",
        "financial_status": "partially_refunded",
        "fulfillment_status": "partial",
        "currency": "EUR",
        "subtotal_minor": 3000,
        "discount_minor": 350,
        "tax_minor": 521,
        "shipping_minor": 495,
        "tip_minor": 0,
        "total_minor": 3495,
        "refunded_minor": 1000,
        "presentment_currency": "JPY",
        "presentment_total_minor": 5661,
        "is_tax_included": True,
        "discount_codes": ["AUTUMN"],
        "source_channel": "web",
        "landing_url": "https://shop.example.com/autumn",
        "referrer_url": "https://www.example.org",
        "utm_source": "newsletter",
        "utm_medium": "email",
        "utm_campaign": "autumn-26",
        "shipping_country": "JP",
        "tags": ["gift"],
        "is_test": False,
    }
    assert order.remote_id == ORDER


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("PENDING", "pending"),
        ("AUTHORIZED", "authorized"),
        ("PARTIALLY_PAID", "partially_paid"),
        ("PAID", "paid"),
        ("REFUNDED", "refunded"),
        ("VOIDED", "voided"),
        ("EXPIRED", "other"),
    ],
)
def test_whether_it_is_paid(theirs, ours):
    assert of(Order, "order", displayFinancialStatus=theirs).unified()["financial_status"] == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("UNFULFILLED", "unfulfilled"),
        ("OPEN", "unfulfilled"),
        ("IN_PROGRESS", "unfulfilled"),
        ("ON_HOLD", "unfulfilled"),
        ("SCHEDULED", "unfulfilled"),
        ("PENDING_FULFILLMENT", "unfulfilled"),
        ("REQUEST_DECLINED", "unfulfilled"),
        ("FULFILLED", "fulfilled"),
        ("RESTOCKED", "returned"),
        ("FULFILLMENT_NOT_REQUIRED", "other"),
    ],
)
def test_whether_it_is_delivered(theirs, ours):
    assert of(Order, "order", displayFulfillmentStatus=theirs).unified()["fulfillment_status"] == ours


def test_an_order_without_visit_buyer_or_address():
    order = of(Order, "order", customer=None, customerJourneySummary=None, shippingAddress=None, cancelReason=None)
    found = order.unified()
    assert {
        found[name] for name in ("person_id", "utm_source", "landing_url", "shipping_country", "cancel_reason")
    } == {None}


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1000.0", "JPY", 1000),
        ("1.234", "KWD", 1234),
        ("0.1", "EUR", 10),
        ("10.005", "EUR", 1000),
        ("5", "XYZ", None),
        ("5", None, None),
        (None, "EUR", None),
    ],
)
def test_minor_units_are_the_currencys_own(amount, currency, expected):
    from decimal import Decimal

    assert minor(Decimal(amount) if amount else None, currency) == expected


def test_a_line_bears_its_part_of_every_discount_and_tax():
    assert of(Line, "line").unified() == {
        "order_id": ORDER,
        "product_id": "gid://shopify/ProductVariant/808950810",
        "name": "Notebook - A5",
        "sku": "NB-A5",
        "quantity": "3",
        "unit_price_minor": 1100,
        "discount_minor": 350,
        "tax_minor": 521,
        "total_minor": 2950,
        "currency": "EUR",
        "is_gift_card": False,
    }
    bare = of(Line, "line", variant=None, discountAllocations=[], taxLines=[], originalTotalSet=None).unified()
    assert (bare["product_id"], bare["discount_minor"], bare["total_minor"]) == (None, 0, None)


def test_a_refund_has_its_own_day():
    page = refunds_of(Fetched([json.dumps(payload("refunds")).encode()], None, {}))
    (refund,) = [Refund.model_validate_json(bytes(item)) for item in page.items]
    assert refund.unified() == {
        "order_id": ORDER,
        "person_id": BUYER,
        "is_test": False,
        "amount_minor": 1000,
        "currency": "EUR",
        "reason": "Too small",
        "refunded_at": "2026-11-19T23:30:00.000000Z",
    }
    assert refund.record_version == "2026-11-20T11:12:13.000000Z"


# ------------------------------------------------------------------------------------------------- catalogue
def test_a_product_and_its_variant():
    assert of(Product, "product").unified() == {
        "name": "Notebook",
        "description": "Dotted paper.",
        "status": "active",
        "vendor": "Papelera",
        "category": "Stationery",
        "url": "https://shop.example.com/products/notebook",
        "image_url": "https://cdn.example.com/notebook.jpg",
        "inventory": 40,
        "tags": ["desk", "paper"],
        "is_recurring": False,
    }
    assert of(Variant, "variant").unified() == {
        "parent_id": "gid://shopify/Product/632910392",
        "name": "Notebook - A5",
        "status": "active",
        "vendor": "Papelera",
        "sku": "NB-A5",
        "gtin": "4006381333931",
        "price_minor": 1100,
        "cost_minor": 425,
        "currency": "EUR",
        "inventory": 12,
        "options": {"Size": "A5"},
    }


@pytest.mark.parametrize(
    ("theirs", "ours"), [("DRAFT", "draft"), ("ARCHIVED", "archived"), ("UNLISTED", "other"), ("ACTIVE", "active")]
)
def test_whether_it_is_on_sale(theirs, ours):
    assert of(Product, "product", status=theirs).unified()["status"] == ours


@pytest.mark.parametrize(
    ("barcode", "gtin"), [("ABC-1", None), ("1234567", None), ("12345670", "12345670"), (None, None)]
)
def test_a_barcode_is_a_trade_number_or_nothing(barcode, gtin):
    assert of(Variant, "variant", barcode=barcode).unified()["gtin"] == gtin


def test_the_only_variant_of_a_product_is_set_apart_by_nothing():
    only = [{"name": "Title", "value": "Default Title"}]
    found = of(Variant, "variant", selectedOptions=only, inventoryItem={"unitCost": None}).unified()
    assert (found["options"], found["cost_minor"]) == (None, None)


# ------------------------------------------------------------------------------------------------- documents
@pytest.mark.parametrize(("namespace", "key"), [("vaiven", "id"), ("custom", "shoe_size"), ("app--7--x", "a-b")])
def test_the_alias_of_a_metafield_leads_back(namespace, key):
    alias = meta(namespace, key)
    assert alias.isidentifier()
    assert unmeta(alias) == (namespace, key)


def test_a_selection_is_made_of_paths():
    found = selection(["id", "a.b", "a.c", "lines", "__parent", f"{meta('vaiven', 'id')}.value"], {"lines": "x"})
    assert found == 'a { b c } id lines { x } m_vaiven_2eid: metafield(namespace: "vaiven", key: "id") { value }'
