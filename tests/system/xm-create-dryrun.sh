#!/bin/sh
# xm create -n: the file is found, evaluated and printed as the original did; no xend is needed.
. tests/functions.sh
cd "$T"

cat >web1 <<'END'
kernel = "vmlinuz"
memory = 64
extra = "console=ttyS0 quiet"
vif = ['mac=00:16:3e:00:00:01,bridge=xenbr0']
disk = ['file:/srv/a.img,xvda,w', 'phy:/dev/vg/b,xvdb,r']
END

assert_ok xm create -n web1
assert_eq 'Using config file "./web1".
(vm' "$(printf '%s\n' "$out" | sed -n 1,2p)"
assert_match '^    \(name web1\)$' "$out"
assert_match '^    \(memory 64\)$' "$out"
assert_match "^    \(image \(linux \(kernel $T/vmlinuz\) \(args 'console=ttyS0 quiet'\)\)\)$|^ +(\(kernel )?$T/vmlinuz\)?$" "$out"
assert_match '^    \(device \(vbd \(uname file:/srv/a\.img\) \(dev xvda:disk\) \(mode w\)\)\)$' "$out"
assert_match '^    \(device \(vif \(mac 00:16:3e:00:00:01\) \(bridge xenbr0\)\)\)$' "$out"
assert_match '^\)$' "$out"
assert_eq '' "$err"
form=$(printf '%s\n' "$out" | sed 1d)

# -q says nothing more; the form itself is the input of -F.
assert_ok xm create -nq web1
assert_eq "$form" "$out"
xm create -nq web1 >web1.sxp
assert_ok xm create -nq -F web1.sxp
assert_eq "$form" "$out"

# name=value of the command line wins; a list replaces the list, repeated it grows.
assert_ok xm create -nq web1 memory=128 disk=phy:/dev/x,xvda,w disk=phy:/dev/y,xvdb,w name=web2
assert_match '^    \(name web2\)$' "$out"
assert_match '^    \(memory 128\)$' "$out"
assert_match 'uname phy:/dev/x' "$out"
assert_match 'uname phy:/dev/y' "$out"
assert_no_match 'file:/srv/a\.img' "$out"

# Other names are variables of the program, as text.
cat >many.cfg <<'END'
vmid = int(vmid)
name = "vm%d" % vmid
kernel = "/k"
memory = 10 * vmid
print "making", name
END
assert_ok xm create -n many.cfg vmid=7
assert_match '^making vm7$' "$out"
assert_match '^    \(name vm7\)$' "$out"
assert_match '^    \(memory 70\)$' "$out"
assert_eq '' "$err"
# ... and one that the program does not use is worth a word.
assert_ok xm create -nq many.cfg vmid=7 memroy=5
assert_match '^Warning: command line: memroy: ' "$err"

# Where files are looked for.
mkdir -p "$ROOT/etc/xen" other
sed 's/64/65/' web1 >"$ROOT/etc/xen/web3"
sed 's/64/66/' web1 >other/web4
sed 's/64/67/' web1 >xmdefconfig
assert_ok xm create -n web3
assert_match "^Using config file \"$ROOT/etc/xen/web3\"\.\$" "$out"
assert_ok xm create -n --path=/nowhere:other web4
assert_match '^Using config file "other/web4"\.$' "$out"
assert_ok xm create -n
assert_match '^Using config file "\./xmdefconfig"\.$' "$out"
assert_match '^    \(memory 67\)$' "$out"
assert_ok xm create -n -f "$T/other/web4"
assert_match "^Using config file \"$T/other/web4\"\.\$" "$out"

# JSON, and the variables.
requires python3
xm create -n --json web1 >web1.json 2>/dev/null
python3 -m json.tool <web1.json >/dev/null || fail "not JSON: $(cat web1.json)"
assert_ok xm create --help_config
assert_match '^ memory  *[A-Z]' "$out"
assert_match '^ disk  *[A-Z]' "$out"
cat >declares.cfg <<'END'
def check(var, val):
    return int(val)
xm_vars.var('vmid', use="Number of the domain.", check=check)
xm_vars.check()
END
assert_ok xm create --help_config declares.cfg
assert_match '^ vmid  *Number of the domain\.' "$out"
