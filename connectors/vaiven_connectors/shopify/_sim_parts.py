"""Imports every module that answers fields, so that all of them are known when the schema is made."""

from vaiven_connectors.shopify import (
    _sim_bulk,
    _sim_facts,
    _sim_goods,
    _sim_people,
    _sim_root,
    _sim_sales,
    _sim_writes,
)

__all__ = ["_sim_bulk", "_sim_facts", "_sim_goods", "_sim_people", "_sim_root", "_sim_sales", "_sim_writes"]
