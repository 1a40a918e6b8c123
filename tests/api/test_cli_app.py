"""The root command: cheap to start, every command explained, errors told the same way."""

import inspect
import re
import subprocess
import sys

import click
import pytest

from vaiven_api.cli import exits
from vaiven_api.cli.app import COMMANDS, app
from vaiven_sdk.errors import ConfigInvalid, MakerError, NotFound, OperatorError, VendorDown

HEAVY = {"pydantic", "httpx", "sqlalchemy", "rich", "structlog", "starlette", "vaiven_sdk", "vaiven_sync_engine"}


def modules_after(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom vaiven_api.cli import main\nsys.argv = ['vaiven', *sys.argv[1:]]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(' '.join(m for m in sys.modules if '.' not in m), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["sync", "--help"], ["connect", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    assert not modules_after(*arguments) & HEAVY


def test_listing_connectors_imports_no_connector_and_no_engine():
    assert not modules_after("connectors", "list") & {"pydantic", "httpx", "sqlalchemy", "rich", "vaiven_sync_engine"}


def commands():
    context = click.Context(app)
    for name in COMMANDS:
        command = app.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {n}", c) for n, c in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_every_command_has_an_example_and_json(name, command):
    told = inspect.cleandoc(command.help)
    assert re.search(rf"^  .*vaiven {name}", told, re.MULTILINE)
    assert re.search(r"^Examples?:$", told, re.MULTILINE)
    options = {option for p in command.params for option in p.opts}
    assert {"--json", "--debug"} <= options
    assert all(p.help for p in command.params if isinstance(p, click.Option))


def test_help_tells_every_exit_code(line):
    shown = line.run("--help").output
    assert all(re.search(rf"^ +{code}  ", shown, re.MULTILINE) for code in exits.EXIT_CODES)


def test_a_mistyped_command_is_guessed(line):
    result = line.run("sinc")
    assert result.exit_code == exits.USAGE
    assert "Did you mean 'sync'?" in result.stderr


def test_usage_errors_are_json_too(line):
    told = line.json("sync", "--nonsense", code=exits.USAGE)["error"]
    assert told["code"] == "usage"
    assert "--nonsense" in told["what"]


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (ConfigInvalid("x"), exits.CUSTOMER),
        (VendorDown("x"), exits.VENDOR),
        (NotFound("x"), exits.VENDOR),
        (OperatorError("x"), exits.OPERATOR),
        (MakerError("x"), exits.UNEXPECTED),
        (ZeroDivisionError("x"), exits.UNEXPECTED),
        (KeyboardInterrupt(), exits.INTERRUPTED),
        (click.Abort(), exits.INTERRUPTED),
    ],
)
def test_exit_code_says_who_must_act(problem, code):
    assert exits.code_of(problem) == code


def test_of_several_errors_the_one_that_needs_a_person_decides():
    assert exits.worst([VendorDown("x"), ConfigInvalid("x")]) == exits.CUSTOMER
    assert exits.worst([]) == exits.OK


def test_an_unexpected_error_gives_a_reference_and_no_traceback(line, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("pat-na1-secret")

    line.store.touch()
    monkeypatch.setattr("vaiven_sync_engine.store.Database.reader", fail)
    result = line.run("runs")
    assert result.exit_code == exits.UNEXPECTED
    assert re.search(r"ref: +[0-9A-HJKMNP-TV-Z]{26}$", result.stderr, re.MULTILINE)
    assert "Traceback" not in result.output
    assert "secret" not in result.output
    assert "Traceback" in line.run("runs", "--debug").stderr


def test_reading_without_a_store_says_how_to_get_one(line):
    told = line.json("people", code=exits.OPERATOR)["error"]
    assert told["code"] == "store_damaged"
    assert "vaiven connect" in told["remedy"]
