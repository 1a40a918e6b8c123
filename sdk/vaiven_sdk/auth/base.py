"""What every way to sign in has in common: its inputs, one request on its way out, and a token that ends."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from vaiven_sdk.config import SLOT, check_slots, fill
from vaiven_sdk.errors import ConfigInvalid

if TYPE_CHECKING:
    from vaiven_sdk.config import Config
    from vaiven_sdk.http import Answer


@dataclass(frozen=True, slots=True)
class Input:
    """One value of a credential, as a form or the command line asks for it.

    Args:
        name: of the value in the credential.
        label: what a form calls it; the name with blanks when left out.
        help: where the customer finds it, one sentence.
        secret: False for a value that may be shown while it is typed: a user name, a key's id.
        required: False for one that the scheme works without, or that a sign-in brings by itself.
        asked: False for one that nobody types, because a sign-in brings it.
    """

    name: str
    label: str = ""
    help: str = ""
    secret: bool = True
    required: bool = True
    asked: bool = True

    @property
    def title(self) -> str:
        """The label, or the name as words."""
        return self.label or self.name.replace("_", " ").capitalize()


@dataclass(slots=True)
class Outgoing:
    """One request on its way out; a scheme adds to its address and its headers what signs it.

    Args:
        method: in capitals.
        url: the full address, encoded as it will be sent.
        headers: names in lower case.
        body: the bytes that will be sent; a scheme reads them and does not change them.
    """

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


ACCESS = "access_token"
"""Under this name a credential keeps a token that was got."""

Call = Callable[[Outgoing], Awaitable["Answer"]]
"""Sends a token request as it is, with limits and retries; a refusal comes back as an answer."""


class Auth(ABC):
    """One way to sign requests. Subclass it, as a frozen dataclass, for a way that the SDK does not have."""

    kind: ClassVar[str]
    """Short name: `bearer`, `basic`, `oauth2`."""

    @property
    @abstractmethod
    def inputs(self) -> tuple[Input, ...]:
        """The credential's values, in the order in which a form asks for them."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the values that it cannot do without."""
        return tuple(given.name for given in self.inputs if given.required)

    def accepts(self, credential: Mapping[str, str]) -> bool:
        """Whether the credential has the values for it."""
        return all(credential.get(name) for name in self.fields)

    @abstractmethod
    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign one request; called anew for each attempt.

        Args:
            request: to be changed in place.
            credential: the secret values, by name.
            config: the connection's settings, for `{config.x}` slots.
        """

    def check(self, config: type[Config], where: str) -> None:
        """Refuse, when the connector is declared, what could not work.

        Args:
            config: the connector's settings.
            where: the connector's slug, for the message.

        Raises:
            TypeError: a slot that nothing can fill.
            ValueError: an address that is not https.
        """
        return


class TokenAuth(Auth):
    """A way to sign in by a token that ends and is then got anew.

    `Http` calls `renew` when there is no token, shortly before it ends, and when the vendor refuses it.
    """

    @property
    def token(self) -> str:
        """Name of the token among the credential's values."""
        return ACCESS

    @abstractmethod
    def renewable(self, credential: Mapping[str, str]) -> bool:
        """Whether the credential has what a new token is got with."""

    @abstractmethod
    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """The whole credential with a new token in it.

        Args:
            credential: as it is now.
            config: fills slots.
            call: sends a token request.

        Raises:
            ReconnectRequired: the vendor refuses; somebody must sign in again.
            VendorDown: the token address does not answer.
        """

    def used(self, credential: Mapping[str, str]) -> str:
        """The token that a request signed with this credential carries; empty when there is none."""
        return credential.get(self.token, "")


def choose(schemes: tuple[Auth, ...], credential: Mapping[str, str]) -> Auth | None:
    """The first scheme whose values the credential has; one that can renew its token goes before those that cannot.

    A sign-in's access token would pass for a token that never ends, too.
    """
    fitting = [scheme for scheme in schemes if scheme.accepts(credential)]
    renewing = (scheme for scheme in fitting if isinstance(scheme, TokenAuth) and scheme.renewable(credential))
    return next(renewing, fitting[0] if fitting else None)


def check_address(url: str, config: type[Config], where: str, inputs: tuple[Input, ...] = ()) -> None:
    """Refuse, at import, an address that is not https or has a slot that nothing fills; a secret does not go into one.

    Raises:
        ValueError: it is not https.
        TypeError: the slot.
    """
    if not url.startswith("https://"):
        raise ValueError(f"{where}: {url!r} must be https")
    check_slots(url, config, where, {given.name for given in inputs if not given.secret})


def address(url: str, config: Config, credential: Mapping[str, str] | None = None) -> str:
    """The address of a token or of a sign-in page, with its slots filled.

    Raises:
        ConfigInvalid: a value is missing, or would lead to another host or path.
    """
    values = {**(credential or {}), "config": config}
    for slot in SLOT.finditer(url):
        value = fill(slot[0], values)
        name = slot[2] or slot[1]
        if not value:
            raise ConfigInvalid(f"An address needs {name}, and it is empty.", remedy=f"Give {name}, and connect again.")
        if re.search(r"[^\w.:-]", value):
            raise ConfigInvalid(
                f"{name} does not fit into an address.",
                remedy=f"Give {name} as a bare name, without slashes or blanks.",
            )
    return fill(url, values) or ""


def filled(template: str, credential: Mapping[str, str], config: Config, **more: str) -> str | None:
    """The text with its `{name}` slots filled from the credential and `{config.x}` from the settings.

    None when a slot has no value: then the parameter is left out.
    """
    return fill(template, {**credential, **more, "config": config})


def slots(texts: Mapping[str, Any]) -> Iterator[str]:
    """Names of the credential's values that the texts have slots for, without the settings'."""
    for text in texts.values():
        for name, _ in SLOT.findall(text if isinstance(text, str) else ""):
            if name != "config":
                yield name
