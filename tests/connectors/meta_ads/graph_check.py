"""Meta's published description, held against requests whose ids do not say of what kind their node is."""

import gzip
import json
from dataclasses import replace

import msgspec

from tests.support.spec_check import SPECS, load_spec
from vaiven_sdk.testing.spec import Reduced

SLOTS = {
    "account": "ad_account_id",
    "campaign": "campaign_id",
    "adset": "ad_set_id",
    "ad": "ad_id",
    "creative": "ad_creative_id",
    "report": "ad_report_run_id",
    "audience": "custom_audience_id",
    "pixel": "ads_pixel_id",
    "page": "page_id",
    "form": "leadgen_form_id",
    "lead": "lead_id",
    "user": "user_id",
    "business": "business_id",
    "app": "application_id",
}


class Graph:
    """The description, in which an id says nothing: the simulator tells of what kind its node is."""

    def __init__(self, sim):
        self.whole = load_spec("meta_marketing")
        data = msgspec.json.decode(gzip.decompress((SPECS / "meta_marketing.json.gz").read_bytes()))
        self.parts = {}
        for kind, slot in SLOTS.items():
            ops = [op for op in data["ops"] if op["p"].split("/")[1] == f"{{{slot}}}"]
            self.parts[kind] = Reduced({**data, "ops": ops})
        self.sim = sim

    def part(self, asked):
        key = asked.path.strip("/").split("/")[0]
        kind = self.sim.index.get(self.sim.user_id if key == "me" else key)
        return self.parts.get(kind, self.whole)

    def request(self, asked):
        query = tuple((name, decoded(value)) for name, value in asked.query if name != "access_token")
        body = asked.body
        if isinstance(body, dict) and asked.media == "application/x-www-form-urlencoded":
            body = {name: decoded(value) for name, value in body.items()}
        return self.part(asked).request(replace(asked, query=query, body=body, path=asked.path.rstrip("/")))

    def answer(self, asked, answered):
        return self.part(asked).answer(replace(asked, path=asked.path.rstrip("/")), answered)


def decoded(value):
    """A value of a form or a query; lists and objects travel as JSON in it."""
    return json.loads(value) if isinstance(value, str) and value[:1] in {"[", "{"} else value
