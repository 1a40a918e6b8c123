"""The search query language (https://docs.stripe.com/search, 2026-11-22), as a predicate over an object."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vaiven_connectors.stripe._sim_wire import bad

if TYPE_CHECKING:
    from collections.abc import Callable

    from vaiven_connectors.stripe._sim_wire import Json

FIELDS: dict[str, frozenset[str]] = {
    "charges": frozenset("amount created currency customer disputed metadata refunded status".split()),
    "customers": frozenset("created email metadata name phone".split()),
    "invoices": frozenset("created currency customer metadata number receipt_number subscription total status".split()),
    "payment_intents": frozenset("amount created currency customer metadata status".split()),
    "prices": frozenset("active currency lookup_key metadata product type".split()),
    "products": frozenset("active description metadata name shippable url".split()),
    "subscriptions": frozenset("created metadata status canceled_at".split()),
}
"""Fields that can be searched, by collection."""
MAX_CLAUSES = 10
_CLAUSE = re.compile(
    r"""(?P<minus>-)?(?P<field>[a-z_.]+)(?:\[(?P<mq>["'])(?P<meta>(?:\\.|(?!(?P=mq)).)*)(?P=mq)\])?
    (?P<op>:|~|>=|<=|>|<)(?:(?P<q>["'])(?P<text>(?:\\.|(?!(?P=q)).)*)(?P=q)|(?P<bare>[^\s"']+))""",
    re.VERBOSE,
)
_BETWEEN = re.compile(r"\s+(?:(?P<word>AND|OR|and|or)\s+)?")


def predicate(table: str, query: str) -> Callable[[Json], bool]:
    """Compile a query; a malformed one is Stripe's 400."""
    tests: list[Callable[[Json], bool]] = []
    words: set[str] = set()
    at = 0
    text = query.strip()
    while at < len(text):
        found = _CLAUSE.match(text, at)
        if found is None:
            raise bad(
                'We were unable to parse your search query. Try using the format `metadata["key"]:"value"` '
                f'for metadata or key:"value" to query for other fields. Position: {at}',
                param="query",
            )
        tests.append(_test(table, found))
        at = found.end()
        between = _BETWEEN.match(text, at)
        if between is not None:
            words.add((between["word"] or "and").lower())
            at = between.end()
    if not tests or len(words) > 1 or len(tests) > MAX_CLAUSES:
        raise bad("A search query has 1 to 10 clauses, joined by AND or by OR but not by both.", param="query")
    joined = any if words == {"or"} else all
    return lambda row: joined(test(row) for test in tests)


def _test(table: str, found: re.Match[str]) -> Callable[[Json], bool]:
    field, op, negated = found["field"], found["op"], found["minus"] is not None
    if field not in FIELDS[table]:
        raise bad(f"Field `{field}` is an unsupported search field for resource `{table}`.", param="query")
    quoted = found["text"]
    wanted = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else found["bare"]

    def value(row: Json) -> Any:
        here: Any = row
        if field == "subscription":
            here = ((row["parent"] or {}).get("subscription_details") or {}).get("subscription")
        else:
            for part in field.split("."):
                here = (here or {}).get(part)
        return here.get(found["meta"]) if found["meta"] is not None and here is not None else here

    def test(row: Json) -> bool:
        held = value(row)
        if wanted == "null" and quoted is None:
            return held is None
        if held is None:
            return False
        if op == "~":
            return wanted.lower() in str(held).lower()
        if op == ":":
            shown = str(held).lower() if isinstance(held, bool) else str(held)
            return shown.lower() == wanted.lower()
        number = float(wanted)
        return bool({">": held > number, "<": held < number, ">=": held >= number, "<=": held <= number}[op])

    return lambda row: test(row) != negated
