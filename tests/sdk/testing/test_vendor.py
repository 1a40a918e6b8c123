"""A simulator made of parts: paths, access, limits, bodies, quirks, and what the certification kit asks of it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from starlette.testclient import TestClient

from vaiven_sdk.testing import (
    AnyAccess,
    BasicAccess,
    BearerAccess,
    BucketQuota,
    Call,
    ConcurrencyQuota,
    Fields,
    KeyAccess,
    LimitHeaders,
    ManualClock,
    NotDrivable,
    Quirk,
    Refusal,
    Reply,
    SignedAccess,
    SkewedClock,
    Vendor,
    WindowQuota,
    Words,
    delete,
    fields,
    get,
    patch,
    post,
    put,
)
from vaiven_sdk.testing.quota import take_all

START = datetime(2026, 1, 1, tzinfo=UTC)


class Shop(Vendor):
    """A vendor with one of everything."""

    slug = "shop"
    burst = Quirk(3, "requests a second")
    lag = Quirk(0.0, "seconds")
    banned = Quirk((), "names")
    greeting = Quirk("hello", "what it says")

    def __init__(self, **options):
        super().__init__(**options)
        self.access = BearerAccess("t", scopes=["read"])
        self.things = self.table("things", fake=lambda n, chance: {"name": f"T{n}"})
        self.bare = self.table("bare")

    def envelope(self, refusal):
        return {"kind": refusal.kind, "wrong": [(p.field, p.code) for p in refusal.problems], "about": refusal.about}

    def headers(self, call):
        return {"X-Request": call.path}

    @get("/things")
    def listing(self, call):
        return [*self.things]

    @get("/things/search", scope="read")
    async def search(self, call):
        return Reply("a,b", media="text/csv")

    @get("/things/{id}")
    @put("/things/{id}")
    def one(self, call):
        return self.things.get(int(call.slots["id"]))

    @post("/things", status=201)
    def create(self, call):
        return self.things.add(call.json())

    @patch("/things/{id}", scope="write")
    def change(self, call):
        raise AssertionError

    @delete("/things/{id}")
    def drop(self, call):
        self.things.remove(int(call.slots["id"]))

    @get("/files/{path:path}", public=True)
    def file(self, call):
        return Reply(call.slots["path"].encode(), headers={"X-Own": "1"}, media="application/octet-stream")


@pytest.fixture
def shop():
    return Shop(clock=ManualClock(START))


@pytest.fixture
def http(shop):
    return TestClient(shop.app, headers={"Authorization": "Bearer t"})


# ----------------------------------------------------------------------------------------------------------- paths


def test_paths_find_their_methods(http):
    assert http.post("/things", json={"name": "A"}).status_code == 201
    assert http.get("/things/1").json() == http.put("/things/1").json() == {"id": 1, "name": "A"}
    assert http.get("/things/").json() == [{"id": 1, "name": "A"}]
    search = http.get("/things/search")
    assert (search.text, search.headers["content-type"]) == ("a,b", "text/csv; charset=utf-8")
    gone = http.delete("/things/1")
    assert (gone.status_code, gone.content) == (204, b"")
    assert http.get("/files/a/b.txt").content == b"a/b.txt"
    assert http.get("/files/a").headers["x-own"] == "1"


def test_what_is_not_there_is_refused_in_the_vendors_form(http):
    assert http.get("/nothing").json()["kind"] == "no_route"
    wrong = http.post("/things/1")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "DELETE, GET, PATCH, PUT")
    assert http.get("/things/9").json() == {"kind": "not_found", "wrong": [], "about": {"id": 9, "table": "things"}}
    assert http.post("/things", content="{").json()["kind"] == "malformed"
    assert http.get("/nothing").headers["x-request"] == "/nothing"


def test_a_scope_that_was_not_granted_is_missing(http):
    refused = http.patch("/things/1", json={})
    assert (refused.status_code, refused.json()["about"]) == (403, {"scope": "write", "granted": ["read"]})


def test_a_call_reads_queries():
    query = {"n": ["5"], "many": ["a,b", "c"], "many[]": ["d"], "yes": ["True"], "bad": ["x"], "empty": [""]}
    call = Call("GET", "/", query={**query, "at": ["1767225600"], "iso": ["2026-01-01T00:00:00 00:00"]})
    assert (call.number("n", 1), call.number("none", 7), call.number("empty", 7)) == (5, 7, 7)
    assert (call.many("many"), call.flag("yes"), call.flag("none")) == (["a", "b", "c", "d"], True, None)
    assert call.instant("at") == call.instant("iso") == START
    for read in (call.number, call.instant, call.flag):
        with pytest.raises(Refusal) as refused:
            read("bad", 1) if read == call.number else read("bad")
        assert refused.value.problems[0].field == "bad"
    with pytest.raises(Refusal):
        call.number("n", 1, most=4)


# ---------------------------------------------------------------------------------------------------------- access


def call_with(**headers):
    return Call("GET", "/me", headers={name.replace("_", "-"): value for name, value in headers.items()}, now=START)


def basic(pair):
    import base64

    return call_with(authorization="Basic " + base64.b64encode(pair.encode()).decode())


SIGNED = SignedAccess("k", "s", timestamp="x-time")


def signed(secret="s", at=START):
    import hashlib
    import hmac

    digest = hmac.new(secret.encode(), b"GET\n/me\n", hashlib.sha256).hexdigest()
    return call_with(x_signature=digest, x_api_key="k", x_time=str(int(at.timestamp())))


@pytest.mark.parametrize(
    ("access", "good", "wrong"),
    [
        (BearerAccess("t"), call_with(authorization="bearer t"), call_with(authorization="Bearer u")),
        (BearerAccess("t", schemes=["oauth"]), call_with(authorization="OAuth t"), call_with(authorization="OAuth u")),
        (BasicAccess("p"), basic("any:p"), basic("any:q")),
        (BasicAccess("p", user="u"), basic("u:p"), basic("v:p")),
        (BasicAccess("p", key_is_user=True), basic("p:"), basic("q:p")),
        (BasicAccess("p"), basic("any:p"), call_with(authorization="Basic %%%")),
        (KeyAccess("k"), call_with(x_api_key="k"), call_with(x_api_key="l")),
        (KeyAccess("k", header="authorization", prefix="Key "), call_with(authorization="Key k"),
         call_with(authorization="k")),
        (KeyAccess("k", query="key"), Call("GET", "/", query={"key": ["k"]}), Call("GET", "/", query={"key": ["l"]})),
        (SIGNED, signed(), signed("other")),
        (AnyAccess([BearerAccess("t"), KeyAccess("k")]), call_with(x_api_key="k"), call_with(x_api_key="l")),
    ],
)  # fmt: skip
def test_each_way_in_takes_its_credential_and_no_other(access, good, wrong):
    access.check(good)
    for call, code in ((wrong, "wrong"), (call_with(), "missing")):
        with pytest.raises(Refusal) as refused:
            access.check(call)
        assert (refused.value.kind, refused.value.status, refused.value.code) == ("unauthenticated", 401, code)
    assert access.credential


def test_an_old_signature_has_expired():
    with pytest.raises(Refusal) as refused:
        SIGNED.check(signed(at=datetime(2025, 12, 31, 23, 50, tzinfo=UTC)))
    assert refused.value.kind == "expired"


# ---------------------------------------------------------------------------------------------------------- limits


def take(quota, at, cost=1.0, path="/x"):
    call = Call("GET", path, now=datetime.fromtimestamp(START.timestamp() + at, UTC))
    try:
        return "ok", quota.take(call, cost)
    except Refusal as refused:
        return refused.kind, refused.headers


def test_a_rolling_window_frees_one_by_one_and_refusals_do_not_count():
    quota = WindowQuota(lambda: 2, per=10)
    assert [take(quota, at)[0] for at in (0, 4, 5, 9.9, 10, 13, 14)] == [
        "ok", "ok", "limited", "limited", "ok", "limited", "ok",
    ]  # fmt: skip
    assert take(WindowQuota(lambda: 0), 0) == ("ok", {})


def test_a_fixed_window_frees_all_at_once():
    quota = WindowQuota(lambda: 2, per=60, rolling=False)
    assert [take(quota, at)[0] for at in (50, 55, 59, 60, 61, 62)] == ["ok", "ok", "limited", "ok", "ok", "limited"]


def test_only_some_paths_count_and_points_weigh():
    quota = WindowQuota(lambda: 10, per=1, only="search$", points=True, name="points")
    assert take(quota, 0, 99, "/x") == ("ok", {})
    assert [take(quota, 0, cost, "/search")[0] for cost in (6, 5, 4)] == ["ok", "limited", "ok"]


@pytest.mark.parametrize(
    ("spelling", "wait"),
    [
        ("seconds", "10"),
        ("date", "Thu, 01 Jan 2026 00:00:10 GMT"),
        ("epoch", "1767225610"),
        ("milliseconds", "1767225610000"),
    ],
)
def test_headers_tell_what_is_left_and_when_to_come_back(spelling, wait):
    headers = LimitHeaders(limit="L", remaining="R", reset="S", reset_as=spelling, retry_as=spelling)
    quota = WindowQuota(lambda: 1, per=10, headers=headers)
    assert take(quota, 0) == ("ok", {"L": "1", "R": "0", "S": wait})
    assert take(quota, 0) == ("limited", {"L": "1", "R": "0", "S": wait, "Retry-After": wait})
    silent = WindowQuota(lambda: 1, headers=LimitHeaders("", "", retry_as="none"))
    assert [take(silent, 0)[1] for _ in range(2)] == [{}, {}]


def test_a_bucket_fills_at_its_rate():
    quota = BucketQuota(lambda: 100, per_second=10)
    assert [take(quota, at, cost)[0] for at, cost in ((0, 80), (0, 30), (1, 30), (1, 1), (11, 100))] == [
        "ok", "limited", "ok", "limited", "ok",
    ]  # fmt: skip
    assert take(quota, 11, 50)[1]["Retry-After"] == "5"


def test_what_a_query_did_not_need_is_given_back():
    quota = BucketQuota(lambda: 100, per_second=1)
    assert take(quota, 0, 90)[0] == "ok"
    quota.give_back(60)
    assert quota.left == 70
    quota.give_back(1000)
    assert quota.left == 100
    assert [take(quota, 0, 70)[0] for _ in range(2)] == ["ok", "limited"]
    quota.give_back(5)
    assert quota.left == 30


def test_simultaneous_requests_are_counted_down_again():
    quota, call = ConcurrencyQuota(lambda: 1), Call("GET", "/")
    quota.take(call, 1)
    with pytest.raises(Refusal):
        quota.take(call, 1)
    quota.done(call)
    quota.take(call, 1)


def test_what_one_limit_refuses_no_other_counts():
    day = WindowQuota(lambda: 3, per=86400, rolling=False, headers=LimitHeaders("D", "DR"))
    points, second = BucketQuota(lambda: 3, per_second=1e-9), WindowQuota(lambda: 1, headers=LimitHeaders("S", "SR"))
    quotas = [day, points, second]

    def ask(at):
        return take_all(quotas, Call("GET", "/", now=datetime.fromtimestamp(START.timestamp() + at, UTC)), 1)

    for at, left in ((0, "2"), (2, "1"), (4, "0")):
        assert ask(at)[0]["DR"] == left
        with pytest.raises(Refusal) as refused:
            ask(at)
        assert refused.value.headers["D"] == "3"
    with pytest.raises(Refusal):
        ask(6)


def test_limits_work_over_http_and_spare_public_paths(shop, http):
    shop.quotas = [ConcurrencyQuota(lambda: 1), WindowQuota(lambda: shop.burst, headers=LimitHeaders(retry_as="date"))]
    answers = [http.get("/things") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[0].headers["x-ratelimit-remaining"] == "2"
    assert parsedate_to_datetime(answers[3].headers["retry-after"]) > START
    assert http.get("/files/x").status_code == 200
    shop.clock.advance(1)
    assert http.get("/nothing").status_code == 404
    assert http.get("/things/9").status_code == 404
    assert http.get("/things").status_code == 200, "a refused request has let its place go"


# ---------------------------------------------------------------------------------------------------------- bodies

PERSON = Fields(
    {
        "email!": fields.email(),
        "name": fields.text(5, null=True),
        "age": fields.whole(0, 150),
        "kind": fields.choice("a", "b"),
        "vip": fields.flag(),
        "born": fields.instant(civil=True),
        "seen": fields.instant(),
        "tags": fields.many(fields.text(3), 2),
        "address": {"city!": fields.text(), "geo": {"lat": fields.whole()}},
        "rows": fields.many({"id!": fields.whole()}),
    },
    Words(required="need {field}", type="{field}: {expected}, not {got}", whole="bad"),
)


def problems(body, shape=PERSON, **options):
    try:
        shape.check(body, **options)
    except Refusal as refused:
        return {problem.field: problem.message for problem in refused.problems}
    return {}


def test_a_body_that_fits_is_kept_and_no_more():
    body = {"email": "a@b.co", "name": None, "age": 3, "vip": True, "born": "2026-01-02", "tags": ["a"]}
    body |= {"seen": "2026-01-02T00:00:00Z", "address": {"city": "x", "geo": {"lat": 1}}, "rows": [{"id": 1}]}
    assert PERSON.check({**body, "colour": "red"}) == body
    assert problems({}, partial=True) == {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, {"email": "need email"}),
        ([], {"": "body: object, not array"}),
        (None, {"": "body: object, not null"}),
        ({"email": "nobody"}, {"email": "email is not a valid email address."}),
        ({"email": 1}, {"email": "email: string, not integer"}),
        ({"name": "longer"}, {"name": "name is longer than 5 characters."}),
        ({"age": True, "vip": 1}, {"age": "age: integer, not boolean", "vip": "vip: boolean, not integer"}),
        ({"age": 151}, {"age": "age must be from 0 to 150."}),
        ({"kind": "c"}, {"kind": "kind must be one of a, b."}),
        ({"born": "soon"}, {"born": "born is not a valid date."}),
        ({"seen": "soon"}, {"seen": "seen is not a valid datetime."}),
        ({"tags": ["a", 1]}, {"tags[1]": "tags[1]: string, not integer"}),
        ({"tags": "a"}, {"tags": "tags: array, not string"}),
        ({"address": {"geo": {"lat": "x"}, "city": ""}}, {"address.geo.lat": "address.geo.lat: integer, not string"}),
        ({"address": {}}, {"address.city": "need address.city"}),
        ({"rows": [{"id": 1}, {}]}, {"rows[1].id": "need rows[1].id"}),
    ],
)
def test_each_wrong_value_is_told_in_its_place(body, told):
    assert problems(body, partial=bool(body)) == told


def test_unknown_names_are_dropped_kept_or_refused():
    for unknown, kept in (("drop", {}), ("keep", {"x": 1})):
        assert Fields({}, unknown=unknown).check({"x": 1}) == kept
    refusing = Fields({"a!": fields.text()}, unknown="refuse")
    assert problems({"x": 1}, refusing) == {"a": "a is required.", "x": "x is not a known field."}
    assert len(problems({"x": 1}, Fields(refusing.shape, unknown="refuse", first=True))) == 1


# -------------------------------------------------------------------------------------------------- quirks and kit


def test_quirks_have_types():
    assert Shop.quirks == {"burst": 3, "lag": 0.0, "banned": (), "greeting": "hello"}
    shop = Shop(quirks={"lag": 2, "banned": ["a"]})
    assert (shop.burst, shop.lag, shop.banned, shop.greeting) == (3, 2.0, ("a",), "hello")
    assert isinstance(shop.lag, float)
    assert Shop.burst.meaning == "requests a second"
    with pytest.raises(ValueError, match="quirk burst is a int"):
        Shop(quirks={"burst": "many"})
    with pytest.raises(ValueError, match="unknown quirk"):
        Shop(quirks={"brust": 1})


def test_the_kit_drives_tables_and_hears_why_not(shop):
    first, second = shop.sample("things", 2)
    shop.touch("things", first)
    shop.remove("things", second)
    assert [*shop.state()["things"]] == [first]
    for act in (
        lambda: shop.sample("bare", 1),
        lambda: shop.sample("no", 1),
        lambda: shop.touch("no", "1"),
        lambda: shop.remove("no", "1"),
    ):
        with pytest.raises(NotDrivable, match="shop simulator: no"):
            act()
    assert shop.credential == {"token": "t"}


def test_a_vendors_clock_may_be_wrong():
    clock = ManualClock(START)
    skewed = SkewedClock(clock, -90)
    clock.advance(90)
    assert skewed.now() == START
