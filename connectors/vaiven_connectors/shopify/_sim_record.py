"""A customer's values as they come in: checked, normalised, and kept.

Sentences: userErrors that were recorded from the real service (Shopify's own draft proxy and its parity fixtures), and
shopify.dev/docs/api/admin-rest/latest/resources/customer. Read 2026-11-25.
"""

from __future__ import annotations

import re
from typing import Any

from vaiven_connectors.shopify._sim_facts import keep_metafields, wrong_metafields
from vaiven_connectors.shopify._sim_graph import Json
from vaiven_connectors.shopify._sim_shop import COUNTRIES, Shop, consent

NOBODY = "A name, phone number, or email address must be present"
_TEXTS = ("firstName", "lastName", "email", "phone", "note", "locale", "multipassIdentifier")
_NAMES = {"firstName": "First name", "lastName": "Last name", "email": "Email", "phone": "Phone"}
_MOST_TAGS = 250
_ADDRESS = "address1 address2 city company firstName lastName phone province provinceCode zip".split()


def error(field: list[str] | None, message: str, code: str = "") -> Json:
    """One of `userErrors`."""
    return {"field": field, "message": message, "code": code or None}


def clean_email(raw: str) -> str | None:
    """An address in lower case; None when it is none."""
    text = "".join(raw.split()).lower()
    fits = re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", text)
    return text if fits and len(text) <= 255 else None


def clean_phone(raw: str) -> str | None:
    """A number as E.164; ten digits are taken for North America's. None when it is none."""
    digits = re.sub(r"\D", "", raw)
    if not 10 <= len(digits) <= 15 or re.search(r"[^\d+()./ \-]", raw):
        return None
    return f"+1{digits}" if len(digits) == 10 and not raw.strip().startswith("+") else f"+{digits}"


def clean_tags(raw: list[str]) -> list[str]:
    """Trimmed, each once whatever its case, in alphabetical order; a comma separates, too."""
    found: dict[str, str] = {}
    for text in raw:
        for tag in text.split(","):
            if tag.strip():
                found.setdefault(tag.strip().casefold(), tag.strip())
    return [found[key] for key in sorted(found)]


def check(shop: Shop, given: Json, held: Json | None) -> tuple[Json, list[Json]]:
    """The values of a row, and what is wrong with what was given.

    Args:
        shop: where other customers are.
        given: an input; what it does not name stays.
        held: the row so far.
    """
    values: Json = {name: given[name] or None for name in _TEXTS if name in given}
    wrong = [
        error([name], f"{label} is too long (maximum is 255 characters)", "TOO_LONG")
        for name, label in _NAMES.items()
        if len(values.get(name) or "") > 255
    ]
    if values.get("email") and "email" not in {one["field"][0] for one in wrong}:
        values["email"] = clean_email(values["email"])
        wrong += [] if values["email"] else [error(["email"], "Email is invalid", "INVALID")]
    if values.get("phone"):
        values["phone"] = clean_phone(values["phone"])
        wrong += [] if values["phone"] else [error(["phone"], "Phone is invalid", "INVALID")]
    mine = held["id"] if held else None
    for name in ("email", "phone"):
        other = shop.customers.by(name, values[name]) if values.get(name) else None
        if other is not None and other["id"] != mine:
            wrong.append(error([name], f"{_NAMES[name]} has already been taken", "TAKEN"))
    if "tags" in given:
        values["tags"] = clean_tags(given["tags"] or [])
        if len(values["tags"]) > _MOST_TAGS:
            wrong.append(error(["tags"], f"Tags cannot be more than {_MOST_TAGS}", "TOO_LONG"))
    for name in ("taxExempt", "taxExemptions"):
        if given.get(name) is not None:
            values[name] = given[name]
    if "addresses" in given:
        values["addresses"] = [_address(shop, one) for one in given["addresses"] or []]
    if given.get("locale") is None:
        values.pop("locale", None)
    after = {**(held or {}), **values}
    if not wrong and not any(after.get(name) for name in ("firstName", "lastName", "email", "phone")):
        wrong.append(error(None, NOBODY, "INVALID"))
    wrong += wrong_metafields(given.get("metafields") or [])
    return values, wrong


def name_of(row: Json) -> str:
    """`displayName`: the name, else the address, else the number."""
    names = [row.get("firstName"), row.get("lastName")]
    return " ".join(part for part in names if part) or row.get("email") or row.get("phone") or ""


def create(shop: Shop, values: Json, given: Json, *, at: Any = None) -> Json:
    """A new customer."""
    blank: Json = {
        "firstName": None,
        "lastName": None,
        "email": None,
        "phone": None,
        "note": None,
        "locale": "en",
        "multipassIdentifier": None,
        "tags": [],
        "state": "DISABLED",
        "taxExempt": False,
        "taxExemptions": [],
        "verifiedEmail": True,
        "dataSaleOptOut": False,
        "addresses": [],
        "emailConsent": consent("NOT_SUBSCRIBED", "SINGLE_OPT_IN"),
        "smsConsent": consent("NOT_SUBSCRIBED", "SINGLE_OPT_IN"),
    }
    row = {**blank, **values}
    row["displayName"] = name_of(row)
    made = shop.customers.add(row, at=at)
    keep_metafields(shop, made["id"], given.get("metafields") or [])
    return made


def change(shop: Shop, held: Json, values: Json, given: Json) -> Json:
    """Change a customer; values that it has already are no change."""
    after = {**held, **values}
    named: Json = {"displayName": name_of(after)}
    if "email" in values and values["email"] != held["email"]:
        # Consent is about an address: another one has not been asked yet.
        named["emailConsent"] = (
            consent("NOT_SUBSCRIBED", "SINGLE_OPT_IN") if not held["email"] else held["emailConsent"]
        )
    news = {name: value for name, value in {**values, **named}.items() if held.get(name) != value}
    moved = keep_metafields(shop, held["id"], given.get("metafields") or [])
    if not news and not moved:
        return held
    return shop.customers.change(held["id"], news)


def _address(shop: Shop, given: Json) -> Json:
    code = given.get("countryCode")
    if code is None and given.get("country"):
        name = given["country"]
        code = next((key for key, label in COUNTRIES.items() if name in {key, label}), None)
    place: Json = {name: given.get(name) for name in _ADDRESS}
    return {"id": given.get("id") or shop.gid("MailingAddress"), "countryCodeV2": code, **place}
