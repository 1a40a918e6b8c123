"""The vendor's rules that a sync must live with."""

import gzip
import io
import json
import tarfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from vaiven_connectors.mailchimp.simulator import MailchimpSimulator, simulator
from vaiven_sdk.testing import ManualClock

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Desk:
    """The simulator with its clock and an authenticated client."""

    def __init__(self, **quirks: Any) -> None:
        self.clock = ManualClock(START)
        self.sim = MailchimpSimulator(clock=self.clock, quirks=quirks)
        self.http = TestClient(self.sim.app, headers={"Authorization": f"Bearer {self.sim.api_key}"})
        self.list = f"/lists/{self.sim.list_id}"

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        content = None if body is None else json.dumps(body)
        return self.http.request(method, f"/3.0{path}", content=content, params=query or None)

    def member(self, key: str, method: str = "GET", body: Any = None, **query: Any) -> httpx.Response:
        return self.call(method, f"{self.list}/members/{key}", body, **query)

    def add(self, email: str, status: str = "subscribed", **rest: Any) -> httpx.Response:
        body = {"email_address": email, "status": status, **rest}
        return self.call("POST", f"{self.list}/members", body)

    def emails(self, **query: Any) -> list[str]:
        page = self.call("GET", f"{self.list}/members", **query).json()
        return [member["email_address"] for member in page["members"]]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def title(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["title"]


def test_the_registry_finds_it_by_name() -> None:
    assert simulator is MailchimpSimulator


def test_the_same_seed_gives_the_same_account() -> None:
    assert MailchimpSimulator(seed=4).config == MailchimpSimulator(seed=4).config


def test_config_has_the_settings_of_the_connector() -> None:
    sim = MailchimpSimulator()
    assert sim.config == {"audience_id": sim.list_id, "data_centre": "us21"}
    assert sim.credential["api_key"].endswith("-us21")


class TestIdentity:
    def test_id_ignores_case_and_the_address_keeps_it(self, desk: Desk) -> None:
        made = desk.add("Ada@Example.com").json()
        assert made["email_address"] == "Ada@Example.com"
        assert made["id"] == md5(b"ada@example.com", usedforsecurity=False).hexdigest()
        assert title(desk.add("ada@example.COM")) == (400, "Member Exists")

    def test_an_address_change_moves_the_id_and_keeps_the_contact(self, desk: Desk) -> None:
        made = desk.add("ada@example.com").json()
        moved = desk.member(made["id"], "PATCH", {"email_address": "countess@example.com"}).json()
        assert moved["id"] != made["id"]
        assert moved["unique_email_id"] != made["unique_email_id"]
        assert (moved["contact_id"], moved["web_id"]) == (made["contact_id"], made["web_id"])
        assert desk.member(made["id"]).status_code == 404

    def test_an_address_change_onto_another_member_is_refused(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.add("bo@example.com")
        answer = desk.member("ada@example.com", "PATCH", {"email_address": "bo@example.com"})
        assert title(answer) == (400, "Invalid Resource")
        assert answer.json()["errors"][0]["field"] == "email_address"

    def test_a_put_whose_path_is_not_the_address_meets_the_member(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        body = {"email_address": "ada@example.com", "status_if_new": "subscribed"}
        assert title(desk.member("0" * 32, "PUT", body)) == (400, "Member Exists")

    @pytest.mark.parametrize("email", ["bad", "a@b", "x@yopmail.com"])
    def test_a_bad_or_fake_address(self, desk: Desk, email: str) -> None:
        assert title(desk.add(email)) == (400, "Invalid Resource")


class TestConsent:
    def test_who_left_in_person_can_only_be_made_pending(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.sim.unsubscribe("ada@example.com")
        refused = desk.member("ada@example.com", "PATCH", {"status": "subscribed"})
        assert title(refused) == (400, "Member In Compliance State")
        assert "type" not in refused.json()
        assert desk.member("ada@example.com", "PATCH", {"status": "pending"}).json()["status"] == "pending"
        again = desk.member("ada@example.com", "PATCH", {"status": "subscribed"})
        assert title(again) == (400, "Member In Compliance State")
        desk.sim.confirm("ada@example.com")
        assert desk.member("ada@example.com").json()["status"] == "subscribed"

    def test_who_was_unsubscribed_by_api_can_be_subscribed_by_api(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.member("ada@example.com", "PATCH", {"status": "unsubscribed"})
        assert desk.member("ada@example.com", "PATCH", {"status": "subscribed"}).json()["status"] == "subscribed"

    def test_a_bounced_address_stays_cleaned(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.sim.bounce("ada@example.com")
        body = {"email_address": "ada@example.com", "status_if_new": "subscribed", "status": "subscribed"}
        assert title(desk.member("ada@example.com", "PUT", body)) == (400, "Member In Compliance State")

    def test_a_refused_write_changes_nothing(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.sim.unsubscribe("ada@example.com")
        before = desk.sim.state()
        desk.member("ada@example.com", "PATCH", {"status": "subscribed", "merge_fields": {"FNAME": "Ada"}})
        assert desk.sim.state() == before

    def test_archiving_does_not_wash_off_a_compliance_state(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.sim.unsubscribe("ada@example.com")
        desk.member("ada@example.com", "DELETE")
        assert title(desk.add("ada@example.com")) == (400, "Member In Compliance State")
        desk.sim.sign_up("ada@example.com")
        assert desk.member("ada@example.com").json()["status"] == "subscribed"

    @pytest.mark.parametrize("status", ["subscribed", "pending"])
    def test_the_forgotten_cannot_be_imported(self, desk: Desk, status: str) -> None:
        made = desk.add("ada@example.com").json()
        desk.member(made["id"] + "/actions/delete-permanent", "POST")
        assert desk.member(made["id"]).status_code == 404
        assert title(desk.add("ada@example.com", status)) == (400, "Forgotten Email Not Subscribed")
        assert desk.sim.state()["members"][made["id"]]["deleted"] is True
        assert "ada@example.com" not in json.dumps(desk.sim.state())
        desk.sim.sign_up("ada@example.com")
        assert desk.member("ada@example.com").json()["status"] == "subscribed"

    def test_seeded_people_can_have_left(self, desk: Desk) -> None:
        left = {"email_address": "ada@example.com", "status": "unsubscribed", "opted_out": True}
        desk.sim.seed([left | {"last_changed": "2025-01-01T00:00:00+00:00"}])
        assert desk.member("ada@example.com").json()["last_changed"] == "2025-01-01T00:00:00+00:00"
        answer = desk.member("ada@example.com", "PATCH", {"status": "subscribed"})
        assert title(answer) == (400, "Member In Compliance State")


class TestArchive:
    def test_archived_members_are_listed_on_request_only(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.add("bo@example.com")
        assert desk.member("ada@example.com", "DELETE").status_code == 204
        assert desk.emails() == ["bo@example.com"]
        assert desk.emails(status="archived") == ["ada@example.com"]
        everyone = Desk(list_archived=True)
        everyone.sim.seed([{"email_address": "ada@example.com", "status": "archived"}])
        assert everyone.emails() == ["ada@example.com"]

    def test_archiving_twice_is_not_allowed(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.member("ada@example.com", "DELETE")
        answer = desk.member("ada@example.com", "DELETE")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")

    def test_adding_an_archived_member_brings_it_back_with_its_fields(self, desk: Desk) -> None:
        made = desk.add("ada@example.com", merge_fields={"FNAME": "Ada"}).json()
        desk.member("ada@example.com", "DELETE")
        back = desk.add("ada@example.com").json()
        assert (back["contact_id"], back["merge_fields"]["FNAME"]) == (made["contact_id"], "Ada")

    def test_status_if_new_leaves_the_archived_archived(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.member("ada@example.com", "DELETE")
        body = {"email_address": "ada@example.com", "status_if_new": "subscribed"}
        assert desk.member("ada@example.com", "PUT", body).json()["status"] == "archived"


class TestFields:
    def test_a_new_member_has_every_field_empty(self, desk: Desk) -> None:
        empty = {"FNAME": "", "LNAME": "", "ADDRESS": "", "PHONE": ""}
        assert desk.add("ada@example.com").json()["merge_fields"] == empty

    def test_given_instants_are_kept_in_utc(self, desk: Desk) -> None:
        made = desk.add("ada@example.com", timestamp_opt="2015-10-21T17:41:36+02:00").json()
        assert made["timestamp_opt"] == "2015-10-21T15:41:36+00:00"
        wrong = desk.add("bo@example.com", timestamp_signup="yesterday")
        assert wrong.json()["errors"][0]["field"] == "timestamp_signup"

    def test_unknown_tags_are_ignored_and_numbers_stay_numbers(self, desk: Desk) -> None:
        desk.call("POST", f"{desk.list}/merge-fields", {"name": "Size", "type": "number", "tag": "SIZE"})
        made = desk.add("ada@example.com", merge_fields={"SIZE": "100", "NOPE": 1}).json()
        assert made["merge_fields"]["SIZE"] == 100
        assert "NOPE" not in made["merge_fields"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"merge_fields": {"FNAME": None}}, "merge_fields.FNAME"),
            ({"merge_fields": []}, "merge_fields"),
            ({"merge_fields": {"ADDRESS": {"addr1": "Calle Mayor 1"}}}, "ADDRESS"),
            ({"status": "archived"}, "status"),
            ({"vip": "yes"}, "vip"),
        ],
    )
    def test_wrong_values_are_named(self, desk: Desk, body: dict[str, Any], field: str) -> None:
        desk.add("ada@example.com")
        answer = desk.member("ada@example.com", "PATCH", body)
        assert title(answer) == (400, "Invalid Resource")
        assert [error["field"] for error in answer.json()["errors"]] == [field]

    def test_missing_properties_are_named(self, desk: Desk) -> None:
        answer = desk.call("POST", f"{desk.list}/members", {"status": "subscribed"})
        assert answer.json()["errors"] == [{"field": "", "message": "Required fields were not provided: email_address"}]

    def test_fields_and_exclude_fields(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        page = desk.call("GET", f"{desk.list}/members", fields="members.merge_fields.FNAME,total_items")
        assert page.json() == {"members": [{"merge_fields": {"FNAME": ""}}], "total_items": 1}
        page = desk.call("GET", f"{desk.list}/members", exclude_fields="members._links,_links").json()
        assert "_links" not in page
        assert "_links" not in page["members"][0]
        page = desk.call("GET", f"{desk.list}/members").json()
        one = page["members"][0]
        assert {"rel": "self", "href": f"http://testserver/3.0{desk.list}/members/{one['id']}"}.items() <= (
            one["_links"][0].items()
        )


class TestListing:
    def test_since_and_before_are_strict_and_count_whole_seconds(self, desk: Desk) -> None:
        for name in ("ada", "bo", "cy"):
            desk.add(f"{name}@example.com")
            desk.clock.advance(0.6)
        changed = [m["last_changed"] for m in desk.call("GET", f"{desk.list}/members").json()["members"]]
        assert changed == [f"2026-03-01T09:00:0{second}+00:00" for second in (0, 0, 1)]
        assert desk.emails(since_last_changed="2026-03-01T09:00:00+00:00") == ["cy@example.com"]
        assert desk.emails(since_last_changed="2026-03-01T10:00:00+01:00") == ["cy@example.com"]
        assert len(desk.emails(before_last_changed="2026-03-01T09:00:01+00:00")) == 2

    def test_sorting(self, desk: Desk) -> None:
        for name in ("ada", "bo", "cy"):
            desk.add(f"{name}@example.com")
            desk.clock.advance(1)
        desk.member("ada@example.com", "PATCH", {"vip": True})
        assert desk.emails(sort_field="last_changed") == [
            "bo@example.com",
            "cy@example.com",
            "ada@example.com",
        ]
        assert desk.emails(sort_field="last_changed", sort_dir="DESC", count=1) == ["ada@example.com"]
        since = "2026-03-01T09:00:01+00:00"
        assert desk.emails(since_last_changed=since) == ["ada@example.com", "cy@example.com"]
        assert desk.emails(vip_only="true") == ["ada@example.com"]

    def test_offset_paging_shifts_when_a_member_goes(self, desk: Desk) -> None:
        desk.sim.seed([{"email_address": f"p{i}@example.com"} for i in range(4)])
        assert desk.emails(count=2) == ["p0@example.com", "p1@example.com"]
        desk.member("p0@example.com", "DELETE")
        assert desk.emails(count=2, offset=2) == ["p3@example.com"]

    def test_the_sorted_orders_follow_every_change(self, desk: Desk) -> None:
        desk.sim.seed([{"email_address": f"p{i}@example.com"} for i in range(50)])
        desk.emails(sort_field="last_changed")
        for i in range(0, 50, 3):
            desk.clock.advance(1)
            desk.sim.edit(f"p{i}@example.com", {"merge_fields": {"FNAME": str(i)}})
        moved = [f"p{i}@example.com" for i in range(0, 50, 3)]
        assert desk.emails(sort_field="last_changed", count=1000)[-len(moved) :] == moved

    def test_a_count_over_1000_is_1000(self, desk: Desk) -> None:
        desk.sim.seed([{"email_address": f"p{i}@example.com"} for i in range(1001)])
        page = desk.call("GET", f"{desk.list}/members", count=5000, fields="members.id,total_items").json()
        assert (len(page["members"]), page["total_items"]) == (1000, 1001)
        assert desk.call("GET", f"{desk.list}/members", count="many").status_code == 400

    def test_an_edit_that_changes_nothing_is_not_a_change(self, desk: Desk) -> None:
        before = desk.add("ada@example.com", merge_fields={"FNAME": "Ada"}).json()["last_changed"]
        desk.clock.advance(60)
        body = {"merge_fields": {"FNAME": "Ada"}, "status": "subscribed"}
        assert desk.member("ada@example.com", "PATCH", body).json()["last_changed"] == before


class TestBatchSubscribe:
    def test_a_compliance_state_fails_alone(self, desk: Desk) -> None:
        desk.add("ada@example.com")
        desk.sim.unsubscribe("ada@example.com")
        members = [{"email_address": f"{n}@example.com", "status": "subscribed"} for n in ("ada", "bo", "bo")]
        done = desk.call("POST", desk.list, {"members": members, "update_existing": True}).json()
        assert (done["total_created"], done["error_count"]) == (1, 2)
        assert "compliance state" in done["errors"][0]["error"]

    def test_at_most_500(self, desk: Desk) -> None:
        members = [{"email_address": f"p{i}@example.com", "status": "subscribed"} for i in range(501)]
        assert desk.call("POST", desk.list, {"members": members}).status_code == 400


class TestTransport:
    def test_problem_document(self, desk: Desk) -> None:
        answer = desk.call("GET", "/nowhere")
        assert answer.headers["content-type"] == "application/problem+json; charset=utf-8"
        body = answer.json()
        assert body["type"] == "https://mailchimp.com/developer/marketing/docs/errors/"
        assert body["instance"] == answer.headers["x-request-id"]
        assert title(desk.call("PUT", "/lists", {})) == (405, "Method Not Allowed")
        broken = desk.http.post(f"/3.0{desk.list}/members", content=b"{")
        assert title(broken) == (400, "JSON Parse Error")

    @pytest.mark.parametrize("scheme", ["Basic", "Bearer", "apikey", "none"])
    def test_credentials(self, desk: Desk, scheme: str) -> None:
        http = TestClient(desk.sim.app)
        if scheme == "Basic":
            assert http.get("/3.0/ping", auth=("anystring", desk.sim.api_key)).status_code == 200
        elif scheme == "none":
            assert title(http.get("/3.0/ping")) == (401, "API Key Missing")
        else:
            header = {"Authorization": f"{scheme} {desk.sim.api_key}"}
            assert http.get("/3.0/ping", headers=header).status_code == 200

    def test_retry_after_is_a_quirk(self) -> None:
        assert "retry-after" not in Desk(max_connections=0).call("GET", "/ping").headers
        busy = Desk(max_connections=0, retry_after=2).call("GET", "/ping")
        assert (busy.status_code, busy.headers["retry-after"]) == (429, "2")

    def test_oauth(self, desk: Desk) -> None:
        http = TestClient(desk.sim.app, follow_redirects=False)
        back = http.get("/oauth2/authorize?redirect_uri=http://127.0.0.1/cb&state=s").headers["location"]
        query = parse_qs(urlsplit(back).query)
        form = {"grant_type": "authorization_code", "code": query["code"][0]}
        token = http.post("/oauth2/token", data=form).json()["access_token"]
        assert http.post("/oauth2/token", data=form).status_code == 400
        found = http.get("/oauth2/metadata", headers={"Authorization": f"OAuth {token}"}).json()
        assert (query["state"], found["dc"], found["api_endpoint"]) == (["s"], "us21", "http://testserver")

    def test_the_bench_reports_what_the_vendor_refuses(self, desk: Desk) -> None:
        answer = desk.http.post("/_sim/call", json={"action": "unsubscribe", "args": {"email": "no@example.com"}})
        assert answer.status_code == 422


def test_batch_operations_finish_later_with_an_archive_of_answers() -> None:
    desk = Desk(batch_seconds=30)
    operations = [{"method": "GET", "path": "/lists", "operation_id": "a", "params": {"count": 1}}]
    key = desk.call("POST", "/batches", {"operations": operations}).json()["id"]
    assert desk.call("GET", f"/batches/{key}").json()["status"] == "pending"
    desk.clock.advance(30)
    done = desk.call("GET", f"/batches/{key}").json()
    archive = gzip.decompress(desk.http.get(done["response_body_url"]).content)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile(tar.getmembers()[0])
        assert file is not None
        results = json.load(file)
    assert (results[0]["status_code"], results[0]["operation_id"]) == (200, "a")
    assert json.loads(results[0]["response"])["total_items"] == 1


def test_two_batches_due_at_once_both_finish() -> None:
    desk = Desk(batch_seconds=1)
    for _ in range(2):
        desk.call("POST", "/batches", {"operations": [{"method": "GET", "path": "/ping"}]})
    desk.clock.advance(1)
    batches = desk.call("GET", "/batches").json()["batches"]
    assert [batch["status"] for batch in batches] == ["finished", "finished"]


def test_tags_are_static_segments(desk: Desk) -> None:
    made = desk.add("ada@example.com", tags=["maths"]).json()
    desk.clock.advance(60)
    desk.sim.tag("ada@example.com", "vip")
    segments = desk.call("GET", f"{desk.list}/segments", type="static").json()["segments"]
    assert [(segment["name"], segment["member_count"]) for segment in segments] == [("maths", 1), ("vip", 1)]
    now = desk.member(made["id"]).json()
    assert [tag["id"] for tag in now["tags"]] == [segment["id"] for segment in segments]
    assert (now["tags_count"], now["last_changed"]) == (2, made["last_changed"])
    desk.call("DELETE", f"{desk.list}/segments/{segments[0]['id']}")
    assert [tag["name"] for tag in desk.member(made["id"]).json()["tags"]] == ["vip"]


def test_reports_are_restated(desk: Desk) -> None:
    sent = {
        "send_time": "2026-02-01T09:00:00+00:00",
        "emails_sent": 10,
        "figures": {"opens": 2, "unique_opens": 2},
    }
    key = desk.sim.seed_campaigns([sent])[0]
    assert desk.call("GET", f"/reports/{key}").json()["opens"]["open_rate"] == 0.2
    desk.sim.engage(key, {"opens": 4, "unique_opens": 3})
    assert desk.call("GET", f"/reports/{key}").json()["opens"]["opens_total"] == 6
    late = desk.call("GET", "/reports", since_send_time="2026-02-01T09:00:00+00:00")
    assert late.json()["total_items"] == 0


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    heard: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", heard
    server.shutdown()
    thread.join()
    server.server_close()


def test_webhooks(desk: Desk, receiver: tuple[str, list[dict[str, list[str]]]]) -> None:
    url, heard = receiver
    events = {"subscribe": True, "unsubscribe": True, "upemail": True, "profile": True}
    hook = {"url": url, "events": events, "sources": {"user": True, "admin": True, "api": False}}
    desk.call("POST", f"{desk.list}/webhooks", hook)
    desk.add("quiet@example.com")
    desk.sim.sign_up("ada@example.com", {"FNAME": "Ada"})
    desk.sim.edit("ada@example.com", {"email_address": "countess@example.com"})
    desk.sim.unsubscribe("countess@example.com")
    for _ in range(500):
        if len(heard) < 4:
            time.sleep(0.01)
    assert [event["type"] for event in heard] == [["subscribe"], ["upemail"], ["profile"], ["unsubscribe"]]
    assert heard[0]["data[merges][FNAME]"] == ["Ada"]
    assert heard[1]["data[new_email]"] == ["countess@example.com"]
