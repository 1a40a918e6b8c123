"""Tools to develop and test a connector with no vendor account."""

from vaiven_sdk.testing.clock import Clock, ManualClock, SystemClock
from vaiven_sdk.testing.faults import Fault, Faults
from vaiven_sdk.testing.server import Server, serve
from vaiven_sdk.testing.simulator import NotDrivable, Simulator, action

__all__ = [
    "Clock",
    "Fault",
    "Faults",
    "ManualClock",
    "NotDrivable",
    "Server",
    "Simulator",
    "SystemClock",
    "action",
    "serve",
]
