"""A HubSpot portal's deal pipelines and their stages.

Shapes: spec crm-pipelines@v3 (2026-08-21). The default pipeline, its stages and their probabilities:
legacydocs.hubspot.com/docs/methods/deal-pipelines/overview. What a deal's pipeline and stage must be:
legacydocs.hubspot.com/docs/methods/pipelines/pipelines_overview and the guide to the deals API. Read 2026-11-22.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

from vaiven_connectors.hubspot._sim_errors import error, invalid, invalid_properties
from vaiven_connectors.hubspot._sim_schema import iso

DEFAULT: Final = "default"
"""Id of the pipeline that every portal begins with, and that a new deal is in unless it says otherwise."""

_MAX_STAGES: Final = 100
_SALES: Final[dict[str, Any]] = {
    "pipelineId": DEFAULT,
    "label": "Sales Pipeline",
    "displayOrder": 0,
    "stages": [
        {"stageId": stage, "label": label, "displayOrder": i, "metadata": {"probability": probability}}
        for i, (stage, label, probability) in enumerate(
            (
                ("appointmentscheduled", "Appointment Scheduled", "0.2"),
                ("qualifiedtobuy", "Qualified To Buy", "0.4"),
                ("presentationscheduled", "Presentation Scheduled", "0.6"),
                ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
                ("contractsent", "Contract Sent", "0.9"),
                ("closedwon", "Closed Won", "1.0"),
                ("closedlost", "Closed Lost", "0.0"),
            )
        )
    ],
}


class Pipelines:
    """The pipelines that deals run through, in the order of their display."""

    def __init__(self, portal_id: int, rng: random.Random, ms: int) -> None:
        self.all: dict[str, dict[str, Any]] = {}
        self._portal_id = portal_id
        self._random = rng
        self._last_id = 700_000_000 + portal_id
        self.add(_SALES, ms)

    def add(self, definition: Mapping[str, Any], ms: int) -> dict[str, Any]:
        """Add a pipeline as `PipelineInput` describes it; ids that it does not name are minted.

        Raises:
            VendorError: 400 for a definition that is not whole, 409 for an id in use.
        """
        _need(definition, "label", "displayOrder", "stages")
        pipeline_id = self._id(definition.get("pipelineId"))
        given = definition["stages"]
        if not 0 < len(given) <= _MAX_STAGES:
            raise invalid(f"A deal pipeline has 1 to {_MAX_STAGES} stages, but got {len(given)}")
        if len({stage.get("label") for stage in given}) < len(given):
            raise invalid("The label of a stage must be unique in its pipeline")
        stages = [self._stage(stage, ms) for stage in given]
        ids = [pipeline_id, *(stage["id"] for stage in stages)]
        if pipeline_id in self.all or len({*ids, *self._stage_ids()}) < len(ids) + len(self._stage_ids()):
            raise error(409, "OBJECT_ALREADY_EXISTS", f"A pipeline or stage of these ids already exists: {ids}")
        self.all[pipeline_id] = {
            "id": pipeline_id,
            "label": str(definition["label"]),
            "displayOrder": int(definition["displayOrder"]),
            "stages": _ordered(stages),
            "createdAt": iso(ms),
            "updatedAt": iso(ms),
            "archived": False,
        }
        self.all = {pipeline["id"]: pipeline for pipeline in _ordered(list(self.all.values()))}
        return self.all[pipeline_id]

    def _id(self, given: Any) -> str:
        if given:
            return str(given)
        self._last_id += self._random.randint(1, 47)
        return str(self._last_id)

    def _stage(self, definition: Mapping[str, Any], ms: int) -> dict[str, Any]:
        _need(definition, "label", "displayOrder", "metadata")
        try:
            probability = float(definition["metadata"]["probability"])
        except (KeyError, TypeError, ValueError):
            raise invalid("A deal stage needs a probability from 0.0 to 1.0 in its metadata") from None
        # The page "Create a pipeline stage" allows steps of 0.1.
        if not 0 <= probability <= 1 or probability != round(probability, 1):
            raise invalid(f"probability must be from 0.0 to 1.0 in steps of 0.1, but was {probability}")
        return {
            "id": self._id(definition.get("stageId")),
            "label": str(definition["label"]),
            "displayOrder": int(definition["displayOrder"]),
            "metadata": {
                "isClosed": "true" if probability in {0.0, 1.0} else "false",
                "probability": f"{probability:.1f}",
            },
            "createdAt": iso(ms),
            "updatedAt": iso(ms),
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }

    def _stage_ids(self, pipeline_id: str | None = None) -> list[str]:
        wanted = self.all if pipeline_id is None else {pipeline_id}
        return [stage["id"] for i, pipeline in self.all.items() if i in wanted for stage in pipeline["stages"]]

    def options(self) -> dict[str, list[dict[str, Any]]]:
        """The options of the properties `pipeline` and `dealstage`."""
        stages = [stage for pipeline in self.all.values() for stage in pipeline["stages"]]
        return {"pipeline": _options(self.all.values()), "dealstage": _options(stages)}

    def check(self, values: Mapping[str, str], present: Mapping[str, str]) -> None:
        """Refuse a deal whose stage is not one of its pipeline's.

        Args:
            values: what a write sets, each of them an option of its property.
            present: the deal before it; empty for a new one.

        Raises:
            VendorError: 400 that names `dealstage`.
        """
        if "pipeline" not in values and "dealstage" not in values:
            return
        stage = values.get("dealstage", present.get("dealstage"))
        pipeline = values.get("pipeline", present.get("pipeline")) or DEFAULT
        if not stage or stage in (allowed := self._stage_ids(pipeline)):
            return
        message = f"{stage} was not one of the allowed options: [{', '.join(allowed)}]"
        raise invalid_properties([("dealstage", "INVALID_OPTION", message)], self._portal_id)


def _need(definition: Mapping[str, Any], *names: str) -> None:
    lacking = [name for name in names if definition.get(name) in (None, "", [])]
    if lacking:
        raise invalid(f"Invalid input JSON: Some required fields were not set: [{', '.join(lacking)}]")


def _ordered(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # By the guide to the pipelines API the label decides between two of the same displayOrder.
    return sorted(items, key=lambda item: (item["displayOrder"], item["label"]))


def _options(items: Any) -> list[dict[str, Any]]:
    return [
        {"label": item["label"], "value": item["id"], "displayOrder": i, "hidden": False}
        for i, item in enumerate(items)
    ]
