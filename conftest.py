"""Runs the Python blocks of README.md, CONTRIBUTING.md and docs/ as tests.

The blocks of one page share a namespace, top to bottom. A block that cannot run is preceded by an invisible
comment that gives the reason: `<!--- skip: next "needs a HubSpot account" --->`.
"""

import re
from collections.abc import Iterable

from sybil import Document, Region, Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

_REASONED = re.compile(r'^(next|start) "[^"]+"$|^end$')


class ReasonedSkipParser(SkipParser):
    """Skips a block like Sybil's own parser does, but only for a stated reason."""

    def __call__(self, document: Document) -> Iterable[Region]:
        """Yield the regions to skip; a comment without a reason raises ValueError with its file and line."""
        for lexed in self.lexers(document):
            arguments = lexed.lexemes["arguments"].strip()
            if not _REASONED.match(arguments):
                line = document.text.count("\n", 0, lexed.start) + 1
                raise ValueError(f'{document.path}:{line}: say why: <!--- skip: next "the reason" --->')
        yield from super().__call__(document)


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), ReasonedSkipParser()],
    patterns=["docs/*.md", "docs/*/*.md", "README.md", "CONTRIBUTING.md"],
).pytest()
