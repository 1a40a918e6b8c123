"""Every scheme with a delivery that is rightly signed at `NOW`."""

from dataclasses import replace

import pytest

from vaiven_sdk import Delivery, UrlSecret, signatures

NOW = 1_800_000_000.0
SECRETS = {"standard": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "svix": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
HEADERS = {
    "standard": {"Webhook-Id": "msg_1", "Webhook-Timestamp": f"{NOW:.0f}"},
    "svix": {"svix-id": "msg_1", "svix-timestamp": f"{NOW:.0f}"},
    "hubspot": {"X-HubSpot-Request-Timestamp": f"{NOW * 1000:.0f}"},
    "shopify": {"X-Shopify-Webhook-Id": "b54557e4"},
    "stripe": {"Stripe-Signature": f"t={NOW:.0f}"},
    "zendesk": {
        "X-Zendesk-Webhook-Signature-Timestamp": "2027-01-15T08:00:00Z",
        "X-Zendesk-Webhook-Invocation-Id": "01GX",
    },
    "slack": {"X-Slack-Request-Timestamp": f"{NOW:.0f}"},
}
SCHEMES = {
    "standard": signatures.standard(),
    "svix": signatures.standard(names="svix"),
    "hubspot": signatures.hubspot(),
    "shopify": signatures.shopify(),
    "stripe": signatures.stripe(),
    "mandrill": signatures.mandrill(),
    "intercom": signatures.intercom(),
    "zendesk": signatures.zendesk(),
    "meta": signatures.meta(),
    "slack": signatures.slack(),
    "mailchimp": signatures.mailchimp(),
    "mailchimp, in the path": signatures.mailchimp(None),
}


def signed(name, body=b'{"id": "evt_1", "event_id": "Ev1"}', secret=None, method="POST"):
    """A delivery as that vendor would send it."""
    scheme, secret = SCHEMES[name], secret or SECRETS.get(name, "a-secret-of-ours")
    if isinstance(scheme, UrlSecret):
        url = f"https://hub.example/in?secret={secret}" if scheme.param else f"https://hub.example/in/{secret}"
        return Delivery(body, {}, url, method)
    if name == "mandrill":
        body = b"mandrill_events=%5B%5D&" + body.replace(b'"', b"").replace(b" ", b"+")
    bare = Delivery(body, HEADERS.get(name, {}), "https://hub.example/in?x=1", method)
    text = scheme.sign(bare, secret)
    header = getattr(scheme, "header", f"{getattr(scheme, 'names', '')}-signature").lower()
    if name == "stripe":
        text = f"{bare.headers[header]},v1={text},v0=6ffbb59b"
    return replace(bare, headers={**bare.headers, header: text})


@pytest.fixture(params=SCHEMES)
def name(request):
    return request.param


@pytest.fixture
def secret(name):
    return SECRETS.get(name, "a-secret-of-ours")
