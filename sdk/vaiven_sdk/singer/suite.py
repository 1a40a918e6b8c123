"""Run singer-sdk's own conformance suite over a connector's tap, in this process."""

from __future__ import annotations

import contextlib
import io
import logging
import signal
import threading
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from vaiven_sdk.singer.settings import BASE_URL
from vaiven_sdk.singer.tap import tap_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from vaiven_sdk.config import Config
    from vaiven_sdk.connector import Connector

_HANDLED = (signal.SIGINT, signal.SIGTERM)


class Checked(NamedTuple):
    """One test of the suite.

    Args:
        test: its name, with the stream and field that it is about.
        passed: whether it did.
        reason: what is wrong; empty when it passed.
    """

    test: str
    passed: bool
    reason: str


def conformance(
    connector: Connector[Any],
    config: Config | Mapping[str, Any],
    credential: Mapping[str, str],
    base_url: str | None,
    *,
    records: int = 20,
    may_be_empty: Sequence[str] = (),
) -> list[Checked]:
    """Every test of `singer_sdk.testing` for taps, in a second or two; the suite needs pytest.

    Args:
        connector: whose tap.
        config: its settings.
        credential: the secret values by name.
        base_url: a simulator's address, with the API's path.
        records: of each stream to look at.
        may_be_empty: streams that have no records there.
    """
    from singer_sdk.testing.config import SuiteConfig  # noqa: PLC0415 - loads pytest
    from singer_sdk.testing.runners import TapTestRunner  # noqa: PLC0415

    settings = config if isinstance(config, dict) else config.model_dump(mode="json")  # type: ignore[union-attr]
    given = {**settings, **credential, BASE_URL: base_url}
    suite = SuiteConfig(max_records_limit=records, ignore_no_records_for_streams=list(may_be_empty))
    with _quiet():
        runner = TapTestRunner(tap_class(connector), config=given, suite_config=suite)
        try:
            runner.sync_all()
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is the finding
            return [Checked("sync", passed=False, reason=_sentence(problem))]
        return [Checked(name, *_outcome(run)) for name, run in _tests(runner, suite)]


def _tests(runner: Any, suite: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    from singer_sdk.testing.suites import tap_stream_attribute_tests, tap_stream_tests, tap_tests  # noqa: PLC0415

    for kind in tap_tests.tests:
        yield f"tap.{kind.name}", partial(kind().run, suite, None, runner)
    for stream in runner.new_tap().streams.values():
        for one in tap_stream_tests.tests:
            yield f"{stream.name}.{one.name}", partial(one().run, suite, None, runner, stream)
        for name, rule in stream.stream_maps[-1].transformed_schema["properties"].items():
            for each in tap_stream_attribute_tests.tests:
                if each.evaluate(stream=stream, property_name=name, property_schema=rule):
                    title = f"{stream.name}.{name}.{each.name}"
                    yield title, partial(each().run, suite, None, runner, stream, name)


def _outcome(run: Callable[[], None]) -> tuple[bool, str]:
    import pytest  # noqa: PLC0415

    try:
        run()
    except pytest.skip.Exception:
        return True, ""
    except Exception as problem:  # noqa: BLE001 - a test says no by raising
        return False, _sentence(problem)
    return True, ""


def _sentence(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}".rstrip(": ")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The suite's output goes nowhere, and what singer-sdk does to the process is undone."""
    main = threading.current_thread() is threading.main_thread()
    handlers = {one: signal.getsignal(one) for one in _HANDLED} if main else {}
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            # A field that no record has, and the like: notes, not findings.
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        for one, handler in handlers.items():
            signal.signal(one, handler)
