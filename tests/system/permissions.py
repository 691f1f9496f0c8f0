"""Calls every route of an OpenAPI document as whoever runs this.

    permissions.py DOCUMENT SOCKET allowed|refused

refused: each answers 403, also paths that do not exist, and no word about domains. allowed: none
answers 403. What is named in paths does not exist, so that nothing happens. Exit 1 with each fault.
"""
import http.client
import json
import re
import socket
import sys

document, path, wanted = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3]
faults = calls = 0


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)


def call(method, url):
    c = Unix("xend")
    c.request(method, url, headers={"Content-Length": "0"} if method != "GET" else {})
    r = c.getresponse()
    return r.status, r.read(4096)


def check(method, url):
    global faults, calls
    calls += 1
    status, body = call(method, url)
    if (status == 403) != (wanted == "refused") or (status == 403 and b"web1" in body):
        print("%s %s: %d %s" % (method, url, status, body))
        faults += 1


for url, item in document["paths"].items():
    for method in item:
        check(method.upper(), re.sub(r"\{domain\}", "nobody", re.sub(r"\{job\}", "99999", url)))
if wanted == "refused":
    for method, url in (("GET", "/"), ("GET", "/v1/nothing"), ("DELETE", "/v1/domains"), ("GET", "/v1/domains/web1")):
        check(method, url)
print("%d routes %s" % (calls, wanted))
sys.exit(faults > 0 or calls < 25)
