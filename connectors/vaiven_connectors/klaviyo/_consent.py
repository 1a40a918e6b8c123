"""What a profile allows: consent, suppression and deliverability, and how Klaviyo is told of it.

States: guide "Collect email and SMS consent via API"; a suppression is separate from consent, and a subscribed profile
can be suppressed: help centre, "Understanding consent in profiles". Reasons: schema of `subscriptions` in the
description. Read 2026-11-25.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from vaiven_sdk import Proof, Unsettled, Write

from ._account import Hub
from ._api import any_of

CONSENT = {
    "SUBSCRIBED": "granted",
    "UNSUBSCRIBED": "denied",
    "NEVER_SUBSCRIBED": "unknown",
    "UNSUBSCRIBE": "denied",
    "SPAM_COMPLAINT": "denied",
    "USER_SUPPRESSED": "denied",
    # A reason that Klaviyo may add: suppressed is never granted.
    "SUPPRESSED": "denied",
    # The address does not work: no word from the person.
    "HARD_BOUNCE": "unknown",
    "INVALID_EMAIL": "unknown",
    # Subscribed, and Klaviyo says that it would not send.
    "UNREACHABLE": "unknown",
}
"""Each state of consent and each reason of suppression, by its weight in `standing`."""
REFUSALS = ("UNSUBSCRIBE", "SPAM_COMPLAINT", "USER_SUPPRESSED")
BROKEN = ("HARD_BOUNCE", "INVALID_EMAIL")
VALIDITY = {"HARD_BOUNCE": "hard_bounce", "INVALID_EMAIL": "invalid", "SPAM_COMPLAINT": "complained"}

SUBSCRIBED, UNSUBSCRIBED = "SUBSCRIBED", "UNSUBSCRIBED"
WRITTEN = {"granted": SUBSCRIBED, "denied": UNSUBSCRIBED}
SOURCE = "Vaiven"
"""Shown beside the consent in Klaviyo, so that anybody sees where it came from."""
OWN_ACTS = {"PREFERENCE_PAGE": "preference page", "TEXT": "text message"}
"""Values of `method` that are the person's own act: the description's examples for e-mail ("PREFERENCE_PAGE", detail
"mydomain.com/signup") and text messages ("TEXT", detail "JOIN"), the only words that Klaviyo publishes (schemas
EmailMarketing and SMSMarketing, 2026-11-25). Whatever else there may be (API, integrations, imports, what a user of the
account sets) proves nothing, unless the subscription was a double opt-in."""
WITH = {"additional-fields[profile]": "subscriptions"}
"""Asks for consent and suppressions, which Klaviyo else leaves out."""
PATIENCE = 60.0
"""Seconds to wait for Klaviyo to carry a change of consent out; its job has no id to ask for."""
MOST = {SUBSCRIBED: 1000, UNSUBSCRIBED: 100}
"""Profiles in one job: `bulk_subscribe_profiles` and `bulk_unsubscribe_profiles` of klaviyo-api 25.0.0."""
JOB = {SUBSCRIBED: "profile-subscription-bulk-create-job", UNSUBSCRIBED: "profile-subscription-bulk-delete-job"}
CHANNELS = {"email_state": ("email", "email"), "sms_state": ("sms", "phone_number")}
"""Field of a profile's record -> channel in Klaviyo, and the field with the address."""
UNIFIED = {"email_state": "email_consent", "sms_state": "sms_consent"}


def standing(state: str | None, reachable: bool | None, reasons: Iterable[str] = ()) -> str | None:  # noqa: FBT001
    """The strictest of what Klaviyo says: a key of `CONSENT`, None when it says nothing."""
    given = set(reasons)
    if state == UNSUBSCRIBED:
        return state
    for refusal in REFUSALS:
        if refusal in given:
            return refusal
    if given - set(BROKEN):
        return "SUPPRESSED"
    for reason in BROKEN:
        if reason in given:
            return reason
    return "UNREACHABLE" if state == SUBSCRIBED and reachable is False else state


def email_back(person: Mapping[str, Any]) -> dict[str, Any]:
    """Write a permission and a refusal; Klaviyo has no word for the rest."""
    state = WRITTEN.get(person.get("email_consent") or "")
    if state == SUBSCRIBED:
        return {"email_state": state, "email_open": True, "suppressions": []}
    return {"email_state": state} if state else {}


def sms_back(person: Mapping[str, Any]) -> dict[str, Any]:
    """Write a permission and a refusal of text messages."""
    state = WRITTEN.get(person.get("sms_consent") or "")
    if state == SUBSCRIBED:
        return {"sms_state": state, "sms_open": True}
    return {"sms_state": state} if state else {}


def wishes(write: Write[Any]) -> dict[str, str]:
    """What a write wants to change of consent, by field; a channel without an address cannot have one."""
    found = {}
    for field, (_, address) in CHANNELS.items():
        state = getattr(write.record, field)
        if field in write.changed and state in JOB and getattr(write.record, address):
            found[field] = state
    return found


def act(ref: str, at: datetime | None, method: str | None, confirmed: bool | None = None) -> Proof | None:  # noqa: FBT001
    """The person's act behind a subscription: "subscribed using a double opt-in" (EmailMarketing), or one by itself."""
    via = "double opt-in" if confirmed else OWN_ACTS.get(method or "")
    return Proof(at, ref, via=via) if at and via else None


def _marketing(resource: Mapping[str, Any], channel: str) -> Mapping[str, Any]:
    found = (resource["attributes"].get("subscriptions") or {}).get(channel) or {}
    return found.get("marketing") or {}


def overruled(write: Write[Any], resource: Mapping[str, Any], field: str) -> bool:
    """Whether the person agreed later than everything that Klaviyo has of a refusal."""
    known, asked = write.proofs.get(UNIFIED[field]), _marketing(resource, CHANNELS[field][0])
    marks = [asked.get("consent_timestamp"), *(one.get("timestamp") for one in asked.get("suppression") or ())]
    times = [_instant(mark) for mark in marks if mark]
    return known is not None and bool(times) and max(times) < known.at


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def stands(resource: Mapping[str, Any], field: str) -> str | None:
    """How a profile, as Klaviyo gives it, stands to one channel."""
    channel = CHANNELS[field][0]
    asked = _marketing(resource, channel)
    reasons = [one["reason"] for one in asked.get("suppression") or ()]
    return standing(asked.get("consent"), asked.get(f"can_receive_{channel}_marketing"), reasons)


async def read(hub: Hub, field: str, values: Sequence[str]) -> list[Mapping[str, Any]]:
    """Profiles by id, e-mail address or the like, a hundred in a request, with their consent."""
    found: list[Mapping[str, Any]] = []
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), 100):
        some = any_of(field, wanted[start : start + 100])
        found += (await hub.get("/api/profiles", filter=some, **{"page[size]": 100}, **WITH))["data"]
    return found


async def tell(hub: Hub, writes: Sequence[tuple[Write[Any], str]]) -> None:
    """Subscribe and unsubscribe, and wait until Klaviyo shows it.

    A subscription goes through the opt-in process that the account has chosen, with our name as its source: where
    that is double opt-in, Klaviyo asks the person, and the profile stays as it is until then. A permission that the
    person is proven to have given goes as a `historical_import` with its instant, "where you have already collected
    consent", and nobody is asked twice (`bulk_subscribe_profiles` of klaviyo-api 25.0.0).

    Args:
        hub: to call with.
        writes: each with its profile's id.
    """
    for state, past in ((UNSUBSCRIBED, False), (SUBSCRIBED, False), (SUBSCRIBED, True)):
        rows = [row for write, id_ in writes if (row := _row(write, id_, state, past=past))]
        for start in range(0, len(rows), MOST[state]):
            attributes: dict[str, Any] = {"profiles": {"data": rows[start : start + MOST[state]]}}
            if state == SUBSCRIBED:
                attributes["custom_source"] = SOURCE
            if past:
                attributes["historical_import"] = True
            await hub.post(f"/api/{JOB[state]}s", {"data": {"type": JOB[state], "attributes": attributes}}, safe=True)
    open_ = {id_: wishes(write) for write, id_ in writes if wishes(write)}

    async def poll() -> bool | None:
        for resource in await read(hub, "id", list(open_)):
            wanted = open_[resource["id"]]
            if all(CONSENT.get(stands(resource, field) or "") == CONSENT[state] for field, state in wanted.items()):
                del open_[resource["id"]]
        return None if open_ else True

    if open_:
        try:
            await hub.until(poll, every=0.5, slowest=10, deadline=PATIENCE)
        except Unsettled:
            return  # double opt-in, or a slow day: what the profile shows is read back, and shows later


def _row(write: Write[Any], id_: str, state: str, *, past: bool) -> dict[str, Any] | None:
    """A profile of a job; a `past` one wants the instant of each consent, and any other must not name one."""
    proofs = write.proofs if state == SUBSCRIBED else {}
    wanted = [f for f, wish in wishes(write).items() if wish == state and (UNIFIED[f] in proofs) is past]
    if not wanted:
        return None
    attributes: dict[str, Any] = {CHANNELS[f][1]: getattr(write.record, CHANNELS[f][1]) for f in wanted}
    said = {f: {"consented_at": proofs[UNIFIED[f]].instant} if past else {} for f in wanted}
    attributes["subscriptions"] = {CHANNELS[f][0]: {"marketing": {"consent": state, **said[f]}} for f in wanted}
    # A job that unsubscribes takes no ids (schema SubscriptionDeleteJobCreateQuery).
    named = {"id": id_} if state == SUBSCRIBED else {}
    return {"type": "profile", **named, "attributes": attributes}
