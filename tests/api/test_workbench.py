"""The workbench: what it says of a payload, to whom it answers, and whether its page is whole."""

import json
import re
import signal
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files

import httpx
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from vaiven_api.cli.app import app
from vaiven_api.workbench.app import Workbench
from vaiven_registry import Registry

ORIGIN = "http://127.0.0.1:8700"
CONTACT = {
    "id": "12",
    "properties": {
        "email": "Ana@Example.com",
        "firstname": "Ana",
        "createdate": "2026-11-01T00:00:00Z",
        "lastmodifieddate": "2026-11-01T00:00:00Z",
        "favourite": "tea",
    },
    "archived": False,
}


def open_bench(slug):
    registry = Registry()
    bench = Workbench(registry.load(slug), registry.simulator(slug), registry.folder(slug))
    return TestClient(bench.app, base_url=ORIGIN)


@pytest.fixture(scope="module")
def bench():
    return open_bench("hubspot")


def trace(bench, payload, stream="contacts", **more):
    text = payload if isinstance(payload, str) else json.dumps(payload)
    answer = bench.post("/api/trace", json={"payload": text, "stream": stream, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def row(found, step, name):
    return next(one for one in found[step] if one["name"] == name)


# ------------------------------------------------------------------------------------------------------------- trace


def test_every_step_of_a_record_and_where_each_value_came_from(bench):
    found = trace(bench, CONTACT)
    assert found["raw"] == CONTACT
    assert found["whole"]
    assert found["identity"]["id"] == "12"
    assert row(found, "record", "first_name") | {"role": []} == {
        "name": "first_name", "path": "properties.firstname", "found": True, "value": "Ana", "type": "str | None",
        "to": "given_name", "read_only": False, "role": [], "problem": "",
    }  # fmt: skip
    email = row(found, "unified", "email")
    assert (email["value"], email["paths"], email["writable"]) == ("ana@example.com", ["properties.email"], True)
    assert found["unread"] == ["properties.favourite"]
    assert found["wire"]["properties"]["firstname"] == "Ana"
    assert found["patch"] is None


def test_a_computed_value_names_the_fields_that_it_was_computed_from(bench):
    consent = row(trace(bench, CONTACT), "unified", "email_consent")
    assert consent["method"] == "computed"
    assert "properties.hs_email_optout" in consent["paths"]


def test_a_value_that_does_not_fit_is_told_in_its_place_and_the_rest_goes_on(bench):
    wrong = {**CONTACT, "properties": {**CONTACT["properties"], "createdate": "yesterday"}}
    found = trace(bench, wrong)
    assert not found["whole"]
    field = row(found, "record", "created_at")
    assert field["value"] == "yesterday"
    assert "valid datetime" in field["problem"]
    assert row(found, "unified", "first_seen_at")["problem"] == "created_at does not fit."
    assert row(found, "unified", "given_name")["value"] == "Ana"


def test_a_record_without_its_key_has_no_id(bench):
    found = trace(bench, {"properties": {}})
    assert found["identity"]["id"] is None
    assert row(found, "record", "id")["problem"] == "Field required"


def test_an_edit_shows_just_what_would_be_written(bench):
    found = trace(bench, CONTACT, edits={"given_name": "Anna"})
    assert found["patch"] == {"properties": {"firstname": "Anna"}}
    cleared = trace(bench, CONTACT, edits={"given_name": None})
    assert cleared["patch"] == {"properties": {"firstname": ""}}


def test_an_edit_that_is_never_written_says_so(bench):
    found = trace(bench, CONTACT, edits={"first_seen_at": "2026-01-01T00:00:00Z", "no_such": 1})
    assert found["patch"] == {}
    assert row(found, "unified", "first_seen_at")["problem"] == "it is never written to this tool"
    assert found["refused"] == ["no_such: no such field in this stream"]


@pytest.mark.parametrize(("payload", "sentence"), [("{", "not JSON"), ("[]", "JSON object"), ("", "not JSON")])
def test_what_is_no_record_is_said(bench, payload, sentence):
    assert sentence in trace(bench, payload)["problem"]


def test_a_webhook_says_what_is_read_again(bench):
    event = [{"portalId": 7, "subscriptionType": "contact.propertyChange", "objectId": 12, "propertyName": "city"}]
    found = trace(bench, event, kind="webhook")
    assert found["hints"] == [{"stream": "contacts", "ids": ["12"], "account": "7", "problem": ""}]
    assert found["signatures"]


@pytest.mark.parametrize("payload", ["{", "[1]", "null"])
def test_a_delivery_that_the_connector_cannot_read_is_told_not_raised(bench, payload):
    found = trace(bench, payload, kind="webhook")
    assert found["hints"] == []
    assert found["problem"] or payload == "null"


@pytest.mark.parametrize("slug", ["hubspot", "mailchimp", "stripe"])
def test_each_stream_of_each_connector_can_be_traced(slug):
    bench = open_bench(slug)
    for stream in bench.get("/api/connector").json()["streams"]:
        found = trace(bench, "{}", stream["name"])
        assert found["record"]
        assert found["unified"]


def test_samples_come_out_of_the_simulator_and_fit(bench):
    samples = bench.get("/api/samples", params={"stream": "contacts"}).json()["samples"]
    assert samples
    assert all(trace(bench, one["payload"])["whole"] for one in samples)
    (delivery,) = bench.get("/api/samples", params={"stream": "contacts", "kind": "webhook"}).json()["samples"]
    found = trace(bench, delivery["payload"], kind="webhook", headers=delivery["headers"])
    assert found["hints"][0]["stream"] == "contacts"


# -------------------------------------------------------------------------------------------------------- to whom


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8700", "127.0.0.1.evil.example", "10.0.0.1:8700", ""])
@pytest.mark.parametrize("path", ["/", "/api/connector", "/api/samples?stream=contacts"])
def test_a_name_that_was_made_to_lead_here_is_refused(bench, host, path):
    answer = bench.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert "contacts" not in answer.text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8700"])
def test_another_pages_request_is_refused(bench, origin):
    answer = bench.post("/api/trace", json={"payload": "{}", "stream": "contacts"}, headers={"Origin": origin})
    assert answer.status_code == 403


def test_its_own_page_and_a_command_line_are_served(bench):
    own = bench.post("/api/trace", json={"payload": "{}", "stream": "contacts"}, headers={"Origin": ORIGIN})
    assert own.status_code == 200
    assert bench.get("/", headers={"Host": "localhost:8700"}).status_code == 200


def test_a_form_cannot_ask(bench):
    answer = bench.post("/api/trace", content='{"payload":"{}"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("body", "status"), [("{", 422), ("[]", 422), ('{"payload":"{}","stream":"x"}', 404), (" " * (1 << 22) + "{}", 413)]
)
def test_what_is_no_question_is_refused_with_a_sentence(bench, body, status):
    answer = bench.post("/api/trace", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["problem"]


def test_nothing_may_be_loaded_from_elsewhere_or_framed(bench):
    policy = bench.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


# ----------------------------------------------------------------------------------------------------------- page

PAGE = files("vaiven_api.workbench").joinpath("page.html").read_text(encoding="utf-8")
VOID = {"meta", "link", "input", "br"}


class Outline(HTMLParser):
    """Checks that tags close in order, and notes ids, labels and controls."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.labelled, self.controls, self.refers = [], [], set(), [], []
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.attributes += attrs
        self.ids += [given["id"]] if "id" in given else []
        self.labelled |= {given["for"]} if "for" in given else set()
        self.refers += given.get("aria-labelledby", "").split()
        if tag in {"select", "textarea", "input"}:
            self.controls.append((given.get("id"), "label" in self.open))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_labelled_and_alone():
    outline = Outline()
    outline.feed(PAGE)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert [one for one, inside in outline.controls if not inside and one not in outline.labelled] == []
    assert set(outline.refers) <= set(outline.ids)
    assert re.match(r"<!doctype html>\n<html lang=\"en\">", PAGE)
    assert not re.search(r"(src|href)=\"(https?:)?//|@import|url\(", PAGE)
    assert not any(name.startswith("on") for name, _ in outline.attributes)
    assert "innerHTML" not in PAGE
    assert set(re.findall(r'at\("([\w-]+)"\)', PAGE)) <= set(outline.ids)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(scheme):
    block = re.findall(r":root \{(.*?)\}", PAGE, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", block))
    pairs = [("ink", "panel"), ("ink", "mark"), ("ink", "code"), ("dim", "panel"), ("dim", "ground"), ("dim", "mark"),
             ("bad", "panel"), ("bad", "bad-ground"), ("dim", "bad-ground"), ("ink", "bad-ground")]  # fmt: skip
    for text, ground in pairs:
        low, high = sorted((luminance(colours[text]), luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


# -------------------------------------------------------------------------------------------------------- command


def test_the_command_serves_on_loopback_and_prints_its_address():
    command = [sys.executable, "-m", "vaiven_api.cli", "workbench", "mailchimp", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            told = json.loads(process.stdout.readline())
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", told["url"])
            answer = httpx.get(f"{told['url']}api/connector", trust_env=False)
            assert answer.json()["slug"] == told["slug"] == "mailchimp"
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_a_connector_that_there_is_not_is_named():
    result = CliRunner().invoke(app, ["workbench", "hubspott"])
    assert result.exit_code != 0
    assert "hubspott" in result.output
