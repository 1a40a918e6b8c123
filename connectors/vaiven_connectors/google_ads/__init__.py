"""Google Ads connector and simulator."""

from .connector import google_ads as connector

__all__ = ["connector"]
