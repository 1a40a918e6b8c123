"""An added tap as a connector that is only read: a stream for each mapped one, read by running the tap."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vaiven_registry import Entry as Listed
from vaiven_sdk import Batch, Config, Connector, Deletes, Session, Window
from vaiven_sdk.auth import Auth, Input, Outgoing
from vaiven_sdk.errors import ConfigInvalid
from vaiven_sync_engine.singer.catalog import selected
from vaiven_sync_engine.singer.errors import TapNotInstalled
from vaiven_sync_engine.singer.messages import Reception
from vaiven_sync_engine.singer.process import flags, private_files, running, secrets_of
from vaiven_sync_engine.singer.shape import record_class

if TYPE_CHECKING:
    from vaiven_sync_engine.singer.catalog import Entry
    from vaiven_sync_engine.singer.home import Tap, Taps
    from vaiven_sync_engine.singer.mapping import StreamMap

CONFIG = "config"
"""The credential's one value: the tap's whole config as JSON, for any of it may be secret."""


@dataclass(frozen=True)
class TapConfig(Auth):
    """A tap signs its own requests: what it needs is in its config, which is kept like a credential."""

    kind: ClassVar[str] = "singer"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The config."""
        return (Input(CONFIG, "Config (JSON)", "The tap's settings as one JSON object; see the tap's documentation."),)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Nothing: no request of a tap is ours."""


class TapSession(Session[Config]):
    """What a tap's readers hold: its config instead of a way to call the vendor."""

    __slots__ = ("tap_config",)

    def __init__(self, config: Config, tap_config: Mapping[str, Any]) -> None:
        super().__init__(config, self._refused)
        self.tap_config = tap_config

    @staticmethod
    async def _refused(*_: Any, **__: Any) -> Any:
        raise ConfigInvalid("A Singer tap calls its vendor by itself.")


def decoded(text: str) -> dict[str, Any]:
    """A tap's config from its JSON.

    Raises:
        ConfigInvalid: it is none; the text is not repeated.
    """
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigInvalid(
            "The tap's config is no JSON object.", remedy="Give the tap's config file as it is."
        ) from None


def connector_of(tap: Tap) -> Connector[Config]:
    """The connector of an added tap; streams that are not mapped are not there.

    Raises:
        MappingInvalid: its mapping has a mistake.
    """
    facts = tap.facts
    connector = Connector(
        facts.name,
        Config,
        name=f"{facts.executable} (Singer)",
        category="data",
        base_url="https://singer.invalid",
        auth=[TapConfig()],
    )
    connector.hooks["session"] = _session
    known = tap.entries
    for name, mapped in tap.mapping().items():
        _add_stream(connector, tap, known[name], mapped)
    return connector


def listed(taps: Taps) -> list[Listed]:
    """The added taps as the registry lists connectors."""
    return [_listed(name, tap) for name, tap in taps.all().items()]


def _listed(name: str, tap: Tap) -> Listed:
    try:
        package, version = tap.facts.package, tap.facts.version
    except TapNotInstalled:
        # Loading it says what is wrong; the other connections are not to suffer from it.
        package, version = "a damaged tap", ""
    return Listed(
        slug=name,
        module=__name__,
        attribute=name,
        distribution=f"{package}, Singer (unrated)",
        version=version,
        make=partial(connector_of, tap),
    )


def _session(config: Config, credential: Mapping[str, str]) -> TapSession:
    return TapSession(config, decoded(credential[CONFIG]))


def _add_stream(connector: Connector[Config], tap: Tap, entry: Entry, mapped: StreamMap) -> None:
    complete = entry.method == "FULL_TABLE" if mapped.incremental is None else not mapped.incremental
    # A tap that reads from a start date on does not show everything, so what is missing proves nothing.
    stream = connector.stream(
        record_class(entry, mapped), name=entry.id, deletes=Deletes.FULL_SCAN if complete else Deletes.TOMBSTONES
    )
    reader = _reader(tap, entry, mapped, stream.record)
    stream.reader("full")(reader("full"))
    if not complete:
        stream.reader("changes")(reader("changes"))


def _reader(tap: Tap, entry: Entry, mapped: StreamMap, record: Any) -> Any:
    names = frozenset({entry.id, entry.name})

    def remote_id(row: bytes) -> str:
        return str(record.model_validate_json(row).remote_id)

    def reader(kind: str) -> Any:
        async def read(session: TapSession, window: Window, state: Any) -> AsyncGenerator[Batch, None]:
            begin = state if state is not None else _state_of(window.since) if kind == "changes" else None
            wanted = {entry.id, *mapped.also}
            fields = {entry.id: {*mapped.key, *mapped.fields, *([mapped.version] if mapped.version else [])}}
            files = {
                "config.json": session.tap_config,
                "catalog.json": selected(tap.catalog or {"streams": []}, wanted, fields),
                "state.json": begin,
            }
            secrets = secrets_of(dict(session.tap_config))
            title = tap.facts.executable
            with private_files(tap.private, files) as place:
                given = {name: place / f"{name}.json" for name in ("config", "catalog", "state")}
                command = [tap.command, *flags(**given)]
                async with running(command, title, private=place, secrets=secrets) as run:
                    reception = Reception(run, names, remote_id, begin)
                    async with aclosing(reception.batches()) as batches:
                        async for batch in batches:
                            yield batch

        return read

    return reader


def _state_of(since: str | None) -> Any:
    """The STATE that was kept; None where an engine's own time stands instead, because the tap gave none."""
    try:
        found = json.loads(since or "null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
