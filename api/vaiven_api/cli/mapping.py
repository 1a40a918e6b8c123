"""`vaiven mapping`: what a customer decides about an account's fields, in versions; and the rules for conflicts."""

from __future__ import annotations

import dataclasses
import getpass
from typing import TYPE_CHECKING, Any

import click
import msgspec

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import cell, moment, print_json, short, table
from vaiven_api.cli.running import engine_of, reader_of
from vaiven_api.cli.taps import registry_of

if TYPE_CHECKING:
    from collections.abc import Mapping as AnyMapping

    from vaiven_sdk import Stream
    from vaiven_sync_engine.store.sql import Sql

RULES = "rules"
"""In the place of an account: the tenant's rules for conflicts."""


@click.group()
def mapping() -> None:
    """Say which fields of an account go which way, whose word counts, and how conflicts are settled.

    NAME is an account, or `rules`. The page on mappings (docs/concepts/mappings.md) has every word.

    \b
    Examples:
      vaiven mapping show crm
      vaiven mapping preview crm mapping.json
      vaiven mapping set crm mapping.json --note "city is the shop's"
      vaiven mapping revert crm 2
    """  # noqa: D301


@mapping.command()
@click.argument("name", metavar="NAME")
@common()
def show(options: Options, *, name: str) -> None:
    """Print the mapping of an account: with --json the document alone, as `set` takes it.

    \b
    Example:
      vaiven mapping show crm
    """  # noqa: D301
    from vaiven_sync_engine.mapping.versions import newest  # noqa: PLC0415

    with reader_of(options) as connection:
        streams = _streams(options, connection, name)
        last = newest(connection, TENANT, _place(name))
        if options.json:
            print_json(msgspec.json.decode(last.body))
            return
        click.echo(f"{name}, version {last.number}{f': {last.note}' if last.note else ''}\n")
        if name == RULES:
            document = msgspec.json.decode(last.body).get("kinds", {})
            rows = [[k, f, p.get("name") or p["rule"]] for k, some in document.items() for f, p in some.items()]
            table(("kind", "field", "rule"), rows)
        else:
            _show_fields(last.body, streams)


@mapping.command()
@click.argument("name", metavar="NAME")
@click.argument("file", type=click.File("rb"))
@click.option("--records", default=1000, show_default=True, type=click.IntRange(min=1), help="Most records to try.")
@common()
def preview(options: Options, *, name: str, file: Any, records: int) -> None:
    """Try a mapping on the records that are stored; nothing is changed.

    \b
    Example:
      vaiven mapping preview crm mapping.json
    """  # noqa: D301
    from vaiven_sync_engine.mapping.document import read_mapping  # noqa: PLC0415
    from vaiven_sync_engine.mapping.preview import preview as tried  # noqa: PLC0415

    if name == RULES:
        raise click.UsageError("Rules are about conflicts to come: there is nothing to try them on.")
    document = read_mapping(file.read())
    with reader_of(options) as connection:
        streams = _streams(options, connection, name)
        found = tried(connection, TENANT, name, document, streams, look_at=records)
    if options.json:
        print_json(msgspec.to_builtins(dataclasses.asdict(found)))
        return
    _refuse(found.problems)
    for stream, looked_at in found.records.items():
        click.echo(f"{stream}: {found.changed[stream]:,} of {looked_at:,} records would read otherwise")
    rows = [
        [s.stream, s.remote_id, field, short(old, 40), short(new, 40)]
        for s in found.samples
        for field, (old, new) in (s.changes or {_part(s): ("", s.refused)}).items()
    ]
    if rows:
        click.echo("")
        table(("stream", "record", "field", "now", "then"), rows)


@mapping.command("set")
@click.argument("name", metavar="NAME")
@click.argument("file", type=click.File("rb"))
@click.option("--note", default="", metavar="TEXT", help="Why; kept with the version.")
@click.option("--based-on", type=int, metavar="N", help="Refuse if the newest version is not this one any more.")
@common(log=True)
def put(options: Options, *, name: str, file: Any, note: str, based_on: int | None) -> None:
    """Make a document the newest version; the next sync reads what is stored anew with it.

    \b
    Example:
      vaiven mapping set crm mapping.json --note "city is the shop's"
    """  # noqa: D301
    from vaiven_sync_engine.mapping.compile import problems  # noqa: PLC0415
    from vaiven_sync_engine.mapping.document import Mapping, Policies, read_mapping, read_policies  # noqa: PLC0415
    from vaiven_sync_engine.mapping.policies import check_policies  # noqa: PLC0415
    from vaiven_sync_engine.mapping.versions import keep  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415

    text = file.read()
    document: Mapping | Policies
    if name == RULES:
        document = read_policies(text)
    else:
        document = read_mapping(text)
        with reader_of(options) as connection:
            _refuse(problems(document, _streams(options, connection, name)))
    with engine_of(options) as engine:
        if isinstance(document, Policies):
            check_policies(document, engine.choosers)
        where = (TENANT, _place(name), document, now())
        version = engine.database.run_now(keep, *where, note=note, author=getpass.getuser(), based_on=based_on)
    _tell(options, name, version)


@mapping.command()
@click.argument("name", metavar="NAME")
@common()
def history(options: Options, *, name: str) -> None:
    """List the versions, newest first.

    \b
    Example:
      vaiven mapping history crm
    """  # noqa: D301
    from vaiven_sync_engine.mapping.versions import history as versions  # noqa: PLC0415

    with reader_of(options) as connection:
        _streams(options, connection, name)
        found = versions(connection, TENANT, _place(name))
    if options.json:
        print_json({"versions": [{**dataclasses.asdict(v), "body": msgspec.json.decode(v.body)} for v in found]})
    else:
        table(("version", "at", "by", "note"), [[v.number, moment(v.at), v.author, v.note] for v in found])


@mapping.command()
@click.argument("name", metavar="NAME")
@click.argument("version", type=click.IntRange(min=0))
@common(log=True)
def revert(options: Options, *, name: str, version: int) -> None:
    """Make an earlier version the newest again; 0 is the connector's own mapping.

    \b
    Example:
      vaiven mapping revert crm 2
    """  # noqa: D301
    from vaiven_sync_engine.mapping.versions import revert as back  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415

    with reader_of(options) as connection:
        _streams(options, connection, name)
    with engine_of(options) as engine:
        made = engine.database.run_now(back, TENANT, _place(name), version, now(), author=getpass.getuser())
    _tell(options, name, made)


def _place(name: str) -> str:
    return "" if name == RULES else name


def _streams(options: Options, connection: Sql, name: str) -> dict[str, Stream[Any, Any]]:
    """The streams of an account, its custom fields included; none for the rules. An unknown name is an error."""
    from vaiven_sync_engine.connections import load_all, pick  # noqa: PLC0415
    from vaiven_sync_engine.mapping.preview import streams_of  # noqa: PLC0415

    if name == RULES:
        return {}
    (one,) = pick(load_all(connection, TENANT), [name])
    streams = registry_of(options).load(one.connector).streams
    return {**streams, **{n: s.stream for n, s in streams_of(connection, TENANT, name, streams).items()}}


def _show_fields(body: str, streams: AnyMapping[str, Stream[Any, Any]]) -> None:
    from vaiven_sync_engine.mapping.document import FieldRule, StreamRule, read_mapping  # noqa: PLC0415

    document = read_mapping(body)
    rows = []
    for name, stream in sorted(streams.items()):
        rule = document.streams.get(name, StreamRule())
        for field, mapped in sorted(stream.record.mapped().items()):
            one = rule.fields.get(field, FieldRule())
            direction = one.direction if one.direction != "both" else rule.direction
            if direction == "both" and (mapped.write is None or not stream.writers):
                direction = "in"
            steps = ", ".join(str(msgspec.to_builtins(step)["op"]) for step in one.read)
            marks = "owner" if one.owner else ""
            rows.append([name, field, direction, one.to or "", steps, marks])
    table(("stream", "field", "direction", "becomes", "steps", "word"), rows)


def _part(sample: Any) -> str:
    if sample.refused:
        return "cannot be taken"
    return "takes part" if sample.takes_part[1] else "takes no part"


def _refuse(found: list[str]) -> None:
    from vaiven_sync_engine.errors import InputInvalid  # noqa: PLC0415

    if found:
        raise InputInvalid("This mapping cannot be.", why="; ".join(found), remedy="Correct it; nothing was changed.")


def _tell(options: Options, name: str, version: Any) -> None:
    if options.json:
        print_json({"name": name, "version": version.number})
    else:
        click.echo(f"{cell(name)} has version {version.number}. `vaiven plan{options.again}` shows what it changes.")
