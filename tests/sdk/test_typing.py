"""The types say what a partner may write, to mypy and to pyright, each at its strictest."""

import json
import re
import subprocess
import sys

import pytest
from mypy import api

WRONG = re.compile(r"# error: ([a-z-]+)$")


@pytest.fixture
def partner(root):
    """The file, and for each line that must fail the code of mypy's that says why."""
    path = root / "tests/sdk/typing/connector.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    return path, {n: m[1] for n, line in enumerate(lines, 1) if (m := WRONG.search(line))}


def test_mypy_passes_right_lines_and_fails_wrong_ones_as_they_say(root, partner):
    path, wanted = partner
    told, trouble, _ = api.run(["--config-file", str(root / "pyproject.toml"), "--no-error-summary", str(path)])
    assert not trouble
    found = re.findall(r"^.*connector\.py:(\d+): error: .*\[([a-z-]+)\]$", told, re.MULTILINE)
    assert {(int(line), code) for line, code in found} == set(wanted.items()), told


def test_pyright_passes_and_fails_the_same_lines(root, partner, tmp_path):
    path, wanted = partner
    settings = {
        "include": [str(path)],
        "extraPaths": [str(root / "sdk")],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }
    project = tmp_path / "pyrightconfig.json"
    project.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert told["summary"]["filesAnalyzed"] == 1
    errors = told["generalDiagnostics"]
    assert {e["range"]["start"]["line"] + 1 for e in errors} == set(wanted), errors
