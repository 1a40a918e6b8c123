"""What the connector sends to Mailchimp, and what comes back, in syncs both ways, against the published description."""

from tests.support.spec_check import load_spec, unaccepted
from tests.support.spec_sync import lines, sync_watched
from vaiven_connectors.mailchimp import connector
from vaiven_connectors.mailchimp.simulator import MailchimpSimulator

ACCEPTED = {
    "* 200 $.*: date-time described, got ''": (
        "the vendor answers an empty string for an instant that is not set (recorded, grouparoo 2022-02-23)"
    )
}
CAMPAIGN = {
    "settings": {"title": "Autumn"},
    "send_time": "2026-10-02T23:30:00+00:00",
    "emails_sent": 5,
    "figures": {"opens": 3, "unique_opens": 2},
}


def member(number):
    names = {"FNAME": "Ada", "LNAME": f"L{number}"}
    return {"email_address": f"p{number}@shop.example.com", "status": "subscribed", "merge_fields": names}


def begin(account):
    account.seed([member(number) | {"tags": ["vip"]} for number in range(5)])
    account.seed_campaigns([CAMPAIGN])


def edit(account):
    account.edit("p1@shop.example.com", {"merge_fields": {"FNAME": "Bea"}})
    account.tag("p2@shop.example.com", "new")
    account.unsubscribe("p3@shop.example.com")


def remove(account):
    account.archive("p4@shop.example.com")
    account.delete("p0@shop.example.com")


def test_syncs_both_ways_fit_the_description(tmp_path):
    vendors = [MailchimpSimulator(seed=seed) for seed in (1, 2)]
    spec = load_spec("mailchimp")
    checks = sync_watched(tmp_path / "hub.db", connector, vendors, [spec], begin, edit, remove, base="/3.0")
    assert unaccepted(lines(checks), ACCEPTED) == []
    assert all(checks[1].requests[method] for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
