"""Tools to develop and test a connector with no vendor account."""

from vaiven_sdk.testing import fields, ids
from vaiven_sdk.testing._view import Entry, Selection
from vaiven_sdk.testing.access import AnyAccess, BasicAccess, BearerAccess, KeyAccess, SignedAccess
from vaiven_sdk.testing.clock import Clock, ManualClock, SkewedClock, SystemClock
from vaiven_sdk.testing.faults import Fault, Faults
from vaiven_sdk.testing.fields import Fields, Words
from vaiven_sdk.testing.jobs import Jobs, as_csv, as_jsonl
from vaiven_sdk.testing.oauth import OAuthAccess
from vaiven_sdk.testing.pages import ByCursor, ByKey, ByNumber, ByOffset, Pages, connection
from vaiven_sdk.testing.postman import Postman, hmac_header, is_loopback, standard_webhooks
from vaiven_sdk.testing.quirk import Quirk
from vaiven_sdk.testing.quota import BucketQuota, ConcurrencyQuota, LimitHeaders, WindowQuota
from vaiven_sdk.testing.refusal import Problem, Refusal
from vaiven_sdk.testing.routing import Call, Caller, Reply, delete, get, patch, post, put, route
from vaiven_sdk.testing.server import Server, serve
from vaiven_sdk.testing.simulator import NotDrivable, Simulator, action
from vaiven_sdk.testing.table import Change, Table
from vaiven_sdk.testing.vendor import Vendor

__all__ = [
    "AnyAccess",
    "BasicAccess",
    "BearerAccess",
    "BucketQuota",
    "ByCursor",
    "ByKey",
    "ByNumber",
    "ByOffset",
    "Call",
    "Caller",
    "Change",
    "Clock",
    "ConcurrencyQuota",
    "Entry",
    "Fault",
    "Faults",
    "Fields",
    "Jobs",
    "KeyAccess",
    "LimitHeaders",
    "ManualClock",
    "NotDrivable",
    "OAuthAccess",
    "Pages",
    "Postman",
    "Problem",
    "Quirk",
    "Refusal",
    "Reply",
    "Selection",
    "Server",
    "SignedAccess",
    "Simulator",
    "SkewedClock",
    "SystemClock",
    "Table",
    "Vendor",
    "WindowQuota",
    "Words",
    "action",
    "as_csv",
    "as_jsonl",
    "connection",
    "delete",
    "fields",
    "get",
    "hmac_header",
    "ids",
    "is_loopback",
    "patch",
    "post",
    "put",
    "route",
    "serve",
    "standard_webhooks",
]
