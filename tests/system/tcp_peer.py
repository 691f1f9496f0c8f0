# Plays the other side of a migration by TCP, badly; or, at the unix socket PEER_SOCKET, of one through
# xm. Prints its port, then serves one connection after another (never: all at once).
# Usage: tcp_peer.py say TEXT...       says the n-th TEXT after the n-th thing it hears; then no more
#        tcp_peer.py never             takes connections and says nothing
#        tcp_peer.py cut PORT DIR WHEN TEXT
#            passes bytes on to PORT (or a unix socket's path) and back, and cuts both connections before or after (WHEN) the
#            first TEXT that the source says (DIR "to") or that PORT says ("from")
#        tcp_peer.py fuzz PORT N       says N different things to PORT that are no guest
#        tcp_peer.py flood PORT N HELD opens N connections to PORT that say nothing; when all but
#            HELD were answered, prints how many of them with an error, and holds them until stdin ends
import os, random, select, socket, sys


def text(arg):
    return arg.encode().decode("unicode_escape").encode("latin-1")


def listener():
    if "PEER_SOCKET" in os.environ:
        os.chdir(os.path.dirname(os.environ["PEER_SOCKET"]))
        s = socket.socket(socket.AF_UNIX)
        s.bind(os.path.basename(os.environ["PEER_SOCKET"]))
        s.listen()
        print("ready", flush=True)
    else:
        s = socket.create_server(("127.0.0.1", 0))
        print(s.getsockname()[1], flush=True)
    return s


def drain(c):
    c.shutdown(socket.SHUT_WR)
    while c.recv(65536):
        pass


def say(texts):
    s = listener()
    while True:
        c, _ = s.accept()
        try:
            for t in texts:
                if not c.recv(65536):
                    break
                c.sendall(text(t))
            drain(c)
        except OSError:
            pass
        c.close()


def never():
    s, held = listener(), []
    while True:
        held.append(s.accept())


def pump(c, there, watched, when, marker):
    seen = b""
    other = {c: there, there: c}
    while True:
        for a in select.select([c, there], [], [])[0]:
            d = a.recv(65536)
            if not d:
                return
            if a is (c if watched == "to" else there):
                at = (seen + d).find(marker)
                if at >= 0:
                    end = at + (len(marker) if when == "after" else 0) - len(seen)
                    other[a].sendall(d[: max(end, 0)])
                    return
                seen = (seen + d)[-len(marker) + 1 :]
            other[a].sendall(d)


def connect(port):
    if port.isdigit():
        return socket.create_connection(("127.0.0.1", int(port)))
    there = socket.socket(socket.AF_UNIX)
    where = os.open(os.path.dirname(port), os.O_PATH)  # a socket's path has 107 bytes at most
    there.connect("/proc/self/fd/%d/%s" % (where, os.path.basename(port)))
    os.close(where)
    return there


def cut(port, watched, when, marker):
    s = listener()
    while True:
        c, _ = s.accept()
        there = connect(port)
        try:
            pump(c, there, watched, when, text(marker))
        except OSError:
            pass
        c.close()
        there.close()


def flood(port, n, held):
    all_ = [socket.create_connection(("127.0.0.1", int(port))) for _ in range(int(n))]
    by_fd = {c.fileno(): c for c in all_}
    waiting = select.poll()
    for fd in by_fd:
        waiting.register(fd, select.POLLIN)
    heard = refused = 0
    while heard < len(all_) - int(held):
        for fd, _ in waiting.poll():
            waiting.unregister(fd)
            heard += 1
            refused += b"(err " in by_fd[fd].recv(1000)
    print(refused, flush=True)
    sys.stdin.read()


def fuzz(port, n):
    random.seed(7)
    form = b"(domain (name web9) (uuid 11111111-2222-3333-4444-%012d) (memory 64) (vcpus 1) (xend (version 1) (driver test)))"
    for i in range(int(n)):
        f, noise = bytearray(form % i), random.randbytes(random.randrange(5000))
        if i % 2:
            for _ in range(random.randrange(6)):
                f[random.randrange(len(f))] = random.randrange(256)
        frame = b"LinuxGuestRecord" + len(f).to_bytes(4, "big") + f
        said = [noise, b"receive\n" + noise, b"receive\n" + frame + noise, b"outcome " + noise[:30] + b"\n",
                b"receive\n" + frame + b"xend test guest 1\n" + noise][i % 5]
        c = socket.create_connection(("127.0.0.1", int(port)))
        try:
            c.sendall(said)
            drain(c)
        except OSError:
            pass
        c.close()


{"fuzz": fuzz, "say": lambda *t: say(t), "never": never, "cut": cut, "flood": flood}[sys.argv[1]](*sys.argv[2:])
