"""How Google Ads says no: the codes of GoogleAdsFailure, and the standard envelope of Google's APIs around them.

Codes and sentences: the error enums of google-ads==34.0.0 (v26, with v23 to v25 beside it). The envelope and the
mapping of gRPC codes to HTTP: developers.google.com/google-ads/api/docs/best-practices/understand-api-errors.
Read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vaiven_sdk.testing import Problem, Refusal
from vaiven_sdk.testing.refusal import RefusalKind

Json = dict[str, Any]
Where = Sequence[tuple[str, int | None]]
"""A path into the request: names of fields, with the index where a field is a list."""

_STATES: dict[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_SENTENCES: dict[int, str] = {
    400: "Request contains an invalid argument.",
    401: (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    ),
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    429: "Resource has been exhausted (e.g. check quota).",
}
_KINDS: dict[int, RefusalKind] = {401: "unauthenticated", 403: "forbidden", 404: "not_found", 429: "limited"}


def detail(
    category: str,
    code: str,
    message: str,
    *,
    at: Where = (),
    trigger: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Json:
    """One GoogleAdsError."""
    found: Json = {"errorCode": {category: code}, "message": message}
    if trigger is not None:
        found["trigger"] = {"stringValue": trigger}
    if at:
        elements = [{"fieldName": name} if index is None else {"fieldName": name, "index": index} for name, index in at]
        found["location"] = {"fieldPathElements": elements}
    if details:
        found["details"] = dict(details)
    return found


def refuse(category: str, code: str, message: str, *, status: int = 400, **more: Any) -> Refusal:
    """A refusal with one GoogleAdsError; `more` as of `detail`."""
    return failed([detail(category, code, message, **more)], status=status)


def failed(errors: Iterable[Mapping[str, Any]], *, status: int = 400) -> Refusal:
    """A refusal with several."""
    held = list(errors)
    kind = _KINDS.get(status, "invalid")
    code = next(iter(held[0]["errorCode"].values()))
    message = held[0]["message"]
    return Refusal(kind, message, status=status, code=code, about={"errors": held})


def failure(errors: Sequence[Mapping[str, Any]], version: str, request_id: str) -> Json:
    """The message GoogleAdsFailure, as it stands in `details`."""
    kind = f"type.googleapis.com/google.ads.googleads.{version}.errors.GoogleAdsFailure"
    return {"@type": kind, "errors": list(errors), "requestId": request_id}


def envelope(refusal: Refusal, version: str, request_id: str) -> Json:
    """The body of any refusal but the token endpoint's."""
    status = refusal.status
    errors = refusal.about.get("errors") or _general(refusal)
    body: Json = {
        "code": status,
        "message": _SENTENCES.get(status, refusal.message),
        "status": _STATES.get(status, "UNKNOWN"),
    }
    if refusal.kind in {"unauthenticated", "expired"} and "errors" not in refusal.about:
        info = {"reason": "ACCESS_TOKEN_EXPIRED" if refusal.kind == "expired" else "CREDENTIALS_MISSING"}
        info["reason"] = "ACCESS_TOKEN_TYPE_UNSUPPORTED" if refusal.code == "wrong" else info["reason"]
        body["details"] = [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", **info, "domain": "googleapis.com"},
        ]
    elif errors:
        body["details"] = [failure(errors, version, request_id)]
    return {"error": body}


def _general(refusal: Refusal) -> list[Json]:
    """What the toolkit's own parts refuse, in Google's words."""
    if refusal.kind == "malformed":
        return []
    if refusal.kind == "limited":
        return [detail("quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", "Too many requests in a short amount of time.")]
    if refusal.kind in {"no_route", "wrong_method", "unauthenticated", "expired"}:
        return []
    problems = refusal.problems or [Problem("", "", refusal.message)]
    return [detail("requestError", "UNKNOWN", problem.message) for problem in problems]


def unknown_field(name: str, what: str) -> Refusal:
    """The JSON holds a name that the message does not have: that is refused before the request is looked at."""
    message = f"Invalid JSON payload received. Unknown name \"{name}\" at '{what}': Cannot find field."
    return _payload(message, name, what)


def bad_value(name: str, kind: str, value: Any) -> Refusal:
    """The JSON holds a value of another type."""
    return _payload(f"Invalid value at '{name}' ({kind}), {value!r}", name, name)


def _payload(message: str, name: str, what: str) -> Refusal:
    return Refusal("malformed", message, about={"payload": {"field": what or name, "description": message}})


def payload_envelope(refusal: Refusal) -> Json:
    """The body for a request whose JSON does not fit the message: no GoogleAdsFailure, but google.rpc.BadRequest."""
    held = refusal.about.get("payload")
    body: Json = {"code": 400, "message": refusal.message, "status": "INVALID_ARGUMENT"}
    if held:
        kind = "type.googleapis.com/google.rpc.BadRequest"
        body["details"] = [{"@type": kind, "fieldViolations": [held]}]
    return {"error": body}


def snake(name: str) -> str:
    """`costMicros` -> `cost_micros`; a name in snake case stays as it is."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: f"_{m[1].lower()}", name)


def camel(name: str) -> str:
    """`cost_micros` -> `costMicros`, each part of a path by itself."""
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name)
