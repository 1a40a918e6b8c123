"""Klaviyo's errors: a JSON:API list, whose words are quoted from answers of the real service where one was found.

Envelope, `include` and the meaning of each status: developers.klaviyo.com/en/docs/rate_limits_and_error_handling.
409: klaviyo/klaviyo-api-node#75. Cursor: klaviyo/klaviyo-api-python#9. Filter: klaviyo/klaviyo-api-ruby#3.
401: community.klaviyo.com threads 19236 and 19307. Other sentences are ours, in the form of those. Read 2026-11-25.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from random import Random
from typing import Any

from vaiven_sdk.testing import Refusal

Json = dict[str, Any]

_TITLES = {
    "invalid": "Invalid input.",
    "malformed": "Invalid input.",
    "not_found": "Not found.",
    "no_route": "Not found.",
    "wrong_method": "Method not allowed.",
    "conflict": "Conflict.",
    "unauthenticated": "Incorrect authentication credentials.",
    "expired": "Incorrect authentication credentials.",
    "forbidden": "You do not have permission to perform this action.",
    "limited": "Request was throttled.",
}
_CODES = {
    "malformed": "invalid",
    "no_route": "not_found",
    "wrong_method": "method_not_allowed",
    "unauthenticated": "authentication_failed",
    "expired": "authentication_failed",
    "forbidden": "permission_denied",
    "limited": "throttled",
}


def invalid(detail: str, *, pointer: str = "/data", parameter: str = "", code: str = "invalid") -> Refusal:
    """400 about one place of the body, or one parameter of the query."""
    source = {"parameter": parameter} if parameter else {"pointer": pointer}
    return Refusal("invalid", detail, status=400, code=code, about={"source": source})


def missing(kind: str, key: str) -> Refusal:
    """404 of one resource."""
    return Refusal("not_found", f"A {kind} with id {key} does not exist.", about={"source": {"pointer": "/data/id"}})


def duplicate(key: str) -> Refusal:
    """409: another profile has one of the identifiers."""
    about = {"source": {"pointer": "/data/attributes"}, "meta": {"duplicate_profile_id": key}, "links": {}}
    sentence = "A profile already exists with one of these identifiers."
    return Refusal("conflict", sentence, code="duplicate_profile", about=about)


def gone(revision: str) -> Refusal:
    """410: the revision is retired, and the caller does not want to fall forward."""
    sentence = f"The revision {revision} is retired. Use a supported revision."
    return Refusal("invalid", sentence, status=410, code="gone", about={"title": "Gone."})


def media_type(given: str) -> Refusal:
    """415: the body is not announced as JSON."""
    sentence = f"Unsupported media type '{given}' in request."
    return Refusal("invalid", sentence, status=415, code="unsupported_media_type", about={"title": sentence})


def error(refusal: Refusal, chance: Random) -> Json:
    """One refusal as an element of `errors`."""
    about: Mapping[str, Any] = refusal.about
    source = about.get("source", {"pointer": "/data/"})
    if refusal.problems:
        source = {"parameter": refusal.problems[0].field}
    code = refusal.code
    if code in {refusal.kind, "missing", "wrong"}:
        code = _CODES.get(refusal.kind, refusal.kind)
    if code == "authentication_failed" and refusal.code == "missing":
        detail = "Missing or invalid authorization"
    elif code == "authentication_failed":
        detail = "Incorrect authentication credentials."
    else:
        detail = refusal.message
    body: Json = {
        "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "status": refusal.status,
        "code": code,
        "title": about.get("title") or _TITLES.get(refusal.kind, "Error."),
        "detail": detail,
        "source": source,
        "meta": about.get("meta", {}),
    }
    if "links" in about:
        body["links"] = about["links"]
    return body
