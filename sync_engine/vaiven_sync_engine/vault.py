"""Credentials at rest: sealed with AES-256-GCM and bound to the connection that they belong to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vaiven_sdk.errors import OperatorError
from vaiven_sync_engine.errors import KeyMissing
from vaiven_sync_engine.store.address import Address, address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "VAIVEN_KEY"
"""Environment variable with the key: 32 bytes in base64. Several are parted by commas; the first one seals."""
KEY_BYTES = 32

# version (1) | key id (8) | nonce (12) | ciphertext and tag. A later layout with a data key per tenant takes version 2.
_VERSION = 1
_ID, _NONCE, _TAG = 8, 12, 16
_HEAD = 1 + _ID + _NONCE
_FIELD_SET = 1
"""Version of what is inside: a JSON object of texts."""


class KeyExposed(OperatorError):
    """Others on this machine can read the key that opens the stored credentials."""

    code = "key_exposed"
    remedy = "Take their rights away (`chmod 600`), and replace the key if they may have read it."


class CredentialDamaged(OperatorError):
    """A stored credential was altered, or was sealed for another connection."""

    code = "credential_damaged"
    remedy = "Connect the account again, or restore the store from a backup."


class Redacted(Mapping[str, str]):
    """A credential in use: read it by name; printing, logging or pickling it gives no value away."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Redacted({', '.join(sorted(self._values))})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a credential is not pickled: seal it")


class Vault:
    """Seals and opens the credentials of one store.

    A key seals at most 2**32 credentials safely (random 96-bit nonces, NIST SP 800-38D 8.3), far more than a store
    ever holds. To replace a key, put the new one in front of the old one, then seal again what `stale` names.

    Args:
        keys: each 32 bytes; the first seals, all of them open.
        path: key file that is read, or made by the first `seal`, when there are no `keys`.

    Raises:
        KeyMissing: a key that is not 32 bytes.
    """

    __slots__ = ("_keys", "_path")

    def __init__(self, keys: Sequence[bytes] = (), *, path: Path | None = None) -> None:
        if any(len(key) != KEY_BYTES for key in keys):
            raise KeyMissing("The key has the wrong length.", why=f"it must be {KEY_BYTES} bytes")
        self._keys = {_key_id(key): key for key in keys}
        self._path = path

    @classmethod
    def at(cls, store: str | Address, environment: Mapping[str, str] | None = None) -> Self:
        """The vault of the store at this place: with the key in `VAIVEN_KEY`, else with the one in `<store>.key`.

        Args:
            store: path of the store; the key file is made beside it, readable by its owner alone, on first use. A
                store on Postgres has no such place: its key is the variable's.
            environment: instead of the process's own.

        Raises:
            KeyMissing: `VAIVEN_KEY` or the file holds something that is no key.
            KeyExposed: others may read the file.
        """
        given = (os.environ if environment is None else environment).get(VARIABLE, "")
        if given.strip():
            return cls([_decode(part, VARIABLE) for part in given.split(",")])
        where = address_of(store)
        if not isinstance(where, Path):
            return cls()
        path = Path(f"{where}.key")
        return cls(_read(path), path=path)

    def seal(self, tenant: str, connection: str, credential: Mapping[str, str]) -> bytes:
        """The credential as one envelope that opens for this tenant's connection only.

        Raises:
            KeyMissing: there is no key and none can be made.
        """
        if not self._keys:
            self._make()
        key_id, key = next(iter(self._keys.items()))
        head = bytes([_VERSION]) + key_id + secrets.token_bytes(_NONCE)
        plain = msgspec.json.encode(dict(credential))
        return head + AESGCM(key).encrypt(head[-_NONCE:], plain, _bound(head, tenant, connection))

    def open(self, tenant: str, connection: str, envelope: bytes) -> Redacted:
        """The credential in an envelope.

        Raises:
            KeyMissing: it was sealed with a key that is not here.
            CredentialDamaged: it was altered, or sealed for another tenant or connection.
        """
        head, sealed = envelope[:_HEAD], envelope[_HEAD:]
        if len(sealed) < _TAG or head[0] != _VERSION:
            why = "it is too short" if len(sealed) < _TAG else f"layout {head[0]} is not known here"
            raise CredentialDamaged(f"The credential of connection {connection} cannot be read.", why=why)
        key = self._keys.get(key_id := head[1 : 1 + _ID])
        if key is None:
            raise KeyMissing(
                f"The key that seals the credential of connection {connection} is not here.",
                why=f"it has the id {key_id.hex()}; {self._have()}",
            )
        try:
            plain = AESGCM(key).decrypt(head[-_NONCE:], sealed, _bound(head, tenant, connection))
        except InvalidTag:
            raise CredentialDamaged(
                f"The credential of connection {connection} does not open.",
                why="it was altered, or it was sealed for another tenant or connection",
            ) from None
        return Redacted(msgspec.json.decode(plain, type=dict[str, str]))

    def stale(self, envelope: bytes) -> bool:
        """Whether the envelope was sealed with another key or layout than `seal` takes now."""
        current = next(iter(self._keys), b"")
        return envelope[: 1 + _ID] != bytes([_VERSION]) + current

    def __repr__(self) -> str:
        return f"Vault({', '.join(key_id.hex() for key_id in self._keys) or 'no key yet'})"

    def _have(self) -> str:
        if self._keys:
            return f"here is {', '.join(key_id.hex() for key_id in self._keys)}"
        return f"there is no key file {self._path}" if self._path else "no key is given"

    def _make(self) -> None:
        if self._path is None:
            raise KeyMissing(
                "There is no key to seal a credential with.",
                remedy=f"Set {VARIABLE} to {KEY_BYTES} random bytes in base64, and keep a copy of it in a safe place.",
            )
        # Complete before it has its name: a crash leaves no half a key, and of two processes one makes it.
        try:
            handle, draft = tempfile.mkstemp(prefix=f".{self._path.name}-", dir=self._path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
                os.link(draft, self._path)
            except FileExistsError:
                pass
            finally:
                Path(draft).unlink()
        except OSError as problem:
            raise KeyMissing(
                f"The key file {self._path} cannot be made.",
                why=str(problem.strerror or problem),
                remedy=f"Make its folder writable, or set {VARIABLE} to {KEY_BYTES} random bytes in base64.",
            ) from None
        self._keys = {_key_id(key): key for key in _read(self._path)}


def _read(path: Path) -> list[bytes]:
    """The keys in a file, one a line; none when there is no file."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeyExposed(f"Others on this machine can read or change the key file {path}.")
            lines = file.read(4096).decode("ascii", "replace").split()
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise KeyMissing(f"The key file {path} cannot be read.", why=str(problem.strerror)) from None
    if not lines:
        raise KeyMissing(f"The key file {path} is empty.")
    return [_decode(line, str(path)) for line in lines]


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyMissing(f"{where} holds no key.", why=f"a key is {KEY_BYTES} bytes in base64, 44 characters")
    return key


def _key_id(key: bytes) -> bytes:
    """A name for the key that says nothing about it."""
    return hashlib.sha256(b"vaiven key id\0" + key).digest()[:_ID]


def _bound(head: bytes, tenant: str, connection: str) -> bytes:
    """What the envelope is bound to; each part with its length, so that no two places spell the same."""
    parts = [head[: 1 + _ID], bytes([_FIELD_SET]), tenant.encode(), connection.encode()]
    return b"".join(len(part).to_bytes(4) + part for part in parts)
