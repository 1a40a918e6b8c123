"""Consent in a mapping: every state is named, an unknown one says nothing, and who writes it says what it needs."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from vaiven_sdk import Bearer, Config, Connector, Outcome, Record, derive, wire
from vaiven_sdk.model import Person

STATES = {"yes": "granted", "no": "denied"}


def record(**how: Any) -> type[Record[Any]]:
    class Somebody(Record[Person], key="id"):
        """A record."""

        id: str = wire(read_only=True)
        state: str | None = wire(to="email_consent", **how)

    return Somebody


def test_a_consent_needs_the_meaning_of_each_state() -> None:
    with pytest.raises(TypeError, match="email_consent is a consent: give values="):
        record()
    with pytest.raises(TypeError, match="let an unknown state pass"):
        record(values=defaultdict(lambda: "granted", STATES))
    with pytest.raises(TypeError, match="subscribed is no state of consent"):
        record(values={"yes": "subscribed"})
    with pytest.raises(TypeError, match="no permission"):
        record(values={"": "granted"})


@pytest.mark.parametrize("state", ["YES", "yes ", "maybe", "granted", "", None])
def test_an_unknown_state_says_nothing(state: str | None) -> None:
    one = record(values=STATES).model_validate({"id": "1", "state": state})
    assert one.unified()["email_consent"] is None


def test_a_method_names_its_states_too() -> None:
    with pytest.raises(TypeError, match="consent: give values="):

        class Loose(Record[Person], key="id"):
            """A record."""

            id: str = wire(read_only=True)

            @derive("email_consent")
            def allowed(self) -> str:
                """Whatever."""
                return "granted"

    class Named(Record[Person], key="id"):
        """A record."""

        id: str = wire(read_only=True)
        state: str | None = wire()

        @derive("email_consent", values=STATES)
        def allowed(self) -> str | None:
            """The vendor's own word."""
            return self.state

    assert Named(id="1", state="yes").unified()["email_consent"] == "granted"
    assert Named(id="1", state="granted").unified()["email_consent"] is None


def test_who_writes_consent_says_what_a_creation_needs() -> None:
    acme = Connector(
        "acme", Config, name="Acme", category="crm", base_url="https://acme.example", auth=[Bearer("token")]
    )

    async def write(_: Any, writes: Any) -> list[Outcome]:
        return [one.saved("1") for one in writes]

    people = acme.stream(record(values=STATES), name="people")
    with pytest.raises(TypeError, match="writes 'email_consent': say consent="):
        people.create()(write)
    with pytest.raises(TypeError, match="writes 'email_consent': say consent="):
        people.upsert()(write)
    people.create(consent="email_consent")(write)
    assert people.writers["create"].consent == "email_consent"
    kept = acme.stream(record(values=STATES), name="kept")
    kept.create(consent=None)(write)
    read = acme.stream(record(values=STATES, read_only=True), name="read")
    read.create()(write)
    assert read.writers["create"].consent is None
