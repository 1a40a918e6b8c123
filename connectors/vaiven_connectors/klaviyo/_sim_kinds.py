"""The resource types of JSON:API: where they live, their attributes and their relationships.

Names: openapi/stable.json of revision 2026-07-15 (klaviyo/openapi@f0a30ba), read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type.

    Args:
        name: `type` in JSON.
        path: below `/api/`.
        attributes: in the order of the description.
        more: attributes that are there only when `additional-fields` names them.
        links: relationship -> type of what it leads to.
    """

    name: str
    path: str
    attributes: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> frozenset[str]:
        """Everything that a sparse fieldset may name."""
        return frozenset((*self.attributes, *self.more))


PROFILE_FIELDS = tuple("email phone_number external_id first_name last_name organization locale title image".split())
_OF_PROFILE = (*PROFILE_FIELDS, "created", "updated", "last_event_date", "location", "properties")

_MORE = ("subscriptions", "predictive_analytics")
_LINKS = {"lists": "list", "segments": "segment", "push-tokens": "push-token"}
PROFILE = Kind("profile", "profiles", _OF_PROFILE, _MORE, _LINKS)
TALKING = Kind("profile", "profiles", _OF_PROFILE, _MORE, {**_LINKS, "conversations": "conversation"})
"""A profile where it is read by itself: with its conversations."""
MEMBER = Kind("profile", "profiles", (*_OF_PROFILE, "joined_group_at"), _MORE, _LINKS)
_GROUP_LINKS = {"profiles": "profile", "tags": "tag", "flow-triggers": "flow"}
LIST = Kind("list", "lists", ("name", "created", "updated", "opt_in_process"), ("profile_count",), _GROUP_LINKS)
SEGMENT = Kind(
    "segment",
    "segments",
    ("name", "definition", "created", "updated", "is_active", "is_processing", "is_starred"),
    ("profile_count",),
    _GROUP_LINKS,
)
METRIC = Kind("metric", "metrics", ("name", "created", "updated", "integration"), (), {"flow-triggers": "flow"})
EVENT = Kind(
    "event",
    "events",
    ("timestamp", "event_properties", "datetime", "uuid"),
    (),
    {"profile": "profile", "metric": "metric", "attributions": "attribution"},
)
CAMPAIGN = Kind(
    "campaign",
    "campaigns",
    (
        *("name", "status", "archived", "audiences", "send_options", "tracking_options", "send_strategy"),
        *("created_at", "scheduled_at", "updated_at", "send_time"),
    ),
    (),
    {"campaign-messages": "campaign-message", "tags": "tag"},
)
OMNI_CAMPAIGN = Kind(
    "campaign",
    "campaigns",
    ("created_at", "updated_at", "definition"),
    (),
    {"campaign-audiences": "campaign-audience", "campaign-messages": "campaign-message", "tags": "tag"},
)
MESSAGE = Kind(
    "campaign-message",
    "campaign-messages",
    ("definition", "send_times", "created_at", "updated_at"),
    (),
    {"campaign": "campaign", "template": "template", "image": "image"},
)
SEND_JOB = Kind("campaign-send-job", "campaign-send-jobs", ("status",))
FLOW = Kind(
    "flow",
    "flows",
    ("name", "status", "archived", "created", "updated", "trigger_type"),
    (),
    {"flow-actions": "flow-action", "tags": "tag"},
)
TEMPLATE = Kind(
    "template", "templates", ("name", "editor_type", "html", "text", "amp", "created", "updated"), ("definition",)
)
TAG = Kind(
    "tag",
    "tags",
    ("name",),
    (),
    {"tag-group": "tag-group", "lists": "list", "segments": "segment", "campaigns": "campaign", "flows": "flow"},
)
ACCOUNT = Kind(
    "account",
    "accounts",
    (
        *("test_account", "contact_information", "industry", "timezone", "preferred_currency", "public_api_key"),
        "locale",
    ),
)
IMPORT = Kind(
    "profile-bulk-import-job",
    "profile-bulk-import-jobs",
    (
        *("status", "created_at", "total_count", "completed_count", "failed_count", "completed_at", "expires_at"),
        "started_at",
    ),
    (),
    {"lists": "list", "profiles": "profile", "import-errors": "import-error"},
)
_SUPPRESSION = ("status", "created_at", "total_count", "completed_count", "completed_at", "skipped_count")
SUPPRESS = Kind(
    "profile-suppression-bulk-create-job",
    "profile-suppression-bulk-create-jobs",
    _SUPPRESSION,
    (),
    {"lists": "list", "segments": "segment"},
)
UNSUPPRESS = Kind(
    "profile-suppression-bulk-delete-job",
    "profile-suppression-bulk-delete-jobs",
    _SUPPRESSION,
    (),
    {"lists": "list", "segments": "segment"},
)
WEBHOOK = Kind(
    "webhook",
    "webhooks",
    ("name", "description", "endpoint_url", "enabled", "created_at", "updated_at"),
    (),
    {"webhook-topics": "webhook-topic"},
)
TOPIC = Kind("webhook-topic", "webhook-topics")
KNOWN: dict[str, frozenset[str]] = {}
"""Type -> everything that a sparse fieldset may name, in any document."""
MORE: dict[str, frozenset[str]] = {}
"""Type -> everything that `additional-fields` may name."""
for _kind in [one for one in list(globals().values()) if isinstance(one, Kind)]:
    KNOWN[_kind.name] = KNOWN.get(_kind.name, frozenset()) | _kind.known | {"id"}
    MORE[_kind.name] = MORE.get(_kind.name, frozenset()) | {*_kind.more}
