"""The committed reference is the code's."""

import json

from vaiven_sdk.model import ENTITIES, json_schema
from vaiven_sdk.model.docs import main, page


def test_committed_reference_is_current(root, capsys):
    assert main(["--check", "--folder", str(root / "docs/reference")]) == 0, capsys.readouterr().err


def test_check_fails_on_another_text(tmp_path, capsys):
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    assert "model.md differs" in capsys.readouterr().err
    assert main(["--folder", str(tmp_path)]) == 0
    assert main(["--check", "--folder", str(tmp_path)]) == 0


def test_schema_describes_every_entity_and_resolves():
    document = json.loads(json.dumps(json_schema()))
    definitions = document["$defs"]
    for entity in ENTITIES.values():
        definition = definitions[entity.__name__]
        assert set(definition["properties"]) == set(entity.fields())
        assert definition["x-vaiven-kind"] == entity.kind
    references = [value for value in _walk(document) if isinstance(value, str) and value.startswith("#/$defs/")]
    assert references
    assert all(reference.removeprefix("#/$defs/") in definitions for reference in references)
    assert definitions["Person"]["properties"]["email"]["x-vaiven-key"]["namespace"] == "email"
    assert definitions["Row"]["required"] == ["tenant_id", "id", "created_at", "updated_at", "rev"]


def test_page_names_every_entity():
    text = page()
    assert all(f"### {entity.__name__}\n" in text for entity in ENTITIES.values())


def _walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _walk(child)
