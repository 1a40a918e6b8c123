"""Each refusal says who must act, and what to do."""

import pytest

from tests.connectors.shopify import stub
from tests.connectors.shopify.stub import Shop
from vaiven_connectors.shopify import connector
from vaiven_sdk import ConfigInvalid, PermissionMissing, ReconnectRequired, RequestRefused, VaivenError, VendorBusy

account = connector.hooks["account"]
refine = connector.hooks["error"]


@pytest.mark.parametrize(
    ("status", "body", "error", "word"),
    [
        (402, {"errors": "Unavailable Shop"}, PermissionMissing, "frozen"),
        (423, {"errors": "Locked"}, PermissionMissing, "locked"),
        (404, {"errors": "Not Found"}, ConfigInvalid, "no shop"),
    ],
)
def test_a_shop_that_cannot_be_reached(status, body, error, word):
    problem = refine(status, body)
    assert isinstance(problem, error)
    assert word in problem.what
    assert problem.remedy
    assert body["errors"] in problem.why


@pytest.mark.parametrize(("status", "body"), [(404, None), (500, {"errors": "x"}), (401, {"errors": "x"}), (422, None)])
def test_other_refusals_keep_their_names(status, body):
    assert refine(status, body) is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("THROTTLED", VendorBusy),
        ("ACCESS_DENIED", PermissionMissing),
        ("UNAUTHORIZED", ReconnectRequired),
        ("MAX_COST_EXCEEDED", RequestRefused),
    ],
)
async def test_errors_in_an_answer_of_http_200(code, error):
    told = {"errors": [{"message": "Something.", "extensions": {"code": code}}]}
    with pytest.raises(error) as caught:
        await account(Shop(told).hub)
    assert isinstance(caught.value, VaivenError)
    assert code in caught.value.why


async def test_a_version_that_shopify_has_retired(monkeypatch):
    monkeypatch.setitem(stub.HEADERS, "x-shopify-api-version", "2027-10")
    with pytest.raises(RequestRefused, match="no longer serves") as caught:
        await account(Shop({"shop": {"name": "Acme", "myshopifyDomain": "acme-books.myshopify.com"}}).hub)
    assert "Update Vaiven" in caught.value.remedy
