"""Who may call, and by which revision of the API.

Private key: developers.klaviyo.com/en/docs/authenticate_; OAuth: .../set_up_oauth (PKCE is a must, tokens are good for
an hour, the client signs in with HTTP Basic); revisions: .../api_versioning_and_deprecation_policy and
developers.klaviyo.com/.well-known/skills/klaviyo-migrate-oauth/references/revision-changes.md: a year stable, a year
deprecated, then retired; a retired one falls forward, or is a 410 for callers that opt out. Read 2026-11-25.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from random import Random

from vaiven_connectors.klaviyo._sim_words import gone, invalid, media_type
from vaiven_sdk.testing import Call, Caller, OAuthAccess, Refusal

REVISIONS = (
    "2022-10-17 2023-01-24 2023-02-22 2023-06-15 2023-07-15 2023-08-15 2023-09-15 2023-10-15 2023-12-15 2024-02-15 "
    "2024-05-15 2024-06-15 2024-07-15 2024-10-15 2025-01-15 2025-04-15 2025-07-15 2025-10-15 2026-01-15 2026-04-15 "
    "2026-07-15 2026-10-15"
).split()
OMNI = "2026-10-15"
"""From this revision on a campaign has audiences, messages and variations, and no channel of its own."""
SCOPES = [
    f"{name}:{verb}"
    for name in (
        "accounts campaigns data-privacy events flows lists metrics profiles segments subscriptions tags templates "
        "webhooks"
    ).split()
    for verb in ("read", "write")
]
_OPT_OUT = "x-klaviyo-revision-fall-forward-opt-out"


def age(revision: str, today: date) -> int:
    """Whole years since a revision was released: 0 stable, 1 deprecated, 2 and more retired."""
    born = date.fromisoformat(revision)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def revision_of(call: Call) -> str:
    """The revision that a call is answered by.

    Raises:
        Refusal: 400 without one or with one that there never was, 410 for a retired one and no wish to fall forward.
    """
    given = call.headers.get("revision", "")
    if not given:
        raise invalid("The revision header is required, and was not provided.", pointer="/data/")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", given) or given not in REVISIONS:
        raise invalid(f"'{given}' is not a valid revision.", pointer="/data/")
    today = call.now.date()
    if age(given, today) < 2:
        return given
    if call.headers.get(_OPT_OUT) == "1":
        raise gone(given)
    return next(one for one in REVISIONS if age(one, today) < 2)


@dataclass(slots=True)
class KlaviyoAccess:
    """A private key, or an app's token; then the revision and the type of the body.

    Args:
        chance: of the simulator.
        scopes: what the private key may do; None is everything.
        before: called at each request that got in.
    """

    chance: Random
    before: Callable[[Call], None]
    scopes: frozenset[str] | None = None
    key: str = field(init=False)
    provider: OAuthAccess = field(init=False)

    def __post_init__(self) -> None:
        self.key = f"pk_{self.chance.getrandbits(136):034x}"
        self.provider = OAuthAccess(self.chance, pkce=True, basic_only=True, scopes=SCOPES)

    @property
    def credential(self) -> dict[str, str]:
        """The private key."""
        return {"api_key": self.key}

    def check(self, call: Call) -> Caller:
        """Who calls."""
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            caller = self.provider.check(call)
        elif scheme.lower() != "klaviyo-api-key" or not given:
            raise Refusal("unauthenticated", "no credential", code="missing")
        elif not hmac.compare_digest(given.strip().encode(), self.key.encode()):
            raise Refusal("unauthenticated", "another key", code="wrong")
        else:
            caller = Caller("key", self.scopes)
        media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        if call.raw and media not in {"application/vnd.api+json", "application/json"}:
            raise media_type(media)
        revision_of(call)
        self.before(call)
        return caller
