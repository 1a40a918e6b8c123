"""`vaiven conflicts`: the values that lost, beside the ones that were kept."""

from __future__ import annotations

import click

from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import moment, print_json, short, table
from vaiven_api.cli.running import reader_of


@click.command()
@click.option("--entity", metavar="KIND|ID", help="Only of this kind (`person`) or of the entity with this id.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Most conflicts to list.")
@common()
def conflicts(options: Options, *, entity: str | None, limit: int) -> None:
    """List the values that lost when two tools said different things, with the rule; the newest first.

    No value is thrown away: what lost stays here.

    \b
    Examples:
      vaiven conflicts
      vaiven conflicts --entity person --limit 5 --json
    """  # noqa: D301
    from vaiven_api.cli.plans import conflicts_of, titles_of  # noqa: PLC0415 - the model

    with reader_of(options) as connection:
        found = conflicts_of(connection, entity=entity, limit=limit)
        titles = titles_of(connection, ((c["entity"], c["entity_id"]) for c in found))
    if options.json:
        print_json({"conflicts": [{**c, "title": titles.get(c["entity_id"])} for c in found]})
    elif not found:
        click.echo("No conflicts.")
    else:
        headers = ("at", "who", "field", "kept", "from", "lost", "from", "rule")
        rows = [
            [
                moment(c["at"]),
                titles.get(c["entity_id"]) or c["entity_id"],
                c["field"],
                short(c["kept"], 40),
                c["kept_from"],
                short(c["lost"], 40),
                c["lost_from"],
                c["rule"],
            ]
            for c in found
        ]
        table(headers, rows)
