#!/bin/sh
# xm top: blocks of text with -b, live on a terminal, which is always left as it was.
. tests/functions.sh
requires python3

mkdir -p "$ROOT/etc/xen"
echo '(test-persist yes)' >"$ROOT/etc/xen/xend-config.sxp" # guests outlive xend
start_xend test
create web1 'vcpus = 2' 'maxmem = 128'
create busy 'extra = "test:cpu=2s"'
assert_ok xm top -b -n 1
assert_eq '            NAME  STATE   CPU(sec) CPU(%)  MEM(MiB) MEM(%)    MAXMEM VCPUS' "$(printf '%s\n' "$out" | head -n 1)"
assert_match '^            web1 [-rb]{6} +[0-9]+ +0\.0 +64 +[0-9]+\.[0-9] +128 +2$' "$out"
assert_match '^        Domain-0 ' "$out"
assert_ok xm top --batch -n 3 -d 0.3
assert_eq 3 "$(printf '%s\n' "$out" | grep -c ' NAME ')"
assert_eq 3 "$(printf '%s\n' "$out" | grep -c ' web1 ')"
assert_ok xm destroy web1
assert_ok xm top -b -n 1
assert_no_match ' web1 ' "$out"
for wrong in -d0 -d-1 -dx -dnan -d1e9 -n0 -nx; do
    assert_fails 1 xm top -b $wrong
    assert_eq 'Error: Invalid argument.' "$err"
done
assert_fails 1 xm top
assert_eq 'Error: standard input and output are no terminal
xm top -b prints plain text' "$err"

# endless until its reader has seen enough; it goes on over a restart of xend
python3 -c 'import subprocess, sys
p = subprocess.Popen([sys.argv[1], "top", "-b", "-d", "0.1"], stdout=-1, stderr=-1)
def blocks(n):
    while n:
        n -= b" NAME " in p.stdout.readline()
blocks(3)
subprocess.run([sys.argv[2], "restart", "--driver", "test"], check=True, stdout=subprocess.DEVNULL)
blocks(3)
p.stdout.close()
p.wait(20)
assert p.stderr.read() == b""
assert p.returncode in (0, 1, -13), p.returncode' "$BUILD_DIR/xm" "$BUILD_DIR/xend" || fail 'endless'

# live: however it ends, the terminal has its mode, its screen and its cursor again
cat >"$T/live.py" <<'END'
import fcntl, os, pty, re, signal, struct, subprocess, sys, termios
def live(end, wanted, arguments=(), text=b"busy"):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 60, 0, 0))
    before = termios.tcgetattr(slave)
    start = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    p = subprocess.Popen([sys.argv[1], "top", *arguments], stdin=slave, stdout=slave, stderr=slave,
                         preexec_fn=start, env=dict(os.environ, TERM="xterm"))
    seen = b""
    while text not in seen:
        seen += os.read(master, 65536)
    if end:
        end(p, master)
    while b"\x1b[?1049l" not in seen:
        seen += os.read(master, 65536)
    assert p.wait(20) in (wanted, 1 if wanted else 0), p.returncode
    assert b"\x1b[?1049h" in seen and b"\x1b[?25l" in seen and b"\x1b[?25h" in seen, seen
    assert termios.tcgetattr(slave) == before
    shown = re.sub(rb"\x1b(\[[?0-9;]*[a-zA-Z]|\(B)", b"\n", seen)
    assert b"VCPUS" not in shown and not re.search(rb"[ -~]{61}", shown), shown # cut at 60 columns
key = lambda keys: lambda p, master: os.write(master, keys)
sig = lambda n: lambda p, master: p.send_signal(n)
live(key(b"q"), 0)
live(key(b"cmnq"), 0)
live(key(b"\x03"), 0)
live(sig(signal.SIGTERM), -signal.SIGTERM)
live(sig(signal.SIGINT), -signal.SIGINT)
live(None, 0, ("-n", "2", "-d", "0.2"))
END
python3 "$T/live.py" "$BUILD_DIR/xm" || fail 'live'
