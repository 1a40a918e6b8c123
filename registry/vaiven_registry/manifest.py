"""What is known of a connector without importing it."""

from __future__ import annotations

from dataclasses import dataclass, field

from vaiven_registry.quality import Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way to sign requests.

    Args:
        kind: `bearer`, `basic`, `oauth2`.
        fields: names of the credential's values, in the order a form asks for them.
        scopes: what OAuth asks for when all streams are read and written.
    """

    kind: str
    fields: tuple[str, ...]
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One scope that the vendor must grant.

    Args:
        name: as the vendor spells it.
        why: what it is for.
        write: needed only where something is written.
    """

    name: str
    why: str
    write: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that the customer is asked for beside the credential.

    Args:
        name: key of the connection's settings.
        type: `string`, `integer`, `number`, `boolean` or `array`.
        required: False when the connector has a default or finds it by itself.
        pattern: regular expression that a string must match.
        title: label of the input.
        help: where the customer finds the value.
        example: a value of the right shape.
        choices: the only values there are.
    """

    name: str
    type: str
    required: bool
    pattern: str = ""
    title: str = ""
    help: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamManifest:
    """One kind of record.

    Args:
        name: the stream's name within its connector.
        entity: kind of the unified entity that its records become.
        direction: `read` or `both`.
        incremental: whether a second sync reads just what changed.
        writes: operations there are: `create`, `update`, `delete`.
        guarantee: `exact`, `audited` or `at-least-once`; see `vaiven_sdk.guarantees`.
        guard: how a write is kept from overwriting an unseen edit; None when nothing is written.
        create_key: what stops a repeated create from making a second record; None when nothing is created.
        deletes: how deletions become known.
        scopes: what the vendor must grant for it.
        erases: whether a person's request to be forgotten can be carried out here.
        custom: whether it has fields that an account's owner added.
    """

    name: str
    entity: str
    direction: str
    incremental: bool
    writes: tuple[str, ...]
    guarantee: str
    guard: str | None
    create_key: str | None
    deletes: str
    scopes: tuple[Permission, ...] = ()
    erases: bool = False
    custom: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A connector's declaration as plain values: from the index, or from the loaded connector.

    Args:
        slug: the connector's name in commands and addresses.
        name: the vendor's product name.
        category: `crm`, `email`, `ads`, `payments`, ...
        module: where the connector is.
        attribute: its name in the module.
        base_url: where paths begin; may hold `{config.x}`.
        hosts: further hosts that requests may go to, as `*.example.com`.
        docs: where the vendor documents its API.
        auth: ways to sign, preferred first.
        config: settings beside the credential.
        streams: kinds of record, in the connector's order.
        has_simulator: whether a simulator of the vendor comes with it.
        scopes: what the vendor must grant whichever streams are used.
        quality: how good it is, as published beside it.
    """

    slug: str
    name: str
    category: str
    module: str
    attribute: str
    base_url: str
    hosts: tuple[str, ...]
    docs: str
    auth: tuple[Scheme, ...]
    config: tuple[Setting, ...]
    streams: tuple[StreamManifest, ...]
    has_simulator: bool
    scopes: tuple[Permission, ...] = ()
    quality: Quality = field(default_factory=Quality)
