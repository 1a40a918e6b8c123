"""`vaiven workbench`: a local page that shows what a connector makes of a payload."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from typing import TYPE_CHECKING

import click

from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import print_json

if TYPE_CHECKING:
    from starlette.applications import Starlette


@click.command()
@click.argument("slug")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@common(store=False)
def workbench(options: Options, slug: str, port: int) -> None:
    """Show what a connector makes of a payload: raw, record, unified, wire, side by side.

    It serves a page on 127.0.0.1 until Ctrl-C and prints its address. It needs no credential, and sends nothing
    anywhere.

    \b
    Examples:
      vaiven workbench hubspot
      vaiven workbench hubspot --port 8700
    """  # noqa: D301
    from vaiven_api.workbench.app import Workbench  # noqa: PLC0415 - starlette
    from vaiven_registry import NoSimulator, Registry  # noqa: PLC0415

    registry = Registry()
    connector = registry.load(slug)
    try:
        simulator = registry.simulator(slug)
    except NoSimulator:
        simulator = None
    bench = Workbench(connector, simulator, registry.folder(slug))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as problem:
        listener.close()
        raise click.BadParameter(f"port {port}: {problem.strerror}", param_hint="--port") from None
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    if options.json:
        print_json({"slug": slug, "url": url}, indent=0)
    else:
        click.echo(f"Workbench of {connector.name}: {url}  (Ctrl-C stops it)")
    sys.stdout.flush()
    _serve(bench.app, listener)


def _serve(app: Starlette, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415

    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listener])
    listener.close()
