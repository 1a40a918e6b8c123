"""REST: queries, page by page.

Sources: REST API Developer Guide, Query, QueryAll, QueryAll More Results, Query Options Header; Help 000384958
(a locator and its results are good for two days); read 2026-11-25.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from vaiven_connectors.salesforce import _sim_ids as ids
from vaiven_connectors.salesforce._sim_base import Base
from vaiven_connectors.salesforce._sim_errors import no
from vaiven_connectors.salesforce._sim_org import Row
from vaiven_connectors.salesforce._sim_select import Run, run
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call

_DATA = "/services/data/v{version}"
_LIVES = 2 * 86_400
_LEAST, _MOST = 200, 2000


@dataclass(slots=True)
class Cursor:
    """A query whose results did not fit into one answer."""

    run: Run
    rows: list[Row]
    size: int
    ends: float


class Queries(Base):
    """Query and queryAll with their further pages."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._cursors: dict[str, Cursor] = {}

    @sim.get(f"{_DATA}/query")
    def query(self, call: Call) -> dict[str, Any]:
        """Run a query over what is not deleted."""
        return self._run(call, deleted=False)

    @sim.get(f"{_DATA}/queryAll")
    def query_all(self, call: Call) -> dict[str, Any]:
        """Run a query over the recycle bin, too, where losers of merges are."""
        return self._run(call, deleted=True)

    @sim.get(f"{_DATA}/query/{{locator}}")
    def more(self, call: Call) -> dict[str, Any]:
        """The next page of a query."""
        return self._more(call)

    @sim.get(f"{_DATA}/queryAll/{{locator}}")
    def more_of_all(self, call: Call) -> dict[str, Any]:
        """The same: the locator knows whether deleted ones are in."""
        return self._more(call)

    def _run(self, call: Call, *, deleted: bool) -> dict[str, Any]:
        text = call.one("q")
        if text is None:
            raise no("MALFORMED_QUERY", "SOQL statements cannot be empty or null")
        found = run(self.org, text, deleted=deleted)
        rows = found.rows()
        if found.query.counts:
            return {"totalSize": len(rows), "done": True, "records": []}
        asked = re.search(r"batchSize\s*=\s*(\d+)", call.headers.get("sforce-query-options", ""), re.IGNORECASE)
        size = min(max(int(asked[1]), _LEAST), _MOST) if asked else self.query_batch
        cursor = Cursor(found, rows, min(size, call.page_cap or size), call.now.timestamp() + _LIVES)
        return self._page(cursor, 0, call, "")

    def _more(self, call: Call) -> dict[str, Any]:
        key, _, offset = call.slots["locator"].rpartition("-")
        cursor = self._cursors.get(key)
        if cursor is None or not offset.isdigit() or cursor.ends <= call.now.timestamp():
            raise no("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, int(offset), call, key)

    def _page(self, cursor: Cursor, start: int, call: Call, key: str) -> dict[str, Any]:
        version = call.slots["version"]
        end = start + cursor.size
        rows = [cursor.run.show(row, version) for row in cursor.rows[start:end]]
        done = end >= len(cursor.rows)
        answer: dict[str, Any] = {"totalSize": len(cursor.rows), "done": done}
        if not done:
            key = key or ids.long(self.org.ids.new("01g"))
            self._cursors[key] = cursor
            answer["nextRecordsUrl"] = f"/services/data/v{version}/query/{key}-{end}"
        return {**answer, "records": rows}
