"""Audiences, events, leads and webhooks as the simulator has them."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.connectors.meta_ads.caller import NOW, Caller, codes


@pytest.fixture
def ask():
    return Caller()


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


# ----------------------------------------------------------------------------------------------------- audiences

AUDIENCE = {"name": "Buyers", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}


@pytest.fixture
def audience(ask):
    return ask("POST", f"{ask.sim.account}/customaudiences", **AUDIENCE)["id"]


def payload(schema, *data):
    return {"schema": schema, "data": list(data)}


def test_people_go_in_and_only_a_size_comes_out(ask, audience):
    people = payload("EMAIL_SHA256", *[sha(f"p{n}@example.com") for n in range(1500)])
    answer = ask("POST", f"{audience}/users", payload=people)
    assert (answer["audience_id"], answer["num_received"], answer["num_invalid_entries"]) == (audience, 1500, 0)
    assert answer["session_id"].isdigit()
    ask("POST", f"{audience}/users", payload=people)
    assert ask.sim.audience_size(audience) == 1500
    assert ask.error("GET", f"{audience}/users")["code"] == 100
    fields = "approximate_count_lower_bound,approximate_count_upper_bound,delivery_status,operation_status"
    fresh = ask("GET", audience, fields=fields)
    assert (fresh["approximate_count_lower_bound"], fresh["delivery_status"]["code"]) == (-1, 300)
    ask.sim.clock.advance(86_400)
    later = ask("GET", audience, fields=fields)
    assert (later["approximate_count_lower_bound"], later["approximate_count_upper_bound"]) == (1500, 1600)
    assert (later["delivery_status"]["code"], later["operation_status"]["code"]) == (200, 200)


def test_only_hashes_are_taken(ask, audience):
    mixed = payload(
        ["EMAIL", "PHONE", "EXTERN_ID"], [sha("a@example.com"), "", "crm-1"], ["b@example.com", "", "crm-2"]
    )
    answer = ask("POST", f"{audience}/users", payload=mixed)
    assert answer["num_invalid_entries"] == 1
    assert "b@example.com" in answer["invalid_entry_samples"]["1"]
    short = ask("POST", f"{audience}/users", payload=payload(["EMAIL", "PHONE"], [sha("c@example.com")], ["", ""]))
    assert short["num_invalid_entries"] == 2
    assert ask.sim.audience_values(audience) == {sha("a@example.com")}
    assert ask.sim.audience_values(audience, "EXTERN_ID") == {"crm-1"}
    assert ask.error("POST", f"{audience}/users", payload=payload("SHOE_SIZE", "42"))["code"] == 100
    assert ask.error("POST", f"{audience}/users", payload={"schema": "EMAIL"})["code"] == 100
    many = payload("EMAIL", *["x"] * 10_001)
    assert ask.error("POST", f"{audience}/users", payload=many)["code"] == 100


def test_one_person_by_any_name(ask, audience):
    mail, phone = sha("a@example.com"), sha("16175550100")
    ask("POST", f"{audience}/users", payload=payload("EMAIL", mail))
    ask("POST", f"{audience}/users", payload=payload(["EMAIL", "PHONE"], [mail, phone]))
    assert ask.sim.audience_size(audience) == 1
    ask("DELETE", f"{audience}/users", payload=payload("PHONE_SHA256", phone))
    assert ask.sim.audience_size(audience) == 0


def test_others_in_their_place(ask, audience):
    ask("POST", f"{audience}/users", payload=payload("EMAIL", sha("old@example.com")))
    assert ask.error("POST", f"{audience}/usersreplace", payload=payload("EMAIL", sha("x")))["code"] == 100
    first = {"session_id": 9, "batch_seq": 1, "last_batch_flag": False}
    ask("POST", f"{audience}/usersreplace", payload=payload("EMAIL", sha("new1@example.com")), session=first)
    assert ask.sim.audience_values(audience) == {sha("old@example.com")}
    last = {"session_id": 9, "batch_seq": 2, "last_batch_flag": True}
    ask("POST", f"{audience}/usersreplace", payload=payload("EMAIL", sha("new2@example.com")), session=last)
    assert ask.sim.audience_values(audience) == {sha("new1@example.com"), sha("new2@example.com")}
    (_, session) = ask("GET", f"{audience}/sessions")["data"]
    assert (session["session_id"], session["num_received"], session["progress"]) == ("9", "2", "100")


def test_what_stops_an_audience(ask, audience):
    path = f"{ask.sim.account}/customaudiences"
    assert ask.error("POST", path, name="X")["code"] == 100
    assert ask.error("POST", path, subtype="CUSTOM")["code"] == 100
    assert ask.error("POST", path, **{**AUDIENCE, "subtype": "WEBSITE"})["code"] == 100
    ask.sim.flag_audience(audience)
    assert ask("GET", audience, fields="operation_status")["operation_status"]["code"] == 471
    flagged = ask.error("POST", f"{audience}/users", payload=payload("EMAIL", sha("a")))
    assert (codes(flagged), flagged["error_user_title"]) == ((100, 1713230), "Audience Upload Blocked")
    ask.sim.refuse_terms()
    assert codes(ask.error("POST", path, 403, **AUDIENCE)) == (200, 1870034)


def test_changes_and_deletes_an_audience(ask, audience):
    ask.sim.clock.advance(60)
    ask("POST", audience, name="All buyers", description="since 2020")
    shown = ask("GET", audience, fields="name,description,time_created,time_updated")
    assert (shown["name"], shown["time_updated"] - shown["time_created"]) == ("All buyers", 60)
    assert ask("DELETE", audience) == {"success": True}
    assert codes(ask.error("GET", audience)) == (100, 33)


def test_not_everybody_is_at_meta():
    ask = Caller(match_percent=50, audience_lag=0.0)
    one = ask("POST", f"{ask.sim.account}/customaudiences", **AUDIENCE)["id"]
    people = payload("EMAIL", *[sha(f"p{n}@example.com") for n in range(2000)])
    ask("POST", f"{one}/users", payload=people)
    size = ask("GET", one, fields="approximate_count_lower_bound")["approximate_count_lower_bound"]
    assert 700 < size < 1300


# -------------------------------------------------------------------------------------------------------- events


def event(ident="1", at=NOW, **changes):
    one = {"event_name": "Purchase", "event_time": int(at.timestamp()), "event_id": ident, "action_source": "website"}
    one |= {"user_data": {"em": [sha("a@example.com")]}, "custom_data": {"value": 9.5, "currency": "USD"}}
    return {**one, **changes}


def send(ask, *events, expect=200, **given):
    return ask("POST", f"{ask.sim.pixel_id}/events", expect, data=list(events), **given)


def test_an_event_counts_once(ask):
    assert send(ask, event("1"), event("2"))["events_received"] == 2
    assert send(ask, event("1"), event("1", event_name="Lead"), event(""), event(""))["events_received"] == 4
    assert [one["event_id"] for one in ask.sim.conversions()] == ["1", "2", "1", "", ""]
    ask.sim.clock.advance(49 * 3600)
    send(ask, event("1"))
    assert len(ask.sim.conversions()) == 6
    send(ask, event("9"), test_event_code="TEST1")
    assert len(ask.sim.conversions()) == 6


@pytest.mark.parametrize(
    "bad",
    [
        event(at=NOW - timedelta(days=7, seconds=1)),
        event(at=NOW + timedelta(hours=1)),
        event(event_name=""),
        event(event_time=None),
        event(event_time=NOW.isoformat()),
        event(action_source="radio"),
        event(user_data={}),
        event(user_data={"client_ip_address": "127.0.0.1"}),
        event(user_data={"em": ["a@example.com"]}),
        event(custom_data={"value": 1}),
    ],
)
def test_one_bad_event_refuses_all(ask, bad):
    error = send(ask, event("1"), bad, event("2"), expect=400)["error"]
    assert (error["message"], error["code"]) == ("Invalid parameter", 100)
    assert error["error_user_msg"]
    assert ask.sim.conversions() == []


def test_how_old_an_event_may_be(ask):
    send(ask, event("1", NOW - timedelta(days=7)))
    send(ask, event("2", NOW - timedelta(days=62), action_source="physical_store"))
    old = send(ask, event("3", NOW - timedelta(days=63), action_source="physical_store"), expect=400)["error"]
    assert codes(old) == (100, 2804003)


def test_how_many_events(ask):
    assert send(ask, *[event(str(n)) for n in range(1000)])["events_received"] == 1000
    assert send(ask, *[event(str(n)) for n in range(1001)], expect=400)["error"]["code"] == 100
    assert send(ask, expect=400)["error"]["code"] == 100
    assert send(ask, "{", expect=400)["error"]["code"] == 100
    assert send(ask, "[]", expect=400)["error"]["code"] == 100
    ask.sim.restrict_token(["ads_read"])
    assert send(ask, event("1"), expect=403)["error"]["code"] == 200


# --------------------------------------------------------------------------------------------------------- leads


@pytest.fixture
def page(ask):
    (one,) = ask("GET", "me/accounts", fields="access_token")["data"]
    return one["access_token"]


def test_leads_want_the_pages_token(ask, page):
    form = ask.sim.make_form("News", ["EMAIL"])
    lead = ask.sim.submit_lead(form, {"email": "a@example.com"})
    for path in (f"{ask.sim.page_id}/leadgen_forms", form, f"{form}/leads", lead):
        assert "Page Access Token" in ask.error("GET", path)["message"]
        assert ask("GET", path, token=page)
    assert ask("GET", "me", token=page)["id"] == ask.sim.page_id
    assert ask.error("GET", ask.sim.account, 403, token=page)["code"] == 200
    again = ask("GET", ask.sim.page_id, fields="access_token")["access_token"]
    assert again == page
    other = ask.sim.make_form("Other", page=ask.sim.make_page("Other"))
    assert codes(ask.error("GET", f"{other}/leads", token=page)) == (100, 33)
    ask.sim.restrict_token(["pages_read_engagement", "pages_show_list"])
    assert "leads_retrieval" in ask.error("GET", f"{form}/leads", 403, token=page)["message"]
    easy = Caller(page_tokens=False)
    assert easy("GET", f"{easy.sim.page_id}/leadgen_forms") == {"data": []}


def test_a_lead_and_where_it_came_from(ask, page):
    (tree,) = ask.sim.seed_tree(campaigns=1, adsets=1, ads=1, days=1)
    (ad,) = tree["adsets"][0]["ads"]
    form = ask.sim.make_form("News")
    lead = ask.sim.submit_lead(form, {"full_name": "Ada", "email": "a@example.com"}, ad)
    plain = ask("GET", lead, token=page)
    assert set(plain) == {"created_time", "id", "field_data"}
    assert plain["field_data"][1] == {"name": "email", "values": ["a@example.com"]}
    fields = "ad_id,campaign_id,campaign_name,form_id,is_organic,platform"
    full = ask("GET", lead, token=page, fields=fields)
    assert (full["ad_id"], full["campaign_id"], full["is_organic"]) == (ad, tree["id"], False)
    assert [one["id"] for one in ask("GET", f"{ad}/leads")["data"]] == [lead]
    assert ask("DELETE", lead, token=page) == {"success": True}
    assert ask("GET", f"{form}/leads", token=page) == {"data": []}


def test_leads_by_time_and_for_ninety_days(ask, page):
    form = ask.sim.make_form("News")
    ids = []
    for _ in range(4):
        ids.append(ask.sim.submit_lead(form, {"email": "a@example.com"}))
        ask.sim.clock.advance(30 * 86400)
    shown = ask("GET", f"{form}/leads", token=page)["data"]
    assert [one["id"] for one in shown] == ids[:0:-1]
    since = int((NOW + timedelta(days=45)).timestamp())
    late = [{"field": "time_created", "operator": "GREATER_THAN", "value": since}]
    assert [one["id"] for one in ask("GET", f"{form}/leads", token=page, filtering=late)["data"]] == ids[:1:-1]
    counts = ask("GET", form, token=page, fields="leads_count,expired_leads_count,organic_leads_count")
    assert (counts["leads_count"], counts["expired_leads_count"]) == (3, 1)
    assert codes(ask.error("GET", ids[0], token=page)) == (100, 33)
    strange = [{"field": "email", "operator": "EQUAL", "value": "a"}]
    assert ask.error("GET", f"{form}/leads", token=page, filtering=strange)["code"] == 100


# ------------------------------------------------------------------------------------------------------ webhooks


class Receiver(BaseHTTPRequestHandler):
    """An app's endpoint: it answers the challenge, and keeps what it is sent."""

    got: ClassVar[list] = []
    came: ClassVar[threading.Condition] = threading.Condition()

    @classmethod
    def wait_for(cls, number):
        with cls.came:
            assert cls.came.wait_for(lambda: len(cls.got) >= number, timeout=10)
        return cls.got

    def do_GET(self):
        asked = parse_qs(urlsplit(self.path).query)
        good = asked["hub.verify_token"] == ["t-1"] and asked["hub.mode"] == ["subscribe"]
        self.send_response(200 if good else 403)
        self.end_headers()
        self.wfile.write(asked["hub.challenge"][0].encode() if good else b"no")

    def do_POST(self):
        one = (self.rfile.read(int(self.headers["content-length"])), dict(self.headers.items()))
        self.send_response(200)
        self.end_headers()
        with self.came:
            self.got.append(one)
            self.came.notify_all()

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def hook():
    Receiver.got.clear()
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_challenge(ask, hook):
    app = f"{ask.sim.app_id}|{ask.sim.app_secret}"
    path = f"{ask.sim.app_id}/subscriptions"
    wanted = {"object": "page", "callback_url": hook, "fields": ["leadgen"]}
    assert ask.error("POST", path, **wanted, verify_token="t-1")["code"] == 15
    wrong = ask.error("POST", path, token=app, **wanted, verify_token="t-2")
    assert (wrong["code"], "403" in wrong["message"]) == (2200, True)
    far = {**wanted, "callback_url": "https://hub.example/hook"}
    assert ask.error("POST", path, token=app, **far, verify_token="t-1")["code"] == 2200
    closed = {**wanted, "callback_url": "http://127.0.0.1:1/hook"}
    assert ask.error("POST", path, token=app, **closed, verify_token="t-1")["code"] == 2200
    assert ask.error("POST", path, token=app, **{**wanted, "fields": ["x"]}, verify_token="t-1")["code"] == 100
    assert ask.error("POST", path, token=app, **{**wanted, "object": "x"}, verify_token="t-1")["code"] == 100
    assert ask("POST", path, token=app, **wanted, verify_token="t-1") == {"success": True}
    (one,) = ask("GET", path, token=app)["data"]
    assert (one["object"], one["callback_url"], one["fields"][0]["name"]) == ("page", hook, "leadgen")
    ask("DELETE", path, token=app)
    assert ask("GET", path, token=app) == {"data": []}


def test_a_lead_is_told(ask, hook, page):
    app = f"{ask.sim.app_id}|{ask.sim.app_secret}"
    wanted = {"object": "page", "callback_url": hook, "fields": ["leadgen"], "verify_token": "t-1"}
    ask("POST", f"{ask.sim.app_id}/subscriptions", token=app, **wanted)
    form = ask.sim.make_form("News")
    ask.sim.submit_lead(form, {"email": "early@example.com"})
    ask("POST", f"{ask.sim.page_id}/subscribed_apps", token=page, subscribed_fields=["leadgen"])
    lead = ask.sim.submit_lead(form, {"email": "a@example.com", "full_name": "Zoë"})
    ((body, headers),) = Receiver.wait_for(1)
    digest = hmac.new(ask.sim.app_secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
    told = json.loads(body)
    (entry,) = told["entry"]
    (change,) = entry["changes"]
    assert (told["object"], entry["id"], change["field"]) == ("page", ask.sim.page_id, "leadgen")
    assert change["value"] == {
        "leadgen_id": lead,
        "page_id": ask.sim.page_id,
        "form_id": form,
        "created_time": int(NOW.timestamp()),
    }
    ask("DELETE", f"{ask.sim.page_id}/subscribed_apps", token=page)
    ask.sim.submit_lead(form, {"email": "late@example.com"})
    assert ask.sim.postman.waiting == []


def test_issues_and_reviews_are_told(ask, hook):
    (tree,) = ask.sim.seed_tree(campaigns=1, adsets=1, ads=1, days=1)
    (ad,) = tree["adsets"][0]["ads"]
    app = f"{ask.sim.app_id}|{ask.sim.app_secret}"
    fields = ["with_issues_ad_objects", "in_process_ad_objects"]
    wanted = {"object": "ad_account", "callback_url": hook, "fields": fields, "verify_token": "t-1"}
    ask("POST", f"{ask.sim.app_id}/subscriptions", token=app, **wanted)
    ask("POST", f"{ask.sim.account}/subscribed_apps", app_id=ask.sim.app_id)
    ask.sim.raise_issue(ad, 1234, "Rejected")
    shown = ask("GET", ad, fields="effective_status,issues_info")
    assert (shown["effective_status"], shown["issues_info"][0]["error_code"]) == ("WITH_ISSUES", 1234)
    ask.sim.finish_processing(ad)
    told = [json.loads(body)["entry"][0] for body, _ in Receiver.wait_for(2)]
    assert [one["id"] for one in told] == [ask.sim.account_id] * 2
    issue, done = (one["changes"][0] for one in told)
    assert (issue["field"], issue["value"]["level"], issue["value"]["error_summary"]) == (fields[0], "AD", "Rejected")
    assert done == {"field": fields[1], "value": {"id": ad, "level": "AD", "status_name": "ACTIVE"}}
