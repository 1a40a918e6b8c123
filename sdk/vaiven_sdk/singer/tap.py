"""A connector as a Singer tap: one plain stream a stream, read through our own HTTP client."""

from __future__ import annotations

import json
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import msgspec
from singer_sdk import Stream as SingerStream
from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.io_base import SingerWriter
from singer_sdk.singerlib import StateMessage

from vaiven_sdk.limits import Throttle
from vaiven_sdk.session import Session
from vaiven_sdk.singer.loop import call, crossing
from vaiven_sdk.singer.reading import Page, Reading, tells_deletions
from vaiven_sdk.singer.schema import DELETED_AT, stream_schema
from vaiven_sdk.singer.settings import client, completed, config_schema

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from singer_sdk.singerlib import SelectionMask

    from vaiven_sdk.config import Config
    from vaiven_sdk.connector import Connector
    from vaiven_sdk.stream import Stream

POSITION = "vaiven"
"""Key, in a stream's bookmark, of its position; opaque to everybody else."""
LOG_BASED = "LOG_BASED"
"""Singer's name for a stream whose changes come from the vendor's own log, not from a field of the record."""
FULL_TABLE = "FULL_TABLE"
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


class Writer(SingerWriter):
    """Messages to standard output. What a killed run had not flushed comes before no STATE, so it is read again."""

    def serialize_message(self, message: Any) -> str:
        """One message as a line of JSON."""
        given = message.to_dict()
        try:
            return _ENCODER.encode(given).decode()
        except OverflowError:
            # A whole number of more than 64 bits.
            return json.dumps(given, default=str, ensure_ascii=False, separators=(",", ":"))

    def write_message(self, message: Any) -> None:
        """Write a message; rows wait for the STATE after them."""
        sys.stdout.write(self.format_message(message) + "\n")
        if message.type != "RECORD":
            sys.stdout.flush()


class ConnectorStream(SingerStream):
    """One stream of a connector.

    Args:
        tap: which it belongs to.
        stream: the connector's.
    """

    # Rows are made from the record class that the schema is made from: there is nothing to conform.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: ConnectorTap, stream: Stream[Any, Any]) -> None:
        self.deletions = tells_deletions(stream)
        super().__init__(tap, schema=stream_schema(stream.record, deletions=self.deletions), name=stream.name)
        self.stream = stream
        self.primary_keys = list(stream.record.__key__)
        if stream.incremental:
            self.replication_key = stream.record.__cursor__
            if self.replication_key is None:
                self.forced_replication_method = LOG_BASED

    @property
    def mask(self) -> SelectionMask:
        """What is selected: a row of a deleted record is never told without saying so."""
        mask = super().mask
        if self.deletions:
            mask["properties", DELETED_AT] = True
        return mask

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
        """Rows from where the STATE says; after each page the STATE moves on."""
        tap = cast("ConnectorTap", self._tap)
        full = self.replication_method == FULL_TABLE
        # A version is activated after a complete read alone: there a killed one begins again.
        position = {} if full and self.emit_activate_version_messages else self._position()
        reading = Reading(Session(tap.settings, tap.unused), self.stream, position, full=full)
        for page in crossing(tap.pages(reading)):
            for reason in page.bad:
                self.logger.warning("A record of %s was left out: %s", self.name, reason)
            yield from page.rows
            self._move(page.position)

    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """Rows go to standard output, never to files."""

    def _position(self) -> dict[str, Any]:
        bookmark = self.stream_state
        found = bookmark.get(POSITION)
        if isinstance(found, dict):
            return dict(found)
        value = bookmark.get("replication_key_value")
        return {"since": str(value)} if value is not None else {}

    def _move(self, position: dict[str, Any]) -> None:
        bookmark = self.stream_state
        bookmark[POSITION] = position
        if self.replication_key and position.get("since"):
            bookmark["replication_key"] = self.replication_key
            bookmark["replication_key_value"] = position["since"]
        # Also when it is the same as before: rows that no STATE follows are not confirmed by a target.
        self._tap.write_message(StateMessage(value=self.tap_state))
        self.state_manager.is_flushed = True

    # The position says all that singer-sdk would note beside it.

    def _write_starting_replication_value(self, context: Any) -> None:
        pass

    def _write_replication_key_signpost(self, context: Any, value: Any) -> None:
        pass

    def _increment_stream_state(self, latest_record: Any, *, context: Any = None) -> None:
        pass

    def _process_record(self, record: Any, child_context: Any = None, partition_context: Any = None) -> None:
        pass


class ConnectorTap(Tap):
    """A connector as a tap; `tap_class` makes the class of one."""

    connector: Connector[Any]
    message_writer_class = Writer
    capabilities = [one for one in Tap.capabilities if one is not PluginCapabilities.BATCH]  # noqa: RUF012 - as in Tap

    def __init__(self, **options: Any) -> None:
        self._throttle: Throttle | None = None
        self._settings: Config | None = None
        super().__init__(**options)

    def discover_streams(self) -> list[ConnectorStream]:
        """The connector's streams."""
        return [ConnectorStream(self, stream) for stream in self.connector.streams.values()]

    @property
    def throttle(self) -> Throttle:
        """What keeps all of the tap's streams within the account's limits."""
        if self._throttle is None:
            self._throttle = Throttle(self.connector.limits)
        return self._throttle

    @property
    def settings(self) -> Config:
        """The connector's settings, completed by the vendor where it does."""
        if self._settings is None:
            self._settings = call(completed(self.connector, self.config, self.throttle))
        return self._settings

    async def pages(self, reading: Reading) -> AsyncGenerator[Page, None]:
        """The pages of one read, with a client of its own that is closed after it."""
        async with client(self.connector, self.config, self.throttle, self._settings) as http:
            reading.session = Session(http.config, http.send)
            async with aclosing(reading.pages()) as pages:
                async for page in pages:
                    yield page

    @staticmethod
    async def unused(*_: Any, **__: Any) -> Any:
        """Stands in for a client until the read begins."""
        raise AssertionError("a read without its client")


def tap_class(connector: Connector[Any]) -> type[ConnectorTap]:
    """The Singer tap of a connector: `tap_class(hubspot)(config={"token": ...}).sync_all()` writes its messages.

    Args:
        connector: any; its streams become the tap's.
    """
    return type(
        f"Tap{connector.slug.title().replace('_', '')}",
        (ConnectorTap,),
        {
            "name": f"tap-{connector.slug}",
            "package_name": "vaiven-sdk",
            "connector": connector,
            "config_jsonschema": config_schema(connector),
            "__doc__": f"{connector.name} by its Vaiven connector.",
        },
    )
