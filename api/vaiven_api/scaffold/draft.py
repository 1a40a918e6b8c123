"""What a new connector is made of, before it is written as code."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the connection.

    Args:
        name: Python name.
        title: what a form calls it.
        help: what it is.
        example: a value that fits.
        choices: the only values, when there are few.
    """

    name: str
    title: str
    help: str
    example: str
    choices: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """What a value looks like: it may stand in an address, so it lets nothing through that would lead elsewhere."""
        return f"^({'|'.join(self.choices)})$" if self.choices else "^[A-Za-z0-9][A-Za-z0-9-]{0,60}$"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to sign in.

    Args:
        code: the expression that makes it, `Bearer()`.
        name: imported from `vaiven_sdk`.
        access: the expression with which the simulator checks it.
        access_name: imported from `vaiven_sdk.testing`.
        fields: names of the credential's values.
        evidence: why this one.
    """

    code: str
    name: str
    access: str
    access_name: str
    fields: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list goes on.

    Args:
        code: the expression `Page.cursor(...)`; empty for one page.
        by: the simulator's expression, `ByCursor("after")`.
        by_name: imported from `vaiven_sdk.testing`; empty for one page.
        pages: further arguments of the simulator's `Pages`, in code.
        evidence: what it was guessed from.
    """

    code: str
    by: str
    by_name: str
    pages: tuple[str, ...]
    evidence: str

    @property
    def ends_unfull(self) -> bool:
        """Whether the end follows from the size asked for, so that no page may be smaller for another reason."""
        # A total counts records: with page numbers it becomes a number of pages by their size.
        told = {"next", "next_url", "more", "link"} | ({"total"} if self.by_name == "ByOffset" else set())
        return not any(one.split("=")[0] in told for one in self.pages)


@dataclass(slots=True)
class Field:
    """One field of a record.

    Args:
        name: Python name.
        path: dotted path in the vendor's JSON.
        type: Python type without None.
        nullable: it may be null or absent.
        to: unified field, when that is beyond doubt.
        ref: stream whose ids it holds.
        values: the vendor's enum.
        same: the enum's values that are the unified ones, too.
    """

    name: str
    path: str
    type: str
    nullable: bool = True
    to: str | None = None
    ref: str | None = None
    values: tuple[str, ...] = ()


@dataclass(slots=True)
class Collection:
    """One list of records, hence one stream.

    Args:
        stream: name of the stream.
        record: name of the record class.
        entity: name of the unified entity's class.
        path: below the base address.
        items: dotted path of the array in the answer; None when the answer is the array.
        key: Python name of the id.
        fields: of a record.
        page: how the list goes on.
        params: constant query parameters.
        since: query parameter that asks for what changed, and how it was recognised.
        cursor: Python name of the field that holds the last change.
        source: the operation that it was drafted from.
        scopes: what OAuth must grant.
        maybe: suggestions for the mapping that a person must decide.
        left_out: properties that were not drafted, with the reason.
    """

    stream: str
    record: str
    entity: str
    path: str
    items: str | None
    key: str
    fields: list[Field]
    page: Paging
    params: dict[str, str] = field(default_factory=dict)
    since: str | None = None
    cursor: str | None = None
    source: str = ""
    scopes: tuple[str, ...] = ()
    maybe: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """A whole connector.

    Args:
        slug: of the connector.
        name: the vendor's product.
        category: from the closed list.
        base_url: with `{config.x}` slots.
        docs: the vendor's documentation.
        settings: what a customer is asked.
        ways: to sign in.
        collections: hence streams.
        source: what it was drafted from, for README and cassettes.
        account: path that tells whose account it is, and the id's and the name's places; None reads one record.
        undone: what could not be drafted, a line each.
    """

    slug: str
    name: str
    category: str
    base_url: str
    docs: str
    settings: list[Setting]
    ways: list[Way]
    collections: list[Collection]
    source: str
    headers: dict[str, str] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)
