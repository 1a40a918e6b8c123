"""Any connector as a Singer tap and, for the streams that it writes, a Singer target; needs the extra `singer`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vaiven_sdk.singer.suite import conformance
    from vaiven_sdk.singer.tap import tap_class
    from vaiven_sdk.singer.target import RecordsRejected, target_class

__all__ = ["RecordsRejected", "conformance", "tap_class", "target_class"]

_HOMES = {
    "RecordsRejected": "target",
    "conformance": "suite",
    "tap_class": "tap",
    "target_class": "target",
}


def __getattr__(name: str) -> Any:
    # singer-sdk takes longer to load than all else here; who runs a tap does not need the target.
    if name in _HOMES:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
