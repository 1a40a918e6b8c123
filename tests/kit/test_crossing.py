"""Which records the kit carries from one account to another."""

from types import SimpleNamespace

import pytest

from vaiven_api.kit.subject import NotNeeded
from vaiven_api.kit.writing import crossing
from vaiven_sdk import Bearer, Config, Connector, Record, wire
from vaiven_sdk.model import AdGroup, Person


class Group(Record[AdGroup], key="id"):
    id: str = wire(read_only=True)
    name: str | None = wire(to="name")


class Reader(Record[Person], key="id"):
    id: str = wire(read_only=True)
    email: str | None = wire(to="email")


def kit_of(record, *verbs):
    made = Connector("acme", Config, name="Acme", category="ads", base_url="https://acme.example", auth=[Bearer()])
    stream = made.stream(record, name="things")
    for verb in verbs:
        getattr(stream, verb)()(lambda hub, writes: [])
    return SimpleNamespace(subject=SimpleNamespace(connector=made))


def test_what_is_only_changed_is_carried_where_it_can_be_recognised():
    assert crossing(kit_of(Reader, "update")) == ["things"]
    with pytest.raises(NotNeeded, match="no record can be carried"):
        crossing(kit_of(Group, "update"))


def test_what_is_created_there_is_known_from_then_on():
    assert crossing(kit_of(Group, "create", "update")) == ["things"]
