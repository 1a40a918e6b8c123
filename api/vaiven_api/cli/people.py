"""`vaiven people`: one person out of many records, and why each value is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from vaiven_api.cli.consents import consent
from vaiven_api.cli.erasure import erase, find, readmit
from vaiven_api.cli.identity import merge, resolve, review, unmerge
from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import cell, moment, print_json, short, table
from vaiven_api.cli.running import reader_of
from vaiven_api.cli.taps import registry_of
from vaiven_sdk import VaivenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.store.sql import Sql

_MANY = 500
"""Ids in one statement; below the limit of old SQLite builds."""


class _People(click.Group):
    """A group whose plain form, `vaiven people [ID|EMAIL]`, shows people."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What names no sub-command is for `show`."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_People)
def people() -> None:
    """Find people, and why a value is what it is; who is who; erase one.

    \b
    Examples:
      vaiven people --limit 5
      vaiven people ana@example.com --why
      vaiven people erase ana@example.com --dry-run
    """  # noqa: D301


people.add_command(consent)
people.add_command(erase)
people.add_command(readmit)
people.add_command(resolve)
people.add_command(review)
people.add_command(merge)
people.add_command(unmerge)


@people.command()
@click.argument("who", metavar="[ID|EMAIL]", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Most people to list.")
@click.option(
    "--why", is_flag=True, help="Add each value's source record and field, its time there, the rule and the run."
)
@common()
def show(options: Options, *, who: str | None, limit: int, why: bool) -> None:
    """List people, or show one: the unified values, the records behind them, the consent log.

    An id that was merged away leads to the person that was kept.

    \b
    Examples:
      vaiven people show --limit 5
      vaiven people show ana@example.com --why
    """  # noqa: D301
    with reader_of(options) as connection:
        if who is None:
            found, total = _some(connection, limit)
        else:
            ids = find(connection, who)
            paths = _Paths(options, connection)
            found, total = [_one(connection, person_id, paths) for person_id in ids[:limit]], len(ids)
    if who and not found:
        raise click.BadParameter(f"there is no person {who!r}", param_hint="ID|EMAIL")
    if options.json:
        print_json({"people": found, "total": total})
    elif who is None:
        rows = [[p["id"], p["name"], p["email"], p["phone"], ", ".join(p["tools"])] for p in found]
        table(("id", "name", "email", "phone", "known in"), rows)
        click.echo(f"\n{len(found):,} of {total:,} people")
    else:
        for person in found:
            _show(person, why=why)


def _some(connection: Sql, limit: int) -> tuple[list[dict[str, Any]], int]:
    rows = connection.execute(
        "SELECT id, email, phone, coalesce(full_name, trim(coalesce(given_name, '') || ' ' ||"
        " coalesce(family_name, ''))) AS name, updated_at FROM person WHERE tenant_id = ? AND deleted_at IS NULL"
        " ORDER BY updated_at DESC, id LIMIT ?",
        (TENANT, limit),
    ).fetchall()
    (total,) = connection.execute(
        "SELECT count(*) FROM person WHERE tenant_id = ? AND deleted_at IS NULL", (TENANT,)
    ).fetchone()
    tools = _tools(connection, [row["id"] for row in rows])
    return [{**dict(row), "tools": tools.get(row["id"], [])} for row in rows], total


def _tools(connection: Sql, ids: Sequence[str]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for start in range(0, len(ids), _MANY):
        some = ids[start : start + _MANY]
        for row in connection.execute(
            "SELECT DISTINCT r.entity_id, s.connection_id FROM record r JOIN source s ON s.id = r.source_id"  # noqa: S608
            f" WHERE r.tenant_id = ? AND r.entity_id IN ({','.join('?' * len(some))}) AND r.deleted_at IS NULL"
            " ORDER BY 1, 2",
            (TENANT, *some),
        ):
            out.setdefault(row[0], []).append(row[1])
    return out


class _Paths:
    """Where, in a record of its tool, a unified value is read."""

    def __init__(self, options: Options, connection: Sql) -> None:
        from vaiven_sync_engine.mapping.preview import streams_of  # noqa: PLC0415

        registry = registry_of(options)
        self._streams: dict[int, Any] = {}
        for row in connection.execute("SELECT id, connector FROM connection WHERE tenant_id = ?", (TENANT,)).fetchall():
            try:
                streams = registry.load(row["connector"]).streams
            except VaivenError:
                continue  # what it was read by is not installed any more
            found = streams_of(connection, TENANT, row["id"], streams)
            self._streams.update({source.id: source.stream for source in found.values()})

    def of(self, source: int, name: str) -> str:
        """The dotted path; the name of the method that works the value out; empty when it cannot be told."""
        stream = self._streams.get(source)
        if stream is None or (mapped := stream.record.mapped().get(name)) is None:
            return ""
        if mapped.source is None:
            return f"{stream.record.__name__} ({name})"
        return ".".join(stream.record.__wires__[mapped.source].path or (mapped.source,))


def _one(connection: Sql, person_id: str, paths: _Paths) -> dict[str, Any]:
    from vaiven_sync_engine.store.entities import load  # noqa: PLC0415 - the model

    person = load(connection, TENANT, "person", [person_id])[person_id]
    streams = {
        row["id"]: f"{row['connection_id']}/{row['stream']}"
        for row in connection.execute("SELECT id, connection_id, stream FROM source WHERE tenant_id = ?", (TENANT,))
    }
    records = [
        {
            "stream": streams.get(row["source_id"], "?"),
            "remote_id": row["remote_id"],
            "version": row["version"],
            "observed_at": row["observed_at"],
            "deleted_at": row["deleted_at"],
            "fields": (fields := msgspec.json.decode(row["fields"] or "{}")),
            "set_aside": fields.pop("!", []),
            "proofs": fields.pop("!proof", {}),
        }
        for row in connection.execute(
            "SELECT source_id, remote_id, version, observed_at, deleted_at, fields FROM record"
            " WHERE tenant_id = ? AND entity_id = ? ORDER BY source_id, remote_id",
            (TENANT, person_id),
        )
    ]
    log = [
        dict(row)
        for row in connection.execute(
            "SELECT channel, purpose, status, address, connection_id, occurred_at, received_at, evidence_ref,"
            " captured_via, text_shown FROM consent_event"
            " WHERE tenant_id = ? AND person_id = ? ORDER BY coalesce(occurred_at, received_at), id",
            (TENANT, person_id),
        )
    ]
    values = {}
    for name, value in person.values.items():
        origin = person.origins.get(name)
        values[name] = {
            "value": value,
            "from": f"{streams.get(origin.source, 'hub')}/{origin.remote_id}".rstrip("/") if origin else "hub",
            "at": origin.at if origin else "",
            "rule": origin.rule if origin else "",
            "revision": origin.rev if origin else 0,
            "field": paths.of(origin.source, name) if origin else "",
            "run": person.run_of(name),
        }
    return {
        "id": person_id,
        "deleted_at": person.deleted_at,
        "deletion_reason": person.deletion_reason,
        "values": values,
        "records": records,
        "identity": _reasons(connection, person_id, streams),
        "consent": log,
    }


def _reasons(connection: Sql, person_id: str, streams: dict[int, str]) -> list[dict[str, Any]]:
    """Why each record is with the person: the one that it hangs on, by which rule, and whom it was of before."""
    from vaiven_sync_engine.identity.evidence import of_entity  # noqa: PLC0415

    return [
        {
            "record": f"{streams.get(row.pop('source_id'), '?')}/{row.pop('remote_id')}",
            "hangs_on": f"{streams.get(row.pop('other_source'), '?')}/{row.pop('other_remote')}",
            **row,
        }
        for row in of_entity(connection, TENANT, person_id)
    ]


def _show(person: dict[str, Any], *, why: bool) -> None:
    gone = f"  deleted {moment(person['deleted_at'])}, {person['deletion_reason']}" if person["deleted_at"] else ""
    click.echo(f"Person {person['id']}{gone}\n")
    if why:
        table(
            ("field", "value", "from", "its field", "changed there", "rule", "run"),
            [
                [name, short(v["value"]), v["from"], v["field"], moment(v["at"]), v["rule"], v["run"] or ""]
                for name, v in sorted(person["values"].items())
            ],
        )
    else:
        width = max((len(name) for name in person["values"]), default=0)
        for name, value in sorted(person["values"].items()):
            click.echo(f"{name:<{width}}  {cell(value['value'])}")
    click.echo("")
    table(
        ("record", "id", "version", "seen", "deleted"),
        [
            [
                r["stream"],
                r["remote_id"],
                moment(r["version"]) if "T" in r["version"] else r["version"],
                moment(r["observed_at"]),
                moment(r["deleted_at"]),
            ]
            for r in person["records"]
        ],
    )
    if why and person["identity"]:
        click.echo("")
        table(
            ("record", "is one with", "by", "score", "came from", "when", "run"),
            [
                [r["record"], r["hangs_on"], r["rule"], f"{r['score']:.3f}" if r["score"] else "", r["lost_id"] or "",
                 moment(r["at"]), r["run_id"]]
                for r in person["identity"]
            ],
        )  # fmt: skip
    if person["consent"]:
        click.echo("")
        table(
            ("consent", "status", "address", "said by", "when", "proof"),
            [
                [
                    f"{c['channel']} {c['purpose']}",
                    c["status"],
                    c["address"],
                    c["connection_id"] or "hub",
                    moment(c["occurred_at"] or c["received_at"]),
                    c["evidence_ref"] or "",
                ]
                for c in person["consent"]
            ],
        )
    click.echo("")
