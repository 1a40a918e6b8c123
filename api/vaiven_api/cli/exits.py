"""Exit codes, and how an error is told: what, why, what to do, and a reference."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vaiven_sdk import VaivenError

OK, UNEXPECTED, USAGE, CUSTOMER, VENDOR, OPERATOR, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

EXIT_CODES = {
    OK: "Done.",
    UNEXPECTED: "Something unexpected; report it with the reference. `vaiven doctor`: it found something wrong.",
    USAGE: "The command line is wrong: unknown option, missing argument.",
    CUSTOMER: "You must act: reconnect, correct a setting, approve the plan, look at a guard.",
    VENDOR: "A tool was in trouble: the rest is done, and the next run goes on where this one stopped.",
    OPERATOR: "Whoever runs Vaiven must act: store in use, disk full, key missing.",
    INTERRUPTED: "Stopped by Ctrl-C or SIGTERM: the run is marked so, and the next one goes on.",
}
"""What each code means; one place for the help, the reference page and the tests."""

# Of several errors in one run the first in this order decides: a run that a person must look at is not `wait`.
_URGENCY = (OPERATOR, CUSTOMER, UNEXPECTED, VENDOR)


def code_of(problem: BaseException) -> int:
    """The exit code for one error."""
    from vaiven_sdk.errors import Actor, VaivenError, VendorError  # noqa: PLC0415 - pydantic

    if isinstance(problem, KeyboardInterrupt | click.Abort) or getattr(problem, "code", "") == "interrupted":
        return INTERRUPTED
    if isinstance(problem, VendorError):
        return VENDOR
    if not isinstance(problem, VaivenError):
        return UNEXPECTED
    return {Actor.CUSTOMER: CUSTOMER, Actor.OPERATOR: OPERATOR, Actor.VENDOR: VENDOR}.get(problem.actor, UNEXPECTED)


def worst(problems: Iterable[BaseException]) -> int:
    """The exit code for a run that met these errors and went on; 0 for none."""
    codes = {code_of(problem) for problem in problems}
    return next((code for code in _URGENCY if code in codes), OK)


def named(problem: BaseException) -> VaivenError:
    """The error as one of ours: an interruption and a bug get the same shape as the rest."""
    from vaiven_sdk import VaivenError  # noqa: PLC0415
    from vaiven_sync_engine.errors import DiskFull, Interrupted  # noqa: PLC0415

    if isinstance(problem, VaivenError):
        return problem
    if isinstance(problem, KeyboardInterrupt | click.Abort):
        return Interrupted("Interrupted.")
    if isinstance(problem, OSError) and problem.errno == 28:
        return DiskFull("The disk is full.", why=str(problem.strerror))
    return VaivenError(
        "Something went wrong that should not.",
        why=type(problem).__name__,
        remedy="Run the same command again with --debug and report what it prints, with the reference.",
    )


def tell(
    problem: BaseException,
    *,
    as_json: bool,
    debug: bool = False,
    reference: str = "",
    remedy: str = "",
    beside: Mapping[str, Any] | None = None,
) -> int:
    """Print an error and give its exit code.

    Args:
        problem: any exception.
        as_json: print `{"error": ...}` to stdout instead of sentences to stderr.
        debug: print the traceback too.
        reference: the run's id, if there was a run; a new ULID otherwise.
        remedy: a more exact one than the error's own.
        beside: further keys of the JSON object.
    """
    from ulid import ULID  # noqa: PLC0415

    from vaiven_api.cli.output import plain, print_json  # noqa: PLC0415
    from vaiven_api.cli.secrets import hide  # noqa: PLC0415

    error, code = named(problem), code_of(problem)
    told = {key: hide(text) for key, text in error.as_dict().items()}
    told["remedy"] = remedy or told["remedy"]
    told["reference"] = reference or str(ULID())
    if as_json:
        print_json({"error": {**told, "exit_code": code}, **(beside or {})})
    else:
        click.secho(f"Error: {plain(told['what'])}", fg="red", err=True)
        for label, key in (("why", "why"), ("do", "remedy"), ("ref", "reference")):
            if told[key]:
                click.echo(f"  {label + ':':<5}{plain(told[key])}", err=True)
    if debug:
        shown = "".join(traceback.format_exception(problem))
        click.echo(hide(shown), err=True)
    sys.stdout.flush()
    return code
