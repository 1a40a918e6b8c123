"""Checks a simulator, and the connector that talks to it, against a vendor's published API description."""

from vaiven_sdk.testing.spec.check import SpecCheck, watch
from vaiven_sdk.testing.spec.deviation import Answered, Asked, Description, Deviation, unaccepted
from vaiven_sdk.testing.spec.graphql import GraphQl
from vaiven_sdk.testing.spec.openapi import OpenApi, load_openapi
from vaiven_sdk.testing.spec.reduced import Reduced, load_reduced

__all__ = [
    "Answered",
    "Asked",
    "Description",
    "Deviation",
    "GraphQl",
    "OpenApi",
    "Reduced",
    "SpecCheck",
    "load_openapi",
    "load_reduced",
    "unaccepted",
    "watch",
]
