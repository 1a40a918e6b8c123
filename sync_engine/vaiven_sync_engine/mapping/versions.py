"""Every version of a mapping, and of the tenant's rules: the newest counts, and an older one can come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.mapping.document import Mapping, Policies, read_mapping, read_policies, text_of

if TYPE_CHECKING:
    from vaiven_sync_engine.store.sql import Sql

RULES = ""
"""In the place of a connection: the tenant's own rules."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a mapping or of the rules.

    Args:
        number: from 1 on; 0 is what nobody has changed yet.
        body: JSON.
        note: why, in the author's words.
        author: who.
        at: when.
    """

    number: int
    body: str
    note: str = ""
    author: str = ""
    at: str = ""


def history(connection: Sql, tenant: str, connection_id: str) -> list[Version]:
    """All versions, newest first."""
    found = connection.execute(
        "SELECT version, body, note, author, at FROM mapping WHERE tenant_id = ? AND connection_id = ?"
        " ORDER BY version DESC",
        (tenant, connection_id),
    )
    return [Version(row[0], row[1], row[2], row[3], row[4]) for row in found]


def newest(connection: Sql, tenant: str, connection_id: str) -> Version:
    """The version that counts."""
    row = connection.execute(
        "SELECT version, body, note, author, at FROM mapping WHERE tenant_id = ? AND connection_id = ?"
        " ORDER BY version DESC LIMIT 1",
        (tenant, connection_id),
    ).fetchone()
    return Version(row[0], row[1], row[2], row[3], row[4]) if row else Version(0, "{}")


def mapping_of(connection: Sql, tenant: str, connection_id: str) -> tuple[int, Mapping]:
    """The account's mapping and its version."""
    one = newest(connection, tenant, connection_id)
    return one.number, read_mapping(one.body)


def policies_of(connection: Sql, tenant: str) -> Policies:
    """The tenant's rules."""
    return read_policies(newest(connection, tenant, RULES).body)


def keep(
    connection: Sql,
    tenant: str,
    connection_id: str,
    document: Mapping | Policies,
    at: str,
    *,
    note: str = "",
    author: str = "",
    based_on: int | None = None,
) -> Version:
    """Keep a new version; a document that is as the newest one makes none.

    With `based_on`, the version that the author had before them, nothing is kept when that is not the newest any more.

    Raises:
        InputInvalid: somebody else has made a version since.
    """
    last = newest(connection, tenant, connection_id)
    if based_on is not None and based_on != last.number:
        raise InputInvalid(
            f"Version {last.number} came between: yours was made from version {based_on}.",
            remedy="Look at the newest version, and make your change again.",
        )
    body = text_of(document)
    if body == last.body:
        return last
    one = Version(last.number + 1, body, note, author, at)
    connection.execute(
        "INSERT INTO mapping (tenant_id, connection_id, version, body, note, author, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (tenant, connection_id, one.number, body, note, author, at),
    )
    return one


def revert(connection: Sql, tenant: str, connection_id: str, number: int, at: str, *, author: str = "") -> Version:
    """Make an earlier version the newest again, as a version of its own; 0 is the connector's default.

    Raises:
        InputInvalid: there is no such version.
    """
    found = {one.number: one for one in [*history(connection, tenant, connection_id), Version(0, "{}")]}
    if number not in found:
        raise InputInvalid(f"There is no version {number}; there are 0 to {max(found)}.")
    read = read_policies if connection_id == RULES else read_mapping
    document = read(found[number].body)
    return keep(connection, tenant, connection_id, document, at, note=f"back to version {number}", author=author)
