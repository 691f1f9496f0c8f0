# A server that plays xend: answers the n-th request with the n-th argument ("STATUS BODY", or
# "STATUS:TYPE BODY"; "hold": never), on as many connections as come, and writes "METHOD PATH BODY"
# of each to the file "requests" beside its socket. Prints "ready" when it listens.
# Usage: canned.py SOCKET ANSWER...
import os, re, socket, sys

os.chdir(os.path.dirname(sys.argv[1]))
s = socket.socket(socket.AF_UNIX)
s.bind(os.path.basename(sys.argv[1]))
s.listen(5)
os.write(1, b"ready\n")
log = open("requests", "wb", buffering=0)
c = None
d = b""


def more():
    """Receives something, from the next connection when this one has ended."""
    global c, d
    part = c.recv(65536) if c else b""
    while not part:
        c, _ = s.accept()
        part = c.recv(65536)
    d += part


for answer in sys.argv[2:]:
    while b"\r\n\r\n" not in d:
        more()
    head, _, d = d.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    length = int(length.group(1)) if length else 0
    while len(d) < length:
        more()
    log.write(head.split(b" HTTP")[0] + (b" " + d[:length] if length else b"") + b"\n")
    d = d[length:]
    if answer == "hold":
        c.recv(1)  # until the other side goes
        break
    status, _, body = answer.partition(" ")
    status, _, kind = status.partition(":")
    body = body.encode()
    c.sendall(b"HTTP/1.1 %s X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
              % (status.encode(), (kind or "application/json").encode(), len(body), body))
