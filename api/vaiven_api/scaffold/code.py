"""A draft as Python: records, connector, simulator, tests."""

from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING

from vaiven_api.scaffold import templates
from vaiven_api.scaffold.samples import sample

if TYPE_CHECKING:
    from vaiven_api.scaffold.draft import Collection, Draft, Field

WIDTH = 120
_LONGEST = 330
"""Lines of rows in one module."""
_TOGETHER = 150
"""Lines of records that stand in the connector's own module; more get modules of their own."""


def modules(draft: Draft) -> dict[str, str]:
    """Every Python file of the inner package, by name."""
    records = {one.stream: _record(one) for one in draft.collections}
    lines = sum(text.count("\n") for text in records.values())
    files = {"__init__.py": f'"""{draft.name} for Vaiven."""\n', "py.typed": "", **simulator(draft)}
    if lines <= _TOGETHER:
        body = "\n\n".join(records.values())
        return files | {"connector.py": _connector(draft, f"\n\n{body}", _record_imports(draft.collections), [])}
    inner = []
    for one in draft.collections:
        name = f"_{one.stream}"
        head = "\n".join(_record_imports([one]))
        files[f"{name}.py"] = (
            f'"""{draft.name}: what one of its {_spoken(one)} holds."""\n\n{head}\n\n\n{records[one.stream]}'
        )
        inner.append(f"from .{name} import {one.record}")
    return files | {"connector.py": _connector(draft, "", [], sorted(inner))}


def _spoken(one: Collection) -> str:
    return one.stream.replace("_", " ")


def call(head: str, arguments: list[str], tail: str = "", indent: int = 0) -> str:
    """A call on one line where it fits, else one argument a line, as the formatter writes it."""
    pad = " " * indent
    line = f"{pad}{head}({', '.join(arguments)}){tail}"
    if len(line) <= WIDTH:
        return line
    joined = f"{pad}    {', '.join(arguments)}"
    if len(joined) <= WIDTH:
        return f"{pad}{head}(\n{joined}\n{pad}){tail}"
    rows = "".join(f"{pad}    {one},\n" for one in arguments)
    return f"{pad}{head}(\n{rows}{pad}){tail}"


def imported(module: str, names: set[str]) -> str:
    """An import in the formatter's order, on as many lines as it takes."""
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[:1].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


# ---------------------------------------------------------------------------------------------------------- records
def _record(one: Collection) -> str:
    doc = f'    """One record of `{one.source}`.{_vendor_values(one)}"""\n'
    cursor = f', cursor="{one.cursor}"' if one.cursor else ""
    fields = "".join(f"    {_field(field)}\n" for field in _ordered(one))
    return f'class {one.record}(Record[{one.entity}], key="{one.key}"{cursor}):\n{doc}\n{fields}'


def _ordered(one: Collection) -> list[Field]:
    return sorted(one.fields, key=lambda field: field.name != one.key)


def _field(field: Field) -> str:
    given = []
    if field.path != field.name:
        given.append(f'"{field.path}"')
    if field.to:
        given.append(f'to="{field.to}"')
    if field.ref:
        given.append(f'ref="{field.ref}"')
    kind = f"{field.type} | None" if field.nullable else field.type
    return call(f"{field.name}: {kind} = wire", given, indent=0) if given else f"{field.name}: {kind}"


def _vendor_values(one: Collection) -> str:
    told = [f"    {f.name}: {', '.join(map(_plain, f.values[:12]))}." for f in one.fields if f.values and not f.to]
    if not told:
        return ""
    lines = [line if len(line) <= WIDTH else line[: WIDTH - 4].rsplit(",", 1)[0] + ", ..." for line in told]
    return (
        "\n\n    Values that the vendor describes, for `values=` once it is known what they mean:\n\n"
        + "\n".join(lines)
        + "\n    "
    )


def _plain(value: str) -> str:
    return re.sub(r'[\\"\n]', " ", value)[:40]


def _record_imports(collections: list[Collection]) -> list[str]:
    types = " ".join(field.type for one in collections for field in one.fields)
    entities = {one.entity for one in collections}
    wired = any(field.to or field.path != field.name for one in collections for field in one.fields)
    found = []
    if re.search(r"\bdate\b", types):
        found.append("from datetime import date")
    if "Decimal" in types:
        found.append("from decimal import Decimal")
    if found:
        found.append("")
    if "AwareDatetime" in types:
        found.append("from pydantic import AwareDatetime")
    return [
        *found,
        imported("vaiven_sdk", {"Record", *({"wire"} if wired else set())}),
        imported("vaiven_sdk.model", entities),
    ]


# -------------------------------------------------------------------------------------------------------- connector
def _connector(draft: Draft, records: str, imports: list[str], inner: list[str]) -> str:
    names = {"Account", "Connector", "Session", "get", *(way.name for way in draft.ways)}
    names |= {"Page"} if any(one.page.code for one in draft.collections) else set()
    names |= {"Scope"} if any(one.scopes for one in draft.collections) else set()
    names.add("Config")
    whole = [line for line in imports if not line.startswith("from vaiven_sdk import")]
    if any("wire" in line for line in imports if line.startswith("from vaiven_sdk import")):
        names.add("wire")
    if imports:
        names.add("Record")
    model = [line for line in whole if line.startswith("from vaiven_sdk.model")]
    third = [line for line in whole if line.startswith("from pydantic")]
    if draft.settings:
        third = ["from pydantic import AwareDatetime, Field"] if third else ["from pydantic import Field"]
    standard = [line for line in whole if line.startswith(("from datetime", "from decimal"))]
    blocks = ["\n".join(standard), "\n".join([*third, imported("vaiven_sdk", names), *model]), "\n".join(inner)]
    return Template(templates.CONNECTOR).substitute(
        name=draft.name,
        imports="\n\n".join(block for block in blocks if block),
        config=_config(draft),
        slug=draft.slug,
        connector=_declared(draft),
        records=records,
        streams="\n".join(_stream(draft, one) for one in draft.collections),
        settings=_settings_name(draft),
        account=_account(draft),
    )


def _settings_name(draft: Draft) -> str:
    return "Settings" if draft.settings else "Config"


def _config(draft: Draft) -> str:
    if not draft.settings:
        return ""
    fields = []
    for one in draft.settings:
        given = [f'pattern=r"{one.pattern}"', f'title="{_plain(one.title)}"', f'description="{_text(one.help)}"']
        fields.append(call(f"{one.name}: str = Field", [*given, f'examples=["{one.example}"]'], indent=4))
    body = "\n".join(fields)
    return f'\n\nclass Settings(Config):\n    """What is asked for beside the credential."""\n\n{body}\n'


def _text(value: str) -> str:
    return re.sub(r'[\\"\n]', " ", value)[:90].strip()


def _declared(draft: Draft) -> str:
    given = [
        f'"{draft.slug}"',
        _settings_name(draft),
        f'name="{draft.name}"',
        f'category="{draft.category}"',
        f'base_url="{draft.base_url}"',
        f"auth=[{', '.join(way.code for way in draft.ways)}]",
        *([f"headers={draft.headers!r}".replace("'", '"')] if draft.headers else []),
        f'docs="{_text(draft.docs)}"',
    ]
    long = next(n for n, one in enumerate(given) if one.startswith("auth="))
    if len(given[long]) > WIDTH - 10:
        given[long] = "auth=[\n" + "".join(f"        {way.code},\n" for way in draft.ways) + "    ]"
        return f"{draft.slug} = Connector(\n" + "".join(f"    {one},\n" for one in given) + ")"
    return call(f"{draft.slug} = Connector", given)


def _stream(draft: Draft, one: Collection) -> str:
    def read(more: dict[str, str]) -> str:
        given = [f'"{one.path}"', *([f'items="{one.items}"'] if one.items else [])]
        given += [f"page={one.page.code}"] if one.page.code else []
        return call("get", [*given, *_keywords({**one.params, **more})])

    given = [one.record, read({}), f'name="{one.stream}"']
    if one.since:
        given.append(f"changes={read({one.since: '{since}'})}")
    if one.scopes:
        scopes = ", ".join(f'Scope("{name}", "to read {_spoken(one)}")' for name in one.scopes)
        given.append(f"scopes=[{scopes}]")
    return call(f"{_variable(one, draft)} = {draft.slug}.stream", given)


def _variable(one: Collection, draft: Draft) -> str:
    taken = {draft.slug, "account", "get", "wire", "date"}
    return f"{one.stream}_stream" if one.stream in taken or one.stream[:1].isdigit() else one.stream


def _keywords(params: dict[str, str]) -> list[str]:
    plain = [
        f'{name}="{value}"'
        for name, value in params.items()
        if name.isidentifier() and name not in {"path", "items", "page", "inject"}
    ]
    odd = [f'"{name}": "{value}"' for name, value in params.items() if f'{name}="{value}"' not in plain]
    return [*plain, *([f"**{{{', '.join(odd)}}}"] if odd else [])]


def _account(draft: Draft) -> str:
    first = draft.collections[0]
    given = [f'"{first.path}"', *_keywords(first.params)]
    return call("await hub.get", given, indent=4)


# -------------------------------------------------------------------------------------------------------- simulator
def simulator(draft: Draft) -> dict[str, str]:
    """The vendor on loopback, a table, a path and a paging rule for each list; many rows stand in modules beside it."""
    fakes = {one.stream: _fake(one) for one in draft.collections}
    if sum(text.count("\n") for text in fakes.values()) + 20 * len(fakes) <= _LONGEST:
        return {"simulator.py": _simulator(draft, "\n\n\n".join(fakes.values()) + "\n\n\n", "")}
    files: dict[str, str] = {}
    imports = []
    chunk: list[str] = []
    lines = 0
    for stream, text in [*fakes.items(), ("", "")]:
        if chunk and (not stream or lines + text.count("\n") > _LONGEST):
            name = f"_sim_rows_{len(files) + 1}"
            joined = "\n\n\n".join(fakes[one] for one in chunk)
            files[f"{name}.py"] = Template(templates.ROWS).substitute(name=draft.name, fakes=joined + "\n")
            imports += [f"from .{name} import _{one}" for one in chunk]
            chunk, lines = [], 0
        chunk.append(stream)
        lines += text.count("\n") + 4
    return files | {"simulator.py": _simulator(draft, "", "\n" + "\n".join(sorted(imports)) + "\n")}


def _simulator(draft: Draft, fakes: str, inner: str) -> str:
    kinds = {one.page.by_name or "ByNumber" for one in draft.collections}
    names = {"Call", "Entry", "Pages", "Refusal", "Reply", "Vendor", "get", draft.ways[0].access_name, *kinds}
    stamped = {"iso"} if any(one.cursor for one in draft.collections) else set()
    path = re.sub(r"^https://[^/]*", "", draft.base_url)
    return Template(templates.SIMULATOR).substitute(
        name=draft.name,
        random="" if inner else "from random import Random",
        imports=imported("vaiven_sdk.testing", names),
        ids=imported("vaiven_sdk.testing.ids", {"serial", *stamped}),
        inner=inner,
        cls=class_name(draft),
        slug=draft.slug,
        access=draft.ways[0].access,
        config=_simulated_config(draft),
        tables="\n".join(_table(one) for one in draft.collections),
        pages="\n".join(_pages(one) for one in draft.collections),
        paths="\n\n".join(_path(one, path) for one in draft.collections),
        fakes=fakes,
    )


def class_name(draft: Draft) -> str:
    """Name of the simulator's class."""
    return "".join(part.capitalize() for part in draft.slug.split("_")) + "Simulator"


def _simulated_config(draft: Draft) -> str:
    if not draft.settings:
        return ""
    given = ", ".join(f'"{one.name}": "{one.example}"' for one in draft.settings)
    return (
        "\n    @property\n    def config(self) -> dict[str, str]:\n"
        f'        """Settings that fit."""\n        return {{{given}}}\n'
    )


def _key_path(one: Collection) -> str:
    return next(field.path for field in one.fields if field.name == one.key)


def _table(one: Collection) -> str:
    given = [f'"{one.stream}"', f"fake=_{one.stream}"]
    if _key_path(one) != "id":
        given.append(f'key="{_key_path(one)}"')
    # An address as the id must look like one, which `fake` sees to.
    given.append("ids=serial(text=True)")
    if one.cursor:
        at = next(field.path for field in one.fields if field.name == one.cursor)
        given += [f'updated="{at}"', 'stamp=iso("microseconds")']
    return call("self.table", given, indent=8)


def _pages(one: Collection) -> str:
    by = one.page.by.replace("{table}", f'tables["{one.stream}"]').replace("find_entry", "entry") or 'ByNumber("page")'
    if one.page.by_name == "ByKey" and _key_path(one) != "id":
        by = f'{by.removesuffix(")")}, key="{_key_path(one)}")'
    cut = one.page.pages or ("size_param=None", "size=1000", "most=1000")
    given = [by, *([f'items="{one.items}"'] if one.items else []), *cut]
    return call(f'self.pages["{one.stream}"] = Pages', given, indent=8)


def _path(one: Collection, base: str) -> str:
    rows = f'self.tables["{one.stream}"].select('
    rows += f'since=call.instant("{one.since}"))' if one.since else ")"
    answer = call(f'return self.pages["{one.stream}"].answer', ["call", rows, "_shown"], indent=8)
    base = re.sub(r"{[^}]*}", "x", base)
    told = f": paged by {one.page.evidence}" if len(one.source) + len(one.page.evidence) < WIDTH - 30 else ""
    whole = (
        "        call.page_cap = None  # the end follows from the size that was asked for\n"
        if one.page.ends_unfull
        else ""
    )
    return (
        f'    @get("{base}{one.path}")\n    def list_{one.stream}(self, call: Call) -> Reply:\n'
        f'        """{one.source}{told}."""\n{whole}{answer}'
    )


def _fake(one: Collection) -> str:
    skipped = {one.cursor} | ({one.key} if _key_path(one) != "email" else set())
    rows = [f'        "{field.path}": {sample(field)},\n' for field in one.fields if field.name not in skipped]
    return f"def _{one.stream}(n: int, _: Random) -> dict[str, Any]:\n    return {{\n{''.join(rows)}    }}"
