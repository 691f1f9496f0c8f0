"""Sixteen clients do random things to four managed domains at once; then each domain's answers are
held against one that does one thing at a time: there must be an order of the requests, each between
its beginning and its answer, in which all answers are right (Wing and Gong's search, with a memory).

    linear.py SEED       in the directory of xend.sock, with the domains d0 to d3, halted
"""
import http.client
import json
import random
import socket
import sys
import threading
import time

CLIENTS, DOMAINS, EACH = 16, 4, 40


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("xend.sock")


def call(c, method, path):
    c.request(method, path, headers={"Content-Length": "0"})
    r = c.getresponse()
    return r.status, json.loads(r.read())


# What an action does to a domain in each state: its new state; None: refused.
TABLE = {
    "start": {"halted": "running", "running": None, "paused": None, "suspended": None},
    "pause": {"halted": None, "running": "paused", "paused": "paused", "suspended": None},
    "unpause": {"halted": None, "running": "running", "paused": "running", "suspended": None},
    "destroy": {"halted": "halted", "running": "halted", "paused": "halted", "suspended": "suspended"},
    "reset": {"halted": None, "running": "running", "paused": "running", "suspended": None},
    "suspend": {"halted": None, "running": "suspended", "paused": "suspended", "suspended": None},
    "resume": {"halted": None, "running": None, "paused": None, "suspended": "running"},
}
ACTIONS = sorted(TABLE)
history = [[] for _ in range(DOMAINS)] # (begun, answered, action, what came of it)
faults = []


def client(n):
    rng, c = random.Random("%s-%d" % (sys.argv[1], n)), Unix("xend")
    for _ in range(EACH):
        d, action = rng.randrange(DOMAINS), rng.choice(ACTIONS)
        begun = time.monotonic()
        status, reply = call(c, "POST", "/v1/domains/d%d/%s?wait=60" % (d, action))
        done = {200: "done", 409: reply.get("code")}.get(status)
        if done not in ("done", "wrong-state", "cancelled"):
            faults.append("%s d%d: %d %s" % (action, d, status, reply))
        history[d].append((begun, time.monotonic(), action, done))


def explained(ops, last):
    """Whether an order exists that ends in the state `last`."""
    ops = sorted(ops)
    seen, stack = set(), [(0, "halted")]
    while stack:
        taken, state = stack.pop()
        if (taken, state) in seen:
            continue
        seen.add((taken, state))
        left = [i for i in range(len(ops)) if not taken >> i & 1]
        if not left:
            if state == last:
                return True
            continue
        first = min(ops[i][1] for i in left) # none may begin after another's answer
        for i in left:
            begun, _, action, done = ops[i]
            if begun > first:
                break
            new = TABLE[action][state]
            if done == "done" and new is not None:
                stack.append((taken | 1 << i, new))
            elif done == "wrong-state" and new is None or done == "cancelled":
                stack.append((taken | 1 << i, state))
    return False


threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
for t in threads:
    t.start()
for t in threads:
    t.join()
for d in range(DOMAINS):
    state = call(Unix("xend"), "GET", "/v1/domains/d%d" % d)[1]["state"]
    if not explained(history[d], state):
        faults.append("d%d: no order explains the answers up to %s:" % (d, state))
        faults += ["  %.6f %.6f %s: %s" % op for op in sorted(history[d])]
print("\n".join(faults))
kinds = {done for ops in history for _, _, _, done in ops}
sys.exit(1 if faults or not {"done", "wrong-state"} <= kinds else 0)
