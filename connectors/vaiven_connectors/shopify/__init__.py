"""Shopify: customers both ways; orders, lines, refunds, products and variants read."""

from vaiven_connectors.shopify.connector import connector

__all__ = ["connector"]
