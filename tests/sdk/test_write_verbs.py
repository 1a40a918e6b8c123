"""What a stream says that it writes."""

import pytest

from vaiven_sdk import Bearer, Config, Connector, Record, wire
from vaiven_sdk.model import Event, Membership, Person


class Contact(Record[Person], key="id"):
    id: str
    email: str | None = wire(to="email")


class Member(Record[Membership], key=("list", "person")):
    list: str = wire(to="list_id", ref="lists")
    person: str = wire(to="person_id", ref="contacts")


class Visit(Record[Event], key="id"):
    id: str = wire(to="event_id")
    kind: str = wire(to="type")


async def function(hub, writes):
    return []


@pytest.fixture
def stream():
    made = Connector("acme", Config, name="Acme", category="crm", base_url="https://a.example", auth=[Bearer()])
    return made.stream


def test_a_membership_needs_its_ends_and_is_not_updated(stream):
    members = stream(Member)
    members.add(batch=50)(function)
    members.remove(batch=20)(function)
    assert (members.shape, set(members.writers)) == ("membership", {"create", "delete"})
    assert (members.writers["create"].needs, members.writers["create"].batch) == (("list_id", "person_id"), 50)
    assert members.writers["delete"].batch == 20
    for verb in (members.update(), members.create(), members.delete(), members.upsert()):
        with pytest.raises(TypeError, match=r"acme\.members: a stream writes records, memberships or events"):
            verb(function)


def test_an_event_is_appended_and_nothing_else(stream):
    visits = stream(Visit)
    visits.append(batch=100, needs=["type"], most_bytes=5_000)(function)
    assert (visits.shape, set(visits.writers)) == ("event", {"create"})
    assert visits.writers["create"].most_bytes == 5_000
    for verb in (visits.update(), visits.delete(), visits.remove()):
        with pytest.raises(TypeError, match="these are events"):
            verb(function)


def test_what_changes_is_not_appended(stream):
    with pytest.raises(TypeError, match="append is for events, and a Person is none"):
        stream(Contact).append()


def test_a_need_that_the_record_does_not_map(stream):
    with pytest.raises(TypeError, match="needs 'object_id', which its record does not map"):
        stream(Visit).append(needs=["object_id"])


@pytest.mark.parametrize("kind", ["delete", "archive"])
def test_a_connector_says_what_its_deletion_is(stream, kind):
    contacts = stream(Contact)
    contacts.upsert(batch=100, most_bytes=3_000_000)(function)
    contacts.delete(kind=kind)(function)
    assert (contacts.shape, contacts.removal) == ("record", kind)
    assert {op: w.most_bytes for op, w in contacts.writers.items()} == {
        "create": 3_000_000,
        "update": 3_000_000,
        "delete": 0,
    }
