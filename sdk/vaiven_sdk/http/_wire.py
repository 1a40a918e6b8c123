"""One exchange over the wire: bytes out, an answer in, and no opinion about its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from vaiven_sdk.errors import AnswerMalformed, VendorDown
from vaiven_sdk.http._answer import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

LARGEST_ANSWER = 128 * 1024 * 1024
"""Bytes: no page of a marketing API comes near; more is an attack or a fault."""
LARGEST_DOWNLOAD = 2 * 1024 * 1024 * 1024
"""Bytes of a file that is written to disk as it comes."""


class Lost(Exception):
    """The request was sent, wholly or in part, and no whole answer came."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


async def carried(
    client: httpx.AsyncClient, request: httpx.Request, where: str, into: BinaryIO | None, *, unsigned: str
) -> Answer:
    """Send a request once.

    Args:
        client: that sends.
        request: signed.
        where: what messages call it.
        into: takes the body of an answer below 300.
        unsigned: the address to remember: a signed one may hold a key.

    Raises:
        VendorDown: it never left.
        Lost: it left.
        AnswerMalformed: the answer is too large.
    """
    try:
        response = await client.send(request, stream=into is not None)
        if into is not None:
            content = await _streamed(response, into, where)
        else:
            content = response.content
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
        raise VendorDown(f"{where} cannot be reached.", why=type(problem).__name__) from None
    except (httpx.HTTPError, OSError) as problem:
        raise Lost(type(problem).__name__) from None
    if len(content) > LARGEST_ANSWER:
        raise AnswerMalformed(f"{where} answered more than {LARGEST_ANSWER} bytes.")
    return Answer(response.status_code, response.headers, content, unsigned)


def body(json: Any, form: Mapping[str, str] | None, content: bytes | None = None) -> tuple[bytes | None, str]:
    """The bytes of a body, and the content type that follows from how it was given."""
    if content is not None:
        return content, ""
    if json is not None:
        return msgspec.json.encode(json), "application/json"
    if form is not None:
        return str(httpx.QueryParams(dict(form))).encode(), "application/x-www-form-urlencoded"
    return None, ""


async def _streamed(response: httpx.Response, into: BinaryIO, where: str) -> bytes:
    try:
        if response.status_code >= 300:
            return await response.aread()
        into.seek(0)
        into.truncate()
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > LARGEST_DOWNLOAD:
                raise AnswerMalformed(f"{where} answered more than {LARGEST_DOWNLOAD} bytes.")
            into.write(part)
    finally:
        await response.aclose()
    return b""
