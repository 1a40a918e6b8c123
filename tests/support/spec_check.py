"""Where the vendors' published API descriptions are kept beside the repository, if they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vaiven_sdk.testing.spec import Reduced as Spec
from vaiven_sdk.testing.spec import load_reduced, unaccepted

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["SPECS", "Spec", "load_spec", "unaccepted"]

SPECS = Path(__file__).resolve().parents[2].parent / "shared" / "specs"


def load_spec(vendor: str, apis: Collection[str] = (), *, null_unsaid: bool = False) -> Spec:
    """Read `<vendor>.json.gz` as `Reduced` does, or skip the test where the descriptions are not at hand."""
    file = SPECS / f"{vendor}.json.gz"
    if not file.exists():
        pytest.skip(f"published API descriptions are not at hand: {file} does not exist")
    return load_reduced(file, apis, null_unsaid=null_unsaid)
