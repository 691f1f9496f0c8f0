"""Raw HTTP against xend's socket: what a library would not send. Each check is one function;
run as: http_raw.py SOCKET CHECK. Exit status 0 when the server did as it should."""
import json
import socket
import sys

SOCKET = sys.argv[1]
GET = b"GET /v1 HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/domains HTTP/1.1\r\nHost: x\r\n"
HUNG_UP = (BrokenPipeError, ConnectionResetError)


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(40)
    s.connect(SOCKET)
    return s


def read_answer(s):
    """Status and body of one answer; (0, b'') when the server hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            return 0, data
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        key, value = line.split(b":", 1)
        if key.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = s.recv(65536)
        if not more:
            break
        body += more
    return int(head.split()[1]), body


def ask(data):
    s = connect()
    s.sendall(data)
    return read_answer(s)


def expect(what, got, *wanted):
    if got not in wanted:
        sys.exit("%s: got %r, wanted %r" % (what, got, wanted))


def still_answers():
    expect("the next honest request", ask(GET)[0], 200)


def smuggling():
    chunked = b"Transfer-Encoding: chunked\r\n"
    length = b"Content-Length: %d\r\n" % (5 + len(GET))
    for headers in (length + chunked, chunked + length):
        s = connect()
        s.sendall(POST + headers + b"\r\n0\r\n\r\n" + GET)
        expect("length and encoding", read_answer(s)[0], 400)
        try:
            expect("what follows it", read_answer(s)[0], 0)
        except HUNG_UP:
            pass
    expect("two lengths", ask(POST + b"Content-Length: 0\r\nContent-Length: 2\r\n\r\n{}")[0], 400)
    expect("no host", ask(b"GET /v1 HTTP/1.1\r\n\r\n")[0], 400)
    expect("two hosts", ask(b"GET /v1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")[0], 400)


def body_limits():
    limit = 1024 * 1024
    filler = b" " * (limit - 2) + b"{}"
    expect("at the limit", ask(POST + b"Content-Length: %d\r\n\r\n" % limit + filler)[0], 400)
    expect("over it", ask(POST + b"Content-Length: %d\r\n\r\n" % (limit + 1))[0], 413)
    chunk = b"%x\r\n" % len(filler) + filler + b"\r\n"
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    expect("over it in chunks", ask(chunked + 2 * chunk + b"0\r\n\r\n")[0], 413)
    try:
        status = ask(chunked + 20 * chunk)[0]
    except HUNG_UP:
        status = 0
    expect("far over it", status, 0, 413)


def garbage():
    for data in (b"\r\n\r\n\r\n", b"\x00\xff" * 500 + b"\r\n\r\n", b"GET\r\n\r\n",
                 b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET /v1 HTTP/1.1\r\nHost: x\r\nX: " + b"b" * 60000 + b"\r\n\r\n"):
        s = connect()
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            status = read_answer(s)[0]
        except HUNG_UP:
            status = 0
        if status == 200:
            sys.exit("garbage was answered 200: %r" % data[:40])
        still_answers()


def drip():
    s = connect()
    s.settimeout(1)
    for i in range(40):
        try:
            s.sendall((GET[:-2] + b"X-Slow: aaaaaaaaaa")[i:i + 1])
            if not s.recv(1):
                return
        except socket.timeout:
            pass
        except HUNG_UP:
            return
    sys.exit("a header sent byte by byte kept its connection for 40 s")


def vanished_waiters():
    generation = json.loads(ask(GET.replace(b"/v1", b"/v1/domains"))[1])["generation"].encode()
    for _ in range(200):
        s = connect()
        s.sendall(GET.replace(b"/v1", b"/v1/domains?wait=60&since=" + generation))
        s.close()


def create(name):
    body = json.dumps({"spec": {"name": name, "kernel": "/k"}}).encode()
    return ask(b"POST /v1/domains?wait=30 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
               % len(body) + body)


def streams():
    """1,000 idle event streams; all see the next event."""
    followers = []
    for _ in range(1000):
        s = connect()
        s.sendall(GET.replace(b"/v1", b"/v1/events").replace(
            b"Host: x", b"Host: x\r\nAccept: text/event-stream"))
        followers.append(s)
    for s in followers:
        data = b""
        while b"\r\n\r\n" not in data:
            data += s.recv(4096)
    expect("create", create("seen-by-all")[0], 200)
    for s in followers:
        data = b""
        while b"seen-by-all" not in data:
            more = s.recv(4096)
            if not more:
                sys.exit("a stream ended early")
            data += more


def paths():
    for method, path, wanted in ((b"GET", b"/", 404), (b"GET", b"/v1/nothing", 404),
                                 (b"DELETE", b"/v1", 405), (b"GET", b"/v1/domains/x", 404),
                                 (b"POST", b"/v1/domains/x/pause", 404),
                                 (b"GET", b"/v1/domains/0/console", 426),
                                 (b"GET", b"/v1/jobs/0", 404), (b"GET", b"/v1/jobs/abc", 404),
                                 (b"GET", b"/v1/domains?wait=61", 400),
                                 (b"GET", b"/v1/domains?sate=running", 400),
                                 (b"GET", b"/v1/domains?state=running,idle", 400),
                                 (b"GET", b"/v1/domains?detail=", 400),
                                 (b"GET", b"/v1/domains?wait=1&wait=1", 400),
                                 (b"GET", b"/v1/../v1", 404), (b"GET", b"/v1/a/b/c/d/e/f", 404)):
        status, body = ask(method + b" " + path
                           + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        expect(path, status, wanted)
        missing = {"type", "title", "status", "detail", "code"} - set(json.loads(body))
        if missing:
            sys.exit("%r: no %s in %r" % (path, missing, body))


if __name__ == "__main__":
    globals()[sys.argv[2]]()
    still_answers()
