#!/bin/sh
# What a machine can say about the sources: layers, sizes, format, shell scripts, static analysis.
# Exit status 1 when one of them complains. Tools that are missing make it fail, not pass.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
run() {
    what=$1; shift
    "$@" || { echo "lint: $what"; bad=1; }
}
c_files=$(find libxl config xend xm tests -name '*.[ch]')
shell_files=$(find scripts tests .ci -type f | while read -r f; do
    head -n 1 "$f" | grep -q '^#!/bin/sh\|^#! */bin/busybox sh' && echo "$f"; done)

run layers sh tests/check-layers.sh
run sizes sh tests/check-size.sh
# shellcheck disable=SC2086  # lists of files without blanks
run format clang-format --dry-run --Werror $c_files
# shellcheck disable=SC2086
run shellcheck shellcheck -s sh -x -e SC2016 $shell_files # single quotes: we mean them
run cppcheck cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr -I. \
    --enable=warning,portability --suppress=missingIncludeSystem libxl config xend xm
grep -rnE '\b(TODO|FIXME|XXX)\b' --include='*.[ch]' libxl config xend xm && { echo "lint: leftovers"; bad=1; }
exit $bad
