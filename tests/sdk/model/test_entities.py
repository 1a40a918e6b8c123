"""The model's own conventions, held for every entity and field."""

import ast
import inspect
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_origin

import pytest
from pydantic import ValidationError

from vaiven_sdk import model
from vaiven_sdk.model import (
    ENTITIES,
    METRICS,
    ROW,
    Attribution,
    Entity,
    Event,
    MetricFact,
    Nature,
    Person,
    pairs,
)
from vaiven_sdk.model.clean import CLEANERS

FIELDS = [
    pytest.param(entity, field, id=f"{entity.kind}.{field.name}")
    for entity in ENTITIES.values()
    for field in entity.fields().values()
]
SCALARS = (str, int, bool, Decimal, date, datetime)
# What DESIGN and the concept page promise.
PROMISED = set(
    """
    person contact_point identifier company consent_state consent_event list membership ad_account
    campaign ad_group ad creative email_message template metric_fact event lead deal pipeline stage
    product order order_line refund subscription invoice payment ticket conversation message form
    form_submission user activity association
    """.split()
)


@pytest.mark.parametrize(("entity", "field"), FIELDS)
def test_field_follows_the_conventions(entity, field):
    kind = field.type
    enum = isinstance(kind, type) and issubclass(kind, StrEnum)
    assert kind in SCALARS or enum or get_origin(kind) in {list, dict}, "one field, one column"
    assert len(field.doc.split()) >= 1
    assert field.doc.rstrip().endswith((".", "?"))
    assert field.name not in ROW
    assert field.name.endswith("_at") == (kind is datetime), "an instant ends in _at"
    assert (field.name == "on" or field.name.endswith("_on")) == (kind is date), "a civil date ends in _on"
    assert not field.name.endswith("_minor") or kind is int
    assert field.name.endswith(("_id", "_ref")) or field.ref is None
    assert field.ref is None or field.ref in ENTITIES
    assert field.ref_by is None or entity.fields()[field.ref_by].type is str
    assert field.clean is None or (field.clean in CLEANERS and kind is str)
    assert (field.merge is model.Merge.UNION) <= (kind == list[str])
    assert field.nullable or entity.nature is not Nature.ENTITY, "what a tool does not know must be able to be absent"
    assert not field.name.startswith("is_") or kind is bool


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=list(ENTITIES))
def test_money_names_its_currency(entity):
    fields = entity.fields()
    if any(name.endswith("_minor") for name in fields):
        assert "currency" in fields


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=list(ENTITIES))
def test_natural_key_is_made_of_fields(entity):
    fields = entity.fields()
    assert set(entity.natural_key) <= set(fields)
    if entity.nature is not Nature.ENTITY:
        assert entity.natural_key
        assert not any(fields[name].nullable for name in entity.natural_key)


def test_consent_cannot_be_merged_otherwise():
    status = model.ConsentStatus
    found = [f for e in ENTITIES.values() if e.nature is Nature.ENTITY for f in e.fields().values() if f.type is status]
    assert {field.name for field in found} == {"email_consent", "sms_consent", "status"}
    assert all(field.merge is model.Merge.MOST_RESTRICTIVE for field in found)


def test_every_vendor_enum_has_a_member_for_what_it_does_not_know():
    closed = {"ConsentStatus", "Strength", "Grain"}
    enums = {f.type for e in ENTITIES.values() for f in e.fields().values() if isinstance(f.type, type)}
    for enum in enums:
        if issubclass(enum, StrEnum) and enum.__name__ not in closed:
            assert "other" in set(enum), enum


def test_every_promised_entity_is_there():
    assert set(ENTITIES) >= PROMISED
    assert len({entity.plural for entity in ENTITIES.values()}) == len(ENTITIES)


def test_every_public_name_is_exported():
    source = inspect.getsource(model)
    imported = {
        alias.name for node in ast.parse(source).body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported == set(model.__all__)
    entities = {name for name in model.__all__ if isinstance(getattr(model, name), type)}
    assert {entity.__name__ for entity in ENTITIES.values()} <= entities
    assert all(issubclass(entity, Entity) for entity in ENTITIES.values())


def test_instants_are_utc_and_aware():
    event = Event(event_id="1", type="page.viewed", occurred_at="2026-11-22T10:00:00+02:00")
    assert event.occurred_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert event.occurred_at.tzinfo is UTC
    with pytest.raises(ValidationError, match="time zone"):
        Event(event_id="1", type="page.viewed", occurred_at="2026-11-22T10:00:00")


def test_a_rate_is_exact_and_has_six_digits():
    fact: dict[str, Any] = {
        "entity_kind": "campaign",
        "entity_id": "01",
        "on": "2026-11-22",
        "metric": "spend",
    }
    assert MetricFact(**fact, value="0.000001").value == Decimal("0.000001")
    with pytest.raises(ValidationError, match="decimal places"):
        MetricFact(**fact, value="0.0000001")


def test_minor_units_fit_the_column():
    with pytest.raises(ValidationError):
        model.Deal(amount_minor=2**63)


def test_an_unknown_field_is_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Person(shoe_size=44)


def test_pairs_have_one_form():
    assert pairs(device="mobile", country="ES", age=None) == "country=ES;device=mobile"
    assert pairs(a="1;b=2") != pairs(a="1", b="2")
    assert Attribution(click_days=7, view_days=1).key() == "click_days=7;view_days=1"
    assert Attribution().key() == ""


def test_people_are_not_summed():
    assert {name for name, metric in METRICS.items() if not metric.additive} == {
        "reach",
        "opens_unique",
        "clicks_unique",
        "users",
    }
    assert all(name == metric.name and metric.doc.endswith(".") for name, metric in METRICS.items())
