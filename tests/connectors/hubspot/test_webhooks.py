"""A delivery of HubSpot's says what to read again, and nothing that is not signed is listened to."""

import json

import pytest
from hubspot.utils.signature import Signature

from vaiven_connectors.hubspot.connector import hubspot
from vaiven_sdk import Delivery, Hint
from vaiven_sdk.errors import DeliveryMalformed, SignatureInvalid

URL = "https://hooks.example.com/hubspot"
SECRET = "app-secret"
NOW = 1_764_000_000.0
# Fields as in "Webhooks", developers.hubspot.com/docs/api/webhooks, read 2026-11-25.
EVENT = {
    "eventId": 100,
    "subscriptionId": 138,
    "portalId": 62515,
    "appId": 23452,
    "occurredAt": 1564113600000,
    "attemptNumber": 0,
    "changeSource": "CRM",
}


def told(*events):
    """What a signed delivery of these events comes to; the official client signs it."""
    body = json.dumps([{**EVENT, **event} for event in events])
    stamp = str(int(NOW * 1000))
    sign = Signature.get_signature(
        client_secret=SECRET,
        request_body=body,
        signature_version="v3",
        http_uri=URL,
        http_method="POST",
        timestamp=stamp,
    )
    headers = {"X-HubSpot-Signature-v3": sign, "X-HubSpot-Request-Timestamp": stamp}
    (webhook,) = hubspot.webhooks
    return webhook.receive(Delivery(body.encode(), headers, URL), [SECRET], now=NOW).hints


@pytest.mark.parametrize(
    ("event", "hint"),
    [
        ({"subscriptionType": "contact.creation", "objectId": 123}, Hint("contacts", ("123",), "62515")),
        ({"subscriptionType": "contact.deletion", "objectId": 123}, Hint("contacts", ("123",), "62515")),
        ({"subscriptionType": "contact.privacyDeletion", "objectId": 123}, Hint("contacts", ("123",), "62515")),
        (
            {"subscriptionType": "company.propertyChange", "objectId": 7, "propertyName": "name", "propertyValue": "A"},
            Hint("companies", ("7",), "62515"),
        ),
        (
            {"subscriptionType": "deal.merge", "objectId": 9, "primaryObjectId": 8, "mergedObjectIds": [8, 7]},
            Hint("deals", ("9", "8", "7"), "62515"),
        ),
        (
            {"subscriptionType": "object.propertyChange", "objectTypeId": "0-3", "objectId": 5},
            Hint("deals", ("5",), "62515"),
        ),
        (
            {
                "subscriptionType": "contact.associationChange",
                "associationType": "CONTACT_TO_COMPANY",
                "fromObjectId": 1,
                "toObjectId": 2,
                "associationRemoved": False,
            },
            Hint("contact_companies", (), "62515"),
        ),
    ],
)
def test_an_event_names_what_it_is_about(event, hint):
    assert told(event) == (hint,)


def test_events_of_one_kind_are_one_hint_and_unknown_ones_are_none():
    events = [{"subscriptionType": "contact.propertyChange", "objectId": n} for n in (1, 2, 1)]
    hints = told(*events, {"subscriptionType": "ticket.creation", "objectId": 4})
    assert hints == (Hint("contacts", ("1", "2"), "62515"),)


def test_every_hint_is_of_a_stream_that_there_is():
    from vaiven_connectors.hubspot._webhooks import KINDS, TIES

    assert {*KINDS.values(), *TIES.values()} <= set(hubspot.streams)


def test_a_delivery_without_a_good_signature_is_refused():
    (webhook,) = hubspot.webhooks
    with pytest.raises(SignatureInvalid):
        webhook.receive(Delivery(b"[]", {}, URL), [SECRET], now=NOW)


def test_an_event_that_names_no_object_is_malformed():
    with pytest.raises(DeliveryMalformed, match="documents"):
        told({"subscriptionType": "contact.creation"})
