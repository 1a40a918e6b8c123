"""The unified model as one JSON Schema document."""

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from ._base import Field, Merge, Pii
from .entities import ENTITIES
from .metrics import METRICS
from .row import ROW

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """One document with a definition for each entity, each enum and the stored row's own columns (`Row`).

    Marks stand beside the field as `x-vaiven-pii`, `-merge`, `-ref`, `-ref-by`, `-key` and `-clean`, absent
    when they have their usual value; `x-vaiven-kind`, `-plural`, `-nature` and `-natural-key` describe an
    entity, and `x-vaiven-metrics` lists the metrics. Values are as JSON carries them: decimals as strings,
    instants in UTC.
    """
    from pydantic.json_schema import models_json_schema  # noqa: PLC0415 - slow to load, and only docs want it

    models = list(ENTITIES.values())
    _, document = models_json_schema([(model, "serialization") for model in models], by_alias=False)
    definitions: dict[str, Any] = document["$defs"]
    for model in models:
        definition = definitions[model.__name__]
        definition["x-vaiven-kind"] = model.kind
        definition["x-vaiven-plural"] = model.plural
        definition["x-vaiven-nature"] = model.nature.value
        if model.natural_key:
            definition["x-vaiven-natural-key"] = list(model.natural_key)
        for name, field in model.fields().items():
            described = definition["properties"][name]
            described.pop("title", None)
            described.update(_marks(field))
    definitions["Row"] = {
        "title": "Row",
        "description": "The columns that the store keeps with every row; no mapping can write them.",
        "type": "object",
        "properties": {name: _column(field) for name, field in ROW.items()},
        "required": [name for name, field in ROW.items() if not field.nullable],
    }
    return {
        "$schema": DIALECT,
        "title": "Vaiven unified model",
        "$defs": dict(sorted(definitions.items())),
        "x-vaiven-metrics": [
            {"name": metric.name, "unit": metric.unit.value, "additive": metric.additive, "doc": metric.doc}
            for metric in METRICS.values()
        ],
    }


def _column(field: Field) -> dict[str, Any]:
    kind = field.type if not field.nullable else field.type | None
    return {**TypeAdapter(kind).json_schema(), "description": field.doc, **_marks(field)}


def _marks(field: Field) -> dict[str, Any]:
    marks = {
        "x-vaiven-pii": field.pii.value if field.pii is not Pii.NONE else None,
        "x-vaiven-merge": field.merge.value if field.merge is not Merge.LAST_WRITER else None,
        "x-vaiven-ref": field.ref,
        "x-vaiven-ref-by": field.ref_by,
        "x-vaiven-key": asdict(field.key) if field.key else None,
        "x-vaiven-clean": field.clean,
    }
    return {name: mark for name, mark in marks.items() if mark is not None}
