#!/bin/sh
# Makes the Python environment named by $1 from requirements.lock: every package checked by its hash.
set -eu
venv=$1

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for candidate in python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say 'Python 3.11 is needed and neither python3.11 nor python3 is it. On Debian 12: apt-get install python3 python3-venv'
    exit 1
}

if ! [ -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    python=$(find_python)
    say "Making $venv with $("$python" --version)"
    if ! "$python" -m venv --clear "$venv"; then
        say 'Python cannot make a virtual environment. On Debian 12: apt-get install python3-venv'
        exit 1
    fi
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
pip() { "$venv/bin/python" -m pip "$@"; }

# A few packages come as source: the locked setuptools builds them, nothing else is fetched for that.
say 'Installing the locked packages (about 2 GB on disk; a minute or two the first time)'
tools=$venv/build-tools.lock
sed -n '/^setuptools==/,/[^\\]$/p' requirements.lock >"$tools"
pip install --quiet --require-hashes --no-deps -r "$tools"
pip install --require-hashes --no-deps --no-build-isolation --prefer-binary -r requirements.lock
pip install --quiet --no-deps --no-build-isolation -e .
command -v gcc >/dev/null 2>&1 || say "gcc is missing: scoring will use treelite's own interpreter, which is slower."
