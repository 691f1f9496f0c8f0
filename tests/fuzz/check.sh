#!/bin/sh
# The corpus of every fuzzer, as a test: what was found once stays found. Builds them with clang. For new
# finds there is `make fuzz`, which nobody can promise to pass.
command -v clang >/dev/null 2>&1 || { echo "clang is missing: sh scripts/deps check" >&2; exit 77; }
exec make --no-print-directory FUZZ_SECONDS=0 BUILD="${BUILD:-build}" fuzz
