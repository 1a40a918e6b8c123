"""`vaiven conflicts`: the values that lost, beside the ones that were kept."""

from __future__ import annotations

import dataclasses

import click

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import moment, print_json, short, table
from vaiven_api.cli.running import engine_of, reader_of


class _Conflicts(click.Group):
    """A group whose plain form, `vaiven conflicts`, lists them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What names no sub-command is for `list`."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Conflicts)
def conflicts() -> None:
    """List the values that lost, and decide between two.

    \b
    Examples:
      vaiven conflicts --open
      vaiven conflicts decide 01JE6Y8WZ4 --keep lost
    """  # noqa: D301


@conflicts.command("list")
@click.option("--entity", metavar="KIND|ID", help="Only of this kind (`person`) or of the entity with this id.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Most conflicts to list.")
@click.option("--open", "waiting", is_flag=True, help="Only those that wait for somebody to decide.")
@common()
def listed(options: Options, *, entity: str | None, limit: int, waiting: bool) -> None:
    """List the values that lost when two tools said different things, with the rule; the newest first.

    No value is thrown away: what lost stays here.

    \b
    Examples:
      vaiven conflicts list
      vaiven conflicts list --entity person --limit 5 --json
    """  # noqa: D301
    from vaiven_api.cli.plans import conflicts_of, titles_of  # noqa: PLC0415 - the model

    with reader_of(options) as connection:
        found = conflicts_of(connection, entity=entity, limit=limit, waiting=waiting)
        titles = titles_of(connection, ((c["entity"], c["entity_id"]) for c in found))
    if options.json:
        print_json({"conflicts": [{**c, "title": titles.get(c["entity_id"])} for c in found]})
    elif not found:
        click.echo("No conflicts.")
    else:
        headers = ("id", "at", "who", "field", "kept", "from", "lost", "from", "rule", "state")
        rows = [
            [
                c["id"],
                moment(c["at"]),
                titles.get(c["entity_id"]) or c["entity_id"],
                c["field"],
                short(c["kept"], 40),
                c["kept_from"],
                short(c["lost"], 40),
                c["lost_from"],
                c["rule"],
                c["state"],
            ]
            for c in found
        ]
        table(headers, rows)


@conflicts.command()
@click.argument("conflict", metavar="ID")
@click.option("--keep", type=click.Choice(["kept", "lost"]), required=True, help="Which of the two it is to be.")
@common(log=True)
def decide(options: Options, *, conflict: str, keep: str) -> None:
    """Make one of a conflict's two values the one that counts; the next sync brings it to every tool.

    It settles a conflict that waits, and brings back a value that a rule had overwritten.

    \b
    Example:
      vaiven conflicts decide 01JE6Y8WZ4 --keep lost
    """  # noqa: D301
    from vaiven_sync_engine.decisions import decide as settle  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415

    with engine_of(options) as engine:
        done = engine.database.run_now(settle, TENANT, conflict, keep, now())  # type: ignore[arg-type]
    if options.json:
        print_json(dataclasses.asdict(done))
    else:
        click.echo(f"{done.field} of {done.entity} {done.entity_id} is {short(done.value)} from the next sync on.")
