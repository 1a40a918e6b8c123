"""Mailchimp's webhooks: which records an event tells us to read again.

Form and kinds of events: mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks, read 2026-11-22. An
event names a member by e-mail address and by an id that changes with it, and we know members by `contact_id`: so it
hints at the stream, whose read of changes finds the member.
"""

from collections.abc import Iterable

from vaiven_sdk import Delivery, Hint
from vaiven_sdk.webhooks import signatures

from ._account import mailchimp

STREAMS = {
    "subscribe": ("members", "memberships"),
    "unsubscribe": ("members", "memberships"),
    "cleaned": ("members", "memberships"),
    "profile": ("members",),
    "upemail": ("members",),
    "campaign": ("campaigns", "reports"),
}


@mailchimp.webhook(signatures.mailchimp())
def hear(delivery: Delivery) -> Iterable[Hint]:
    """What an event touches; the account is not named, since each audience has webhooks of its own."""
    form = dict(delivery.form())
    ids = (form["data[id]"],) if form["type"] == "campaign" else ()
    return [Hint(stream, ids) for stream in STREAMS.get(form["type"], ())]
