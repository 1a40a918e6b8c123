"""The Stripe simulator's own behaviour: what the client cannot show, or hides."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx
import pytest

from vaiven_connectors.stripe._sim_billing_objects import period_end
from vaiven_connectors.stripe._sim_wire import StripeError, check, tree
from vaiven_connectors.stripe.simulator import StripeSimulator
from vaiven_sdk.testing import ManualClock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = 86400


@pytest.fixture
def clock():
    return ManualClock(START)


def open_api(sim: StripeSimulator) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {sim.secret}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(sim.app), base_url="http://stripe", headers=headers)


def make(clock, **quirks) -> StripeSimulator:
    return StripeSimulator(clock=clock, quirks={"rate_limit": 0, **quirks})


async def ok(api, path, **params):
    answer = await api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def error(api, method, path, **data):
    answer = await api.request(method, path, data=data or None)
    return answer.status_code, answer.json()["error"]


def test_form_encoding():
    text = urlencode({"a[b][0][c]": "1", "a[b][1][c]": "2", "expand[]": "x", "metadata[k]": "", "e": ""})
    assert tree(text) == {
        "a": {"b": {"0": {"c": "1"}, "1": {"c": "2"}}},
        "expand": {"0": "x"},
        "metadata": {"k": ""},
        "e": "",
    }
    unnumbered = "items[][price]=p1&items[][quantity]=2&items[][price]=p2&t[]=a&t[]=b"
    assert tree(unnumbered) == {
        "items": {"0": {"price": "p1", "quantity": "2"}, "1": {"price": "p2"}},
        "t": {"0": "a", "1": "b"},
    }


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"x": "1"}, "parameter_unknown", "x"),
        ({"name": "n", "hash": {"y": "1"}}, "parameter_unknown", "hash[y]"),
        ({}, "parameter_missing", "name"),
        ({"name": ""}, "parameter_invalid_empty", "name"),
        ({"name": "n", "n": ""}, "parameter_invalid_empty", "n"),
        ({"name": "n", "n": "1.5"}, "parameter_invalid_integer", "n"),
        ({"name": "n", "b": "yes"}, None, "b"),
        ({"name": "n", "e": "c"}, None, "e"),
        ({"name": "n", "m": {"k" * 41: "v"}}, None, "m"),
        ({"name": "n", "m": {"k": "v" * 501}}, None, "m[k]"),
        ({"name": "n", "l": "1"}, None, "l"),
        ({"name": "n", "cur": "xxx"}, None, "cur"),
    ],
)
def test_parameters_are_validated(given, code, param):
    flat = {"name!": "str", "n": "int", "b": "bool", "e": "a|b", "m": "meta", "cur": "currency"}
    with pytest.raises(StripeError) as refused:
        check(given, {**flat, "l": ["str"], "hash": {"z": "int"}})
    assert (refused.value.status, refused.value.began) == (400, False)
    assert (refused.value.body.get("code"), refused.value.body["param"]) == (code, param)


@pytest.mark.parametrize(
    ("start", "interval", "count", "end"),
    [
        ("2024-01-31", "month", 1, "2024-02-29"),
        ("2026-11-22", "month", 3, "2027-02-22"),
        ("2024-02-29", "year", 1, "2025-02-28"),
        ("2026-11-22", "week", 2, "2026-12-06"),
    ],
)
def test_billing_periods_follow_the_calendar(start, interval, count, end):
    first, last = (int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) for day in (start, end))
    assert period_end(first, {"interval": interval, "interval_count": count}) == last


async def test_keys_and_versions(clock):
    sim = make(clock)
    async with open_api(sim) as api:
        basic = base64.b64encode(f"{sim.secret}:".encode()).decode()
        answer = await api.get("/v1/customers", headers={"Authorization": f"Basic {basic}"})
        assert (answer.status_code, answer.headers["stripe-version"]) == (200, "2026-10-28.endive")
        assert answer.headers["request-id"].startswith("req_")
        nobody = await api.get("/v1/customers", headers={"Authorization": ""})
        assert (nobody.status_code, nobody.json()["error"]["type"]) == (401, "invalid_request_error")
        old = await api.get("/v1/customers", headers={"Stripe-Version": "2020-08-27"})
        assert old.status_code == 400
        other = await api.get("/v1/customers", headers={"Stripe-Account": "acct_other"})
        assert (other.status_code, other.json()["error"]["code"]) == (403, "account_invalid")
        status, told = await error(api, "GET", "/v1/nonsense")
        assert (status, told["message"].split(" Please")[0]) == (
            404,
            "Unrecognized request URL (GET: /v1/nonsense).",
        )
        sim.roll_key()
        assert (await error(api, "GET", "/v1/customers"))[0] == 401


async def test_a_restricted_key_and_an_expired_one(clock):
    sim = make(clock)
    sim.restrict_key(["customers:write"])
    async with open_api(sim) as api:
        assert (await api.post("/v1/customers", data={"name": "Ada"})).status_code == 200
        assert (await api.get("/v1/customers")).status_code == 200
        assert (await error(api, "GET", "/v1/charges"))[0] == 403
    async with open_api(make(clock, expired_key=True)) as api:
        assert (await error(api, "GET", "/v1/charges"))[1]["code"] == "api_key_expired"


@pytest.mark.parametrize(
    ("live", "paths", "allowed", "reason"),
    [
        (False, ("customers", "charges"), 25, "global-rate"),
        (True, ("customers",), 25, "endpoint-rate"),
        (True, ("customers", "charges", "prices", "products", "events"), 100, "global-rate"),
    ],
)
async def test_rate_limits(clock, live, paths, allowed, reason):
    sim = StripeSimulator(clock=clock, quirks={"livemode": live})
    async with open_api(sim) as api:
        answers = [await api.get(f"/v1/{paths[n % len(paths)]}") for n in range(allowed + 1)]
        assert [a.status_code for a in answers] == [200] * allowed + [429]
        assert answers[-1].headers["stripe-rate-limited-reason"] == reason
        assert answers[-1].json()["error"]["code"] == "rate_limit"
        clock.advance(1.1)
        assert (await api.get("/v1/customers")).status_code == 200


async def test_list_bounds_and_cursors(clock):
    sim = make(clock)
    ids = sim.seed(customers=[{"name": str(n)} for n in range(5)])["customers"]
    async with open_api(sim) as api:
        first = await ok(api, "/v1/customers", limit=2)
        assert ([c["id"] for c in first["data"]], first["has_more"]) == ([ids[4], ids[3]], True)
        last = await ok(api, "/v1/customers", limit=2, starting_after=ids[2])
        assert ([c["id"] for c in last["data"]], last["has_more"]) == ([ids[1], ids[0]], False)
        back = await ok(api, "/v1/customers", limit=2, ending_before=ids[1])
        assert ([c["id"] for c in back["data"]], back["has_more"]) == ([ids[3], ids[2]], True)
        for params in ({"limit": 0}, {"limit": 101}, {"starting_after": "cus_none"}):
            assert (await api.get("/v1/customers", params=params)).status_code == 400
        both = {"starting_after": ids[0], "ending_before": ids[1]}
        assert (await api.get("/v1/customers", params=both)).json()["error"]["code"] == "parameters_exclusive"


@pytest.mark.parametrize(("fails", "status"), [(True, 400), (False, 200)])
async def test_a_cursor_that_went_away(clock, fails, status):
    sim = make(clock, dead_cursor_fails=fails)
    ids = sim.seed(customers=[{"name": str(n)} for n in range(3)])["customers"]
    sim.delete_customer(ids[1])
    async with open_api(sim) as api:
        answer = await api.get("/v1/customers", params={"starting_after": ids[1]})
    assert answer.status_code == status
    if fails:
        assert answer.json()["error"]["param"] == "starting_after"
    else:
        assert [c["id"] for c in answer.json()["data"]] == [ids[0]]


async def test_a_subscription_cancelled_while_its_list_is_read(clock):
    sim = make(clock)
    made = sim.seed(
        customers=[{"card": "visa"}],
        products=[{"name": "Tea"}],
        prices=[{"product": 0, "unit_amount": 900, "recurring": {"interval": "month"}}],
        subscriptions=[{"customer": 0, "price": 0}, {"customer": 0, "price": 0}],
    )
    sim.cancel_subscription(made["subscriptions"][1])
    async with open_api(sim) as api:
        cursor = {"starting_after": made["subscriptions"][1]}
        assert (await api.get("/v1/subscriptions", params=cursor)).status_code == 400
        assert (await api.get("/v1/subscriptions", params={**cursor, "status": "all"})).status_code == 200
        assert (await api.delete(f"/v1/subscriptions/{made['subscriptions'][1]}")).status_code == 404


async def test_deleted_customers(clock):
    sim = make(clock)
    made = sim.seed(customers=[{"name": "Ada"}], orders=[{"customer": 0, "amount": 500, "kind": "charge"}])
    ident = made["customers"][0]
    assert sim.delete_customer(ident) == {"id": ident, "object": "customer", "deleted": True}
    async with open_api(sim) as api:
        assert (await ok(api, "/v1/customers"))["data"] == []
        assert (await ok(api, f"/v1/customers/{ident}"))["deleted"]
        status, told = await error(api, "POST", f"/v1/customers/{ident}", name="x")
        assert (status, told["code"]) == (404, "resource_missing")
        charge = (await ok(api, "/v1/charges", **{"customer": ident, "expand[]": "data.customer"}))["data"][0]
        assert charge["customer"] == {"id": ident, "object": "customer", "deleted": True}
        assert (await error(api, "POST", "/v1/charges", amount="500", currency="usd", customer=ident))[0] == 400
    assert sim.state()["customers"][ident]["deleted"]


async def test_expansion_is_refused_where_there_is_nothing_to_expand(clock):
    sim = make(clock)
    sim.seed(customers=[{"name": "Ada"}])
    async with open_api(sim) as api:
        for path in ("data.email", "data.nonsense", "data.a.b.c.d.e"):
            answer = await api.get("/v1/customers", params={"expand[]": path})
            assert answer.status_code == 400, path


async def test_idempotency_keeps_what_began_and_forgets_after_a_day(clock):
    sim = make(clock)
    async with open_api(sim) as api:
        key = {"Idempotency-Key": "k"}
        assert (await api.post("/v1/customers", data={"limit": "1"}, headers=key)).status_code == 400
        first = await api.post("/v1/customers", data={"name": "Ada"}, headers=key)
        again = await api.post("/v1/customers", data={"name": "Ada"}, headers=key)
        assert again.content == first.content
        assert again.headers["original-request"] == first.headers["request-id"]
        declined = {"amount": "500", "currency": "usd", "source": "tok_chargeDeclined"}
        lost = [await api.post("/v1/charges", data=declined, headers={"Idempotency-Key": "c"}) for _ in range(2)]
        assert [a.status_code for a in lost] == [402, 402]
        assert lost[0].content == lost[1].content
        clock.advance(DAY + 1)
        third = await api.post("/v1/customers", data={"name": "Ada"}, headers=key)
        assert third.json()["id"] != first.json()["id"]
    assert len(sim.state()["charges"]) == 1


async def test_metadata_has_at_most_fifty_keys(clock):
    async with open_api(make(clock)) as api:
        full = {f"metadata[k{n}]": "v" for n in range(50)}
        made = (await api.post("/v1/customers", data=full)).json()
        assert (await api.post(f"/v1/customers/{made['id']}", data={"metadata[more]": "v"})).status_code == 400


async def test_events_show_the_object_as_it_was(clock):
    sim = make(clock)
    ident = sim.seed(customers=[{"name": "Ada", "email": "a@b.co", "metadata": {"k": "1"}}])["customers"][0]
    clock.advance(5)
    sim.edit_customer(ident, name="Ada L", metadata={"k": "2"})
    sim.edit_customer(ident, name="Ada L")
    async with open_api(sim) as api:
        found = (await ok(api, "/v1/events"))["data"]
        assert [e["type"] for e in found] == ["customer.updated", "customer.created"]
        assert found[0]["data"]["previous_attributes"] == {"name": "Ada", "metadata": {"k": "1"}}
        assert [e["data"]["object"]["name"] for e in found] == ["Ada L", "Ada"]
        assert found[0]["request"] == {"id": None, "idempotency_key": None}
        made = await api.post("/v1/products", data={"name": "Tea"}, headers={"Idempotency-Key": "p"})
        told = (await ok(api, "/v1/events", type="product.*"))["data"][0]
        assert told["request"] == {"id": made.headers["request-id"], "idempotency_key": "p"}


async def test_events_are_kept_for_thirty_days(clock):
    sim = make(clock)
    then = int((START - timedelta(days=29)).timestamp())
    sim.seed(customers=[{"name": "old", "created": then - 2 * DAY}, {"name": "young", "created": then}])
    async with open_api(sim) as api:
        found = (await ok(api, "/v1/events"))["data"]
        assert [e["data"]["object"]["name"] for e in found] == ["young"]
        clock.advance(2 * DAY)
        assert (await ok(api, "/v1/events"))["data"] == []
        assert (await api.get(f"/v1/events/{found[0]['id']}")).status_code == 404


async def test_events_arrive_late_and_out_of_order(clock):
    sim = make(clock, event_lag=60)
    sim.seed(customers=[{"name": str(n)} for n in range(50)])
    counts = []
    async with open_api(sim) as api:
        for _ in range(4):
            names = sorted(int(e["data"]["object"]["name"]) for e in (await ok(api, "/v1/events", limit=100))["data"])
            counts.append(len(names))
            if 10 < len(names) < 40:
                assert names != list(range(names[0], names[0] + len(names)))
            clock.advance(21)
    assert counts[0] == 0
    assert 0 < counts[1] < counts[2] < 51
    assert counts[3] == 50


async def test_events_follow_the_accounts_version_and_not_the_readers(clock):
    sim = make(clock, account_api_version="2024-06-20")
    sim.seed(
        customers=[{"card": "visa"}],
        products=[{"name": "Tea"}],
        prices=[{"product": 0, "unit_amount": 900, "recurring": {"interval": "month"}}],
        subscriptions=[{"customer": 0, "price": 0}],
    )
    async with open_api(sim) as api:
        told = (await ok(api, "/v1/events", type="invoice.paid"))["data"][0]
        held = await ok(api, f"/v1/invoices/{told['data']['object']['id']}")
        kept = (await ok(api, "/v1/events", type="customer.subscription.created"))["data"][0]
    assert told["api_version"] == "2024-06-20"
    assert told["data"]["object"]["charge"].startswith("ch_")
    assert "charge" not in held
    assert "current_period_end" in kept["data"]["object"]


async def test_search_lags(clock):
    sim = make(clock, search_lag=30)
    sim.seed(customers=[{"email": "a@b.co"}])
    async with open_api(sim) as api:
        query = {"query": "email:'a@b.co'"}
        assert (await ok(api, "/v1/customers/search", **query))["data"] == []
        clock.advance(31)
        assert len((await ok(api, "/v1/customers/search", **query))["data"]) == 1
        assert (await api.get("/v1/customers/search", params={"query": "email is odd"})).status_code == 400


async def test_search_pages(clock):
    sim = make(clock)
    sim.seed(customers=[{"name": f"Ada {n}"} for n in range(5)])
    seen, page = [], {}
    async with open_api(sim) as api:
        while True:
            answer = await ok(api, "/v1/customers/search", query='name~"ada"', limit=2, **page)
            seen += [c["name"] for c in answer["data"]]
            if not answer["has_more"]:
                break
            page = {"page": answer["next_page"]}
    assert seen == [f"Ada {n}" for n in (4, 3, 2, 1, 0)]


def test_balances_settle_and_money_adds_up(clock):
    sim = make(clock)
    kinds = ("charge", "payment_intent", "invoice")
    made = sim.seed(
        customers=[{"name": "Ada"}],
        orders=[{"customer": 0, "amount": 1000, "currency": "jpy", "kind": k, "refunded": 400} for k in kinds],
    )
    state = sim.state()
    assert {t["status"] for t in state["balance_transactions"].values()} == {"pending"}
    assert sum(t["amount"] for t in state["balance_transactions"].values()) == 3 * 600
    assert all(c["amount_refunded"] == 400 and not c["refunded"] for c in state["charges"].values())
    assert state["invoices"][made["orders"][2]]["status"] == "paid"
    clock.advance(2 * DAY)
    assert {t["status"] for t in sim.state()["balance_transactions"].values()} == {"available"}


def test_a_renewal_that_fails_leaves_the_subscription_past_due(clock):
    sim = make(clock)
    made = sim.seed(
        customers=[{"name": "Ada", "card": "visa"}],
        products=[{"name": "Tea"}],
        prices=[{"product": 0, "unit_amount": 900, "recurring": {"interval": "month"}}],
        subscriptions=[{"customer": 0, "price": 0, "renewals": 2}],
    )
    ident = made["subscriptions"][0]
    sim._default_card(made["customers"][0], "chargeCustomerFail")
    assert sim.renew_subscription(ident)["status"] == "past_due"
    state = sim.state()
    reasons = [i["billing_reason"] for i in state["invoices"].values()]
    assert reasons == ["subscription_create", *["subscription_cycle"] * 3]
    assert sorted(i["status"] for i in state["invoices"].values()) == ["open", "paid", "paid", "paid"]
    assert state["customers"][made["customers"][0]]["delinquent"]
    sim.delete_customer(made["customers"][0])
    assert sim.state()["subscriptions"][ident]["status"] == "canceled"


def test_disputes(clock):
    sim = make(clock)
    charge = sim.seed(orders=[{"amount": 1000, "kind": "charge"}])["orders"][0]
    dispute = sim.dispute(charge)
    assert (dispute["status"], sim.state()["charges"][charge]["disputed"]) == ("needs_response", True)
    with pytest.raises(StripeError, match="charged back"):
        sim.refund(charge)
    assert sim.close_dispute(dispute["id"], won=True)["status"] == "won"
    assert sum(t["net"] for t in sim.state()["balance_transactions"].values()) == 1000 - 59


def test_the_same_seed_makes_the_same_ids(clock):
    assert make(clock).seed(customers=[{}]) == make(clock).seed(customers=[{}])


async def test_actions_over_http(clock):
    sim = make(clock)
    async with open_api(sim) as api:
        call = {"action": "seed", "args": {"customers": [{"name": "Ada"}]}}
        made = (await api.post("/_sim/call", json=call)).json()
        assert len(made["customers"]) == 1
        wrong = {"action": "edit_customer", "args": {"customer": "cus_none"}}
        assert (await api.post("/_sim/call", json=wrong)).status_code == 422
        assert set((await api.get("/_sim/state")).json()) == set(sim.tables)
