#!/bin/sh
# Runs the golden cases of one folder: pass-*.X print what pass-*.json says, fail-*.X exit non-zero
# and print what fail-*.err says. A case's line "# args: ..." holds more arguments.
#   tests/golden.sh FOLDER PROGRAM EXTENSION    compares; exit status 1 when a case differs
#   UPDATE=1 tests/golden.sh ...                writes the expected files instead (then read them)
set -u
folder=$1 program=$2 ext=$3
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
failed=0 n=0
[ -x "$program" ] || { echo "$program: not built"; exit 1; }

for case in "$folder"/pass-*."$ext" "$folder"/fail-*."$ext"; do
    case ${case##*/} in
    pass-*) want=0 expected=${case%.*}.json ;;
    *) want=1 expected=${case%.*}.err ;;
    esac
    # shellcheck disable=SC2046  # several arguments
    "$program" "$case" $(sed -n 's/^# args: //p' "$case") >"$out" 2>&1
    status=$?
    n=$((n + 1))
    if [ $status -ne $want ]; then
        echo "$case: exit status $status"
        cat "$out"
        failed=$((failed + 1))
    elif [ -n "${UPDATE:-}" ]; then
        cp "$out" "$expected"
    elif ! diff -u "$expected" "$out"; then
        echo "$case: not what was expected"
        failed=$((failed + 1))
    fi
done
echo "$n cases, $failed failed"
[ $failed -eq 0 ]
