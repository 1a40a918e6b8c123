"""The pages that are made from the code."""

import re

from vaiven_api import docs
from vaiven_api.cli.app import COMMANDS
from vaiven_sdk import __all__ as public
from vaiven_sync_engine.errors import ApprovalNeeded

PAGES = docs.pages()


def test_pages_are_the_same_every_time():
    assert docs.pages() == PAGES


def test_cli_page_has_every_command_with_an_example():
    page = PAGES["docs/reference/cli.md"]
    for name in COMMANDS:
        assert re.search(rf"^## vaiven {name}", page, re.MULTILINE)
        assert re.search(rf"^\$ .*vaiven {name}", page, re.MULTILINE)
    assert "\b" not in page


def test_errors_page_has_code_remedy_and_exit_code():
    page = PAGES["docs/reference/errors.md"]
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{ApprovalNeeded.code}` "))
    assert ApprovalNeeded.remedy in row
    assert "`3`" in row
    codes = re.findall(r"^\| `(\w+)` ", page, re.MULTILINE)
    assert len(codes) == len(set(codes)), "a code means one thing"


def test_sdk_page_has_every_public_name():
    headings = set(re.findall(r"^### (\w+)$", PAGES["docs/reference/sdk.md"], re.MULTILINE))
    assert headings == set(public)


def test_every_built_in_connector_has_a_page_in_the_navigation(root):
    navigation = (root / "zensical.toml").read_text()
    assert all(path.removeprefix("docs/") in navigation for path in PAGES)


def test_check_names_what_is_out_of_date(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "pages", lambda: {"docs/a.md": "text\n"})
    assert docs.main(["--check"]) == 1
    assert "docs/a.md" in capsys.readouterr().err
    assert docs.main([]) == 0
    assert (tmp_path / "docs/a.md").read_text() == "text\n"
    assert docs.main(["--check"]) == 0
