"""Flows, templates and tags.

Documentation of the methods in klaviyo-api 25.0.0; shapes: klaviyo/openapi@f0a30ba. Read 2026-11-25.
"""

from __future__ import annotations

from typing import Any

from vaiven_connectors.klaviyo._sim_base import Include, stamp
from vaiven_connectors.klaviyo._sim_campaigns import Campaigns
from vaiven_connectors.klaviyo._sim_kinds import FLOW, LIST, SEGMENT, TAG, TEMPLATE, Kind
from vaiven_connectors.klaviyo._sim_query import RANGE, SINGLE, TEXT, Allowed
from vaiven_connectors.klaviyo._sim_words import Json, invalid
from vaiven_sdk.testing import Call, Reply, Table, delete, get, ids, patch, post

_FLOWS: Allowed = {
    "id": "any",
    "name": TEXT,
    "status": "equals",
    "archived": "equals",
    "created": f"equals {RANGE}",
    "updated": f"equals {RANGE}",
    "trigger_type": "equals",
}
_TEMPLATES: Allowed = {
    "id": SINGLE,
    "name": "any contains equals",
    "created": f"equals {RANGE}",
    "updated": f"equals {RANGE}",
}
_TAGS: Allowed = {"name": TEXT}
_EDITORS = ("CODE", "USER_DRAGGABLE", "SYSTEM_DRAGGABLE")
_MOST_TEMPLATES = 1000


class Content(Campaigns):
    """What messages are made of, and what sends them by itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        shape: dict[str, Any] = {"created": "created", "updated": "updated", "stamp": stamp, "ids": ids.prefixed("", 6)}
        self.flows = self.table(
            "flows",
            orders=["id", "name", "status", "trigger_type"],
            defaults={"status": "draft", "archived": False, "trigger_type": "Unconfigured", "_tags": []},
            **shape,
        )
        self.templates = self.table(
            "templates",
            orders=["id", "name"],
            defaults={"editor_type": "CODE", "html": "", "text": None, "amp": None},
            **shape,
        )

    # ---------------------------------------------------------------------------------------------- flows

    @property
    def _around_flow(self) -> dict[str, Include]:
        return {"tags": self.tag_rows, "flow-actions": lambda _: []}

    def _flow(self, call: Call, row: Json) -> Json:
        return self.resource(call, FLOW, row, {"tags": row["_tags"]})

    @get("/api/flows", scope="flows:read")
    def list_flows(self, call: Call) -> Json:
        """Flows, 50 a page."""
        sorts = "created id name status trigger_type updated"
        rows = self.listed(call, self.flows, allowed=_FLOWS, sorts=sorts)
        return self.page(call, rows, lambda row: self._flow(call, row), size=50, most=50, includes=self._around_flow)

    @get("/api/flows/{id}", scope="flows:read")
    def get_flow(self, call: Call) -> Json:
        """One flow."""
        row = self.row(self.flows, FLOW, call.slots["id"])
        return self.document(call, self._flow(call, row), [row], self._around_flow)

    @patch("/api/flows/{id}", scope="flows:write")
    def update_flow(self, call: Call) -> Json:
        """Its status, which is all that can be changed."""
        row = self.row(self.flows, FLOW, call.slots["id"])
        status = self.body(call, "flow", known=("status",), key=row["id"])["attributes"].get("status")
        if status not in {"draft", "manual", "live"}:
            raise invalid("'status' must be draft, manual or live.", pointer="/data/attributes/status")
        changed = self.flows.change(row["id"], {"status": status})
        return self.document(call, self._flow(call, changed), [changed], {})

    # ------------------------------------------------------------------------------------------ templates

    def template_row(self, key: str | None) -> Json | None:
        """A template, if there is one."""
        return None if key is None else self.templates.find(key)

    @get("/api/templates", scope="templates:read")
    def list_templates(self, call: Call) -> Json:
        """Templates, ten a page."""
        rows = self.listed(call, self.templates, allowed=_TEMPLATES, sorts="created id name updated")
        return self.page(call, rows, lambda row: self.resource(call, TEMPLATE, row), size=10, most=10)

    @get("/api/templates/{id}", scope="templates:read")
    def get_template(self, call: Call) -> Json:
        """One template."""
        return self.one(call, TEMPLATE, self.row(self.templates, TEMPLATE, call.slots["id"]))

    @post("/api/templates", scope="templates:write")
    def create_template(self, call: Call) -> Reply:
        """A template of HTML."""
        known = ("name", "editor_type", "html", "text", "amp", "definition")
        values = self.body(call, "template", known=known)["attributes"]
        for name in ("name", "editor_type"):
            if not values.get(name):
                raise invalid(f"'{name}' is required.", pointer=f"/data/attributes/{name}")
        if values["editor_type"] not in _EDITORS:
            raise invalid(f"'editor_type' must be one of {_EDITORS}.", pointer="/data/attributes/editor_type")
        if len(self.templates) >= _MOST_TEMPLATES:
            raise invalid(f"An account has at most {_MOST_TEMPLATES} templates.")
        return self.reply(self.one(call, TEMPLATE, self.templates.add(values)), 201)

    @patch("/api/templates/{id}", scope="templates:write")
    def update_template(self, call: Call) -> Json:
        """Change what is named."""
        row = self.row(self.templates, TEMPLATE, call.slots["id"])
        known = ("name", "html", "text", "amp", "definition")
        values = self.body(call, "template", known=known, key=row["id"])["attributes"]
        return self.one(call, TEMPLATE, self.templates.change(row["id"], values))

    @delete("/api/templates/{id}", scope="templates:write")
    def delete_template(self, call: Call) -> None:
        """Delete a template."""
        self.templates.remove(self.row(self.templates, TEMPLATE, call.slots["id"])["id"])

    # ----------------------------------------------------------------------------------------------- tags

    @get("/api/tags", scope="tags:read")
    def list_tags(self, call: Call) -> Json:
        """Tags, 50 a page."""
        rows = self.listed(call, self.tags, allowed=_TAGS, sorts="id name")
        return self.page(call, rows, lambda row: self.resource(call, TAG, row), size=50, most=50)

    def _tags_of(self, call: Call, table: Table, kind: Kind) -> Json:
        row = self.row(table, kind, call.slots["id"])
        found = [self.resource(call, TAG, self.tags.get(key)) for key in row["_tags"]]
        return self.whole(call, found)

    @get("/api/lists/{id}/tags", scope="tags:read")
    def list_tags_of_list(self, call: Call) -> Json:
        """The tags of a list."""
        return self._tags_of(call, self.lists, LIST)

    @get("/api/segments/{id}/tags", scope="tags:read")
    def list_tags_of_segment(self, call: Call) -> Json:
        """The tags of a segment."""
        return self._tags_of(call, self.segments, SEGMENT)
