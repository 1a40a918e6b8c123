"""Shopify: customers both ways; orders, lines, refunds, products and variants read."""

from vaiven_connectors.shopify.connector import shopify as connector

__all__ = ["connector"]
