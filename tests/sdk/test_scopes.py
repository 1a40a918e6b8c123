"""What a vendor must grant: the least for what is used, each with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from vaiven_registry import Registry
from vaiven_sdk import Bearer, Config, Connector, OAuth2, Record, Scope, wire
from vaiven_sdk.model import Person


class Somebody(Record[Person], key="id"):
    """A record."""

    id: str = wire(read_only=True)


def make(scopes: tuple[str, ...] = ()) -> Connector[Config]:
    one = Connector(
        "acme",
        Config,
        name="Acme",
        category="crm",
        base_url="https://acme.example",
        auth=[OAuth2("https://acme.example/a", "https://acme.example/t", scopes=scopes), Bearer()],
        scopes=[Scope("me", "name the account")],
    )
    people = Scope("people.read", "read people")
    one.stream(Somebody, name="people", scopes=[people, Scope("people.write", "change people", write=True)])
    # The same name, needed for writing only by one and for reading by the other.
    one.stream(Somebody, name="ties", scopes=[Scope("people.write", "read ties"), people])
    return one


def names(found: Any) -> list[str]:
    return [scope.name for scope in found]


def test_the_least_for_what_is_used() -> None:
    acme = make()
    assert names(acme.scopes_for()) == ["me", "people.read", "people.write"]
    assert names(acme.scopes_for(["people"], write=False)) == ["me", "people.read"]
    assert names(acme.scopes_for([])) == ["me"]
    assert acme.scopes_for(["people"])[2].write
    assert not next(s for s in acme.scopes_for() if s.name == "people.write").write
    assert names(acme.scopes_for(write=False)) == ["me", "people.read", "people.write"]


def test_an_unknown_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="no stream 'peple'"):
        make().scopes_for(["peple"])


def test_a_scope_that_nobody_needs_is_refused() -> None:
    make(("me", "people.read")).check()
    make().check()
    with pytest.raises(TypeError, match=r"asks for 'all\.of\.it', which no stream needs"):
        make(("me", "all.of.it")).check()


def test_a_scope_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Scope("people.read", " ")


@pytest.mark.parametrize("slug", ["hubspot", "stripe"])
def test_every_stream_says_what_it_needs(slug: str) -> None:
    connector = Registry().load(slug)
    assert all(stream.scopes for stream in connector.streams.values())
    for stream in connector.streams.values():
        assert any(scope.write for scope in stream.scopes) == bool(stream.writers), stream.name


def test_hubspot_asks_for_no_write_scope_where_nothing_is_written() -> None:
    hubspot = Registry().load("hubspot")
    assert names(hubspot.scopes_for(["contacts", "owners"], write=False)) == [
        "oauth",
        "crm.objects.contacts.read",
        "crm.objects.owners.read",
    ]
