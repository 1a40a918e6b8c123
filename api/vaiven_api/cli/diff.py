"""`vaiven diff`: what changed since a connector's last release, and which version that needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli import exits
from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import many, print_json, table

if TYPE_CHECKING:
    from vaiven_sdk import Connector


@click.command()
@click.argument("slug")
@click.option("--against", type=click.Path(path_type=Path), help="A declaration in place of the last release's.")
@click.option("--release", is_flag=True, help="Write today's declaration down as the release.")
@common(store=False)
def diff(options: Options, *, slug: str, against: Path | None, release: bool) -> int:
    """Show what changed in a connector since its last release, and which step of the version that needs.

    The last release is `release.json` in the connector's folder. A version that is too low for the changes ends in
    exit code 1, and nothing is released with it.

    \b
    Examples:
      vaiven diff hubspot
      vaiven diff hubspot --release
    """  # noqa: D301
    from vaiven_api.release import FILE, compare, declaration, enough, needed, read, step_of  # noqa: PLC0415
    from vaiven_registry import Registry  # noqa: PLC0415

    registry = Registry()
    connector = registry.load(slug)
    path = against or _folder(registry, slug) / FILE
    now = declaration(connector)
    if not path.is_file() and against is None:
        return _first(options, connector, path, now, release=release)
    before = read(path)
    changes = compare(before, now)
    step = step_of(changes)
    good = enough(before["version"], connector.version, step)
    lowest = needed(before["version"], step)
    if release and good:
        _write(_folder(registry, slug) / FILE, now)
    if options.json:
        print_json(
            {
                "connector": slug,
                "released": before["version"],
                "declared": connector.version,
                "step": step.name.lower(),
                "lowest": lowest,
                "enough": good,
                "written": release and good,
                "changes": [{"step": c.step.name.lower(), "where": c.where, "what": c.what} for c in changes],
            }
        )
        return exits.OK if good else exits.UNEXPECTED
    if changes:
        table(("step", "where", "what"), [[c.step.name.lower(), c.where, c.what] for c in changes])
        click.echo(f"\n{many(len(changes), 'change')} since {before['version']}: a {step.name.lower()} step.")
    else:
        click.echo(f"Nothing changed since {before['version']}.")
    if not good:
        click.secho(f"The connector says {connector.version}: too low.", fg="red")
        click.echo(f"  do:  Set version={lowest!r} in Connector(...), or take the changes back.")
        return exits.UNEXPECTED
    click.echo(
        f"The connector says {connector.version}, and that is enough." if changes else f"It is {connector.version}."
    )
    if release:
        click.echo(f"Wrote {FILE}.")
    return exits.OK


def _first(options: Options, connector: Connector[Any], path: Path, now: dict[str, Any], *, release: bool) -> int:
    if release:
        _write(path, now)
    if options.json:
        print_json({"connector": connector.slug, "released": None, "declared": connector.version, "written": release})
    elif release:
        click.echo(f"Wrote {path.name}: {connector.slug} {connector.version} is the first release.")
    else:
        click.echo(f"{connector.slug} {connector.version} was not released yet.")
        click.echo(f"  do:  vaiven diff {connector.slug} --release writes its declaration down.")
    return exits.OK


def _write(path: Path, declared: dict[str, Any]) -> None:
    import msgspec  # noqa: PLC0415

    path.write_bytes(msgspec.json.format(msgspec.json.encode(declared), indent=1) + b"\n")


def _folder(registry: Any, slug: str) -> Path:
    from vaiven_registry.describe import folder  # noqa: PLC0415

    entry = next(one for one in registry.list() if one.slug == slug)
    found = folder(entry.module)
    if found is None:
        raise click.BadParameter(f"{slug} is a lone module and has no folder; name a file with --against")
    return found
