"""Klaviyo connector and simulator."""

from .connector import klaviyo as connector

__all__ = ["connector"]
