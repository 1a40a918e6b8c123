"""Stands for Google: notes every request, and gives what a test has for it."""

import json
from typing import Any

from vaiven_connectors.google_ads import connector
from vaiven_connectors.google_ads._account import Settings
from vaiven_sdk import Session, Window
from vaiven_sdk.http import Answer

CID = "1234567890"
NOON = {"date": "Wed, 25 Nov 2026 12:00:00 GMT"}


class Recorder:
    """Answers in turn; a query may have its answer by a text in it instead, as often as it comes."""

    def __init__(self, *answers: Any, by: dict[str, Any] | None = None, **config: Any) -> None:
        self.answers, self.by = list(answers), by or {}
        self.sent: list[tuple[str, Any]] = []
        self.config = Settings(**{"customer_id": CID, "time_zone": "Europe/Lisbon", **config})
        self.hub = Session(self.config, self.send)

    async def send(self, method: str, path: str, *, json: Any = None, **_: Any) -> Answer:
        self.sent.append((path.removeprefix(f"/v25/customers/{CID}"), json))
        known = [found for text, found in self.by.items() if text in str((json or {}).get("query"))]
        answer = known[0] if known else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, NOON, encoded(answer))

    @property
    def queries(self) -> list[str]:
        return [body["query"] for path, body in self.sent if path.endswith("googleAds:search")]

    async def read(self, name: str, kind: str = "full", since: str | None = None, state: Any = None) -> list[Any]:
        """Every page of a stream, an own reader's or a declared one's."""
        stream = connector.streams[name]
        window = Window(self.config, since=since, zone=self.config.time_zone or "UTC")
        if kind in stream.readers:
            return [batch async for batch in stream.readers[kind](self.hub, window, state)]
        return [page async for page in self.hub.walk(stream.full, window, state=state)]

    async def records(self, name: str, kind: str = "full", since: str | None = None) -> list[Any]:
        """The same, decoded."""
        record = connector.streams[name].record
        items = [item for page in await self.read(name, kind, since) for item in page.items]
        return [record.model_validate(one if isinstance(one, dict) else json.loads(bytes(one))) for one in items]


def encoded(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def rows(*found: Any, token: str = "") -> dict[str, Any]:
    """An answer of `googleAds:search`; an empty list is left out, as in proto3."""
    return {**({"results": list(found)} if found else {}), **({"nextPageToken": token} if token else {})}


def named(kind: str, id_: str) -> str:
    return f"customers/{CID}/{kind}/{id_}"


def day(campaign: str, on: str, action: str = "", **metrics: Any) -> dict[str, Any]:
    """A row of a campaign's figures."""
    segments = {"date": on}
    if action:
        segments |= {"conversionAction": named("conversionActions", action), "conversionActionName": f"Action {action}"}
    return {
        "customer": {"resourceName": f"customers/{CID}", "currencyCode": "EUR", "timeZone": "Europe/Lisbon"},
        "campaign": {"resourceName": named("campaigns", campaign), "id": campaign},
        "metrics": metrics,
        "segments": segments,
    }


def action(id_: str, days: str, *, counts: bool = True, model: str = "GOOGLE_ADS_LAST_CLICK") -> dict[str, Any]:
    """A conversion action as the connector asks for it."""
    about = {
        "resourceName": named("conversionActions", id_),
        "id": id_,
        "name": f"Action {id_}",
        "clickThroughLookbackWindowDays": days,
        "attributionModelSettings": {"attributionModel": model},
    }
    return {"conversionAction": {**about, **({"includeInConversionsMetric": True} if counts else {})}}


def partial(*errors: tuple[int, str, str], code: str = "campaignError") -> dict[str, Any]:
    """`partialFailureError` with these (index, code, sentence)."""
    return {"partialFailureError": {"code": 3, "message": "Partly.", "details": [failure(*errors, code=code)]}}


def failure(*errors: tuple[int | None, str, str], code: str = "campaignError") -> dict[str, Any]:
    """A `GoogleAdsFailure`."""
    found = []
    for index, name, said in errors:
        # The first operation's place is a zero, which proto3 may leave out.
        place = {"fieldName": "mutate_operations", **({"index": index} if index else {})}
        where = {} if index is None else {"location": {"fieldPathElements": [place, {"fieldName": "name"}]}}
        found.append({"errorCode": {code: name}, "message": said, **where})
    return {"@type": "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure", "errors": found}
