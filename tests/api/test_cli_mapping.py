"""`vaiven mapping` and `vaiven conflicts decide`."""

import json

import pytest

from vaiven_api.cli import exits

OFF = {"streams": {"contacts": {"fields": {"given_name": {"direction": "off"}}}}}


@pytest.fixture
def two(line, hubspot):
    """Two portals: Ana in both under different names."""
    first, second = hubspot(1), hubspot(2)
    for server, name, day in ((first, "Ana", 20), (second, "Anna", 21)):
        people = [{"email": "ana@example.com", "firstname": name}]
        server.simulator.seed("contacts", people, at=f"2026-11-{day}T08:00:00+00:00")
    line.connect("emea", first)
    line.connect("apac", second)
    return line, first, second


def name_at(server):
    (one,) = server.simulator.state()["contacts"].values()
    return one["properties"].get("firstname")


def put(line, name, document, *more, code=0):
    return line.json("mapping", "set", name, "-", *more, stdin=json.dumps(document), code=code)


def test_a_mapping_is_tried_set_shown_and_taken_back(two):
    line, first, second = two
    line.json("plan")
    tried = line.json("mapping", "preview", "apac", "-", stdin=json.dumps(OFF))
    assert tried["changed"] == {"contacts": 1}
    assert tried["samples"][0]["changes"] == {"given_name": ["Anna", None]}
    assert "1 of 1 records" in line.run("mapping", "preview", "apac", "-", stdin=json.dumps(OFF)).stdout
    assert put(line, "apac", OFF, "--note", "names are EMEA's")["version"] == 1
    assert line.json("mapping", "show", "apac") == OFF
    assert "given_name" in line.run("mapping", "show", "apac").stdout
    line.json("sync", "--approve", "any")
    assert (name_at(first), name_at(second)) == ("Ana", "Anna")
    assert put(line, "apac", {}, "--based-on", "0", code=exits.CUSTOMER)["error"]["code"] == "input_invalid"
    assert line.json("mapping", "revert", "apac", "0")["version"] == 2
    line.json("sync")
    assert name_at(first) == name_at(second) == "Anna"
    assert [v["note"] for v in line.json("mapping", "history", "apac")["versions"]] == [
        "back to version 0",
        "names are EMEA's",
    ]
    assert "names are EMEA's" in line.run("mapping", "history", "apac").stdout


def test_what_cannot_be_is_refused_with_the_place(two):
    line, *_ = two
    told = put(line, "emea", {"streams": {"contact": {}}}, code=exits.CUSTOMER)["error"]
    assert "streams.contact" in told["why"]
    told = put(line, "emea", {"streams": []}, code=exits.CUSTOMER)["error"]
    assert "streams" in told["why"]
    assert line.json("mapping", "show", "nobody", code=exits.CUSTOMER)["error"]["code"] == "unknown_connection"
    told = put(line, "rules", {"kinds": {"person": {"email_consent": {"rule": "manual"}}}}, code=exits.CUSTOMER)
    assert "refusal" in told["error"]["what"]


def test_a_conflict_that_waits_is_decided(two):
    line, first, second = two
    put(line, "rules", {"kinds": {"person": {"given_name": {"rule": "manual"}}}})
    line.json("sync", "--approve", "any")
    assert {name_at(first), name_at(second)} == {"Ana", "Anna"}, "both stay until somebody decides"
    (waiting,) = line.json("conflicts", "--open")["conflicts"]
    assert (waiting["field"], waiting["rule"], waiting["state"]) == ("given_name", "manual", "open")
    assert line.json("sync")["writes"] == 0
    assert line.json("conflicts", "decide", waiting["id"], "--keep", "lost")["value"] == waiting["lost"]
    assert line.json("sync")["writes"] == 1
    assert name_at(first) == name_at(second) == waiting["lost"]
    assert line.json("conflicts", "--open")["conflicts"] == []
    assert line.run("conflicts", "decide", "nothing", "--keep", "kept").exit_code == exits.CUSTOMER
    assert "manual" in line.run("conflicts").stdout


def test_a_value_that_a_rule_overwrote_can_be_brought_back(two):
    line, first, second = two
    line.json("sync", "--approve", "any")
    (lost,) = [c for c in line.json("conflicts")["conflicts"] if c["field"] == "given_name"]
    assert (lost["lost"], lost["state"], name_at(first)) == ("Ana", "closed", "Anna")
    line.json("conflicts", "decide", lost["id"], "--keep", "lost")
    line.json("sync")
    assert name_at(first) == name_at(second) == "Ana"
