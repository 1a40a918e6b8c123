"""httpx logs each request's address; a key or a signature in its query must not get there."""

from __future__ import annotations

import logging

import httpx


class _NoQuery(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass, without queries."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None, fragment=None) if isinstance(arg, httpx.URL) else arg for arg in record.args
            )
        return True


def keep_queries_out() -> None:
    """Take the query off every address that httpx logs in this process."""
    logger = logging.getLogger("httpx")
    if not any(isinstance(one, _NoQuery) for one in logger.filters):
        logger.addFilter(_NoQuery())
