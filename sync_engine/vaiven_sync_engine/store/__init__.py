"""One database: source records, unified entities, both ledgers and the control plane."""

from vaiven_sync_engine.store.address import Address, PostgresAddress, address_of
from vaiven_sync_engine.store.database import Database

__all__ = ["Address", "Database", "PostgresAddress", "address_of"]
