/* The route table and how a request finds its handler: see route.h. */
#include "xend/route.h"

#include <string.h>

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/openapi.h"
#include "xend/query.h"

#define P(x) (1u << PARAM_##x)
#define A(x) (1u << ANSWER_##x)
/* What an action on a domain answers. */
#define A_JOB (A(OK) | A(ACCEPTED) | A(INVALID) | A(NOT_FOUND) | A(CONFLICT))
/* ... one with a body, that needs the guest's or the driver's help. */
#define A_GUEST (A_JOB | A(TOO_LARGE) | A(UNSUPPORTED) | A(TIMEOUT))
/* A change to the hypervisor's cpupools. */
#define A_POOL (A(OK) | A(INVALID) | A(NOT_FOUND) | A(CONFLICT) | A(TOO_LARGE) | A(UNSUPPORTED))

const struct route routes[] = {
    {"GET", "/v1", LEVEL_READ, api_version, "What this xend is.", .reply = "Version",
     .answers = A(OK)},
    {"GET", "/v1/openapi.json", LEVEL_READ, api_openapi, "This document.",
     .reply = "application/json", .answers = A(OK)},
    {"GET", "/v1/config", LEVEL_READ, api_config,
     "The options of xend-config.sxp that are in force.", .reply = "Config", .answers = A(OK)},
    {"GET", "/v1/host", LEVEL_READ, api_host, "The host: what xm info shows, in its order.",
     .reply = "Host", .params = P(HOST_DETAIL), .answers = A(OK)},
    {"GET", "/v1/host/dmesg", LEVEL_READ, api_host_dmesg, "The hypervisor's log.",
     .reply = "text/plain", .answers = A(OK) | A(UNSUPPORTED)},
    {"POST", "/v1/host/dmesg/clear", LEVEL_ADMIN, api_host_dmesg_clear,
     "The hypervisor's log, which is then forgotten.", .reply = "text/plain",
     .answers = A(OK) | A(UNSUPPORTED)},
    {"GET", "/v1/vcpus", LEVEL_READ, api_vcpus, "The virtual CPUs of all domains.",
     .reply = "AllVcpus", .answers = A(OK) | A(UNSUPPORTED)},
    {"POST", "/v1/host/debug-keys", LEVEL_ADMIN, api_debug_keys,
     "Keys for the hypervisor, which answers in its log.", .body = "DebugKeys",
     .reply = "DebugKeys", .answers = A(OK) | A(INVALID) | A(UNSUPPORTED)},
    {"GET", "/v1/cpupools", LEVEL_READ, api_cpupools, "Parts of the host's CPUs.",
     .reply = "Cpupools", .answers = A(OK) | A(UNSUPPORTED)},
    {"POST", "/v1/cpupools", LEVEL_ADMIN, api_cpupool_new, "Makes one of CPUs that are in none.",
     .body = "NewCpupool", .reply = "Cpupools", .answers = A_POOL},
    {"POST", "/v1/cpupools/define", LEVEL_ADMIN, api_cpupool_define,
     "Defines one, which is made when it is started.", .body = "NewCpupool", .reply = "Cpupools",
     .answers = A_POOL},
    {"POST", "/v1/cpupools/:cpupool/start", LEVEL_ADMIN, api_cpupool_start,
     "Makes one that is defined, of CPUs that are in none.", .reply = "Cpupools",
     .answers = A_POOL},
    {"POST", "/v1/cpupools/:cpupool/delete", LEVEL_ADMIN, api_cpupool_delete,
     "It is not defined any more; refused while it is active.", .reply = "Cpupools",
     .answers = A_POOL},
    {"POST", "/v1/cpupools/:cpupool/destroy", LEVEL_ADMIN, api_cpupool_destroy,
     "Its CPUs are in none then; refused while domains are in it.", .reply = "Cpupools",
     .answers = A_POOL},
    {"POST", "/v1/cpupools/:cpupool/cpu-add", LEVEL_ADMIN, api_cpupool_cpu_add,
     "Adds CPUs that are in none.", .body = "CpupoolCpus", .reply = "Cpupools", .answers = A_POOL},
    {"POST", "/v1/cpupools/:cpupool/cpu-remove", LEVEL_ADMIN, api_cpupool_cpu_remove,
     "Takes CPUs out of it.", .body = "CpupoolCpus", .reply = "Cpupools", .answers = A_POOL},
    {"GET", "/v1/sched", LEVEL_READ, api_sched, "The shares of the CPUs that domains have.",
     .reply = "Shares", .answers = A(OK)},
    {"GET", "/v1/domains", LEVEL_READ, api_domains_list,
     "All domains: Domain-0 first, then by name.", .reply = "Domains",
     .params = P(SINCE_LIST) | P(WAIT) | P(DETAIL) | P(FIELDS) | P(STATE) | P(IF_NONE_MATCH),
     .answers = A(OK) | A(SAME) | A(INVALID)},
    {"POST", "/v1/domains", LEVEL_OPERATE, api_domains_create,
     "Makes a domain: runs it, or defines a managed one, which exists also when it does not run.",
     .body = "Create", .reply = "Job", .params = P(WAIT),
     .answers = A(OK) | A(ACCEPTED) | A(INVALID) | A(CONFLICT) | A(TOO_LARGE)},
    {"GET", "/v1/domains/:domain", LEVEL_READ, api_domain_get, "One domain.", .reply = "Domain",
     .params = P(DETAIL) | P(FIELDS), .answers = A(OK) | A(INVALID) | A(NOT_FOUND)},
    {"POST", "/v1/domains/:domain/pause", LEVEL_OPERATE, api_domain_pause,
     "Stops the guest's virtual CPUs; it keeps its memory.", .reply = "Job", .params = P(WAIT),
     .answers = A_JOB},
    {"POST", "/v1/domains/:domain/unpause", LEVEL_OPERATE, api_domain_unpause,
     "Lets a paused guest go on.", .reply = "Job", .params = P(WAIT), .answers = A_JOB},
    {"POST", "/v1/domains/:domain/shutdown", LEVEL_OPERATE, api_domain_shutdown,
     "Asks the guest to stop; done when it has been asked.", .body = "Shutdown", .reply = "Job",
     .params = P(WAIT), .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/domains/:domain/destroy", LEVEL_OPERATE, api_domain_destroy,
     "Ends the guest at once; done when nothing of it is left.", .reply = "Job", .params = P(WAIT),
     .answers = A_JOB},
    {"POST", "/v1/domains/:domain/reset", LEVEL_OPERATE, api_domain_reset,
     "Ends the guest at once and starts another with the same spec.", .reply = "Job",
     .params = P(WAIT), .answers = A_JOB},
    {"POST", "/v1/domains/:domain/rename", LEVEL_OPERATE, api_domain_rename, "Another name.",
     .body = "Rename", .reply = "Job", .params = P(WAIT), .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/domains/:domain/memory", LEVEL_OPERATE, api_domain_memory,
     "Asks the guest to give memory back, or to take more, and waits until it has.",
     .body = "Memory", .reply = "Job", .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/maxmem", LEVEL_OPERATE, api_domain_maxmem,
     "The most memory that it may be asked to have.", .body = "MaxMemory", .reply = "Job",
     .params = P(WAIT), .answers = A_GUEST},
    {"GET", "/v1/domains/:domain/vcpus", LEVEL_READ, api_domain_vcpus, "Its virtual CPUs.",
     .reply = "Vcpus", .answers = A(OK) | A(NOT_FOUND) | A(UNSUPPORTED)},
    {"POST", "/v1/domains/:domain/vcpus", LEVEL_OPERATE, api_domain_vcpu_set,
     "How many virtual CPUs are online; waits until they are.", .body = "VcpuSet", .reply = "Job",
     .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/pin", LEVEL_OPERATE, api_domain_pin,
     "The host CPUs that a virtual CPU may use.", .body = "Pin", .reply = "Job", .params = P(WAIT),
     .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/sched", LEVEL_OPERATE, api_domain_sched,
     "Its share of the host's CPUs; Domain-0 may have one, too.", .body = "Share", .reply = "Job",
     .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/cpupool", LEVEL_OPERATE, api_domain_cpupool,
     "Moves it into another cpupool.", .body = "MoveToCpupool", .reply = "Job", .params = P(WAIT),
     .answers = A_GUEST},
    {"GET", "/v1/domains/:domain/devices", LEVEL_READ, api_domain_devices,
     "Its devices: what the guest has, and what its spec lists.", .reply = "Devices",
     .params = P(CLASS), .answers = A(OK) | A(INVALID) | A(NOT_FOUND)},
    {"POST", "/v1/domains/:domain/devices", LEVEL_OPERATE, api_domain_attach,
     "Attaches a device; of a managed domain, also when it does not run.", .body = "Attach",
     .reply = "Job", .params = P(WAIT), .answers = A_GUEST},
    {"DELETE", "/v1/domains/:domain/devices/:class/:device", LEVEL_OPERATE, api_domain_detach,
     "Detaches a device; waits until the guest lets go of it.", .reply = "Job",
     .params = P(WAIT) | P(FORCE), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/media", LEVEL_OPERATE, api_domain_media,
     "Another image in a CD-ROM drive, or none.", .body = "Media", .reply = "Job",
     .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/sysrq", LEVEL_OPERATE, api_domain_sysrq,
     "A system request key for the guest's kernel.", .body = "Sysrq", .reply = "Job",
     .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/trigger", LEVEL_OPERATE, api_domain_trigger,
     "An event of hardware.", .body = "Trigger", .reply = "Job", .params = P(WAIT),
     .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/dump", LEVEL_ADMIN, api_domain_dump,
     "Writes the guest's memory to a file of the host.", .body = "Dump", .reply = "Job",
     .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/start", LEVEL_OPERATE, api_domain_start,
     "Runs a managed domain that is halted.", .body = "Start", .reply = "Job", .params = P(WAIT),
     .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/domains/:domain/suspend", LEVEL_OPERATE, api_domain_suspend,
     "Puts the guest of a managed domain on disk, to go on from there later.", .reply = "Job",
     .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/resume", LEVEL_OPERATE, api_domain_resume,
     "Lets a suspended domain go on.", .body = "Start", .reply = "Job", .params = P(WAIT),
     .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/autostart", LEVEL_OPERATE, api_domain_autostart,
     "Whether, and when, a managed domain starts with the host.", .body = "Autostart",
     .reply = "Job", .params = P(WAIT), .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/domains/:domain/delete", LEVEL_OPERATE, api_domain_delete,
     "Forgets a managed domain that is halted, with its checkpoint.", .reply = "Job",
     .params = P(WAIT), .answers = A_JOB},
    {"GET", "/v1/domains/:domain/config", LEVEL_READ, api_domain_config,
     "What a domain starts with the next time.", .reply = "Definition",
     .answers = A(OK) | A(NOT_FOUND)},
    {"POST", "/v1/domains/:domain/config", LEVEL_OPERATE, api_domain_configure,
     "Defines a managed domain anew; when it runs, the next start takes it.", .body = "Configure",
     .reply = "Job", .params = P(WAIT) | P(IF_MATCH), .answers = A_JOB | A(TOO_LARGE) | A(CHANGED)},
    {"POST", "/v1/domains/:domain/clone", LEVEL_OPERATE, api_domain_clone,
     "Defines another domain like it, with a uuid and MAC addresses of its own.", .body = "Clone",
     .reply = "Job", .params = P(WAIT), .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/domains/:domain/keep", LEVEL_OPERATE, api_domain_keep,
     "Makes a running domain a managed one.", .reply = "Job", .params = P(WAIT), .answers = A_JOB},
    {"POST", "/v1/domains/:domain/save", LEVEL_ADMIN, api_domain_save,
     "Puts the guest into a file of the host and ends it, or lets it go on.", .body = "Save",
     .reply = "Job", .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/restore", LEVEL_ADMIN, api_restore, "Takes a guest out of a file of the host.",
     .body = "Restore", .reply = "Job", .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/domains/:domain/migrate", LEVEL_ADMIN, api_domain_migrate,
     "Moves the guest to another xend, over the job's stream or by itself.", .body = "Migrate",
     .reply = "Job", .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/receive", LEVEL_ADMIN, api_receive,
     "Takes a guest from another xend, over the job's stream.", .reply = "Job", .params = P(WAIT),
     .answers = A_GUEST},
    {"POST", "/v1/autostart", LEVEL_ADMIN, api_autostart,
     "Starts what starts with the host, in its order; joins one that goes on already.",
     .body = "AutostartRun", .reply = "Job", .params = P(WAIT),
     .answers = A(OK) | A(ACCEPTED) | A(INVALID) | A(CONFLICT) | A(TOO_LARGE)},
    {"POST", "/v1/autostart/plan", LEVEL_ADMIN, api_autostart_plan,
     "Tells what would be started, and in what order.", .body = "AutostartRun", .reply = "Job",
     .params = P(WAIT), .answers = A(OK) | A(ACCEPTED) | A(INVALID) | A(CONFLICT) | A(TOO_LARGE)},
    {"GET", "/v1/networks", LEVEL_READ, api_networks, "The virtual networks.", .reply = "Networks",
     .answers = A(OK)},
    {"POST", "/v1/networks", LEVEL_ADMIN, api_network_new,
     "Defines a virtual network, and starts it.", .body = "NewNetwork", .reply = "Job",
     .params = P(WAIT), .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/networks/:network/start", LEVEL_ADMIN, api_network_start,
     "Makes its bridge, with DHCP and names.", .reply = "Job", .params = P(WAIT), .answers = A_JOB},
    {"POST", "/v1/networks/:network/stop", LEVEL_ADMIN, api_network_stop,
     "Takes its bridge away; refused while domains use it.", .body = "NetworkForce", .reply = "Job",
     .params = P(WAIT), .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/networks/:network/delete", LEVEL_ADMIN, api_network_delete,
     "The same, and forgets it.", .body = "NetworkForce", .reply = "Job", .params = P(WAIT),
     .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/networks/:network/autostart", LEVEL_ADMIN, api_network_autostart,
     "Whether it starts with xend.", .body = "NetworkAutostart", .reply = "Job", .params = P(WAIT),
     .answers = A_JOB | A(TOO_LARGE)},
    {"POST", "/v1/networks/:network/edit", LEVEL_ADMIN, api_network_edit,
     "Defines it anew; one that is there is made anew, too, which is refused while domains use it.",
     .body = "NetworkEdit", .reply = "Job", .params = P(WAIT), .answers = A_JOB | A(TOO_LARGE)},
    {"GET", "/v1/leases", LEVEL_READ, api_leases, "Who has which address of these networks.",
     .reply = "Leases", .answers = A(OK)},
    {"GET", "/v1/interfaces", LEVEL_READ, api_interfaces, "The host's network interfaces.",
     .reply = "Interfaces", .answers = A(OK)},
    {"POST", "/v1/interfaces/:interface/bridge", LEVEL_ADMIN, api_iface_bridge,
     "Puts it on a new bridge for guests, with its addresses and routes.", .body = "IfaceBridge",
     .reply = "Job", .params = P(WAIT), .answers = A_JOB | A(TOO_LARGE) | A(TIMEOUT)},
    {"POST", "/v1/interfaces/:interface/unbridge", LEVEL_ADMIN, api_iface_unbridge,
     "Takes such a bridge away; its card has its addresses and routes again.",
     .body = "IfaceUnbridge", .reply = "Job", .params = P(WAIT),
     .answers = A_JOB | A(TOO_LARGE) | A(TIMEOUT)},
    {"GET", "/v1/pci", LEVEL_READ, api_pci, "The host's PCI devices, and which are for guests.",
     .reply = "PciDevices", .answers = A(OK)},
    {"POST", "/v1/pci/:pci/assign", LEVEL_ADMIN, api_pci_assign,
     "Takes it from its driver and sets it aside for guests.", .body = "PciAssign", .reply = "Job",
     .params = P(WAIT), .answers = A_GUEST},
    {"POST", "/v1/pci/:pci/release", LEVEL_ADMIN, api_pci_release,
     "Gives it back to the driver that it had.", .reply = "Job", .params = P(WAIT),
     .answers = A_GUEST},
    {"GET", "/v1/domains/:domain/vncpasswd", LEVEL_ADMIN, api_domain_vncpasswd,
     "The password of its screen, which no other answer has.", .reply = "VncPassword",
     .answers = A(OK) | A(NOT_FOUND) | A(CONFLICT)},
    {"GET", "/v1/usb", LEVEL_READ, api_usb, "The host's USB devices, and which guests have.",
     .reply = "UsbDevices", .answers = A(OK)},
    {"GET", "/v1/domains/:domain/console", LEVEL_OPERATE, api_domain_console,
     "The guest's console: after the upgrade, bytes both ways.",
     .params = P(CONSOLE) | P(CHANNEL) | P(HISTORY) | P(UPGRADE),
     .answers = A(UPGRADED) | A(INVALID) | A(NOT_FOUND) | A(CONFLICT) | A(UPGRADE)},
    {"GET", "/v1/events", LEVEL_READ, api_events,
     "What happened, or with Accept: text/event-stream what happens.",
     .reply = "Events text/event-stream",
     .params = P(SINCE_EVENT) | P(LIMIT) | P(LAST_EVENT_ID) | P(OF) | P(WAIT),
     .answers = A(OK) | A(INVALID) | A(NOT_FOUND) | A(GONE)},
    {"GET", "/v1/domains/:domain/history", LEVEL_READ, api_domain_history,
     "What was done to a domain, and what it did; also of one that is gone.", .reply = "History",
     .params = P(LIMIT), .answers = A(OK) | A(INVALID) | A(NOT_FOUND)},
    {"GET", "/v1/log", LEVEL_READ, api_log, "The end of xend's log.", .reply = "text/plain",
     .params = P(BYTES) | P(OF_DOMAIN) | P(FOLLOW), .answers = A(OK) | A(INVALID) | A(UNAVAILABLE)},
    {"GET", "/v1/jobs", LEVEL_READ, api_jobs_list, "The jobs, newest first.", .reply = "Jobs",
     .answers = A(OK)},
    {"GET", "/v1/jobs/:job", LEVEL_READ, api_job_get, "One job.", .reply = "Job", .params = P(WAIT),
     .answers = A_JOB},
    {"GET", "/v1/jobs/:job/stream", LEVEL_ADMIN, api_job_stream,
     "The stream of a job that waits for one: after the upgrade, bytes both ways.",
     .params = P(UPGRADE_STREAM),
     .answers = A(UPGRADED) | A(INVALID) | A(NOT_FOUND) | A(CONFLICT) | A(UPGRADE)},
    {"DELETE", "/v1/jobs/:job", LEVEL_OPERATE, api_job_cancel,
     "Cancels a job: one that waits ends at once, one that runs is asked to stop.", .reply = "Job",
     .params = P(WAIT), .answers = A_JOB},
};
#undef P
#undef A
const size_t routes_count = ARRAY_LEN(routes);

#define PARTS_MAX 6

/* Splits a path at its slashes, in place; the number of parts, or -1 when there are too many. */
static int split(char *path, char *parts[PARTS_MAX])
{
    int n = 0;

    while (*path) {
        if (*path == '/') {
            *path++ = '\0';
            continue;
        }
        if (n == PARTS_MAX)
            return -1;
        parts[n++] = path;
        path += strcspn(path, "/");
    }
    return n;
}

/* Whether the pattern has these parts; variable ones go to args (as places in parts). */
static bool matches(const char *pattern, char *const parts[], int n, int args[PATH_ARGS_MAX])
{
    int i = 0, n_args = 0;

    for (pattern++; *pattern; i++) {
        size_t len = strcspn(pattern, "/");
        if (i == n)
            return false;
        if (*pattern == ':')
            args[n_args++] = i;
        else if (strlen(parts[i]) != len || memcmp(parts[i], pattern, len) != 0)
            return false;
        pattern += len + (pattern[len] == '/');
    }
    return i == n;
}

/* allowed: the methods of the path's routes, "GET, POST"; empty when it has none. */
static void refuse(struct reply *p, const struct request *r, struct buf *allowed)
{
    struct err e;

    if (allowed->len) {
        err_set(&e, ERR_INVALID, "%s is not possible for %.200s", r->method, r->path);
        reply_err(p, &e);
        p->status = 405;
        p->allow = buf_steal(allowed);
    } else {
        err_set(&e, ERR_NOT_FOUND, "no such resource: %.200s", r->path);
        reply_err(p, &e);
    }
}

static void deny(struct reply *p, const struct request *r)
{
    struct err e;

    err_set(&e, ERR_DENIED, "uid %u may not do this", (unsigned)r->peer.uid);
    err_hint(&e, "root and members of group xen may");
    reply_err(p, &e);
}

static void call(const struct route *route, struct xend *x, struct request *r, struct reply *p)
{
    struct err e;

    if (r->peer.level < route->level) {
        deny(p, r);
        return;
    }
    if (query_check(r, route, &e) < 0) {
        reply_err(p, &e);
        return;
    }
    route->handler(x, r, p);
    if (strstr(route->path, ":domain"))
        reply_about(p, r->args[0], 0);
}

void route_handle(struct xend *x, struct request *r, struct reply *p)
{
    AUTO(buf_clear) struct buf allowed = BUF_INIT;
    AUTO(freep) char *copy = xstrdup(r->path);
    char *parts[PARTS_MAX];
    int n = split(copy, parts);

    if (r->peer.level == LEVEL_NONE) { /* not even which paths there are */
        deny(p, r);
        return;
    }
    for (size_t i = 0; n >= 0 && i < routes_count; i++) {
        int args[PATH_ARGS_MAX] = {-1, -1, -1};
        if (!matches(routes[i].path, parts, n, args))
            continue;
        buf_addf(&allowed, "%s%s", allowed.len ? ", " : "", routes[i].method);
        if (strcmp(routes[i].method, r->method) != 0)
            continue;
        for (int a = 0; a < PATH_ARGS_MAX; a++)
            r->args[a] = args[a] >= 0 ? parts[args[a]] : NULL;
        call(&routes[i], x, r, p);
        memset(r->args, 0, sizeof(r->args)); /* they pointed into our copy */
        return;
    }
    refuse(p, r, &allowed);
}
