"""The tests' own Postgres server ends with the tests, however these end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psycopg
import pytest

CHILD = """
import sys
from tests.support.postgres import server
with server() as running:
    print(running.pid, running.base, flush=True)
    sys.stdin.read()
"""


@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_server_is_left_when_the_whole_group_is_killed(root, postgres, how):
    if postgres.pid is None:
        pytest.skip("the server is not ours to stop")
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    with child:
        pid, base = child.stdout.readline().split()
        with psycopg.connect(base) as session:
            session.execute("SELECT 1")
        os.killpg(child.pid, how)
        # What stops the server has this end of the pipe as well: it is at its end when the server is.
        child.stderr.read()
    assert pid.isdigit()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(base)
