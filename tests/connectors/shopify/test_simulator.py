"""The simulated shop: access, cost, lists, customers, consent, merges, money, bulk operations and webhooks."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from vaiven_connectors.shopify._sim_versions import serving
from vaiven_connectors.shopify.simulator import ShopifySimulator
from vaiven_sdk.testing import ManualClock

Ask = Callable[..., dict[str, Any]]
API = "/admin/api/2026-10/graphql.json"
BULK = """mutation($q: String!) {
  bulkOperationRunQuery(query: $q) { bulkOperation { id status } userErrors { code message } }
}"""
CURRENT = "{ currentBulkOperation { status url partialDataUrl errorCode objectCount rootObjectCount } }"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 25, 10, tzinfo=UTC))


@pytest.fixture
def sim(clock: ManualClock) -> ShopifySimulator:
    return ShopifySimulator(clock=clock)


@pytest.fixture
def http(sim: ShopifySimulator) -> Iterator[TestClient]:
    with TestClient(sim.app, headers={"X-Shopify-Access-Token": sim.credential["access_token"]}) as client:
        yield client


@pytest.fixture
def ask(http: TestClient) -> Ask:
    def post(query: str, token: str = "", path: str = API, **variables: Any) -> dict[str, Any]:
        headers = {"X-Shopify-Access-Token": token} if token else {}
        answer = http.post(path, json={"query": query, "variables": variables}, headers=headers)
        assert answer.status_code == 200
        return answer.json()

    return post


def test_a_retired_version_falls_forward(http: TestClient) -> None:
    body = {"query": "{ shop { name } }"}
    for wanted, served in (("2026-07", "2026-07"), ("2024-01", "2026-01"), ("unstable", "unstable")):
        answer = http.post(f"/admin/api/{wanted}/graphql.json", json=body)
        assert answer.headers["x-shopify-api-version"] == served
    assert http.post("/admin/api/graphql.json", json=body).headers["x-shopify-api-version"] == "2026-01"
    assert http.post("/admin/api/2026-11/graphql.json", json=body).status_code == 404
    assert serving("2026-10", datetime(2026, 10, 1, 16, 59, tzinfo=UTC)) == "2026-10"  # a candidate until 17:00
    assert serving("2027-04", datetime(2026, 11, 25, tzinfo=UTC)) is None


def test_no_token_and_a_shop_that_no_app_can_use(sim: ShopifySimulator, http: TestClient) -> None:
    answer = http.post(API, json={"query": "{ shop { name } }"}, headers={"X-Shopify-Access-Token": "no"})
    assert (answer.status_code, answer.json()["errors"][:24]) == (401, "[API] Invalid API key or")
    sim.quirk["broken_status"] = "frozen"
    assert http.post(API, json={"query": "{ shop { name } }"}).status_code == 402
    sim.quirk["broken_status"] = ""
    sim.uninstall()
    assert http.post(API, json={"query": "{ shop { name } }"}).status_code == 401


def test_expiring_tokens_and_client_credentials(sim: ShopifySimulator, http: TestClient, clock: ManualClock) -> None:
    app = {"client_id": "client-1", "client_secret": "secret-1"}
    own = http.post("/admin/oauth/access_token", data={**app, "grant_type": "client_credentials"}).json()
    assert own["expires_in"] == 86_399
    asked = {"client_id": "client-1", "redirect_uri": "https://hub.example/cb", "scope": "read_customers"}
    page = http.get("/admin/oauth/authorize", params=asked, follow_redirects=False)
    code = page.headers["location"].partition("code=")[2].partition("&")[0]
    token = http.post("/admin/oauth/access_token", json={**app, "code": code, "expiring": 1}).json()
    clock.advance(3601)
    late = http.post(API, json={"query": "{ shop { id } }"}, headers={"X-Shopify-Access-Token": token["access_token"]})
    assert late.status_code == 401
    renewal = {**app, "grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    assert http.post("/admin/oauth/access_token", data=renewal).json()["scope"] == "read_customers"
    assert http.post("/admin/oauth/access_token", data=renewal).json()["error"] == "invalid_grant"
    assert http.post("/admin/oauth/access_token", data={**app, "code": code}).status_code == 400
    assert http.post("/admin/oauth/access_token", data={"client_id": "x"}).status_code == 401


def test_a_missing_scope_is_an_error_in_a_good_answer(sim: ShopifySimulator, ask: Ask) -> None:
    token = sim.access.issue(frozenset({"write_customers"}))
    assert "errors" not in ask("{ customers(first: 1) { nodes { id } } }", token=token)
    (error,) = ask("{ orders(first: 1) { nodes { id } } }", token=token)["errors"]
    assert error["path"] == ["orders"]
    assert error["extensions"] == {
        "code": "ACCESS_DENIED",
        "documentation": "https://shopify.dev/api/usage/access-scopes",
        "requiredAccess": "`read_orders` access scope.",
    }


def test_orders_older_than_sixty_days_need_a_scope(sim: ShopifySimulator, ask: Ask) -> None:
    old = sim.place_order(at="2026-08-01T00:00:00+00:00")
    new = sim.place_order()
    token = sim.access.issue(frozenset({"read_orders"}))
    query = "{ orders(first: 9) { nodes { id } } }"
    assert [one["id"] for one in ask(query)["data"]["orders"]["nodes"]] == [old, new]
    assert [one["id"] for one in ask(query, token=token)["data"]["orders"]["nodes"]] == [new]


def test_protected_data_is_null_with_an_error(sim: ShopifySimulator, ask: Ask) -> None:
    person = sim.seed([{"email": "ada@people.example", "firstName": "Ada"}])[0]
    sim.quirk["protected_data"] = "fields"
    answer = ask("query($id: ID!) { customer(id: $id) { id firstName tags } }", id=person)
    assert answer["data"]["customer"] == {"id": person, "firstName": None, "tags": []}
    assert answer["errors"][0]["path"] == ["customer", "firstName"]
    assert answer["errors"][0]["message"].startswith("This app is not approved to access the Customer object.")


def test_cost_is_asked_refunded_and_throttled(sim: ShopifySimulator, ask: Ask, clock: ManualClock) -> None:
    sim.sample("customers", 3)
    query = "{ customers(first: 250) { nodes { id addressesV2(first: 50) { nodes { city } } } } }"
    cost = ask(query)["extensions"]["cost"]
    # 2 + (1 + 2 + 1 * floor(2 ln 50)) * floor(2 ln 250); what came back was three customers without an address.
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (2 + 10 * 11, 2 + 3 * 2)
    assert cost["throttleStatus"] == {"maximumAvailable": 2000.0, "currentlyAvailable": 1992, "restoreRate": 100.0}
    tight = ShopifySimulator(clock=clock, quirks={"bucket": 100.0, "restore_rate": 10.0})
    headers = {"X-Shopify-Access-Token": tight.credential["access_token"]}
    with TestClient(tight.app, headers=headers) as client:
        answer = client.post(API, json={"query": query})
        assert answer.status_code == 200
        assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
        assert answer.json()["extensions"]["cost"]["actualQueryCost"] is None
    sums = ("originalTotalSet", "discountedTotalSet", "originalUnitPriceSet")
    lines = " ".join(f"{name} {{ shopMoney {{ amount }} }}" for name in sums)
    deep = f"{{ orders(first: 250) {{ nodes {{ lineItems(first: 250) {{ nodes {{ {lines} }} }} }} }} }}"
    assert "errors" not in ask(deep)
    (error,) = ask(deep.replace("amount", "amount } presentmentMoney { amount"))["errors"]
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"


def test_mistakes_in_a_query_are_named_as_the_vendor_names_them(ask: Ask) -> None:
    for query, code in (
        ("{ customers(first: 1) { nodes { nope } } }", "undefinedField"),
        ("{ customers(first: 1, where: 2) { nodes { id } } }", "argumentNotAccepted"),
        ("{ customer { id } }", "missingRequiredArguments"),
        ("{ customers { nodes { id } } }", "BAD_REQUEST"),
        ("{ customers(first: 251) { nodes { id } } }", "BAD_REQUEST"),
        ('{ customers(first: 1, after: "x") { nodes { id } } }', "BAD_REQUEST"),
        ("""{ customers(first: 1, query: "updated_at:>='soon'") { nodes { id } } }""", "BAD_REQUEST"),
    ):
        assert ask(query)["errors"][0]["extensions"]["code"] == code
    assert "data" not in ask("{ customers(")
    wrong = "mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } } }"
    assert ask(wrong, input={"name": 1})["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


def test_who_never_spoke_of_messages_is_said_so_in_the_words_of_each_field(sim: ShopifySimulator, ask: Ask) -> None:
    sim.seed([{"firstName": "Ana", "phone": "+34600111222"}])
    data = ask(
        "{ customers(first: 1) { nodes { defaultPhoneNumber { marketingState smsMarketingConsent { state } } } } }"
    )
    (ana,) = data["data"]["customers"]["nodes"]
    said = {"marketingState": "NOT_SUBSCRIBED", "smsMarketingConsent": {"state": "NEVER_SUBSCRIBED"}}
    assert ana["defaultPhoneNumber"] == said


def test_loaded_orders_have_their_refunds(sim: ShopifySimulator) -> None:
    line = {"title": "Lamp", "price": "20.00"}
    back = {"amount": "5.00", "at": "2026-03-04T00:00:00+00:00"}
    placed = {"lines": [line], "at": "2026-03-01T00:00:00+00:00"}
    one, two = sim.seed_orders([placed, {**placed, "refund": back}])
    orders = sim.state()["orders"]
    shown = {i: row["totalRefundedSet"]["shopMoney"]["amount"] for i, row in orders.items()}
    assert shown == {one: "0.0", two: "5.0"}
    assert [orders[i]["updatedAt"] for i in (one, two)] == ["2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z"]


def test_search_and_order(sim: ShopifySimulator, ask: Ask, clock: ManualClock) -> None:
    people = []
    for n in range(4):
        people += sim.seed([{"email": f"p{n}@people.example", "tags": ["vip"] if n % 2 else []}])
        clock.advance(60)
    sim.edit_customer(people[0], {"note": "later"})

    def found(query: str, **more: Any) -> list[int]:
        text = """query($q: String, $r: Boolean) {
          customers(first: 9, query: $q, sortKey: UPDATED_AT, reverse: $r) { nodes { id } } }"""
        return [people.index(one["id"]) for one in ask(text, q=query, **more)["data"]["customers"]["nodes"]]

    assert found("") == [1, 2, 3, 0]
    assert found("", r=True) == [0, 3, 2, 1]
    assert found("updated_at:>='2026-11-25T10:02:00Z'") == [2, 3, 0]
    assert found("updated_at:>'2026-11-25T10:02:00Z' AND updated_at:<'2026-11-25T10:04:00Z'") == [3]
    assert found("updated_at:<='2026-11-25T10:02:00Z'") == [1, 2]
    assert found("tag:vip") == [1, 3]
    assert found("NOT tag:vip") == [2, 0]
    assert found("-tag:vip email:p2*") == [2]
    assert found("(email:p1@people.example OR email:p2@people.example) tag:vip") == [1]
    assert found("p3@people") == [3]
    assert found("colour:red") == [1, 2, 3, 0]
    backwards = ask("{ customers(last: 2) { nodes { id } pageInfo { hasPreviousPage hasNextPage } } }")["data"][
        "customers"
    ]
    assert [people.index(one["id"]) for one in backwards["nodes"]] == [2, 3]
    assert backwards["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": False}


CONSENT = """mutation($input: CustomerEmailMarketingConsentUpdateInput!) {
  customerEmailMarketingConsentUpdate(input: $input) {
    customer { defaultEmailAddress { marketingState marketingOptInLevel marketingUpdatedAt } }
    userErrors { field code } } }"""


def test_consent_has_its_own_mutation(sim: ShopifySimulator, ask: Ask) -> None:
    person = sim.seed([{"email": "ada@people.example"}])[0]

    def say(state: str, **more: str) -> dict[str, Any]:
        consent = {"marketingState": state, **more}
        answer = ask(CONSENT, input={"customerId": person, "emailMarketingConsent": consent})
        return answer["data"]["customerEmailMarketingConsentUpdate"]

    past = "2026-11-20T08:00:00+02:00"
    held = say("SUBSCRIBED", marketingOptInLevel="CONFIRMED_OPT_IN", consentUpdatedAt=past)["customer"]
    assert held["defaultEmailAddress"] == {
        "marketingState": "SUBSCRIBED",
        "marketingOptInLevel": "CONFIRMED_OPT_IN",
        "marketingUpdatedAt": "2026-11-20T06:00:00Z",
    }
    older = say("UNSUBSCRIBED", consentUpdatedAt="2026-11-19T08:00:00Z")["customer"]["defaultEmailAddress"]
    assert older["marketingState"] == "SUBSCRIBED", "the record with the latest date counts"
    for state in ("NOT_SUBSCRIBED", "REDACTED", "INVALID"):
        field = ["input", "emailMarketingConsent", "marketingState"]
        assert say(state)["userErrors"] == [{"field": field, "code": "INVALID"}]
    assert say("SUBSCRIBED", consentUpdatedAt="2027-01-01T00:00:00Z")["userErrors"]
    update = "mutation($input: CustomerInput!) { customerUpdate(input: $input) { userErrors { message } } }"
    given = {"id": person, "emailMarketingConsent": {"marketingState": "UNSUBSCRIBED"}}
    (said,) = ask(update, input=given)["data"]["customerUpdate"]["userErrors"]
    assert "please use the customerEmailMarketingConsentUpdate Mutation" in said["message"]
    sim.unsubscribe(person)
    assert sim.state()["customers"][person]["emailConsent"]["marketingState"] == "UNSUBSCRIBED"


def test_customer_set_makes_or_changes(ask: Ask) -> None:
    text = """mutation($by: CustomerSetIdentifiers, $input: CustomerSetInput!) {
      customerSet(identifier: $by, input: $input) { customer { id firstName } userErrors { code field } } }"""
    given = {"email": "ada@people.example", "firstName": "Ada"}
    one = ask(text, by={"email": "ada@people.example"}, input=given)["data"]["customerSet"]["customer"]
    given["firstName"] = "Augusta"
    two = ask(text, by={"email": "ada@people.example"}, input=given)["data"]["customerSet"]["customer"]
    assert two == {"id": one["id"], "firstName": "Augusta"}
    (wrong,) = ask(text, by={"id": "gid://shopify/Customer/1"}, input=given)["data"]["customerSet"]["userErrors"]
    assert wrong["code"] == "NOT_FOUND"
    (wrong,) = ask(text, input=given)["data"]["customerSet"]["userErrors"]
    assert wrong == {"code": "TAKEN", "field": ["input", "email"]}


def test_merge_keeps_one_and_its_orders(sim: ShopifySimulator, ask: Ask) -> None:
    one, two = sim.seed(
        [{"email": "a@people.example", "tags": ["x"], "emailState": "SUBSCRIBED"}, {"phone": "+34600000001"}]
    )
    order = sim.place_order(two)
    text = """mutation($a: ID!, $b: ID!) { customerMerge(customerOneId: $a, customerTwoId: $b) {
      resultingCustomerId job { id done } userErrors { code } } }"""
    done = ask(text, a=one, b=two)["data"]["customerMerge"]
    assert done["resultingCustomerId"] == one
    assert sim.state()["orders"][order]["customerId"] == one
    assert sim.state()["customers"][one]["phone"] == "+34600000001"
    assert two not in sim.state()["customers"]
    status = ask("query($id: ID!) { customerMergeJobStatus(jobId: $id) { status } }", id=done["job"]["id"])
    assert status["data"]["customerMergeJobStatus"] == {"status": "COMPLETED"}
    (wrong,) = ask(text, a=one, b=two)["data"]["customerMerge"]["userErrors"]
    assert wrong["code"] == "INVALID_CUSTOMER_ID"


def test_whoever_has_ordered_is_erased_in_ten_days(sim: ShopifySimulator, ask: Ask, clock: ManualClock) -> None:
    person = sim.seed([{"email": "ada@people.example", "emailState": "SUBSCRIBED"}])[0]
    sim.place_order(person)
    drop = "mutation($id: ID!) { customerDelete(input: {id: $id}) { deletedCustomerId userErrors { message } } }"
    assert ask(drop, id=person)["data"]["customerDelete"]["deletedCustomerId"] is None
    text = "mutation($id: ID!) { customerRequestDataErasure(customerId: $id) { customerId userErrors { code } } }"
    assert ask(text, id=person)["data"]["customerRequestDataErasure"]["customerId"] == person
    clock.advance(9 * 86_400)
    look = "query($id: ID!) { customer(id: $id) { email defaultEmailAddress { emailAddress } } }"
    assert ask(look, id=person)["data"]["customer"]["email"] == "ada@people.example"
    clock.advance(86_401)
    assert ask(look, id=person)["data"]["customer"] == {"email": None, "defaultEmailAddress": None}
    assert ask(text, id="gid://shopify/Customer/1")["data"]["customerRequestDataErasure"]["userErrors"] == [
        {"code": "DOES_NOT_EXIST"}
    ]


def test_a_refund_has_its_own_date_and_both_currencies(sim: ShopifySimulator, ask: Ask, clock: ManualClock) -> None:
    line = {"title": "Lamp", "price": "20.00", "quantity": 2}
    order = sim.place_order(None, [line], currency="JPY", rate="150", shipping="5", tax="3")
    clock.advance(3 * 86_400)
    sim.refund(order, lines={"0": 1})
    text = """query($id: ID!) { order(id: $id) { createdAt displayFinancialStatus
      totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
      totalRefundedSet { shopMoney { amount } } netPaymentSet { shopMoney { amount } }
      refunds { createdAt refundLineItems(first: 5) { nodes { quantity lineItem { title currentQuantity } } }
        transactions(first: 5) {
          nodes { kind amountSet { presentmentMoney { amount } } parentTransaction { kind } } } } } }"""
    held = ask(text, id=order)["data"]["order"]
    assert held["totalPriceSet"] == {
        "shopMoney": {"amount": "48.0", "currencyCode": "USD"},
        "presentmentMoney": {"amount": "7200.0", "currencyCode": "JPY"},
    }
    assert (held["createdAt"], held["displayFinancialStatus"]) == ("2026-11-25T10:00:00Z", "PARTIALLY_REFUNDED")
    assert held["netPaymentSet"]["shopMoney"]["amount"] == "28.0"
    (refund,) = held["refunds"]
    assert refund["createdAt"] == "2026-11-28T10:00:00Z"
    assert refund["refundLineItems"]["nodes"] == [{"quantity": 1, "lineItem": {"title": "Lamp", "currentQuantity": 1}}]
    (back,) = refund["transactions"]["nodes"]
    assert back == {
        "kind": "REFUND",
        "amountSet": {"presentmentMoney": {"amount": "3000.0"}},
        "parentTransaction": {"kind": "SALE"},
    }


def test_metafields_and_tags(sim: ShopifySimulator, ask: Ask) -> None:
    key, person = sim.customise("customers")
    text = "query($id: ID!, $key: String!) { customer(id: $id) { metafield(key: $key) { value definition { name } } } }"
    held = ask(text, id=person, key=key)["data"]["customer"]["metafield"]
    assert held == {"value": "green", "definition": {"name": "Favourite colour"}}
    put = """mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) { metafields { key jsonValue }
      userErrors { code elementIndex } } }"""
    score = {"ownerId": person, "namespace": "vaiven", "key": "score", "type": "number_integer", "value": "7"}
    assert ask(put, m=[score])["data"]["metafieldsSet"]["metafields"] == [{"key": "score", "jsonValue": 7}]
    bad = ask(put, m=[{**score, "value": "8"}, {**score, "value": "many"}])["data"]["metafieldsSet"]
    assert bad == {"metafields": None, "userErrors": [{"code": "INVALID_VALUE", "elementIndex": 1}]}
    assert sim.state()["metafields"][person]["vaiven.score"]["value"] == "7"
    add = "mutation($id: ID!, $t: [String!]!) { tagsAdd(id: $id, tags: $t) { node { id ... on Customer { tags } } } }"
    assert ask(add, id=person, t=["b", "A", "a"])["data"]["tagsAdd"]["node"]["tags"] == ["A", "b"]


def test_a_bulk_operation_from_start_to_expiry(
    sim: ShopifySimulator, ask: Ask, http: TestClient, clock: ManualClock
) -> None:
    order = sim.place_order(None, [{"title": "Lamp"}, {"title": "Rug"}])
    query = "{ orders { edges { node { id name lineItems { edges { node { id title } } } } } } }"
    started = ask(BULK, q=query)["data"]["bulkOperationRunQuery"]["bulkOperation"]
    assert started["status"] == "CREATED"
    statuses = [ask(CURRENT)["data"]["currentBulkOperation"]["status"] for _ in range(3)]
    assert statuses == ["CREATED", "RUNNING", "COMPLETED"]
    done = ask(CURRENT)["data"]["currentBulkOperation"]
    assert (done["objectCount"], done["rootObjectCount"]) == ("3", "1")
    path = done["url"].partition("/bulk/")[2]
    lines = [json.loads(line) for line in http.get(f"/bulk/{path}").text.splitlines()]
    assert lines[0] == {"id": order, "name": "#1001"}
    assert [(line["title"], line["__parentId"]) for line in lines[1:]] == [("Lamp", order), ("Rug", order)]
    clock.advance(7 * 86_400 + 1)
    assert http.get(f"/bulk/{path}").status_code == 403
    assert ask(CURRENT)["data"]["currentBulkOperation"]["status"] == "EXPIRED"


def test_bulk_operations_are_few_and_can_fail(sim: ShopifySimulator, ask: Ask) -> None:
    sim.sample("customers", 4)
    query = "{ customers { nodes { id } } }"
    old = "/admin/api/2025-10/graphql.json"
    for _ in range(5):
        assert ask(BULK, path=old, q=query)["data"]["bulkOperationRunQuery"]["userErrors"] == []
    (error,) = ask(BULK, q=query)["data"]["bulkOperationRunQuery"]["userErrors"]
    assert error["code"] == "OPERATION_IN_PROGRESS"
    (error,) = ask(BULK, q="{ shop { name } }")["data"]["bulkOperationRunQuery"]["userErrors"]
    assert error["message"] == "Bulk queries must contain at least one connection."
    sim.quirk["bulk_fails"] = 1
    broken = [ask(CURRENT)["data"]["currentBulkOperation"] for _ in range(3)][-1]
    assert (broken["status"], broken["errorCode"], broken["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert broken["partialDataUrl"]


def test_webhooks_are_signed(sim: ShopifySimulator, ask: Ask) -> None:
    text = """mutation($topic: WebhookSubscriptionTopic!, $uri: String!) {
      webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri}) { userErrors { message } } }"""
    for topic in ("CUSTOMERS_UPDATE", "REFUNDS_CREATE", "CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE"):
        assert (
            ask(text, topic=topic, uri="https://hub.example/in")["data"]["webhookSubscriptionCreate"]["userErrors"]
            == []
        )
    assert ask(text, topic="ORDERS_CREATE", uri="ftp://x")["data"]["webhookSubscriptionCreate"]["userErrors"]
    person = sim.seed([{"email": "ada@people.example"}])[0]
    sim.unsubscribe(person)
    sim.refund(sim.place_order(), amount="1")
    topics = [one["topic"] for one in sim.hooks.deliveries]
    assert topics == ["customers/update", "customers_email_marketing_consent/update", "refunds/create"]
    sent = sim.delivery("customers", "s3cret")
    headers = {name.lower(): value for name, value in sent.headers.items()}
    digest = base64.b64encode(hmac.new(b"s3cret", sent.body, hashlib.sha256).digest()).decode()
    assert headers["x-shopify-hmac-sha256"] == digest
    assert headers["x-shopify-shop-domain"] == sim.shop.domain


@pytest.mark.parametrize(
    "stream", ["customers", "orders", "order_lines", "refunds", "products", "variants", "checkouts"]
)
def test_the_kit_can_drive_each_stream(sim: ShopifySimulator, stream: str) -> None:
    one, two = sim.sample(stream, 2)
    before = sim.state()
    sim.touch(stream, one)
    assert sim.state() != before
    sim.remove(stream, two)
    assert sim.delivery(stream, "s").headers["x-shopify-topic"]
    assert two not in json.dumps(sim.state(), default=str) or stream == "customers"


def test_deleted_products_are_events(sim: ShopifySimulator, ask: Ask) -> None:
    gone = sim.sample("products", 1)[0]
    sim.remove("products", gone)
    query = "action:destroy subject_type:PRODUCT"
    text = f'{{ events(first: 5, query: "{query}") {{ nodes {{ ... on BasicEvent {{ subjectId }} }} }} }}'
    assert ask(text)["data"]["events"]["nodes"] == [{"subjectId": gone}]
