"""What a sync did, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vaiven_api.cli.output import many, table
from vaiven_api.cli.plans import conflict_line, show_errors

if TYPE_CHECKING:
    from vaiven_api.cli.plans import Found
    from vaiven_sync_engine.report import Report


def show(report: Report, found: Found) -> None:
    """Print the result of a sync."""
    rows = []
    for line in report.streams.values():
        pulled, pushed = line.pulled, line.pushed
        rows.append(
            [
                f"{line.connection}/{line.stream}",
                pulled.records if pulled else None,
                pulled.changed if pulled else None,
                *(
                    (getattr(pushed, name) or None) if pushed else None
                    for name in ("created", "updated", "deleted", "rejected")
                ),
                (pulled.bad or None) if pulled else None,
                line.error.code if line.error else " ",
            ]
        )
    headers = ("stream", "read", "changed", "created", "updated", "deleted", "rejected", "quarantined", "trouble")
    table(headers, rows)
    for line in report.streams.values():
        for reason, count in sorted(line.pushed.reasons.items()) if line.pushed else ():
            click.echo(f"  {line.connection}/{line.stream}: {count:,} rejected: {reason}")
        if line.pushed and line.pushed.unknown:
            click.echo(
                f"  {line.connection}/{line.stream}: {line.pushed.unknown:,} unanswered, settled by the next run"
            )
    if report.staged.conflicts:
        click.echo(f"\n{many(report.staged.conflicts, 'value')} lost a conflict (`vaiven conflicts` lists them), as in")
        for one in found.conflicts[:3]:
            click.echo(f"  {conflict_line(one, found.titles)}")
    show_errors(report)
    rate = report.pulled / report.seconds if report.seconds else 0.0
    click.echo(
        f"\nRun {report.run}: {report.status}. {report.pulled:,} records read, {report.writes:,} written,"
        f" {report.requests:,} requests, {report.seconds:.1f} s ({rate:,.0f} records/s)."
    )
