"""Where a credential comes from: environment variables by name, standard input, or a prompt without echo."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from vaiven_api.cli.secrets import remember

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sdk import Connector, Input

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")


def given(connector: Connector[Any], variables: Sequence[str], *, from_stdin: bool) -> dict[str, str]:
    """The credential by what the command line names; empty when it names nothing.

    Raises:
        ConfigInvalid: a value is missing or has an unknown name.
    """
    found: dict[str, str] = _from_stdin() if from_stdin else {}
    for text in variables:
        field, equals, variable = text.partition("=")
        if not equals:
            raise click.BadParameter("give it as FIELD=ENVVAR", param_hint="--credential")
        found[field] = _from_environment(field, variable)
    _check(connector, found)
    remember(found.values())
    return found


def ask(connector: Connector[Any]) -> dict[str, str]:
    """The credential as somebody types it; secret values are not echoed.

    Raises:
        ConfigInvalid: nobody is there to ask.
    """
    from vaiven_sdk import ConfigInvalid  # noqa: PLC0415

    # Nobody types an OAuth token: another way to sign in is asked for where there is one.
    scheme = next((s for s in connector.auth if all(i.asked for i in s.inputs if i.required)), connector.auth[0])
    if not scheme.inputs:
        return {}
    if not sys.stdin.isatty():
        wanted = " ".join(f"--credential {field}=ENVVAR" for field in scheme.fields)
        raise ConfigInvalid(
            f"{connector.name} needs a credential, and there is no terminal to ask at.",
            why=f"it takes {', '.join(scheme.fields)}",
            remedy=f"Add {wanted} or --credential-stdin.",
        )
    found = {one.name: _typed(connector, one) for one in scheme.inputs if one.asked or one.required}
    remember(value for one in scheme.inputs if one.secret and (value := found.get(one.name)))
    return {name: value for name, value in found.items() if value}


def _typed(connector: Connector[Any], one: Input) -> str:
    if one.help:
        click.echo(one.help, err=True)
    label = f"{connector.name} {one.name}{'' if one.required else ' (may be left empty)'}"
    default = None if one.required else ""
    return str(click.prompt(label, hide_input=one.secret, err=True, default=default, show_default=False)).strip()


def _from_stdin() -> dict[str, str]:
    from vaiven_sdk import ConfigInvalid  # noqa: PLC0415

    try:
        return msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The decoder's own message may quote what it read.
        raise ConfigInvalid(
            "Standard input holds no credential.",
            why="it must be one JSON object of texts",
            remedy='Pipe it in like {"token": "..."}.',
        ) from None


def _from_environment(field: str, variable: str) -> str:
    from vaiven_sdk import ConfigInvalid  # noqa: PLC0415

    if not _VARIABLE.fullmatch(variable):
        # It may be the secret itself: it is not repeated, and whoever typed it should know that it was exposed.
        raise ConfigInvalid(
            f"--credential {field}=... does not name an environment variable.",
            why="a name is of A-Z, 0-9 and _; a secret on the command line is seen by every process of this machine",
            remedy=f"Put the secret into a variable and name it: --credential {field}=VARIABLE.",
        )
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ConfigInvalid(f"The environment variable {variable} is not set.", remedy=f"Set {variable} and try again.")
    return value


def _check(connector: Connector[Any], found: Mapping[str, str]) -> None:
    from vaiven_sdk import ConfigInvalid  # noqa: PLC0415

    known = {given.name for scheme in connector.auth for given in scheme.inputs}
    unknown = sorted(set(found) - known)
    if unknown:
        wanted = " or ".join(", ".join(scheme.fields) for scheme in connector.auth)
        raise ConfigInvalid(
            f"{connector.name} takes no credential value of this name.",
            why=f"it takes {wanted}",
            remedy="Name each value as the connector does.",
        )
