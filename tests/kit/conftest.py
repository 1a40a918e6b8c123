"""A good connector with its simulator, and copies of it into which a test plants something."""

import shutil
import sys
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest

from vaiven_api.kit.kit import Asked, certify
from vaiven_api.kit.subject import Subject

HERE = Path(__file__).parent
NUMBER = count()


@pytest.fixture
def copy_of(tmp_path, monkeypatch):
    """Make a package of Acme's files, with each (file, old, new) replaced; gives the subject."""

    def make(*changes):
        name = f"acme_copy_{next(NUMBER)}"
        folder = tmp_path / name
        shutil.copytree(HERE / "acme", folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file, old, new in changes:
            path = folder / file
            text = path.read_text()
            assert text.count(old) >= 1, f"{file} no longer has {old!r}"
            path.write_text(text.replace(old, new))
        monkeypatch.syspath_prepend(str(tmp_path))
        connector = import_module(f"{name}.connector").acme
        simulator = import_module(f"{name}.simulator").simulator
        return Subject(connector, folder, simulator)

    yield make
    for name in [name for name in sys.modules if name.startswith("acme_copy_")]:
        del sys.modules[name]


@pytest.fixture
def look():
    """Look at some rules of a subject; gives the verdicts by rule."""

    def looked(subject, *only):
        return {verdict.rule: verdict for verdict in certify(subject, Asked(only=only)).verdicts}

    return looked
