#!/bin/sh
# Ctrl-C, and a reader that has seen enough.
. tests/functions.sh
requires python3

# A server that takes a request and never answers.
cat >"$T/server.py" <<'END'
import os, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))
s = socket.socket(socket.AF_UNIX)
s.bind(os.path.basename(sys.argv[1]))
s.listen(5)
os.write(1, b"ready\n")
held = []
while True:
    c, _ = s.accept()
    held.append(c)
    c.recv(65536)
    os.write(1, b"asked\n")
END
mkfifo "$T/events"
python3 "$T/server.py" "$T/sock" >"$T/events" &
PIDS="$PIDS $!"
exec 3<"$T/events"
read -r _ <&3
export XM_SERVER="unix:$T/sock"

# interrupted CMD...: runs it in the foreground of its own, sends SIGINT once it waits for xend.
# The shell ignores SIGINT for what it runs in the background; python does not.
interrupted() {
    python3 -c 'import os, signal, subprocess, sys
p = subprocess.Popen(sys.argv[4:], stdout=open(sys.argv[2], "w"), stderr=open(sys.argv[3], "w"),
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
os.read(3, 6)
p.send_signal(signal.SIGINT)
open(sys.argv[1], "w").write(str(p.wait()))' "$T/status" "$T/out" "$T/err" "$@" 3<&3
    status=$(cat "$T/status") out=$(cat "$T/out") err=$(cat "$T/err")
}
interrupted "$BUILD_DIR/xm" list
assert_eq 1 "$status"
assert_eq 'Interrupted.' "$out"
assert_eq '' "$err"
interrupted "$BUILD_DIR/xm" create -q "$(make_config web1)"
assert_eq 1 "$status"
assert_eq 'Interrupted.' "$out"
assert_eq 'xend goes on creating the domain: see xm list.' "$err"

# A closed pipe ends xm without a word; a full disk does not.
unset XM_SERVER
start_xend test
python3 -c 'import os, subprocess, sys
r, w = os.pipe()
os.close(r)
for preexec in (None, lambda: __import__("signal").signal(13, __import__("signal").SIG_DFL)):
    p = subprocess.run(sys.argv[1:], stdout=w, stderr=subprocess.PIPE, preexec_fn=preexec)
    assert p.stderr == b"", p.stderr
    assert p.returncode in (1, -13), p.returncode' "$BUILD_DIR/xm" list || fail 'closed pipe'
if [ -w /dev/full ]; then
    status=0
    xm list >/dev/full 2>"$T/err" || status=$?
    assert_eq 1 "$status"
    assert_eq 'Error: standard output: No space left on device' "$(cat "$T/err")"
fi
