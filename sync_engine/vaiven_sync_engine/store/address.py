"""Where a store is: a file, or a Postgres database."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from vaiven_sync_engine.errors import InputInvalid

SCHEMES = ("postgresql", "postgres")


class PostgresAddress:
    """The URL of a Postgres database; it shows host, database and user, and never the password or the options.

    Args:
        url: as libpq takes it: `postgresql://user:password@host:5432/database?option=value`.
    """

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def reveal(self) -> str:
        """The URL with everything that it holds, for the driver alone."""
        return self._url

    def __str__(self) -> str:
        try:
            parts = urlsplit(self._url)
        except ValueError:
            return "postgresql://?"
        who, _, where = parts.netloc.rpartition("@")
        user = who.partition(":")[0]
        return f"postgresql://{user}{'@' if user else ''}{where}{parts.path}"

    def __repr__(self) -> str:
        return f"PostgresAddress({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PostgresAddress) and other._url == self._url

    def __hash__(self) -> int:
        return hash(self._url)


Address = Path | PostgresAddress


def address_of(given: str | Address) -> Address:
    """A URL that begins with `postgresql://` is a database, what is no URL is the path of a file.

    Raises:
        InputInvalid: a URL of something else.
    """
    if not isinstance(given, str):
        return given
    scheme, mark, _ = given.partition("://")
    if not mark:
        return Path(given)
    if scheme.lower() not in SCHEMES:
        raise InputInvalid(
            f"There is no store of the kind {scheme}://.",
            remedy="Give the path of a file, or postgresql://user@host/database.",
        )
    return PostgresAddress(given)
