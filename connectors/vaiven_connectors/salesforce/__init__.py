"""Salesforce: accounts, contacts, leads, opportunities, campaigns and their members both ways; the rest read."""

from vaiven_connectors.salesforce.connector import salesforce as connector

__all__ = ["connector"]
