"""`vaiven record`: cassettes from a real account, without its secrets and its people."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import many, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vaiven_sdk import Config, Connector
    from vaiven_sdk.testing.cassette import Recording


class _Source:
    """Where a recording comes from: settings, credential, address, and who keeps a renewed token."""

    def __init__(self, config: Config, credential: Mapping[str, str], base_url: str | None, keep: Any = None) -> None:
        self.config, self.credential, self.base_url, self.keep = config, credential, base_url, keep


@click.command()
@click.argument("slug")
@click.option("--connection", "name", help="Record from this connection of the store.")
@click.option("--credential", "variables", multiple=True, metavar="FIELD=ENVVAR", help="Or with this credential.")
@click.option("--credential-stdin", is_flag=True, help="Or with one as a JSON object from standard input.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the connector.")
@click.option("--against", metavar="URL", help="Instead of the vendor's address: a simulator, a proxy.")
@click.option("--stream", "streams", multiple=True, metavar="NAME", help="This stream only; may be repeated.")
@click.option("--pages", default=2, show_default=True, type=click.IntRange(1, 50), help="Pages of each stream.")
@click.option("--again", is_flag=True, help="Keep documented answers; write down the requests of today's connector.")
@click.option("--replace-ids", is_flag=True, help="Replace the vendor's ids, too.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Another folder than the connector's.")
@common(log=True)
def record(
    options: Options,
    *,
    slug: str,
    name: str | None,
    variables: Sequence[str],
    credential_stdin: bool,
    settings: Sequence[str],
    against: str | None,
    streams: Sequence[str],
    pages: int,
    again: bool,
    replace_ids: bool,
    to: Path | None,
) -> None:
    """Record the first pages of each stream into the connector's cassettes.

    Secrets are dropped, and every person is replaced by a pseudonym that is the same in each cassette. Before a file is
    written it is searched for what must not be in it; if anything is found, nothing is written. --again needs no
    account: it asks the answers of documented cassettes anew, after the connector's requests were changed.

    \b
    Examples:
      vaiven record hubspot --connection hubspot
      HUBSPOT_TOKEN=... vaiven record hubspot --credential token=HUBSPOT_TOKEN --stream contacts
      vaiven record hubspot --again
    """  # noqa: D301
    from vaiven_api.cli.logs import set_up  # noqa: PLC0415
    from vaiven_registry import Registry  # noqa: PLC0415
    from vaiven_sdk.testing.cassette import salt_of  # noqa: PLC0415 - a web server's toolkit

    set_up(verbose=options.verbose)
    registry = Registry()
    connector = registry.load(slug)
    if unknown := sorted(set(streams) - set(connector.streams)):
        known = ", ".join(connector.streams)
        raise click.BadParameter(f"{slug} has no stream {unknown[0]!r}; it has {known}", param_hint="--stream")
    folder = to or _cassettes(registry, slug)
    if again:
        _again(options, connector, folder, streams or tuple(connector.streams))
        return
    salt = salt_of(folder)
    done: list[dict[str, Any]] = []
    given: dict[str, Any] = {
        "variables": variables,
        "settings": settings,
        "against": against,
        "from_stdin": credential_stdin,
    }
    with _source(options, connector, name, **given) as source:
        for stream in streams or connector.streams:
            recording = _record(connector, stream, source, salt=salt, pages=pages, keep_ids=not replace_ids)
            path = folder / f"{stream}.json"
            recording.cassette.save(path)
            done.append(_told(options, stream, path, recording))
    if options.json:
        print_json({"connector": slug, "recorded": done})
    else:
        click.echo(
            f"\nRecorded {many(len(done), 'stream')} into {folder}. Look through the files before you publish them."
        )


def _again(options: Options, connector: Connector[Any], folder: Path, streams: Sequence[str]) -> None:
    from functools import partial  # noqa: PLC0415

    from vaiven_api.cli.running import run  # noqa: PLC0415
    from vaiven_sdk.testing.cassette import Cassette, document_again  # noqa: PLC0415

    told = []
    for path in sorted(folder.glob("*.json")):
        held = Cassette.load(path)
        if held.stream not in streams:
            continue
        if held.origin != "documented":
            told.append({"file": str(path), "written": False, "why": f"it is {held.origin}: record it anew"})
            continue
        run(partial(document_again, held, connector)).save(path)
        told.append({"file": str(path), "written": True, "why": ""})
    if options.json:
        print_json({"connector": connector.slug, "again": told})
        return
    for one in told:
        click.echo(f"{one['file']}: {one['why'] or 'asked again'}")


def _record(
    connector: Connector[Any], stream: str, source: _Source, *, salt: bytes, pages: int, keep_ids: bool
) -> Recording:
    from datetime import UTC, datetime  # noqa: PLC0415

    from vaiven_api.cli.running import run  # noqa: PLC0415
    from vaiven_sdk.testing.cassette import record_stream  # noqa: PLC0415

    local = source.base_url is not None and re.match(r"https?://(127\.0\.0\.1|localhost|\[::1\])[:/]", source.base_url)
    return run(
        lambda: record_stream(
            connector,
            connector.streams[stream],
            source.config,
            source.credential,
            salt=salt,
            on=datetime.now(UTC).date().isoformat(),
            source=f"{'a simulator' if local else 'an account'} of {connector.name}, by vaiven record",
            pages=pages,
            base_url=source.base_url,
            keep_ids=keep_ids,
            keep=source.keep,
        )
    )


def _told(options: Options, stream: str, path: Path, recording: Recording) -> dict[str, Any]:
    held = recording.cassette
    if not options.json:
        replaced = ", ".join(f"{count} {kind}" for kind, count in recording.replaced.items()) or "nothing to replace"
        counts = f"{many(len(held.expect), 'record')}, {many(recording.requests, 'request')}"
        click.echo(f"{stream}: {counts}; replaced: {replaced}")
    return {
        "stream": stream,
        "file": str(path),
        "records": len(held.expect),
        "requests": recording.requests,
        "replaced": dict(recording.replaced),
    }


@contextlib.contextmanager
def _source(
    options: Options,
    connector: Connector[Any],
    name: str | None,
    *,
    variables: Sequence[str],
    settings: Sequence[str],
    against: str | None,
    from_stdin: bool,
) -> Iterator[_Source]:
    from vaiven_api.cli import connect  # noqa: PLC0415
    from vaiven_api.cli import credential as asked  # noqa: PLC0415

    if against:
        connect.check_address(against, "--against")
    given = connect.given_settings(settings, connector)
    credential: Mapping[str, str]
    if name is None:
        credential = asked.given(connector, variables, from_stdin=from_stdin) or asked.ask(connector)
        yield _Source(connect.validate(connector, given), credential, against)
        return
    from vaiven_api.cli.secrets import remember  # noqa: PLC0415
    from vaiven_sync_engine.connections import keep_secret, load_all, pick  # noqa: PLC0415
    from vaiven_sync_engine.store import Database  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415
    from vaiven_sync_engine.vault import Vault  # noqa: PLC0415

    vault = Vault.at(options.store)
    with Database.open(options.store) as database:
        (one,) = pick(database.run_now(load_all, TENANT), [name])
        if one.connector != connector.slug:
            raise click.BadParameter(f"{name} is a connection of {one.connector}", param_hint="--connection")
        credential = vault.open(TENANT, one.id, one.secret)
        remember(credential.values())

        async def keep(renewed: Mapping[str, str]) -> None:
            remember(renewed.values())
            await database.run(keep_secret, TENANT, one.id, vault.seal(TENANT, one.id, renewed), now())

        config = connect.validate(connector, {**one.config, **given})
        yield _Source(config, credential, against or one.base_url, keep)


def _cassettes(registry: Any, slug: str) -> Path:
    from vaiven_registry.describe import folder  # noqa: PLC0415

    entry = next(one for one in registry.list() if one.slug == slug)
    found = folder(entry.module)
    if found is None:
        raise click.UsageError(f"{slug} is a lone module and has no folder for cassettes; name one with --to.")
    return found / "cassettes"
