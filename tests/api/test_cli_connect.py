"""`vaiven connect`: whose account it is, and no secret anywhere but in the vault."""

import json

import pytest

from vaiven_api.cli import exits

CANARY = "pat-na1-canary-7f3d9b51-never-to-be-seen"


def test_connect_stores_the_account_and_seals_the_credential(line, hubspot):
    server = hubspot()
    made = line.connect("crm", server, "--deletes", "propagate", "--no-creates")["connection"]
    assert made["id"] == "crm"
    assert made["account_id"]
    assert (made["deletes"], made["creates"], made["writes"]) == ("propagate", False, True)
    token = server.simulator.credential["access_token"].encode()
    assert not any(token in file.read_bytes() for file in line.store.parent.iterdir())


def test_connect_again_keeps_id_and_decisions(line, hubspot):
    server = hubspot()
    first = line.connect("crm", server, "--deletes", "propagate")
    again = line.connect("crm", server, "--read-only")
    assert again["reconnected"]
    assert not first["reconnected"]
    assert again["connection"] == {**first["connection"], "writes": False}


def test_another_account_is_refused_unless_it_is_meant(line, hubspot):
    one, other = hubspot(1), hubspot(2)
    first = line.connect("crm", one)["connection"]
    told = line.connect("crm", other, code=exits.CUSTOMER)["error"]
    assert told["code"] == "account_changed"
    assert first["account_id"] in told["why"]
    replaced = line.connect("crm", other, "--replace-account")["connection"]
    assert replaced["account_id"] != first["account_id"]


def test_a_name_belongs_to_one_connector(line, hubspot):
    line.connect("crm", hubspot())
    line.env["KEY"] = CANARY
    told = line.json("connect", "stripe", "--name", "crm", "--credential", "api_key=KEY", code=exits.CUSTOMER)["error"]
    assert "taken" in told["what"]


def test_credential_by_stdin(line, hubspot):
    server = hubspot()
    credential = json.dumps(server.simulator.credential)
    made = line.json("connect", "hubspot", "--base-url", server.url, "--credential-stdin", stdin=credential)
    assert made["connection"]["id"] == "hubspot"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--credential", "token=CANARY"],
        ["--credential", f"token={CANARY}"],
        ["--credential", "other=CANARY"],
        ["--set", f"token={CANARY}", "--credential", "token=CANARY"],
        ["--credential-stdin"],
        ["--credential", "token=CANARY", "--base-url", "http://127.0.0.1:9"],
    ],
    ids=["refused", "as-argument", "wrong-field", "as-setting", "bad-stdin", "down"],
)
@pytest.mark.parametrize("how", [[], ["--json"], ["--debug"], ["-v"]], ids=lambda how: how[0] if how else "plain")
def test_no_failing_connect_shows_the_secret(line, hubspot, arguments, how):
    line.env["CANARY"] = CANARY
    server = hubspot()
    result = line.run("connect", "hubspot", "--base-url", server.url, *arguments, *how, stdin=f'{{"token": "{CANARY}"')
    assert result.exit_code in {exits.CUSTOMER, exits.VENDOR}
    assert CANARY not in result.output
    assert CANARY not in result.stderr
    assert not any(CANARY.encode() in file.read_bytes() for file in line.store.parent.iterdir())


def test_a_refused_credential_says_what_to_do(line, hubspot):
    line.env["CANARY"] = CANARY
    told = line.json(
        "connect", "hubspot", "--base-url", hubspot().url, "--credential", "token=CANARY", code=exits.CUSTOMER
    )["error"]
    assert (told["code"], told["actor"], told["exit_code"]) == ("reconnect_required", "customer", 3)
    assert len(told["reference"]) == 26
    assert told["remedy"]


@pytest.mark.parametrize(
    "url",
    ["http://example.com", "ftp://127.0.0.1", "https://user:pw@example.com", "http://127.0.0.1.example.com", "x"],
)
def test_a_credential_travels_by_https_or_stays_here(line, url):
    result = line.run("connect", "hubspot", "--base-url", url, "--credential", "token=HOME")
    assert result.exit_code == exits.USAGE
    assert "pw" not in result.output.replace("--", "")


def test_a_setting_that_does_not_fit_names_field_rule_and_example(line):
    line.env["KEY"] = CANARY
    arguments = ("connect", "mailchimp", "--credential", "api_key=KEY", "--set", "audience_id=NO!", "--set", "x=1")
    told = line.json(*arguments, code=exits.CUSTOMER)["error"]
    assert told["code"] == "config_invalid"
    assert "audience_id" in told["why"]
    assert "[0-9a-z]{6,20}" in told["why"]
    assert "a1b2c3d4e5" in told["why"]
    assert "x is no setting" in told["why"]


def test_nobody_to_ask_says_how_else(line):
    told = line.json("connect", "stripe", code=exits.CUSTOMER)["error"]
    assert "--credential api_key=ENVVAR" in told["remedy"]


def test_an_unset_variable_is_named(line):
    told = line.json("connect", "stripe", "--credential", "api_key=NOT_SET", code=exits.CUSTOMER)["error"]
    assert "NOT_SET" in told["what"]
