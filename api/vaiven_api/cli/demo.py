"""`vaiven demo`: see it work, with no account and no network."""

from __future__ import annotations

import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from vaiven_api.demo.telling import Telling


@click.group(invoke_without_command=True)
@click.option("--people", default=5000, show_default=True, type=click.IntRange(min=10), help="Humans in the company.")
@click.option("--seed", default=1, show_default=True, help="Another company for each seed.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the store in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, and nothing else.")
@click.pass_context
def demo(ctx: click.Context, people: int, seed: int, keep: Path | None, *, as_json: bool) -> None:
    """Sync a generated company's simulated tools and compare every record; exit 1 on any difference.

    \b
    Examples:
      vaiven demo                      an office on HubSpot, Mailchimp and Stripe
      vaiven demo shop                 a shop on seven tools, with ads, orders and a score
      vaiven demo shop --people 500    the same, smaller
    """  # noqa: D301
    if ctx.invoked_subcommand is None:
        from vaiven_api.demo.story import Story  # noqa: PLC0415 - the engine

        _run(lambda store: Story(people, seed, store, quiet=as_json), keep, as_json=as_json)


@demo.command()
@click.option("--people", default=20_000, show_default=True, type=click.IntRange(min=50), help="Humans who shop.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 365), help="Days of figures of the ads.")
@click.option("--seed", default=1, show_default=True, help="Another shop for each seed.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the store in this folder.")
@common(store=False)
def shop(options: Options, *, people: int, days: int, seed: int, keep: Path | None) -> None:
    """A shop on Shopify, Stripe, Klaviyo, Meta Ads, Google Ads, HubSpot and Salesforce; exit 1 on any difference.

    \b
    Example:
      vaiven demo shop --people 500 --days 30
    """  # noqa: D301
    from vaiven_api.demo.shop.story import ShopStory  # noqa: PLC0415 - the engine

    _run(lambda store: ShopStory(people, seed, store, quiet=options.json, days=days), keep, as_json=options.json)


def _run(make: Callable[[Path], Telling], keep: Path | None, *, as_json: bool) -> None:
    # A plain `kill` ends the simulators as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vaiven-demo-")))
        if (folder / "vaiven.db").exists():
            raise click.BadParameter(f"{folder / 'vaiven.db'} exists already", param_hint="--keep")
        story = make(folder / "vaiven.db")
        differences = story.tell()
        if as_json:
            print_json(story.facts)
    if differences:
        raise click.exceptions.Exit(1)
