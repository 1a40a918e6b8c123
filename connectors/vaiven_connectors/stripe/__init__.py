"""Stripe."""

from .connector import connector

__all__ = ["connector"]
