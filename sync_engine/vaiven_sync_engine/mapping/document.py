"""A mapping as data: what a customer wants of one account, stream by stream and field by field.

What is not said stays as the connector has it, so an empty mapping is the default one.
"""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec

from vaiven_sync_engine.errors import InputInvalid
from vaiven_sync_engine.mapping.transforms import Transform

Direction = Literal["both", "in", "out", "off"]


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A test of one unified value of a record.

    Args:
        field: unified name.
        op: `eq`, `ne`, `in`, `not_in`, `contains` (of a set or a text), `less`, `greater`, `exists`, `missing`.
        value: what it is compared with; a list for `in` and `not_in`.
    """

    field: str
    op: Literal["eq", "ne", "in", "not_in", "contains", "less", "greater", "exists", "missing"]
    value: str | int | float | bool | list[str | int | float | bool] | None = None


class FieldRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What becomes of one field.

    Args:
        direction: `in` is read and never written, `out` written and never read, `off` neither.
        to: the unified field that it becomes instead of its own, as in `custom.shared.size`.
        owner: this account's word counts for the field, whatever others say.
        empty: `keep` lets no emptiness pass, in neither direction.
        read: steps on the way in.
        write: steps on the way out; those of `read` backwards when left out.
    """

    direction: Direction = "both"
    to: str | None = None
    owner: bool = False
    empty: Literal["clear", "keep"] = "clear"
    read: tuple[Transform, ...] = ()
    write: tuple[Transform, ...] | None = None


class StreamRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What becomes of one stream.

    Args:
        direction: of every field that does not say its own; `off` leaves the stream out.
        filter: all must hold, or the record takes no part: it is neither taken in nor written to.
        fields: by the connector's unified name.
    """

    direction: Direction = "both"
    filter: tuple[Condition, ...] = ()
    fields: dict[str, FieldRule] = {}


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a customer wants of one account, by stream."""

    streams: dict[str, StreamRule] = {}


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How two different edits of one unified field are settled.

    Args:
        rule: `last_writer`; `prefer_non_blank` (emptiness never wins); `largest`, `smallest`; `manual` (both stay until
            somebody decides); `custom` (a function of the installation, by `name`).
        name: of the function.
    """

    rule: Literal["last_writer", "prefer_non_blank", "largest", "smallest", "manual", "custom"]
    name: str | None = None


class Policies(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The tenant's rules, by kind and unified field; what is not said stays as the model has it."""

    kinds: dict[str, dict[str, Policy]] = {}


def read_mapping(text: str | bytes) -> Mapping:
    """A mapping from its JSON.

    Raises:
        InputInvalid: it is no mapping; where and why.
    """
    return cast("Mapping", _read(text, Mapping, "mapping"))


def read_policies(text: str | bytes) -> Policies:
    """The rules from their JSON; raises as `read_mapping`."""
    return cast("Policies", _read(text, Policies, "set of rules"))


def text_of(document: Mapping | Policies) -> str:
    """The JSON of a document: the same for the same document."""
    return msgspec.json.encode(document, order="deterministic").decode()


def _read(text: str | bytes, kind: type[Any], what: str) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, ValueError) as problem:
        raise InputInvalid(
            f"That is no {what}.",
            why=str(problem),
            remedy="`vaiven mapping show NAME --json` prints one that is; the page on mappings has every word.",
        ) from None
