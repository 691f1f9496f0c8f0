#!/bin/sh
# What making a guest costs, counted: requests to xenstored, hypercalls and new processes. Other guests
# make no difference, and none has a watch while it runs. In dom0 only (tests/rig/suite); build/tests/xen_count.so does the counting.
. tests/functions.sh
. tests/xen.sh
requires xl od

printf '#!/bin/sh\nexit 0\n' >"$T/quick"
chmod +x "$T/quick"
truncate -s 1M "$T/disk.img"
for name in c1 c2 c3 c4; do
    printf "name = '%s'\nkernel = '%s'\nmemory = 32\n" $name "$GRUB" >"$T/$name.cfg"
done
cat >>"$T/c3.cfg" <<END
vif = ['script=$T/quick']
disk = ['format=raw, vdev=xvda, access=rw, script=$T/quick, target=$T/disk.img']
END

cat >>"$T/c4.cfg" <<END
vif = ['bridge=xenbr0']
disk = ['file:$T/disk.img,xvda,w']
END
use_hooks
head -c 32 /dev/zero >"$T/counts"
export XEN_COUNTS="$T/counts"

# One that speaks another version of the hypervisor's interface says so, and does not start.
status=0
err=$(XEN_VERSION_DIFFERS=1 LD_PRELOAD=$BUILD_DIR/tests/xen_count.so "$BUILD_DIR/xend" start --root "$ROOT" 2>&1) || status=$?
assert_eq 1 "$status"
assert_match "driver xen: the hypervisor is Xen 4.17, xend's libraries are of another Xen" "$err"

LD_PRELOAD=$BUILD_DIR/tests/xen_count.so start_xend xen

# cost CMD...: what it adds, as "REQUESTS HYPERCALLS FORKS"
cost() {
    before=$(od -An -tu8 -w32 "$T/counts")
    assert_ok "$@"
    after=$(od -An -tu8 -w32 "$T/counts")
    echo "$before $after" | awk '{ print $5 - $1, $6 - $2, $7 - $3 }'
}
watches() {
    od -An -tu8 -w32 "$T/counts" | awk '{ print $4 }'
}
# at_most WHAT COST REQUESTS HYPERCALLS FORKS
at_most() {
    echo "$1: $2 (at most $3 $4 $5)"
    echo "$2" | awk -v r="$3" -v h="$4" -v f="$5" '{ exit !($1 <= r && $2 <= h && $3 <= f) }' ||
        fail "$1 costs $2 requests, hypercalls, forks; at most $3 $4 $5"
}
own=$(watches)
first=$(cost xm create -q -p "$T/c1.cfg")
at_most 'create' "$first" 40 60 0
second=$(cost xm create -q -p "$T/c2.cfg")
at_most 'create beside another' "$second" 40 60 0
assert_eq "${first%% *}" "${second%% *}" 'requests with another guest' # hypercalls: one for each look
at_most 'create with a vif and a disk' "$(cost xm create -q -p "$T/c3.cfg")" 72 60 2
assert_eq "$own" "$(watches)" 'watches with guests that run'
at_most 'destroy' "$(cost xm destroy c1)" 20 10 0
at_most 'list' "$(cost xm list)" 0 1 0
at_most 'destroy with a vif and a disk' "$(cost xm destroy c3)" 60 10 2
# the stock scripts' work is done in process
at_most 'create with a vif on a bridge and a file' "$(cost xm create -q -p "$T/c4.cfg")" 75 60 0
at_most 'destroy of it' "$(cost xm destroy c4)" 75 10 0
# what others have made has no watch of its own either
printf "name = 'x1'\ntype = 'pv'\nkernel = '%s'\nmemory = 32\n" "$GRUB" >"$T/x1.cfg"
assert_ok xl create -q -p "$T/x1.cfg"
assert_ok xm wait x1 --for paused --timeout 60
assert_eq "$own" "$(watches)" 'watches with a guest that others have made'
assert_ok xm destroy x1
assert_eq 4 "$(grep -c 'script .* done in process$' "$ROOT/var/log/xen/xend.log")" 'hooks in process'
assert_ok xm destroy c2
stop_xend
