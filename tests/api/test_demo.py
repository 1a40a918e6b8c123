"""The main job, end to end, on a small company; and that the comparison would see a fault."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from vaiven_api.demo import verify
from vaiven_api.demo.company import generate
from vaiven_api.demo.verify import Held, Stored


@pytest.mark.demo
def test_the_demo_ends_with_everything_agreeing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vaiven_api.demo", "--people", "300", "--keep", str(tmp_path), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    facts = json.loads(ended.stdout)
    assert facts["ok"]
    assert facts["third_cycle_writes"] == 0
    assert facts["conflicts"] > 0
    assert facts["resolution"]["precision"] > 0.95
    assert facts["resolution"]["recall"] > 0.95
    assert [run["status"] for run in facts["runs"]] == ["ok"] * 4
    assert all(check["differences"] == 0 and sum(check["checked"].values()) > 5000 for check in facts["checks"])
    assert (tmp_path / "vaiven.db").exists()


def test_a_seed_always_gives_the_same_company() -> None:
    assert generate(200, 7) == generate(200, 7)
    assert generate(200, 7) != generate(200, 8)


def test_three_in_five_are_in_more_than_one_tool() -> None:
    assert 0.56 < generate(2000, 3).in_several / 2000 < 0.64


def _state() -> dict[str, dict[str, object]]:
    contact = {"id": "1", "archived": False, "properties": {"email": "a@x.org", "lastname": "Nowak"}}
    hubspot = {"contacts": {"1": contact}, "companies": {}, "deals": {}, "associations": {}}
    return {"hubspot": hubspot}


def _held(**changes: object) -> Held:
    fields = {"email": "a@x.org", "family_name": "Nowak", "email_consent": "unknown"}
    one = dataclasses.replace(Stored("hubspot", "contacts", "1", fields, "P", deleted=False), **changes)
    person = {"id": "P", "deleted_at": None, "email_consent": "unknown"}
    return Held({("hubspot", "contacts"): {"1": one}}, {"P": person}, {}, set(), {})


def _differences(held: Held, states: dict[str, dict[str, object]]) -> list[str]:
    kinds = ("customers", "products", "prices", "subscriptions", "invoices", "charges", "refunds")
    empty = {"mailchimp": {"members": {}, "campaigns": {}}, "stripe": {kind: {} for kind in kinds}}
    return verify.compare(held, {**states, **empty}, settled=True).differences


def test_what_agrees_has_no_difference() -> None:
    assert _differences(_held(), _state()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fields": {"email": "a@x.org", "family_name": "Nowok", "email_consent": "unknown"}}, "family_name"),
        ({"deleted": True}, "is not in the store"),
        ({"entity_id": None}, "belongs to no entity"),
        ({"entity_id": "Q"}, "is no person"),
    ],
)
def test_a_fault_in_the_store_is_seen(changes: dict[str, object], said: str) -> None:
    (difference,) = _differences(_held(**changes), _state())
    assert said in difference


def test_a_record_that_was_created_twice_is_seen() -> None:
    states, held = _state(), _held()
    twin = {"id": "2", "archived": False, "properties": {"email": "b@x.org", "vaiven_id": "P"}}
    states["hubspot"]["contacts"]["2"] = twin
    fields = {"email": "b@x.org", "email_consent": "unknown"}
    held.records["hubspot", "contacts"]["2"] = Stored("hubspot", "contacts", "2", fields, "P", deleted=False)
    assert any("got a second contact" in difference for difference in _differences(held, states))


def test_a_record_that_the_vendor_does_not_have_is_seen() -> None:
    states = _state()
    states["hubspot"]["contacts"] = {}
    assert any("not at the vendor" in difference for difference in _differences(_held(), states))
