"""`vaiven plan` and `vaiven sync`: what would change, and changing it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli import exits
from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import print_json
from vaiven_api.cli.progress import shown
from vaiven_api.cli.running import engine_of, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_sync_engine.report import Report

_SAMPLES = 3


@click.command()
@click.argument("connections", nargs=-1)
@click.option(
    "--show", "samples", default=_SAMPLES, show_default=True, metavar="N", help="Samples of each kind of write."
)
@click.option("--full", is_flag=True, help="Read everything again, not just what changed.")
@common(log=True)
def plan(options: Options, *, connections: Sequence[str], samples: int, full: bool) -> int:
    """Read the tools and show what a sync would write, why not more, and the digest to approve. Writes to no tool.

    \b
    Examples:
      vaiven plan
      vaiven plan hubspot --show 10
    """  # noqa: D301
    return _sync(options, connections, samples, dry_run=True, full=full)


@click.command()
@click.argument("connections", nargs=-1)
@click.option(
    "--approve", metavar="DIGEST", help="Carry out the plan with this digest and no other; `any` for whatever is due."
)
@click.option("--full", is_flag=True, help="Read everything again, not just what changed.")
@click.option(
    "--max-deletes",
    type=click.IntRange(min=0),
    metavar="N",
    help="Deletions allowed in one tool's stream.  [default: 2 % of its records, at least 10]",
)
@common(log=True)
def sync(
    options: Options, *, connections: Sequence[str], approve: str | None, full: bool, max_deletes: int | None
) -> int:
    """Read what changed in the tools, bring it together, and write to each what it lacks.

    The first writes of a connection must be approved with the digest that `vaiven plan` prints; after that a sync runs
    by itself. Ctrl-C is safe at any time: the next run goes on where this one stopped.

    \b
    Examples:
      vaiven sync --approve 3f2a9c0d11e45b6788aa01cd
      vaiven sync
      vaiven sync hubspot stripe --max-deletes 200
    """  # noqa: D301
    return _sync(options, connections, _SAMPLES, approve=approve, full=full, max_deletes=max_deletes)


def _sync(options: Options, names: Sequence[str], samples: int, *, dry_run: bool = False, **how: Any) -> int:
    from vaiven_api.cli import plans, results  # noqa: PLC0415 - the engine

    with engine_of(options) as engine:
        try:
            _some(engine, options)
            with shown(quiet=options.json) as progress:
                report = run(lambda: engine.sync(names, dry_run=dry_run, progress=progress, **how))
        except (Exception, KeyboardInterrupt) as problem:  # noqa: BLE001 - told with the run's id
            return _failed(options, engine.report, names, samples, problem)
        found = plans.Found.of(engine.database, report, samples)
    if options.json:
        print_json({**report.as_dict(), **found.as_dict()})
    elif dry_run:
        plans.show(report, found)
        _how_to(options, report, names)
    else:
        results.show(report, found)
    return exits.worst(report.errors.values())


def _some(engine: Any, options: Options) -> None:
    """There is something to sync.

    Raises:
        UnknownConnection: nothing is connected yet.
    """
    from vaiven_api.cli.options import TENANT  # noqa: PLC0415
    from vaiven_sync_engine.connections import load_all  # noqa: PLC0415
    from vaiven_sync_engine.errors import UnknownConnection  # noqa: PLC0415

    if not engine.database.run_now(load_all, TENANT):
        raise UnknownConnection(
            "Nothing is connected yet.",
            remedy=f"Connect a tool: `vaiven connect SLUG{options.again}`; `vaiven connectors list` shows which.",
        )


def _failed(options: Options, report: Report | None, names: Sequence[str], samples: int, problem: BaseException) -> int:
    """Show the plan that was not carried out, then why it was not and the command that helps."""
    from vaiven_api.cli import plans  # noqa: PLC0415
    from vaiven_sync_engine.errors import ApprovalNeeded, GuardTripped, PlanChanged  # noqa: PLC0415

    remedy, beside = "", {}
    stopped = isinstance(problem, ApprovalNeeded | PlanChanged | GuardTripped)
    if stopped and report is not None and report.plan is not None:
        found = plans.Found.of(options.store, report, samples)
        beside = {"report": {**report.as_dict(), **found.as_dict()}}
        if not options.json:
            plans.show(report, found)
        remedy = _command(options, report, names, problem)
    reference = report.run if report is not None else ""
    return exits.tell(
        problem, as_json=options.json, debug=options.debug, reference=reference, remedy=remedy, beside=beside
    )


def _command(options: Options, report: Report, names: Sequence[str], problem: BaseException) -> str:
    from vaiven_sync_engine.errors import GuardTripped  # noqa: PLC0415

    command = f"vaiven sync{''.join(f' {shlex.quote(n)}' for n in names)}{options.again}"
    digest = report.plan.digest if report.plan else ""
    if isinstance(problem, GuardTripped):
        most = max((n for n, _ in report.plan.excess_deletes(0).values()), default=0) if report.plan else 0
        return f"Look at the deletions above; if they are meant: `{command} --max-deletes {most} --approve {digest}`"
    return f"If the plan above is what you want: `{command} --approve {digest}`"


def _how_to(options: Options, report: Report, names: Sequence[str]) -> None:
    if report.plan is not None and report.plan.writes:
        chosen = "".join(f" {shlex.quote(n)}" for n in names)
        click.echo(f"\nTo carry it out:\n  vaiven sync{chosen}{options.again} --approve {report.plan.digest}")
