"""`vaiven new`: begin a connector."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import many, print_json, table

if TYPE_CHECKING:
    from vaiven_api.scaffold import Draft, Written


@click.group()
def new() -> None:
    """Begin a connector."""


@new.command("connector")
@click.argument("slug")
@click.option("--name", default="", help="The vendor's product.  [default: the description's title, or the slug]")
@click.option("--category", default="", help="What kind of tool it is.  [default: guessed]")
@click.option("--auth", type=click.Choice(["bearer", "basic", "api_key", "oauth2"]), help="How it signs.")
@click.option(
    "--from",
    "description",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draft from an OpenAPI 3 or Swagger 2 description, JSON or YAML.",
)
@click.option("--streams", default=12, show_default=True, type=click.IntRange(1, 60), help="Streams drafted at most.")
@click.option("--dir", "into", type=click.Path(path_type=Path, file_okay=False), default=".", help="Where to.")
@common(store=False)
def connector(
    options: Options,
    *,
    slug: str,
    name: str,
    category: str,
    auth: str | None,
    description: Path | None,
    streams: int,
    into: Path,
) -> None:
    """Make a folder with a connector that runs, its simulator, a cassette for each stream, and tests.

    It is a package of its own; `git mv` of the inner folder makes it a built-in one. With --from the vendor's own
    description is drafted: records, paths, paging, signing in. What could not be drafted is told, and is in the README.

    \b
    Examples:
      vaiven new connector acme --name "Acme Letters" --category email
      vaiven new connector acme --from openapi.json
    """  # noqa: D301
    from vaiven_api.scaffold import empty, from_api, load, write  # noqa: PLC0415
    from vaiven_registry.quality import CATEGORIES  # noqa: PLC0415

    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", slug):
        raise click.BadParameter(
            "a slug is of a-z, 0-9 and _, begins with a letter, and never changes", param_hint="SLUG"
        )
    if category and category not in CATEGORIES:
        raise click.BadParameter(f"it is one of {', '.join(CATEGORIES)}", param_hint="--category")
    if description is None:
        draft = empty(slug, name or slug.replace("_", " ").title(), category, auth or "")
    else:
        api = load(description)
        source = f"{description.name}, {api.title} {api.version}".rstrip(" ,")
        draft = from_api(api, slug, name, category, auth or "", source=source, most=streams)
    _tell(options, draft, write(draft, into))


def _tell(options: Options, draft: Draft, written: Written) -> None:
    drafted = [
        {
            "stream": one.stream,
            "entity": one.entity,
            "path": one.path,
            "fields": len(one.fields),
            "mapped": {field.name: field.to for field in one.fields if field.to},
            "maybe": one.maybe,
            "left_out": one.left_out,
            "paging": one.page.evidence,
            "cursor": one.cursor,
        }
        for one in draft.collections
    ]
    if options.json:
        print_json(
            {"folder": str(written.folder), "files": written.files, "streams": drafted, "not_drafted": draft.undone}
        )
        return
    rows = [[d["stream"], d["entity"], d["fields"], len(_of(d["mapped"])), d["paging"]] for d in drafted]
    table(("stream", "becomes", "fields", "mapped", "paged by"), rows)
    if draft.undone:
        click.echo(f"\nNot drafted ({len(draft.undone)}):")
        for line in draft.undone[:10]:
            click.echo(f"  {line}")
        if len(draft.undone) > 10:
            click.echo(f"  and {many(len(draft.undone) - 10, 'line')} more, in --json and in the README")
    click.echo(f"\nWrote {many(len(written.files), 'file')} to {written.folder}. Next:")
    click.echo(f"  pip install -e {written.folder} && vaiven test connector {draft.slug}")


def _of(value: object) -> dict[str, str]:
    return value if isinstance(value, dict) else {}
