"""What a system webhook says is to be read again, and which deliveries are believed."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from vaiven_connectors.klaviyo import connector
from vaiven_sdk import Delivery, Hint
from vaiven_sdk.errors import DeliveryMalformed, SignatureInvalid

SECRET = "a-secret-of-sixteen"
(HOOK,) = connector.webhooks


def body(*topics):
    rows = [{"topic": topic, "external_id": f"e{n}", "payload": {}} for n, topic in enumerate(topics)]
    return json.dumps({"data": rows, "meta": {"klaviyo_account_id": "ABC123"}}).encode()


def told(content, stamp, secret=SECRET):
    sign = hmac.new(secret.encode(), content + stamp.encode(), hashlib.sha256).hexdigest()
    headers = {"Klaviyo-Signature": sign, "Klaviyo-Timestamp": stamp, "Klaviyo-Webhook-Id": "w"}
    return HOOK.receive(Delivery(content, headers, "https://hub.example/in"), [SECRET], now=time.time()).hints


def spellings():
    now = datetime.now(UTC)
    plain = now.replace(tzinfo=None).isoformat()
    return [f"{now.timestamp():.0f}", f"{now.timestamp() * 1000:.0f}", now.isoformat(), plain, format_datetime(now)]


@pytest.mark.parametrize("number", range(5))
def test_each_usual_spelling_of_the_time_is_understood(number):
    hints = told(body("event:klaviyo.opened_email"), spellings()[number])
    assert hints == (Hint("events", ("e0",), "ABC123"),)


@pytest.mark.parametrize(
    "topic", ["event:klaviyo.unsubscribed_from_email_marketing", "event:klaviyo.marked_email_as_spam"]
)
def test_what_moves_consent_hints_at_profiles(topic):
    hints = told(body("event:klaviyo.opened_email", topic), spellings()[0])
    assert hints == (Hint("events", ("e0", "e1"), "ABC123"), Hint("profiles", (), "ABC123"))
    assert {hint.stream for hint in hints} <= set(connector.streams)


@pytest.mark.parametrize("stamp", [f"{time.time() - 86_400:.0f}", "yesterday", ""])
def test_what_is_old_or_undated_is_refused(stamp):
    with pytest.raises(SignatureInvalid):
        told(body("event:klaviyo.opened_email"), stamp)


def test_another_secret_is_refused():
    with pytest.raises(SignatureInvalid):
        told(body("event:klaviyo.opened_email"), spellings()[0], secret="another-secret-of-x")


def test_a_body_without_events_is_malformed():
    with pytest.raises(DeliveryMalformed):
        told(b"{}", spellings()[0])
