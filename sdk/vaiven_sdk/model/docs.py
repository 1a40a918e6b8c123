"""The reference page and the JSON Schema of the unified model, made from its code.

`python -m vaiven_sdk.model.docs` writes `docs/reference/model.md` and `model.schema.json`; with `--check` it
writes nothing and fails when they differ from the code.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import get_origin

from ._base import Entity, Field, Merge, Pii
from .entities import ENTITIES
from .metrics import METRICS, Metric
from .row import ROW
from .schema import json_schema

_INTRO = """\
<!-- Made by `python -m vaiven_sdk.model.docs`. Change the code, then run it again. -->
# The unified model

Every entity, its fields and their marks. [The concept page](../concepts/unified-model.md) says why they are
as they are; [model.schema.json](model.schema.json) is the same for machines.

A field is empty when nothing is known, unless its type says *always*. What the marks mean:

| mark | meaning |
|---|---|
| → kind | the id of a row of that kind; → *field* if that field names the kind |
| key | an equal value finds the same entity: namespace, limit (records that may share it), priority |
| personal | contact, sensitive or special: drives redaction, erasure and what a model may read |
| merge | how two different edits are settled, where it is not the later one that wins |
| clean | the cleaner that brings two spellings to one |
"""

_HEADINGS = {
    "people": "People and companies",
    "consent": "Consent",
    "audiences": "Lists",
    "ads": "Paid media",
    "email": "Messages",
    "metrics": "Measured numbers",
    "activity": "Events and activities",
    "sales": "Sales",
    "commerce": "Shop",
    "billing": "Billing",
    "support": "Support",
    "forms": "Forms",
}


def page() -> str:
    """The Markdown page."""
    return "\n".join(_lines()).rstrip() + "\n"


def schema() -> str:
    """The JSON Schema document as text."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRO
    yield "## Every row\n"
    yield "The store's own columns. No mapping can write them.\n"
    yield from _table(ROW)
    for module in dict.fromkeys(entity.__module__ for entity in ENTITIES.values()):
        yield f"## {_HEADINGS[module.rpartition('.')[2]]}\n"
        yield f"{_prose(sys.modules[module].__doc__)}\n"
        for entity in ENTITIES.values():
            if entity.__module__ == module:
                yield from _entity(entity)
    yield from _metrics()
    yield "## Enumerations\n"
    yield "A vendor's value without a member becomes `other`; the source record keeps the value itself.\n"
    for enum in _enums():
        yield from _enum(enum)


def _entity(entity: type[Entity]) -> Iterator[str]:
    yield f"### {entity.__name__}\n"
    yield f"{_prose(entity.__doc__)}\n"
    facts = [f"Table `{entity.kind}`", f"API `{entity.plural}`", entity.nature.value]
    if entity.natural_key:
        facts.append("natural key " + ", ".join(f"`{name}`" for name in entity.natural_key))
    yield f"{'; '.join(facts)}.\n"
    yield from _table(entity.fields())


def _table(fields: dict[str, Field]) -> Iterator[str]:
    yield "| field | type | what it is | marks |"
    yield "|---|---|---|---|"
    for field in fields.values():
        yield f"| `{field.name}` | {_type(field)} | {_cell(field.doc)} | {_marks(field)} |"
    yield ""


def _type(field: Field) -> str:
    kind = field.type
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        shown = f"[{kind.__name__}](#{kind.__name__.lower()})"
    elif get_origin(kind) is not None:
        shown = {list: "list of str", dict: "object"}[get_origin(kind)]
    else:
        shown = {"Decimal": "decimal", "datetime": "instant"}.get(kind.__name__, kind.__name__)
    return shown if field.nullable else f"{shown}, *always*"


def _marks(field: Field) -> str:
    marks = [
        f"→ {field.ref}" if field.ref else "",
        f"→ *{field.ref_by}*" if field.ref_by else "",
        f"key {field.key.namespace}, {field.key.limit}, {field.key.priority}" if field.key else "",
        f"personal: {field.pii}" if field.pii is not Pii.NONE else "",
        f"merge: {field.merge}" if field.merge is not Merge.LAST_WRITER else "",
        f"clean: {field.clean}" if field.clean else "",
    ]
    return "; ".join(filter(None, marks))


def _metrics() -> Iterator[str]:
    yield "## Metrics\n"
    yield f"{_prose(Metric.__doc__)}\n"
    yield "| metric | unit | may be summed | what it is |"
    yield "|---|---|---|---|"
    for metric in METRICS.values():
        yield f"| `{metric.name}` | {metric.unit} | {'yes' if metric.additive else '**no**'} | {metric.doc} |"
    yield ""


def _enums() -> list[type[StrEnum]]:
    found = {
        field.type
        for entity in ENTITIES.values()
        for field in entity.fields().values()
        if isinstance(field.type, type) and issubclass(field.type, StrEnum)
    }
    return sorted(found, key=lambda enum: enum.__name__)


def _enum(enum: type[StrEnum]) -> Iterator[str]:
    yield f"### {enum.__name__}\n"
    yield f"{_prose(enum.__doc__)}\n"
    yield f"{', '.join(f'`{member.value}`' for member in enum)}\n"


def _prose(docstring: str | None) -> str:
    return re.sub(r"\n[ ]+", "\n", docstring or "").strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: list[str] | None = None) -> int:
    """Write both files, or compare them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m vaiven_sdk.model.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    parser.add_argument("--folder", type=Path, default=Path("docs/reference"), help="where the files are")
    options = parser.parse_args(arguments)
    stale = []
    for name, content in (("model.md", page()), ("model.schema.json", schema())):
        path: Path = options.folder / name
        if options.check:
            if not path.is_file() or path.read_text(encoding="utf-8") != content:
                stale.append(str(path))
        else:
            path.write_text(content, encoding="utf-8")
    for path_name in stale:
        sys.stderr.write(f"{path_name} differs from the code: run python -m vaiven_sdk.model.docs\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
