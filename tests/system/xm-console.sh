#!/bin/sh
# xm console: with pipes, with files, and on a terminal, which comes back as it was whatever happens.
. tests/functions.sh
requires python3
start_xend test
create web1

# attach ARGUMENT...: a console in the background, written to as 4, read from as 5; $console.
attach() {
    rm -f "$T/in" "$T/said"
    mkfifo "$T/in" "$T/said"
    "$BUILD_DIR/xm" console "$@" <"$T/in" >"$T/said" &
    console=$!
    PIDS="$PIDS $console"
    exec 4>"$T/in" 5<"$T/said"
}

# Past output first; typed lines arrive; ^] leaves, also in the middle of what is piped in.
attach web1
hear 'test guest web1: up'
printf 'hello\r' >&4
hear 'web1: hello'
printf 'seen\r\035not seen\r' >&4
wait $console || fail "^]: status $?"
exec 4>&- 5<&-
attach web1
hear 'web1: seen'
assert_no_match 'not seen' "$(printf '\035' >&4; cat <&5)"
wait $console || fail "^]: status $?"
exec 4>&- 5<&-

# The end of stdin ends nothing: the answer to what was typed still comes, until the guest's
# console closes.
attach --history 0 web1
printf 'first\r' >&4
exec 4>&-
hear 'web1: first'
assert_ok xm destroy web1
wait $console || fail "console of a destroyed guest: status $?"
exec 5<&-

# No such domain; quiet about it; a number that is no console.
assert_fails 3 xm console nobody
assert_eq "Error: Domain 'nobody' does not exist." "$err"
assert_fails 1 xm console -q nobody
assert_eq '' "$out$err"
create web2
assert_fails 1 xm console -n 1 web2
assert_match '^Error: there is no console 1$' "$err"
assert_fails 1 xm console --history 70000 web2
assert_eq 'Error: Invalid argument.' "$err"
attach -n 0 web2
hear 'web2: up'
printf '\035' >&4
wait $console
exec 4>&- 5<&-
printf '\035' | xm console --history=4 web2 >"$T/text"
[ "$(wc -c <"$T/text")" -le 4 ] || fail "history: $(cat "$T/text")"

# create -c goes on as a console.
printf '\035' | xm create -c "$(make_config web3)" >"$T/text"
assert_match '^Started domain web3 \(id=3\)$' "$(cat "$T/text")"

# A terminal: raw meanwhile, as before after ^], the guest's end, and each signal.
cat >"$T/terminal.py" <<'END'
import os, pty, signal, subprocess, sys, termios
xm, root = sys.argv[1], sys.argv[2]

def start():
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    p = subprocess.Popen([xm, "console", "web2"], stdin=slave, stdout=slave, stderr=slave,
                         start_new_session=True)
    return master, slave, before, p

def read_until(master, text):
    seen = b""
    while text not in seen:
        seen += os.read(master, 4096)
    return seen

def is_raw(slave):
    return not termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

def check_after(what, slave, before, p, statuses):
    status = p.wait(timeout=20)
    assert status in statuses, (what, status)
    assert termios.tcgetattr(slave) == before, what + ": the terminal is not what it was"

# leaving: what is typed is seen by the guest, ^C too, and is not echoed by the terminal
master, slave, before, p = start()
read_until(master, b"Connected to web2; ^] leaves.")
os.write(master, b"one\r")
read_until(master, b"web2: one")
assert is_raw(slave), "not raw"
os.write(master, b"\x1d")
check_after("^]", slave, before, p, [0])

for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT):
    master, slave, before, p = start()
    os.write(master, b"two\r")
    read_until(master, b"web2: two")
    assert is_raw(slave)
    p.send_signal(sig)
    while "san-thread" in xm: # that sanitizer holds signals back, now and then for ever
        try:
            p.wait(timeout=2)
            break
        except subprocess.TimeoutExpired:
            p.send_signal(sig)
    check_after(sig.name, slave, before, p, [-sig])

# stopped by ^Z of somebody else: the terminal is sane; continued: raw again
master, slave, before, p = start()
os.write(master, b"three\r")
read_until(master, b"web2: three")
p.send_signal(signal.SIGTSTP)
os.waitpid(p.pid, os.WUNTRACED)
assert termios.tcgetattr(slave) == before, "stopped: not sane"
p.send_signal(signal.SIGCONT)
os.write(master, b"four\r")
read_until(master, b"web2: four")
assert is_raw(slave), "continued: not raw"

# the guest ends
subprocess.run([xm, "destroy", "web2"], check=True)
check_after("end of the guest", slave, before, p, [0])
END
python3 "$T/terminal.py" "$BUILD_DIR/xm" "$ROOT" || fail 'terminal'
