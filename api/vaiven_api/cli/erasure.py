"""`vaiven people erase`: carry out a person's request to be forgotten, and let somebody in again who came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import print_json, table
from vaiven_api.cli.running import engine_of, reader_of, run

if TYPE_CHECKING:
    from vaiven_sync_engine.store.sql import Sql


@click.command()
@click.argument("who", metavar="ID|EMAIL")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common(log=True)
def erase(options: Options, *, who: str, dry_run: bool, yes: bool) -> None:
    """Erase a person at every tool that can, then from this store; it cannot be undone.

    Tools that have no way to erase are listed, for you to act on by hand.

    \b
    Example:
      vaiven people erase ana@example.com --dry-run
    """  # noqa: D301
    from vaiven_sync_engine.erasure import erase as carry_out  # noqa: PLC0415

    with reader_of(options) as connection:
        ids = find(connection, who)
    if len(ids) != 1:
        what = (
            f"{len(ids)} people have it: name one by its id, {', '.join(ids)}" if ids else f"there is no person {who!r}"
        )
        raise click.BadParameter(what, param_hint="ID|EMAIL")
    with engine_of(options) as engine:
        planned = run(lambda: carry_out(engine, ids[0], dry_run=True))
        if not dry_run:
            if not yes:
                if options.json:
                    raise click.UsageError("With --json nobody can be asked: add --yes if you mean it.")
                _show(planned)
                click.confirm("Erase this person for good?", abort=True)
            planned = run(lambda: carry_out(engine, ids[0]))
    if options.json:
        print_json(planned.as_dict())
    else:
        _show(planned)


@click.command()
@click.argument("value", metavar="EMAIL|PHONE|NUMBER")
@common()
def readmit(options: Options, *, value: str) -> None:
    """Let a person who was erased in again, who came back by their own wish.

    Records that were erased stay out; new ones with this address or number are taken from the next full read on.

    \b
    Example:
      vaiven people readmit ana@example.com
    """  # noqa: D301
    from vaiven_sdk.model import Person  # noqa: PLC0415
    from vaiven_sdk.model.clean import CLEANERS  # noqa: PLC0415
    from vaiven_sync_engine.store.tombstones import readmit as let_in  # noqa: PLC0415

    keys = []
    for spec in Person.fields().values():
        cleaned = CLEANERS[spec.clean](value) if spec.key and spec.clean else None
        if spec.key and cleaned:
            keys.append((spec.key.namespace, cleaned))
    with engine_of(options) as engine:
        let = engine.database.run_now(let_in, TENANT, "person", keys)
    if options.json:
        print_json({"readmitted": let})
    else:
        click.echo("Let in again from the next `vaiven sync --full` on." if let else "Nobody was erased by that name.")


def find(connection: Sql, who: str) -> list[str]:
    """Ids of the people that an id or an address means: their own address, or one of their records'."""
    redirect = connection.execute(
        "WITH RECURSIVE way(id) AS (SELECT to_id FROM redirect"
        " WHERE tenant_id = ? AND entity = 'person' AND from_id = ?"
        " UNION SELECT r.to_id FROM redirect r JOIN way ON r.from_id = way.id"
        " WHERE r.tenant_id = ? AND r.entity = 'person')"
        " SELECT p.id FROM person p WHERE p.tenant_id = ? AND (p.id = ? OR p.id IN (SELECT id FROM way))"
        " AND NOT EXISTS (SELECT 1 FROM redirect r WHERE r.tenant_id = p.tenant_id AND r.entity = 'person'"
        " AND r.from_id = p.id)",
        (TENANT, who, TENANT, TENANT, who),
    ).fetchall()
    if redirect:
        return [redirect[0][0]]
    address = who.strip().lower()
    rows = connection.execute(
        "SELECT id FROM person WHERE tenant_id = ? AND email = ? AND coalesce(deletion_reason, '') NOT LIKE 'merged%'"
        " UNION SELECT r.entity_id FROM record_key k JOIN record r ON r.tenant_id = k.tenant_id"
        " AND r.source_id = k.source_id AND r.remote_id = k.remote_id"
        " WHERE k.tenant_id = ? AND k.entity = 'person' AND k.namespace = 'email' AND k.value = ? AND k.current = 1"
        " AND r.entity_id IS NOT NULL ORDER BY 1",
        (TENANT, address, TENANT, address),
    )
    return [row[0] for row in rows]


def _show(erased: Any) -> None:
    told = {"to_erase": "to be erased", "by_hand": "BY HAND", "erased": "erased", "refused": "REFUSED", "open": "OPEN"}
    click.echo(f"Person {erased.person}\n")
    rows = [[f"{r.connection}/{r.stream}", r.remote_id, told[r.state], r.note] for r in erased.records]
    table(("record", "id", "", "note"), rows)
    if erased.done:
        copies = erased.redacted
        click.echo(
            f"\nFrom this store: {copies.records:,} records gone, {copies.stripped:,} stripped of what is personal."
        )
        if copies.mentions:
            click.echo("These records of others still mention an address or number of theirs:")
            for place in copies.mentions:
                click.echo(f"  {place}")
