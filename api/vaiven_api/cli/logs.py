"""The log: JSON lines on stderr with `-v`, nothing without."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from vaiven_api.cli.secrets import redact


def set_up(*, verbose: bool) -> None:
    """Send log events to stderr as JSON lines, or nowhere."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=processors if verbose else [_drop],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent
