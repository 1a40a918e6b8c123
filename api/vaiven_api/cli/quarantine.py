"""`vaiven quarantine`: the records that could not be taken."""

from __future__ import annotations

import dataclasses

import click
import msgspec

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import many, moment, print_json, short, table
from vaiven_api.cli.running import engine_of, reader_of


class _Quarantine(click.Group):
    """A group whose plain form, `vaiven quarantine`, lists it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What names no sub-command is for `list`."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Quarantine)
def quarantine() -> None:
    """List the records that could not be taken, and try again what was set aside or refused.

    \b
    Examples:
      vaiven quarantine
      vaiven quarantine retry
    """  # noqa: D301


@quarantine.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Most records to list.")
@common()
def listed(options: Options, *, limit: int) -> None:
    """List the records that could not be taken, with the reason; everything else went on.

    A record leaves when it arrives whole: correct it in its tool, and the next sync takes it. With --json the record
    itself is there too.

    \b
    Example:
      vaiven quarantine list --json
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


@quarantine.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@common(log=True)
def retry(options: Options, *, names: tuple[str, ...]) -> None:
    """Read what is in quarantine again, and let writes that tools refused be planned again; all accounts, or these.

    Do it after a connector, a mapping or a tool was put right. Nothing is sent: the next sync plans from what the
    values are then.

    \b
    Examples:
      vaiven quarantine retry
      vaiven quarantine retry crm
    """  # noqa: D301
    from vaiven_sync_engine.replay import replay, retry_writes  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415

    with engine_of(options) as engine:
        sources = engine.database.run_now(engine.streams, names)
        done = engine.database.run_now(replay, TENANT, sources, now())
        done.writes = engine.database.run_now(retry_writes, TENANT, list(sources), now())
    if options.json:
        print_json(dataclasses.asdict(done))
        return
    click.echo(f"{many(done.taken, 'record')} taken, {many(done.writes, 'refused write')} to be planned again.")
    for place, reason in done.refused.items():
        click.echo(f"  {place}: {reason}")
    if done.cut:
        click.echo(f"{many(len(done.cut), 'record')} too large to have been kept whole: a full sync brings them again.")


def _decoded(body: str) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
