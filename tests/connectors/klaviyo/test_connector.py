"""The connector over its simulator: what it asks for, what it writes, and what it never does."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from vaiven_connectors.klaviyo import _consent, _erasure, _events, connector
from vaiven_connectors.klaviyo._import import _number
from vaiven_connectors.klaviyo.connector import ListMember, Occurrence, Profile, properties
from vaiven_connectors.klaviyo.simulator import simulator
from vaiven_sdk import (
    AnswerMalformed,
    Config,
    CursorLoop,
    CustomType,
    NotFound,
    PermissionMissing,
    RequestRefused,
    Session,
    Window,
    Write,
)
from vaiven_sdk.http import Answer, Http
from vaiven_sdk.testing import serve

STREAMS = connector.streams
PROFILES, MEMBERS, EVENTS = STREAMS["profiles"], STREAMS["list_members"], STREAMS["events"]


class Hub:
    """A session that remembers what it sent, beside the simulator that answered it."""

    def __init__(self, vendor, http):
        self.vendor, self.sent = vendor, []

        async def send(method, path, **options):
            self.sent.append((method, path.partition("?")[0], options.get("json")))
            return await http.send(method, path, **options)

        self.session = Session(Config(), send)

    def posted(self, path):
        return [body for method, sent, body in self.sent if (method, sent) == ("POST", path)]

    async def read(self, name, kind="full", since=None, state=None):
        stream, window = STREAMS[name], Window(Config(), since=since)
        if kind in stream.readers:
            pages = [batch async for batch in stream.readers[kind](self.session, window, state)]
        else:
            declared = {"full": stream.full, "changes": stream.changes}[kind]
            pages = [page async for page in self.session.walk(declared, window)]
        items = [i if isinstance(i, dict) else json.loads(bytes(i)) for page in pages for i in page.items]
        return [stream.record.model_validate(item) for item in items]

    async def person(self, email):
        return next((one for one in await self.read("profiles") if one.email == email), None)

    async def write(self, op, *writes, stream=PROFILES):
        return list(await stream.writers[op].function(self.session, writes))


@asynccontextmanager
async def connected(**quirks):
    vendor = simulator(quirks={"job_seconds": 0.0, **quirks})
    with serve(vendor) as server:
        async with Http(connector, Config(), vendor.credential, base_url=server.url, attempts=1) as http:
            yield Hub(vendor, http)


@pytest.fixture
async def hub():
    async with connected() as found:
        yield found


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Waiting for a job takes no time."""
    nap = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda *_: nap(0))


def create(email, **values):
    record, names = Profile.blank({"email": email, **values})
    return Write("create", f"hub-{email}", record, None, frozenset(names))


def update(one, **changes):
    record, names = one.with_unified({**one.unified(), **changes}, set(changes))
    return Write("update", f"hub-{one.id}", record, one.id, frozenset(names), before=one)


def said(outcomes):
    return [(one.status, one.code) for one in outcomes]


# ----------------------------------------------------------------------------------------- account and reads
async def test_the_account_is_named(hub):
    found = await connector.hooks["account"](hub.session)
    assert found.id
    assert found.name


async def test_a_key_without_a_scope_is_the_customers_to_correct(hub):
    hub.vendor.restrict_key(["accounts:read"])
    with pytest.raises(PermissionMissing, match="permission"):
        await hub.read("profiles")


@pytest.mark.parametrize("name", sorted(STREAMS))
async def test_every_record_is_read(hub, name):
    hub.vendor.sample(name, 7)
    found = await hub.read(name)
    assert len({one.remote_id for one in found}) == len(found) >= 7
    assert all(one.unified() for one in found)


async def test_changes_are_what_changed_and_who_was_suppressed(hub):
    hub.vendor.seed_profiles([{"email": f"p{n}@shop.example.com"} for n in range(3)])
    since = max(one.record_version for one in await hub.read("profiles"))
    hub.vendor.bounce("p1@shop.example.com")
    found = {one.email: one.unified() for one in await hub.read("profiles", "changes", since=since)}
    assert found["p1@shop.example.com"]["email_validity"] == "hard_bounce"
    assert found["p1@shop.example.com"]["email_consent"] != "granted"


async def test_changes_of_the_others(hub):
    for name in ("flows", "templates", "list_members", "segment_members", "events"):
        hub.vendor.sample(name, 2)
        assert await hub.read(name, "changes", since="2020-01-01T00:00:00.000000Z")
        assert await hub.read(name, "changes", since="2099-01-01T00:00:00.000000Z") == []


async def test_properties_are_found_with_their_types(hub):
    rows = [{"size": 42, "vip": True, "likes": ["a", "b"], "shop": "Rome", "$source": "x", "raw": {"a": 1}}]
    hub.vendor.seed_profiles([{"email": "a@shop.example.com", "properties": rows[0]}])
    found = {one.key: one.type for one in await properties(hub.session)}
    assert found == {
        "size": CustomType.NUMBER,
        "vip": CustomType.BOOLEAN,
        "likes": CustomType.CHOICES,
        "shop": CustomType.TEXT,
    }


async def test_figures_need_a_metric_and_a_message_that_went_out(hub):
    assert await hub.read("reports") == []
    assert hub.posted("/api/campaign-values-reports") == []


# ----------------------------------------------------------------------------------------- writing a few
async def test_a_profile_is_created_changed_and_found(hub):
    (made,) = await hub.write("create", create("ada@shop.example.com", given_name="Ada"))
    assert (made.status, made.stored["attributes"]["first_name"]) == ("created", "Ada")
    (changed,) = await hub.write("update", update(await hub.person("ada@shop.example.com"), family_name="Lovelace"))
    assert (changed.status, changed.id) == ("updated", made.id)
    found = await PROFILES.finder.function(hub.session, [create("ada@shop.example.com")])
    assert [(one["id"], one["attributes"]["last_name"]) for one in found] == [(made.id, "Lovelace")]


async def test_an_address_that_exists_is_one_profile(hub):
    (first,) = hub.vendor.seed_profiles([{"email": "ada@shop.example.com", "last_name": "Byron"}])
    (made,) = await hub.write("create", create("ada@shop.example.com", given_name="Ada"))
    assert made.id == first
    assert [(one.first_name, one.last_name) for one in await hub.read("profiles")] == [("Ada", "Byron")]


async def test_somebody_elses_number_is_not_taken(hub):
    hub.vendor.seed_profiles([{"email": "bea@shop.example.com", "phone_number": "+34600111222"}])
    outcomes = await hub.write("create", create("ada@shop.example.com", phone="+34600111222"))
    assert said(outcomes) == [("rejected", "duplicate_profile")]
    assert (await hub.person("bea@shop.example.com")).first_name is None


async def test_a_bad_one_and_one_that_is_gone_are_refused_alone(hub):
    (gone,) = hub.vendor.seed_profiles([{"email": "gone@shop.example.com"}])
    lost = update(await hub.person("gone@shop.example.com"), given_name="X")
    hub.vendor.remove("profiles", gone)
    assert said(await hub.write("update", lost)) == [("rejected", "not_found")]
    outcomes = await hub.write("create", create("no address"), create("ada@shop.example.com"))
    assert [one.status for one in outcomes] == ["rejected", "created"]
    assert outcomes[0].code
    assert outcomes[0].reason


async def test_an_emptied_property_is_unset(hub):
    given = {"email": "ada@shop.example.com", "properties": {"size": 42, "shop": "Rome"}}
    hub.vendor.seed_profiles([given])
    stream = PROFILES.extended(await properties(hub.session))
    (page,) = [page async for page in hub.session.walk(stream.full, Window(Config()))]
    one = stream.record.model_validate_json(bytes(page.items[0]))
    write = update(one, **{"custom.klaviyo.size": None, "custom.klaviyo.shop": "Oslo"})
    (outcome,) = await hub.write("update", write)
    assert outcome.stored["attributes"]["properties"] == {"shop": "Oslo"}


# ----------------------------------------------------------------------------------------- writing many
async def test_many_go_in_one_import_and_each_has_its_outcome(hub):
    writes = [create(f"p{n}@shop.example.com", given_name=f"P{n}") for n in range(20)]
    outcomes = await hub.write("create", *writes, create("no address"))
    assert len(hub.posted("/api/profile-bulk-import-jobs")) == 1
    assert hub.posted("/api/profiles") == []
    by_id = {one.hub_id: one for one in outcomes}
    assert by_id["hub-no address"].status == "rejected"
    stored = {one.id: one.email for one in await hub.read("profiles")}
    assert [stored[by_id[write.hub_id].id] for write in writes] == [write.record.email for write in writes]


async def test_an_import_makes_nobody_of_somebody_else_who_has_the_same_number(hub):
    hub.vendor.seed_profiles([{"email": "ana@home.example.com", "phone_number": "+34600111222"}])
    home = {"phone": "+34600111222"}
    many = [create(f"p{n}@shop.example.com", given_name=f"P{n}") for n in range(12)]
    shared = [create("ben@home.example.com", **home), create("eva@flat.example.com", phone="+34600333444")]
    outcomes = await hub.write("create", *many, *shared, create("leo@flat.example.com", phone="+34600333444"))
    refused = {one.hub_id: one.code for one in outcomes if one.status == "rejected"}
    assert refused == {"hub-ben@home.example.com": "duplicate_profile", "hub-leo@flat.example.com": "duplicate_profile"}
    found = {one.email: one.phone_number for one in await hub.read("profiles")}
    assert found["ana@home.example.com"] == "+34600111222"
    assert found["eva@flat.example.com"] == "+34600333444"
    assert "ben@home.example.com" not in found


async def test_a_street_of_one_line_empties_nothing_so_it_goes_in_the_import(hub):
    hub.vendor.seed_profiles([{"email": f"p{n}@shop.example.com"} for n in range(15)])
    writes = [update(one, street="Polna 7") for one in await hub.read("profiles")]
    assert {one.status for one in await hub.write("update", *writes)} == {"updated"}
    (job,) = hub.posted("/api/profile-bulk-import-jobs")
    sent = [one["attributes"] for one in job["data"]["attributes"]["profiles"]["data"]]
    assert sent == [{"location": {"address1": "Polna 7"}}] * 15


async def test_many_changes_go_in_one_import_but_for_those_that_empty(hub):
    hub.vendor.seed_profiles([{"email": f"p{n}@shop.example.com", "last_name": "L"} for n in range(15)])
    people = await hub.read("profiles")
    writes = [update(one, given_name="New") for one in people[1:]] + [update(people[0], family_name=None)]
    assert {one.status for one in await hub.write("update", *writes)} == {"updated"}
    (job,) = hub.posted("/api/profile-bulk-import-jobs")
    assert len(job["data"]["attributes"]["profiles"]["data"]) == 14
    after = {one.id: one for one in await hub.read("profiles")}
    assert after[people[0].id].last_name is None
    assert {after[one.id].first_name for one in people[1:]} == {"New"}


ROWS = [
    {"id": "1", "attributes": {"email": "a@x.com"}},
    {"attributes": {"email": "b@x.com"}},
    {"attributes": {"email": "b@x.com"}},
]


@pytest.mark.parametrize(
    ("error", "number"),
    [
        ({"original_payload": {"id": "1"}}, 0),
        ({"original_payload": {"attributes": {"email": "A@x.com"}}}, 0),
        ({"original_payload": {"email": "b@x.com"}}, None),
        ({"original_payload": None, "source": {"pointer": "/data/attributes/profiles/data/2/attributes/email"}}, 2),
        ({"source": {"pointer": "/data/attributes/profiles/data/9"}}, None),
        ({}, None),
    ],
)
def test_an_import_error_is_matched_or_left_open(error, number):
    assert _number(error, ROWS) == number


def scripted(*answers):
    queue = list(answers)

    async def send(method, path, **_):
        answer = queue.pop(0)
        return Answer(200, {}, json.dumps(answer).encode(), f"https://a.klaviyo.com{path}")

    return Session(Config(), send)


def job(status, **more):
    return {"data": {"type": "profile-bulk-import-job", "id": "J", "attributes": {"status": status, **more}}}


async def test_a_cancelled_import_is_refused_as_a_whole():
    writes = [create(f"p{n}@x.com") for n in range(11)]
    with pytest.raises(RequestRefused, match="cancelled"):
        await PROFILES.writers["create"].function(scripted(job("queued"), job("cancelled")), writes)


async def test_whom_an_import_does_not_mention_is_looked_up():
    writes = [create(f"p{n}@x.com") for n in range(11)]
    error = {"data": [{"attributes": {"code": "invalid", "title": "Bad", "detail": "", "source": {}}}]}
    told = {"data": [{"id": "A", "attributes": {"email": "p3@x.com"}}, {"id": "B", "attributes": {"email": "z@x.com"}}]}
    hub = scripted(job("queued"), job("processing"), job("complete", failed_count=1), error, told)
    (outcome,) = await PROFILES.writers["create"].function(hub, writes)
    assert (outcome.hub_id, outcome.id) == ("hub-p3@x.com", "A")


async def test_a_list_that_is_none_or_turns_in_a_circle_is_an_error():
    with pytest.raises(AnswerMalformed):
        await properties(scripted({"errors": []}))
    page = {"data": [], "links": {"next": "https://a.klaviyo.com/api/profiles?page%5Bcursor%5D=x"}}
    with pytest.raises(CursorLoop):
        await properties(scripted(page, page))


# ----------------------------------------------------------------------------------------- consent
async def test_whoever_agreed_is_subscribed_with_our_name(hub):
    write = create("ada@shop.example.com", email_consent="granted", sms_consent="granted", phone="+12025550123")
    assert said(await hub.write("create", write)) == [("created", "")]
    (sent,) = hub.posted("/api/profile-subscription-bulk-create-jobs")
    assert sent["data"]["attributes"]["custom_source"] == "Vaiven"
    assert "historical_import" not in sent["data"]["attributes"]
    unified = (await hub.person("ada@shop.example.com")).unified()
    assert (unified["email_consent"], unified["sms_consent"]) == ("granted", "granted")


async def test_unsubscribing_is_always_written(hub):
    hub.vendor.seed_profiles([{"email": "ada@shop.example.com"}])
    assert said(await hub.write("update", update(await hub.person("ada@shop.example.com"), email_consent="denied")))
    assert hub.posted("/api/profile-subscription-bulk-delete-jobs")
    assert (await hub.person("ada@shop.example.com")).unified()["email_consent"] == "denied"


@pytest.mark.parametrize("op", ["create", "update"])
async def test_whoever_left_is_not_subscribed_again_and_nothing_is_written(hub, op):
    hub.vendor.seed_profiles([{"email": "ada@shop.example.com"}])
    hub.vendor.opt_out("ada@shop.example.com")
    values = {"given_name": "Ada", "email_consent": "granted"}
    one = await hub.person("ada@shop.example.com")
    write = create(one.email, **values) if op == "create" else update(one, **values)
    assert said(await hub.write(op, write)) == [("rejected", "consent_withdrawn")]
    assert hub.posted("/api/profile-subscription-bulk-create-jobs") == []
    after = await hub.person("ada@shop.example.com")
    assert (after.first_name, after.unified()["email_consent"]) == (None, "denied")


async def test_double_opt_in_asks_the_person_and_grants_nothing(monkeypatch):
    monkeypatch.setattr(_consent, "PATIENCE", 0.0)
    async with connected(account_opt_in="double_opt_in") as hub:
        (outcome,) = await hub.write("create", create("ada@shop.example.com", email_consent="granted"))
        assert (outcome.status, outcome.stored) == ("created", None)
        assert (await hub.person("ada@shop.example.com")).unified()["email_consent"] != "granted"


async def test_a_channel_without_an_address_is_left_alone(hub):
    await hub.write("create", create("ada@shop.example.com", sms_consent="granted"))
    assert hub.posted("/api/profile-subscription-bulk-create-jobs") == []


# ----------------------------------------------------------------------------------------- the rest
async def test_list_members_come_and_go_and_their_consent_stays(hub):
    (person,) = hub.vendor.seed_profiles([{"email": "ada@shop.example.com"}])
    news = hub.vendor.make_list("News")
    record, names = ListMember.blank({"list_id": news, "person_id": person})
    write = Write("create", "h", record, None, frozenset(names))
    assert said(await hub.write("create", write, stream=MEMBERS)) == [("created", "")]
    assert len(await MEMBERS.finder.function(hub.session, [write])) == 1
    assert [one.remote_id for one in await hub.read("list_members")] == [f"{news}/{person}"]
    assert (await hub.person("ada@shop.example.com")).unified()["email_consent"] == "unknown"
    assert said(await hub.write("delete", write, stream=MEMBERS)) == [("deleted", "")]
    assert await hub.read("list_members") == []
    assert await MEMBERS.finder.function(hub.session, [write]) == []


async def test_a_member_without_an_address_is_found_by_its_lists(hub):
    people = hub.vendor.seed_profiles([{"phone_number": "+12025550123"}, {"phone_number": "+12025550124"}])
    news = hub.vendor.make_list("News", profiles=people[:1])
    writes = []
    for person in people:
        record, names = ListMember.blank({"list_id": news, "person_id": person})
        writes.append(Write("create", person, record, None, frozenset(names)))
    found = await MEMBERS.finder.function(hub.session, writes)
    assert [(one["list_id"], one["id"]) for one in found] == [(news, people[0])]


async def test_a_list_that_is_gone_refuses_its_members(hub):
    (person,) = hub.vendor.seed_profiles([{"email": "ada@shop.example.com"}])
    record, names = ListMember.blank({"list_id": "XXXXXX", "person_id": person})
    write = Write("create", "h", record, None, frozenset(names))
    ((status, code),) = said(await hub.write("create", write, stream=MEMBERS))
    assert (status, bool(code)) == ("rejected", True)
    with pytest.raises(RequestRefused):
        await hub.write("create", write, write, stream=MEMBERS)
    assert await MEMBERS.finder.function(hub.session, [write]) == []
    lost, _ = ListMember.blank({"list_id": "L", "person_id": "nobody"})
    assert await MEMBERS.finder.function(hub.session, [Write("create", "h", lost, None)]) == []


def happening(person, kind="quiz.done"):
    values = {"event_id": "1", "type": kind, "occurred_at": "2026-04-05T06:07:08Z", "person_id": person}
    record, names = Occurrence.blank({**values, "properties": {"score": 3}})
    return Write("create", "hub-event", record, None, frozenset(names), idempotency_key="key-1")


async def test_an_event_is_recorded_once_and_known_again(hub):
    (person,) = hub.vendor.seed_profiles([{"email": "ada@shop.example.com"}])
    first = await hub.write("create", happening(person), stream=EVENTS)
    again = await hub.write("create", happening(person), stream=EVENTS)
    assert [one.id for one in first] == [one.id for one in again]
    (one,) = await hub.read("events")
    assert (one.record_hub_id, one.unified()["type"], one.properties["score"]) == ("hub-event", "quiz.done", 3)


async def test_an_event_that_cannot_be_read_yet_is_looked_up_later(hub, monkeypatch):
    monkeypatch.setattr(_events, "PATIENCE", 0.0)

    async def nothing(*_):
        return []

    monkeypatch.setattr(_events, "find", nothing)
    (person,) = hub.vendor.seed_profiles([{"email": "ada@shop.example.com"}])
    assert await hub.write("create", happening(person), stream=EVENTS) == []


async def test_erasure_waits_until_the_profile_is_gone(hub):
    hub.vendor.seed_profiles([{"email": "ada@shop.example.com"}])
    one = await hub.person("ada@shop.example.com")
    write = Write("delete", "h", one, one.id)
    for _ in range(2):
        assert [o.status for o in await PROFILES.eraser.function(hub.session, [write])] == ["deleted"]
    assert len(hub.posted("/api/data-privacy-deletion-jobs")) == 1
    assert await hub.person("ada@shop.example.com") is None
    with pytest.raises(NotFound):
        await hub.session.get(f"/api/profiles/{one.id}")
    assert _erasure.PATIENCE
