"""What a bad answer means: an error that says who must act, with nothing secret in it."""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import msgspec

from vaiven_sdk.errors import (
    CustomerError,
    NotFound,
    PermissionMissing,
    ReconnectRequired,
    RequestRefused,
    Unsettled,
    VaivenError,
    VendorBusy,
    VendorDown,
    VendorError,
)
from vaiven_sdk.limits import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vaiven_sdk.http._answer import Answer


_LONGEST = 20_000
"""Bytes of a refusal's text that are looked at."""


def problem(
    vendor: str, where: str, answer: Answer, *, repeatable: bool, refine: Callable[[int, Any], Any] | None
) -> VaivenError:
    """The error of an answer of 400 and above; `refine` is the connector's own naming of errors."""
    body = told(answer)
    found = refine(answer.status, body) if refine else None
    if isinstance(found, VaivenError):
        return found
    status, why = answer.status, reason(body) or f"HTTP {answer.status}"
    if isinstance(body, str) and not why.startswith("HTTP"):
        # A text without a form may be anybody's: a proxy's, say.
        why = f"HTTP {status}: {why}"
    if status == 401:
        return ReconnectRequired(f"{vendor} does not accept the credential.", why=why)
    if status == 403:
        return PermissionMissing(f"{where} is not allowed to this account.", why=why)
    if status in {404, 410}:
        return NotFound(f"{where}: there is no such object.", why=why)
    if status == 429:
        waits = retry_after(answer.headers.get("retry-after"))
        return VendorBusy(f"{vendor} asks to slow down.", why=why, retry_after=waits)
    if status >= 500 or status == 408:
        waits = retry_after(answer.headers.get("retry-after"))
        if status == 503 and waits is not None:
            return VendorBusy(f"{vendor} is not available.", why=why, retry_after=waits)
        if repeatable:
            return VendorDown(f"{where} failed.", why=why)
        return Unsettled(f"{where} failed in the middle of a write.", why=why)
    return RequestRefused(f"{where} refused the request.", why=why, status=status, body=body)


def named(answer: Answer, refine: Callable[[int, Any], Any] | None) -> VaivenError | None:
    """What the connector calls the refusal of a token, where that is for the customer to mend or the vendor's fault.

    A hook that knows the API's errors alone calls such a refusal a bad request of ours; the standard's codes say more.
    """
    found = refine(answer.status, told(answer)) if refine and answer.status >= 400 else None
    return found if isinstance(found, (CustomerError, VendorError)) else None


def told(answer: Answer) -> Any:
    """The body of a refusal: its JSON, else its text; None when there is neither."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(answer.content)
    with suppress(UnicodeDecodeError):
        # The cut may go through a character.
        return codecs.getincrementaldecoder("utf-8")().decode(answer.content[:_LONGEST]).strip() or None
    return None


def reason(body: Any) -> str:
    """The sentence that most vendors put in an error body, cut to a line; never the request itself.

    Of a list it is the first entry's. A plain text is the sentence; a page of HTML is none.
    """
    if isinstance(body, list):
        return next((said for said in map(reason, body) if said), "")
    if isinstance(body, str):
        return "" if body.lstrip()[:1] == "<" else " ".join(body.split())[:300]
    if not isinstance(body, dict):
        return ""
    inner = body.get("error")
    for node in (inner if isinstance(inner, dict) else {}, body):
        for key in ("message", "detail", "error_description", "title", "error"):
            if isinstance(node.get(key), str):
                return " ".join(node[key].split())[:300]
    return ""


def hide(error: VaivenError, secrets: Iterable[str]) -> VaivenError:
    """The same error without the secrets: some vendors quote the credential that they refuse."""
    plain = {secret for secret in secrets if len(secret) > 5}
    spelt = plain | {quote(s, safe="") for s in plain} | {quote_plus(s) for s in plain}
    for secret in sorted(spelt, key=len, reverse=True):
        error.what, error.why, error.remedy = (
            text.replace(secret, "***") for text in (error.what, error.why, error.remedy)
        )
        if isinstance(error, RequestRefused):
            # Connectors take the reasons of single records from it.
            error.body = _without(error.body, secret)
    error.args = (error.what,)
    return error


def _without(value: Any, secret: str) -> Any:
    if isinstance(value, str):
        return value.replace(secret, "***")
    if isinstance(value, list):
        return [_without(one, secret) for one in value]
    return {key: _without(one, secret) for key, one in value.items()} if isinstance(value, dict) else value
