"""Several ways at once: vendors that want a token and a key beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaiven_sdk.auth.base import Auth, Call, Input, Outgoing, TokenAuth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.config import Config


class Together(TokenAuth):
    """Every one of the given schemes signs each request, in their order.

    Args:
        schemes: two or more; at most one of them has a token that ends.
    """

    def __init__(self, *schemes: Auth) -> None:
        ending = [scheme for scheme in schemes if isinstance(scheme, TokenAuth)]
        if len(schemes) < 2 or len(ending) > 1:
            raise ValueError("Together: give two schemes or more, of which at most one has a token that ends")
        names = [given.name for scheme in schemes for given in scheme.inputs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"Together: two schemes call a value {twice[0]!r}; rename one by field=")
        self.schemes = schemes
        self._ending = ending[0] if ending else None

    def __repr__(self) -> str:
        return f"Together({', '.join(map(repr, self.schemes))})"

    @property
    def kind(self) -> str:  # type: ignore[override]
        """The kinds, joined by a plus sign."""
        return "+".join(scheme.kind for scheme in self.schemes)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All their inputs."""
        return tuple(given for scheme in self.schemes for given in scheme.inputs)

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the one with scopes asks for."""
        return tuple(scope for scheme in self.schemes for scope in getattr(scheme, "scopes", ()))

    @property
    def token(self) -> str:
        """The token of the one whose token ends."""
        return self._ending.token if self._ending else ""

    def accepts(self, credential: Mapping[str, str]) -> bool:
        """Whether the credential has the values for each of them."""
        return all(scheme.accepts(credential) for scheme in self.schemes)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with each of them."""
        for scheme in self.schemes:
            scheme.sign(request, credential, config)

    def check(self, config: type[Config], where: str) -> None:
        """Check each of them."""
        for scheme in self.schemes:
            scheme.check(config, where)

    def renewable(self, credential: Mapping[str, str]) -> bool:
        """Whether the one whose token ends can get a new one."""
        return self._ending is not None and self._ending.renewable(credential)

    async def renew(self, credential: Mapping[str, str], config: Config, call: Call) -> dict[str, str]:
        """The new token of the one whose token ends."""
        return await self._ending.renew(credential, config, call) if self._ending else dict(credential)
