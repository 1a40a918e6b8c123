"""`python -m vaiven_api.cli` is `vaiven`."""

from vaiven_api.cli import main

main()
