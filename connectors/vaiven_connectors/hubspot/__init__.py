"""HubSpot: companies, contacts and deals both ways; owners, pipelines and associations read."""

from vaiven_connectors.hubspot.connector import hubspot as connector

__all__ = ["connector"]
