"""A GraphQL connection as a read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.errors import (
    MakerError,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    VaivenError,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.paging import Page
from vaiven_sdk.read._request import Check, Request
from vaiven_sdk.read._window import Slot, Window

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
    query: str | Callable[[Window], str],
    *,
    items: str,
    page_size: int = 100,
    path: str = "/graphql",
    variables: Mapping[str, Any] | Slot | None = None,
    edges: bool = False,
    check: Check | None = None,
) -> Request:
    """Read a GraphQL connection, page by page.

    The query takes `$first` and `$after`, asks the connection for `nodes` or for `edges { node }`, and for
    `pageInfo { hasNextPage endCursor }`. An answer with `errors` becomes the error that its code names, whatever its
    HTTP status. What the answer says of the query's cost (`extensions`) is there for the limits to learn from.

    Args:
        query: the text of the query, or a function of the window that makes it (`window.fields` names what is wanted).
        items: dotted path of the connection below `data`.
        page_size: records per page, sent as `$first`.
        path: of the endpoint.
        variables: further variables; functions, and texts that are just a slot (`"{since}"`), are filled.
        edges: a query that a function makes asks for `edges { node }`; of a text it is plain to see.
        check: looks at each answer without `errors` and may name an error, which it is then.

    Raises:
        TypeError: the query lacks what paging needs; of one that a function makes it is a MakerError when it is asked.
    """
    if isinstance(query, str):
        wrong, edges = _unpaged(query)
        if wrong:
            raise TypeError(f"graphql: {wrong}")
        asked: str | Callable[[Window], str] = query
    else:
        made = query

        def checked(window: Window) -> str:
            text = made(window)
            wrong, with_edges = _unpaged(text)
            if wrong or with_edges != edges:
                raise MakerError(f"graphql: {wrong or f'edges= says {edges}, and the query is otherwise'}")
            return text

        asked = checked

    def looked_at(answer: Answer) -> VaivenError | None:
        return graphql_error(answer) or (check(answer) if check else None)

    at = f"data.{items}"
    records = f"{at}.edges[].node" if edges else f"{at}.nodes"
    body: dict[str, Any] = {"query": asked, "variables": variables or {}}
    looks = looked_at if check else graphql_error
    return Request("POST", path, records, Page.connection(at=at, size=page_size), {}, body, check_answer=looks)


def _unpaged(query: str) -> tuple[str, bool]:
    """What a query lacks for paging, empty when nothing; and whether it asks for edges instead of nodes."""
    words = set(re.findall(r"\$?\w+", re.sub(r"#.*", "", query)))
    missing = [name for name in ("$first", "$after", "pageInfo", "hasNextPage", "endCursor") if name not in words]
    if missing:
        return f"the query has no {', '.join(missing)}; without it no second page can be asked for", False
    if not words & {"nodes", "edges"}:
        return "the query asks the connection neither for `nodes` nor for `edges { node }`", False
    return "", "nodes" not in words


def user_errors(payload: Any, *, at: str = "userErrors") -> list[tuple[str, str]]:
    """Code and sentence of each refusal that a mutation's payload holds: they come with HTTP 200 and without `errors`.

    Args:
        payload: what stands under the mutation's name in `data`; None holds none.
        at: the payload's list of them: Shopify's name for it is the default.
    """
    found = payload.get(at) if isinstance(payload, Mapping) else None
    out = []
    for one in found or ():
        where = one.get("field")
        field = where if isinstance(where, str) else ".".join(str(step) for step in where or ())
        said = " ".join(str(one.get("message") or "").split())[:300]
        out.append((str(one.get("code") or "refused").lower(), f"{field}: {said}" if field else said))
    return out
