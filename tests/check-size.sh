#!/bin/sh
# Sizes that should make one stop and think: files over 500 lines, functions over 60 (a note), and
# files over 800 or functions over 120 (refused). Generated nothing, counts only our C.
set -u
cd "$(dirname "$0")/.." || exit 1
find libxl config xend xm tests -name '*.[ch]' -print | sort | xargs awk '
    FNR == 1 { if (file) end_file(); file = FILENAME; lines = 0; start = 0 }
    { lines = FNR }
    /^[A-Za-z_].*\)$/ { name = $0 }
    /^\{/ { start = FNR }
    /^[A-Za-z_].*\) *\{$/ { name = $0; start = FNR }
    /^\}/ && start { n = FNR - start - 1; if (n > 60) report(file ":" start ": function of " n " lines", n > 120); start = 0 }
    END { end_file(); exit bad }
    function end_file() { if (lines > 500) report(file ": " lines " lines", lines > 800) }
    function report(text, hard) { print (hard ? "too long: " : "long: ") text; if (hard) bad = 1 }'
