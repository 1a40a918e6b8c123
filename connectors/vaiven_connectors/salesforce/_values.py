"""How Salesforce writes values, and what the hub makes of them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, PlainSerializer

from vaiven_sdk.model.money import EXPONENTS, to_major, to_minor

Stamp = AwareDatetime | None
"""`2026-11-25T10:00:00.000+0000`; in CSV with a Z."""
Day = Annotated[date | None, BeforeValidator(lambda value: value[:10] if isinstance(value, str) else value)]
"""A civil date; a field of type date may come as midnight UTC (Object Reference, Task.ActivityDate, 2026-11-25)."""
Number = Annotated[Decimal | None, PlainSerializer(float, float, when_used="json-unless-none")]
"""In JSON a number, as a double: Salesforce keeps no more digits of it."""
Whole = Annotated[int | None, BeforeValidator(lambda value: None if value is None else int(Decimal(str(value))))]

USER, CONTACT, OPPORTUNITY, CASE = "005", "003", "006", "500"
"""What the ids of these objects begin with: salesforceben.com/salesforce-object-key-prefix-list, read 2026-11-25."""


def only(prefix: str, remote_id: str | None) -> str | None:
    """The id, if it is of that kind: some fields refer to several kinds of objects."""
    return remote_id if remote_id and remote_id.startswith(prefix) else None


def minor(amount: Decimal | None, currency: str | None) -> int | None:
    """An amount in minor units; None where its currency is not known, for then it means nothing."""
    if amount is None or not currency or currency not in EXPONENTS:
        return None
    return to_minor(amount, currency)


def major(values: Mapping[str, Any], name: str, field: str) -> Mapping[str, Any]:
    """The record's field for a unified amount in minor units; nothing where its currency is not known."""
    amount, currency = values.get(name), values.get("currency")
    if amount is None:
        return {field: None}
    return {field: to_major(amount, currency)} if currency in EXPONENTS else {}
