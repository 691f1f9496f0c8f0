#!/bin/sh
# Every fuzzer as a test: the corpus, so that what was found once stays found, and a bounded run
# that is the same each time. Builds them with clang. For new finds there is `make fuzz`, which
# nobody can promise to pass.
command -v clang >/dev/null 2>&1 || { echo "clang is missing: sh scripts/deps check" >&2; exit 77; }
exec make --no-print-directory FUZZ_SECONDS=fixed BUILD="${BUILD:-build}" fuzz
