#!/usr/bin/env python3
"""Holds the OpenAPI document against the running server and against API.md.

    openapi_check.py DOCUMENT API.MD      in the directory of xend.sock, xend on the test driver

Every route is called with plausible arguments and must answer with a status, a content type and a
body that the document has for it; so are wrong arguments, methods that a path lacks, and the
limits of every number. Keys that a schema does not name are faults, too. Prints each fault; exit
status 1 when there is one.
"""
import http.client
import json
import re
import socket
import sys

faults = []
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
         "object": dict}


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect("xend.sock")


def fault(text):
    faults.append(text)
    print(text)


def misfits(schema, value, where):
    """What does not fit, as texts."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "oneOf" in schema:
        each = [misfits(one, value, where) for one in schema["oneOf"]]
        return [] if [] in each else sum(each, [])
    if "type" not in schema or (value is None and schema.get("nullable")):
        return []
    kind = schema["type"]
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return ["%s: %r is not of type %s" % (where, value, kind)]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append("%s: %r is not one of %s" % (where, value, schema["enum"]))
    if kind == "integer" and not (schema.get("minimum", value) <= value <= schema.get("maximum", value)):
        found.append("%s: %r is out of range" % (where, value))
    if kind == "array":
        for i, item in enumerate(value):
            found += misfits(schema["items"], item, "%s/%d" % (where, i))
    if kind == "object" and "properties" in schema:
        found += misfits_of_object(schema, value, where)
    return found


def misfits_of_object(schema, value, where):
    found = ["%s: no key %s" % (where, key) for key in schema.get("required", []) if key not in value]
    for key, item in value.items():
        one = schema["properties"].get(key, schema.get("additionalProperties"))
        if one:
            found += misfits(one, item, where + "/" + key)
        else:
            found.append("%s: the key %s is not in the schema" % (where, key))
    return found


def schema_named(name):
    return {"$ref": "#/components/schemas/" + name}


def call(method, path, body=None, headers=None, first_event=False):
    """Status, content type, body (parsed when JSON)."""
    c = Unix("xend")
    c.request(method, path, json.dumps(body) if body is not None else None, headers or {})
    r = c.getresponse()
    kind = (r.getheader("Content-Type") or "").split(";")[0]
    if r.status == 101:
        text = b""
    elif first_event:
        text = next(line[6:] for line in r if line.startswith(b"data: "))
    else:
        text = r.read()
    c.close()
    return r.status, kind, json.loads(text) if kind.endswith("json") else text


def held(method, path, arguments, body=None, headers=None):
    """Calls a route of the document, checks what it answers, gives that."""
    what = "%s %s" % (method, path)
    url = path.format(**arguments.get("path", {}))
    if arguments.get("query"):
        url += "?" + "&".join("%s=%s" % q for q in arguments["query"].items())
    status, kind, reply = call(method, url, body, headers)
    answers = document["paths"][path][method.lower()]["responses"]
    if status < 500 and str(status) not in answers: # what goes wrong inside is "default"
        fault("%s: status %d is not in the document (%s)" % (what, status, reply))
        return status, reply
    content = answers.get(str(status), answers["default"]).get("content", {})
    if kind not in content and (kind or content):
        fault("%s: %d with type '%s', not %s" % (what, status, kind, list(content)))
    elif kind.endswith("json"):
        for text in misfits(content[kind]["schema"], reply, "%s: %d " % (what, status)):
            fault(text)
    return status, reply


def make(name, extra="", paused=False, wait=20, **more):
    spec = {"name": name, "kernel": "/k", "extra": extra,
            "disk": [{"type": "phy", "target": "/dev/x", "vdev": "xvda"}, ",hdc:cdrom,r"], "vif": ["bridge=br0"]}
    status, job = held("POST", "/v1/domains", {"query": {"wait": wait}}, {"spec": spec, "paused": paused, **more})
    if status not in (200, 202):
        fault("cannot make %s: %s" % (name, job))
    return job["id"]


# What a route that needs a body is sent; the others are sent none. Saved first, then restored.
SAVED = sys.argv[1] + ".saved"
BODIES = {"rename": {"name": "renamed"}, "memory": {"memory_mib": 64}, "maxmem": {"maxmem_mib": 256},
          "vcpus": {"vcpus": 1}, "pin": {"vcpu": "all", "cpus": "0-3"}, "sysrq": {"key": "h"},
          "trigger": {"trigger": "nmi"}, "save": {"file": SAVED}, "restore": {"file": SAVED},
          "config": {"config": {"name": "each", "kernel": "/k"}}, "clone": {"name": "cloned"},
          "bridge": {"bridge": "none"}, "devices": {"class": "vif", "device": {"bridge": "br1"}},
          "debug-keys": {"keys": "h"}, "cpupools": {"name": "p1"}, "cpupool": {"pool": "p1"},
          "cpu-add": {"cpus": "1"}, "cpu-remove": {"cpus": "1"},
          "media": {"device": {"vdev": "hdc", "devtype": "cdrom"}}}
NO_PCI = "ffff:00:00.0"
XEN_ONLY = ("cpupool", "debug-keys") # the test driver has none of these: it says so
DEVICE = {"class": "vif", "device": "0"}


def body_of(method, path):
    return BODIES.get(path.rsplit("/", 1)[1]) if method == "POST" else None


def call_each():
    """Each route, with a domain or a job of its own: it must do what it is for."""
    for n, (method, path, route) in enumerate(routes):
        what, name = "%s %s" % (method, path), "each%d" % n
        arguments, body, headers = {"path": {}, "query": {}}, body_of(method, path), {}
        if (method, path) == ("POST", "/v1/domains"):
            body = {"spec": {"name": name, "kernel": "/k"}}
        elif "{domain}" in path:
            last = path.rsplit("/", 1)[1]
            managed = last in ("start", "delete", "suspend", "resume", "config", "autostart")
            if last == "config" and body:
                body["config"]["name"] = name
            make(name, paused=last == "unpause", managed=managed, start=last not in ("start", "delete"))
            if last == "resume":
                held("POST", "/v1/domains/{domain}/suspend", {"path": {"domain": name}, "query": {"wait": 20}})
            arguments["path"].update(DEVICE, domain=name)
        elif path == "/v1/networks" and method == "POST":
            body = {"name": name}
        elif "{cpupool}" in path:
            arguments["path"]["cpupool"] = "p1"
        elif "{network}" in path:
            held("POST", "/v1/networks", {"query": {"wait": 20}}, {"name": name})
            arguments["path"]["network"] = name
        elif "{interface}" in path:
            arguments["path"]["interface"] = "none"
        elif "{pci}" in path:
            arguments["path"]["pci"] = NO_PCI
        elif path.endswith("/stream"):
            arguments["path"]["job"] = held("POST", "/v1/receive", {})[1]["id"]
        elif "{job}" in path: # DELETE needs one that has not ended
            slow = method == "DELETE"
            arguments["path"]["job"] = make(name, "test:delay-create=60s" if slow else "", wait=0 if slow else 20)
        if any(p["name"] == "Upgrade" for p in route["parameters"]):
            protocol = [p["schema"]["enum"][0] for p in route["parameters"] if p["name"] == "Upgrade"][0]
            headers = {"Upgrade": protocol, "Connection": "Upgrade"}
        if "Job" in json.dumps(route["responses"].get("202", "")):
            arguments["query"]["wait"] = 0 if path.endswith(("/migrate", "/receive")) else 20
        status, reply = held(method, path, arguments, body, headers)
        if "{interface}" in path or "{pci}" in path: # the host's own are left alone
            status = 200 if status == 404 else status
        wanted = [409] if method == "DELETE" and "{job}" in path else [101, 200]
        if any(part in path for part in XEN_ONLY):
            wanted = [501]
        if status == 202 and path.endswith(("/migrate", "/receive")): # they wait for a stream
            held("DELETE", "/v1/jobs/{job}", {"path": {"job": reply["id"]}})
            wanted = [202]
        if status not in wanted:
            fault("%s: %s %s" % (what, status, reply))


def call_wrongly():
    """Unknown domains and jobs, numbers beyond their limits, methods that no path has."""
    for method, path, route in routes:
        known = {p["name"]: p["schema"] for p in route["parameters"] if p["in"] == "query"}
        args = dict(DEVICE, domain="nobody", job="99999", network="none", interface="none", pci=NO_PCI,
                    cpupool="none") if "{" in path else {}
        if args and held(method, path, {"path": args}, body_of(method, path))[0] not in (404, 426, 501):
            fault("%s %s: no 404 for what does not exist" % (method, path))
        for name, schema in known.items():
            if schema["type"] != "integer" or args or method != "GET":
                continue
            for bound, step in (("minimum", -1), ("maximum", 1)):
                right, wrong = (schema[bound], schema[bound] + step) if bound in schema else (0, "x")
                if held(method, path, {"query": {name: right}})[0] == 400:
                    fault("%s %s?%s=%s: refused" % (method, path, name, right))
                if held(method, path, {"query": {name: wrong}})[0] != 400:
                    fault("%s %s?%s=%s: not refused" % (method, path, name, wrong))
    for path, item in document["paths"].items():
        for method in ("GET", "POST", "PUT", "DELETE"):
            status, _, reply = call(method, path, headers={"Content-Length": "0"}) \
                if method.lower() not in item else (405, "", None)
            if status != 405:
                fault("%s %s: %d, but not in the document" % (method, path, status))
    problem("GET", "/v1/nothing", 404, "not-found")
    if held("GET", "/v1/events", {"query": {"since": 999999}})[0] != 410:
        fault("an event to come is no place to go on from")
    if held("GET", "/v1/domains", {"query": {"fields": "nokey"}})[0] != 400:
        fault("?fields=nokey: not refused")


def problem(method, path, status, code, body=None):
    got, kind, reply = call(method, path, body)
    if (got, kind, reply.get("code")) != (status, "application/problem+json", code):
        fault("%s %s: %s %s %s" % (method, path, got, kind, reply))
    for text in misfits(schema_named("Problem"), reply, "%s %s" % (method, path)):
        fault(text)
    return reply


def check_domains():
    keys = document["components"]["schemas"]["Domain"]["properties"]
    make("keys")
    for query in ("", "?detail=config"):
        for d in call("GET", "/v1/domains" + query)[2]["domains"]:
            for text in misfits(schema_named("Domain"), d, d["name"]):
                fault(text)
            if ("config" in d) != bool(query):
                fault("%s: config with '%s'" % (d["name"], query))
    reply = call("GET", "/v1/domains?fields=" + ",".join(keys))[2]
    if any(list(d) != list(keys) for d in reply.get("domains", [{}])):
        fault("the keys of a domain are not those of the document: %s" % reply)
    for state in keys["state"]["enum"]:
        held("GET", "/v1/domains", {"query": {"state": state}})


def check_spec():
    """Defaults, limits and words are accepted; one beyond a limit and other words are refused."""
    keys = document["components"]["schemas"]["Spec"]["properties"]
    spec = {key: one["default"] for key, one in keys.items() if "default" in one}
    spec.update(name="defaults", kernel="/k")
    status, reply = held("POST", "/v1/domains", {"query": {"wait": 20}}, {"spec": spec})
    if status != 200:
        fault("the defaults are refused: %s" % reply)
    for bound, step, word in (("minimum", -1, 0), ("maximum", 1, -1)):
        right = {key: one[bound] for key, one in keys.items() if bound in one}
        right.update({key: one["enum"][word] for key, one in keys.items() if "enum" in one})
        status, reply = held("POST", "/v1/domains", {"query": {"wait": 20}},
                             {"spec": dict(right, name=bound, kernel="/k")})
        if status == 400: # what does not fit on the host is another matter
            fault("the %s of each, and refused: %s" % (bound, reply))
        wrong = {key: one[bound] + step for key, one in keys.items() if bound in one}
        wrong.update({key: "no such word" for key, one in keys.items() if "enum" in one})
        reply = problem("POST", "/v1/domains", 400, "invalid", {"spec": dict(wrong, name="wrong", nokey=1)})
        missing = {"/" + key for key in wrong} - {e["pointer"] for e in reply.get("errors", [])}
        if missing:
            fault("beyond the %s, and not refused: %s" % (bound, missing))


def check_events():
    _, kind, event = call("GET", "/v1/events?since=0", headers={"Accept": "text/event-stream"}, first_event=True)
    answers = document["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]
    if kind not in answers:
        fault("the stream of events has type %s" % kind)
    for text in misfits(schema_named("Event"), json.loads(event), "stream"):
        fault(text)


def check_page(name):
    """API.md has each route with its level, and no other."""
    page = set()
    with open(name, encoding="utf-8") as f:
        for row in re.findall(r"^\| `([A-Z]+) (/v1\S*)` \| (\w+) \|", f.read(), re.M):
            path = re.sub(r"(?<=/)D(?=/|$)", "{domain}", row[1])
            path = path.replace("/CLASS/X", "/{class}/{device}").replace("/networks/NET/", "/networks/{network}/")
            path = path.replace("/interfaces/IF/", "/interfaces/{interface}/").replace("/pci/BDF/", "/pci/{pci}/")
            path = path.replace("/POOL/", "/{cpupool}/")
            page.add((row[0], re.sub(r"(?<=/)N(?=/|$)", "{job}", path), row[2]))
    ours = {(method, path, route["x-level"]) for method, path, route in routes}
    for row in sorted(ours - page):
        fault("%s lacks %s" % (name, " ".join(row)))
    for row in sorted(page - ours):
        fault("%s has %s, the document has not" % (name, " ".join(row)))


with open(sys.argv[1], encoding="utf-8") as f:
    document = json.load(f)
routes = [(method.upper(), path, route) for path, item in document["paths"].items()
          for method, route in item.items()]
check_page(sys.argv[2])
call_each()
call_wrongly()
check_domains()
check_spec()
check_events()
sys.exit(1 if faults else 0)
