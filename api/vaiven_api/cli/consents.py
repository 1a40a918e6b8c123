"""`vaiven people consent`: what somebody decided about an address, as the tenant's own form or letter proves it."""

from __future__ import annotations

import dataclasses

import click

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import print_json, table
from vaiven_api.cli.running import engine_of


@click.command()
@click.argument("address", metavar="EMAIL|PHONE")
@click.option("--channel", type=click.Choice(["email", "sms"]), default="email", show_default=True, help="Reached how.")
@click.option("--granted", "status", flag_value="granted", help="They agreed.")
@click.option("--denied", "status", flag_value="denied", help="They refused, or withdrew.")
@click.option("--at", metavar="TIME", help="When they did, with the zone: 2026-05-01T10:00:00+02:00. Now, if left out.")
@click.option("--ref", metavar="TEXT", help="What proves it: the id of a form sent, a call, a letter.")
@click.option("--via", metavar="TEXT", help="Where they did it, as in form:spring-sale.")
@click.option("--text", metavar="TEXT", help="The sentence that they agreed to.")
@common(log=True)
def consent(
    options: Options,
    *,
    address: str,
    channel: str,
    status: str | None,
    at: str | None,
    ref: str | None,
    via: str | None,
    text: str | None,
) -> None:
    """Log what a person decided about an address; the next sync brings it to the tools.

    A refusal counts at once. A permission ends an earlier refusal only with --ref, and only if it is later.

    \b
    Examples:
      vaiven people consent ana@example.com --denied
      vaiven people consent ana@example.com --granted --ref form-4711 --via form:spring-sale
    """  # noqa: D301
    from vaiven_sync_engine.consent.acts import Act, record_act  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415

    if status is None:
        raise click.UsageError("Say what they decided: --granted or --denied.")
    act = Act(address, channel, status, at or now(), ref, via, text)  # type: ignore[arg-type]
    with engine_of(options) as engine:
        told = engine.database.run_now(record_act, TENANT, act, now())
    if options.json:
        print_json({"people": [dataclasses.asdict(one) for one in told]})
        return
    if not told:
        click.echo("Logged. Nobody in the store has this address.")
        return
    table(("person", "before", "after", "rule"), [[t.person, t.before or "", t.after or "", t.rule] for t in told])
    if status == "granted" and any(t.after == "denied" for t in told):
        click.echo("\nThe refusal stands: a permission ends it with --ref, and only if it is later than the refusal.")
