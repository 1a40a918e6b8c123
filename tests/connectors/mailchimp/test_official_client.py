"""The vendor's own client, mailchimp-marketing 3.0.80, unmodified, against the simulator on a real socket."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from vaiven_connectors.mailchimp.simulator import MailchimpSimulator
from vaiven_sdk.testing import serve

mailchimp_marketing = pytest.importorskip("mailchimp_marketing")
from mailchimp_marketing.api_client import ApiClientError  # noqa: E402 - only where the client is installed

pytestmark = pytest.mark.client


@pytest.fixture
def sim() -> MailchimpSimulator:
    return MailchimpSimulator()


@pytest.fixture
def url(sim: MailchimpSimulator) -> Iterator[str]:
    with serve(sim) as server:
        yield server.url


def client_for(url: str, **credential: str) -> Any:
    client = mailchimp_marketing.Client(credential)
    client.api_client.host = f"{url}/3.0"
    return client


@pytest.fixture
def client(sim: MailchimpSimulator, url: str) -> Any:
    return client_for(url, api_key=sim.api_key)


def failure(call: Any, *args: Any, **kwargs: Any) -> tuple[int, dict[str, Any]]:
    """The client's own error: a problem document comes as text, as its type is not application/json."""
    with pytest.raises(ApiClientError) as caught:
        call(*args, **kwargs)
    return caught.value.status_code, json.loads(caught.value.text)


def test_ping_and_account(client: Any) -> None:
    assert client.ping.get() == {"health_status": "Everything's Chimpy!"}
    assert client.root.get_root()["account_timezone"] == "Europe/Madrid"


def test_an_access_token_is_as_good_as_a_key(sim: MailchimpSimulator, url: str) -> None:
    client = client_for(url, access_token=sim.access_token)
    assert client.lists.get_all_lists()["total_items"] == 1


def test_read_all_pages(sim: MailchimpSimulator, client: Any) -> None:
    sim.seed([{"email_address": f"person{i}@example.com"} for i in range(260)])
    seen = []
    while True:
        page = client.lists.get_list_members_info(sim.list_id, count=100, offset=len(seen))
        seen += [member["email_address"] for member in page["members"]]
        if len(seen) >= page["total_items"]:
            break
    assert seen == [f"person{i}@example.com" for i in range(260)]


def test_add_change_tag_archive_and_delete(sim: MailchimpSimulator, client: Any) -> None:
    lists = client.lists
    made = lists.add_list_member(
        sim.list_id,
        {
            "email_address": "Ada.Lovelace@example.com",
            "status": "subscribed",
            "merge_fields": {"FNAME": "Ada"},
            "tags": ["maths"],
        },
    )
    assert made["email_address"] == "Ada.Lovelace@example.com"
    assert made["merge_fields"] == {"FNAME": "Ada", "LNAME": "", "ADDRESS": "", "PHONE": ""}
    assert [tag["name"] for tag in made["tags"]] == ["maths"]

    changed = lists.update_list_member(sim.list_id, made["id"], {"merge_fields": {"LNAME": "Lovelace"}})
    assert changed["full_name"] == "Ada Lovelace"

    body = {"tags": [{"name": "maths", "status": "inactive"}, {"name": "vip", "status": "active"}]}
    lists.update_list_member_tags(sim.list_id, made["id"], body)
    assert [tag["name"] for tag in lists.get_list_member_tags(sim.list_id, made["id"])["tags"]] == ["vip"]

    lists.delete_list_member(sim.list_id, made["id"])
    assert lists.get_list_member(sim.list_id, made["contact_id"])["status"] == "archived"
    assert lists.get_list_members_info(sim.list_id)["total_items"] == 0
    assert lists.get_list_members_info(sim.list_id, status="archived")["total_items"] == 1

    lists.delete_list_member_permanent(sim.list_id, made["id"])
    assert failure(lists.get_list_member, sim.list_id, made["id"])[0] == 404


def test_upsert_by_hash(sim: MailchimpSimulator, client: Any) -> None:
    body = {"email_address": "bo@example.com", "status_if_new": "pending"}
    made = client.lists.set_list_member(sim.list_id, "bo@example.com", body)
    assert made["status"] == "pending"
    again = client.lists.set_list_member(sim.list_id, made["id"], body | {"status": "subscribed"})
    assert (again["contact_id"], again["status"]) == (made["contact_id"], "subscribed")


def test_search_and_filter(sim: MailchimpSimulator, client: Any) -> None:
    sim.seed([{"email_address": "ada@example.com"}, {"email_address": "bo@example.com", "status": "pending"}])
    found = client.searchMembers.search("ada@example.com")
    assert found["exact_matches"]["members"][0]["email_address"] == "ada@example.com"
    page = client.lists.get_list_members_info(sim.list_id, status="pending", fields=["members.email_address"])
    assert page == {"members": [{"email_address": "bo@example.com"}]}


def test_batch_subscribe_reports_each_error(sim: MailchimpSimulator, client: Any) -> None:
    sim.seed([{"email_address": "ada@example.com"}])
    members = [{"email_address": name, "status": "subscribed"} for name in ("ada@example.com", "bo@example.com", "bad")]
    done = client.lists.batch_list_members(sim.list_id, {"members": members})
    assert (done["total_created"], done["total_updated"], done["error_count"]) == (1, 0, 2)
    assert [error["error_code"] for error in done["errors"]] == ["ERROR_CONTACT_EXISTS", "ERROR_GENERIC"]
    done = client.lists.batch_list_members(sim.list_id, {"members": members[:1], "update_existing": True})
    assert done["total_updated"] == 1


def test_campaign_from_draft_to_report(sim: MailchimpSimulator, client: Any) -> None:
    sim.seed([{"email_address": f"p{i}@example.com"} for i in range(4)])
    settings = {"subject_line": "Hello", "from_name": "Ada", "reply_to": "ada@example.com", "title": "May"}
    draft = client.campaigns.create({"type": "regular", "recipients": {"list_id": sim.list_id}})
    status, problem = failure(client.campaigns.send, draft["id"])
    assert (status, problem["detail"]) == (400, "Your Campaign is not ready to send.")
    client.campaigns.update(draft["id"], {"settings": settings})
    client.campaigns.send(draft["id"])
    sim.engage(draft["id"], {"opens": 3, "unique_opens": 2})
    report = client.reports.get_campaign_report(draft["id"])
    assert (report["emails_sent"], report["opens"]["open_rate"]) == (4, 0.5)
    assert client.campaigns.list(status="sent")["total_items"] == 1
    assert client.reports.get_all_campaign_reports()["reports"][0]["id"] == draft["id"]


def test_batch_of_operations(sim: MailchimpSimulator, client: Any) -> None:
    body = json.dumps({"email_address": "ada@example.com", "status": "subscribed"})
    add = {"method": "POST", "path": f"/lists/{sim.list_id}/members", "body": body}
    made = client.batches.start({"operations": [add, {"method": "GET", "path": "/nowhere"}]})
    assert made["status"] == "pending"
    done = client.batches.status(made["id"])
    assert (done["status"], done["finished_operations"], done["errored_operations"]) == ("finished", 2, 1)
    assert "ada@example.com" in {member["email_address"] for member in sim.state()["members"].values()}


def test_bad_request(sim: MailchimpSimulator, client: Any) -> None:
    body = {"email_address": "ada@example.com", "status": "subscribed"}
    client.lists.add_list_member(sim.list_id, body)
    status, problem = failure(client.lists.add_list_member, sim.list_id, body)
    assert (status, problem["title"]) == (400, "Member Exists")


def test_field_errors(sim: MailchimpSimulator, client: Any) -> None:
    field = {"name": "Company", "type": "text", "tag": "COMPANY", "required": True}
    client.lists.add_list_merge_field(sim.list_id, field)
    body = {"email_address": "ada@example.com", "status": "subscribed"}
    status, problem = failure(client.lists.add_list_member, sim.list_id, body)
    assert (status, problem["title"]) == (400, "Invalid Resource")
    assert problem["errors"] == [{"field": "COMPANY", "message": "Please enter a value"}]
    assert client.lists.add_list_member(sim.list_id, body, skip_merge_validation=True)["id"]


def test_wrong_credential(sim: MailchimpSimulator, url: str) -> None:
    wrong = client_for(url, api_key="0" * 32 + "-us21")
    status, problem = failure(wrong.lists.get_all_lists)
    assert (status, problem["title"]) == (401, "API Key Invalid")
    elsewhere = client_for(url, api_key=sim.api_key.replace("us21", "us1"))
    assert failure(elsewhere.lists.get_all_lists)[0] == 403


def test_not_found(client: Any) -> None:
    status, problem = failure(client.lists.get_list, "0123456789")
    assert (status, problem["title"]) == (404, "Resource Not Found")


def test_too_many_connections() -> None:
    sim = MailchimpSimulator(quirks={"latency": 1.0})
    with serve(sim) as server, ThreadPoolExecutor(12) as pool:
        client = client_for(server.url, api_key=sim.api_key)

        def get(_: int) -> str:
            try:
                client.lists.get_all_lists()
            except ApiClientError as error:
                return f"{error.status_code} {json.loads(error.text)['title']}"
            return "200"

        answers = sorted(pool.map(get, range(12)))
    assert set(answers) == {"200", "429 Too Many Requests"}
    assert answers.count("200") >= 10
