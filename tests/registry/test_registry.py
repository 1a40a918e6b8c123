"""Connectors are found without being imported, and a broken one disturbs no other."""

import builtins
import io
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

import vaiven_registry
from vaiven_registry import Manifest, NoSimulator, Registry, UnknownConnector
from vaiven_sdk import Connector
from vaiven_sdk.testing import Simulator

GOOD = """
from vaiven_sdk import Bearer, Config, Connector, Record, get, wire
from vaiven_sdk.model import Person

class Settings(Config):
    region: str = "eu"

class Reader(Record[Person], key="id"):
    id: str = wire(read_only=True)
    email: str | None = wire(to="email")

{name} = Connector("{slug}", Settings, name="{slug}", category="email", base_url="https://{slug}.example",
                   auth=[Bearer()])
readers = {name}.stream(Reader, get("/readers"))
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the path; `add(...)` installs a distribution in it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def add(distribution: str, points: dict[str, str], modules: dict[str, str] | None = None) -> None:
        info = tmp_path / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        lines = "".join(f"{name} = {target}\n" for name, target in points.items())
        (info / "entry_points.txt").write_text(f"[vaiven.connectors]\n{lines}")
        for name, text in (modules or {}).items():
            path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text)

    yield add
    for name in set(sys.modules) - before:
        if name.startswith("acme"):
            del sys.modules[name]


def install(site, slug="acme", name=None, body=GOOD):
    name = name or slug
    module = f"{slug}_pack.connector"
    site(f"vaiven-{slug}", {slug: f"{module}:{name}"}, {module: body.format(slug=slug, name=name)})


def test_the_built_in_ones_come_from_the_index():
    entries = {entry.slug: entry for entry in Registry().list() if entry.built_in}
    assert {"hubspot", "mailchimp", "stripe"} <= set(entries)
    for slug, entry in entries.items():
        assert entry.manifest.slug == slug
        assert entry.manifest.module == f"vaiven_connectors.{slug}.connector"


@pytest.mark.parametrize("entry", [e for e in Registry().list() if e.built_in], ids=lambda e: e.slug)
def test_a_built_in_one_loads_with_its_simulator(entry):
    registry = Registry()
    connector = registry.load(entry.slug)
    assert isinstance(connector, Connector)
    assert list(connector.streams) == [stream.name for stream in entry.manifest.streams]
    assert registry.load(entry.slug) is connector
    if entry.manifest.has_simulator:
        assert issubclass(registry.simulator(entry.slug), Simulator)
        assert registry.simulator(entry.slug).slug == entry.slug


def test_three_hundred_plug_ins_are_listed_without_importing_one(site, monkeypatch):
    for number in range(300):
        site(f"vaiven-acme{number}", {f"acme{number}": f"acme{number}_pack.connector:acme{number}"})
    opened = []
    real = io.open
    monkeypatch.setattr(io, "open", lambda path, *a, **k: opened.append(str(path)) or real(path, *a, **k))
    monkeypatch.setattr(builtins, "__import__", counting := Counting(builtins.__import__))
    before = set(sys.modules)
    registry = Registry()
    slugs = [entry.slug for entry in registry.list()]
    assert sum(slug.startswith("acme") for slug in slugs) == 300
    assert registry.broken() == ()
    new = {name for name in set(sys.modules) - before if "acme" in name or name.startswith("vaiven_connectors")}
    assert not new
    assert not [name for name in counting.names if "acme" in name]
    # Two files of each package are read, entry points and name; twice as many is the most that we allow.
    assert 0 < len([path for path in opened if "acme" in path]) <= 4 * 300
    opened.clear()
    registry.list()
    assert not opened


class Counting:
    def __init__(self, real):
        self.real, self.names = real, []

    def __call__(self, name, *args, **kwargs):
        self.names.append(name)
        return self.real(name, *args, **kwargs)


def test_start_up_loads_no_web_library():
    code = """
        import sys
        from vaiven_registry import Registry
        registry = Registry()
        assert [entry.slug for entry in registry.list()] and not registry.broken()
        heavy = {"httpx", "pydantic", "starlette", "uvicorn", "sqlalchemy", "vaiven_sdk", "vaiven_connectors"}
        print(*sorted(heavy & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_a_plug_in_is_loaded_on_use(site):
    install(site)
    registry = Registry()
    (entry,) = (e for e in registry.list() if e.slug == "acme")
    assert (entry.distribution, entry.version, entry.built_in) == ("vaiven-acme", "1.2", False)
    assert "acme_pack" not in sys.modules
    assert registry.load("acme").name == "acme"
    manifest = registry.manifest("acme")
    assert [stream.name for stream in manifest.streams] == ["readers"]
    assert [setting.name for setting in manifest.config] == ["region"]
    assert not manifest.has_simulator
    assert msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest) == manifest


def test_without_a_simulator_it_says_so(site):
    install(site)
    with pytest.raises(NoSimulator, match=r"acme_pack\.simulator"):
        Registry().simulator("acme")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_here", "ModuleNotFoundError"),
        ("simulator = 3", "no `simulator` that is a Simulator class"),
    ],
)
def test_a_broken_simulator_says_so(site, text, reason):
    install(site)
    site("vaiven-acme-more", {}, {"acme_pack.simulator": text})
    with pytest.raises(vaiven_registry.ConnectorBroken, match=reason):
        Registry().simulator("acme")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import no_such_module_here", "ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("def broken(:", "SyntaxError"),
        ("other = 1", "AttributeError"),
        ("acme = 'a text'", "it is a str, not a Connector"),
        (GOOD.replace('Connector("{slug}"', 'Connector("other"'), "calls itself 'other'"),
    ],
)
def test_a_broken_plug_in_is_reported_and_disturbs_no_other(site, body, reason):
    install(site, body=body)
    install(site, slug="acme2")
    registry = Registry()
    assert registry.broken() == ()
    with pytest.raises(vaiven_registry.ConnectorBroken) as caught:
        registry.load("acme")
    assert reason in str(caught.value)
    assert "vaiven-acme" in caught.value.remedy
    (broken,) = registry.check()
    assert (broken.slug, broken.distribution) == ("acme", "vaiven-acme")
    assert reason in broken.reason
    assert broken.remedy
    assert "acme" not in [entry.slug for entry in registry.list()]
    assert registry.load("acme2").slug == "acme2"


def test_a_built_in_name_cannot_be_taken(site):
    site("vaiven-evil", {"stripe": "acme_evil:stripe"}, {"acme_evil": "raise SystemError"})
    registry = Registry()
    (broken,) = registry.broken()
    assert (broken.slug, broken.distribution) == ("stripe", "vaiven-evil")
    assert "built-in" in broken.reason
    assert registry.load("stripe").name == "Stripe"


def test_of_two_plug_ins_with_one_name_none_is_used(site):
    site("vaiven-one", {"acme": "acme_one:acme"})
    site("vaiven-two", {"acme": "acme_two:acme"})
    registry = Registry()
    assert [broken.distribution for broken in registry.broken()] == ["vaiven-one", "vaiven-two"]
    with pytest.raises(vaiven_registry.ConnectorBroken, match="vaiven-one, vaiven-two claim"):
        registry.load("acme")


@pytest.mark.parametrize(
    ("name", "target"), [("Acme", "acme.x:acme"), ("acme", "acme.x"), ("a-b", "a:b"), ("acme", "acme.x:a.b")]
)
def test_a_bad_entry_point_is_reported(site, name, target):
    site("vaiven-acme", {name: target})
    (broken,) = Registry().broken()
    assert (broken.slug, broken.target) == (name, target)
    assert "vaiven.connectors" in broken.remedy


def test_a_package_without_metadata_is_reported_or_used_without_a_version(site, tmp_path):
    install(site)
    (tmp_path / "vaiven_acme-1.2.dist-info" / "METADATA").unlink()
    registry = Registry()
    assert registry.load("acme").slug == "acme"


def test_an_unknown_name_gets_the_nearest(site):
    with pytest.raises(UnknownConnector) as caught:
        Registry().load("strip")
    assert caught.value.as_dict() == {
        "code": "unknown_connector",
        "actor": "customer",
        "what": "There is no connector 'strip'.",
        "why": "",
        "remedy": f"Did you mean stripe? {UnknownConnector.remedy}",
    }


@pytest.mark.parametrize("content", [None, b"", b'[{"slug": 1}]'])
def test_a_damaged_index_says_what_to_do(tmp_path, content):
    path: Path = tmp_path / "_index.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(vaiven_registry.IndexUnreadable) as caught:
        Registry(path).list()
    assert "make generate" in caught.value.remedy


def test_every_public_name_is_there():
    for name in vaiven_registry.__all__:
        assert getattr(vaiven_registry, name)
    with pytest.raises(AttributeError):
        vaiven_registry.nothing  # noqa: B018
