"""Queries in Google Ads Query Language, read page by page over REST.

`GoogleAdsService.Search` of v25: a page has 10,000 rows, which cannot be changed (`PAGE_SIZE_NOT_SUPPORTED`), and an
empty list is left out of the answer altogether, as proto3 has it. Read 2026-11-25.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from vaiven_sdk import AnswerMalformed, CursorLoop, Fetched, Read, Session, Window

V = "v25"
"""Released in 2026; v26 is the newest and v22 the last that was switched off (2026-10-07): a version lives about a
year ("Deprecation and sunset"), so this one ends in 2027."""
PAGE = 10_000


class _Answer(msgspec.Struct, rename="camel"):
    results: list[msgspec.Raw] = []
    next_page_token: str = ""


@dataclass(frozen=True, slots=True)
class Gaql(Read):
    """The rows of a query.

    The state holds the query with the token: a token is good for the query that it came from and for no other, and a
    later walk might word it differently, since the days go by.

    Args:
        query: text, or a function of the window that makes it.
        customer: whose; the connection's account when left out.
    """

    query: str | Callable[[Window], str]
    customer: str = ""

    @property
    def size(self) -> int:
        """Rows of a page."""
        return PAGE

    def templates(self) -> Iterable[str]:
        """It has none."""
        return ()

    async def pages(
        self, send: Any, window: Window, *, state: Any = None, key: tuple[str, ...] = ("id",)
    ) -> AsyncGenerator[Fetched, None]:
        """The pages; the order is the query's to say."""
        config: Any = window.config
        where = f"/{V}/customers/{self.customer or config.customer_id}/googleAds:search"
        query = state["query"] if state else self.query if isinstance(self.query, str) else self.query(window)
        token, seen = state["token"] if state else "", set[str]()
        while True:
            body = {"query": query, "pageToken": token} if token else {"query": query}
            answer = await send("POST", where, json=body, safe=True)
            found = _decoded(answer.content)
            token = found.next_page_token
            if token in seen:
                raise CursorLoop("Google Ads: the vendor's paging repeats itself.")
            seen.add(token)
            behind = {"query": query, "token": token} if token else None
            yield Fetched(found.results, behind, answer.headers, (), _clock(answer.headers))
            if not token:
                return


async def rows(hub: Session[Any], query: str, *, customer: str = "") -> list[Mapping[str, Any]]:
    """All rows of a small query, decoded."""
    pages = hub.walk(Gaql(query, customer), Window(hub.config))
    return [msgspec.json.decode(item) for page in [one async for one in pages] for item in page.items]


def quoted(values: Sequence[str]) -> str:
    """Texts as a list in a query: `('a', 'b')` ("Grammar": a quote is escaped by a backslash)."""
    escaped = (value.replace("\\", "\\\\").replace("'", "\\'") for value in values)
    return "(" + ", ".join(f"'{value}'" for value in escaped) + ")"


def ending(resource_name: str) -> str:
    """The id at the end of a resource name, as in `customers/1/campaigns/7`."""
    return resource_name.rpartition("/")[2]


def _decoded(content: bytes) -> _Answer:
    try:
        return msgspec.json.decode(content, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise AnswerMalformed("Google's answer is not what its API promises.", why=str(problem)[:200]) from None


def _clock(headers: Mapping[str, str]) -> str | None:
    try:
        at = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000000Z"
