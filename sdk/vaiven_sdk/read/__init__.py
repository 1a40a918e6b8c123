"""How a stream is read: a request with a paging rule, and what can be made of such reads. Each nests in any other."""

from vaiven_sdk.read._base import Fetched, Read, Send
from vaiven_sdk.read._capped import capped
from vaiven_sdk.read._each import each
from vaiven_sdk.read._graphql import graphql, graphql_error, user_errors
from vaiven_sdk.read._hooked import AfterPage, Ask, BeforeRequest, Hooked
from vaiven_sdk.read._report import report
from vaiven_sdk.read._request import Request, get, post
from vaiven_sdk.read._window import Moment, Slot, Window
from vaiven_sdk.read._windows import windows

__all__ = [
    "AfterPage",
    "Ask",
    "BeforeRequest",
    "Fetched",
    "Hooked",
    "Moment",
    "Read",
    "Request",
    "Send",
    "Slot",
    "Window",
    "capped",
    "each",
    "get",
    "graphql",
    "graphql_error",
    "post",
    "report",
    "user_errors",
    "windows",
]
