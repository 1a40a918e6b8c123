"""Take a person out of our own copies: what is theirs alone goes, what others need loses what is personal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_sdk.custom import PREFIX
from vaiven_sdk.model import ENTITIES, Nature, Pii
from vaiven_sync_engine.identity.evidence import forget
from vaiven_sync_engine.store.tombstones import bury

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vaiven_sync_engine.source import Source
    from vaiven_sync_engine.store.sql import Sql

_DERIVED = ("contact_point", "consent_state", "consent_event", "identifier")
"""Kinds whose rows are about one person and nothing else."""


@dataclass(slots=True)
class Redacted:
    """What one redaction did to our copies.

    Args:
        records: source records that were dropped.
        stripped: source records of other things (payments, memberships) that lost what is personal.
        mentions: records that still hold an address or number of the person, as `connection/stream/id`.
    """

    records: int = 0
    stripped: int = 0
    mentions: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Redaction:
    """One person's redaction, inside one transaction.

    Args:
        ids: the person's id and those that were merged into it.
        sources: every stream of the tenant.
    """

    connection: Sql
    tenant: str
    ids: Sequence[str]
    sources: Mapping[int, Source]
    at: str
    out: Redacted = field(default_factory=Redacted)

    def run(self) -> Redacted:
        """Redact everything."""
        own = self._records_of(self.ids)
        keys = self._keys(own)
        links, others = self._referrers(own)
        links += [(source, one) for source, one in lent(self.connection, self.tenant, self.ids, self.sources.values())]
        bury(self.connection, self.tenant, [*own, *links, *others], [("person", s, v) for s, v in keys], self.at)
        self._drop([*own, *links])
        forget(self.connection, self.tenant, own)
        for place in others:
            self._strip(place)
        self._rows()
        values = [value for _, value in keys if len(value) >= 5]
        self._quarantined(values)
        self._mentions(values)
        self.out.records, self.out.stripped = len(own) + len(links), len(others)
        return self.out

    def _records_of(self, ids: Iterable[str]) -> list[tuple[int, str]]:
        found = self._all("SELECT source_id, remote_id FROM record WHERE tenant_id = ? AND entity_id IN ({})", ids)
        return [(row[0], row[1]) for row in found]

    def _keys(self, own: Iterable[tuple[int, str]]) -> list[tuple[str, str]]:
        keys: set[tuple[str, str]] = set()
        for source, remote_id in own:
            for row in self.connection.execute(
                "SELECT namespace, value FROM record_key WHERE tenant_id = ? AND source_id = ? AND remote_id = ?"
                " AND namespace <> 'name'",
                (self.tenant, source, remote_id),
            ):
                keys.add(("email" if row[0] == "role_email" else row[0], row[1]))
        return sorted(keys)

    def _referrers(self, own: Iterable[tuple[int, str]]) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Records of other streams that refer to the person's: links, which go, and the rest, which is stripped."""
        links: list[tuple[int, str]] = []
        others: list[tuple[int, str]] = []
        for source_id, remote_id in own:
            source = self.sources[source_id]
            for other in self.sources.values():
                if other.connection_id != source.connection_id or other.entity == "person":
                    continue
                refs = [n for n, m in other.stream.record.mapped().items() if m.ref == source.stream.name]
                into = links if _is_link(other.entity) else others
                into.extend((other.id, found) for name in refs for found in self._naming(other.id, name, remote_id))
        return list(dict.fromkeys(links)), list(dict.fromkeys(others))

    def _naming(self, source: int, name: str, remote_id: str) -> list[str]:
        """Ids of a stream's records whose field `name` holds `remote_id`."""
        held = msgspec.json.encode({name: remote_id}).decode()[1:-1]
        found = self.connection.execute(
            "SELECT remote_id, fields FROM record WHERE tenant_id = ? AND source_id = ? AND fields LIKE ? ESCAPE '!'",
            (self.tenant, source, _anywhere(held)),
        )
        # The text may stand inside another value, and SQLite does not tell capitals apart here.
        return [row["remote_id"] for row in found if msgspec.json.decode(row["fields"]).get(name) == remote_id]

    def _drop(self, places: Iterable[tuple[int, str]]) -> None:
        for source, remote_id in places:
            where = (self.tenant, source, remote_id)
            for table in ("record", "record_key", "quarantine", "intent"):
                self.connection.execute(
                    f"DELETE FROM {table} WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
                    where,
                )

    def _strip(self, place: tuple[int, str]) -> None:
        """A record that speaks of the person and of more: its text goes, and its fields but the personal ones stay.

        Without a hash it counts as not read, so nothing is written to it.
        """
        kind = self.sources[place[0]].entity
        row = self.connection.execute(
            "SELECT fields, shadow, entity_id FROM record WHERE tenant_id = ? AND source_id = ? AND remote_id = ?",
            (self.tenant, *place),
        ).fetchone()
        kept = msgspec.json.encode(_impersonal(kind, msgspec.json.decode(row["fields"]))).decode()
        shadow = _impersonal(kind, msgspec.json.decode(row["shadow"])) if row["shadow"] else None
        self.connection.execute(
            "UPDATE record SET body = '{}', hash = ?, fields = ?, shadow = ? WHERE tenant_id = ? AND source_id = ?"
            " AND remote_id = ?",
            (b"", kept, msgspec.json.encode(shadow).decode() if shadow is not None else None, self.tenant, *place),
        )
        self.connection.execute(
            "DELETE FROM quarantine WHERE tenant_id = ? AND source_id = ? AND remote_id = ?", (self.tenant, *place)
        )
        if row["entity_id"]:
            self._forget_history(kind, [row["entity_id"]])

    def _rows(self) -> None:
        """The unified rows: the person's own is emptied, others about the person go or lose what is personal."""
        for kind, entity in ENTITIES.items():
            for name, spec in entity.fields().items():
                if spec.ref == "person" or spec.ref_by:
                    for row in self._all(
                        f'SELECT id FROM "{kind}" WHERE tenant_id = ? AND "{name}" IN ({{}})', self.ids
                    ):
                        self._row(kind, row[0])
        self._clear("person", self.ids, list(ENTITIES["person"].fields()))
        self._each(
            "UPDATE person SET deleted_at = coalesce(deleted_at, ?), deletion_reason = CASE WHEN deletion_reason LIKE"
            " 'merged_into:%' THEN deletion_reason ELSE 'erased' END, updated_at = ? WHERE tenant_id = ? AND id = ?",
            [(self.at, self.at, self.tenant, one) for one in self.ids],
        )
        self._forget_history("person", self.ids)

    def _row(self, kind: str, row_id: str) -> None:
        entity = ENTITIES[kind]
        if kind in _DERIVED or _is_link(kind):
            self.connection.execute(f'DELETE FROM "{kind}" WHERE tenant_id = ? AND id = ?', (self.tenant, row_id))
        else:
            self._clear(kind, [row_id], [n for n, f in entity.fields().items() if f.pii is not Pii.NONE])
        self._forget_history(kind, [row_id])

    def _clear(self, kind: str, ids: Sequence[str], names: Sequence[str]) -> None:
        known = ENTITIES[kind].fields()
        sets = ["custom = NULL", *(f'"{n}" = NULL' for n in names if known[n].nullable)]
        if kind == "person":
            sets.append("provenance = '{}'")
        self._each(
            f'UPDATE "{kind}" SET {", ".join(sets)} WHERE tenant_id = ? AND id = ?',
            [(self.tenant, one) for one in ids],
        )

    def _forget_history(self, kind: str, ids: Sequence[str]) -> None:
        for table in ("conflict", "intent", "pending"):
            self._each(
                f"DELETE FROM {table} WHERE tenant_id = ? AND entity = ? AND entity_id = ?",
                [(self.tenant, kind, one) for one in ids],
            )

    def _quarantined(self, values: Iterable[str]) -> None:
        self._each(
            "DELETE FROM quarantine WHERE tenant_id = ? AND lower(body) LIKE lower(?) ESCAPE '!'",
            [(self.tenant, _anywhere(value)) for value in values],
        )

    def _mentions(self, values: Iterable[str]) -> None:
        """Records of others that still have an address or number of the person in their text: for people to look at."""
        for value in values:
            for row in self.connection.execute(
                "SELECT source_id, remote_id FROM record WHERE tenant_id = ? AND lower(body) LIKE lower(?) ESCAPE '!'",
                (self.tenant, _anywhere(value)),
            ):
                source = self.sources.get(row["source_id"])
                place = f"{source.connection_id}/{source.stream.name}/{row['remote_id']}" if source else "?"
                if place not in self.out.mentions:
                    self.out.mentions.append(place)

    def _all(self, sql: str, ids: Iterable[str]) -> list[Any]:
        found = list(ids)
        return self.connection.execute(sql.format(",".join("?" * len(found))), (self.tenant, *found)).fetchall()

    def _each(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self.connection.executemany(sql, rows)


def lent(connection: Sql, tenant: str, ids: Sequence[str], sources: Iterable[Source]) -> list[tuple[int, str]]:
    """Records that were made of the person's values at tools that keep no people: members of an ad audience, say."""
    marks = ",".join("?" * len(ids))
    found: dict[tuple[int, str], None] = {}
    for source in sources:
        specs = ENTITIES[source.entity].fields()
        for name, mapped in source.stream.record.mapped().items():
            if mapped.of and specs[name].ref == "person":
                rows = connection.execute(
                    f'SELECT r.remote_id FROM record r JOIN "{source.entity}" e ON e.tenant_id = r.tenant_id'
                    f' AND e.id = r.entity_id WHERE r.tenant_id = ? AND r.source_id = ? AND e."{name}" IN ({marks})',
                    (tenant, source.id, *ids),
                )
                found.update(dict.fromkeys((source.id, row[0]) for row in rows))
    return list(found)


def family(connection: Sql, tenant: str, person_id: str) -> list[str]:
    """A person's id and all that were merged into it."""
    found = connection.execute(
        "WITH RECURSIVE way(id) AS (SELECT from_id FROM redirect"
        " WHERE tenant_id = ? AND entity = 'person' AND to_id = ?"
        " UNION SELECT r.from_id FROM redirect r JOIN way ON r.to_id = way.id"
        " WHERE r.tenant_id = ? AND r.entity = 'person') SELECT id FROM way",
        (tenant, person_id, tenant),
    )
    return [person_id, *(row[0] for row in found if row[0] != person_id)]


def _anywhere(text: str) -> str:
    """A pattern of LIKE, with `!` to escape, for what has this text in it."""
    return f"%{text.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"


def _is_link(kind: str) -> bool:
    entity = ENTITIES[kind]
    return entity.nature is Nature.ENTITY and bool(entity.natural_key) and kind not in _DERIVED


def _impersonal(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    specs = ENTITIES[kind].fields()
    personal = {n for n, f in specs.items() if f.pii is not Pii.NONE}
    return {n: v for n, v in fields.items() if n not in personal and not n.startswith(PREFIX)}
