"""A store in a fresh folder and HubSpot simulators, for tests of the command line."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vaiven_api.cli.app import app
from vaiven_registry import Registry
from vaiven_sdk.testing import serve


@dataclass
class Line:
    """The command line over one store."""

    store: Path
    env: dict = field(default_factory=dict)

    def run(self, *arguments: str, stdin: str | bytes | None = None) -> Result:
        env = {"VAIVEN_STORE": str(self.store), "VAIVEN_KEY": None, **self.env}
        return CliRunner().invoke(app, list(arguments), env=env, input=stdin)

    def json(self, *arguments: str, code: int = 0, stdin: str | bytes | None = None) -> dict:
        result = self.run(*arguments, "--json", stdin=stdin)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def connect(self, name: str, server, *more: str, code: int = 0) -> dict:
        """Connect a HubSpot simulator, contacts only."""
        variable = f"{name.upper()}_TOKEN"
        self.env[variable] = server.simulator.credential["access_token"]
        return self.json(
            "connect", "hubspot", "--name", name, "--base-url", server.url,
            "--credential", f"access_token={variable}", "--stream", "contacts", *more, code=code,
        )  # fmt: skip


@pytest.fixture
def line(tmp_path):
    return Line(tmp_path / "vaiven.db")


@pytest.fixture
def hubspot():
    """Makes running simulators by seed."""
    kind = Registry().simulator("hubspot")
    servers = []

    def make(seed: int = 0):
        server = serve(kind(seed=seed, quirks={"burst_limit": 0, "oauth_burst_limit": 0, "search_limit": 0}))
        servers.append(server.__enter__())
        return server

    yield make
    for server in servers:
        server.close()
