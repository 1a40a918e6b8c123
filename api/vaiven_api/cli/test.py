"""`vaiven test`: what a connector proves about itself, offline and in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaiven_api.cli.options import Options, common
from vaiven_api.cli.output import cell, many, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaiven_api.kit.subject import Subject
    from vaiven_api.kit.verdicts import Certificate, Verdict

_MARKS = {"passed": ("ok", "green"), "missed": ("--", "red"), "exempt": ("ex", "yellow"), "not needed": ("..", "cyan")}


@click.group()
def test() -> None:
    """Certify a connector."""


@test.command("connector")
@click.argument("slug")
@click.option("--only", multiple=True, metavar="RULE", help="Look at this rule alone; may be repeated.")
@click.option(
    "--tests", multiple=True, type=click.Path(exists=True, path_type=Path), help="Measure these tests' coverage."
)
@click.option(
    "--coverage", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="What `coverage json` wrote."
)
@click.option("--evidence", is_flag=True, help="Run the tests that quality.toml names as evidence.")
@click.option("--write", is_flag=True, help="Write the outcome to the connector's quality.json.")
@common(store=False)
def connector(
    options: Options,
    slug: str,
    only: Sequence[str],
    tests: Sequence[Path],
    coverage: Path | None,
    *,
    evidence: bool,
    write: bool,
) -> int:
    """Measure a connector against the quality rules, with no account and no network.

    Prints its level, the rules that stand before the next one, the evidence rung, and each stream's guarantee.

    \b
    Example:
      vaiven test connector hubspot
      vaiven test connector acme --only resume --only faults
      vaiven test connector acme --tests tests --write
    """  # noqa: D301
    from vaiven_api.kit.kit import Asked, certify  # noqa: PLC0415 - the engine and a web server
    from vaiven_api.kit.rules import BY_ID  # noqa: PLC0415
    from vaiven_api.kit.subject import Subject  # noqa: PLC0415
    from vaiven_registry import Registry  # noqa: PLC0415

    if strange := [rule for rule in only if rule not in BY_ID]:
        raise click.BadParameter(f"there is no rule {strange[0]!r}; there are {', '.join(BY_ID)}", param_hint="--only")
    if only and write:
        raise click.UsageError("--write needs every rule: leave --only out.")
    subject = Subject.of(slug, Registry())
    told = (lambda _: None) if options.json else _line
    asked = Asked(only=only, coverage=coverage, tests=tests, evidence=evidence, told=told)
    certificate = certify(subject, asked)
    if write:
        _write(subject, certificate)
    if options.json:
        print_json(certificate.as_dict())
    elif only:
        click.echo(f"\n{many(len(only), 'rule')} looked at in {certificate.seconds:.1f} s.")
    else:
        _summary(certificate)
    return 0 if all(verdict.holds for verdict in certificate.verdicts if only) else 1


def _line(verdict: Verdict) -> None:
    from vaiven_api.kit.rules import BY_ID  # noqa: PLC0415

    rule = BY_ID[verdict.rule]
    mark, colour = _MARKS[verdict.result.value]
    click.echo(f"{click.style(mark, fg=colour)} {rule.level:<9}{rule.title} ({rule.id})")
    if verdict.result.value == "missed":
        for note in verdict.notes:
            click.echo(f"      {cell(note)}")
        click.echo(f"      do: {rule.remedy}")
        click.echo(f"      see {rule.link}")
    elif verdict.notes:
        click.echo(f"      {verdict.result.value}: {cell(verdict.notes[0])}")


def _summary(certificate: Certificate) -> None:
    badges = certificate.badges
    click.echo(f"\n{certificate.slug} {certificate.version}: {certificate.level or 'no level yet'}", nl=False)
    left = certificate.missing
    click.echo(f" ({many(len(left), 'rule')} to {certificate.next_level})" if certificate.next_level else "")
    for rule in left:
        click.echo(f"  {rule.id:<16}{rule.link}")
    click.echo(f"Evidence: {certificate.evidence}")
    given = {name: badges[name] or "-" for name in ("support", "lifecycle", "owner")}
    click.echo("Support: {support}   lifecycle: {lifecycle}   owner: {owner}".format(**given))
    for name, guarantee in certificate.guarantees.items():
        click.echo(f"  {name:<20}{guarantee}")
    click.echo(f"{len(certificate.verdicts)} rules in {certificate.seconds:.1f} s.")


def _write(subject: Subject, certificate: Certificate) -> None:
    import msgspec  # noqa: PLC0415

    from vaiven_registry.quality import BY_MACHINE  # noqa: PLC0415

    if subject.folder is None:
        raise click.UsageError(f"{subject.slug} is a lone module: there is no folder for {BY_MACHINE}.")
    document: dict[str, Any] = certificate.published()
    content = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
    (subject.folder / BY_MACHINE).write_bytes(content)
