"""The docs page of the quality rules, made from their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaiven_api.kit.rules import RULES
from vaiven_registry.quality import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEANS = {
    "bronze": "It can be merged: it works in peace, explains itself, and leaks nothing.",
    "silver": "It can be left alone: bad days, crashes and edits in the middle of a read lose nothing.",
    "gold": "It can be recommended: both ways, in eight languages, with webhooks, custom fields and erasure.",
    "platinum": "It can be held up as an example: nothing escapes the types, and the vendor itself has confirmed it.",
}


def lines() -> Iterator[str]:
    """The page's lines: a heading for each rule, which is what the command line links to."""
    yield "# Quality rules\n"
    yield f"The {len(RULES)} rules that `vaiven test connector` measures a connector by. A level is reached when every"
    yield "rule of it, and of those below, holds. [The kit](kit.md) says how to run it and how a rule is let off.\n"
    for level in LEVELS:
        yield f"## {level.capitalize()}\n"
        yield f"{_MEANS[level]}\n"
        for rule in (rule for rule in RULES if rule.level == level):
            yield f"### {rule.id}\n"
            yield f"**{rule.title}.** {rule.looks}\n"
            yield f"*Why:* {rule.why}\n"
            yield f"*What to do:* {rule.remedy}\n"
            off = "It can be let off with a reason." if rule.may_exempt else "No connector is let off it."
            yield f"{off}\n"
