#!/bin/sh
# The manual page of configuration files is made from the tables: nothing is missing, troff has
# nothing to say, and its example is a good file.
. tests/functions.sh
page=$BUILD_DIR/xm.cfg.5
[ -s "$page" ] || fail "$page is not built"
xm create --help_config | sed -n 's/^ \([a-z][a-z0-9_]*\)  *[A-Z].*/\1/p' >"$T/names"
assert_eq yes "$([ "$(wc -l <"$T/names")" -gt 150 ] && echo yes)" "variables: $(wc -l <"$T/names")"
while read -r name; do
    grep -q "^\.B $name\$\|^\.SS $name\$" "$page" || fail "xm.cfg(5) lacks $name"
done <"$T/names"
sed -n '/^\.EX$/,/^\.EE$/p' "$page" | sed '/^\./d' >"$T/example"
assert_ok xm check "$T/example"
assert_eq '' "$err"
requires groff
groff -man -Tutf8 -ww -z "$page" >"$T/log" 2>&1
assert_eq '' "$(cat "$T/log")"
