"""Meta Ads connector and simulator."""

from .connector import meta_ads as connector

__all__ = ["connector"]
