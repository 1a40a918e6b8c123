"""Every error says who must act, and what to do."""

import re
from inspect import isabstract

import pytest

import vaiven_sdk
from vaiven_sdk import Actor, NotFound, RequestRefused, VaivenError, VendorBusy
from vaiven_sdk.errors import CustomerError, MakerError, OperatorError, taxonomy

OURS = [cls for cls in taxonomy() if cls.__module__.startswith("vaiven_sdk")]


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
def test_every_class_says_what_it_is(cls):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", cls.code)
    assert isinstance(cls.actor, Actor)
    assert cls.remedy.endswith(".")
    assert (cls.__doc__ or "").strip().splitlines()[0].endswith(".")
    assert not isabstract(cls)
    assert cls("What happened.").as_dict() == {
        "code": cls.code,
        "actor": cls.actor.value,
        "what": "What happened.",
        "why": "",
        "remedy": cls.remedy,
    }


def test_codes_are_unique_and_each_class_has_its_own():
    assert len({cls.code for cls in OURS}) == len(OURS)
    assert all("code" in vars(cls) for cls in OURS)


def test_only_bugs_are_to_be_reported():
    asked = {cls for cls in OURS if cls.remedy == VaivenError.remedy}
    assert all(cls is VaivenError or issubclass(cls, MakerError) for cls in asked)
    assert {CustomerError, OperatorError, NotFound}.isdisjoint(asked)


def test_every_actor_has_an_error():
    assert {cls.actor for cls in OURS} == set(Actor)


def test_a_remedy_of_ones_own_replaces_that_of_the_class():
    given = VaivenError("What.", why="why", remedy="Do this.")
    assert (given.remedy, VaivenError("What.").remedy) == ("Do this.", VaivenError.remedy)
    assert str(given) == "What. (why)"
    assert str(VaivenError("What.")) == "What."


def test_some_carry_more():
    assert VendorBusy("x", retry_after=3.0).retry_after == 3.0
    assert VendorBusy("x").retry_after is None
    assert (RequestRefused("x").status, RequestRefused("x", status=409, body=[1]).body) == (400, [1])


def test_a_class_made_later_is_found():
    class Late(VaivenError):
        """One more."""

        code = "late"

    assert Late in taxonomy()


def test_all_that_a_partner_needs_has_one_address():
    assert sorted(vaiven_sdk.__all__) == vaiven_sdk.__all__ or len(set(vaiven_sdk.__all__)) == len(vaiven_sdk.__all__)
    assert all(getattr(vaiven_sdk, name).__doc__ for name in vaiven_sdk.__all__)
