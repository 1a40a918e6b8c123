"""What each vendor's own JSON says in the terms of the unified model: read here by hand, not by the connectors.

The demo compares the store with this, so a connector that misreads a field is found out. Only the spelling rules of
the unified model (`vaiven_sdk.model.clean`) are shared.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vaiven_sdk.model import clean

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
Rows = dict[str, Json]
"""Record id -> unified field -> value as the store's JSON has it."""

STREAMS = {
    "hubspot": ("contacts", "companies", "deals", "contact_companies", "deal_contacts", "deal_companies"),
    "mailchimp": ("members", "memberships", "campaigns"),
    "stripe": ("customers", "products", "prices", "subscriptions", "invoices", "charges", "refunds"),
}
"""What is compared record by record."""
PEOPLE = {"hubspot": "contacts", "mailchimp": "members", "stripe": "customers"}
WRITABLE = {
    "hubspot": "email phone given_name family_name street city region postal_code country job_title"
    " company_name lifecycle".split(),
    "mailchimp": "email given_name family_name phone street city region postal_code country tags email_consent".split(),
    "stripe": ["lifecycle"],
}
"""What the hub may write to a person's record."""
_LIFECYCLE = {"marketingqualifiedlead": "marketing_qualified", "salesqualifiedlead": "sales_qualified"}
_CONSENT = {"subscribed": "granted", "unsubscribed": "denied", "pending": "pending"}
_STANDING = {"subscribed": "active", "archived": "removed"}
_DAYS = {"month": "month", "year": "year", "week": "week", "day": "day"}


def live(tool: str, state: Json) -> dict[str, Rows]:
    """Every record of a vendor that is not deleted, by stream."""
    return _READ[tool](state)


def _hubspot(state: Json) -> dict[str, Rows]:
    def present(kind: str) -> dict[str, Json]:
        return {i: r for i, r in state[kind].items() if "properties" in r and not r.get("archived")}

    out = {
        "contacts": {i: _contact(r["properties"]) for i, r in present("contacts").items()},
        "companies": {i: _company(r["properties"]) for i, r in present("companies").items()},
        "deals": {i: _deal(r["properties"]) for i, r in present("deals").items()},
    }
    for stream, (start, end) in {
        "contact_companies": ("contacts", "companies"),
        "deal_contacts": ("deals", "contacts"),
        "deal_companies": ("deals", "companies"),
    }.items():
        ties: Rows = {}
        for tie, types in state["associations"].items():
            (one, one_id), (two, two_id) = (side.split(":") for side in tie.split(">"))
            if (one, two) == (start, end) and one_id in out[start] and two_id in out[end]:
                for kind in types:
                    ties[f"{one_id}/{two_id}/HUBSPOT_DEFINED:{kind}"] = {"from_id": one_id, "to_id": two_id}
        out[stream] = ties
    return out


def _contact(values: Json) -> Json:
    return {
        **_place(values, "address", "city", "state", "zip", "country"),
        "email": _clean(clean.email, values.get("email")),
        "phone": _clean(clean.phone, values.get("phone")),
        "given_name": _clean(clean.name, values.get("firstname")),
        "family_name": _clean(clean.name, values.get("lastname")),
        "job_title": _clean(clean.name, values.get("jobtitle")),
        "company_name": _clean(clean.name, values.get("company")),
        "lifecycle": _lifecycle(values.get("lifecyclestage")),
        "email_consent": "denied" if values.get("hs_email_optout") == "true" else "unknown",
        "company_id": values.get("associatedcompanyid") or None,
        "first_seen_at": _instant(values.get("createdate")),
    }


def _company(values: Json) -> Json:
    return {
        **_place(values, "address", "city", "state", "zip", "country"),
        "name": _clean(clean.name, values.get("name")),
        "domain": _clean(clean.domain, values.get("domain")),
        "phone": _clean(clean.phone, values.get("phone")),
        "employees": int(values["numberofemployees"]) if values.get("numberofemployees") else None,
        "lifecycle": _lifecycle(values.get("lifecyclestage")),
    }


def _deal(values: Json) -> Json:
    return {
        "name": _clean(clean.name, values.get("dealname")),
        "amount_minor": int(Decimal(values["amount"]) * 100),
        "currency": values.get("deal_currency_code"),
        "stage_id": values.get("dealstage"),
        "pipeline_id": values.get("pipeline"),
        "close_on": (values.get("closedate") or "")[:10] or None,
    }


def _mailchimp(state: Json) -> dict[str, Rows]:
    members = [m for m in state["members"].values() if not m.get("deleted") and not m["archived"]]
    return {
        "members": {m["contact_id"]: _member(m) for m in members},
        "memberships": {
            m["contact_id"]: {
                "status": _STANDING.get(m["status"], m["status"]),
                "list_id": m["list_id"],
                "person_id": m["contact_id"],
            }
            for m in members
        },
        "campaigns": {
            i: {"name": c["settings"]["title"], "status": "ended", "send_at": _instant(c["send_time"])}
            for i, c in state["campaigns"].items()
        },
    }


def _member(member: Json) -> Json:
    merge = member["merge_fields"]
    address = merge.get("ADDRESS") or {}
    return {
        **_place(address, "addr1", "city", "state", "zip", "country"),
        "email": _clean(clean.email, member["email_address"]),
        "given_name": _clean(clean.name, merge.get("FNAME")),
        "family_name": _clean(clean.name, merge.get("LNAME")),
        "phone": _clean(clean.phone, merge.get("PHONE")),
        "email_consent": _CONSENT.get(member["status"], "unknown"),
        "tags": sorted(tag["name"] for tag in member["tags"]),
        "first_seen_at": _instant(member["timestamp_signup"]),
    }


def _stripe(state: Json) -> dict[str, Rows]:
    def present(kind: str) -> dict[str, Json]:
        return {i: r for i, r in state[kind].items() if not r.get("deleted")}

    return {
        "customers": {i: _customer(r) for i, r in present("customers").items()},
        "products": {
            i: {"name": r["name"], "status": "active" if r["active"] else "archived"}
            for i, r in present("products").items()
        },
        "prices": {
            i: {
                "product_id": r["product"],
                "currency": r["currency"].upper(),
                "unit_amount": Decimal(r["unit_amount"]) / 100,
                "interval": _DAYS[r["recurring"]["interval"]],
            }
            for i, r in present("prices").items()
        },
        "subscriptions": {
            i: {"person_id": r["customer"], "status": r["status"], "currency": r["currency"].upper()}
            for i, r in present("subscriptions").items()
        },
        "invoices": {i: _invoice(r) for i, r in present("invoices").items()},
        "charges": {
            i: {
                "person_id": r["customer"],
                "amount_minor": r["amount"],
                "refunded_minor": r["amount_refunded"],
                "currency": r["currency"].upper(),
                "paid_at": _epoch(r["created"]),
            }
            for i, r in present("charges").items()
        },
        "refunds": {
            i: {"payment_id": r["charge"], "amount_minor": r["amount"], "refunded_at": _epoch(r["created"])}
            for i, r in present("refunds").items()
        },
    }


def _customer(row: Json) -> Json:
    place = row.get("address") or {}
    return {
        **_place(place, "line1", "city", "state", "postal_code", "country"),
        "email": _clean(clean.email, row["email"]),
        "phone": _clean(clean.phone, row["phone"]),
        "full_name": _clean(clean.name, row["name"]),
        "lifecycle": row["metadata"].get("vaiven_lifecycle"),
        "first_seen_at": _epoch(row["created"]),
    }


def _invoice(row: Json) -> Json:
    return {
        "person_id": row["customer"],
        "number": row["number"],
        "status": row["status"],
        "currency": row["currency"].upper(),
        "total_minor": row["total"],
        "paid_minor": row["amount_paid"],
        "subscription_id": ((row.get("parent") or {}).get("subscription_details") or {}).get("subscription"),
    }


def _place(values: Json, *keys: str) -> Json:
    """An address, by the vendor's names of street, town, region, postal code and country."""
    street, city, region, postal, country = keys
    return {
        "street": _clean(clean.text, values.get(street)),
        "city": _clean(clean.name, values.get(city)),
        "region": _clean(clean.name, values.get(region)),
        "postal_code": _clean(clean.text, values.get(postal)),
        "country": _clean(clean.country, values.get(country)),
    }


def _clean(cleaner: Callable[[str], str | None], value: str | None) -> str | None:
    return cleaner(value) if value else None


def _lifecycle(stage: str | None) -> str | None:
    return _LIFECYCLE.get(stage, stage) if stage else None


def _instant(text: str | None) -> str | None:
    return _told(datetime.fromisoformat(text)) if text else None


def _epoch(seconds: int) -> str:
    return _told(datetime.fromtimestamp(seconds, UTC))


def _told(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_READ = {"hubspot": _hubspot, "mailchimp": _mailchimp, "stripe": _stripe}
