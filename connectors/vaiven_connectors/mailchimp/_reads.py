"""What every read has in common: pages of a thousand, just the mapped fields, `''` for empty."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

from vaiven_sdk import Page, Record

Moment = Annotated[AwareDatetime | None, BeforeValidator(lambda value: value or None)]
"""An instant with its offset, in whole seconds; Mailchimp writes a missing one as `''`."""

# A page holds 10 records unless asked, 1,000 at most (reference, parameter `count`, 2026-11-22).
PAGE = Page.offset(size=1000, total="total_items", size_param="count")


def fields(record: type[Record[Any]], items: str) -> str:
    """The `fields` parameter that asks for what `record` maps in the array `items`, and for the count.

    It names whole objects (`members.merge_fields`), since which merge fields there are differs by audience.
    """
    wanted = {f"{items}.{path.partition('.')[0]}" for path in record.paths()}
    return ",".join([*sorted(wanted), "total_items"])


def seconds(instant: str) -> str:
    """An instant as the filters are documented to take it: `2015-10-21T15:41:36+00:00`, rounded down."""
    return datetime.fromisoformat(instant).replace(microsecond=0).isoformat()
