"""The laws hold in thousands of generated stories."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sync_engine.laws.machine import World
from vaiven_sdk import http as sdk_http

RUNS = int(os.environ.get("VAIVEN_RUNS", "250"))
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
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_http, "_BACKOFF", lambda _: 0.0)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(8))
def test_the_laws_hold(part: int) -> None:
    class Part(World):
        """A name of its own, hence other stories."""

    Part.__name__ = Part.__qualname__ = f"World{part}"
    run_state_machine_as_test(Part, settings=options(RUNS, derandomize=True))
