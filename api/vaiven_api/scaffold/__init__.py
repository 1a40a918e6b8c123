"""Begins a connector: a folder that passes bronze at once, from an API description or from nothing."""

from vaiven_api.scaffold.build import empty, from_api
from vaiven_api.scaffold.description import DescriptionInvalid, load, parse
from vaiven_api.scaffold.draft import Draft
from vaiven_api.scaffold.signing import AUTHS
from vaiven_api.scaffold.write import FolderTaken, Written, write

__all__ = [
    "AUTHS",
    "DescriptionInvalid",
    "Draft",
    "FolderTaken",
    "Written",
    "empty",
    "from_api",
    "load",
    "parse",
    "write",
]
