#!/bin/sh
# Makes .venv from requirements.lock and puts the three distributions into it, editable. Usage: tools/setup.sh [PYTHON]
set -eu
python=${1:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    found=$("$python" --version 2>&1) || found="not found"
    echo "Vaiven needs Python 3.11 or newer, and '$python' is: $found" >&2
    echo "Install one, or name one that you have: make setup PYTHON=python3.12" >&2
    exit 1
fi
# A venv whose interpreter has gone (upgraded or moved) is made anew.
if ! .venv/bin/python -c '' 2>/dev/null; then
    echo "Making .venv with $("$python" --version)"
    if ! "$python" -m venv --clear .venv; then
        echo "'$python' cannot make a virtual environment; Debian and Ubuntu have that in the package python3-venv" >&2
        exit 1
    fi
fi

pip="env PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip -q"
uv=".venv/bin/uv -q"
export VIRTUAL_ENV="$PWD/.venv" UV_LINK_MODE=copy

with_uv() {
    sed -n '/^uv==/,/[^\\]$/p' requirements.lock >.venv/uv.lock
    $pip install --require-hashes -r .venv/uv.lock &&
        $uv pip install --require-hashes -r requirements.lock &&
        $uv pip install --no-deps --no-build-isolation -e sdk -e connectors -e .
}

# uv reads none of pip's settings (a mirror, a proxy), so where it cannot install, pip may.
with_pip() {
    $pip install --require-hashes -r requirements.lock &&
        $pip install --no-deps --no-build-isolation -e sdk -e connectors -e .
}

echo "Installing from requirements.lock"
with_uv || { echo "uv could not install it; trying pip" >&2 && with_pip; }
touch .venv/.ready
echo "Ready: .venv ($(.venv/bin/python --version))"
