"""Mutations on customers: create, update, set, delete, merge, erase, and consent.

Every mutation answers HTTP 200; what was refused stands in `userErrors`. Pages of the mutations at
shopify.dev/docs/api/admin-graphql/2026-10, read 2026-11-25.
"""

# ruff: noqa: ARG001 - a resolver takes what GraphQL gives it

from __future__ import annotations

from datetime import datetime
from typing import Any

from vaiven_connectors.shopify import _sim_record as records
from vaiven_connectors.shopify._sim_graph import Json, desk, kind_of, resolves
from vaiven_connectors.shopify._sim_merge import merge
from vaiven_connectors.shopify._sim_record import error
from vaiven_connectors.shopify._sim_shop import Shop, consent, number_of

ERASE_DAYS = 10
"""Days until personal data is erased, as help.shopify.com/manual/privacy-and-security/privacy says."""
_SETTABLE = {"SUBSCRIBED", "UNSUBSCRIBED", "PENDING"}
"""`NOT_SUBSCRIBED`, `REDACTED` and `INVALID` are read only (customerEmailMarketingConsentUpdate)."""
_CONSENTS = {
    "emailMarketingConsent": ("emailConsent", "email", "an email address"),
    "smsMarketingConsent": ("smsConsent", "phone", "a phone number"),
}
MISSING = error(["id"], "Customer does not exist")


@resolves("Mutation.customerCreate")
def customer_create(row: Json, info: Any, input: Json) -> Json:  # noqa: A002 - the vendor's name
    """Make a customer."""
    shop = desk(info).shop
    values, wrong = records.check(shop, input, None)
    if input.get("id"):
        wrong.append(error(["id"], "Cannot specify ID on creation"))
    for name, (kept, needs, words) in _CONSENTS.items():
        if given := input.get(name):
            if not values.get(needs):
                wrong.append(error([name], f"{words.capitalize()} is required to set the marketing consent."))
            values[kept] = _given(shop, given)
    if wrong:
        return {"customer": None, "userErrors": wrong}
    return {"customer": records.create(shop, values, input), "userErrors": []}


@resolves("Mutation.customerUpdate")
def customer_update(row: Json, info: Any, input: Json) -> Json:  # noqa: A002
    """Change a customer; consent has mutations of its own."""
    shop = desk(info).shop
    held = shop.customers.find(input.get("id") or "")
    if held is None:
        return {"customer": None, "userErrors": [MISSING]}
    wrong = [
        error([name], f"To update {name}, please use the customer{name[0].upper()}{name[1:]}Update Mutation instead")
        for name in _CONSENTS
        if input.get(name)
    ]
    values, more = records.check(shop, input, held)
    if wrong or more:
        return {"customer": None, "userErrors": wrong + more}
    return {"customer": records.change(shop, held, values, input), "userErrors": []}


@resolves("Mutation.customerSet")
def customer_set(row: Json, info: Any, input: Json, identifier: Json | None = None) -> Json:  # noqa: A002
    """Make the customer that is identified, or change it; lists are replaced."""
    shop = desk(info).shop
    by = {name: value for name, value in (identifier or {}).items() if value}
    if input.get("id"):
        by = {"id": input["id"], **by}
    held = _identified(shop, by)
    if "id" in by and held is None:
        wrong = error(["input"], "Resource matching the identifier was not found.", "NOT_FOUND")
        return {"customer": None, "userErrors": [wrong]}
    for name in ("email", "phone"):
        if name in by and input.get(name) != by[name]:
            said = "The input field corresponding to the identifier is required."
            if input.get(name):
                said = "The identifier value does not match the value of the corresponding field in the input."
            return {"customer": None, "userErrors": [error(["input"], said, "INPUT_MISMATCH")]}
    values, wrong_ones = records.check(shop, input, held)
    if wrong_ones:
        named = [{**one, "field": ["input", *(one["field"] or [])]} for one in wrong_ones]
        return {"customer": None, "userErrors": named}
    made = records.create(shop, values, input) if held is None else records.change(shop, held, values, input)
    return {"customer": made, "userErrors": []}


def _identified(shop: Shop, by: Json) -> Json | None:
    if "id" in by:
        return shop.customers.find(by["id"])
    if "email" in by:
        return shop.customers.by("email", records.clean_email(by["email"]))
    return shop.customers.by("phone", records.clean_phone(by["phone"])) if "phone" in by else None


@resolves("Mutation.customerDelete")
def customer_delete(row: Json, info: Any, input: Json) -> Json:  # noqa: A002
    """Delete a customer that has not ordered anything."""
    shop = desk(info).shop
    gid = input["id"]
    answer: Json = {"deletedCustomerId": None, "shop": {"id": f"gid://shopify/Shop/{shop.number}"}}
    if gid not in shop.customers:
        return {**answer, "userErrors": [error(["id"], "Customer can't be found")]}
    if len(shop.orders.select(customerId=gid)):
        said = "Customer can’t be deleted because they have associated orders"  # noqa: RUF001 - the vendor's mark
        return {**answer, "userErrors": [error(["id"], said)]}
    delete(shop, gid)
    return {**answer, "deletedCustomerId": gid, "userErrors": []}


def delete(shop: Shop, gid: str) -> None:
    """Take a customer out of the shop."""
    shop.customers.remove(gid)
    shop.forget([gid])


@resolves("Mutation.customerRequestDataErasure")
def request_erasure(row: Json, info: Any, customerId: str) -> Json:  # noqa: N803
    """Have a customer's personal data erased in ten days."""
    shop = desk(info).shop
    if customerId not in shop.customers:
        wrong = error(["customerId"], "Customer does not exist", "DOES_NOT_EXIST")
        return {"customerId": None, "userErrors": [wrong]}
    shop.erasures[customerId] = shop.clock.now().timestamp() + ERASE_DAYS * 86_400
    return {"customerId": customerId, "userErrors": []}


@resolves("Mutation.customerCancelDataErasure")
def cancel_erasure(row: Json, info: Any, customerId: str) -> Json:  # noqa: N803
    """Take the request back while there is time."""
    shop = desk(info).shop
    if customerId not in shop.customers:
        wrong = error(["customerId"], "Customer does not exist", "DOES_NOT_EXIST")
        return {"customerId": None, "userErrors": [wrong]}
    if shop.erasures.pop(customerId, None) is None:
        said = "Customer's data is not scheduled for erasure"
        return {"customerId": None, "userErrors": [error(["customerId"], said, "NOT_BEING_ERASED")]}
    return {"customerId": customerId, "userErrors": []}


@resolves("Mutation.customerEmailMarketingConsentUpdate")
def email_consent_update(row: Json, info: Any, input: Json) -> Json:  # noqa: A002
    """What a customer said about mail."""
    return _consented(info, input, "emailMarketingConsent")


@resolves("Mutation.customerSmsMarketingConsentUpdate")
def sms_consent_update(row: Json, info: Any, input: Json) -> Json:  # noqa: A002
    """What a customer said about text messages."""
    return _consented(info, input, "smsMarketingConsent")


def _consented(info: Any, given: Json, name: str) -> Json:
    shop = desk(info).shop
    kept, needs, words = _CONSENTS[name]
    held = shop.customers.find(given["customerId"])
    said = given[name]
    if held is None or kind_of(given["customerId"]) != "Customer":
        wrong = error(["input", "customerId"], "Customer not found", "INVALID")
    elif not held[needs]:
        wrong = error(["input", "customerId"], f"The customer must have {words}.", "INVALID")
    elif said["marketingState"] not in _SETTABLE:
        text = f"Cannot specify {said['marketingState']} as a marketing state input"
        wrong = error(["input", name, "marketingState"], text, "INVALID")
    elif _later(said.get("consentUpdatedAt"), shop):
        wrong = error(["input", name, "consentUpdatedAt"], "Consent updated at must not be in the future", "INVALID")
    else:
        return {"customer": decide(shop, held, kept, said), "userErrors": []}
    return {"customer": None, "userErrors": [wrong]}


def decide(shop: Shop, held: Json, kept: str, said: Json, by: str = "OTHER") -> Json:
    """Keep a decision, and tell those who listen for it.

    "The customer's consent state reflects the consent record with the most recent consent_updated_at date" (type
    CustomerEmailMarketingConsentState, 2026-10, read 2026-11-25): an older one changes nothing.
    """
    after = _given(shop, said) | {"_by": by}
    if (held[kept]["consentUpdatedAt"] or "") > after["consentUpdatedAt"]:
        return held
    if after["marketingOptInLevel"] is None:
        after["marketingOptInLevel"] = held[kept]["marketingOptInLevel"]
    same = {**after, "consentUpdatedAt": held[kept]["consentUpdatedAt"]} == held[kept]
    if same and said.get("consentUpdatedAt") in {None, held[kept]["consentUpdatedAt"]}:
        return held
    made = shop.customers.change(held["id"], {kept: after})
    word = "EMAIL_MARKETING" if kept == "emailConsent" else "MARKETING"
    shop.heard(f"CUSTOMERS_{word}_CONSENT_UPDATE", made)
    return made


def _given(shop: Shop, said: Json) -> Json:
    at = said.get("consentUpdatedAt")
    when = f"{datetime.fromisoformat(at).timestamp():.0f}" if at else ""
    stamp = (
        f"{datetime.fromtimestamp(int(when), tz=shop.clock.now().tzinfo):%Y-%m-%dT%H:%M:%SZ}" if when else shop.now()
    )
    return consent(said["marketingState"], said.get("marketingOptInLevel"), stamp)


def _later(at: str | None, shop: Shop) -> bool:
    return bool(at) and datetime.fromisoformat(str(at)).timestamp() > shop.clock.now().timestamp() + 3600


@resolves("Mutation.customerMerge")
def customer_merge(
    row: Json,
    info: Any,
    customerOneId: str,  # noqa: N803
    customerTwoId: str,  # noqa: N803
    overrideFields: Json | None = None,  # noqa: N803
) -> Json:
    """Make one customer of two; the work is a job."""
    shop = desk(info).shop
    answer: Json = {"resultingCustomerId": None, "job": None}
    for name, gid in (("customerOneId", customerOneId), ("customerTwoId", customerTwoId)):
        if gid not in shop.customers:
            said = f"Customer does not exist with ID {number_of(gid)}"
            return {**answer, "userErrors": [error([name], said, "INVALID_CUSTOMER_ID")]}
    if customerOneId == customerTwoId:
        return {**answer, "userErrors": [error(None, "Customers IDs should not match", "INVALID_CUSTOMER_ID")]}
    tags = {tag for gid in (customerOneId, customerTwoId) for tag in shop.customers.get(gid)["tags"]}
    if len(tags) > 250:
        said = "Customers must have 250 tags or less."
        return {**answer, "userErrors": [error([name], said, "INVALID_CUSTOMER") for name in ("customerOneId",)]}
    kept = merge(shop, customerOneId, customerTwoId, overrideFields or {})
    job = shop.gid("Job")
    shop.merges[job] = {"jobId": job, "resultingCustomerId": kept, "status": "COMPLETED", "customerMergeErrors": []}
    return {"resultingCustomerId": kept, "job": {"id": job, "done": False}, "userErrors": []}


@resolves("QueryRoot.customerMergeJobStatus")
def merge_status(row: Json, info: Any, jobId: str) -> Json | None:  # noqa: N803
    """How far a merge is."""
    return desk(info).shop.merges.get(jobId)


@resolves("QueryRoot.job")
def job(row: Json, info: Any, id: str) -> Json | None:  # noqa: A002
    """A job."""
    return {"id": id, "done": True} if id in desk(info).shop.merges else None
