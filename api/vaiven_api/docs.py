"""The reference pages that are made from the code: command line, error codes, SDK, one page a connector.

`python -m vaiven_api.docs` writes them below `docs/`; with `--check` it writes nothing and fails when one differs.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections import defaultdict
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import vaiven_sdk
from vaiven_api.cli.app import COMMANDS, app
from vaiven_api.cli.connectors import detail
from vaiven_api.cli.exits import EXIT_CODES, code_of
from vaiven_api.kit import page as _quality_rules
from vaiven_registry import Registry
from vaiven_sdk.errors import Actor, VaivenError, taxonomy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
_MADE = "<!-- Made by `python -m vaiven_api.docs`. Change the code, then run it again. -->\n"
# Imported for the error classes that they define: the taxonomy is what this process knows.
_SOURCES = (
    "vaiven_registry.errors",
    "vaiven_sync_engine.errors",
    "vaiven_sync_engine.singer.errors",
    "vaiven_sync_engine.vault",
    "vaiven_api.release.declaration",
    "vaiven_api.scaffold.description",
    "vaiven_api.scaffold.write",
    "vaiven_sdk.singer.target",
    "vaiven_sdk.testing.cassette",
)


def pages() -> dict[str, str]:
    """Every page by its path below the repository's root."""
    registry = Registry()
    built_in = [entry.slug for entry in registry.list() if entry.built_in]
    details = {slug: detail(slug, registry) for slug in built_in}
    made = {
        "docs/reference/cli.md": _cli(),
        "docs/reference/errors.md": _errors(),
        "docs/reference/sdk.md": _sdk(),
        "docs/sdk/quality-rules.md": _rules(),
        "docs/connectors/index.md": _connectors(details.values()),
        **{f"docs/connectors/{slug}.md": _connector(about) for slug, about in details.items()},
    }
    return {path: "\n".join(lines).rstrip() + "\n" for path, lines in made.items()}


# ------------------------------------------------------------------------------------------------ the command line
def _cli() -> Iterator[str]:
    yield _MADE
    yield "# Command line\n"
    yield "`vaiven` works on one store, a SQLite file: `--store PATH`, else the variable `VAIVEN_STORE`, else"
    yield '`./vaiven.db`. Every command has `--json`: one JSON document on stdout, an error as `{"error": {...}}`.'
    yield "`people`, `runs`, `conflicts`, `quarantine` and `doctor` only read, and work while a sync runs.\n"
    yield "## Exit codes\n"
    yield from _table(("code", "meaning"), ((f"`{code}`", text) for code, text in EXIT_CODES.items()))
    yield "An error says what happened, why, what to do, and a reference; [Error codes](errors.md) has them all.\n"
    root = click.Context(app, info_name="vaiven")
    for name in COMMANDS:
        command = app.get_command(root, name)
        if isinstance(command, click.Group):
            group = click.Context(command, info_name=name, parent=root)
            for inner in command.list_commands(group):
                if found := command.get_command(group, inner):
                    yield from _command(found, inner, group)
        elif command is not None:
            yield from _command(command, name, root)


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield f"## {context.command_path}\n"
    yield f"```console\n$ {context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            label, *lines = paragraph.strip("\b\n").split("\n")
            block = textwrap.dedent("\n".join(lines))
            yield f"{label}\n\n```console\n" + "\n".join(f"$ {line}" for line in block.split("\n")) + "\n```\n"
        else:
            yield " ".join(paragraph.split()) + "\n"
    records = [p.get_help_record(context) for p in command.get_params(context) if isinstance(p, click.Option)]
    shown = [(f"`{r[0]}`", " ".join(r[1].split())) for r in records if r and "--help" not in r[0]]
    yield from _table(("option", "meaning"), shown)


# ---------------------------------------------------------------------------------------------------------- errors
_WHO = {
    Actor.CUSTOMER: ("You, whose account it is", "Reconnect, grant a permission, correct a setting, approve."),
    Actor.VENDOR: ("The tool at the other end", "It is busy, down, or answers nonsense; the next run goes on."),
    Actor.OPERATOR: ("Whoever runs Vaiven", "Disk, locks, keys, settings of the machine."),
    Actor.MAKER: ("Whoever wrote the connector or the platform", "It is a bug."),
    Actor.NOBODY: ("Nobody", "One record or one place cannot be taken; the rest goes on."),
}


def _errors() -> Iterator[str]:
    for module in _SOURCES:
        import_module(module)
    ours = [
        cls
        for cls in taxonomy()
        if "code" in vars(cls) and re.match(r"vaiven_(sdk|registry|sync_engine|api)\b", cls.__module__)
    ]
    by_actor: dict[Actor, list[type[VaivenError]]] = defaultdict(list)
    for cls in sorted(ours, key=lambda c: c.code):
        by_actor[cls.actor].append(cls)
    yield _MADE
    yield "# Error codes\n"
    yield "Every error has a stable code, says what happened, why and what to do, and names who can make it go away."
    yield "Connectors refine them with the vendor's own words; the codes stay these. The exit code is that of the"
    yield "[command line](cli.md#exit-codes).\n"
    for actor, (who, what) in _WHO.items():
        yield f"## {who} (`{actor.value}`)\n"
        yield f"{what}\n"
        rows = [
            (f"`{c.code}`", _first(c.__doc__), c.remedy, f"`{code_of(c(''))}`", f"`{c.__module__}.{c.__name__}`")
            for c in by_actor[actor]
        ]
        yield from _table(("code", "what happened", "what to do", "exit", "class"), rows)


# ------------------------------------------------------------------------------------------------------------- SDK
_CHAPTERS = {
    "connector": "Connector",
    "stream": "Streams",
    "record": "Records and their mapping",
    "config": "Settings",
    "read": "Reading",
    "paging": "Paging",
    "_walk": "Pages as they come",
    "write": "Writing",
    "session": "Calling the vendor",
    "auth": "Signing in",
    "limits": "Limits",
    "guarantees": "What the vendor can promise",
    "custom": "Custom fields",
    "scopes": "Scopes",
    "webhooks": "Webhooks",
    "errors": "Errors",
}


def _sdk() -> Iterator[str]:
    yield _MADE
    yield "# SDK\n"
    yield "All that a connector imports comes from `vaiven_sdk`; the [unified model](model.md) from"
    yield "`vaiven_sdk.model`, and what a simulator is made of from `vaiven_sdk.testing`. The"
    yield "[tutorial](../tutorial.md) shows how they go together.\n"
    public: dict[str, list[str]] = defaultdict(list)
    for name in vaiven_sdk.__all__:
        thing = getattr(vaiven_sdk, name)
        if inspect.ismodule(thing):
            public[thing.__name__.split(".")[1]] += [name, *(f"{name}.{inner}" for inner in thing.__all__)]
        else:
            public[thing.__module__.split(".")[1]].append(name)
    for module in [*_CHAPTERS, *sorted(set(public) - set(_CHAPTERS))]:
        if module in public:
            yield f"## {_CHAPTERS.get(module, module)}\n"
            if module == "errors":
                yield "Raise these from a connector; [Error codes](errors.md) says what each means to people.\n"
            for name in public[module]:
                yield from _public(name, attrgetter(name)(vaiven_sdk))


def _public(name: str, thing: Any) -> Iterator[str]:
    if inspect.ismodule(thing):
        yield f"### {name}\n\n{_first(thing.__doc__)}\n"
        return
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(thing))).body
    yield f"### {name}\n"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield f"```py\n{_signature(node)}\n```\n"
        yield from _docstring(node)
    elif isinstance(node, ast.ClassDef):
        yield from _class(node)


def _class(node: ast.ClassDef) -> Iterator[str]:
    bases = [ast.unparse(base) for base in node.bases]
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign) and _is_public(item.target)]
    is_dataclass = any("dataclass" in ast.unparse(mark) for mark in node.decorator_list)
    if is_dataclass and fields:
        given = ",\n".join(f"    {ast.unparse(f)}" for f in fields if "init=False" not in ast.unparse(f))
        yield f"```py\n{node.name}(\n{given},\n)\n```\n"
    yield from _docstring(node)
    if "StrEnum" in bases:
        yield from _table(("member", "value", "meaning"), _members(node))
        return
    for item in node.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and not item.name.startswith("_"):
            marks = [ast.unparse(mark) for mark in item.decorator_list]
            if "property" in marks:
                yield f"**`{node.name}.{item.name}`** (read only)\n"
            else:
                yield f"```py\n{_signature(item, f'{node.name}.')}\n```\n"
            yield from _docstring(item)


def _members(node: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    for item, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(item, ast.Assign):
            said = after.value if isinstance(after, ast.Expr) else None
            meaning = str(said.value) if isinstance(said, ast.Constant) else ""
            yield f"`{ast.unparse(item.targets[0])}`", f"`{ast.literal_eval(item.value)}`", meaning


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str = "") -> str:
    start = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
    arguments = node.args
    if arguments.args and arguments.args[0].arg in {"self", "cls"}:
        del arguments.args[0]
    given = ast.unparse(arguments)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{start}{prefix}{node.name}({given}){returns}"
    if len(line) <= 100:
        return line
    parts = re.split(r", (?=\*?[a-z_]+(?:: |=|,|$)|\*(?:,|$))", given)
    return f"{start}{prefix}{node.name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def _is_public(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and not target.id.startswith("_")


def _docstring(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[str]:
    """A docstring with its Google sections as lists."""
    section = False
    lines: list[str] = []
    for line in (ast.get_docstring(node) or "").split("\n"):
        if re.fullmatch(r"(Args|Raises|Class arguments):", line):
            section = True
            lines.extend(("", f"{line[:-1]}:", ""))
        elif section and re.match(r"    [\w*, ]+: ", line):
            name, _, text = line.strip().partition(": ")
            lines.append(f"- `{name}`: {text}")
        elif section and line.startswith("     "):
            lines.append(f"  {line.strip()}")
        else:
            section = section and not line
            lines.append(line)
    yield re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _rules() -> Iterator[str]:
    yield _MADE
    yield from _quality_rules.lines()


# ------------------------------------------------------------------------------------------------------ connectors
def _connectors(details: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield _MADE
    yield "# Connectors\n"
    yield "What each connector declares; `vaiven connectors show SLUG` prints the same. What the guarantee classes mean"
    yield "is said in [Guarantees](../concepts/guarantees.md).\n"
    rows = []
    for about in details:
        both = [s["name"] for s in about["streams"] if s["direction"] == "both"]
        read = [s["name"] for s in about["streams"] if s["direction"] != "both"]
        link = f"[{about['name']}]({about['slug']}.md)"
        simulator = "yes" if about["has_simulator"] else "no"
        level = about["quality"]["level"] or "-"
        rows.append(
            (link, about["category"], level, about["quality"]["evidence"], ", ".join(both), ", ".join(read), simulator)
        )
    yield from _table(("connector", "category", "level", "evidence", "both ways", "read", "simulator"), rows)


def _connector(about: dict[str, Any]) -> Iterator[str]:
    slug = about["slug"]
    yield _MADE
    yield f"# {about['name']}\n"
    quality = about["quality"]
    level = quality["level"] or "not yet measured"
    yield f"Category {about['category']}. The vendor's own documentation: <{about['docs']}>.\n"
    yield f"Quality: **{level}**. Evidence: **{quality['evidence']}**. Support: {quality['support'] or 'nobody named'}."
    yield f"Lifecycle: {quality['lifecycle']}. What these say: [the kit](../sdk/kit.md).\n"
    for rule, why in quality["exempt"].items():
        yield f"- Let off [{rule}](../sdk/quality-rules.md#{rule}): {why}"
    yield ""
    yield "## Streams\n"
    rows = [
        (
            f"`{s['name']}`",
            f"`{s['entity']}`",
            s["direction"],
            "what changed" if s["incremental"] else "whole",
            f"`{s['guarantee']}`",
            ", ".join(s["writes"]),
            f"`{s['guard']}`" if s["guard"] else "",
            f"`{s['create_key']}`" if s["create_key"] else "",
            f"`{s['deletes']}`",
            f"{s['lag']:g} s",
        )
        for s in about["streams"]
    ]
    yield from _table(
        ("stream", "becomes", "direction", "reads", "guarantee", "writes", "guard", "create key", "deletions", "lag"),
        rows,
    )
    yield "## Connecting\n"
    for scheme in about["auth"]:
        scopes = f"; scopes {', '.join(f'`{s}`' for s in scheme['scopes'])}" if scheme["scopes"] else ""
        yield f"- `{scheme['kind']}`, takes {', '.join(f'`{f}`' for f in scheme['fields'])}{scopes}"
    yield ""
    settings = [
        (f"`{c['name']}`", "yes" if c["required"] else "no", f"`{c['example']}`" if c["example"] else "", c["help"])
        for c in about["config"]
    ]
    yield from _table(("setting", "required", "example", "where to find it"), settings)
    hosts = ", ".join(f"`{host}`" for host in (about["base_url"], *about["hosts"]))
    yield f"Requests go to {hosts}, and nowhere else.\n"
    if about["has_simulator"]:
        yield f"With no account: `vaiven sim {slug}` runs its simulator and prints the command that connects it.\n"
    yield "## Limits\n"
    limits = [(m["limit"], m["path"] or "all paths", m["source"]) for m in about["limits"]]
    if not limits:
        yield "None are declared.\n"
    yield from _table(("calls", "where", "source"), limits)
    for stream in about["streams"]:
        yield f"## {stream['name']}\n"
        mapping = [
            (f"`{f['field']}`", f"`{f['unified']}`", f["direction"], f"`{f['refers_to']}`" if f["refers_to"] else "")
            for f in stream["fields"]
        ]
        yield from _table(("field", "unified field", "direction", "refers to"), mapping)
    yield from _notes(slug)


def _notes(slug: str) -> Iterator[str]:
    """The connector's README, its headings one level down."""
    readme = ROOT / "connectors" / "vaiven_connectors" / slug / "README.md"
    if readme.is_file():
        _, _, text = readme.read_text(encoding="utf-8").strip().partition("\n")
        yield "## Notes of the connector's authors\n"
        yield re.sub(r"^(#+ )", r"#\1", text.strip(), flags=re.MULTILINE)


# -------------------------------------------------------------------------------------------------------- the rest
def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    rows = list(rows)
    if rows:
        yield f"| {' | '.join(headers)} |"
        yield "|" + "---|" * len(headers)
        for row in rows:
            yield f"| {' | '.join(text.replace('|', '&#124;') for text in row)} |"
        yield ""


def _first(doc: str | None) -> str:
    return " ".join((doc or "").partition("\n\n")[0].split())


def main(arguments: Sequence[str]) -> int:
    """Write the pages; with `--check` write nothing, name those that differ, and give 1 if there is one."""
    check = "--check" in arguments
    stale = 0
    for path, text in pages().items():
        file = ROOT / path
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if check:
            click.echo(f"{path} is out of date: run `python -m vaiven_api.docs`", err=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
