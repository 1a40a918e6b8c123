"""The laws hold in thousands of generated stories."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sync_engine.laws.machine import World
from vaiven_sdk import http as sdk_http

PARTS = 8
RUNS = int(os.environ.get("VAIVEN_RUNS", "2000")) // PARTS
"""Stories of each part: two processes can share the parts."""
STEPS = 30


def options(runs: int, **more: object) -> settings:
    return settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither for a tool that is down nor for the collector: a story leaves little, and it looks through all."""
    monkeypatch.setattr(sdk_http, "_BACKOFF", lambda _: 0.0)
    before = gc.get_threshold()
    gc.set_threshold(20_000, 20, 100)
    yield
    gc.set_threshold(*before)


def tell(part: str, runs: int) -> None:
    """Tell stories that another name does not tell."""
    run_state_machine_as_test(type(f"World{part}", (World,), {}), settings=options(runs, derandomize=True))


def test_the_laws_hold_in_a_few_stories() -> None:
    tell("Few", 15)


@pytest.mark.slow
@pytest.mark.timeout(36_000)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_laws_hold(part: int) -> None:
    tell(str(part), RUNS)
