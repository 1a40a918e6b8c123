"""The types say what a partner may write."""

import re

from mypy import api


def test_right_lines_pass_and_wrong_ones_fail_as_they_say(root):
    path = root / "tests/sdk/typing/connector.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    wanted = {(n, m[1]) for n, line in enumerate(lines, 1) if (m := re.search(r"# error: ([a-z-]+)$", line))}
    told, trouble, _ = api.run(["--config-file", str(root / "pyproject.toml"), "--no-error-summary", str(path)])
    assert not trouble
    found = re.findall(r"^.*connector\.py:(\d+): error: .*\[([a-z-]+)\]$", told, re.MULTILINE)
    assert {(int(line), code) for line, code in found} == wanted, told
