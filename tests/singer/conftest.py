"""Connectors beside their simulators, a tap of our own that misbehaves on request, and taps from the package index."""

import io
import json
import logging
import os
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.taps import cached_venv
from vaiven_api.cli.app import app
from vaiven_registry import Registry
from vaiven_sdk.testing import serve


@dataclass
class Vendor:
    """A running simulator and its connector."""

    slug: str
    simulator: object
    server: object

    @property
    def connector(self):
        return Registry().load(self.slug)

    @property
    def base_url(self) -> str:
        return self.server.url + urlsplit(self.connector.base_url).path

    @property
    def config(self) -> dict:
        return {**self.simulator.config, **self.simulator.credential, "base_url": self.base_url}


def started(slug: str, **options) -> Vendor:
    kind = Registry().simulator(slug)
    simulator = kind(quirks=kind.calm, **options)
    return Vendor(slug, simulator, serve(simulator).__enter__())


@pytest.fixture
def hubspot():
    vendor = started("hubspot")
    yield vendor
    vendor.server.close()


@pytest.fixture
def singer(tmp_path):
    """`vaiven singer run` in this process; gives what it wrote to standard output and to standard error."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.excepthook

    def run(*arguments: str, config: dict | None = None, code: int = 0) -> tuple[bytes, bytes]:
        command = ["singer", "run", *arguments]
        if config is not None:
            path = tmp_path / f"config{len(list(tmp_path.iterdir()))}.json"
            path.write_text(json.dumps(config))
            command += ["--config", str(path)]
        out, err = io.StringIO(), io.StringIO()
        root = logging.getLogger()
        before, level = list(root.handlers), root.level
        try:
            with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
                app.main(command)
        finally:
            for one in [one for one in root.handlers if one not in before]:
                root.removeHandler(one)
            root.setLevel(level)
            logging.captureWarnings(capture=False)
        assert ended.value.code == code, err.getvalue()[-3000:]
        return out.getvalue().encode(), err.getvalue().encode()

    yield run
    sys.excepthook = hook
    for one, handler in handlers.items():
        signal.signal(one, handler)


def messages(output: bytes) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def rows(output: bytes, stream: str) -> list[dict]:
    return [m["record"] for m in messages(output) if m["type"] == "RECORD" and m["stream"] == stream]


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """Virtualenvs of packages from the index, kept between runs in the folder that VAIVEN_TEST_CACHE names."""
    folder = Path(os.environ.get("VAIVEN_TEST_CACHE") or tmp_path_factory.mktemp("packages"))

    def venv(*specs: str) -> Path:
        return cached_venv(folder, specs)

    return venv
