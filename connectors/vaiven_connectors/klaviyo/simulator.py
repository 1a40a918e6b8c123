"""Klaviyo on loopback: its JSON:API under `/api`, its OAuth under `/oauth`, and its webhooks.

Paths and shapes follow Klaviyo's own description of revision 2026-07-15 (klaviyo/openapi@f0a30ba, openapi/stable.json)
and its official client klaviyo-api 25.0.0 (revision 2026-10-15). Behaviours have their sources beside them: errors in
`_sim_words`, limits in `_sim_limits`, keys and revisions in `_sim_access`, filters in `_sim_query`, and what a profile,
a subscription and a suppression are in `_sim_profiles`, `_sim_consent` and `_sim_consent_state`. Read 2026-11-25.
"""

from __future__ import annotations

from vaiven_connectors.klaviyo._sim_drive import Driven


class KlaviyoSimulator(Driven):
    """One Klaviyo account with a private key that may do everything.

    Its quirks are declared where they belong: `limits`, `null_links` and `list_lag` (all resources), `partial_phone`
    (profiles), `job_polls` and `job_seconds` (jobs), `consent_seconds` and `account_opt_in` (consent), `event_seconds`
    (events), `hide_archived` (campaigns), `deletion_seconds` and `webhooks_allowed` (account).

    In `state()` rows are as Klaviyo shows them, with what only Klaviyo knows behind an underscore: a profile's
    `_subscriptions`, a campaign's `_channel`. A membership's id is `<list or segment>/<profile>`.
    """


simulator = KlaviyoSimulator
