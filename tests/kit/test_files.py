"""What lies beside a connector: logo, README, strings, and the settings that explain themselves."""

import json

import pytest

from vaiven_api.kit.files import LANGUAGES, keys

GOOD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle r="4"/><text>Ac</text></svg>'
BAD = {
    "no SVG": "hello",
    "a script": GOOD.replace("<circle", "<script>alert(1)</script><circle"),
    "an image": GOOD.replace("<circle", '<image href="https://x.example/a.png"/><circle'),
    "a handler": GOOD.replace("<circle", '<circle onclick="a()"'),
    "a style from outside": GOOD.replace("<circle", '<circle fill="url(https://x.example/a)"'),
    "an entity": f'<!DOCTYPE svg [<!ENTITY a "b">]>{GOOD}',
    "a word": GOOD.replace("Ac", "Acme Letters"),
    "no viewBox": GOOD.replace("viewBox", "box"),
    "too much": GOOD.replace("Ac", "<!-- " + "x" * 20_000 + " -->"),
}


def test_a_plain_monogram_is_taken(copy_of, look):
    subject = copy_of()
    (subject.folder / "logo.svg").write_text(GOOD)
    assert look(subject, "logo")["logo"].notes == ()


@pytest.mark.parametrize("text", list(BAD.values()), ids=list(BAD))
def test_a_logo_that_runs_loads_or_names_is_not(copy_of, look, text):
    subject = copy_of()
    (subject.folder / "logo.svg").write_text(text)
    assert not look(subject, "logo")["logo"].holds


def test_strings_have_the_same_keys_in_every_language(copy_of, look):
    subject = copy_of()
    folder = subject.folder / "strings"
    folder.mkdir()
    whole = dict.fromkeys(keys(subject.connector), "text")
    for language in LANGUAGES:
        (folder / f"{language}.json").write_text(json.dumps(whole))
    assert look(subject, "strings")["strings"].holds
    (folder / "ja.json").write_text(json.dumps({**whole, "stream.readers.title": " ", "more": "x"}))
    told = look(subject, "strings")["strings"].notes
    assert told == ("strings/ja.json lacks stream.readers.title", "strings/ja.json has what nothing asks for: more")


def test_a_readme_needs_its_sections(copy_of, look):
    subject = copy_of()
    (subject.folder / "README.md").write_text(f"# Acme\n\n{'word ' * 50}\n\n## Sources\n\n## Limits\n")
    verdicts = look(subject, "readme", "guide")
    assert verdicts["readme"].holds
    assert verdicts["guide"].notes == ("README.md has no section with Troubleshooting in its heading",)


def test_badges_by_hand_are_checked(copy_of, look):
    subject = copy_of()
    (subject.folder / "quality.toml").write_text('owner = "Ada"\nsupport = "gold"\nlifecycle = "stable"\n')
    (note,) = look(subject, "owner")["owner"].notes
    assert "support is 'gold'" in note


def test_a_connector_without_a_simulator_says_so(copy_of, look):
    subject = copy_of()
    subject.simulator, subject.broken = None, "'acme' comes without a simulator."
    verdict = look(subject, "reads")["reads"]
    assert verdict.notes == ("'acme' comes without a simulator.",)


def test_the_types_are_looked_at_once_for_the_same_code(copy_of, look, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    subject = copy_of(("connector.py", 'answer = await hub.get("/shops"', 'answer: int = await hub.get("/shops"'))
    first, second = look(subject, "types")["types"], look(subject, "types")["types"]
    assert not first.holds
    assert second.notes == first.notes
    assert second.seconds < first.seconds / 5
