# Runs a command whose stdin and stderr are a terminal, and prints what was seen there: each wiped line
# on a line of its own. Ends with the command's status. Usage: terminal.py COMMAND ARGUMENT...
import os, pty, subprocess, sys

master, slave = os.openpty()
p = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=subprocess.DEVNULL, stderr=slave)
os.close(slave)
seen = b""
try:
    while True:  # a terminal whose other side is closed gives an error, not an end
        seen += os.read(master, 65536)
except OSError:
    pass
print(seen.decode().replace("\r\x1b[K", "\n"), end="")
sys.exit(p.wait())
