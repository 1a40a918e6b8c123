"""A GraphQL document, its variables and its answer against Shopify's published schema, `admin_2026-10`."""

import gzip
import json
import re
from functools import cache

import pytest
from graphql import parse

from tests.support.spec_check import SPECS
from vaiven_sdk.testing.spec import GraphQl

SPEC = SPECS / "shopify.json.gz"
SCALARS = dict.fromkeys(("DateTime", "Decimal", "Money", "URL", "UnsignedInt64"), str)


class Admin(GraphQl):
    def document(self, query, variables):
        faults = super().document(query, variables)
        return faults + self.bulk(variables["query"]) if "bulkOperationRunQuery" in query else faults

    def bulk(self, query):
        """The document that a bulk operation runs: it needs no `first`, and has five connections at most."""
        (operation,) = parse(query).definitions
        connections = len(re.findall(r"edges \{", query))
        faults = [] if connections <= 5 else ["more than five connections"]
        return faults + self._selected(operation.selection_set, self.roots["query"], {}, "")


@cache
def schema():
    """The Admin API, or a skip where the facts are not at hand."""
    if not SPEC.exists():
        pytest.skip(f"Shopify's published schema is not here: {SPEC.name}")
    found = json.loads(gzip.decompress(SPEC.read_bytes()))["graphql"]["admin"]
    return Admin(found["types"], found["query"], found["mutation"], scalars=SCALARS, path="/graphql.json")
