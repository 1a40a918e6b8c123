"""Klaviyo: profiles, list members and events both ways; segments, campaigns, flows, templates and figures read."""

from ._account import account, klaviyo, name_error
from ._campaigns import Design, Flow, Mailing, Message, campaigns, flows, messages, templates
from ._erasure import erase
from ._events import Occurrence, append, events
from ._lists import ListMember, ProfileList, Segment, SegmentMember, list_members, lists, segment_members, segments
from ._profiles import Profile, profiles, properties
from ._reports import Report, reports
from ._webhooks import hear
from ._writes import create, find, update

__all__ = [
    "Design",
    "Flow",
    "ListMember",
    "Mailing",
    "Message",
    "Occurrence",
    "Profile",
    "ProfileList",
    "Report",
    "Segment",
    "SegmentMember",
    "account",
    "append",
    "campaigns",
    "create",
    "erase",
    "events",
    "find",
    "flows",
    "hear",
    "klaviyo",
    "list_members",
    "lists",
    "messages",
    "name_error",
    "profiles",
    "properties",
    "reports",
    "segment_members",
    "segments",
    "templates",
    "update",
]
