"""`vaiven test connector`."""

import pytest

from vaiven_api.cli import exits
from vaiven_api.kit.rules import BY_ID
from vaiven_registry.quality import LEVELS


def test_it_tells_machines_level_missing_rules_and_guarantees(line):
    told = line.json("test", "connector", "mailchimp", "--only", "manifest", "--only", "settings", "--only", "scopes")
    assert told["slug"] == "mailchimp"
    assert told["level"] in {"", *LEVELS}
    assert {one["id"]: one["result"] for one in told["rules"]} == dict.fromkeys(
        ("manifest", "settings", "scopes"), "passed"
    )
    assert told["guarantees"]["members"] == "at-least-once"
    assert told["support"] == "platform"
    assert all(one["docs"] == BY_ID[one["id"]].link for one in told["rules"])


def test_a_missed_rule_comes_with_what_to_do_and_where_to_read(line):
    done = line.run("test", "connector", "hubspot", "--only", "live")
    assert done.exit_code == exits.UNEXPECTED
    shown = done.output
    rule = BY_ID["live"]
    assert rule.title in shown
    assert f"do: {rule.remedy}" in shown
    assert f"see {rule.link}" in shown


def test_an_unknown_rule_is_a_usage_error(line):
    told = line.json("test", "connector", "hubspot", "--only", "nonsense", code=exits.USAGE)
    assert "nonsense" in told["error"]["what"]


def test_some_rules_alone_are_not_written(line):
    assert line.run("test", "connector", "hubspot", "--only", "logo", "--write").exit_code == exits.USAGE


def test_an_unknown_connector(line):
    assert line.json("test", "connector", "hubspt", code=exits.CUSTOMER)["error"]["code"] == "unknown_connector"


@pytest.mark.parametrize("rule", list(BY_ID))
def test_every_rule_has_its_section(root, rule):
    assert f"\n### {rule}\n" in (root / "docs" / "sdk" / "quality-rules.md").read_text()
