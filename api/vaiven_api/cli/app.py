"""The root command: finds sub-commands by name and imports one only when it runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli import exits

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "connectors": "List the connectors, or show one.",
    "sim": "Run a connector's simulator.",
    "connect": "Connect an account, or reconnect it.",
    "mapping": "Say which fields go which way, and whose word counts.",
    "plan": "Show what a sync would change.",
    "sync": "Sync the connected tools both ways.",
    "runs": "List the runs, or show one.",
    "people": "Find people, and why a value is what it is.",
    "conflicts": "List the values that lost, and why.",
    "quarantine": "List the records that could not be taken.",
    "test": "Certify a connector.",
    "singer": "Connectors as Singer taps and targets, and Singer taps as connections.",
    "workbench": "Show what a connector makes of a payload.",
    "new": "Begin a connector.",
    "record": "Record a connector's cassettes.",
    "diff": "Show what changed since a connector's last release.",
    "demo": "See it work: simulated tools synced and compared.",
    "doctor": "Check this installation and its store.",
}
"""Every command with its one-line help; command `x` is the function `x` of module `vaiven_api.cli.x`."""

_ELSEWHERE = {"plan": "sync"}


class App(click.Group):
    """A group that knows its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"vaiven_api.cli.{_ELSEWHERE.get(cmd_name, cmd_name)}"), cmd_name)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            import difflib  # noqa: PLC0415 - only on the way to an error

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if near:
                raise click.UsageError(f"There is no command {args[0]!r}. Did you mean {near[0]!r}?", ctx) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above: the help page needs no import."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whoever stops reading its output has seen enough (`vaiven people | head`)."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            code = exits.OK
        return code

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run a command and exit: every error becomes its exit code and its sentence."""
        given = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in given
        options["standalone_mode"] = False
        try:
            code = super().main(given, *rest, **options)
        except click.exceptions.Exit as done:
            code = done.exit_code
        except click.UsageError as problem:
            code = _usage(problem, as_json=as_json)
        except (Exception, KeyboardInterrupt) as problem:  # noqa: BLE001 - told with a reference, and exit code 1
            code = exits.tell(problem, as_json=as_json, debug="--debug" in given)
        sys.exit(code if isinstance(code, int) else exits.OK)


def _usage(problem: click.UsageError, *, as_json: bool) -> int:
    if as_json:
        from vaiven_api.cli.output import print_json  # noqa: PLC0415

        remedy = f"See `{problem.ctx.command_path} --help`." if problem.ctx else "See `vaiven --help`."
        error = {"code": "usage", "actor": "customer", "what": problem.format_message(), "why": "", "remedy": remedy}
        print_json({"error": {**error, "reference": "", "exit_code": exits.USAGE}})
    else:
        problem.show()
    return exits.USAGE


_EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {text}" for code, text in exits.EXIT_CODES.items())


@click.group(
    cls=App, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="vaiven", prog_name="vaiven")
def app() -> None:
    """Vaiven keeps the customer data of a company's tools in step, both ways.

    \b
    First steps, with no account:
      vaiven sim hubspot              a HubSpot on your own machine; it prints how to connect
      vaiven plan                     what would change
      vaiven sync --approve DIGEST    change it
    """  # noqa: D301 - \b is click's mark for a paragraph that is not to be wrapped
