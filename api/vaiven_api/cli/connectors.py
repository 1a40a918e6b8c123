"""`vaiven connectors`: what can be connected, and what each connector promises."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import print_json, table

if TYPE_CHECKING:
    from vaiven_registry import Manifest
    from vaiven_sdk import Stream


@click.group()
def connectors() -> None:
    """List the connectors, or show one."""


@connectors.command("list")
@common()
def list_(options: Options) -> None:
    """List the connectors with their streams; broken plug-ins come with the reason.

    \b
    Example:
      vaiven connectors list --json
    """  # noqa: D301
    from vaiven_api.cli.taps import registry_of  # noqa: PLC0415
    from vaiven_registry import Broken  # noqa: PLC0415

    registry = registry_of(options)
    found, hidden = [], []
    for entry in registry.list():
        try:
            found.append((entry, registry.manifest(entry.slug)))
        except Exception as problem:  # noqa: BLE001 - a partner's package may raise anything and must hide no other
            hidden.append((entry, f"{type(problem).__name__}: {problem}"))
    known = registry.broken()
    reported = {one.slug for one in known}
    broken = [
        *known,
        *(
            Broken(
                slug=entry.slug,
                target=f"{entry.module}:{entry.attribute}",
                distribution=entry.distribution,
                reason=reason,
                remedy=f"Update, correct or uninstall {entry.distribution}.",
            )
            for entry, reason in hidden
            if entry.slug not in reported
        ),
    ]
    if options.json:
        listed = [{**summary(m), "package": e.distribution, "version": e.version} for e, m in found]
        print_json({"connectors": listed, "broken": [asdict(b) for b in broken]})
        return
    rows = []
    for entry, manifest in found:
        for n, stream in enumerate(manifest.streams):
            badges = (manifest.quality.level or "-", manifest.quality.evidence)
            head = (entry.slug, manifest.category, *badges) if n == 0 else (" ",) * 4
            reads = "changes" if stream.incremental else "whole"
            rows.append([*head, stream.name, stream.direction, reads, stream.guarantee])
    table(("connector", "category", "level", "evidence", "stream", "direction", "reads", "guarantee"), rows)
    for one in broken:
        click.echo(f"\nBroken: {one.slug} from {one.distribution}: {one.reason}\n  {one.remedy}")


@connectors.command()
@click.argument("slug")
@common()
def show(options: Options, slug: str) -> None:
    """Show all that a connector declares: streams, fields, guards, limits, sign-in, settings.

    \b
    Example:
      vaiven connectors show hubspot
    """  # noqa: D301
    from vaiven_api.cli.taps import registry_of  # noqa: PLC0415

    described = detail(slug, registry_of(options))
    if options.json:
        print_json(described)
        return
    click.echo(f"{described['name']} ({slug}, {described['category']})  {described['docs']}")
    _show_quality(described["quality"])
    click.echo(f"\nAddress: {described['base_url']}   further hosts: {', '.join(described['hosts']) or 'none'}")
    for scheme in described["auth"]:
        click.echo(f"Sign in: {scheme['kind']}, takes {', '.join(scheme['fields'])}")
    _show_scopes(described)
    click.echo("\nSettings" + ("" if described["config"] else ": none"))
    for setting in described["config"]:
        must = "required" if setting["required"] else "optional"
        rule = f", {setting['pattern']}" if setting["pattern"] else ""
        click.echo(f"  {setting['name']} ({must}, {setting['type']}{rule}), as in {setting['example'] or '-'}")
        click.echo(f"      {setting['help']}")
    click.echo("\nLimits" + ("" if described["limits"] else ": none declared"))
    for limit in described["limits"]:
        click.echo(f"  {limit['limit']}  {limit['path'] or 'all paths'}")
        click.echo(f"      {limit['source']}")
    for hook in described["webhooks"]:
        click.echo(f"\nWebhooks: {hook['signature']}")
    for stream in described["streams"]:
        _show_stream(stream)


def _show_quality(quality: dict[str, Any]) -> None:
    """The badges, each of which says something else."""
    click.echo(f"Quality: {quality['level'] or 'not measured'}   evidence: {quality['evidence']}")
    who = quality["owner"] or "-"
    click.echo(f"Support: {quality['support'] or '-'}   lifecycle: {quality['lifecycle']}   owner: {who}")
    for rule, why in quality["exempt"].items():
        click.echo(f"  let off {rule}: {why}")


def _show_scopes(described: dict[str, Any]) -> None:
    """Each permission with its reason and the streams that need it, those for writing after the others."""
    wanted: dict[str, tuple[str, list[str], bool]] = {}
    every = [(scope, "every stream") for scope in described["scopes"]]
    for scope, stream in [*every, *((s, t["name"]) for t in described["streams"] for s in t["scopes"])]:
        why, streams, write = wanted.setdefault(scope["name"], (scope["why"], [], True))
        wanted[scope["name"]] = (why, [*streams, stream], write and scope["write"])
    click.echo("\nScopes" + ("" if wanted else ": none"))
    for name, (why, streams, write) in sorted(wanted.items(), key=lambda item: item[1][2]):
        click.echo(f"  {name}{' (to write)' if write else ''}: {why}\n      {', '.join(streams)}")


def _show_stream(stream: dict[str, Any]) -> None:
    reads = "what changed" if stream["incremental"] else "everything each time"
    click.echo(f"\n{stream['name']} -> {stream['entity']}: {stream['direction']}, {stream['guarantee']}")
    click.echo(f"  reads {reads}; deletions by {stream['deletes']}; reads trail writes by {stream['lag']:g} s")
    if stream["writes"]:
        key = stream["create_key"] or "-"
        click.echo(f"  writes {', '.join(stream['writes'])}; guard {stream['guard']}; create key {key}")
    rows = [[f["field"], f["unified"], f["direction"], f["refers_to"]] for f in stream["fields"]]
    table(("  field", "unified field", "direction", "refers to"), ([f"  {r[0]}", *r[1:]] for r in rows))


def summary(manifest: Manifest) -> dict[str, Any]:
    """What the list says of a connector."""
    return {
        "slug": manifest.slug,
        "name": manifest.name,
        "category": manifest.category,
        "has_simulator": manifest.has_simulator,
        "level": manifest.quality.level,
        "evidence": manifest.quality.evidence,
        "streams": [
            {
                "name": s.name,
                "entity": s.entity,
                "direction": s.direction,
                "incremental": s.incremental,
                "guarantee": s.guarantee,
            }
            for s in manifest.streams
        ],
    }


def detail(slug: str, registry: Any) -> dict[str, Any]:
    """Everything that a connector declares, as plain values."""
    manifest: Manifest = registry.manifest(slug)
    connector = registry.load(slug)
    plain = asdict(manifest)
    for stream in plain["streams"]:
        loaded = connector.streams[stream["name"]]
        stream["lag"] = loaded.lag
        stream["fields"] = fields(loaded)
    limits = [limit.as_dict() for limit in connector.limits]
    hooks = [{"signature": str(hook.signature), "weak": hook.signature.weak} for hook in connector.webhooks]
    return {**plain, "limits": limits, "webhooks": hooks}


def fields(stream: Stream[Any, Any]) -> list[dict[str, Any]]:
    """The mapping of a stream, a row for each unified field."""
    wires = stream.record.__wires__
    rows = []
    for name, mapped in stream.record.mapped().items():
        source = next((".".join(w.path) or f for f, w in wires.items() if w.to == name), "(computed)")
        both = name in stream.writable
        rows.append(
            {"field": source, "unified": name, "direction": "both" if both else "read", "refers_to": mapped.ref}
        )
    return rows
