"""`vaiven runs`: what was done, when, and what stopped it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import cell, moment, plain, print_json, table
from vaiven_api.cli.running import reader_of

if TYPE_CHECKING:
    from vaiven_sync_engine.store.sql import Sql


@click.command()
@click.argument("run", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Most runs to list.")
@common()
def runs(options: Options, *, run: str | None, limit: int) -> None:
    """List the runs, the newest first, or show one: its streams, its writes, its errors.

    A run that shows as running although no process works on the store was killed; the next one goes on from there.

    \b
    Examples:
      vaiven runs
      vaiven runs 01KB2ZK3V9P3T0M8JQ7C6H5R4D --json
    """  # noqa: D301
    with reader_of(options) as connection:
        found = _runs(connection, run, limit)
        if run and found:
            found[0]["write_outcomes"] = _outcomes(connection, run)
    if run and not found:
        raise click.BadParameter(f"there is no run {run!r}", param_hint="RUN")
    if options.json:
        print_json(found[0] if run else {"runs": found})
    elif run:
        _show(found[0])
    else:
        rows = [
            [
                one["id"],
                one["kind"],
                one["status"],
                moment(one["started_at"]),
                one["counts"].get("seconds"),
                one["counts"].get("pulled"),
                one["counts"].get("writes"),
                one["error"]["code"] if one["error"] else " ",
            ]
            for one in found
        ]
        table(("run", "kind", "status", "started", "seconds", "read", "written", "error"), rows)


def _runs(connection: Sql, run: str | None, limit: int) -> list[dict[str, Any]]:
    one, which = (" AND id = ?", (run,)) if run is not None else ("", ())
    rows = connection.execute(
        "SELECT id, kind, status, started_at, finished_at, counts, error, digest FROM run"  # noqa: S608 - bound values
        f" WHERE tenant_id = ?{one} ORDER BY started_at DESC, id DESC LIMIT ?",
        (TENANT, *which, limit),
    )
    return [
        {
            **dict(row),
            "counts": msgspec.json.decode(row["counts"] or "{}"),
            "error": msgspec.json.decode(row["error"]) if row["error"] else None,
        }
        for row in rows
    ]


def _outcomes(connection: Sql, run: str) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT s.connection_id, s.stream, i.op, i.state, i.code, count(*) AS writes, min(i.reason) AS example"
        " FROM intent i JOIN source s ON s.id = i.source_id WHERE i.tenant_id = ? AND i.run_id = ?"
        " GROUP BY s.connection_id, s.stream, i.op, i.state, i.code ORDER BY 1, 2, 3, 4, 5",
        (TENANT, run),
    )
    return [dict(row) for row in rows]


def _show(one: dict[str, Any]) -> None:
    ended = moment(one["finished_at"])
    click.echo(f"Run {one['id']}: {one['kind']}, {one['status']}, {moment(one['started_at'])} to {ended}")
    if one["digest"]:
        click.echo(f"Digest of its plan: {one['digest']}")
    rows = []
    for line in one["counts"].get("streams", ()):
        pulled, pushed = line["pulled"] or {}, line["pushed"] or {}
        rows.append(
            [
                f"{line['connection']}/{line['stream']}",
                pulled.get("records"),
                pulled.get("changed"),
                *(pushed.get(name) or None for name in ("created", "updated", "deleted", "rejected")),
                pulled.get("bad") or None,
            ]
        )
    if rows:
        click.echo("")
        table(("stream", "read", "changed", "created", "updated", "deleted", "rejected", "quarantined"), rows)
    if one["write_outcomes"]:
        click.echo("")
        table(
            ("written to", "op", "state", "code", "writes", "for example"),
            [
                [f"{o['connection_id']}/{o['stream']}", o["op"], o["state"], o["code"], o["writes"], o["example"]]
                for o in one["write_outcomes"]
            ],
        )
    for where, error in one["counts"].get("errors", {}).items():
        click.echo(f"\n{where}: {plain(error['what'])}\n  why: {cell(error['why'])}\n  do:  {plain(error['remedy'])}")
