"""`vaiven sim`: a vendor on loopback, with no account and no network."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import click
import msgspec

from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("slug")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--seed", default=0, show_default=True, help="Fixes every random choice, ids included.")
@click.option("--quirk", "quirks", multiple=True, metavar="NAME=VALUE", help="Change an oddity; VALUE is JSON or text.")
@click.option("--with-parent", is_flag=True, help="Stop when standard input closes, so that no orphan stays.")
@common(store=False)
def sim(options: Options, slug: str, port: int, seed: int, quirks: Sequence[str], *, with_parent: bool) -> None:
    """Run the simulator of a vendor on 127.0.0.1 until Ctrl-C.

    It prints its address, a credential that it accepts, and the command that connects it. What it holds is in memory
    and gone when it stops. With --json it prints one line: url, base_url, credential, config.

    \b
    Examples:
      vaiven sim hubspot
      vaiven sim hubspot --port 8801 --quirk burst_limit=0
    """  # noqa: D301
    from vaiven_registry import Registry  # noqa: PLC0415
    from vaiven_sdk.testing import serve  # noqa: PLC0415 - starlette and uvicorn

    registry = Registry()
    kind = registry.simulator(slug)
    try:
        simulator = kind(seed=seed, quirks=dict(_quirk(text) for text in quirks))
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--quirk") from None
    try:
        server = serve(simulator, port=port)
    except OSError as problem:
        raise click.BadParameter(f"port {port}: {problem.strerror}", param_hint="--port") from None
    base_url = server.url + _path(registry.manifest(slug).base_url)
    about = {
        "slug": slug,
        "url": server.url,
        "base_url": base_url,
        "credential": simulator.credential,
        "config": simulator.config,
        "pid": os.getpid(),
    }
    if options.json:
        print_json(about, indent=0)
    else:
        _explain(slug, about)
    sys.stdout.flush()
    if with_parent:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    # uvicorn stops serving on either signal and then raises it again: to be stopped is no error here.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    server.close()


def _explain(slug: str, about: dict[str, Any]) -> None:
    click.echo(f"{slug} simulator at {about['url']}  (state: {about['url']}/_sim/state; Ctrl-C stops it)\n")
    click.echo("Connect it from another terminal:\n")
    variables, flags = [], []
    for field, value in about["credential"].items():
        variable = f"{slug}_{field}".upper()
        variables.append(f"export {variable}={shlex.quote(value)}")
        flags.append(f"--credential {field}={variable}")
    flags += [f"--set {key}={shlex.quote(value)}" for key, value in about["config"].items()]
    for line in variables:
        click.echo(f"  {line}")
    click.echo(f"  vaiven connect {slug} --base-url {about['base_url']} {' '.join(flags)}")


def _quirk(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--quirk")
    try:
        return name, msgspec.json.decode(value.lower() if value in {"True", "False"} else value)
    except msgspec.DecodeError:
        return name, value


def _path(base_url: str) -> str:
    """The path of the vendor's own base URL: a simulator serves the same one."""
    from urllib.parse import urlsplit  # noqa: PLC0415

    return urlsplit(base_url).path.rstrip("/")


def _stop_with_parent() -> None:
    # A read gives nothing only when whoever held the other end is gone. Unbuffered: a lock held here by a thread that
    # waits for ever would abort the interpreter's shutdown.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
