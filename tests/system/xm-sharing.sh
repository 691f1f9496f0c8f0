#!/bin/sh
# One disk for one domain, but r with r, and w! by whoever says so: at create, at attach, by other
# names of the same file, after a restart of xend; who has it is named.
. tests/functions.sh
requires curl jq
mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp"
start_xend test
for image in a b c; do echo image >"$T/$image.img"; done
ln "$T/a.img" "$T/a-link.img"
ln -s a.img "$T/a-symlink.img"

create web1 "disk = ['file:$T/a.img,xvda,w']"
for name in a a-link a-symlink; do
    assert_fails 1 xm create -q "$(make_config web2 "disk = ['file:$T/$name.img,xvdb,r']")"
    assert_match "^Error: web2: disk xvdb: $T/$name.img is mounted in a guest domain, and so cannot be mounted now: domain web1 has it as xvda$" "$err"
    assert_match 'Mode w! shares it' "$err"
done
assert_fails 3 xm domid web2 # nothing is left of it
assert_fails 1 xm block-attach web1 "file:$T/a-link.img" xvdb r
assert_match "disk xvdb: $T/a-link.img is already used: it is what this domain has as xvda$" "$err"
assert_fails 1 xm create -q "$(make_config web2 "disk = ['file:$T/b.img,xvda,w', 'file:$T/c.img,xvdb,w']" "usbdevice = 'disk:$T/b.img'")"
assert_fails 1 xm create -q "$(make_config web2 "disk = ['file:$T/a.img,xvda,w!', 'file:$T/a-link.img,xvdb,w']")"
assert_match "^Error: web2: disk xvdb: $T/a-link.img is already used: it is what this domain has as xvda$" "$err"
create web2 "disk = ['tap:aio:$T/a.img,xvda,w!']"
create web3 "disk = ['file:$T/b.img,xvda,r']"
create web4 "disk = ['file:$T/b.img,xvda,r', 'nbd:server 10809,xvdb,w']"

# The same at attach, and for what is put into a drive; a failure claims nothing.
assert_fails 1 xm block-attach web4 "file:$T/b.img" xvdc w
assert_match 'web4: attach: .*The file "'"$T"'/b.img" is already used' "$err"
assert_fails 1 xm block-attach web1 "file:$T/b.img" xvdb w
assert_match "domain web[34] has it as xvda$" "$err"
assert_fails 1 xm block-attach web1 'nbd:server 10809' xvdb w
assert_match 'domain web4 has it as xvdb$' "$err"
assert_ok xm block-attach web1 "file:$T/c.img" xvdc w
assert_fails 1 xm block-attach web3 "file:$T/c.img" xvdc r
assert_ok xm block-detach web1 xvdc
assert_ok xm block-attach web3 "file:$T/c.img" xvdc r
create web5 'disk = [",hdc:cdrom,r"]' 'extra = "test:fail=attach:1"'
assert_ok xm block-configure web5 "file:$T/c.img" hdc r
assert_fails 1 xm block-configure web5 "file:$T/a.img" hdc r
assert_fails 1 xm block-attach web1 "file:$T/c.img" xvdc w
assert_ok xm block-detach web3 xvdc
assert_fails 1 xm block-attach web1 "file:$T/c.img" xvdc w
assert_match 'domain web5 has it as hdc$' "$err"
assert_ok xm block-configure web5 '' hdc r
assert_fails 1 xm block-attach web5 "file:$T/c.img" xvda w
assert_match 'attach fails on demand' "$err"
assert_ok xm block-attach web1 "file:$T/c.img" xvdc w

# Another xend knows it, too; and it is free when its domain has gone.
stop_xend
start_xend test
assert_fails 1 xm create -q "$(make_config web6 "disk = ['file:$T/c.img,xvda,w']")"
assert_match 'domain web1 has it as xvdc$' "$err"
assert_ok xm reset web1
assert_fails 1 xm create -q "$(make_config web6 "disk = ['file:$T/c.img,xvda,w']")"
assert_ok xm destroy web1
assert_ok xm create -q "$(make_config web6 "disk = ['file:$T/c.img,xvda,w']")"
assert_ok xm save web6 "$T/saved"
create web7 "disk = ['file:$T/c.img,xvda,w']"
assert_fails 1 xm restore "$T/saved"
assert_match 'domain web7 has it as xvda$' "$err"
