#!/bin/sh
# Remakes requirements.lock for Python 3.11 to 3.13 on every platform. Usage: tools/lock.sh [--upgrade]
# The file holds names, versions and hashes alone: no index, no host, no path (docs/decisions/0002-lock-file.md).
set -eu
.venv/bin/uv -q pip compile pyproject.toml --extra dev --extra real --group build \
    --universal --python-version 3.11 --generate-hashes --no-annotate \
    --no-emit-package vaiven-sdk --no-emit-package vaiven-connectors \
    --custom-compile-command "make lock" --output-file requirements.lock "$@"
