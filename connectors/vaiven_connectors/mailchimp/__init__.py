"""Mailchimp connector and simulator."""

from .connector import mailchimp as connector

__all__ = ["connector"]
