#!/bin/sh
# Every fuzzer for a while, as a test: FUZZ_SECONDS for all together (60). Builds them with clang.
command -v clang >/dev/null 2>&1 || { echo "clang is missing: sh scripts/deps check" >&2; exit 77; }
exec make --no-print-directory FUZZ_SECONDS="${FUZZ_SECONDS:-60}" BUILD="${BUILD:-build}" fuzz
