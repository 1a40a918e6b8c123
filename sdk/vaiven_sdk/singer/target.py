"""A connector as a Singer target: a sink for each stream that it writes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from singer_sdk import Target
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from singer_sdk.sinks import BatchSink, Sink

from vaiven_sdk.errors import ConfigInvalid, CustomerError
from vaiven_sdk.limits import Throttle
from vaiven_sdk.session import Session
from vaiven_sdk.singer.loop import call
from vaiven_sdk.singer.reading import Reading
from vaiven_sdk.singer.schema import DELETED_AT
from vaiven_sdk.singer.settings import client, completed, config_schema
from vaiven_sdk.singer.wanted import RowInvalid, Wanted, wanted_of
from vaiven_sdk.singer.writing import Writing, Written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sdk.config import Config
    from vaiven_sdk.connector import Connector
    from vaiven_sdk.stream import Stream
    from vaiven_sdk.write import Outcome

ROWS = 500
"""Rows that a sink gathers before it writes them."""
_TOLD = 100
"""Rejected rows that are told one by one; the rest is counted."""


class RecordsRejected(CustomerError):
    """The tool refused some rows, and `fail_on_rejected` says that this is a failure."""

    code = "records_rejected"
    remedy = "Read the reasons above, correct the rows at their source, and run it again: what was written stays."


SETTINGS: dict[str, Any] = {
    "fields": {
        "type": "string",
        "enum": ["unified", "connector"],
        "default": "unified",
        "description": "Whose names the rows' fields have: the unified model's, or the connector's as its tap gives.",
    },
    "streams": {
        "type": ["object", "null"],
        "additionalProperties": {"type": "string"},
        "description": "Where rows of other names go: the incoming stream's name to the connector's.",
    },
    "unknown_streams": {
        "type": "string",
        "enum": ["fail", "ignore"],
        "default": "fail",
        "description": "What becomes of rows that have no stream here.",
    },
    "own_ids": {
        "type": "boolean",
        "default": False,
        "description": "The rows carry this account's own ids in the connector's key fields.",
    },
    "fail_on_rejected": {
        "type": "boolean",
        "default": False,
        "description": "End with an error when the tool refused a row.",
    },
    "delete_marked": {
        "type": "boolean",
        "default": False,
        "description": f"Delete the records of rows with {DELETED_AT}; such rows are left out otherwise.",
    },
    "activate_version": {
        "type": "boolean",
        "default": False,
        "description": "At an ACTIVATE_VERSION delete the records that this run did not bring.",
    },
}


class Ignored(BatchSink):
    """Rows that have no stream here and may be left out."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Count them."""
        cast("ConnectorTarget", self._target).counts["ignored"] += len(context.get("records", ()))

    def __init__(self, target: Target, *rest: Any, **named: Any) -> None:
        self._target = target
        super().__init__(target, *rest, **named)


class StreamSink(Ignored):
    """Writes the rows of one stream."""

    def __init__(self, target: Target, *rest: Any, **named: Any) -> None:
        super().__init__(target, *rest, **named)
        self.owner = cast("ConnectorTarget", target)
        self.stream = self.owner.stream_of(self.stream_name)
        self.ids: set[str] = set()
        self.activated = False

    @property
    def max_size(self) -> int:
        """Rows of a batch."""
        return self.batch_size_rows or ROWS

    @property
    def include_sdc_metadata_properties(self) -> bool:
        """Kept, so that a row that is marked as deleted is not taken for a live one."""
        return True

    @property
    def process_activate_version_messages(self) -> bool:
        """Only when asked for."""
        return bool(self.config.get("activate_version"))

    def activate_version(self, new_version: int) -> None:
        """Note it; what this run did not bring is deleted at its end, for taps send the message at the start, too."""
        self.activated = True

    def process_batch(self, context: dict[str, Any]) -> None:
        """Write a batch and tell what was rejected."""
        rows = []
        for row in context.get("records", ()):
            try:
                wanted = self._wanted(row)
            except RowInvalid as problem:
                self.owner.reject(self.stream_name, self._label(row), "invalid", str(problem))
                continue
            if wanted is not None:
                rows.append((wanted, self._label(row)))
        if not rows:
            return
        labels = {wanted.hub_id: label for wanted, label in rows}
        written = call(self.owner.write(self.stream, [wanted for wanted, _ in rows]))
        self.ids |= written.ids
        self.owner.counts["repeated"] += len(rows) - len(labels)
        for wanted, outcome in written.outcomes:
            self.owner.tell(self.stream_name, labels[wanted.hub_id], outcome)

    def _wanted(self, row: Mapping[str, Any]) -> Wanted | None:
        deleted = row.get(DELETED_AT) is not None
        if deleted and not self.config.get("delete_marked"):
            self.owner.counts["marked_deleted"] += 1
            return None
        given = {name: value for name, value in row.items() if not name.startswith("_sdc_")}
        return wanted_of(
            self.stream,
            given,
            self.key_properties,
            unified=self.config.get("fields", "unified") == "unified",
            own_ids=bool(self.config.get("own_ids")),
            deleted=deleted,
        )

    def _label(self, row: Mapping[str, Any]) -> str:
        return "/".join(str(row.get(name)) for name in self.key_properties) or "a row without a key"

    def _parse_timestamps_in_record(self, *_: Any, **__: Any) -> None:
        """Times stay texts: the record's own class reads them."""


class ConnectorTarget(Target):
    """A connector as a target; `target_class` makes the class of one."""

    connector: Connector[Any]
    default_sink_class = StreamSink
    capabilities = [  # noqa: RUF012 - as in Target
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    def __init__(self, **options: Any) -> None:
        self.counts: Counter[str] = Counter()
        self.throttle: Throttle | None = None
        self.settings: Config | None = None
        self.ready = False
        super().__init__(**options)
        # A deal refers to its company: sinks are emptied in the order in which their streams came.
        self.max_parallelism = 1

    def get_sink_class(self, stream_name: str) -> type[Sink]:
        """The sink of a stream.

        Raises:
            ConfigInvalid: there is no such stream to write to.
        """
        if self._name_of(stream_name) in self.writable:
            return StreamSink
        if self.config.get("unknown_streams") == "ignore":
            return Ignored
        raise ConfigInvalid(
            f"{self.connector.name} has no stream {stream_name!r} to write to.",
            why=f"it writes {', '.join(self.writable) or 'none'}",
            remedy='Name its stream in the setting "streams", or set "unknown_streams" to "ignore".',
        )

    @property
    def writable(self) -> dict[str, Stream[Any, Any]]:
        """The streams that can be written, by name."""
        return {name: stream for name, stream in self.connector.streams.items() if stream.writers}

    def stream_of(self, stream_name: str) -> Stream[Any, Any]:
        """The connector's stream for rows of this name."""
        return self.writable[self._name_of(stream_name)]

    async def write(self, stream: Stream[Any, Any], rows: Sequence[Wanted]) -> Written:
        """Write rows, with a client of their own that is closed afterwards."""
        async with await self._client() as http:
            session: Session[Any] = Session(http.config, http.send)
            if not self.ready and "prepare" in self.connector.hooks:
                await self.connector.hooks["prepare"](session)
            self.ready = True
            return await Writing(session, stream).write(rows)

    def process_endofpipe(self) -> None:
        """Write what is left, sum up, and fail where that was asked for.

        Raises:
            RecordsRejected: the tool refused rows, and `fail_on_rejected` is set.
        """
        super().process_endofpipe()
        for sink in self._sinks_active.values():
            if isinstance(sink, StreamSink) and sink.activated and sink.ids:
                call(self._sweep(sink))
        summary = ", ".join(f"{count:,} {name}" for name, count in sorted(self.counts.items()) if count)
        self.logger.info("Written: %s", summary or "nothing")
        if self.counts["rejected"] and self.config.get("fail_on_rejected"):
            raise RecordsRejected(f"{self.connector.name} refused {self.counts['rejected']:,} rows.", why=summary)

    def tell(self, stream_name: str, label: str, outcome: Outcome) -> None:
        """Count one outcome; a refusal is told with its reason."""
        if outcome.status in {"rejected", "overtaken"}:
            self.reject(stream_name, label, outcome.code or outcome.status, outcome.reason)
        else:
            self.counts[outcome.status] += 1

    def reject(self, stream_name: str, label: str, code: str, reason: str) -> None:
        """Count a row that was not taken, and say why on standard error."""
        self.counts["rejected"] += 1
        if self.counts["rejected"] <= _TOLD:
            self.logger.warning("Rejected %s %s: %s (%s)", stream_name, label, reason or code, code)

    async def _client(self) -> Any:
        if self.throttle is None:
            self.throttle = Throttle(self.connector.limits)
        if self.settings is None:
            self.settings = await completed(self.connector, self.config, self.throttle)
        return client(self.connector, self.config, self.throttle, self.settings)

    async def _sweep(self, sink: StreamSink) -> None:
        """Delete what this run did not bring, unless it is so much that the run is to be doubted."""
        stream = sink.stream
        rows: list[Mapping[str, Any]] = []
        async with await self._client() as http:
            reading = Reading(Session(http.config, http.send), stream, {}, full=True)
            async for page in reading.pages():
                rows += [row for row in page.rows if not row.get(DELETED_AT)]
        key = stream.record.__key__
        left = [row for row in rows if "/".join(str(row[name]) for name in key) not in sink.ids]
        if len(left) > max(10, len(rows) * 0.5):
            raise RecordsRejected(
                f"ACTIVATE_VERSION would delete {len(left):,} of {len(rows):,} records of {stream.name}.",
                why="so many at once are more often a mistake than a wish; none was deleted",
            )
        wanted = [wanted_of(stream, row, key, unified=False, own_ids=True, deleted=True) for row in left]
        for _, outcome in (await self.write(stream, wanted)).outcomes if wanted else ():
            self.tell(sink.stream_name, str(outcome.id), outcome)

    def _name_of(self, stream_name: str) -> str:
        aliases: Mapping[str, str] = self.config.get("streams") or {}
        return aliases.get(stream_name, stream_name)


def target_class(connector: Connector[Any]) -> type[ConnectorTarget]:
    """The Singer target of a connector: it writes the rows of the streams that the connector writes.

    Args:
        connector: one with at least one stream that is written.
    """
    return type(
        f"Target{connector.slug.title().replace('_', '')}",
        (ConnectorTarget,),
        {
            "name": f"target-{connector.slug}",
            "package_name": "vaiven-sdk",
            "connector": connector,
            "config_jsonschema": config_schema(connector, SETTINGS),
            "__doc__": f"{connector.name} by its Vaiven connector.",
        },
    )
