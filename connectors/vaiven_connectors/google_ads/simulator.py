"""Google Ads on loopback: GAQL over REST with managers and customers, mutates, conversion uploads and Customer Match.

Paths and messages are those of v23 to v26 (googleapis/googleapis@f8291d2b89, and google-ads==34.0.0); behaviours have
their sources beside them: queries in `_sim_gaql`, `_sim_check` and `_sim_select`, figures in `_sim_facts`, access,
versions and quota in `_sim_access`, errors in `_sim_words`. Google Ads has no webhooks. Read 2026-11-25.
"""

from __future__ import annotations

from vaiven_connectors.google_ads._sim_drive import Driven
from vaiven_connectors.google_ads._sim_search import Searching


class GoogleAdsSimulator(Searching, Driven):
    """A manager with one client, `manager_id` and `customer_id`, and one user who was invited to the manager."""


simulator = GoogleAdsSimulator
