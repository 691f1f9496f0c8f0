#!/bin/sh
# make install and uninstall below DESTDIR: what is there, where, and that an admin's own
# configuration survives a second install.
. tests/functions.sh

D=$T/dest
make -s install DESTDIR="$D" BUILD="$BUILD" >"$T/log" 2>&1 || fail "$(cat "$T/log")"
for f in usr/sbin/xend usr/sbin/xm etc/xen/xend-config.sxp etc/xen/xmexample1 etc/xen/auto \
    lib/systemd/system/xend.service lib/systemd/system/xendomains.service etc/init.d/xend \
    etc/init.d/xendomains etc/default/xendomains usr/share/man/man1/xm.1 usr/share/man/man8/xend.8 \
    usr/share/man/man5/xm.cfg.5 etc/xen/scripts/vif-bridge etc/xen/scripts/vif-post.d; do
    [ -e "$D/$f" ] || fail "$f is not installed"
done
unit=$D/lib/systemd/system/xend.service
grep -q '^KillMode=process$' "$unit" || fail "systemd would kill the guests with xend"
grep -q '^ExecStart=/usr/sbin/xend start$' "$unit" || fail "the unit starts something else"
if command -v systemd-analyze >/dev/null; then
    for u in xend xendomains; do # with paths that exist here
        sed "s,/usr/sbin,$D/usr/sbin,; s,/etc/init.d,$D/etc/init.d," "$D/lib/systemd/system/$u.service" >"$T/$u.service"
    done
    systemd-analyze verify --man=no "$T/xend.service" "$T/xendomains.service" >"$T/verify" 2>&1 ||
        fail "$(cat "$T/verify")"
    assert_eq '' "$(cat "$T/verify")"
fi
"$D/usr/sbin/xend" start --driver test
assert_ok "$D/usr/sbin/xm" list
stop_xend

# the services as installed
export XM="$D/usr/sbin/xm" XEND="$D/usr/sbin/xend"
XEND_ROOT=$D
run "$D/etc/init.d/xend" status
assert_eq 3 "$status"
run "$D/etc/init.d/xendomains" status
assert_eq '3 Checking for xendomains: unused' "$status $out"
XEND_ROOT=$ROOT

echo 'XENDOMAINS_SAVE=' >"$D/etc/default/xendomains"
echo '(loglevel DEBUG)' >"$D/etc/xen/xend-config.sxp"
echo '# mine' >>"$D/etc/xen/scripts/vif-bridge"
make -s install DESTDIR="$D" BUILD="$BUILD" >"$T/log" 2>&1
assert_eq vif-bridge.~1~ "$(find "$D/etc/xen/scripts" -name "*~" -printf "%f")" "kept scripts"
assert_eq '# mine' "$(tail -n 1 "$D/etc/xen/scripts/vif-bridge.~1~")" "the admin's script"
assert_match 'vif-bridge was another one .*kept beside it as vif-bridge.~N~' "$(cat "$T/log")"
assert_eq '(loglevel DEBUG)' "$(cat "$D/etc/xen/xend-config.sxp")"
assert_eq 'XENDOMAINS_SAVE=' "$(cat "$D/etc/default/xendomains")"
make -s uninstall DESTDIR="$D" BUILD="$BUILD" >"$T/log" 2>&1
assert_eq '' "$(find "$D/usr" "$D/lib" "$D/etc/init.d" -type f)" "left by uninstall"
[ -e "$D/etc/xen/xend-config.sxp" ] || fail "uninstall removed the configuration"
