"""What a command prints: tables for people, one JSON document for machines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def print_json(document: Any, *, indent: int = 2) -> None:
    """One JSON document to stdout; with indent 0 on one line."""
    encoded = msgspec.json.encode(document)
    click.echo((msgspec.json.format(encoded, indent=indent) if indent else encoded).decode())


def plain(text: str) -> str:
    """Text that comes from a tool, without characters that would steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def cell(value: Any) -> str:
    """One value as a person reads it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(v) for v in value) or "-"
    return plain(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def short(value: Any, width: int = 60) -> str:
    """The same, cut to a width."""
    text = cell(value)
    return text if len(text) <= width else f"{text[: width - 3]}..."


def many(count: int, noun: str) -> str:
    """A count with its noun, as in `1 write` and `1,200 writes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def moment(at: str | None) -> str:
    """An instant to the second, in UTC."""
    return f"{at[:19].replace('T', ' ')}Z" if at else "-"


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table to stdout: drawn on a terminal, plain and never cut elsewhere; numbers stand to the right."""
    values = [list(row) for row in rows]
    numeric = [_is_numeric([row[n] for row in values]) for n in range(len(headers))]
    shown = [[cell(value) for value in row] for row in values]
    if sys.stdout.isatty():
        _draw(headers, shown, numeric)
        return
    widths = [max(len(h), *(len(row[n]) for row in shown), 0) for n, h in enumerate(headers)]
    for row in ([*headers], *shown):
        aligned = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        click.echo("  ".join(aligned).rstrip())


def _is_numeric(column: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) for value in column if value not in {None, ""})


def _draw(headers: Sequence[str], shown: Sequence[Sequence[str]], numeric: Sequence[bool]) -> None:
    from rich import box  # noqa: PLC0415 - only where something is drawn
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for n, (header, right) in enumerate(zip(headers, numeric, strict=True)):
        # A narrow terminal folds sentences, not the name of the row nor its numbers.
        drawn.add_column(header, justify="right" if right else "left", overflow="fold", no_wrap=n == 0 or right)
    for row in shown:
        drawn.add_row(*(Text(text) for text in row))
    Console().print(drawn)
