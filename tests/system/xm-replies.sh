#!/bin/sh
# The client against servers that answer in every lawful and unlawful way: no wrong answer may
# hang it, crash it or reach the terminal raw.
. tests/functions.sh
requires python3

cat >"$T/server.py" <<'END'
# Answers each connection with the file named by its turn; then closes it ("hold": keeps it open).
import os, socket, sys
path, replies = sys.argv[1], sys.argv[2:]
os.chdir(os.path.dirname(path))
s = socket.socket(socket.AF_UNIX)
s.bind(os.path.basename(path))
s.listen(5)
os.write(1, b"ready\n")
for name in replies:
    c, _ = s.accept()
    d = b""
    while b"\r\n\r\n" not in d:
        d += c.recv(65536)
    try:
        for part in open(name, "rb").read().split(b"<PAUSE>"):
            c.sendall(part)
    except OSError:
        pass
    c.close()
END

# serve NAME REPLY...: each REPLY (printf notation) answers one connection.
serve() {
    name=$1
    shift
    n=0 files=''
    for reply; do
        n=$((n + 1))
        # shellcheck disable=SC2059  # it is a format
        printf "$reply" >"$T/$name.$n"
        files="$files $T/$name.$n"
    done
    mkfifo "$T/$name.ready"
    # shellcheck disable=SC2086  # words
    python3 "$T/server.py" "$T/$name.sock" $files >"$T/$name.ready" &
    PIDS="$PIDS $!"
    read -r _ <"$T/$name.ready"
    XM_SERVER=unix:$T/$name.sock
    export XM_SERVER
}
json='Content-Type: application/json\r\n'
ok="HTTP/1.1 200 OK\r\n$json"
domain='{"name":"web1","domid":5,"state":"running"}'

# Bodies by length, in chunks (with extensions and trailers), and up to the end of the stream.
serve length "${ok}Content-Length: 43\r\n\r\n$domain"
assert_ok xm domid web1
assert_eq 5 "$out"
serve chunks "${ok}Transfer-Encoding: chunked\r\n\r\n8;x=y\r\n{\"name\":\r\n00023\r\n\"web1\",\"domid\":5,\"state\":\"running\"}\r\n0\r\nA: b\r\n\r\n"
assert_ok xm domid web1
assert_eq 5 "$out"
serve end "HTTP/1.0 200 OK\r\n\r\n$domain"
assert_ok xm domid web1
assert_eq 5 "$out"
serve interim "HTTP/1.1 100 Continue\r\n\r\n${ok}content-length:  43 \r\n\r\n$domain"
assert_ok xm domid web1
assert_eq 5 "$out"

# A server that closes after each reply: the next request finds another connection.
serve close "${ok}Connection: close\r\nContent-Length: 43\r\n\r\n$domain" \
    "${ok}Content-Length: 43\r\n\r\n$domain"
assert_ok xm list web1 5
assert_eq 3 "$(printf '%s\n' "$out" | wc -l | tr -d ' ')"

# Errors: the code decides the exit status, the detail is the text, control characters are not shown.
problem='HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n'
serve missing "$problem\r\n{\"code\":\"no-domain\",\"detail\":\"Domain 'web1' does not exist.\"}"
assert_fails 3 xm domid web1
assert_eq "Error: Domain 'web1' does not exist." "$err"
serve escapes "$problem\r\n{\"code\":\"backend\",\"detail\":\"a\\\\u001b[31mb\\\\u0007\",\"hint\":\"c\\\\u001bd\"}"
assert_fails 1 xm domid web1
assert_eq 'Error: ab?
c?d' "$err"
# The last words of a guest: their lines stay, not their colours, and no blank lines at the end.
serve words "$problem\r\n{\"code\":\"backend\",\"detail\":\"web1: it ended:\\\\r\\\\n[\\\\u001b[0;32m OK \\\\u001b[0m]\\\\tup\\\\r\\\\r\\\\npanic\\\\u001b[\\\\r\\\\n\\\\n\"}"
assert_fails 1 xm domid web1
assert_eq 'Error: web1: it ended:
[ OK ] up
panic?[' "$err"
serve future "HTTP/1.1 418 Teapot\r\n\r\n{\"code\":\"never-heard-of\",\"title\":\"teapot\"}"
assert_fails 1 xm domid web1
assert_eq 'Error: teapot' "$err"
serve bare 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'
assert_fails 1 xm domid web1
assert_eq 'Error: xend answered with HTTP status 500' "$err"

# What is no answer.
crashed='Error: Xend has probably crashed!  Invalid or missing HTTP status code.'
i=0
for reply in '' 'HTTP/1.1' 'SSH-2.0-OpenSSH\r\n\r\n' 'HTTP/1.1 2x0 OK\r\n\r\n' \
    "${ok}Content-Length: 50\r\n\r\n$domain" "${ok}Content-Length: -1\r\n\r\n" \
    "${ok}Content-Length: 43\r\nContent-Length: 44\r\n\r\n$domain" \
    "${ok}Transfer-Encoding: gzip\r\n\r\n$domain" "${ok}no colon\r\n\r\n$domain" \
    "${ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n" "${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nab" \
    "${ok}Content-Length: 99999999999999999999\r\n\r\n" "HTTP/1.1 101 Switching\r\n\r\n"; do
    i=$((i + 1))
    serve "wrong$i" "$reply"
    assert_fails 1 xm domid web1
    assert_eq "$crashed" "$err" "reply $i"
done
serve large "${ok}Content-Length: 300000000\r\n\r\n"
assert_fails 1 xm domid web1
assert_match '^Error: xend.s answer is larger than ' "$err"
serve text "${ok}Content-Length: 5\r\n\r\nhello"
assert_fails 1 xm domid web1
assert_match "^Error: xend's answer:1:1: not JSON" "$err"
head -c 20000 /dev/zero | tr '\0' 'a' >"$T/a"
serve heads "HTTP/1.1 200 OK\r\nX: $(cat "$T/a")\r\n\r\n"
assert_fails 1 xm domid web1
assert_eq "Error: xend's reply has too many headers" "$err"
serve noupgrade "${ok}Content-Length: 2\r\n\r\n{}"
assert_fails 1 xm console web1
assert_eq "$crashed" "$err"

# Streams: chunks that are cut anywhere, bodies of other kinds, and what is no stream.
log='HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
serve pieces "${log}Transfer-Encoding: chunked\r\n\r\n2\r\non\r\n7;a=b\r\ne\r\ntwo\n\r\n3\r\n\033[m\r\n1\r\n\n\r\n0\r\nA: b\r\n\r\n"
assert_ok xm log
assert_eq 'one
two
?[m' "$out"
serve whole "${log}Content-Length: 8\r\n\r\none\ntwo\n"
assert_ok xm log -n 1
assert_eq two "$out"
serve toend "${log}\r\none\ntwo\n"
assert_ok xm log
assert_eq 'one
two' "$out"
i=0
for reply in '' "${log}Content-Length: 8\r\n\r\none\n" "${log}Transfer-Encoding: chunked\r\n\r\n5\r\none\n" \
    "${log}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" 'HTTP/1.1 101 Switching\r\n\r\n' \
    "${log}Transfer-Encoding: chunked\r\n\r\n-1\r\n"; do
    i=$((i + 1))
    serve "stream$i" "$reply"
    assert_fails 1 xm log
    assert_eq "$crashed" "$err" "stream $i"
done
serve refused "HTTP/1.1 503 No\r\n\r\n{\"code\":\"unavailable\",\"detail\":\"not now\"}"
assert_fails 1 xm log
assert_eq 'Error: not now' "$err"

# Events: comments, unknown fields, several lines of data, what is no JSON, a type of a newer xend.
serve sse "${ok}Content-Length: 23\r\n\r\n{\"events\":[],\"last\":4}\n" \
    "HTTP/1.1 200 OK\r\n\r\n: hi\n\nretry: 5\nid: x\ndata: {no\n\nid: 5\r\ndata:{\"id\":5,\ndata: \"time\":0,\"type\":\"blessed\\\\u001b\",\"domain\":\"web1\"}\r\n\r\ndata: 7\n\nid: 6\ndata: {\"id\":6}\n\ndata: torn" \
    "HTTP/1.1 403 No\r\n\r\n{\"code\":\"denied\",\"detail\":\"no more\"}"
assert_fails 1 xm events -f
assert_match '^[-0-9: ]{19}  #5       web1              blessed\?$' "$out"
assert_match '  #6 ' "$out"
assert_eq 2 "$(printf '%s\n' "$out" | wc -l)"
assert_eq 'Error: no more' "$err"
