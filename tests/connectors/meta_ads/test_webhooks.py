"""A delivery of Meta's says what to read again; it is signed over its body, and a handshake checks the address."""

import hashlib
import hmac
import json

import pytest

from vaiven_connectors.meta_ads import connector
from vaiven_sdk import Delivery, Hint
from vaiven_sdk.errors import DeliveryMalformed, SignatureInvalid
from vaiven_sdk.webhooks import signatures

SECRET = "app-secret"
URL = "https://hooks.example.com/meta"


def received(body, secret=SECRET):
    raw = json.dumps(body).encode()
    signed = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    (hook,) = connector.webhooks
    return hook.receive(Delivery(raw, {"X-Hub-Signature-256": signed}, URL), [SECRET])


def entry(kind, id_, field, value):
    return {"object": kind, "entry": [{"id": id_, "time": 1795600000, "changes": [{"field": field, "value": value}]}]}


def test_a_lead_is_read_as_lead_and_as_submission():
    value = {"leadgen_id": "444", "page_id": "99", "form_id": "77", "ad_id": "3", "created_time": 1795600000}
    assert received(entry("page", "99", "leadgen", value)).hints == (
        Hint("leads", ("444",), "99"),
        Hint("submissions", ("444",), "99"),
    )


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("with_issues_ad_objects", {"id": "3", "level": "AD", "error_code": 1}, Hint("ads", ("3",), "act_1")),
        ("in_process_ad_objects", {"id": "2", "level": "AD_SET"}, Hint("ad_sets", ("2",), "act_1")),
        ("in_process_ad_objects", {"id": "1", "level": "CAMPAIGN"}, Hint("campaigns", ("1",), "act_1")),
        ("in_process_ad_objects", {"level": "CREATIVE"}, Hint("creatives", (), "act_1")),
        ("creative_fatigue", {"ad_id": "3", "level": "HIGH"}, Hint("ads", ("3",), "act_1")),
    ],
)
@pytest.mark.parametrize("id_", ["1", "act_1"])
def test_an_object_of_the_account_is_read_again(field, value, hint, id_):
    assert received(entry("ad_account", id_, field, value)).hints == (hint,)


@pytest.mark.parametrize(
    "body",
    [
        entry("page", "99", "feed", {"item": "post"}),
        entry("ad_account", "1", "ad_recommendations", {"type": "x"}),
        {"object": "page", "entry": [{"id": "99", "time": 1}]},
    ],
)
def test_what_is_not_read_gives_no_hint(body):
    assert received(body).hints == ()


def test_a_wrong_signature_is_refused():
    with pytest.raises(SignatureInvalid):
        received(entry("page", "99", "leadgen", {"leadgen_id": "1"}), "another")


def test_what_meta_does_not_document_is_refused():
    with pytest.raises(DeliveryMalformed):
        received({"object": "page"})


def test_the_handshake_echoes_the_challenge():
    (hook,) = connector.webhooks
    token = signatures.meta_token(SECRET)
    asked = f"{URL}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}"
    assert hook.receive(Delivery(b"", {}, asked, "GET"), [SECRET]).reply.body == b"1158201444"
    assert hook.receive(Delivery(b"", {}, asked[:-3], "GET"), [SECRET]).reply.status == 403
