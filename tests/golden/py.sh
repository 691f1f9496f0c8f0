#!/bin/sh
# The Python-like language: golden cases, and the same files evaluated by the real python3.
set -u
cd "$(dirname "$0")/../.." || exit 1
program=${BUILD:-build}/tests/golden_py
sh tests/golden.sh tests/golden/py "$program" py || exit 1
command -v python3 >/dev/null || { echo "SKIPPED: no python3"; exit 77; }
python3 -W ignore tests/oracle_py.py "$program" tests/golden/py/*.py
