"""Stripe: billing and payments in, our metadata back out."""

from .connector import connector

__all__ = ["connector"]
