"""Every connector that this installation has: the built-in ones by index, a partner's by entry point."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_registry.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vaiven_sdk import Connector, VaivenError
    from vaiven_sdk.testing import Simulator

GROUP = "vaiven.connectors"
"""Entry point group of partners' connectors: `acme = "vaiven_acme.connector:acme"`."""
BUILT_IN = "vaiven_connectors"
"""Package of the built-in connectors."""
INDEX = "_index.json"
"""Name of the index inside it; made by `python -m vaiven_registry.index`."""

_SLUG = re.compile(r"[a-z][a-z0-9_]{1,39}")
_TARGET = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<attribute>[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A connector that can be loaded; nothing of it is imported yet.

    Args:
        slug: its name.
        module: where it is.
        attribute: its name in the module.
        distribution: the package that brings it, as pip knows it.
        version: that package's version, empty when unknown.
        manifest: its declaration, if the index has it; of a partner's, ask `Registry.manifest`.
        make: makes the connector, where no module holds it (an added Singer tap).
    """

    slug: str
    module: str
    attribute: str
    distribution: str
    version: str = ""
    manifest: Manifest | None = None
    make: Callable[[], Connector[Any]] | None = None

    @property
    def built_in(self) -> bool:
        """Whether it comes with Vaiven."""
        return self.manifest is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Something that calls itself a connector and cannot be used.

    Args:
        slug: the name that it claims.
        target: where it says that it is.
        distribution: the package that brings it.
        reason: what is wrong, one sentence.
        remedy: what to do, one sentence.
    """

    slug: str
    target: str
    distribution: str
    reason: str
    remedy: str


class Registry:
    """The connectors of this installation, found once; make a new one after installing a package.

    Args:
        index: the built-in connectors' index; the installed `vaiven_connectors`' when left out.
        more: connectors that are neither built in nor installed, as a store's added Singer taps.
    """

    def __init__(self, index: Path | None = None, more: Iterable[Entry] = ()) -> None:
        self._index = index
        self._more = tuple(more)
        self._loaded: dict[str, Connector[Any]] = {}
        self._manifests: dict[str, Manifest] = {}
        self._failed: dict[str, Broken] = {}

    def list(self) -> tuple[Entry, ...]:
        """Every connector by slug, none of them imported; what turns out to be broken is left out."""
        entries, _ = self._found
        return tuple(entry for slug, entry in sorted(entries.items()) if slug not in self._failed)

    def broken(self) -> tuple[Broken, ...]:
        """What is known to be broken so far: clashes and bad entry points at once, the rest on loading."""
        _, broken = self._found
        return tuple(sorted([*broken, *self._failed.values()], key=lambda b: (b.slug, b.distribution)))

    def check(self) -> tuple[Broken, ...]:
        """Load every connector and say which are broken; slow with many, for `vaiven doctor`."""
        entries, _ = self._found
        for entry in entries.values():
            self._load(entry)
        return self.broken()

    def load(self, slug: str) -> Connector[Any]:
        """Import one connector.

        Raises:
            UnknownConnector: there is none of this name.
            ConnectorBroken: there is, and it cannot be used.
        """
        found = self._load(self._entry(slug))
        if isinstance(found, Broken):
            raise _broken_error(found)
        return found

    def manifest(self, slug: str) -> Manifest:
        """The declaration of one connector: a built-in one's from the index, a partner's by loading it.

        Raises:
            UnknownConnector: there is none of this name.
            ConnectorBroken: it is a partner's and cannot be loaded.
        """
        entry = self._entry(slug)
        if entry.manifest is not None:
            return entry.manifest
        if slug not in self._manifests:
            from vaiven_registry.describe import describe  # noqa: PLC0415 - only for a loaded connector

            self._manifests[slug] = describe(self.load(slug), entry.module, entry.attribute)
        return self._manifests[slug]

    def folder(self, slug: str) -> Path | None:
        """Where one connector's files are; None for a lone module.

        Raises:
            UnknownConnector: there is none of this name.
        """
        from vaiven_registry.describe import folder  # noqa: PLC0415

        return folder(self._entry(slug).module)

    def simulator(self, slug: str) -> type[Simulator]:
        """Import the simulator class beside one connector: `simulator` in its package's `simulator.py`.

        Raises:
            UnknownConnector: there is no connector of this name.
            NoSimulator: it brings no simulator.
            ConnectorBroken: its simulator cannot be imported.
        """
        from vaiven_registry.describe import simulator_module  # noqa: PLC0415
        from vaiven_sdk.testing import Simulator  # noqa: PLC0415 - starlette and uvicorn

        entry = self._entry(slug)
        module = simulator_module(entry.module)
        try:
            there = module is not None and find_spec(module) is not None
            found = getattr(import_module(module), "simulator", None) if module and there else None
        except (Exception, SystemExit) as problem:
            raise _broken_error(_broken(entry, f"its simulator cannot be imported: {_short(problem)}")) from problem
        if not there:
            from vaiven_registry.errors import NoSimulator  # noqa: PLC0415

            raise NoSimulator(f"{slug!r} comes without a simulator.", why=f"there is no {module or 'package'}")
        if not (isinstance(found, type) and issubclass(found, Simulator)):
            raise _broken_error(_broken(entry, f"{module} has no `simulator` that is a Simulator class"))
        return found

    @cached_property
    def _found(self) -> tuple[dict[str, Entry], tuple[Broken, ...]]:
        return _find(_read_index(self._index), self._more)

    def _entry(self, slug: str) -> Entry:
        entries, broken = self._found
        if slug in entries:
            return entries[slug]
        claim = next((b for b in broken if b.slug == slug), None)
        if claim is not None:
            raise _broken_error(claim)
        import difflib  # noqa: PLC0415 - only on the way to an error

        from vaiven_registry.errors import UnknownConnector  # noqa: PLC0415

        near = difflib.get_close_matches(slug.lower(), entries, n=3)
        guess = f"Did you mean {' or '.join(near)}? " if near else ""
        raise UnknownConnector(f"There is no connector {slug!r}.", remedy=guess + UnknownConnector.remedy)

    def _load(self, entry: Entry) -> Connector[Any] | Broken:
        slug = entry.slug
        if slug in self._failed:
            return self._failed[slug]
        if slug not in self._loaded:
            found = _import(entry)
            if isinstance(found, Broken):
                self._failed[slug] = found
                return found
            self._loaded[slug] = found
        return self._loaded[slug]


def _find(built_in: list[Manifest], more: Iterable[Entry] = ()) -> tuple[dict[str, Entry], tuple[Broken, ...]]:
    """Connectors by slug, and the entry points that cannot be one."""
    entries = {manifest.slug: _built_in(manifest) for manifest in built_in}
    broken: list[Broken] = []
    claims: dict[str, list[Entry]] = defaultdict(list)
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        entry = _plug_in(point)
        if isinstance(entry, Broken):
            broken.append(entry)
        elif entry.slug in entries:
            broken.append(_broken(entry, "a built-in connector has this name and is used"))
        else:
            claims[entry.slug].append(entry)
    for entry in more:
        if entry.slug in entries:
            broken.append(_broken(entry, "a built-in connector has this name and is used"))
        else:
            claims[entry.slug].append(entry)
    for slug, rivals in claims.items():
        if len(rivals) == 1:
            entries[slug] = rivals[0]
            continue
        # Choosing one would hand the stored credentials to whichever package sorts first.
        names = ", ".join(rival.distribution for rival in rivals)
        broken.extend(_broken(rival, f"{names} claim the same name, so none is used") for rival in rivals)
    return entries, tuple(broken)


def _read_index(path: Path | None) -> list[Manifest]:
    if path is None:
        spec = find_spec(BUILT_IN)
        if spec is None or not spec.submodule_search_locations:
            return []
        path = Path(spec.submodule_search_locations[0]) / INDEX
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Manifest])
    except (OSError, msgspec.DecodeError) as problem:
        from vaiven_registry.errors import IndexUnreadable  # noqa: PLC0415

        raise IndexUnreadable("The list of built-in connectors cannot be read.", why=str(problem)) from None


def _built_in(manifest: Manifest) -> Entry:
    return Entry(
        slug=manifest.slug,
        module=manifest.module,
        attribute=manifest.attribute,
        distribution="vaiven-connectors",
        manifest=manifest,
    )


def _plug_in(point: EntryPoint) -> Entry | Broken:
    distribution, version = _package(point)
    target = _TARGET.fullmatch(point.value)
    if target and _SLUG.fullmatch(point.name):
        return Entry(
            slug=point.name,
            module=target["module"],
            attribute=target["attribute"],
            distribution=distribution,
            version=version,
        )
    return Broken(
        slug=point.name,
        target=point.value,
        distribution=distribution,
        reason='its entry point is not `slug = "module:attribute"`, the slug of a-z, 0-9 and _',
        remedy=f'Correct [project.entry-points."{GROUP}"] of {distribution}.',
    )


def _package(point: EntryPoint) -> tuple[str, str]:
    """Name and version of the package that declares the entry point."""
    try:
        # One look: each of `name` and `version` would parse the whole file again.
        head = point.dist.metadata if point.dist else None
        return (str(head["Name"]), str(head["Version"])) if head else ("an unknown package", "")
    except (OSError, TypeError, KeyError):
        return "a damaged package", ""


def _import(entry: Entry) -> Connector[Any] | Broken:
    from vaiven_sdk import Connector  # noqa: PLC0415 - pydantic and httpx

    try:
        found = entry.make() if entry.make else getattr(import_module(entry.module), entry.attribute)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - a partner's module may raise anything
        what = "it cannot be made" if entry.make else "it cannot be imported"
        return _broken(entry, f"{what}: {_short(problem)}")
    if not isinstance(found, Connector):
        return _broken(entry, f"it is a {type(found).__name__}, not a Connector")
    if found.slug != entry.slug:
        return _broken(entry, f"the connector there calls itself {found.slug!r}")
    try:
        found.check()
    except (TypeError, ValueError) as problem:
        return _broken(entry, f"its declaration is wrong: {_short(problem)}")
    return found


def _broken(entry: Entry, reason: str) -> Broken:
    return Broken(
        slug=entry.slug,
        target=f"{entry.module}:{entry.attribute}",
        distribution=entry.distribution,
        reason=reason,
        remedy=f"Update, correct or uninstall {entry.distribution}; the other connectors are not affected.",
    )


def _broken_error(broken: Broken) -> VaivenError:
    from vaiven_registry.errors import ConnectorBroken  # noqa: PLC0415

    return ConnectorBroken(
        f"Connector {broken.slug!r} from {broken.distribution} cannot be used.",
        why=f"{broken.reason} ({broken.target})",
        remedy=broken.remedy,
    )


def _short(problem: BaseException) -> str:
    """The error in one line: a long one would bury the list that it stands in."""
    return f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}".rstrip(": ")
