"""An audience's merge fields: their definitions, and what the vendor makes of a member's values."""

from __future__ import annotations

import re
from typing import Any

from vaiven_connectors.mailchimp._sim_http import Json, Problem, invalid
from vaiven_connectors.mailchimp._sim_member import is_blank

# The vendor's types (spec file mailchimp.json.gz, POST /lists/{list_id}/merge-fields).
TYPES = "text number address phone date url imageurl radio dropdown birthday zip".split()
_NO_SCHEMA = "Data did not match any of the schemas described in anyOf."
_ADDRESS_PARTS = ("addr1", "city", "state", "zip")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*|\d{1,2}/\d{1,2}/\d{4}")
_OPTIONS: dict[str, Json] = {
    "text": {"size": 25},
    "address": {"default_country": 164},
    "phone": {"phone_format": "none"},
    "date": {"date_format": "MM/DD/YYYY"},
    "birthday": {"date_format": "MM/DD"},
}


class MergeFields:
    """The merge fields of one list; every new list has FNAME, LNAME, ADDRESS and PHONE.

    The four with their ids, options and order are those of a real account (grouparoo/grouparoo, recording of
    GET /lists/{list_id}/merge-fields, 2022-02-23).
    """

    def __init__(self, list_id: str) -> None:
        self.list_id = list_id
        self.fields: dict[int, Json] = {}
        self._next = 0
        for tag, name, kind in (
            ("FNAME", "First Name", "text"),
            ("LNAME", "Last Name", "text"),
            ("ADDRESS", "Address", "address"),
            ("PHONE", "Phone Number", "phone"),
        ):
            self.create({"tag": tag, "name": name, "type": kind, "public": tag in {"FNAME", "LNAME"}})

    def create(self, body: Json) -> Json:
        """Define a field, or raise the vendor's 400 for a type or tag that it does not accept."""
        if body["type"] not in TYPES:
            raise invalid(type=_NO_SCHEMA)
        number = self._next + 1
        tag = str(body.get("tag") or f"MMERGE{number}").upper()
        if any(field["tag"] == tag for field in self.fields.values()):
            raise Problem(400, "Invalid Resource", f'A Merge Field with the tag "{tag}" already exists for this list.')
        self._next = number
        field = {
            "merge_id": number,
            "tag": tag,
            "name": body["name"],
            "type": body["type"],
            "required": bool(body.get("required", False)),
            "default_value": body.get("default_value", ""),
            "public": bool(body.get("public", False)),
            "display_order": body.get("display_order", number + 1),
            "options": _OPTIONS.get(body["type"], {}) | (body.get("options") or {}),
            "help_text": body.get("help_text", ""),
            "list_id": self.list_id,
        }
        self.fields[number] = field
        return field

    def edit(self, field: Json, body: Json) -> Json:
        """Change a definition; its type cannot change."""
        allowed = ("name", "tag", "required", "default_value", "public", "display_order", "help_text")
        field.update({name: body[name] for name in allowed if name in body})
        field["options"] = field["options"] | (body.get("options") or {})
        return field

    def show(self, values: Json) -> Json:
        """A member's values as the vendor answers them: every tag, an empty string where there is none."""
        return {field["tag"]: values.get(field["tag"], "") for field in self.fields.values()}

    def merge(self, old: Json, given: Any, *, skip: bool) -> Json:
        """A member's values after a write, or the vendor's 400; tags that the list does not have are ignored.

        Args:
            old: the values before.
            given: the body's `merge_fields`, or None.
            skip: whether required and complete values are not asked for (`skip_merge_validation`).
        """
        by_tag = {field["tag"]: field for field in self.fields.values()}
        given = {t: v for t, v in (given or {}).items() if t in by_tag}
        shapeless = {
            f"merge_fields.{tag}": _NO_SCHEMA
            for tag, value in given.items()
            if value is None or isinstance(value, list | bool)
        }
        if shapeless:
            raise invalid(**shapeless)
        new = {tag: value for tag, value in (old | given).items() if not is_blank(value)}
        wrong = {tag: text for tag, value in given.items() if (text := _fault(by_tag[tag], value))}
        wrong |= {tag: "Please enter a value" for tag, field in by_tag.items() if field["required"] and tag not in new}
        if wrong and not skip:
            raise invalid("Your merge fields were invalid.", **wrong)
        return {tag: _stored(by_tag[tag], value) for tag, value in new.items() if tag in by_tag}


def _fault(field: Json, value: Any) -> str | None:
    """Why the vendor refuses a value; the sentences for values and addresses are quoted in issue threads.

    "Please enter a value": ibericode/mailchimp-for-wordpress#545; "Please enter a complete address":
    verbb/formie#2387 (2025-04). The others are in the same manner, their exact words are not confirmed.
    """
    if is_blank(value):
        return None
    kind, text = field["type"], str(value)
    choices = [str(choice) for choice in field["options"].get("choices", ())]
    if kind == "address" and isinstance(value, dict):
        complete = all(value.get(part) for part in _ADDRESS_PARTS)
        return None if complete else "Please enter a complete address"
    if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return "Please enter a number"
    if kind == "date" and not _DATE.fullmatch(text):
        return "Please enter the date"
    if kind == "birthday" and not re.fullmatch(r"\d{2}/\d{2}", text):
        return "Please enter a month and day"
    if kind in {"radio", "dropdown"} and choices and text not in choices:
        return "Value must be one of: " + ", ".join(choices)
    return None


def _stored(field: Json, value: Any) -> Any:
    if field["type"] == "number" and isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value) if "." in value else int(value)
    if field["type"] in {"number", "address"}:
        return value
    return str(value)
