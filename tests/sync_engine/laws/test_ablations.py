"""The laws can fail: each planted fault breaks one within a bounded number of stories."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test

from tests.sync_engine.laws.machine import World
from tests.sync_engine.laws.planted import PLANTED
from tests.sync_engine.laws.test_laws import no_waits, options  # noqa: F401 - the fixture is used by its name

log = logging.getLogger(__name__)
"""`--log-cli-level=info` shows how many stories each took."""
MOST = 1500
"""Stories within which each is to be caught."""


def caught_after(*, most: int = MOST) -> tuple[int, str]:
    """How many stories it takes until a law breaks, and what the law says; (0, '') when none does."""
    stories = 0

    class Ablated(World):
        def __init__(self) -> None:
            nonlocal stories
            stories += 1
            super().__init__()

    how = options(most, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
    try:
        run_state_machine_as_test(Ablated, settings=how)
    except AssertionError as broken:
        return stories, str(broken).partition("\n")[0]
    return 0, ""


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("plant", PLANTED, ids=lambda p: p.__name__)
def test_a_planted_fault_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    stories, law = caught_after()
    log.info("%s: caught after %d stories: %s", plant.__name__, stories, law)
    assert stories, f"{MOST} stories, and no law broke: {plant.__doc__}"
