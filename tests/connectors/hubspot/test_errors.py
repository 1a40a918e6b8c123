"""HubSpot's refusals and limits, as they are told to people and kept to."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from vaiven_connectors.hubspot import connector
from vaiven_sdk import Limit, PermissionMissing, VendorBusy
from vaiven_sdk.limits import Throttle

PAYLOADS = Path(__file__).parent / "payloads"
OBJECTS = ("companies", "contacts", "deals")


def payload(name: str) -> Any:
    return msgspec.json.decode((PAYLOADS / f"{name}.json").read_bytes())


def test_missing_scopes_are_named():
    problem = connector.hooks["error"](403, payload("missing_scopes_403"))
    assert isinstance(problem, PermissionMissing)
    assert "crm.objects.contacts.read" in problem.why
    assert "crm.objects.contacts.read" in problem.remedy


@pytest.mark.parametrize(("policy", "seconds"), [("SECONDLY", 1), ("TEN_SECONDLY_ROLLING", 10), ("DAILY", 3600)])
def test_a_limit_says_when_its_window_opens_again(policy, seconds):
    problem = connector.hooks["error"](429, {**payload("rate_limit_429"), "policyName": policy})
    assert isinstance(problem, VendorBusy)
    assert problem.retry_after == seconds


@pytest.mark.parametrize("body", [None, "<html>", [], {}, {"policyName": "NEW"}, {"category": "CONFLICT"}])
def test_other_errors_keep_their_ordinary_names(body):
    assert connector.hooks["error"](429, body) is None


def test_the_search_limit_is_one_for_all_objects():
    def gates(path: str) -> int:
        return len(Throttle(connector.limits).at(path).mine)

    assert [gates(f"/crm/v3/objects/{kind}/search") for kind in OBJECTS] == [1, 1, 1]
    assert connector.limits[1].counts("/crm/v3/objects/deals/search")
    assert not connector.limits[0].counts("/crm/v3/objects/deals/search")
    assert gates("/crm/v3/objects/contacts") == 1
    assert all(isinstance(limit, Limit) and limit.source for limit in connector.limits)
