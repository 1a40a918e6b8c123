"""Errors in Salesforce's words: a list of `message` and `errorCode`, and `fields` where fields are to blame.

Sources, read 2026-11-25: REST API Developer Guide, "Status Codes and Error Responses"; sentences as users quote
them in the issues of verbb/formie (1981), k-capehart/go-salesforce (133), omniphx/forrest (176),
roblesterjr04/EloquentSalesForce (59), openstax/tutor-server (1653) and in "Composite Subrequest Result".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaiven_sdk.testing import Refusal

_COLUMN = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please "
    "reference your WSDL or the describe call for the appropriate names."
)


def no(
    code: str,
    message: str,
    *,
    status: int = 400,
    fields: Iterable[str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Refusal:
    """A refusal with Salesforce's code; `more` is put beside code and message."""
    about = {"fields": None if fields is None else list(fields), "more": dict(more or {})}
    return Refusal("other", message, status=status, code=code, about=about)


def envelope(refusal: Refusal) -> Any:
    """The body of an error."""
    about = refusal.about
    if about.get("oauth"):
        return {"error": refusal.code, "error_description": refusal.message}
    if "body" in about:
        return about["body"]
    code, message = refusal.code, refusal.message
    if refusal.kind in {"no_route", "not_found"}:
        code, message = "NOT_FOUND", "The requested resource does not exist"
    elif refusal.kind == "wrong_method":
        code, message = "METHOD_NOT_ALLOWED", f"HTTP Method not allowed. Allowed are {refusal.headers.get('Allow', '')}"
    elif refusal.kind == "malformed":
        code, message = "JSON_PARSER_ERROR", f"Unexpected character: {message}"
    one = {**about.get("more", {}), "message": message, "errorCode": code}
    if about.get("fields") is not None:
        one["fields"] = about["fields"]
    return [one]


def outcome(refusal: Refusal) -> dict[str, Any]:
    """The same as one of `errors[]` of a result in a collection."""
    about = refusal.about
    more = about.get("more", {})
    return {
        "statusCode": refusal.code,
        "message": refusal.message,
        "fields": about.get("fields") or [],
        **({"duplicateResult": more["duplicateResut"]} if "duplicateResut" in more else {}),
    }


def unknown_field(name: str, kind: str) -> Refusal:
    """A record has a field that its object has not, or that the user may not see."""
    return no("INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")


def unknown_column(name: str, kind: str) -> str:
    """The same of a query, whose message names the place, too."""
    return f"No such column '{name}' on entity '{kind}'.{_COLUMN}"


def unknown_relation(name: str) -> str:
    """A query walks along a relationship that there is not."""
    return (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe "
        "call for the appropriate names."
    )


def unknown_kind(name: str) -> str:
    """A query or path names an object that there is not, or that the user may not see."""
    return (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )


def read_only(names: Iterable[str]) -> Refusal:
    """Fields that this user cannot write."""
    listed = list(names)
    return no(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(listed)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        fields=listed,
    )


def missing(names: Iterable[str]) -> Refusal:
    """Fields without which there is no record."""
    listed = list(names)
    return no("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(listed)}]", fields=listed)


def gone() -> Refusal:
    """The record is in the recycle bin."""
    return no("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=[])


def locked(record_id: str) -> Refusal:
    """Another transaction holds the parent."""
    return no(
        "UNABLE_TO_LOCK_ROW",
        f"unable to obtain exclusive access to this record or 1 records: {record_id}",
        fields=[],
    )


def rolled_back() -> Refusal:
    """A record was good, and another one of the same request was not."""
    return no(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
        fields=[],
    )


def oauth(code: str, description: str, *, status: int = 400) -> Refusal:
    """A refusal of the token endpoint."""
    return Refusal("other", description, status=status, code=code, about={"oauth": True})
