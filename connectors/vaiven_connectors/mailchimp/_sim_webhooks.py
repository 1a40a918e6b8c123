"""Webhooks: events of an audience, form-encoded as the vendor sends them, delivered in order."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from vaiven_connectors.mailchimp._sim_audience import Audience
from vaiven_connectors.mailchimp._sim_http import Json
from vaiven_sdk.testing import Clock, Postman, is_loopback

_HEADERS = {"User-Agent": "MailChimp", "Content-Type": "application/x-www-form-urlencoded"}


class Webhooks:
    """Every event that a webhook wants, kept in `deliveries`, and sent where the webhook is on loopback.

    Form: mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks, read 2026-11-22. A webhook
    hears of the API's own writes when its `sources.api` is on.
    """

    def __init__(self, clock: Clock, *, deliver: bool) -> None:
        self.deliveries: list[Json] = []
        self._clock, self._deliver = clock, deliver
        self._postman = Postman(clock, attempts=1, automatic=True)

    def notify(self, audience: Audience, kind: str, source: str, data: Json) -> None:
        """Tell the audience's webhooks of an event."""
        for hook in audience.webhooks.values():
            if not (hook["events"].get(kind) and hook["sources"].get(source)):
                continue
            fired = self._clock.now().strftime("%Y-%m-%d %H:%M:%S")
            form = {"type": kind, "fired_at": fired, **_flat("data", data)}
            self.deliveries.append({"webhook_id": hook["id"], "url": hook["url"], "form": form})
            if self._deliver and is_loopback(hook["url"]):
                self._postman.post(hook["url"], urlencode(form).encode(), headers=_HEADERS)


def _flat(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in _flat(f"{name}[{key}]", item).items()}
    return {name: str(value)}
