"""The Mailchimp connector over its simulator: what it asks, what it makes of the answers."""

from hashlib import md5

import httpx
import pytest

from tests.support.spec_check import load_spec
from vaiven_connectors.mailchimp import connector as mailchimp
from vaiven_connectors.mailchimp.connector import Member, Settings, Standing
from vaiven_connectors.mailchimp.simulator import simulator
from vaiven_sdk import ConfigInvalid, PermissionMissing, Session, Unsettled, VendorBusy, Window, Write
from vaiven_sdk.http import Http
from vaiven_sdk.testing import serve
from vaiven_sdk.testing.faults import Fault

MEMBERS = mailchimp.streams["members"]


CAMPAIGN = {"settings": {"title": "Autumn"}, "status": "sent", "send_time": "2026-10-02T23:30:00+00:00"}


class Hub:
    """A session that remembers what it sent, beside the simulator that answered it."""

    def __init__(self, server, http, config):
        self.server = server
        self.sent = []
        self.http = http

        async def send(method, path, **options):
            self.sent.append((method, path, options.get("params") or {}, options.get("json")))
            return await http.send(method, path, **options)

        self.session = Session(config, send)
        self.config = config

    def act(self, action, **args):
        """Do what a user of the vendor does."""
        answer = httpx.post(f"{self.server.url}/_sim/call", json={"action": action, "args": args})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def read(self, stream, kind="full", since=None):
        read = {"full": stream.full, "changes": stream.changes, "gone": stream.gone}[kind]
        pages = [page async for page in self.session.walk(read, Window(self.config, since=since))]
        return [stream.record.model_validate_json(bytes(item)) for page in pages for item in page.items]

    async def person(self, email):
        return next(m for m in await self.read(MEMBERS) if m.email == email)

    async def write(self, op, *writes):
        return list(await MEMBERS.writers[op].function(self.session, writes))

    def requests(self, method):
        return [(path, params, body) for m, path, params, body in self.sent if m == method]


def update(member, **changes):
    record, names = member.with_unified({**member.unified(), **changes}, set(changes))
    return Write("update", "h1", record, member.id, frozenset(names), before=member)


def create(**values):
    record, names = Member.blank(values)
    return Write("create", values["email"], record, None, frozenset(names))


@pytest.fixture
async def hub():
    with serve(simulator()) as server:
        given = server.simulator.config
        config = Settings(audience_id=given.get("audience_id") or given["list_id"], data_centre="us21")
        base = f"{server.url}/3.0"
        async with Http(mailchimp, config, server.simulator.credential, base_url=base, attempts=2) as http:
            yield Hub(server, http, config)


def member(name, **more):
    return {"email_address": f"{name}@shop.example.com", "status": "subscribed", **more}


# -------------------------------------------------------------------------- settings and account
async def test_the_account_is_named(hub):
    found = await mailchimp.hooks["account"](hub.session)
    assert found.id
    assert found.name


async def test_a_wrong_audience_is_the_customers_to_correct(hub):
    wrong = Settings(audience_id="0000000000", data_centre="us21")
    with pytest.raises(ConfigInvalid, match="no audience"):
        await mailchimp.hooks["account"](Session(wrong, hub.http.send))


async def test_the_data_centre_comes_from_the_sign_in():
    async def send(method, path, **_):
        assert (method, path) == ("GET", "https://login.mailchimp.com/oauth2/metadata")
        return type("Metadata", (), {"json": lambda _: {"dc": "us7", "accountname": "x"}})()

    found = await mailchimp.hooks["connected"](Session(Settings(audience_id="a1b2c3d4e5"), send))
    assert found.data_centre == "us7"
    assert await mailchimp.hooks["connected"](Session(found, None)) is found


def test_a_setting_that_is_an_address_is_refused():
    with pytest.raises(ValueError, match="data_centre"):
        Settings(audience_id="a1b2c3d4e5", data_centre="evil.example.com/")


def test_a_bare_403_is_throttling():
    assert isinstance(mailchimp.hooks["error"](403, None), VendorBusy)
    assert isinstance(mailchimp.hooks["error"](403, "<html>"), VendorBusy)
    assert isinstance(mailchimp.hooks["error"](403, {"title": "Forbidden"}), PermissionMissing)
    assert mailchimp.hooks["error"](400, {"title": "Invalid Resource"}) is None
    assert mailchimp.hooks["error"](502, "<html>") is None


# -------------------------------------------------------------------------- reads
async def test_every_page_is_read_once_over(hub):
    hub.act("seed", members=[member(f"p{n}") for n in range(2100)])
    people = await hub.read(MEMBERS)
    assert len({p.remote_id for p in people}) == 2100
    assert len(hub.requests("GET")) == 3


async def test_what_is_archived_while_the_walk_goes_on_hides_nobody(hub):
    hub.act("seed", members=[member(f"p{n}") for n in range(1500)])
    seen = set()
    async for page in hub.session.walk(MEMBERS.full, Window(hub.config)):
        rows = [Member.model_validate_json(bytes(item)) for item in page.items]
        if not seen:
            for row in rows[:30]:
                hub.act("archive", email=row.email)
        seen |= {row.remote_id for row in rows}
    assert len(seen) == 1500


async def test_reads_ask_for_what_the_description_offers(hub):
    spec = load_spec("mailchimp")
    hub.act("seed", members=[member("ana", merge_fields={"FNAME": "Ana"})])
    for stream in mailchimp.streams.values():
        for kind in ("full", "changes", "gone"):
            if getattr(stream, kind) is not None:
                await hub.read(stream, kind, since="2026-01-01T00:00:00.000000Z")
    for method, path, params, _ in hub.sent:
        (operation,) = spec.operations(method, path)
        for name, value in params.items():
            described = operation["q"][name]
            shown = [value] if isinstance(described, list) else value
            assert spec.compare(described, shown) == [], (path, name)
            if name == "fields":
                assert len(value) < 2000


async def test_changes_are_asked_for_in_whole_seconds(hub):
    await hub.read(MEMBERS, "changes", since="2026-11-22T10:00:00.987654Z")
    await hub.read(MEMBERS, "changes")
    asked = [params.get("since_last_changed") for _, params, _ in hub.requests("GET")]
    assert asked == ["2026-11-22T10:00:00+00:00", None]


async def test_what_changed_is_seen_and_the_rest_is_not(hub):
    hub.act(
        "seed",
        members=[
            member("old", last_changed="2026-01-01T00:00:00+00:00"),
            member("new", last_changed="2026-02-01T00:00:00+00:00"),
        ],
    )
    changed = await hub.read(MEMBERS, "changes", since="2026-01-15T00:00:00.000000Z")
    assert [m.email for m in changed] == ["new@shop.example.com"]


async def test_the_archived_are_gone_and_only_there(hub):
    hub.act("seed", members=[member("ana"), member("ben")])
    ana = await hub.person("ana@shop.example.com")
    hub.act("archive", email=ana.email)
    assert [m.remote_id for m in await hub.read(MEMBERS, "gone")] == [ana.remote_id]
    assert ana.remote_id not in {m.remote_id for m in await hub.read(MEMBERS)}


async def test_the_key_outlives_a_change_of_address(hub):
    hub.act("seed", members=[member("ana")])
    before = await hub.person("ana@shop.example.com")
    hub.act("edit", email=before.email, changes={"email_address": "ana@new.example.com"})
    after = await hub.person("ana@new.example.com")
    assert after.remote_id == before.remote_id


async def test_memberships_speak_of_the_same_people(hub):
    hub.act("seed", members=[member("ana", status="cleaned")])
    ana = await hub.person("ana@shop.example.com")
    (standing,) = await hub.read(mailchimp.streams["memberships"])
    assert isinstance(standing, Standing)
    assert standing.unified()["person_id"] == ana.remote_id
    assert standing.unified()["list_id"] == hub.config.audience_id
    assert standing.unified()["status"] == "cleaned"


async def test_campaigns_and_their_figures_are_read(hub):
    (key,) = hub.act("seed_campaigns", campaigns=[CAMPAIGN])
    (campaign,) = await hub.read(mailchimp.streams["campaigns"])
    (report,) = await hub.read(mailchimp.streams["reports"])
    assert campaign.unified()["name"] == "Autumn"
    assert report.unified()["entity_id"] == campaign.remote_id == key
    assert report.unified()["on"] == campaign.unified()["send_at"][:10]


# -------------------------------------------------------------------------- writes
async def test_people_are_created_by_address(hub):
    (made,) = await hub.write(
        "create",
        create(email="Ana@Shop.example.com", given_name="Ana", email_consent="granted", tags=["vip"], locale="es"),
    )
    assert made.status == "created"
    ana = await hub.person("Ana@Shop.example.com")
    assert made.id == ana.remote_id
    assert ana.unified()["email_consent"] == "granted"
    assert ana.unified()["tags"] == ["vip"]
    ((path, _, body),) = hub.requests("PUT")
    assert path.endswith(f"/members/{md5(b'ana@shop.example.com').hexdigest()}")
    assert "status" not in body


async def test_creating_twice_makes_one_member(hub):
    ana = create(email="ana@shop.example.com", email_consent="granted")
    first, second = (await hub.write("create", ana))[0], (await hub.write("create", ana))[0]
    assert first.id == second.id
    assert len(await hub.read(MEMBERS)) == 1


async def test_creating_never_brings_back_who_left(hub):
    hub.act("seed", members=[member("ana")])
    hub.act("unsubscribe", email="ana@shop.example.com")
    (made,) = await hub.write("create", create(email="ana@shop.example.com", email_consent="granted"))
    assert made.stored["status"] == "unsubscribed"


async def test_creating_takes_an_archived_member_out_again(hub):
    hub.act("seed", members=[member("ana")])
    hub.act("archive", email="ana@shop.example.com")
    (made,) = await hub.write("create", create(email="ana@shop.example.com", email_consent="granted"))
    assert made.status == "created"
    assert made.stored["status"] == "subscribed"


async def test_only_what_changed_is_sent(hub):
    hub.act("seed", members=[member("ana", merge_fields={"FNAME": "Ana", "LNAME": "Ruiz"})])
    ana = await hub.person("ana@shop.example.com")
    (done,) = await hub.write("update", update(ana, given_name="Anna"))
    assert done.status == "updated"
    assert done.stored["merge_fields"]["LNAME"] == "Ruiz"
    ((path, _, body),) = hub.requests("PATCH")
    assert path.endswith(f"/members/{ana.id}")
    assert body == {"merge_fields": {"FNAME": "Anna"}}


async def test_an_address_changes_under_the_same_id(hub):
    hub.act("seed", members=[member("ana")])
    ana = await hub.person("ana@shop.example.com")
    (done,) = await hub.write("update", update(ana, email="ana@new.example.com"))
    assert (done.status, done.id) == ("updated", ana.id)
    assert (await hub.person("ana@new.example.com")).id == ana.id


async def test_tags_that_the_hub_has_not_seen_stay(hub):
    hub.act("seed", members=[member("ana", tags=["old", "kept"])])
    ana = await hub.person("ana@shop.example.com")
    hub.act("tag", email=ana.email, name="meanwhile")
    (done,) = await hub.write("update", update(ana, tags=["kept", "new"]))
    assert done.status == "updated"
    assert (await hub.person(ana.email)).unified()["tags"] == ["kept", "meanwhile", "new"]
    ((_, _, body),) = hub.requests("POST")
    assert body == {"tags": [{"name": "new", "status": "active"}, {"name": "old", "status": "inactive"}]}


async def test_a_refusal_is_written(hub):
    hub.act("seed", members=[member("ana")])
    ana = await hub.person("ana@shop.example.com")
    (done,) = await hub.write("update", update(ana, email_consent="denied"))
    assert done.stored["status"] == "unsubscribed"


async def test_who_left_cannot_be_subscribed_again(hub):
    hub.act("seed", members=[member("ana"), member("ben")])
    hub.act("unsubscribe", email="ana@shop.example.com")
    ana, ben = await hub.person("ana@shop.example.com"), await hub.person("ben@shop.example.com")
    refused, done = await hub.write("update", update(ana, email_consent="granted"), update(ben, given_name="Ben"))
    assert (refused.status, refused.code) == ("rejected", "compliance")
    assert "only the person" in refused.reason
    assert done.status == "updated"


async def test_a_bad_address_is_one_rejected_record(hub):
    bad, good = await hub.write(
        "create",
        create(email="not an address", email_consent="granted"),
        create(email="ana@shop.example.com", email_consent="granted"),
    )
    assert (bad.status, bad.code) == ("rejected", "invalid_resource")
    assert bad.reason
    assert good.status == "created"


async def test_a_member_deleted_for_good_is_not_found(hub):
    hub.act("seed", members=[member("ana")])
    ana = await hub.person("ana@shop.example.com")
    hub.act("delete", email=ana.email)
    (done,) = await hub.write("update", update(ana, given_name="Anna"))
    assert (done.status, done.code) == ("rejected", "not_found")
    assert await MEMBERS.finder.function(hub.session, [update(ana, given_name="Anna")]) == []


async def test_deleting_archives_and_may_be_repeated(hub):
    hub.act("seed", members=[member("ana")])
    ana = await hub.person("ana@shop.example.com")
    write = Write("delete", "h1", ana, ana.id)
    assert [o.status for o in await hub.write("delete", write)] == ["deleted"]
    assert [o.status for o in await hub.write("delete", write)] == ["deleted"]
    assert [m.remote_id for m in await hub.read(MEMBERS, "gone")] == [ana.id]
    assert await MEMBERS.finder.function(hub.session, [write]) == []


async def test_who_has_yet_to_confirm_cannot_be_archived(hub):
    hub.act("seed", members=[member("ana", status="pending")])
    ana = await hub.person("ana@shop.example.com")
    (done,) = await hub.write("delete", Write("delete", "h1", ana, ana.id))
    assert (done.status, done.code) == ("rejected", "not_archivable")


async def test_records_are_read_back_by_id_and_by_address(hub):
    hub.act("seed", members=[member("ana"), member("ben")])
    ana = await hub.person("ana@shop.example.com")
    found = await MEMBERS.finder.function(
        hub.session,
        [
            update(ana, given_name="x"),
            create(email="BEN@shop.example.com", email_consent="granted"),
            create(email="nobody@shop.example.com", email_consent="granted"),
        ],
    )
    records = [Member.model_validate(row) for row in found]
    assert [r.email for r in records] == ["ana@shop.example.com", "ben@shop.example.com"]


async def test_writes_say_what_the_description_takes(hub):
    spec = load_spec("mailchimp")
    home = {
        "street": "Calle Mayor 1",
        "city": "Madrid",
        "region": "MD",
        "postal_code": "28013",
        "country": "ES",
    }
    await hub.write(
        "create",
        create(email="ana@shop.example.com", email_consent="granted", tags=["a"], locale="es", **home),
    )
    ana = await hub.person("ana@shop.example.com")
    await hub.write("update", update(ana, tags=["b"], family_name=None, email_consent="denied", city="Getafe"))
    await hub.write("delete", Write("delete", "h1", ana, ana.id))
    sent = [(m, path, body) for m, path, _, body in hub.sent if m != "GET"]
    assert {m for m, _, _ in sent} == {"PUT", "PATCH", "POST", "DELETE"}
    for method, path, body in sent:
        (operation,) = spec.operations(method, path)
        if body is not None:
            assert spec.compare(operation["body"], body) == [], path


async def test_a_lost_answer_is_reported_as_unsettled_and_read_back(hub):
    ana = create(email="ana@shop.example.com", email_consent="granted")
    hub.server.simulator.faults.add(Fault(kind="lose_answer", method="PUT"))
    with pytest.raises(Unsettled):
        await hub.write("create", ana)
    (row,) = await MEMBERS.finder.function(hub.session, [ana])
    assert row["email_address"] == "ana@shop.example.com"


# ------------------------------------------------------------------------- merge fields and erasure
async def test_merge_fields_are_typed_and_written(hub):
    path = f"/lists/{hub.config.audience_id}/merge-fields"
    options = {"choices": ["S", "M"]}
    await hub.session.post(path, {"name": "Size", "tag": "SIZE", "type": "dropdown", "options": options})
    await hub.session.post(path, {"name": "Visits", "tag": "VISITS", "type": "number"})
    await hub.session.post(path, {"name": "Since", "tag": "SINCE", "type": "date"})
    await hub.session.post(path, {"name": "Home", "tag": "HOME", "type": "address"})
    custom = MEMBERS.extended(await MEMBERS.customizer(hub.session))
    assert set(custom.record.custom()) == {f"custom.mailchimp.{tag}" for tag in ("SIZE", "VISITS", "SINCE")}
    values = {"email": "ana@shop.example.com", "email_consent": "granted", "custom.mailchimp.VISITS": "12.5"}
    values |= {"custom.mailchimp.SIZE": "M", "custom.mailchimp.SINCE": "2024-02-29"}
    record, names = custom.record.blank(values)
    write = Write("create", "h1", record, None, frozenset(names))
    (outcome,) = await custom.writers["create"].function(hub.session, [write])
    stored = custom.record.model_validate(outcome.stored)
    assert {n: v for n, v in stored.unified().items() if n in values} == values


async def test_a_member_is_erased_for_good_and_twice_does_no_harm(hub):
    hub.act("seed", members=[member("ana")])
    (ana,) = await hub.read(MEMBERS)
    write = Write("delete", "h1", ana, ana.id)
    for _ in range(2):
        (outcome,) = await MEMBERS.eraser.function(hub.session, [write])
        assert outcome.status == "deleted"
    assert "ana@shop.example.com" not in str(hub.server.simulator.state()["members"])
