"""`vaiven people resolve`, `review` and `unmerge`: who is who, and what people say to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import print_json, table
from vaiven_api.cli.running import engine_of, reader_of, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.identity.review import Candidate

_KINDS = click.Choice(["person", "company"])


@click.command()
@click.option("--kind", "kinds", type=_KINDS, multiple=True, help="Only this kind.  [default: both]")
@click.option("--all", "everything", is_flag=True, help="Go by the keys of every record again first.")
@common(log=True)
def resolve(options: Options, *, kinds: Sequence[str], everything: bool) -> None:
    """Score records that no key joins: join what is sure, put the rest to people.

    Names, addresses, birth dates and the like are weighed; nothing is written to any tool before the next sync.

    \b
    Examples:
      vaiven people resolve
      vaiven people resolve --kind company --json
    """  # noqa: D301
    from vaiven_sync_engine.identity import acts  # noqa: PLC0415
    from vaiven_sync_engine.identity.profile import PLANS  # noqa: PLC0415

    with engine_of(options) as engine:
        passed = run(lambda: acts.match(engine, kinds or tuple(PLANS), everything=everything))
    if options.json:
        print_json({"passes": [one.as_dict() for one in passed]})
        return
    headers = ("kind", "records", "compared", "joined", "to review", "withdrawn")
    table(headers, [[p.kind, p.records, p.compared, p.joined, p.asked, p.withdrawn] for p in passed])
    if any(one.asked for one in passed):
        click.echo(f"\nLook at the pairs: vaiven people review{options.again}")


@click.command()
@click.argument("pair", metavar="[PAIR]", required=False)
@click.option("--same/--different", default=None, help="Whether the two are one: your word counts from now on.")
@click.option("--kind", type=_KINDS, help="List only this kind.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Most pairs to list.")
@common(log=True)
def review(options: Options, *, pair: str | None, same: bool | None, kind: str | None, limit: int) -> None:
    """List pairs of records that may be one, or decide one of them.

    The likeliest come first, each with what speaks for it and against it.

    \b
    Examples:
      vaiven people review
      vaiven people review 4f0c1d22aa --different
    """  # noqa: D301
    from vaiven_sync_engine.identity import acts  # noqa: PLC0415
    from vaiven_sync_engine.identity.review import waiting  # noqa: PLC0415

    if (pair is None) is not (same is None):
        raise click.UsageError("Name a pair and say --same or --different; without both, the pairs are listed.")
    if pair is not None and same is not None:
        with engine_of(options) as engine:
            decided = run(lambda: acts.decide(engine, pair, same=same))
        if options.json:
            print_json({"pair": pair, "kind": decided, "same": same})
        else:
            click.echo(f"The two are {'one' if same else 'kept apart'} from now on. The next sync tells the tools.")
        return
    with reader_of(options) as connection:
        found, total = waiting(connection, TENANT, kind, limit)
        names = _streams(connection)
    if options.json:
        print_json({"pairs": [_as_dict(one, names) for one in found], "total": total})
    elif not found:
        click.echo("No pairs to look at.")
    else:
        for one in found:
            _show(one, names)
        click.echo(f"{len(found):,} of {total:,} pairs")


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="TOOL/STREAM/ID...")
@click.option("--kind", type=_KINDS, default="person", show_default=True, help="What the records are of.")
@common(log=True)
def merge(options: Options, *, records: Sequence[str], kind: str) -> None:
    """Say that records are of one person, whatever their keys say; `unmerge` takes it back.

    \b
    Example:
      vaiven people merge crm/contacts/1017 shop/customers/cus_9s6
    """  # noqa: D301
    from vaiven_sync_engine.identity import acts  # noqa: PLC0415

    with engine_of(options) as engine:
        entity_id = run(lambda: acts.join(engine, kind, records))
    if options.json:
        print_json({"kind": kind, "id": entity_id})
    else:
        click.echo(f"They are {kind} {entity_id} from now on. The next sync tells the tools.")


@click.command()
@click.argument("entity_id", metavar="ID")
@click.option("--record", "records", multiple=True, metavar="TOOL/STREAM/ID", help="A record that is to leave.")
@click.option("--kind", type=_KINDS, default="person", show_default=True, help="What the id is of.")
@common(log=True)
def unmerge(options: Options, *, entity_id: str, records: Sequence[str], kind: str) -> None:
    """Undo a merge: give the id that was merged away, or name records that are to leave a person.

    The two stay apart from now on, whatever they share. Values that the merge had written over are put back; the next
    sync brings them to the tools.

    \b
    Examples:
      vaiven people unmerge 01KATF2RG5X9T7M3C8ZQ4JV6WB
      vaiven people unmerge 01KATF2RG5X9T7M3C8ZQ4JV6WB --record crm/contacts/1017
    """  # noqa: D301
    from vaiven_sync_engine.identity import acts  # noqa: PLC0415

    with engine_of(options) as engine:
        parted = run(lambda: acts.part(engine, kind, entity_id, records))
    if options.json:
        print_json(parted.as_dict())
        return
    table((kind, "records"), [[key, ", ".join(names)] for key, names in parted.entities.items()])
    click.echo(f"\n{parted.restored:,} values were put back. The next sync tells the tools.")


def _streams(connection: Any) -> dict[int, str]:
    rows = connection.execute("SELECT id, connection_id, stream FROM source WHERE tenant_id = ?", (TENANT,))
    return {row[0]: f"{row[1]}/{row[2]}" for row in rows}


def _as_dict(one: Candidate, names: dict[int, str]) -> dict[str, Any]:
    records = [
        {
            "record": f"{names.get(r['source_id'], '?')}/{r['remote_id']}",
            "entity_id": r["entity_id"],
            "fields": {n: v for n, v in r["fields"].items() if not n.startswith("!")},
        }
        for r in one.records
    ]
    return {"id": one.id, "kind": one.kind, "score": one.score, "why": one.why, "records": records}


def _show(one: Candidate, names: dict[int, str]) -> None:
    pair = _as_dict(one, names)
    first, second = pair["records"]
    click.echo(f"{one.id}  {one.kind}  {one.score:.1%} likely")
    told = {
        "given_name": ("given_name", "full_name"),
        "family_name": ("family_name", "full_name"),
        "house": ("street",),
        "number": ("external_id",),
    }
    rows = []
    for name, weight in sorted(one.why.items(), key=lambda item: -abs(item[1])):
        shown = [
            next((r["fields"][n] for n in told.get(name, (name,)) if r["fields"].get(n)), "") for r in (first, second)
        ]
        rows.append([name, *shown, f"{'for' if weight > 0 else 'against'} {abs(weight):.1f}"])
    table(("", first["record"], second["record"], ""), rows)
    click.echo("")
