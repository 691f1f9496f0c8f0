#!/bin/sh
# xm wait: each state, reached before, while waiting or not at all; over a rename and a restart.
. tests/functions.sh
requires curl

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp" # guests outlive xend
start_xend test

# what is there already
create web1
assert_ok xm wait web1 --for running
assert_eq '' "$out$err"
assert_ok xm wait "$(xm domid web1)" --for=paused,running -t 0
assert_ok xm wait nobody --for gone
assert_fails 3 xm wait nobody --for halted
assert_eq "Error: Domain 'nobody' does not exist." "$err"

# what does not come
assert_fails 124 xm wait web1 --for halted -t 0
assert_eq "Error: Domain 'web1' is running, not halted, after 0 s." "$err"
assert_fails 124 xm wait web1 --for suspended,crashed --timeout=1

assert_fails 1 xm wait web1
assert_eq 'Error: --for STATE is needed' "$(echo "$err" | head -n 1)"
assert_fails 1 xm wait web1 --for=runing
assert_eq "Error: --for: 'runing' is no state" "$(echo "$err" | head -n 1)"

# waits CMD...: the command waits in the background, and has asked xend what comes next
waits() {
    "$BUILD_DIR/xm" wait "$@" 2>"$T/wait.err" &
    waiter=$!
    PIDS="$PIDS $waiter"
}
# done_waiting STATUS
done_waiting() {
    status=0
    wait $waiter || status=$?
    assert_eq "$1" "$status" "exit status; $(cat "$T/wait.err")"
}
waits web1 --for paused
assert_ok xm pause web1
done_waiting 0
waits web1 --for running -t 60
assert_ok xm unpause web1
done_waiting 0
waits web1 --for gone,halted -t 60
assert_ok xm rename web1 web2
assert_ok xm destroy web2
done_waiting 0
create web1
waits web1 --for suspended -t 60 # never: it goes
assert_ok xm destroy web1
done_waiting 3
assert_match "^Error: Domain 'web1' does not exist" "$(cat "$T/wait.err")"

# it is the domain that was there, not another one of its name
uuid_of() {
    xm list --json "$1" | sed -n 's/^ *"uuid": "\(.*\)",*$/\1/p'
}
create web1
waits "$(uuid_of web1)" --for gone -t 60
assert_ok xm destroy web1
create web1
done_waiting 0
waits "$(uuid_of web1)" --for paused -t 60
assert_ok xm destroy web1
create web1
assert_ok xm pause web1
done_waiting 3
assert_fails 124 xm wait web1 --for gone -t 0
assert_eq "Error: Domain 'web1' is paused, not gone, after 0 s." "$err"
assert_ok xm destroy web1
assert_ok xm wait web1 --for=halted,gone -t 60

# ends that are kept, and what is between two guests
create ends "on_poweroff = 'preserve'" "on_crash = 'preserve'"
waits ends --for shutdown -t 60
assert_ok xm shutdown ends
done_waiting 0
assert_ok xm destroy ends
create ends "on_crash = 'preserve'"
waits ends --for dying -t 60
assert_ok xm reboot -w ends
done_waiting 0
waits ends --for shutdown,crashed -t 60
assert_ok xm sysrq ends c
done_waiting 0
assert_eq crashed "$(domain_state ends)"
assert_ok xm destroy ends

# managed
assert_ok xm new -q "$(make_config web1)"
assert_ok xm wait web1 --for halted
waits web1 --for suspended -t 60
assert_ok xm start web1
assert_ok xm suspend web1
done_waiting 0
waits web1 --for crashed,halted -t 60
assert_ok xm resume web1
assert_ok xm shutdown web1
done_waiting 0
waits web1 --for gone -t 60
assert_ok xm delete web1
done_waiting 0

# paused is what stays so, not what a start passes through
assert_ok xm create -q --no-wait "$(make_config slow "extra = 'test:delay-resume=300ms'")"
waits slow --for paused -t 1
assert_ok xm wait slow --for running -t 60
done_waiting 124

# xend dies meanwhile
waits slow --for paused -t 60
kill -9 "$(cat "$ROOT/var/run/xend.pid")"
start_xend test
assert_ok xm pause slow
done_waiting 0
