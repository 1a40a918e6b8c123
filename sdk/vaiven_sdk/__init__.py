"""Everything a partner needs to write a connector; import from here."""

from vaiven_sdk._walk import Fetched
from vaiven_sdk.auth import Auth, Basic, Bearer, OAuth2
from vaiven_sdk.config import Config
from vaiven_sdk.connector import Account, Connector
from vaiven_sdk.custom import CustomField, CustomType
from vaiven_sdk.errors import (
    Actor,
    AnswerMalformed,
    ChangesUnknown,
    ConfigInvalid,
    CursorExpired,
    DeliveryMalformed,
    NotFound,
    PermissionMissing,
    ReconnectRequired,
    RecordRejected,
    RequestRefused,
    SignatureInvalid,
    Unsettled,
    VaivenError,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.guarantees import CreateKey, Deletes, Guarantee, Guard
from vaiven_sdk.limits import Limit
from vaiven_sdk.paging import Page
from vaiven_sdk.read import Read, Window, get, post
from vaiven_sdk.record import Record, derive, wire
from vaiven_sdk.scopes import Scope
from vaiven_sdk.session import Session
from vaiven_sdk.stream import Batch, Stream
from vaiven_sdk.webhooks import Delivery, Hint, HmacSignature, Received, Reply, Signature, UrlSecret, signatures
from vaiven_sdk.write import Outcome, Write

__all__ = [
    "Account",
    "Actor",
    "AnswerMalformed",
    "Auth",
    "Basic",
    "Batch",
    "Bearer",
    "ChangesUnknown",
    "Config",
    "ConfigInvalid",
    "Connector",
    "CreateKey",
    "CursorExpired",
    "CustomField",
    "CustomType",
    "Deletes",
    "Delivery",
    "DeliveryMalformed",
    "Fetched",
    "Guarantee",
    "Guard",
    "Hint",
    "HmacSignature",
    "Limit",
    "NotFound",
    "OAuth2",
    "Outcome",
    "Page",
    "PermissionMissing",
    "Read",
    "Received",
    "ReconnectRequired",
    "Record",
    "RecordRejected",
    "Reply",
    "RequestRefused",
    "Scope",
    "Session",
    "Signature",
    "SignatureInvalid",
    "Stream",
    "Unsettled",
    "UrlSecret",
    "VaivenError",
    "VendorBusy",
    "VendorDown",
    "Window",
    "Write",
    "derive",
    "get",
    "post",
    "signatures",
    "wire",
]
