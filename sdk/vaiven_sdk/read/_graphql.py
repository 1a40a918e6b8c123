"""A GraphQL connection as a read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.errors import (
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    VaivenError,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.paging import Page
from vaiven_sdk.read._request import Request
from vaiven_sdk.read._window import Slot

if TYPE_CHECKING:
    from vaiven_sdk.http import Answer

# Codes in `errors[].extensions.code`: of Shopify (shopify.dev/docs/api/usage/response-codes), Apollo Server
# (apollographql.com/docs/apollo-server/data/errors), GitHub and monday.com use the same words in other spellings.
_BUSY = {"THROTTLED", "RATE_LIMITED", "RATELIMITED", "TOO_MANY_REQUESTS", "COMPLEXITYEXCEPTION"}
_RECONNECT = {"UNAUTHENTICATED", "UNAUTHORIZED", "INVALID_TOKEN"}
_FORBIDDEN = {"ACCESS_DENIED", "FORBIDDEN", "USERUNAUTHORIZEDEXCEPTION"}
_DOWN = {"INTERNAL_SERVER_ERROR", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"}


class _Errors(msgspec.Struct):
    errors: Any = None


def graphql_error(answer: Answer) -> VaivenError | None:
    """The error that a GraphQL answer of HTTP 200 holds, None when it holds none.

    An answer with `errors` is never taken, whatever `data` it has beside: what is missing in it would pass for gone.
    """
    if b'"errors"' not in answer.content:
        return None
    try:
        told = msgspec.json.decode(answer.content, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not told:
        return None
    first = next((error for error in told if isinstance(error, dict)), {}) if isinstance(told, list) else {}
    extensions = first.get("extensions")
    extensions = extensions if isinstance(extensions, dict) else {}
    code = str(extensions.get("code") or first.get("type") or "")
    message = " ".join(str(first.get("message") or told).split())[:300]
    why = f"{code}: {message}" if code else message
    plain = code.upper().replace("-", "_").replace(" ", "_")
    if plain in _BUSY:
        return VendorBusy("The vendor asks to slow down.", why=why)
    if plain in _RECONNECT:
        return ReconnectRequired("The vendor does not accept the credential.", why=why)
    if plain in _FORBIDDEN:
        return PermissionMissing("The query is not allowed to this account.", why=why)
    if plain in _DOWN:
        return VendorDown("The vendor failed to answer the query.", why=why)
    return RequestRefused("The vendor refused the query.", why=why, status=answer.status, body={"errors": told})


def graphql(
    query: str,
    *,
    items: str,
    page_size: int = 100,
    path: str = "/graphql",
    variables: Mapping[str, Any] | Slot | None = None,
) -> Request:
    """Read a GraphQL connection, page by page.

    The query takes `$first` and `$after`, asks the connection for `nodes` or for `edges { node }`, and for
    `pageInfo { hasNextPage endCursor }`. An answer with `errors` becomes the error that its code names, whatever its
    HTTP status. What the answer says of the query's cost (`extensions`) is there for the limits to learn from.

    Args:
        query: the text of the query.
        items: dotted path of the connection below `data`.
        page_size: records per page, sent as `$first`.
        path: of the endpoint.
        variables: further variables; functions, and texts that are just a slot (`"{since}"`), are filled.

    Raises:
        TypeError: the query lacks what paging needs.
    """
    words = set(re.findall(r"\$?\w+", re.sub(r"#.*", "", query)))
    missing = [name for name in ("$first", "$after", "pageInfo", "hasNextPage", "endCursor") if name not in words]
    if missing:
        raise TypeError(f"graphql: the query has no {', '.join(missing)}; without it no second page can be asked for")
    if not words & {"nodes", "edges"}:
        raise TypeError("graphql: the query asks the connection neither for `nodes` nor for `edges { node }`")
    at = f"data.{items}"
    records = f"{at}.nodes" if "nodes" in words else f"{at}.edges[].node"
    body: dict[str, Any] = {"query": query, "variables": variables or {}}
    return Request("POST", path, records, Page.connection(at=at, size=page_size), {}, body, check_answer=graphql_error)
