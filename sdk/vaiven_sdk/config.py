"""The settings of one connection, beside its credential."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from vaiven_sdk.errors import AnswerMalformed

SLOT = re.compile(r"\{([A-Za-z_]\w*)(?:\.(\w+(?:\.\w+)*))?\}")


class Config(BaseModel):
    """Subclass it to ask the customer for settings: each field is one input with its pattern, help and example.

    A value fills `{config.name}` slots of paths and base URL. It is never a URL itself: give the field a pattern
    such as `[a-z0-9][a-z0-9-]{0,60}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


SETTING = "config."
"""Before the name of a setting that a token's answer told, where the credential keeps it."""


def completed(config: Config, credential: Mapping[str, str]) -> Config:
    """The settings, the empty ones filled with what a token's answer told.

    Raises:
        AnswerMalformed: a setting does not take what the vendor gave.
    """
    told = {
        name: credential[SETTING + name]
        for name in type(config).model_fields
        if credential.get(SETTING + name) and getattr(config, name) in {None, ""}
    }
    if not told:
        return config
    try:
        return type(config).model_validate({**config.model_dump(), **told})
    except ValidationError:
        names = ", ".join(told)
        raise AnswerMalformed(
            f"The token's answer does not tell what it should: {names}.", remedy=f"Fill in the setting {names} by hand."
        ) from None


def fill(template: str, slots: dict[str, Any]) -> str | None:
    """Replace `{name}` and `{name.attribute}`; None when a slot has no value, so that the parameter is left out."""
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        found = slots.get(match[1])
        if match[2] is not None and found is not None:
            found = found.get(match[2]) if isinstance(found, Mapping) else getattr(found, match[2])
        if found is None or found == "":
            missing = True
            return ""
        return str(found)

    text = SLOT.sub(value, template)
    return None if missing else text


def check_slots(template: object, config: type[Config], where: str, known: Collection[str] = ()) -> None:
    """Refuse, at import, a slot that nothing can fill; `known` are further slots."""
    if not isinstance(template, str):
        return
    for name, attribute in SLOT.findall(template):
        if name == "config":
            if attribute not in config.model_fields:
                raise TypeError(f"{where}: {config.__name__} has no field {attribute!r} for {{config.{attribute}}}")
        elif name not in {"since", "until", "parent", *known}:
            raise TypeError(
                f"{where}: unknown slot {{{name}}}; there are {{config.x}}, {{since}}, {{until}}, {{parent.x}}"
            )
