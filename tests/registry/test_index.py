"""The index of built-in connectors is made from them, and is up to date."""

import sys

import pytest
from pydantic import Field

from vaiven_registry import index
from vaiven_registry.describe import describe
from vaiven_sdk import Bearer, Config, Connector, CreateKey, Guard, OAuth2, Record, get, wire
from vaiven_sdk.model import Lifecycle, Person


class Settings(Config):
    audience: str = Field(pattern="[a-z]{4}", title="Audience", description="In Settings.", examples=["abcd"])
    stage: Lifecycle | None = None
    size: int = 10


class Reader(Record[Person], key="id", cursor="changed"):
    id: str = wire(read_only=True)
    email: str | None = wire(to="email")
    changed: str = wire(read_only=True)


def sample():
    connector = Connector(
        "sample",
        Settings,
        name="Sample",
        category="email",
        base_url="https://api.sample.example",
        auth=[OAuth2("https://sample.example/a", "https://sample.example/t", ("read",)), Bearer("api_key")],
        hosts=["*.sample.example"],
        docs="https://sample.example/docs",
    )
    stream = connector.stream(Reader, get("/readers"), guard=Guard.ETAG, create_key=CreateKey.NATURAL)

    @stream.upsert(batch=10)
    async def save(hub, writes):
        return []

    connector.stream(Reader, get("/others"), name="others")
    return connector


def test_the_index_is_up_to_date():
    manifests = index.build()
    content = (index.folder() / "_index.json").read_bytes()
    assert content == index.render(manifests), "out of date: make generate"


def test_check_tells_a_stale_index(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(index, "folder", lambda: tmp_path)
    monkeypatch.setattr(index, "build", lambda: ([describe(sample(), "lone", "sample")], []))
    assert index.main(["--check"]) == 1
    assert "make generate" in capsys.readouterr().err
    assert index.main([]) == 0
    assert index.main(["--check"]) == 0
    first = (tmp_path / "_index.json").read_bytes()
    assert index.main([]) == 0
    assert (tmp_path / "_index.json").read_bytes() == first


def test_a_manifest_holds_the_declaration():
    manifest = describe(sample(), "lone_module", "sample")
    assert [(scheme.kind, scheme.fields, scheme.scopes) for scheme in manifest.auth] == [
        ("oauth2", ("access_token",), ("read",)),
        ("bearer", ("api_key",), ()),
    ]
    audience, stage, size = manifest.config
    assert (audience.type, audience.required, audience.pattern) == ("string", True, "[a-z]{4}")
    assert (audience.title, audience.help, audience.example) == ("Audience", "In Settings.", "abcd")
    assert (stage.type, stage.required) == ("string", False)
    assert "customer" in stage.choices
    assert (size.type, size.required) == ("integer", False)
    readers, others = manifest.streams
    assert (readers.direction, readers.writes, readers.guarantee) == ("both", ("create", "update"), "exact")
    assert (readers.guard, readers.create_key, readers.deletes) == ("etag", "natural", "full_scan")
    assert (others.direction, others.guard, others.create_key) == ("read", None, None)
    assert not manifest.has_simulator


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of built-in connectors of our own; its connector's text is written by the test."""
    root = tmp_path / "vaiven_sample_connectors"
    (root / "acme").mkdir(parents=True)
    (root / "__init__.py").touch()
    (root / "acme" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(index, "BUILT_IN", root.name)
    yield root
    for name in [name for name in sys.modules if name.startswith(root.name)]:
        del sys.modules[name]


def test_a_folder_without_a_connector_stops_everything(package):
    with pytest.raises(ModuleNotFoundError, match=r"acme\.connector"):
        index.main([])


@pytest.mark.parametrize(("text", "problem"), [("import nothing_here", ModuleNotFoundError), ("acme = 1", TypeError)])
def test_a_broken_built_in_connector_stops_everything(package, text, problem):
    (package / "acme" / "connector.py").write_text(text)
    with pytest.raises(problem):
        index.main(["--check"])
