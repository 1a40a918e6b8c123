"""`vaiven quarantine`: the records that could not be taken."""

from __future__ import annotations

import click
import msgspec

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import moment, print_json, short, table
from vaiven_api.cli.running import reader_of


@click.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Most records to list.")
@common()
def quarantine(options: Options, *, limit: int) -> None:
    """List the records that could not be taken, with the reason; everything else went on.

    A record leaves when it arrives whole: correct it in its tool, and the next sync takes it. With --json the record
    itself is there too.

    \b
    Example:
      vaiven quarantine --json
    """  # noqa: D301
    with reader_of(options) as connection:
        rows = connection.execute(
            "SELECT q.id, s.connection_id AS connection, s.stream, q.remote_id, q.code, q.reason, q.body AS record,"
            " q.first_at, q.last_at, q.run_id FROM quarantine q LEFT JOIN source s ON s.id = q.source_id"
            " WHERE q.tenant_id = ? ORDER BY q.last_at DESC, q.id LIMIT ?",
            (TENANT, limit),
        )
        found = [dict(row) for row in rows]
    if options.json:
        print_json({"quarantine": [{**one, "record": _decoded(one["record"])} for one in found]})
    elif not found:
        click.echo("Nothing is in quarantine.")
    else:
        table(
            ("since", "stream", "record", "code", "reason", "begins with"),
            [
                [
                    moment(one["first_at"]),
                    f"{one['connection']}/{one['stream']}",
                    one["remote_id"],
                    one["code"],
                    one["reason"],
                    short(one["record"], 60),
                ]
                for one in found
            ],
        )


def _decoded(body: str) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
