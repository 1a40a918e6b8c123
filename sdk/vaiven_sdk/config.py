"""The settings of one connection, beside its credential."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

SLOT = re.compile(r"\{([A-Za-z_]\w*)(?:\.(\w+(?:\.\w+)*))?\}")


class Config(BaseModel):
    """Subclass it to ask the customer for settings: each field is one input with its pattern, help and example.

    A value fills `{config.name}` slots of paths and base URL. It is never a URL itself: give the field a pattern
    such as `[a-z0-9][a-z0-9-]{0,60}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


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
