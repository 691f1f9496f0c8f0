#!/bin/sh
# xm check, convert, diff, and create's --config and --strict: files looked at in all notations.
. tests/functions.sh
cd "$T"

cat >web1 <<'END'
name = "web1"
kernel = "/k"
memory = 2 * 32
vcpus = 2
disk = ['file:/srv/a.img,xvda,w']
vif = ['']
opengl = 1
END

# check: all files, no xend; what nobody honours is a warning, with the line.
assert_ok xm check web1
assert_eq './web1: ok' "$out"
assert_eq 'Warning: ./web1:7:10: opengl: no driver of this xend has it; ignored
    opengl = 1
             ^' "$err"
assert_fails 1 xm check --strict web1
assert_eq '' "$out"
assert_match '^Error: \./web1:7:10: opengl: ' "$err"
printf 'name = "x"\nkernel = "/k"\ncpu_wieght = 5\ntsc_mode = 1\ndisk = ["phy:a,xvda,w,,x86_32-abi"]\n' >notes
assert_ok xm check -q notes
assert_eq '' "$out"
assert_match '^Warning: \./notes:3:1[0-9]: cpu_wieght: .*\(did you mean cpu_weight\?\)$' "$err"
assert_no_match 'tsc_mode' "$err"
assert_ok xm check -q --driver=qemu notes
assert_match '^Warning: \./notes:4:12: tsc_mode: the qemu driver does not have it; ignored$' "$err"
assert_match '^Warning: \./notes:5:9: disk protocol: the qemu driver does not have it; ignored$' "$err"
assert_fails 1 xm check --driver=vmware notes
printf 'name = "x y"\nkernel = "/k"\ndisk = ["file:/a,xvda,q"]\nmemory = -1\n' >faults
printf 'memory = (\n' >syntax
printf 'name = "x\nkernel = "/k"\nvcpus = 1 1\nmaxvcpus = vcpus\nmemory = 0\n' >several
assert_fails 1 xm check several
assert_eq '1:8 3:11 5:10' "$(printf '%s\n' "$err" | sed -n 's/^Error: [^:]*:\([0-9:]*\): .*/\1/p' | xargs)"
assert_fails 1 xm check faults web1 syntax nothing
assert_eq './web1: ok' "$out"
assert_match '^Error: \./faults:1:8: name: ' "$err"
assert_match '^Error: \./faults:3:9: Invalid mode$' "$err"
assert_match '^Error: \./faults:4:10: memory: ' "$err"
assert_match '^Error: \./syntax:1:10: ' "$err"
assert_match '^Error: Unable to open config file: nothing$' "$err"
assert_ok xm check -q web1 memory=128
assert_fails 1 xm check web1 memory=0
assert_match '^Error: command line: memory: ' "$err"
assert_fails 1 xm check
assert_fails 1 xm check memory=1

# convert: each notation reads back as the same.
assert_ok xm convert web1
assert_eq 'name = "web1"
kernel = "/k"
memory = 64
vcpus = 2
disk = [ "file:/srv/a.img,xvda,w" ]
vif = [ "" ]
opengl = 1' "$out"
text=$out
assert_ok xm convert --to=xl web1
assert_match '^type = "pv"$' "$out"
assert_match '^disk = \[ "format=raw, vdev=xvda, access=rw, backendtype=qdisk, target=/srv/a\.img" \]$' "$out"
for to in sxp json config xl; do
    xm convert --to=$to web1 >"web1.$to" 2>/dev/null || fail "convert --to=$to"
    assert_ok xm convert "web1.$to"
    assert_eq "$text" "$out"
done
assert_ok xm convert --to=json web1 memory=65
assert_match '"memory": 65' "$out"
assert_fails 1 xm convert --to=yaml web1
assert_fails 1 xm convert web1 notes
assert_fails 1 xm convert faults
assert_eq '' "$out"

# create -n: the same text; -F reads SXP and JSON.
assert_ok xm create -n web1 --config
assert_eq "$text" "$out"
assert_ok xm create -n --config web1
assert_eq "$text" "$out"
for to in sxp json; do
    assert_ok xm create -nq -F web1.$to
    assert_match '^    \(name web1\)$' "$out"
done
assert_ok sh -c 'cat web1 | "$0" create -nF /dev/stdin' "$BUILD_DIR/xm"
assert_match '^name = "web1"$' "$out"
assert_ok sh -c '"$0" convert --to=sxp web1 | "$0" create -nq -F /dev/stdin' "$BUILD_DIR/xm"
assert_match '^ *\(name web1\)$' "$out"
assert_fails 1 xm create -nq web1 --strict
assert_match '^Error: \./web1:7:10: opengl: ' "$err"
assert_fails 1 xm create --config
assert_match '^Error: option --config requires argument' "$err"

# diff: what xend chose is not a difference.
start_xend test
assert_ok xm create -q web1
assert_ok xm diff web1 web1
assert_eq '' "$out"
sed 's/32/48/; /vcpus/d; s/a.img/b.img/' web1 >web2
assert_fails 1 xm diff web1 web2 name=web1
assert_eq '-memory = 64
-vcpus = 2
-disk = [ "file:/srv/a.img,xvda,w" ]
+memory = 96
+disk = [ "file:/srv/b.img,xvda,w" ]' "$out"
assert_eq '' "$(printf '%s' "$err" | grep -v opengl)"
assert_fails 1 xm diff -q web1 web2
assert_eq '' "$out"
assert_fails 3 xm diff nobody web1
assert_fails 1 xm create --strict web2 name=web3
assert_match '^Error: \./web2:6:10: opengl: ' "$err"
sed -i /opengl/d web2
assert_ok xm create --strict web2 name=web3

# Nor is the name that a file without one has from its own.
grep -v '^name' web1 >unnamed
assert_ok xm diff web1 unnamed
assert_eq '' "$out"
assert_fails 1 xm diff web1 unnamed name=other
assert_match '^[+]name = ' "$out"

# Mistyped, with the right one beside it; a name that the file uses is its own.
printf 'irq = [4]\nmemroy = 3\nname = "x"\nmemory = 64\nkernel = "/k"\nvcpu = 2\nvcpus = vcpu\n' >typos
assert_ok xm check -q typos
assert_eq 'irq memroy' "$(printf '%s\n' "$err" | sed -n 's/^Warning: [^ ]* \([a-z]*\):.*/\1/p' | xargs)"
assert_match 'memroy: .*\(did you mean memory\?\)$' "$err"
assert_fails 1 xm check --strict typos
assert_match '^Error: \./typos:2:10: memroy: ' "$err"
assert_ok xm check -q --driver=qemu typos
assert_eq 2 "$(printf '%s\n' "$err" | grep -c ^Warning)" 'each told once'
assert_fails 1 xm create -nq --strict typos
assert_match 'memroy' "$err"

# A pipe that nobody writes to, or a device, is no file; what the shell opened is.
mkfifo fifo
for file in fifo /dev/zero; do
    assert_fails 1 timeout 20 "$BUILD_DIR/xm" create "$file"
    assert_match '^Error: (\./|/dev/)[a-z]*: not a regular file$' "$err"
    assert_fails 1 timeout 20 "$BUILD_DIR/xm" check "$file"
done
mkfifo begun
for c in 'check -q' 'create -nq -f'; do
    # the text comes only when the reader has been started
    # shellcheck disable=SC2086  # words
    { read -r _ <begun; cat web1; } |
        sh -c 'echo >begun; exec "$@"' sh "$BUILD_DIR/xm" $c /dev/stdin >stdin.out 2>&1 || fail "$c /dev/stdin: $(cat stdin.out)"
    # shellcheck disable=SC2086  # words
    ! echo 'memory = "x"' | xm $c /dev/stdin >stdin.out 2>&1 || fail "$c: nothing was read"
done

# SXP without -F.
echo '(vm (name x) (memory 64))' >vm.sxp
assert_fails 1 xm create -q vm.sxp
assert_match '^a file in SXP is given with -F$' "$err"
