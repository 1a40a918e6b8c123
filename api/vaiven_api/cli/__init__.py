"""The command line `vaiven`; nothing heavy is imported before a command needs it."""


def main() -> None:
    """Run the command that the process's arguments name, and exit with its code."""
    from vaiven_api.cli.app import app  # noqa: PLC0415 - importing `vaiven_api.cli` alone costs nothing

    app.main(prog_name="vaiven")
