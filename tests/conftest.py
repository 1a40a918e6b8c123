"""What every test shares."""

from pathlib import Path

import pytest

from tests.support.stores import (  # noqa: F401 - fixtures for every test
    empty_store,
    empty_stores,
    postgres,
    postgres_stores,
    sqlite_stores,
    stores,
)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root folder."""
    return ROOT
