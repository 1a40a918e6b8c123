"""A session whose answers are written down, and which holds each document against the published schema."""

import json

from tests.connectors.shopify.graph_check import schema
from vaiven_connectors.shopify.connector import Settings
from vaiven_sdk import Session
from vaiven_sdk.http import Answer

CONFIG = Settings(shop="acme-books")
HEADERS = {"date": "Wed, 25 Nov 2026 12:00:00 GMT"}


class Shop:
    """Answers, in order: the decoded `data`, a whole body (it has `data` or `errors`), or the bytes of a file."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.faults = []

    async def send(self, method, path, *, json=None, check=None, into=None, **how):
        self.asked.append((method, path, json, how))
        if json is not None:
            self.faults += schema().document(json["query"], json["variables"])
        given = self.answers.pop(0)
        if isinstance(given, bytes):
            into.write(given)
            return Answer(200, HEADERS, b"", f"https://acme-books.myshopify.com{path}")
        whole = given if {"data", "errors"} & set(given) else {"data": given}
        if json is not None and whole.get("data") and not json["query"].startswith("mutation run("):
            self.faults += schema().data(json["query"], whole["data"])
        answer = Answer(200, HEADERS, encoded(whole), "https://acme-books.myshopify.com/graphql.json")
        problem = check(answer) if check else None
        if problem is not None:
            raise problem
        return answer

    @property
    def hub(self):
        return Session(CONFIG, self.send)

    @property
    def bodies(self):
        return [body for _, _, body, _ in self.asked if body is not None]


def encoded(value):
    return json.dumps(value).encode()
