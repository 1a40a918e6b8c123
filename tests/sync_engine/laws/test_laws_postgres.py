"""The same laws over a store on Postgres: fewer stories, as each transaction is a conversation with a server."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.support.stores import Stores
from tests.sync_engine.laws.machine import World
from tests.sync_engine.laws.test_laws import no_waits, options  # noqa: F401 - the fixture is used by its name

RUNS = int(os.environ.get("VAIVEN_RUNS_POSTGRES", "60"))


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.postgres
@pytest.mark.timeout(3600)
def test_the_laws_hold_on_postgres(postgres_stores: Stores) -> None:
    class OnPostgres(World):
        """Each story in an empty database."""

        def make_place(self) -> tuple[Any, Any]:
            stack = ExitStack()
            return stack.enter_context(postgres_stores()), stack.close

    run_state_machine_as_test(OnPostgres, settings=options(RUNS, derandomize=True))
