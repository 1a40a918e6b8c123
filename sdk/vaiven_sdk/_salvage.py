"""Cut a page that does not decode into its records, so that the good ones among them are saved."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
_PAIRS = {b"]": b"[", b"}": b"{"}


def cut(content: bytes, path: Sequence[str]) -> tuple[bytes, list[bytes]] | None:
    """The page without its records, and the records as they came.

    It looks at strings and brackets alone, however deep they go, so a record may hold what is no JSON at all.

    Args:
        content: the answer.
        path: keys that lead to the array of records; none when the answer is the array.

    Returns:
        None if the brackets do not match up or there is no such array.
    """
    opened: list[bytes] = []
    keys: list[bytes | None] = []
    wanted = [None, *(b'"%s"' % step.encode() for step in path)]
    key: bytes | None = None
    begin = start = level = 0
    found: tuple[bytes, list[bytes]] | None = None
    records: list[bytes] = []
    for match in _TOKEN.finditer(content):
        token = match[0]
        if token in _PAIRS:
            if not opened or opened.pop() != _PAIRS[token]:
                return None
            keys.pop()
            if level and len(opened) == level - 1:
                records.append(content[start : match.start()])
                found = content[:begin] + content[match.start() :], records
                level = 0
        elif token in {b"[", b"{"}:
            opened.append(token)
            keys.append(key)
            if token == b"[" and found is None and not level and keys == wanted:
                begin = start = match.end()
                level = len(opened)
        elif token == b"," and level and len(opened) == level:
            records.append(content[start : match.start()])
            start = match.end()
        key = token if token[:1] == b'"' else None
    if opened or found is None:
        return None
    page, records = found
    return page, [record.strip() for record in records] if records != [b""] and records[0].strip() else []
