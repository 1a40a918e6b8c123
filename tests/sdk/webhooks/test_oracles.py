"""The schemes against what others have written: the vendors' clients and their documented examples."""

import base64
import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.sdk.webhooks.conftest import SECRETS, signed
from vaiven_sdk import Delivery, HmacSignature, SignatureInvalid, signatures

EVENT = {"id": "evt_1", "object": "event", "type": "customer.updated", "data": {"object": {"name": "Zoë"}}}
LATER = 1_614_265_330.0


# -- Stripe's own client (stripe-python 16.1.0)


@pytest.mark.client
def test_what_stripes_client_signs_is_accepted():
    from stripe import WebhookSignature

    body, secret = json.dumps(EVENT), "whsec_a"
    for at in (int(LATER), int(LATER) - 200):
        header = WebhookSignature.generate_signature_header(body, secret, at)
        delivery = Delivery(body.encode(), {"Stripe-Signature": header})
        signatures.stripe().verify(delivery, secret, now=LATER)
        with pytest.raises(SignatureInvalid):
            signatures.stripe().verify(delivery, "whsec_b", now=LATER)


@pytest.mark.client
def test_what_we_sign_is_accepted_by_stripes_client():
    import stripe

    at, body = f"{time.time():.0f}", json.dumps(EVENT)
    sign = signatures.stripe().sign(Delivery(body.encode(), {"Stripe-Signature": f"t={at}"}), "whsec_a")
    event = stripe.Webhook.construct_event(body, f"t={at},v1={sign}", "whsec_a", api_key="sk_test_1")
    assert event.id == "evt_1"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + " ", f"t={at},v1={sign}", "whsec_a", api_key="sk_test_1")


# -- HubSpot's own client (hubspot-api-client 12.0.0); it leaves the decoding of the address to its caller


@pytest.mark.client
@pytest.mark.parametrize(
    ("sent", "as_signed"),
    [
        ("https://hub.example/in", "https://hub.example/in"),
        ("https://hub.example/in?to=https%3A%2F%2Fa.b%3f", "https://hub.example/in?to=https://a.b?"),
        ("https://hub.example/%40%21%24%27%28%29%2A%2C%3B", "https://hub.example/@!$'()*,;"),
        ("https://hub.example/in?q=a%20b%26c%2541", "https://hub.example/in?q=a%20b%26c%2541"),
    ],
)
def test_hubspots_client_signs_as_we_do(sent, as_signed):
    from hubspot.utils.signature import Signature

    at, body = f"{time.time() * 1000:.0f}", '[{"objectId": 1, "name": "Zoë"}]'
    text = Signature.get_signature("secret", body, "v3", as_signed, "POST", at)
    delivery = Delivery(
        body.encode(), {"X-HubSpot-Signature-v3": text, "X-HubSpot-Request-Timestamp": at}, sent, "POST"
    )
    signatures.hubspot().verify(delivery, "secret", now=time.time())
    ours = signatures.hubspot().sign(delivery, "secret")
    assert Signature.is_valid(ours, "secret", body, as_signed, "POST", "v3", at)
    with pytest.raises(SignatureInvalid):
        signatures.hubspot().verify(replace(delivery, method="PUT"), "secret", now=time.time())


# -- Standard Webhooks: the example of its specification, its own library where it is installed, and Ed25519


def test_the_example_of_standard_webhooks():
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    delivery = Delivery(b'{"test": 2432232314}', headers)
    signatures.standard().verify(delivery, SECRETS["standard"], now=LATER)
    several = {**headers, "webhook-signature": f"v1,AAAA v2,x {headers['webhook-signature']} v1a,y"}
    signatures.standard().verify(replace(delivery, headers=several), SECRETS["standard"], now=LATER)


@pytest.mark.client
def test_the_library_of_standard_webhooks_signs_as_we_do():
    library = pytest.importorskip("standardwebhooks", reason="standardwebhooks is not installed")
    body, now = '{"name": "Zoë"}', datetime.now(UTC)
    hook = library.Webhook(SECRETS["standard"])
    text = hook.sign("msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": f"{int(now.timestamp())}", "webhook-signature": text}
    delivery = Delivery(body.encode(), headers)
    signatures.standard().verify(delivery, SECRETS["standard"], now=now.timestamp())
    ours = signatures.standard().sign(delivery, SECRETS["standard"])
    assert hook.verify(body, {**headers, "webhook-signature": ours}) == {"name": "Zoë"}


def test_the_public_key_of_standard_webhooks():
    private = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    body = b'{"a": 1}'
    text = base64.b64encode(private.sign(b"msg_1.1614265330." + body)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1614265330", "webhook-signature": f"v1,AA v1a,{text}"}
    delivery = Delivery(body, headers)
    signatures.standard().verify(delivery, public, now=LATER)
    for wrong in (replace(delivery, body=b"{}"), replace(delivery, headers={**headers, "webhook-id": "msg_2"})):
        with pytest.raises(SignatureInvalid):
            signatures.standard().verify(wrong, public, now=LATER)
    for secret in ("whpk_", "whpk_AAAA", "whpk_ä", SECRETS["standard"]):
        with pytest.raises(SignatureInvalid):
            signatures.standard().verify(delivery, secret, now=LATER)
    # A public key is known to everybody: as a shared secret it must not count.
    forged = signatures.standard().sign(delivery, "whsec_" + public.removeprefix("whpk_"))
    with pytest.raises(SignatureInvalid):
        signatures.standard().verify(
            replace(delivery, headers={**headers, "webhook-signature": forged}), public, now=LATER
        )


# -- documented examples, read 2026-11-25


def test_the_example_of_slacks_documentation():
    """docs.slack.dev/authentication/verifying-requests-from-slack, "Step-by-step walk-through"."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    signatures.slack().verify(Delivery(body, headers), "8f742231b10e8888abcd99yyyzzz85a5", now=1531420619)


def test_the_header_that_meta_and_github_share():
    """docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries, "Testing the ... validation"."""
    text = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    delivery = Delivery(b"Hello, World!", {"X-Hub-Signature-256": text})
    signatures.meta().verify(delivery, "It's a Secret to Everybody", now=LATER)


@pytest.mark.parametrize("body", ['{"name": "äöå"}', '{"name": "\U0001f600"}'])
def test_meta_may_sign_the_escaped_form_of_what_it_sends(body):
    """ "äöå will be escaped to \\u00e4\\u00f6\\u00e5" (Messenger Platform, Webhooks, "Validating Payloads")."""
    escaped = json.dumps(json.loads(body)).encode()
    for over in (escaped, body.encode()):
        text = signatures.meta().sign(Delivery(over, {}), "secret")
        signatures.meta().verify(Delivery(body.encode(), {"X-Hub-Signature-256": text}), "secret", now=LATER)


def test_mandrill_signs_as_twilio_does():
    """The same rule (address, then each field's name and value by name, SHA-1), and Twilio documents an example:
    twilio.com/docs/usage/security, "Validating Signatures from Twilio"."""
    body = b"CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller=%2B14158675309&From=%2B14158675309&Digits=1234"
    delivery = Delivery(
        body, {"X-Mandrill-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, "https://mycompany.com/myapp.php?foo=1&bar=2"
    )
    signatures.mandrill().verify(delivery, "12345", now=LATER)


@pytest.mark.parametrize(
    ("scheme", "header", "text"),
    [
        (signatures.shopify(), "X-Shopify-Hmac-SHA256", "W9zBRr9gdU5qBCQIdcQEJy2tOdg5O5wZuPMHQ65klDg="),
        (signatures.intercom(), "X-Hub-Signature", "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    ],
)
def test_a_keyed_digest_of_the_body(scheme, header, text):
    """RFC 4231, 4.3 in base64 for SHA-256, and RFC 2202, 3 for SHA-1: "what do ya want for nothing?"."""
    if header.startswith("X-Shopify"):
        text = base64.b64encode(
            bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        ).decode()
    scheme.verify(Delivery(b"what do ya want for nothing?", {header: text}), "Jefe", now=LATER)


def test_zendesks_secret_is_used_as_it_is_shown():
    """Zendesk's older example (developer.zendesk.com/documentation/event-connectors/webhooks/verifying) put the body
    first. Its page now says TIMESTAMP + BODY; the key is the same text."""
    older = HmacSignature("s", encoding="base64", parts=lambda d: d.body + b"2021-07-25T10:00:00Z")
    text, secret = "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw=", "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA="
    older.verify(Delivery(b'{"say": "hello"}', {"s": text}), secret, now=LATER)
    assert signed("zendesk").headers["x-zendesk-webhook-signature"]
