"""Checks that take the connector at its word: round trips of any value, memory, escapes from the types."""

from __future__ import annotations

import ast
import gc
import io
import logging
import tokenize
import tracemalloc
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vaiven_sdk
from vaiven_api.kit.kit import check
from vaiven_api.kit.reading import drivable
from vaiven_api.kit.subject import NotNeeded
from vaiven_api.kit.writing import writable
from vaiven_sdk import Window
from vaiven_sdk.testing.simulator import NotDrivable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vaiven_api.kit.kit import Kit
    from vaiven_sdk import Stream

FEW, MANY = 1_100, 4_400
"""Records of the two reads whose memory is compared."""
EVERY = 6
"""Pages from one look to the next."""
SPARE = 256 * 1024
"""Bytes that the longer read may need in addition."""


@check("no-escapes")
def no_escapes(kit: Kit) -> Iterator[str]:
    """No `Any`, no cast, no comment that silences a checker."""
    for path in kit.subject.sources():
        escapes = sorted(_escapes(path))
        if escapes:
            lines = ", ".join(str(line) for line in dict.fromkeys(line for line, _ in escapes))
            yield f"{path.name}: {', '.join(sorted({what for _, what in escapes}))} in line {lines}"


def _escapes(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text("utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id == "Any":
            yield node.lineno, "Any"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast":
            yield node.lineno, "cast"
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and ("type: ignore" in token.string or "pyright: ignore" in token.string):
            yield token.start[0], "type: ignore"


@check("round-trip")
def round_trip(kit: Kit) -> list[str]:
    """Hypothesis looks for a value that does not come to rest."""
    from vaiven_api.kit.law import broken  # noqa: PLC0415 - hypothesis takes a while to import

    found: list[str] = []
    for name in writable(kit):
        found += [f"{name}: {problem}" for problem in broken(kit.subject.connector.streams[name])]
    return found


@check("memory")
async def memory(kit: Kit) -> list[str]:
    """Two whole reads of each stream, the second four times as long."""
    if not kit.asked.only and any(not verdict.holds for verdict in kit.shared.get("verdicts", ())):
        return ["not looked at before all else holds; `--only memory` does it at any time"]
    found: list[str] = []
    measured = False
    for name in drivable(kit):
        stream = kit.subject.connector.streams[name]
        if "full" not in stream.readers and measured:
            continue  # a declared read is the SDK's own walk: once is enough
        try:
            few, many = await _peak(kit, stream, FEW), await _peak(kit, stream, MANY)
        except NotDrivable as problem:
            found.append(str(problem))
            continue
        measured = True
        if many > 2 * few + SPARE:
            found.append(f"{name}: {FEW:,} records need {few // 1024:,} kB, {MANY:,} need {many // 1024:,} kB")
    if not measured and not found:
        raise NotNeeded("there is no stream to read")
    return found


async def _peak(kit: Kit, stream: Stream[Any, Any], count: int) -> int:
    """Bytes that the client's side holds, at most, when a page is given: the connector's code, the SDK and httpx."""
    account = kit.bench.north
    simulator = account.renew()
    simulator.page_cap = None
    simulator.sample(stream.name, count)
    sdk = Path(vaiven_sdk.__file__).parent
    ours = [f"{sdk}/*", "*/httpx/*", "*/httpcore/*", *(str(path) for path in kit.subject.sources())]
    filters = [*(tracemalloc.Filter(True, one) for one in ours), tracemalloc.Filter(False, f"{sdk}/testing/*")]  # noqa: FBT003
    async with AsyncExitStack() as stack:
        session = await kit.bench.session(stack, account)
        window = Window(session.config)
        own, held, number = stream.readers.get("full"), 0, 0
        pages = own(session, window, None) if own else session.walk(stream.full, window) if stream.full else None
        gc.collect()
        # Who listens to the log (a test runner does) keeps its lines, which is no memory of the connector's.
        quiet = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        tracemalloc.start()
        try:
            if pages is not None:
                async for _ in pages:
                    number += 1
                    # To look takes a while, and what is kept stays.
                    if number % EVERY == 1:
                        gc.collect()
                        snapshot = tracemalloc.take_snapshot().filter_traces(filters)
                        held = max(held, sum(trace.size for trace in snapshot.traces))
        finally:
            tracemalloc.stop()
            logging.disable(quiet)
    return held
