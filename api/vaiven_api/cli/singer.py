"""`vaiven singer`: a connector as a Singer tap or target, and Singer taps from elsewhere as connections."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import many, print_json, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sync_engine.singer.home import Tap, Taps

_CONFIG = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.group()
def singer() -> None:
    """Run a connector as a Singer tap or target, or add a Singer tap from elsewhere."""


@singer.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("slug", default="")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@common(store=False)
def run(options: Options, slug: str, arguments: Sequence[str]) -> int:  # noqa: ARG001 - what every command takes
    """Run a connector as a Singer tap, or with --target as a target; messages on stdout, all else on stderr.

    Every other option is Singer's own: --config, --catalog, --state, --discover, --test, --about; a target takes
    --input. `vaiven singer run SLUG --help` lists them. A config is one JSON object: the connector's settings, its
    credential, and base_url for a simulator.

    \b
    Examples:
      vaiven singer run hubspot --config hubspot.json --discover > catalog.json
      vaiven singer run hubspot --config hubspot.json --state state.json | target-jsonl
      tap-csv --config csv.json | vaiven singer run hubspot --target --config hubspot.json
    """  # noqa: D301
    if not slug or slug in {"-h", "--help"}:
        click.echo(run.get_help(click.get_current_context()))
        return 0
    from vaiven_registry import Registry  # noqa: PLC0415
    from vaiven_sdk import ConfigInvalid  # noqa: PLC0415

    connector = Registry().load(slug)
    try:
        from vaiven_sdk.singer import tap_class, target_class  # noqa: PLC0415 - a third of a second
    except ModuleNotFoundError as problem:
        raise ConfigInvalid(
            "Singer needs packages that are not installed.",
            why=str(problem.name),
            remedy="Install the extra: pip install 'vaiven-sdk[singer]'.",
        ) from None
    make: Any = target_class if "--target" in arguments else tap_class
    kind: Any = make(connector)
    given = [one for one in arguments if one != "--target"]
    command = kind.cli
    try:
        code = command.main(given, prog_name=f"vaiven singer run {slug}", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads our messages is gone: what it has not confirmed by its STATE is read again.
        sys.stderr.write("The program that reads the messages has ended.\n")
        sys.stdout = None
        return 1
    return code if isinstance(code, int) else 0


@singer.command()
@click.argument("package")
@click.option("--pip-spec", "specs", multiple=True, metavar="SPEC", help="Install this instead; may be repeated.")
@click.option("--config", type=_CONFIG, help="The tap's config file (- for standard input); makes a connection.")
@click.option("--name", default="", help="What to call it here.  [default: the package's name with _ for -]")
@click.option("--python", metavar="PY", help="The Python for it, as in python3.12 or a path.")
@common(log=True)
def add(
    options: Options, *, package: str, specs: Sequence[str], config: str | None, name: str, python: str | None
) -> None:
    """Install a Singer tap in a virtualenv of its own, look at its streams and suggest what they become.

    With --config the tap becomes a connection at once: its config is sealed like any credential. The mapping is a file
    that you can edit; a stream that it does not name is not read.

    \b
    Examples:
      vaiven singer add tap-dbf --config dbf.json --name people
      vaiven singer add tap-csv --pip-spec git+https://github.com/MeltanoLabs/tap-csv.git
    """  # noqa: D301
    taps = _taps(options)
    given = _config(config)
    click.echo(f"Installing {' '.join(specs) or package} ...", err=True)
    tap = taps.add(package, specs=specs, name=name, python=python)
    _tell_versions(tap)
    if given is None:
        _offer(options, tap)
        return
    try:
        _discover(tap, given)
        _connect(options, tap, given)
    except BaseException:
        click.echo(
            f"The tap stays installed as {tap.facts.name}: `vaiven singer discover {tap.facts.name} --config FILE`"
            f" tries again, `vaiven singer remove {tap.facts.name}` takes it away.",
            err=True,
        )
        raise
    _report(options, tap)


@singer.command("list")
@common()
def list_(options: Options) -> None:
    """List the added taps with what they read.

    \b
    Example:
      vaiven singer list
    """  # noqa: D301
    rows: list[dict[str, Any]] = []
    for name, tap in _taps(options).all().items():
        read, problem = _mapped(tap)
        rows.append(
            {
                "name": name,
                "package": tap.facts.package,
                "version": tap.facts.version,
                "level": "Singer (unrated)",
                "streams": len(tap.entries),
                "read": read,
                "problem": problem,
            }
        )
    if options.json:
        print_json({"taps": rows})
        return
    table(
        ("tap", "package", "version", "level", "streams", "read"),
        [
            [r["name"], r["package"], r["version"], r["level"], r["streams"], r["problem"] or ", ".join(r["read"])]
            for r in rows
        ],
    )


@singer.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Also when connections use it.")
@common()
def remove(options: Options, name: str, *, force: bool) -> None:
    """Delete an added tap with its virtualenv and its mapping; what was synced stays.

    \b
    Example:
      vaiven singer remove crowd
    """  # noqa: D301
    from vaiven_sdk.errors import CustomerError  # noqa: PLC0415

    used = [one.id for one in _connections(options) if one.connector == name]
    taps = _taps(options)
    taps.get(name)
    if used and not force:
        raise CustomerError(
            f"The tap {name!r} is used by {', '.join(used)}.", remedy="Add --force if they shall no longer be read."
        )
    taps.remove(name)
    if options.json:
        print_json({"removed": name, "connections": used})
    else:
        click.echo(f"Removed {name}.")


@singer.command()
@click.argument("name")
@click.option("--config", type=_CONFIG, help="The tap's config file; else that of its connection.")
@click.option("--refresh", is_flag=True, help="Ask the tap again instead of showing what it said last.")
@common()
def discover(options: Options, name: str, config: str | None, *, refresh: bool) -> None:
    """Show the streams of an added tap; ask it, if it was not asked before.

    \b
    Example:
      vaiven singer discover crowd --refresh
    """  # noqa: D301
    tap = _taps(options).get(name)
    given = _config(config)
    if tap.catalog is None or refresh or given is not None:
        _discover(tap, _stored(options, name) if given is None else given)
    if given is not None and not any(one.connector == name for one in _connections(options)):
        _connect(options, tap, given)
    _report(options, tap)


@singer.command()
@click.argument("name")
@click.option("--reset", is_flag=True, help="Write the suggestions over the file.")
@common()
def mapping(options: Options, name: str, *, reset: bool) -> None:
    """Check and show the mapping of an added tap; edit the file that it names.

    \b
    Example:
      vaiven singer mapping crowd
    """  # noqa: D301
    tap = _taps(options).get(name)
    if reset:
        tap.suggest()
    found = tap.mapping()
    if options.json:
        streams = {
            one.stream: {
                "entity": one.entity,
                "key": one.key,
                "version": one.version,
                "fields": {source: target.to for source, target in one.fields.items()},
            }
            for one in found.values()
        }
        print_json({"path": str(tap.mapping_path), "streams": streams})
        return
    click.echo(f"{tap.mapping_path}: {many(len(found), 'stream')} mapped of {len(tap.entries)}\n")
    if tap.mapping_path.exists():
        click.echo(tap.mapping_path.read_text("utf-8"), nl=False)


def _taps(options: Options) -> Taps:
    from vaiven_sync_engine.singer.home import Taps  # noqa: PLC0415

    return Taps.beside(options.beside)


def _config(path: str | None) -> dict[str, Any] | None:
    from pathlib import Path  # noqa: PLC0415

    from vaiven_api.cli.secrets import remember  # noqa: PLC0415
    from vaiven_sync_engine.singer.connector import decoded  # noqa: PLC0415
    from vaiven_sync_engine.singer.process import secrets_of  # noqa: PLC0415

    if path is None:
        return None
    found = decoded(sys.stdin.read() if path == "-" else Path(path).read_text("utf-8"))
    remember(secrets_of(found))
    return found


def _discover(tap: Tap, config: Mapping[str, Any]) -> None:
    from vaiven_api.cli.running import run as run_async  # noqa: PLC0415

    run_async(lambda: tap.discover(config))


def _connect(options: Options, tap: Tap, config: Mapping[str, Any]) -> None:
    """Make the connection of a tap, read only, or give it its new config."""
    import dataclasses  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    from vaiven_sync_engine.connections import Connection, load_all, save  # noqa: PLC0415
    from vaiven_sync_engine.singer.connector import CONFIG  # noqa: PLC0415
    from vaiven_sync_engine.store import Database  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415
    from vaiven_sync_engine.vault import Vault  # noqa: PLC0415

    name = tap.facts.name
    secret = Vault.at(options.store).seal(TENANT, name, {CONFIG: msgspec.json.encode(config).decode()})
    with Database.open(options.store) as database:
        before = database.run_now(load_all, TENANT).get(name)
        if before is None:
            before = Connection(name, name, name, {}, None, secret, writes=False, creates=False)
        database.run_now(save, TENANT, dataclasses.replace(before, secret=secret, status="ok"), now())


def _connections(options: Options) -> list[Any]:
    from vaiven_sync_engine.connections import load_all  # noqa: PLC0415
    from vaiven_sync_engine.store import Database  # noqa: PLC0415

    if not Database.exists(options.store):
        return []
    with Database.reader(options.store) as connection:
        return list(load_all(connection, TENANT).values())


def _stored(options: Options, name: str) -> dict[str, Any]:
    from vaiven_api.cli.secrets import remember  # noqa: PLC0415
    from vaiven_sync_engine.singer.connector import CONFIG, decoded  # noqa: PLC0415
    from vaiven_sync_engine.singer.process import secrets_of  # noqa: PLC0415
    from vaiven_sync_engine.vault import Vault  # noqa: PLC0415

    one = next((c for c in _connections(options) if c.connector == name), None)
    if one is None:
        return {}
    found = decoded(Vault.at(options.store).open(TENANT, one.id, one.secret)[CONFIG])
    remember(secrets_of(found))
    return found


def _mapped(tap: Tap) -> tuple[list[str], str]:
    from vaiven_sync_engine.singer.errors import MappingInvalid  # noqa: PLC0415

    try:
        return [f"{one.stream} -> {one.entity}" for one in tap.mapping().values()], ""
    except MappingInvalid as problem:
        return [], str(problem)


def _tell_versions(tap: Tap) -> None:
    facts = tap.facts
    click.echo(f"Installed {facts.package} {facts.version} with {len(facts.versions) - 1} packages.", err=True)


def _offer(options: Options, tap: Tap) -> None:
    name = tap.facts.name
    if options.json:
        print_json({"tap": _about(tap)})
        return
    click.echo(f"Give it its config:\n  vaiven singer discover {name} --config FILE{options.again}")


def _report(options: Options, tap: Tap) -> None:
    if options.json:
        print_json({"tap": _about(tap)})
        return
    mapped = tap.mapping()
    rows = []
    for one in tap.entries.values():
        target = mapped.get(one.id)
        becomes = target.entity if target else ""
        rows.append([one.id, one.method, ", ".join(one.key), becomes, len(target.fields) if target else None])
    table(("stream", "method", "key", "becomes", "fields"), rows)
    click.echo(f"\nThe mapping, to be looked at and corrected: {tap.mapping_path}")
    click.echo(f"Then:\n  vaiven plan{options.again}")


def _about(tap: Tap) -> dict[str, Any]:
    facts = tap.facts
    mapped = tap.mapping()
    return {
        "name": facts.name,
        "package": facts.package,
        "version": facts.version,
        "level": "Singer (unrated)",
        "executable": facts.executable,
        "versions": {name: one[0] for name, one in facts.versions.items()},
        "mapping": str(tap.mapping_path),
        "streams": [
            {
                "id": one.id,
                "method": one.method,
                "key": one.key,
                "entity": mapped[one.id].entity if one.id in mapped else None,
            }
            for one in tap.entries.values()
        ],
    }
