"""The credential of one client: the one place where its token is renewed, once for all requests that wait for it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from vaiven_sdk.auth import TokenAuth
from vaiven_sdk.auth.token import instant
from vaiven_sdk.config import SETTING
from vaiven_sdk.errors import ReconnectRequired, VaivenError, VendorError
from vaiven_sdk.http._problem import hide

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from vaiven_sdk.auth import Auth, Call
    from vaiven_sdk.config import Config

Keep = "Callable[[Mapping[str, str]], Awaitable[None]]"

MARGIN = 60.0
"""Seconds before its end that a token is renewed, or a tenth of its life where that is less."""
PATIENCE = 30.0
"""Seconds between two tries to renew a token that still is good."""


class Tokens:
    """A credential, kept fresh.

    Args:
        scheme: how requests are signed.
        credential: as it was stored.
        config: fills the scheme's slots.
        keep: given each renewed credential before it is used.
    """

    def __init__(
        self,
        scheme: Auth,
        credential: Mapping[str, str],
        config: Config,
        keep: Callable[[Mapping[str, str]], Awaitable[None]] | None,
    ) -> None:
        self._scheme, self._config, self._keep = scheme, config, keep
        self.credential = dict(credential)
        self.lost = False
        """The answer to a token request was lost: the vendor may have rotated a token that we never saw."""
        self.lock: AbstractAsyncContextManager[object] = asyncio.Lock()
        """Held while a token is renewed; several processes need one that they share."""
        self._pending: dict[str, str] | None = None
        self._margin = MARGIN
        self._not_before = 0.0
        open_names = {given.name for given in scheme.inputs if not given.secret}
        self._open = open_names | {"expires_at", "scope"}
        self._former: set[str] = set()

    @property
    def secrets(self) -> set[str]:
        """Every secret value that this client has held."""
        return self._former | {v for name, v in self.credential.items() if not self._told(name)}

    def _told(self, name: str) -> bool:
        """Whether a value is no secret: it stands in settings and in addresses."""
        return name in self._open or name.startswith(SETTING)

    @property
    def used(self) -> str:
        """The token that requests carry now; empty for a scheme that has none."""
        return self._scheme.used(self.credential) if isinstance(self._scheme, TokenAuth) else ""

    async def ready(self, call: Call) -> None:
        """See to it that there is a token, and that it is not about to end.

        Raises:
            ReconnectRequired: somebody must sign in again.
            VendorDown: the token address does not answer, and the token has ended.
        """
        if not self._due():
            return
        async with self.lock:
            if not self._due():
                return
            try:
                await self._renew(call)
            except VendorError:
                if not self.used or self._pending or self._left() <= 0:
                    raise
                self._not_before = time.time() + PATIENCE

    async def again(self, refused: str, call: Call) -> bool:
        """After the vendor refused the token `refused`: whether there is another one now."""
        if not isinstance(self._scheme, TokenAuth) or not self._scheme.renewable(self.credential):
            return False
        async with self.lock:
            if self.used == refused:
                await self._renew(call)
        return True

    async def take(self, credential: Mapping[str, str]) -> None:
        """Keep a credential that a sign-in brought, then use it."""
        self._pending = dict(credential)
        await self._hand_over()

    def _due(self) -> bool:
        if not isinstance(self._scheme, TokenAuth):
            return False
        if self._pending:
            return True
        if not self._scheme.renewable(self.credential):
            return False
        return not self.used or (self._left() < self._margin and time.time() >= self._not_before)

    def _left(self) -> float:
        """Seconds until the token ends; endless when nobody knows."""
        end = instant(self.credential.get("expires_at") or None)
        return end.timestamp() - time.time() if end else float("inf")

    async def _renew(self, call: Call) -> None:
        """Renew, and do not let go in the middle: a rotated token that is not kept is lost for good."""
        task = asyncio.ensure_future(self._renewed(call))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task})
            raise

    async def _renewed(self, call: Call) -> None:
        if self._pending is None and isinstance(self._scheme, TokenAuth):
            try:
                self._pending = await self._scheme.renew(self.credential, self._config, call)
            except VaivenError as problem:
                hide(problem, self.secrets)
                if self.lost and isinstance(problem, ReconnectRequired):
                    problem.why += (
                        "; the answer to an earlier request for a token was lost, and with it, it seems, a new one"
                    )
                raise
        await self._hand_over()

    async def _hand_over(self) -> None:
        """Keep the new values, then use them. If keeping fails they are not used, and the next request tries again."""
        if self._pending is None:
            return
        if self._keep is not None:
            await self._keep(dict(self._pending))
        self._former |= self.secrets
        self.credential, self._pending, self.lost = self._pending, None, False
        self._margin = min(MARGIN, self._left() / 10)
