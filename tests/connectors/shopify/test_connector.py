"""What the connector asks Shopify for, and what it makes of the answers; every document fits the published schema."""

import json
from pathlib import Path

import pytest

from tests.connectors.shopify.stub import CONFIG, Shop
from vaiven_connectors.shopify import connector
from vaiven_connectors.shopify._customers import HUB_ID, SCORE, Customer
from vaiven_connectors.shopify._graphql import MOST, estimate, spent
from vaiven_connectors.shopify.connector import Settings, prepare
from vaiven_sdk import AnswerMalformed, Fetched, PermissionMissing, ReportFailed, VendorBusy, Window, Write
from vaiven_sdk.limits import Ask

CUSTOMERS = connector.streams["customers"]
PAYLOADS = Path(__file__).parent / "payloads"
ID = "gid://shopify/Customer/1018520244"
SINCE = "2026-11-25T10:00:00.123456Z"


def payload(name):
    return json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))


async def read(shop, stream, kind="full", **window):
    """The rows that a declared read gives."""
    declared = getattr(connector.streams[stream], kind)
    pages = shop.hub.walk(declared, Window(CONFIG, since=SINCE if kind == "changes" else None, **window))
    return [json.loads(bytes(item)) async for page in pages for item in page.items]


def page(root, *nodes, after=None):
    return {root: {"nodes": list(nodes), "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}}


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    async def nothing(_):
        return None

    monkeypatch.setattr("asyncio.sleep", nothing)


# ------------------------------------------------------------------------------------------------- settings and shop
@pytest.mark.parametrize("given", ["acme-books", "acme-books.myshopify.com", " Acme-Books "])
def test_a_shop_is_a_name(given):
    assert Settings(shop=given).shop == "acme-books"


@pytest.mark.parametrize(
    "given", ["", "-a", "a.b", "evil.example.com/", "https://a.myshopify.com", "a/b", "a@b", "a:1"]
)
def test_a_shop_is_no_address(given):
    with pytest.raises(ValueError, match="shop"):
        Settings(shop=given)


async def test_the_shop_is_named():
    shop = Shop({"shop": {"name": "Acme Books", "myshopifyDomain": "acme-books.myshopify.com"}})
    found = await connector.hooks["account"](shop.hub)
    assert (found.id, found.name, shop.faults) == ("acme-books.myshopify.com", "Acme Books", [])


async def test_our_metafields_are_defined_once():
    made = {"metafieldDefinitionCreate": {"createdDefinition": {"id": "gid://1"}, "userErrors": []}}
    taken = {"code": "TAKEN", "field": ["definition", "key"], "message": "Key is in use"}
    there = {"metafieldDefinitionCreate": {"createdDefinition": None, "userErrors": [taken]}}
    shop = Shop(made, there, there)
    await prepare(shop.hub)
    kinds = {b["variables"]["definition"]["key"]: b["variables"]["definition"]["type"] for b in shop.bodies}
    assert kinds == {"id": "id", "lead_score": "number_decimal", "lifecycle": "single_line_text_field"}
    assert shop.faults == []


# ------------------------------------------------------------------------------------------------- everything
def started(number=1):
    return {
        "bulkOperationRunQuery": {"bulkOperation": {"id": f"gid://shopify/BulkOperation/{number}"}, "userErrors": []}
    }


def polled(status, url=None, error=None):
    found = {"id": "gid://shopify/BulkOperation/1", "status": status, "errorCode": error, "url": url}
    return {"bulkOperation": found}


RESULT = "https://storage.googleapis.com/shopify/bulk-1.jsonl"


def file_of(*rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


async def test_everything_comes_in_a_file():
    shop = Shop(started(), polled("RUNNING"), polled("COMPLETED", RESULT), file_of(payload("customer")))
    assert await read(shop, "customers") == [payload("customer")]
    assert shop.asked[-1][:2] == ("GET", RESULT)
    assert shop.asked[-1][3]["presigned"] is True
    assert shop.faults == []


async def test_an_empty_shop_has_no_file():
    assert await read(Shop(started(), polled("COMPLETED")), "orders") == []


async def test_lines_stand_beside_their_orders():
    rows = [{"id": "gid://shopify/Order/450789469"}, payload("line")]
    shop = Shop(started(), polled("COMPLETED", RESULT), file_of(*rows))
    assert await read(shop, "order_lines") == [payload("line")]
    assert shop.faults == []


async def test_refunds_stand_within_their_orders():
    shop = Shop(started(), polled("COMPLETED", RESULT), file_of(payload("refunds"), {"id": "2", "refunds": []}))
    (refund,) = await read(shop, "refunds")
    assert (refund["__order"], refund["__customer"]) == ("gid://shopify/Order/450789469", ID)
    assert shop.faults == []
    with pytest.raises(AnswerMalformed):
        await read(Shop(started(), polled("COMPLETED", RESULT), file_of({"id": "2"})), "refunds")


@pytest.mark.parametrize("stream", ["products", "variants"])
async def test_the_catalogue(stream):
    row = payload(stream[:-1])
    shop = Shop(started(), polled("COMPLETED", RESULT), file_of(row))
    assert await read(shop, stream) == [row]
    assert shop.faults == []


async def test_five_operations_are_enough():
    told = {"code": "LIMIT_REACHED", "field": None, "message": "Too many."}
    with pytest.raises(VendorBusy, match="bulk operations"):
        await read(Shop({"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": [told]}}), "orders")


async def test_an_operation_that_fails():
    with pytest.raises(ReportFailed):
        await read(Shop(started(), polled("FAILED", error="INTERNAL_SERVER_ERROR")), "orders")
    with pytest.raises(PermissionMissing):
        await read(Shop(started(), polled("FAILED", error="ACCESS_DENIED")), "orders")


# ------------------------------------------------------------------------------------------------- changes
async def test_changes_come_page_by_page_oldest_first():
    one = payload("customer")
    two = {**one, "id": "gid://shopify/Customer/2", "updatedAt": "2026-11-21T00:00:00Z"}
    shop = Shop(page("customers", one, after="c1"), page("customers", two))
    assert [row["id"] for row in await read(shop, "customers", "changes")] == [one["id"], two["id"]]
    first, second = (body["variables"] for body in shop.bodies)
    assert first["filter"] == "updated_at:>='2026-11-25T10:00:00Z'"
    assert (second["after"], first.get("after")) == ("c1", None)
    assert shop.faults == []


@pytest.mark.parametrize("stream", ["customers", "orders", "refunds", "products"])
async def test_no_page_may_cost_more_than_a_query_may(stream):
    shop = Shop(page("orders" if stream == "refunds" else stream))
    await read(shop, stream, "changes")
    (body,) = shop.bodies
    assert 10 <= body["variables"]["first"] <= 250
    assert estimate(Ask("POST", "/graphql.json", body)) <= MOST
    assert shop.faults == []


@pytest.mark.parametrize(
    ("stream", "root", "one", "inner", "child"),
    [
        ("order_lines", "orders", "order", "lineItems", "line"),
        ("variants", "products", "product", "variants", "variant"),
    ],
)
async def test_what_hangs_on_a_parent_is_read_with_it(stream, root, one, inner, child):
    row = {name: value for name, value in payload(child).items() if name != "__parentId"}
    parents = [{"id": f"gid://p/{n}", "updatedAt": "2026-11-25T10:00:01Z"} for n in (1, 2, 3)]
    shop = Shop(
        page(root, *parents),
        {one: page(inner, row, after="c")},
        {one: page(inner, row)},
        {one: None},
        {one: page(inner)},
    )
    found = await read(shop, stream, "changes")
    assert [row["__parentId"] for row in found] == ["gid://p/1", "gid://p/1"]
    assert [body["variables"].get("id") for body in shop.bodies] == [None, *[f"gid://p/{n}" for n in (1, 1, 2, 3)]]
    assert shop.faults == []


async def test_what_was_withheld_does_not_pass_for_cleared():
    who = dict.fromkeys(("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber", "defaultAddress"))
    blank = [{**payload("customer"), **who, "id": f"gid://shopify/Customer/{n}"} for n in range(3)]
    with pytest.raises(PermissionMissing, match="withholds"):
        await read(Shop(page("customers", *blank)), "customers", "changes")
    found = await read(Shop(page("customers", blank[0], payload("customer"))), "customers", "changes")
    assert [row["id"] for row in found] == [ID]


async def test_fields_of_the_owner_are_asked_for():
    shop = Shop(page("customers"))
    await read(shop, "customers", "changes", fields=("m_custom_2eshoe_5fsize.value",))
    assert (
        'm_custom_2eshoe_5fsize: metafield(namespace: "custom", key: "shoe_size") { value }' in shop.bodies[0]["query"]
    )


async def test_definitions_become_fields():
    def definition(key, kind, namespace="custom", choices=None):
        validations = [{"name": "choices", "value": json.dumps(choices)}] if choices else []
        return {
            "namespace": namespace,
            "key": key,
            "name": key.title(),
            "type": {"name": kind},
            "validations": validations,
        }

    shop = Shop(
        page(
            "metafieldDefinitions",
            definition("size", "number_integer"),
            definition("taste", "single_line_text_field", choices=["sweet", "sour"]),
            definition("born", "date"),
            definition("seen", "date_time"),
            definition("loyal", "boolean"),
            definition("shape", "dimension"),
            definition("id", "id", namespace="vaiven"),
        )
    )
    found = await CUSTOMERS.customizer(shop.hub)
    assert {one.key: (str(one.type), tuple(one.options)) for one in found} == {
        "custom.size": ("number", ()),
        "custom.taste": ("choice", ("sweet", "sour")),
        "custom.born": ("date", ()),
        "custom.seen": ("instant", ()),
        "custom.loyal": ("boolean", ()),
    }
    record = Customer.extended(found, "shopify").model_validate(
        {**payload("customer"), "m_custom_2esize": {"value": "41"}, "m_custom_2eloyal": {"value": "true"}}
    )
    assert record.unified()["custom.shopify.custom.size"] == "41"
    assert record.unified()["custom.shopify.custom.loyal"] is True
    changed, names = record.with_unified({"custom.shopify.custom.size": "42"}, {"custom.shopify.custom.size"})
    assert changed.to_wire(names) == {"m_custom_2esize": {"value": "42"}}
    assert shop.faults == []


# ------------------------------------------------------------------------------------------------- limits
def test_a_query_costs_what_it_may_give():
    query = "query page($first: Int!) { customers(first: $first) { nodes { id a { b } } pageInfo { hasNextPage } } }"
    assert estimate(Ask("POST", "/graphql.json", {"query": query, "variables": {"first": 100}})) == 202
    assert estimate(Ask("GET", "/x")) == 0
    two = "mutation save { a { userErrors { message } } b { userErrors { message } } }"
    assert estimate(Ask("POST", "/graphql.json", {"query": two, "variables": {}})) == 20


def test_an_answer_says_what_it_has_cost():
    class Answered:
        def __init__(self, cost):
            self.cost = cost

        def json(self):
            return {"extensions": {"cost": {"actualQueryCost": self.cost}}}

    assert (spent(Answered(12)), spent(Answered(None))) == (12, None)
    assert Fetched([], None, {}).state is None


# ------------------------------------------------------------------------------------------------- writing
NO_ERRORS = {"userErrors": []}


def update(**values):
    before = Customer.model_validate(payload("customer"))
    record, changed = before.with_unified({**before.unified(), **values}, set(values))
    return Write("update", "hub-1", record, ID, frozenset(changed), before=before)


def create(**values):
    record, changed = Customer.blank(values)
    return Write("create", "hub-2", record, None, frozenset(changed))


async def write(shop, op, *writes):
    return list(await CUSTOMERS.writers[op].function(shop.hub, writes))


async def test_a_customer_is_made_in_one_mutation_with_the_hubs_id():
    shop = Shop({"saved": {"customer": payload("customer"), **NO_ERRORS}})
    values = {"email": "a@x.example", "given_name": "Ana", "tags": ["b", "a"], "email_consent": "granted"}
    more = {"lead_score": "7.5", "phone": "+34600123456", "sms_consent": "denied", "locale": "es"}
    (outcome,) = await write(shop, "create", create(**values, **more))
    assert (outcome.status, outcome.id, outcome.stored["id"]) == ("created", ID, ID)
    given = shop.bodies[0]["variables"]["input"]
    metafields = {one["key"]: (one["type"], one["value"]) for one in given.pop("metafields")}
    assert metafields == {"id": ("id", "hub-2"), "lead_score": ("number_decimal", "7.5")}
    assert given == {
        "email": "a@x.example",
        "firstName": "Ana",
        "locale": "es",
        "phone": "+34600123456",
        "tags": ["b", "a"],
        "emailMarketingConsent": {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"},
        "smsMarketingConsent": {"marketingState": "UNSUBSCRIBED"},
    }
    assert shop.asked[0][3]["safe"] is False
    assert shop.faults == []


async def test_nothing_of_consent_is_made_up():
    shop = Shop({"saved": {"customer": payload("customer"), **NO_ERRORS}})
    await write(shop, "create", create(email="a@x.example", email_consent="pending", sms_consent="granted"))
    assert not {name for name in shop.bodies[0]["variables"]["input"] if "Consent" in name}


async def test_an_update_changes_just_what_changed_each_by_its_own_mutation():
    stored = {"customer": payload("customer"), **NO_ERRORS}
    node = {"node": payload("customer"), **NO_ERRORS}
    gone = {"deletedMetafields": [{"key": "lifecycle"}], **NO_ERRORS}
    shop = Shop({"saved": stored, "emptied": gone, "tagsAdd": node, "tagsRemove": node, "email": stored, "sms": stored})
    (outcome,) = await write(
        shop,
        "update",
        update(
            given_name=None,
            lead_score="90",
            lifecycle=None,
            tags=["vip", "new"],
            email_consent="denied",
            sms_consent="granted",
        ),
    )
    assert (outcome.status, outcome.stored) == ("updated", payload("customer"))
    variables = shop.bodies[0]["variables"]
    score = {"namespace": "vaiven", "key": "lead_score", "type": "number_decimal", "value": "90"}
    assert variables["input"] == {"id": ID, "firstName": "", "metafields": [score]}
    assert variables["emptied"] == [{"ownerId": ID, "namespace": "vaiven", "key": "lifecycle"}]
    assert (variables["tagsAdd"], variables["tagsRemove"]) == (["new"], ["madrid"])
    assert variables["email"] == {"customerId": ID, "emailMarketingConsent": {"marketingState": "UNSUBSCRIBED"}}
    consent = {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"}
    assert variables["sms"] == {"customerId": ID, "smsMarketingConsent": consent}
    assert shop.asked[0][3]["safe"] is True
    assert shop.faults == []


async def test_an_update_that_empties_a_metafield_is_read_back():
    shop = Shop({"emptied": {"deletedMetafields": [{"key": "lead_score"}], **NO_ERRORS}})
    (outcome,) = await write(shop, "update", update(lead_score=None))
    assert (outcome.status, outcome.id, outcome.stored) == ("updated", ID, None)


async def test_an_update_of_nothing_that_shopify_takes_sends_nothing():
    shop = Shop()
    (outcome,) = await write(shop, "update", update(email_consent="unknown"))
    assert (outcome.status, shop.asked) == ("updated", [])
    assert (await write(shop, "update", update(locale=None)))[0].status == "updated"


async def test_each_refusal_is_its_own_records():
    taken = {"field": ["input", "email"], "message": "Email has already been taken"}
    fine = {"saved": {"customer": payload("customer"), **NO_ERRORS}}
    shop = Shop({"saved": {"customer": None, "userErrors": [taken]}}, fine)
    bad, good = await write(shop, "create", create(email="a@x.example"), create(email="b@x.example"))
    assert (bad.status, bad.code, bad.reason) == ("rejected", "taken", "input.email: Email has already been taken")
    assert good.status == "created"


async def test_an_answer_that_is_refused_as_a_whole_or_says_nothing():
    shop = Shop({"errors": [{"message": "Variable $input is invalid", "extensions": {"code": "INVALID_VARIABLE"}}]})
    (outcome,) = await write(shop, "create", create(email="a@x.example"))
    assert (outcome.status, outcome.code) == ("rejected", "invalid_query")
    (outcome,) = await write(Shop({"saved": {"customer": None, **NO_ERRORS}}), "create", create(email="a@x.example"))
    assert (outcome.status, outcome.code) == ("rejected", "no_customer")


async def test_records_are_found_by_id_by_the_hubs_id_and_by_address():
    mine = {**payload("customer"), HUB_ID: {"value": "hub-2"}, SCORE: None}
    shop = Shop({"nodes": [payload("customer"), None], "own0": mine, "mail0": None})
    found = await CUSTOMERS.finder.function(shop.hub, [update(note="x"), create(email="a@x.example")])
    assert [one["id"] for one in found] == [ID]
    variables = shop.bodies[0]["variables"]
    assert variables["ids"] == [ID]
    assert variables["own0"] == {"customId": {"namespace": "vaiven", "key": "id", "value": "hub-2"}}
    assert variables["mail0"] == {"emailAddress": "a@x.example"}
    assert shop.faults == []
    assert await CUSTOMERS.finder.function(shop.hub, []) == []


def removal():
    return Write("delete", "hub-1", Customer.model_validate(payload("customer")), ID)


async def test_whoever_has_ordered_stays():
    told = {"field": ["id"], "message": "Customer can't be deleted because they have orders"}
    shop = Shop(
        {"customerDelete": {"deletedCustomerId": ID, **NO_ERRORS}},
        {"customerDelete": {"deletedCustomerId": None, "userErrors": [told]}},
        {
            "customerDelete": {
                "deletedCustomerId": None,
                "userErrors": [{"field": ["id"], "message": "Customer can't be found"}],
            }
        },
    )
    outcomes = await write(shop, "delete", removal(), removal(), removal())
    assert [one.status for one in outcomes] == ["deleted", "rejected", "deleted"]
    assert shop.faults == []


async def test_who_asks_is_forgotten():
    shop = Shop(
        {"customer": None},
        {"customer": {"id": ID, "canDelete": True}},
        {"customerDelete": {"deletedCustomerId": ID, **NO_ERRORS}},
        {"customer": {"id": ID, "canDelete": False}},
        {"customerRequestDataErasure": {"customerId": ID, **NO_ERRORS}},
        {"customer": {"id": ID, "canDelete": False}},
        {
            "customerRequestDataErasure": {
                "customerId": None,
                "userErrors": [{"code": None, "field": [], "message": "No."}],
            }
        },
    )
    outcomes = await CUSTOMERS.eraser.function(shop.hub, [removal() for _ in range(4)])
    assert [one.status for one in outcomes] == ["deleted", "deleted", "deleted", "rejected"]
    assert shop.faults == []
