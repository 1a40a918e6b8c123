"""What holds for every scheme: only the right secret, only the very delivery, only lately."""

import base64
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sdk.webhooks.conftest import NOW, SCHEMES, SECRETS, signed
from vaiven_sdk import SignatureInvalid

OTHER = "whsec_" + base64.b64encode(b"quite another secret").decode()
TIMED = ["standard", "svix", "hubspot", "stripe", "zendesk", "slack"]
SIGNED = [name for name in SCHEMES if not SCHEMES[name].weak]


def refused(name, delivery, secret, now=NOW):
    with pytest.raises(SignatureInvalid) as caught:
        SCHEMES[name].verify(delivery, secret, now=now)
    return caught.value


def test_what_is_rightly_signed_is_accepted(name, secret):
    SCHEMES[name].verify(signed(name), secret, now=NOW)


def test_another_secret_is_refused(name):
    refused(name, signed(name), OTHER)


@pytest.mark.parametrize("name", SIGNED)
def test_a_body_that_was_changed_is_refused(name, secret):
    delivery = signed(name)
    refused(name, replace(delivery, body=delivery.body + b" "), secret)
    refused(name, replace(delivery, body=b""), secret)


@pytest.mark.parametrize("name", SIGNED)
def test_an_unsigned_delivery_is_refused(name, secret):
    delivery = signed(name)
    for header in delivery.headers:
        if "signature" in header or "hmac" in header:
            without = {k: v for k, v in delivery.headers.items() if k != header}
            refused(name, replace(delivery, headers=without), secret)
            for nothing in ("", " ", "sha256=", "v1,", "v0=", "t=1", "ä", "\ud800"):
                refused(name, replace(delivery, headers={**without, header: nothing}), secret)


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("off", [-301, 301, 86_400])
def test_what_was_signed_at_another_time_is_refused(name, secret, off):
    delivery = signed(name)
    for near in (-299, 299):
        SCHEMES[name].verify(delivery, secret, now=NOW + near)
    problem = refused(name, delivery, secret, now=NOW + off)
    assert "another time" in problem.what


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("stamp", ["", "soon", "nan", "inf", "1e400", "-1", "9" * 400])
def test_a_stamp_that_is_no_time_is_refused_even_when_it_is_signed(name, secret, stamp):
    bare = {k: stamp if "timestamp" in k else v for k, v in signed(name).headers.items()}
    delivery = replace(signed(name), headers=bare)
    if name == "stripe":
        delivery = replace(delivery, headers={"stripe-signature": f"t={stamp}"})
    text = SCHEMES[name].sign(delivery, secret)
    header = next(h for h in bare if h.endswith(("signature", "signature-v3")))
    text = f"t={stamp},v1={text}" if name == "stripe" else text
    refused(name, replace(delivery, headers={**delivery.headers, header: text}), secret)


def test_a_refusal_shows_neither_the_secret_nor_what_would_have_been_right(name, secret):
    delivery = replace(signed(name), url="https://hub.example/elsewhere", body=b"{}")
    right = SCHEMES[name].sign(delivery, secret) if name in SIGNED else secret
    problem = refused(name, replace(delivery, headers=signed(name).headers), OTHER)
    told = f"{problem!r} {problem} {problem.as_dict()} {problem.__cause__} {problem.__context__}"
    for hidden in (secret, OTHER, right, right[-20:]):
        assert hidden not in told
    assert problem.as_dict()["code"] == "signature_invalid"


@pytest.mark.parametrize(
    ("name", "told"),
    [("standard", "msg_1"), ("svix", "msg_1"), ("shopify", "b54557e4"), ("stripe", "evt_1"), ("intercom", "evt_1"),
     ("zendesk", "01GX"), ("slack", "Ev1"), ("hubspot", ""), ("mandrill", ""), ("meta", ""), ("mailchimp", "")],
)  # fmt: skip
def test_a_delivery_has_the_vendors_id(name, told):
    assert SCHEMES[name].delivery_id(signed(name)) == told


@pytest.mark.parametrize("body", [b"", b"[1]", b"\xff", b'{"id": 7}'])
def test_a_body_without_an_id_has_none(body):
    assert SCHEMES["stripe"].delivery_id(signed("intercom", body)) == ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.sampled_from(SIGNED), st.binary(max_size=60), st.text(max_size=40), st.integers(0, 40))
def test_nothing_that_was_not_signed_passes_and_nothing_crashes(name, body, text, cut):
    secret = SECRETS.get(name, "a-secret-of-ours")
    delivery = signed(name, b'{"a": 1}')
    for header in delivery.headers:
        bent = {**delivery.headers, header: delivery.headers[header][:cut] + text}
        if bent[header].strip() != delivery.headers[header].strip() and "id" not in header.split("-"):
            refused(name, replace(delivery, headers=bent), secret)
    if body != delivery.body and name != "mandrill":
        refused(name, replace(delivery, body=body), secret)
