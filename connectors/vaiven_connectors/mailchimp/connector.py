"""Mailchimp: the people of an audience in both directions, its campaigns, and what became of them."""

from ._account import Settings, mailchimp
from ._campaigns import Audience, Mailing, Report, audiences, campaigns, reports
from ._erasure import erase
from ._members import Member, Standing, members, memberships
from ._merge_fields import merge_fields
from ._webhooks import hear
from ._writes import archive, create, find, update

__all__ = [
    "Audience",
    "Mailing",
    "Member",
    "Report",
    "Settings",
    "Standing",
    "archive",
    "audiences",
    "campaigns",
    "create",
    "erase",
    "find",
    "hear",
    "mailchimp",
    "members",
    "memberships",
    "merge_fields",
    "reports",
    "update",
]
