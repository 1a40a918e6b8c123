"""The columns that the store keeps with every row of the unified model."""

from datetime import datetime
from typing import Any

from ._base import Field, Pii

ROW: dict[str, Field] = {
    field.name: field
    for field in (
        Field("tenant_id", str, "Whose row it is; first in every key and index.", nullable=False),
        Field("id", str, "ULID of the row: 26 characters that sort by time.", nullable=False),
        Field("created_at", datetime, "When the hub made the row.", nullable=False),
        Field("updated_at", datetime, "When `rev` last grew; orders the change feed.", nullable=False),
        Field("rev", int, "Revision: 1 at first, one more for each change of a value.", nullable=False),
        Field("deleted_at", datetime, "When it was deleted; empty while it lives. The row itself stays."),
        Field(
            "deletion_reason",
            str,
            "`source_deleted`, `erased`, `out_of_scope` or `merged_into:<id>`; empty while the row lives.",
        ),
        Field(
            "custom",
            dict[str, Any],
            "Custom fields by `<namespace>.<key>`, of the types that the tenant's registry gives them.",
            pii=Pii.SENSITIVE,
        ),
        Field(
            "provenance",
            dict[str, Any],
            "Where each value came from, by field: connection, record, time and rule.",
        ),
    )
}
"""The store's own columns by name, in their order. No mapping can write them."""
