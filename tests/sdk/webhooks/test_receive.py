"""From a delivery to hints: handshakes, rotation of secrets, bodies that are not as documented."""

from dataclasses import replace

import pytest

from tests.sdk.webhooks.conftest import NOW, SCHEMES, signed
from vaiven_sdk import Delivery, DeliveryMalformed, Hint, Reply, SignatureInvalid, signatures
from vaiven_sdk.webhooks import Webhook


def hints(delivery):
    for event in delivery.json():
        yield Hint("contacts", (str(event["objectId"]),), str(event["portalId"]))


HOOK = Webhook(signatures.hubspot(), hints)
BODY = b'[{"objectId": 51, "portalId": 62515}]'


def test_a_delivery_becomes_hints():
    found = HOOK.receive(signed("hubspot", BODY), ["a-secret-of-ours"], now=NOW)
    assert found.hints == (Hint("contacts", ("51",), "62515"),)
    assert (found.reply, found.id) == (Reply(200), "")


@pytest.mark.parametrize(
    "secrets", [["new", "a-secret-of-ours"], ["a-secret-of-ours", "new"], ["", "a-secret-of-ours"]]
)
def test_while_a_secret_is_replaced_both_are_accepted(secrets):
    assert HOOK.receive(signed("hubspot", BODY), secrets, now=NOW).hints


def test_none_of_several_secrets():
    with pytest.raises(SignatureInvalid):
        HOOK.receive(signed("hubspot", BODY), ["new", "newer"], now=NOW)


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nothing_is_accepted(name, secrets):
    with pytest.raises(SignatureInvalid, match="no secret"):
        Webhook(SCHEMES[name], lambda _: []).receive(signed(name), secrets, now=NOW)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "JSON"),
        (b'[{"objectId": 51, "portalId"', "JSON"),
        (b"\xff\xfe", "JSON"),
        (b'{"objectId": 51}', "documents"),
        (b"[1]", "documents"),
        (b"null", "documents"),
        (b'[{"objectId": 51}]', "no 'portalId'"),
    ],
)
def test_a_signed_body_that_is_not_as_documented_is_a_clear_error(body, why):
    with pytest.raises(DeliveryMalformed, match=why) as caught:
        HOOK.receive(signed("hubspot", body), ["a-secret-of-ours"], now=NOW)
    assert caught.value.as_dict()["code"] == "delivery_malformed"


def test_the_function_never_sees_what_is_not_signed():
    seen = []
    hook = Webhook(signatures.shopify(), lambda d: seen.append(d) or [])
    with pytest.raises(SignatureInvalid):
        hook.receive(replace(signed("shopify"), body=b"{}"), ["a-secret-of-ours"], now=NOW)
    assert seen == []
    assert hook.receive(signed("shopify"), ["a-secret-of-ours"], now=NOW).id == "b54557e4"
    assert len(seen) == 1


def test_the_machines_clock_counts_when_none_is_given():
    with pytest.raises(SignatureInvalid, match="another time"):
        HOOK.receive(signed("hubspot", BODY), ["a-secret-of-ours"])


# -- handshakes


def meta_asks(token, mode="subscribe"):
    query = f"hub.mode={mode}&hub.challenge=1158201444&hub.verify_token={token}"
    return Delivery(b"", {}, f"https://hub.example/in?{query}", "GET")


def test_metas_verification_is_answered_with_its_challenge():
    hook = Webhook(signatures.meta(), lambda _: [])
    asked = meta_asks(signatures.meta_token("secret"))
    assert hook.receive(asked, ["old", "secret"]).reply == Reply(200, b"1158201444")
    assert hook.receive(meta_asks(""), ["secret"]).reply == Reply(403)
    assert hook.receive(meta_asks("secret"), ["secret"]).reply.status == 403
    assert hook.receive(meta_asks(signatures.meta_token("secret"), "unsubscribe"), ["secret"]).reply.status == 403
    assert signatures.meta_token("secret") != signatures.meta_token("secret2")


def test_slacks_verification_is_signed_and_answered():
    hook = Webhook(signatures.slack(), lambda _: [Hint("messages")])
    body = b'{"token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY", "type": "url_verification"}'
    found = hook.receive(signed("slack", body), ["a-secret-of-ours"], now=NOW)
    assert (found.hints, found.reply) == ((), Reply(200, b"3eZbrw1aBm2rZgRNFdxV2595E9CY"))
    with pytest.raises(SignatureInvalid):
        hook.receive(replace(signed("slack"), body=body), ["a-secret-of-ours"], now=NOW)


@pytest.mark.parametrize(("name", "method"), [("mailchimp", "GET"), ("mandrill", "HEAD"), ("intercom", "HEAD")])
def test_a_vendor_that_looks_whether_the_address_exists_finds_it(name, method):
    hook = Webhook(SCHEMES[name], lambda _: [Hint("members")])
    found = hook.receive(Delivery(b"", {}, "https://hub.example/in", method), ["secret"])
    assert (found.hints, found.reply.status) == ((), 200)


def test_a_greeting_is_not_a_way_around_the_signature():
    for name in ("mailchimp", "mandrill", "intercom", "meta", "slack", "stripe"):
        with pytest.raises(SignatureInvalid):
            Webhook(SCHEMES[name], lambda _: [Hint("x")]).receive(Delivery(b"{}", {}, "https://hub.example/"), ["s"])


# -- the weaker kind


def test_a_secret_in_the_address_is_shown_as_weak():
    assert signatures.mailchimp().weak
    assert str(signatures.mailchimp()) == "not signed: a secret in the address, which is weaker"
    assert str(signatures.hubspot()) == "signed in X-HubSpot-Signature-v3 (sha256, at most 300 s old)"
    assert str(signatures.shopify()) == "signed in X-Shopify-Hmac-SHA256 (sha256, without a time)"
    assert not any(SCHEMES[name].weak for name in SCHEMES if not name.startswith("mailchimp"))


def test_a_form_keeps_its_fields_in_order():
    delivery = Delivery(b"type=unsubscribe&data%5Bemail%5D=a%40x.com&data%5Breason%5D=", {})
    assert delivery.form() == [("type", "unsubscribe"), ("data[email]", "a@x.com"), ("data[reason]", "")]
    with pytest.raises(DeliveryMalformed):
        Delivery(b"\xff", {}).form()
