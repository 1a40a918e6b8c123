"""Progress of a run: live on a terminal, a line every few seconds elsewhere, nothing with `--json`."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

_EVERY = 5.0
"""Seconds between two lines where there is no terminal."""
_VERBS = {"pull": "read", "push": "written"}


@contextmanager
def shown(*, quiet: bool) -> Iterator[Callable[[str, str, str, int], None] | None]:
    """What the engine tells its progress to: (connection, stream, `pull` or `push`, how many so far)."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _live() as told:
            yield told
    else:
        yield _lines()


def _lines() -> Callable[[str, str, str, int], None]:
    last = time.monotonic()

    def told(connection: str, stream: str, phase: str, count: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            click.echo(f"{connection}/{stream}: {count:,} {_VERBS[phase]}", err=True)

    return told


@contextmanager
def _live() -> Iterator[Callable[[str, str, str, int], None]]:
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.completed:>10,.0f}"),
        TextColumn("{task.fields[rate]:>8,.0f}/s"),
        TimeElapsedColumn(),
    )
    tasks: dict[tuple[str, str, str], tuple[TaskID, float]] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def told(connection: str, stream: str, phase: str, count: int) -> None:
            key, now = (connection, stream, phase), time.monotonic()
            if key not in tasks:
                title = f"{connection}/{stream} {_VERBS[phase]}"
                tasks[key] = progress.add_task(title, total=None, rate=0.0), now
            task, since = tasks[key]
            # As of the last word: a stream that has ended keeps its rate.
            progress.update(task, completed=count, rate=count / max(now - since, 0.1))

        yield told
