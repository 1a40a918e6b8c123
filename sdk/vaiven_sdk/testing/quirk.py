"""A vendor's oddity as a typed switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

if TYPE_CHECKING:
    from typing import Self

    from vaiven_sdk.testing.simulator import Simulator

T = TypeVar("T")


class Quirk(Generic[T]):
    """One switch or size of a simulator, declared as an attribute of its class: `lag = Quirk(0.0, "seconds ...")`.

    Reading `self.lag` gives its value, with its type. `quirks={"lag": 2.0}` and `--quirk lag=2` set it; a value of
    another type is refused.

    Args:
        default: what the real vendor does.
        meaning: one sentence, with the source of the default.
    """

    def __init__(self, default: T, meaning: str) -> None:
        self.default = default
        self.meaning = meaning
        self.name = ""

    def __set_name__(self, owner: type[Simulator], name: str) -> None:
        self.name = name
        owner.quirks = {**owner.quirks, name: self.default}

    @overload
    def __get__(self, simulator: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, simulator: Simulator, owner: type[Any]) -> T: ...

    def __get__(self, simulator: Simulator | None, owner: type[Any]) -> Self | T:
        if simulator is None:
            return self
        value: T = simulator.quirk[self.name]
        return value

    def take(self, given: Any) -> T:
        """The value to use for one that was given.

        Raises:
            ValueError: it has another type than the default.
        """
        wanted = type(self.default)
        value = given
        if wanted is float and type(given) is int:
            value = float(given)
        elif wanted is tuple and isinstance(given, list):
            value = tuple(given)
        elif self.default is not None and given is not None and type(given) is not wanted:
            raise ValueError(f"quirk {self.name} is a {wanted.__name__} ({self.meaning}), not {given!r}")
        return cast("T", value)
