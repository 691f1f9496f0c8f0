#!/usr/bin/env python3
"""Tries every operation on a domain in every state, as the table has it.

    lifecycle.py DIRECTORY      in the directory of xend.sock, xend on the test driver

The table is x-states of the OpenAPI document (xend/lifecycle.c). What is possible must succeed and
lead to a state that the table has; what is not must be refused as wrong-state and change nothing.
Dying is not tried: no domain stays so. Prints each fault; exit status 1 when there is one.
"""
import http.client
import json
import socket
import sys

FILES = sys.argv[1]
BODIES = {"rename": {"name": "renamed"}, "memory": {"memory_mib": 64}, "maxmem": {"maxmem_mib": 128},
          "vcpus": {"vcpus": 1}, "pin": {"vcpu": "all", "cpus": "0-3"}, "sysrq": {"key": "h"},
          "trigger": {"trigger": "nmi"}, "save": {"file": FILES + "/saved"}, "dump": {"file": FILES + "/core"},
          "config": {"config": {"name": "web1", "kernel": "/k"}}, "autostart": {"autostart": True},
          "sched": {"weight": 512}, "cpupool": {"pool": "p1"},
          "devices": {"class": "vif", "device": {"bridge": "br1"}},
          "media": {"device": {"vdev": "hdc", "devtype": "cdrom"}}}
faults = 0


def call(method, path, body=None, headers=None):
    c = http.client.HTTPConnection("xend", timeout=60)
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect("xend.sock")
    c.request(method, path, json.dumps(body) if body is not None else None, headers or {})
    r = c.getresponse()
    text = b"" if r.status == 101 else r.read()
    c.close()
    return r.status, json.loads(text) if text else {}


def must(method, path, body=None):
    status, reply = call(method, path, body)
    assert status == 200, (method, path, status, reply)
    return reply


def state_of(name):
    status, reply = call("GET", "/v1/domains/%s?fields=state" % name)
    return reply["state"] if status == 200 else "absent"


def await_state(name, state):
    while state_of(name) != state:
        pass


def bring(state, managed):
    """web1, in this state."""
    spec = {"name": "web1", "kernel": "/k", "memory": 64, "on_poweroff": "preserve", "on_crash": "preserve",
            "disk": [",hdc:cdrom,r"], "vif": ["mac=00:16:3e:00:00:01"]}
    must("POST", "/v1/domains?wait=20", {"spec": spec, "managed": managed, "start": state != "halted",
                                         "paused": state == "paused"})
    if state == "shutdown":
        must("POST", "/v1/domains/web1/shutdown?wait=20")
    elif state == "crashed":
        must("POST", "/v1/domains/web1/sysrq?wait=20", {"key": "c"})
    elif state == "suspended":
        must("POST", "/v1/domains/web1/suspend?wait=20")
    await_state("web1", state)


def remove():
    for name in ("web1", "renamed"):
        for action in ("destroy", "delete"):
            call("POST", "/v1/domains/%s/%s?wait=20" % (name, action))


def attempt(method, path):
    action = path.split("{domain}/")[1]
    url = path.replace("{domain}", "web1").replace("{class}/{device}", "vif/0") + "?wait=20"
    if action == "console":
        return call(method, url[:-8], headers={"Upgrade": "xend-console", "Connection": "Upgrade"})
    return call(method, url, BODIES.get(action))


def judge(what, row, state, possible, status, reply):
    global faults
    now = state_of("web1") if state_of("renamed") == "absent" else state_of("renamed")
    if possible:
        good = status in (101, 200) and now in row.get("to", [state])
    else:
        good = status == 409 and reply.get("code") == "wrong-state" and now == state
    if not good:
        faults += 1
        print("%s: %s, then it is %s: %s" % (what, status, now, reply))


document = must("GET", "/v1/openapi.json")
rows = [(method.upper(), path, route["x-states"]) for path, item in document["paths"].items()
        for method, route in item.items() if "x-states" in route]
tried = 0
for managed in (False, True):
    for state in ("halted", "running", "paused", "shutdown", "crashed", "suspended"):
        if not managed and state in ("halted", "suspended"):
            continue
        for method, path, row in rows:
            action = path.split("{domain}/")[1]
            possible = state in row["from"] and (managed or not row["managed"])
            if possible and (action in ("migrate", "cpupool") or (action == "keep" and managed)):
                continue # needs another xend; Xen; is kept already
            bring(state, managed)
            status, reply = attempt(method, path)
            judge("%s a %s domain that is %s" % (action, "managed" if managed else "transient", state),
                  row, state, possible, status, reply)
            remove()
            tried += 1
print("%d tried, %d wrong" % (tried, faults))
sys.exit(1 if faults or tried < 200 else 0)
