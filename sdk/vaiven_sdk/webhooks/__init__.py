"""Webhooks in: a delivery proves whose it is, and then only says what to read again."""

from vaiven_sdk.webhooks import signatures
from vaiven_sdk.webhooks._delivery import Delivery, Reply
from vaiven_sdk.webhooks._receive import Hint, HintFunction, Received, Webhook
from vaiven_sdk.webhooks._signature import TOLERANCE, HmacSignature, Signature, StandardSignature, UrlSecret

__all__ = [
    "TOLERANCE",
    "Delivery",
    "Hint",
    "HintFunction",
    "HmacSignature",
    "Received",
    "Reply",
    "Signature",
    "StandardSignature",
    "UrlSecret",
    "Webhook",
    "signatures",
]
