"""Google Ads on loopback: GAQL over REST with managers and customers, mutates, conversion uploads and Customer Match.

Paths and messages are those of v23 to v26 (googleapis/googleapis@f8291d2b89, and google-ads==34.0.0); behaviours have
their sources beside them: queries in `_sim_gaql`, `_sim_check` and `_sim_select`, figures in `_sim_facts`, access,
versions and quota in `_sim_access`, errors in `_sim_words`. Google Ads has no webhooks. Read 2026-11-25.
"""

from __future__ import annotations

from typing import Any, ClassVar

from vaiven_connectors.google_ads._sim_adjustments import Adjusting
from vaiven_connectors.google_ads._sim_audiences import Audiences
from vaiven_connectors.google_ads._sim_drive import Driven
from vaiven_connectors.google_ads._sim_search import Searching
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Reply


class GoogleAdsSimulator(Audiences, Adjusting, Searching, Driven):
    """A manager with one client, `manager_id` and `customer_id`, and one user who was invited to the manager.

    Its quirks are declared where they belong: `access_level`, `developer_tokens`, `retired`, `direct_access`,
    `change_lag`, `intraday` and `uploads_allowed` (frame), `upload_seconds`, `action_wait`, `click_wait` and
    `adjust_wait` (conversions), `job_seconds` (Customer Match). Tests and scenarios fill it with `seed_tree`,
    `record_metrics` and `add_customer`, and ask `truth_metrics` what is shown at any time.
    """

    quirks: ClassVar[dict[str, Any]] = {**Audiences.quirks, **Adjusting.quirks}

    @sim.get("/o/oauth2/v2/auth", public=True)
    def consent(self, call: Call) -> Reply:
        """accounts.google.com: the user agrees at once."""
        return self.oauth.authorize(call)

    @sim.post("/token", public=True)
    @sim.post("/oauth2/v3/token", public=True)
    def token(self, call: Call) -> Reply:
        """oauth2.googleapis.com/token, and its older name."""
        return self.oauth.token(call)

    @sim.post("/revoke", public=True)
    def revoke(self, call: Call) -> Reply:
        """oauth2.googleapis.com/revoke."""
        return self.oauth.revoke(call)


simulator = GoogleAdsSimulator
