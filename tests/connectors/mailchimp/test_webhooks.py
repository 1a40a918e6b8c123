"""What Mailchimp's simulator would deliver says what to read again, at an address that holds the secret."""

from urllib.parse import urlencode

import pytest

from vaiven_connectors.mailchimp.connector import mailchimp
from vaiven_sdk import Delivery, Hint
from vaiven_sdk.errors import DeliveryMalformed, SignatureInvalid

URL = "https://hooks.example.com/mailchimp?secret=only-we-know"


def told(form, url=URL):
    (webhook,) = mailchimp.webhooks
    return webhook.receive(Delivery(urlencode(form).encode(), {}, url), ["only-we-know"]).hints


@pytest.mark.parametrize(
    ("kind", "streams"),
    [
        ("subscribe", ["members", "memberships"]),
        ("unsubscribe", ["members", "memberships"]),
        ("cleaned", ["members", "memberships"]),
        ("profile", ["members"]),
        ("upemail", ["members"]),
    ],
)
def test_an_event_of_a_member_hints_at_the_streams(kind, streams):
    hints = told({"type": kind, "data[id]": "8a25ff1d98", "data[list_id]": "a6b5da1054"})
    assert [hint.stream for hint in hints] == streams
    assert all(hint.ids == () for hint in hints)
    assert set(streams) <= set(mailchimp.streams)


def test_a_campaign_is_named_by_its_id():
    assert told({"type": "campaign", "data[id]": "5aa2102003"}) == (
        Hint("campaigns", ("5aa2102003",)),
        Hint("reports", ("5aa2102003",)),
    )


def test_an_address_without_the_secret_is_refused():
    with pytest.raises(SignatureInvalid):
        told({"type": "profile"}, url="https://hooks.example.com/mailchimp")


def test_a_form_without_a_type_is_malformed():
    with pytest.raises(DeliveryMalformed):
        told({"data[id]": "1"})


def test_mailchimp_may_look_whether_the_address_exists():
    (webhook,) = mailchimp.webhooks
    assert webhook.receive(Delivery(b"", {}, URL, "GET"), ["only-we-know"]).reply.status == 200
