"""Changes of campaigns, ad sets and ads, and campaigns that are made paused."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from vaiven_sdk import NotFound, Outcome, Record, RequestRefused, Write

from ._account import Hub, place
from ._errors import reason, too_often
from ._listing import looked_up
from ._objects import CAMPAIGNS, MetaCampaign

R = TypeVar("R", bound=Record[Any])
OTHER_CURRENCY = ("other_currency", "The budget is in another currency than the ad account's.")


async def fields_of(hub: Hub, write: Write[Any]) -> dict[str, str] | None:
    """The form to send; None where a budget is in another currency than the account's."""
    patch = dict(write.patch)
    # It cannot be set: it says what a budget is counted in.
    currency = patch.pop("currency", None)
    if currency is not None and currency != (await place(hub))[0]:
        return None
    return {name: str(value) for name, value in patch.items() if value is not None}


async def change(hub: Hub, writes: Sequence[Write[R]]) -> list[Outcome]:
    """Set name, status and budget, object by object; setting the same again does no harm."""
    outcomes = []
    for write in writes:
        form = await fields_of(hub, write)
        if not form:
            why = OTHER_CURRENCY if form is None else ("needed", "Meta has no empty name, status or budget.")
            outcomes.append(write.rejected(*why))
            continue
        try:
            await hub.post(f"/{write.id}", form=form, safe=True)
        except (NotFound, RequestRefused) as problem:
            # Without an outcome the next run looks at the object, and plans the change again.
            if not too_often(problem):
                outcomes.append(write.rejected(*reason(problem)))
        else:
            outcomes.append(write.saved(str(write.id)))
    return outcomes


async def draft(hub: Hub, writes: Sequence[Write[MetaCampaign]]) -> list[Outcome]:
    """Make campaigns, always paused: nothing is spent before somebody switches them on.

    What is stored is read at once, so that the hub knows this copy as paused and does not call it an edit.
    """
    outcomes = []
    for write in writes:
        form = await fields_of(hub, write)
        if form is None:
            outcomes.append(write.rejected(*OTHER_CURRENCY))
            continue
        shared = {"daily_budget", "lifetime_budget"} & form.keys()
        form |= {"status": "PAUSED", "special_ad_categories": json.dumps([])}
        if not shared:
            # Budgets stand on the ad sets then, and each keeps its own.
            form["is_adset_budget_sharing_enabled"] = "false"
        try:
            made = await hub.post(f"/{hub.config.ad_account}/campaigns", form=form)
        except RequestRefused as problem:
            outcomes.append(write.rejected(*reason(problem)))
            continue
        stored = await looked_up(hub, [str(made["id"])], CAMPAIGNS.fields)
        outcomes.append(write.saved(str(made["id"]), stored[0] if stored else None))
    return outcomes
