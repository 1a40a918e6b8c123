"""Campaigns and their messages: one channel a call up to revision 2026-07-15, all of them at once from 2026-10-15 on.

Shapes of 2026-07-15: klaviyo/openapi@f0a30ba; the channel filter is required: developers.klaviyo.com/en/v2025-01-15/
reference/get_campaigns and withcoral/coral#598. Shapes of 2026-10-15: models of klaviyo-api 25.0.0. Read 2026-11-25.
"""

from __future__ import annotations

from typing import Any

from vaiven_connectors.klaviyo._sim_access import OMNI, revision_of
from vaiven_connectors.klaviyo._sim_base import Include, stamp
from vaiven_connectors.klaviyo._sim_events import Events
from vaiven_connectors.klaviyo._sim_kinds import CAMPAIGN, MESSAGE, OMNI_CAMPAIGN, SEND_JOB, TEMPLATE
from vaiven_connectors.klaviyo._sim_query import RANGE, Allowed, parse_filter
from vaiven_connectors.klaviyo._sim_words import Json, invalid
from vaiven_sdk.testing import Call, Quirk, Refusal, Reply, delete, get, ids, patch, post

CHANNELS = ("email", "sms", "mobile_push")
_FILTERS: Allowed = {
    "messages.channel": "equals",
    "id": "any",
    "name": "contains",
    "status": "any equals",
    "archived": "equals",
    **dict.fromkeys(("created_at", "scheduled_at", "updated_at"), RANGE),
}
_OMNI: Allowed = {
    "id": "any",
    "name": "contains",
    "archived": "equals",
    "builder": "equals",
    **dict.fromkeys(("created_at", "updated_at"), RANGE),
}
_SORTS = "created_at id name scheduled_at updated_at"
_WRITABLE = ("name", "audiences", "send_strategy", "send_options", "tracking_options", "campaign-messages")
_PATCHED = ("name", "audiences", "send_strategy", "send_options", "tracking_options")


class Campaigns(Events):
    """What is sent once to many."""

    hide_archived = Quirk(
        default=True,
        meaning="list archived campaigns only for who filters by `archived` (skills.sh klaviyo-automation)",
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.campaigns = self.table(
            "campaigns",
            ids=ids.ulid(),
            created="created_at",
            updated="updated_at",
            stamp=stamp,
            orders=["id", "name", "scheduled_at"],
            indexes=["_channel"],
            defaults={
                "status": "Draft",
                "archived": False,
                "audiences": {"included": [], "excluded": []},
                "send_options": {"use_smart_sending": True},
                "tracking_options": {"add_tracking_params": False, "custom_tracking_params": []},
                "send_strategy": {"method": "immediate"},
                "scheduled_at": None,
                "send_time": None,
                "_tags": [],
            },
        )
        self.messages = self.table(
            "campaign-messages",
            ids=ids.ulid(),
            created="created_at",
            updated="updated_at",
            stamp=stamp,
            defaults={"send_times": [], "_template": None},
        )
        self.send_jobs = self.table("campaign-send-jobs")

    # -------------------------------------------------------------------------------------------- reading

    def show_campaign(self, call: Call, row: Json) -> Json:
        """A campaign as the caller's revision has it."""
        linked = {"campaign-messages": row["_messages"], "tags": row["_tags"]}
        if revision_of(call) < OMNI:
            return self.resource(call, CAMPAIGN, row, linked)
        settings = {"send_strategy": row["send_strategy"]["method"], "send_timezone": "UTC"}
        definition = {"name": row["name"], "builder": "wizard", "archived": row["archived"], "send_settings": settings}
        return self.resource(
            call, OMNI_CAMPAIGN, {**row, "definition": definition}, {**linked, "campaign-audiences": []}
        )

    def show_message(self, call: Call, row: Json) -> Json:
        """A message with its campaign, and its template if it has one."""
        return self.resource(call, MESSAGE, row, {"campaign": row["_campaign"], "template": row["_template"]})

    def _around_campaign(self, call: Call) -> dict[str, Include]:
        found: dict[str, Include] = {
            "campaign-messages": lambda row: [(MESSAGE, self.messages.get(key)) for key in row["_messages"]],
            "tags": self.tag_rows,
        }
        return found if revision_of(call) < OMNI else {"tags": self.tag_rows, "campaign-audiences": lambda _: []}

    @get("/api/campaigns", scope="campaigns:read")
    def list_campaigns(self, call: Call) -> Json:
        """The campaigns of one channel; of all of them from revision 2026-10-15 on."""
        omni = revision_of(call) >= OMNI
        terms = parse_filter(call.one("filter"), _OMNI if omni else _FILTERS)
        channels = [term for term in terms if term.field == "messages.channel"]
        if not omni and len(channels) != 1:
            raise invalid("A filter on 'messages.channel' is required.", parameter="filter")
        if channels and channels[0].value not in CHANNELS:
            raise invalid(f"'{channels[0].value}' is not one of {', '.join(CHANNELS)}.", parameter="filter")
        rest = [term for term in terms if term.field not in {"messages.channel", "builder"}]
        equal = {"_channel": channels[0].value} if channels else {}
        asked = not self.hide_archived or any(term.field == "archived" for term in rest)
        keep = None if asked else lambda row: not row["archived"]
        rows = self.listed(
            call, self.campaigns, allowed=_FILTERS, sorts=_SORTS, default="created", terms=rest, keep=keep, **equal
        )
        return self.page(
            call,
            rows,
            lambda row: self.show_campaign(call, row),
            size=100,
            most=100,
            includes=self._around_campaign(call),
        )

    @get("/api/campaigns/{id}", scope="campaigns:read")
    def get_campaign(self, call: Call) -> Json:
        """One campaign."""
        row = self.row(self.campaigns, CAMPAIGN, call.slots["id"])
        return self.document(call, self.show_campaign(call, row), [row], self._around_campaign(call))

    @get("/api/campaigns/{id}/campaign-messages", scope="campaigns:read")
    def list_messages(self, call: Call) -> Json:
        """The messages of a campaign."""
        self._no_omni(call)
        campaign = self.row(self.campaigns, CAMPAIGN, call.slots["id"])
        rows = [self.messages.get(key) for key in campaign["_messages"]]
        found = [self.show_message(call, row) for row in rows]
        body = self.document(call, found, rows, self._around_message())
        body["links"] |= self.around()
        return body

    @get("/api/campaign-messages/{id}", scope="campaigns:read")
    def get_message(self, call: Call) -> Json:
        """One message."""
        self._no_omni(call)
        row = self.row(self.messages, MESSAGE, call.slots["id"])
        return self.document(call, self.show_message(call, row), [row], self._around_message())

    def _around_message(self) -> dict[str, Include]:
        def template(row: Json) -> Any:
            held = self.template_row(row["_template"])
            return [] if held is None else [(TEMPLATE, held)]

        return {
            "campaign": lambda row: [(CAMPAIGN, self.campaigns.get(row["_campaign"]))],
            "template": template,
            "image": lambda _: [],
        }

    def template_row(self, key: str | None) -> Json | None:
        """A template, if there is one."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------------------- writing

    @staticmethod
    def _no_omni(call: Call) -> None:
        if revision_of(call) >= OMNI:
            sentence = "This simulator has messages, and writes campaigns, up to revision 2026-07-15 only."
            raise Refusal("invalid", sentence, status=501, code="not_implemented")

    @post("/api/campaigns", scope="campaigns:write")
    def create_campaign(self, call: Call) -> Reply:
        """A draft with its messages, all of one channel."""
        self._no_omni(call)
        attributes = self.body(call, "campaign", known=_WRITABLE)["attributes"]
        if not attributes.get("name"):
            raise invalid("The name of a campaign is required.", pointer="/data/attributes/name")
        held = (attributes.pop("campaign-messages", None) or {}).get("data") or []
        definitions = [(one.get("attributes") or {}).get("definition") or {} for one in held]
        channels = {one.get("channel") for one in definitions}
        if len(channels) != 1 or not channels <= {*CHANNELS}:
            raise invalid("A campaign needs messages of one channel.", pointer="/data/attributes/campaign-messages")
        row = self.make_campaign(attributes, definitions)
        return self.reply(self.document(call, self.show_campaign(call, row), [row], {}), 201)

    def make_campaign(self, values: Json, definitions: list[Json]) -> Json:
        """Add a campaign and its messages."""
        given = {name: value for name, value in values.items() if value is not None}
        campaign = self.campaigns.add({**given, "_channel": definitions[0]["channel"], "_messages": []})
        made = [
            self.messages.add({"definition": one, "_campaign": campaign["id"], "_channel": one["channel"]})["id"]
            for one in definitions
        ]
        return self.campaigns.change(campaign["id"], {"_messages": made, "updated_at": campaign["updated_at"]})

    @patch("/api/campaigns/{id}", scope="campaigns:write")
    def update_campaign(self, call: Call) -> Json:
        """Change a draft; what is sent stays."""
        self._no_omni(call)
        row = self.row(self.campaigns, CAMPAIGN, call.slots["id"])
        values = self.body(call, "campaign", known=_PATCHED, key=row["id"])["attributes"]
        if row["status"] not in {"Draft", "Scheduled"}:
            raise invalid(f"A campaign with the status {row['status']} cannot be changed.", pointer="/data/id")
        new = {name: value for name, value in values.items() if value is not None}
        changed = self.campaigns.change(row["id"], new)
        return self.document(call, self.show_campaign(call, changed), [changed], {})

    @delete("/api/campaigns/{id}", scope="campaigns:write")
    def delete_campaign(self, call: Call) -> None:
        """Delete a campaign."""
        self.campaigns.remove(self.row(self.campaigns, CAMPAIGN, call.slots["id"])["id"])

    @post("/api/campaign-send-jobs", scope="campaigns:write")
    def send_campaign(self, call: Call) -> Reply:
        """Send a draft, later."""
        self._no_omni(call)
        key = str(self.body(call, "campaign-send-job").get("id"))
        row = self.row(self.campaigns, CAMPAIGN, key)
        if row["status"] != "Draft" or key in self.send_jobs:
            raise invalid("Only a draft can be sent.", pointer="/data/id")
        self.campaigns.change(key, {"status": "Sending", "scheduled_at": self.now()})

        def work() -> Json:
            self.campaigns.change(key, {"status": "Sent", "send_time": self.now()})
            return {}

        job = self.start_job(self.send_jobs, {"id": key, "status": "queued"}, work)
        return self.reply(self.one(call, SEND_JOB, job), 202)

    @get("/api/campaign-send-jobs/{id}", scope="campaigns:read")
    def get_send_job(self, call: Call) -> Json:
        """How far it is."""
        return self.one(call, SEND_JOB, self.ask(self.send_jobs, SEND_JOB, call.slots["id"]))
