"""One who asks the Meta Ads simulator as any client does."""

import json
from datetime import UTC, datetime

from starlette.testclient import TestClient

from vaiven_connectors.meta_ads.simulator import MetaAdsSimulator
from vaiven_sdk.testing import ManualClock

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Caller:
    """Asks the simulator with its token, and gives the body of an answer of the status that is expected."""

    def __init__(self, **quirks):
        self.sim = MetaAdsSimulator(clock=ManualClock(NOW), quirks={"limits": False, **quirks})
        self.http = TestClient(self.sim.app, follow_redirects=False)
        self.last = None

    def __call__(self, method, path, /, expect=200, token=None, **given):
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
        token = self.sim.credential["token"] if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        options = {"data": texts} if method == "POST" else {"params": texts}
        self.last = self.http.request(method, path if path[:1] == "/" else f"/v26.0/{path}", headers=headers, **options)
        assert self.last.status_code == expect, self.last.text
        return self.last.json()

    def error(self, method, path, /, expect=400, **given):
        return self(method, path, expect, **given)["error"]


def codes(error):
    return error["code"], error.get("error_subcode")
