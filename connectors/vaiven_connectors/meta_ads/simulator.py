"""Meta on loopback: Graph's nodes and edges of an advertiser, its pages' leads, and its webhooks.

Paths and shapes follow Meta's own description (facebook/facebook-business-sdk-codegen@ad2b0b6, 2026-04-15) and its
official client facebook-business 26.0.3, which sends v26.0. Behaviours have their sources beside them: errors in
`_sim_words`, tokens in `_sim_access`, limits in `_sim_limits`, fields and paging in `_sim_base`, which objects are
shown in `_sim_objects`, numbers in `_sim_facts` and `_sim_insights`, and so on. Read 2026-11-25.
"""

from __future__ import annotations

from vaiven_connectors.meta_ads._sim_drive import Driven


class MetaAdsSimulator(Driven):
    """One business with an ad account, a pixel and a page, and a system user's token that may do everything.

    Its quirks are declared where they belong: `versions`, `limits`, `access_tier`, `require_proof`, `short_ttl`,
    `long_ttl` and `reduce_at` (Graph), `budget_changes` (ad sets), `restates`, `offsite_breakdowns`, `sync_values` and
    `report_values` (insights), `report_polls` and `report_fails` (reports), `audience_lag` and `match_percent`
    (audiences), `page_tokens` (pages).

    A scenario loads it with `seed_tree` and `put_fact`, and compares with `truth_metrics`, `audience_values` and
    `conversions`; nothing of that needs a request. In `state()` rows are as Graph shows them when every field is asked
    for, with what only Meta knows behind an underscore.
    """


simulator = MetaAdsSimulator
