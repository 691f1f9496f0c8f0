#!/bin/sh
# Configuration files that are missing or wrong: where, what and what to do. No xend runs.
. tests/functions.sh
cd_here() { cd "$T"; }
cd_here

assert_fails 1 xm create nothing
assert_eq "Error: Unable to open config file: nothing
looked in .:$ROOT/etc/xen" "$err"
assert_eq '' "$out"
assert_fails 1 xm create "$(printf 'a\nb\033')"
assert_match '^Error: Unable to open config file: a[?]b[?]$' "$err"
assert_fails 1 xm create
assert_match '^Error: Unable to open config file: xmdefconfig$' "$err"
assert_fails 1 xm create "$T" # a directory
assert_match '^Error: Unable to open config file: ' "$err"
assert_fails 1 xm create --path=/no:/where nothing
assert_eq 'Error: Unable to open config file: nothing
looked in /no:/where' "$err"

# The program: file, line, column, and the place.
printf 'memory = 64\nname = "x"\nkernel = memroy * 2\n' >broken.cfg
assert_fails 1 xm create broken.cfg
# shellcheck disable=SC2016  # backquotes are meant
assert_eq 'Error: ./broken.cfg:3:10: name `memroy` is not defined
    kernel = memroy * 2
             ^~~~~~
did you mean `memory`?' "$err"
assert_eq 'Using config file "./broken.cfg".' "$out"
printf 'memory = (64\n' >open.cfg
assert_fails 1 xm create -q open.cfg
assert_match '^Error: \./open\.cfg:1:10: ' "$err"
assert_eq '' "$out"

# The values: every fault, each with the line it was set on, or that the command line did it.
printf 'name = "x y"\nkernel = "/k"\n\nmemory = 0\n' >values.cfg
assert_fails 1 xm create values.cfg
assert_match "^Error: \./values\.cfg:1:8: name: .*'x y'" "$err"
assert_match '^Error: \./values\.cfg:4:10: memory: 0 is not between ' "$err"
assert_match '^    memory = 0$' "$err"
assert_match '^             \^$' "$err"
assert_fails 1 xm create values.cfg name=x memory=lots
assert_match "^Error: command line: memory: 'lots' is not a whole number" "$err"

# An item of a list, with the caret under it.
printf 'name = "x"\nkernel = "/k"\ndisk = ["file:/a,xvda,w",\n        "file:/b,xvda,x"]\n' >items.cfg
assert_fails 1 xm create -q items.cfg
assert_eq 'Error: ./items.cfg:4:9: Invalid mode
            "file:/b,xvda,x"]
            ^~~~~~~~~~~~~~~~
use r, w or w!' "$err"

# A file that another one includes: from beside it only.
printf 'memory = 33\nkernel = "/k"\n' >common.py
printf 'execfile("common.py")\nname = "inc"\nvcpus = 2\n' >includes.cfg
assert_ok xm create -nq includes.cfg
assert_match '^    \(memory 33\)$' "$out"
printf 'from common import *\nname = "inc"\n' >imports.cfg
assert_ok xm create -nq "$T/imports.cfg"
assert_match '^    \(memory 33\)$' "$out"
printf 'memory = "x"\n' >common.py
assert_fails 1 xm create -q includes.cfg
assert_match '^Error: \./includes\.cfg:1:1: memory: ' "$err"
printf 'memory = (\n' >common.py
assert_fails 1 xm create -q includes.cfg
assert_match '^Error: common\.py:1:10: this .* is never closed$' "$err"
for name in /etc/passwd ../common.py nothing.py "$T"; do
    printf 'name = "inc"\nexecfile("%s")\n' "$name" >includes.cfg
    assert_fails 1 xm create -q includes.cfg
    assert_match '^Error: \./includes\.cfg:2:1: ' "$err"
done

# The words.
assert_fails 1 xm create values.cfg broken.cfg
assert_eq 'Error: more than one configuration file: values.cfg, broken.cfg' "$err"
assert_fails 1 xm create values.cfg 1a=2
assert_eq "Error: 1a=2: not a variable's name before =
a file whose name contains = is given with -f" "$err"
assert_fails 1 xm create -F values.cfg memory=2
assert_eq 'Error: variables do not go with an SXP file (-F)' "$err"

# Other kinds of files.
printf '<vm name="x"/>\n' >x.xml
assert_fails 1 xm create x.xml
assert_match '^Error: \./x\.xml: XML files' "$err"
printf '(vm (name x)\n' >x.sxp
assert_fails 1 xm create -F x.sxp
assert_match '^Error: \./x\.sxp:1:1: ' "$err"
printf '(vm (name x)) (vm (name y))\n' >two.sxp
assert_fails 1 xm create -F two.sxp
assert_eq 'Error: ./two.sxp: not one (vm ...) form' "$err"
head -c 1100000 /dev/zero | tr '\0' '#' >large.cfg
assert_fails 1 xm create large.cfg
assert_match '^Error: Unable to open config file: \./large\.cfg: larger than ' "$err"

# A sound file without xend.
printf 'name = "x"\nkernel = "/k"\nmemory = 64\n' >sound.cfg
assert_fails 1 xm create sound.cfg
assert_match '^Error: Unable to connect to xend: ' "$err"
