/* The objects of the API with their keys, for the OpenAPI document; see openapi_keys.h. */
#include "xend/openapi_keys.h"

#include "libxl/base/mem.h"
#include "xend/api.h"
#include "xend/console.h"
#include "xend/events.h"

static const struct key version_keys[] = {
    {"name", "string", .doc = "Always xend."},
    {"version", "string", .doc = "Of the program."},
    {"api", "integer", .doc = "Of the API."},
    {"driver", "string", .doc = "What runs new domains."},
    {"pid", "integer", .doc = "xend's process."},
};

/* Those that every driver tells; each adds its own. */
static const struct key host_keys[] = {
    {"host", "string", .doc = "The host's name."},
    {"release", "string", .doc = "Of its kernel."},
    {"version", "string", .doc = "Of its kernel's build."},
    {"machine", "string", .doc = "Its processor architecture."},
    {"nr_cpus", "integer", .doc = "CPUs."},
    {"total_memory", "integer", .doc = "Memory, MiB."},
    {"free_memory", "integer", .doc = "Memory that new domains may have, MiB."},
};

static const struct key domain_keys[] = {
    {"name", "string", .doc = "Unique on this host."},
    {"uuid", "string", .doc = "Its identity."},
    {"domid", "integer", "null when it does not run.", .flags = NULLABLE},
    {"state", "string", "What it does.", .words = DOMAIN_STATES},
    {"reason", "string", "Why it has shut down.", .flags = NULLABLE, .words = STOP_REASONS},
    {"memory_mib", "integer", .doc = "Memory that it has now, MiB."},
    {"maxmem_mib", "integer", .doc = "Memory that it may have, MiB."},
    {"vcpus", "integer", .doc = "Virtual CPUs that are online."},
    {"maxvcpus", "integer", .doc = "Virtual CPUs that may be."},
    {"cpu_time", "number", .doc = "Of all virtual CPUs together, seconds."},
    {"start_time", "number", "Seconds since the epoch.", .flags = NULLABLE},
    {"managed", "boolean", .doc = "Kept when it does not run."},
    {"foreign", "boolean", .doc = "Made by others: shown, and nothing is done to it unasked."},
    {"driver", "string", .doc = "What runs it."},
    {"idle", "boolean", .doc = "It runs, but its virtual CPUs wait."},
    {"job", "integer", "The job that works on it now.", .flags = NULLABLE},
    {"vnc", "string", "Where its screen is: ADDRESS:PORT.", .flags = NULLABLE},
    {"config", "Spec", "The spec; only when asked for.", .flags = OPTIONAL},
};

static const struct key domains_keys[] = {
    {"generation", "string", .doc = "Changes with the list; what since takes."},
    {"domains", "[DomainKeys",
     .doc = "With fields, each has these keys only; else each is a Domain."},
};

static const struct key create_keys[] = {
    {"spec", "Spec", .doc = "What to make."},
    {"paused", "boolean", "Leave it paused.", .flags = OPTIONAL},
    {"managed", "boolean", "Keep it when it does not run.", .flags = OPTIONAL},
    {"start", "boolean", "Run it; true when not given.", .flags = OPTIONAL},
};

static const struct key start_keys[] = {
    {"paused", "boolean", "Leave it paused.", .flags = OPTIONAL},
};

static const struct key definition_keys[] = {
    {"etag", "string", .doc = "As the header ETag: changes with config."},
    {"pending", "boolean", .doc = "It runs with another: this is for its next start."},
    {"config", "Spec", .doc = "What it starts with."},
};

static const struct key configure_keys[] = {
    {"config", "Spec", .doc = "What it shall start with; name and uuid stay."},
    {"etag", "string", "As the header If-Match.", .flags = OPTIONAL},
};

static const struct key clone_keys[] = {
    {"name", "string", .doc = "Of the new domain; unique on this host."},
    {"disk", "[any", "Its disks; those of the old one when not given.", .flags = OPTIONAL},
};

static const struct key shutdown_keys[] = {
    {"reason", "string", "What to ask for; poweroff when not given.", .flags = OPTIONAL,
     .words = SHUTDOWN_REASONS},
};

static const struct key rename_keys[] = {
    {"name", "string", .doc = "The new name; unique on this host."},
};

static const struct key memory_keys[] = {
    {"memory_mib", "integer", "What it shall have, MiB.", RANGE(1, MEMORY_MAX_MIB)},
};

static const struct key maxmem_keys[] = {
    {"maxmem_mib", "integer", "What it may have at most, MiB.", RANGE(1, MEMORY_MAX_MIB)},
};

static const struct key vcpu_set_keys[] = {
    {"vcpus", "integer", "How many shall be online.", RANGE(1, DOMAIN_VCPUS_MAX)},
};

static const struct key pin_keys[] = {
    {"vcpu", "any", .doc = "Its number, or all."},
    {"cpus", "string", .doc = "Host CPUs: 0-3,5,^1, or all."},
};

static const struct key share_keys[] = {
    {"weight", "integer", "Relative to others, which have 256.", .flags = OPTIONAL | BOUNDED,
     .min = 1, .max = 65535},
    {"cap", "integer", "Percent of one CPU; 0: no limit.", .flags = OPTIONAL | BOUNDED, .min = 0,
     .max = 65535},
};

static const struct key domain_share_keys[] = {
    {"name", "string", .doc = "The domain's."},
    {"uuid", "string", .doc = "The domain's identity."},
    {"domid", "integer", "null when it does not run.", .flags = NULLABLE},
    {"weight", "integer", "null when it is not known.", .flags = NULLABLE},
    {"cap", "integer", "Likewise.", .flags = NULLABLE},
};

static const struct key shares_keys[] = {
    {"scheduler", "string", .doc = "credit, credit2, ...; linux: this host has no Xen."},
    {"domains", "[DomainShare", .doc = "As in the list of domains."},
};

static const struct key cpupool_keys[] = {
    {"name", "string", .doc = "Its name."},
    {"id", "integer", "Xen's number of it, while it is active.", .flags = NULLABLE},
    {"scheduler", "string", .doc = "credit, credit2, ..."},
    {"cpus", "[integer", .doc = "Those of the host that are in it."},
    {"domains", "integer", .doc = "How many are in it."},
    {"active", "boolean", .doc = "It is there; else it is only defined."},
    {"managed", "boolean", .doc = "It is defined, to be started."},
};

static const struct key cpupools_keys[] = {
    {"cpupools", "[Cpupool", .doc = "By number: Pool-0 first."},
};

static const struct key new_cpupool_keys[] = {
    {"name", "string", .doc = "Unique on this host."},
    {"scheduler", "string", "The host's when not given.", .flags = OPTIONAL},
    {"cpus", "any", "A count, or text such as 2-3,5; one when not given.", .flags = OPTIONAL},
};

static const struct key cpupool_cpus_keys[] = {
    {"cpus", "string", .doc = "Host CPUs: 2-3,5."},
};

static const struct key move_to_cpupool_keys[] = {
    {"pool", "string", .doc = "The name of the cpupool."},
};

static const struct key debug_keys_keys[] = {
    {"keys", "string", .doc = "As on Xen's console: h tells of all."},
};

static const struct key attach_keys[] = {
    {"class", "string", "What it is.", .words = DEVICE_CLASS_WORDS},
    {"device", "any", .doc = "An object of this class, as in a Spec, or text of xm's language."},
};

static const struct key media_keys[] = {
    {"device", "any", .doc = "A Disk: its vdev is the drive, its target the image or none."},
};

static const struct key device_keys[] = {
    {"class", "string", "What it is.", .words = DEVICE_CLASS_WORDS},
    {"key", "string",
     .doc = "What names it: a vif's MAC, a disk's vdev; empty where nothing does."},
    {"devid", "integer", .doc = "Its number in its class."},
    {"live", "boolean", .doc = "The guest has it: what follows is known."},
    {"backend_id", "integer", "The domid of who serves it.", .flags = NULLABLE},
    {"state", "integer", "As xenbus counts: 4 connected, 5 closing.", .flags = NULLABLE},
    {"event_channel", "integer", "Where there is one.", .flags = NULLABLE},
    {"ring", "integer", "Likewise; of a vif, for what it sends.", .flags = NULLABLE},
    {"rx_ring", "integer", "Likewise, for what it receives.", .flags = NULLABLE},
    {"backend", "string", "The path of what serves it.", .flags = NULLABLE},
    {"config", "any", .doc = "As in the spec; null when it is not there."},
};

static const struct key devices_keys[] = {
    {"name", "string", .doc = "The domain's."},
    {"uuid", "string", .doc = "The domain's identity."},
    {"domid", "integer", "null when it does not run.", .flags = NULLABLE},
    {"devices", "[Device", .doc = "By class and number."},
};

static const struct key sysrq_keys[] = {
    {"key", "string", .doc = "One character."},
};

static const struct key trigger_keys[] = {
    {"trigger", "string", "What.", .words = TRIGGERS},
    {"vcpu", "integer", "Where; 0 when not given.", .flags = OPTIONAL | BOUNDED, .min = 0,
     .max = DOMAIN_VCPUS_MAX - 1},
};

static const struct key dump_keys[] = {
    {"file", "string", "An absolute path; else one is made.", .flags = OPTIONAL},
    {"live", "boolean", "Do not pause it meanwhile.", .flags = OPTIONAL},
    {"crash", "boolean", "Destroy it afterwards.", .flags = OPTIONAL},
    {"reset", "boolean", "Reset it afterwards.", .flags = OPTIONAL},
};

static const struct key save_keys[] = {
    {"file", "string", .doc = "An absolute path."},
    {"checkpoint", "boolean", "It goes on afterwards.", .flags = OPTIONAL},
};

static const struct key migrate_keys[] = {
    {"live", "boolean", "It runs on while its memory is sent.", .flags = OPTIONAL},
    {"host", "string", "xend connects to that host itself; the job has no stream.",
     .flags = OPTIONAL},
    {"to", "string", "Where the stream leads, for people; without a host.", .flags = OPTIONAL},
    {"port", "integer", "There; xend-relocation-port when not given.", .flags = OPTIONAL | BOUNDED,
     .min = 1, .max = 65535},
};

static const struct key restore_keys[] = {
    {"file", "string", .doc = "An absolute path."},
    {"paused", "boolean", "Leave it paused.", .flags = OPTIONAL},
    {"once", "boolean", "The file goes before the guest may run.", .flags = OPTIONAL},
};

static const struct key autostart_keys[] = {
    {"autostart", "boolean", "It starts with the host.", .flags = OPTIONAL},
    {"start_order", "integer", "1 first; 0: last.", .flags = OPTIONAL | BOUNDED, .min = 0,
     .max = START_ORDER_MAX},
    {"start_delay", "integer", "Seconds that those after it wait.", .flags = OPTIONAL | BOUNDED,
     .min = 0, .max = START_DELAY_MAX},
    {"start_after", "[string", "Names of domains that start before it.", .flags = OPTIONAL},
};

static const struct key autostart_run_keys[] = {
    {"auto", "string", "The directory of configuration files; /etc/xen/auto when not given.",
     .flags = OPTIONAL},
    {"saved", "string", "A directory: a file there of a domain's name keeps it from starting.",
     .flags = OPTIONAL},
    {"gap_ms", "integer", "One at a time, with so many milliseconds between.",
     .flags = OPTIONAL | BOUNDED, .min = 0, .max = AUTOSTART_GAP_MAX_MS},
};

static const struct key vcpu_keys[] = {
    {"vcpu", "integer", .doc = "Its number."},
    {"online", "boolean", .doc = "The guest has it."},
    {"running", "boolean", .doc = "On a host CPU at this moment; else it waits."},
    {"cpu", "integer", "The host CPU that it is on or was last on.", .flags = NULLABLE},
    {"cpu_time", "number", .doc = "Seconds."},
    {"affinity", "string", .doc = "The host CPUs that it may use: 0-3,5, or all."},
};

static const struct key vcpus_keys[] = {
    {"name", "string", .doc = "The domain's."},
    {"uuid", "string", .doc = "The domain's identity."},
    {"domid", "integer", "null when it does not run.", .flags = NULLABLE},
    {"vcpus", "[Vcpu", .doc = "By number."},
};

static const struct key all_vcpus_keys[] = {
    {"domains", "[Vcpus", .doc = "In the order of the list of domains."},
};

static const struct key job_keys[] = {
    {"id", "integer", .doc = "Counts from 1 at each start of xend."},
    {"kind", "string", .doc = "What is done: create, pause, unpause, shutdown, destroy, ..."},
    {"state", "string", "How far it is.", .words = JOB_STATES},
    {"domain", "string", .doc = "The domain's name when the job was made."},
    {"uuid", "string", .doc = "The domain's identity."},
    {"by", "string", .doc = "Who asked: uid 0."},
    {"queued", "number", "Seconds since the epoch.", .flags = NULLABLE},
    {"started", "number", "Seconds since the epoch.", .flags = NULLABLE},
    {"ended", "number", "Seconds since the epoch.", .flags = NULLABLE},
    {"step", "string", "What it is doing now.", .flags = NULLABLE},
    {"done", "integer", .doc = "Progress, in a unit of its own."},
    {"total", "integer", .doc = "What done goes up to; 0: not known."},
    {"result", "any", .doc = "What it made."},
    {"error", "JobError", .doc = "Why it failed."},
};

static const struct key job_error_keys[] = {
    {"code", "string", "For programs.", .words = ERROR_CODES},
    {"message", "string", .doc = "For people."},
    {"hint", "string", .doc = "What to do about it."},
};

static const struct key jobs_keys[] = {
    {"jobs", "[Job", .doc = "Newest first."},
};

static const struct key event_keys[] = {
    {"id", "integer", .doc = "Goes on across restarts of xend."},
    {"time", "number", .doc = "Seconds since the epoch."},
    {"type", "string", .doc = "added, removed, state, started, stopped, changed, ended, job, ..."},
    {"domain", "string", "The domain's name.", .flags = OPTIONAL},
    {"uuid", "string", "The domain's identity.", .flags = OPTIONAL},
    {"domid", "integer", "null when it does not run.", .flags = OPTIONAL | NULLABLE},
    {"state", "string", "Of the domain; of the job, or interrupted; gone.", .flags = OPTIONAL},
    {"reason", "string", "Why the guest shut down.", .flags = OPTIONAL, .words = STOP_REASONS},
    {"detail", "string", "Last words of what ran the guest.", .flags = OPTIONAL},
    {"job", "integer", "The job's id.", .flags = OPTIONAL},
    {"kind", "string", "The job's kind.", .flags = OPTIONAL},
    {"by", "string", "Who asked for the job.", .flags = OPTIONAL},
    {"error", "string", "Why the job failed.", .flags = OPTIONAL},
    {"version", "string", "Of the xend that started.", .flags = OPTIONAL},
    {"boot", "string", "The host's boot id then.", .flags = OPTIONAL},
};

static const struct key events_keys[] = {
    {"events", "[Event", .doc = "Oldest first."},
    {"last", "integer", .doc = "The id to go on from."},
};

static const struct key history_entry_keys[] = {
    {"id", "integer", .doc = "Of its first event."},
    {"time", "number", .doc = "Seconds since the epoch."},
    {"domain", "string", .doc = "The domain's name then."},
    {"uuid", "string", .doc = "The domain's identity."},
    {"what", "string", .doc = "A job's kind; or added, removed, started, stopped, ended, ..."},
    {"by", "string", "Who asked.", .flags = NULLABLE},
    {"result", "string", "Of the job, as its state; why a guest ended.", .flags = NULLABLE},
    {"seconds", "number", "How long the job took; how long a guest that stopped had run.",
     .flags = NULLABLE},
    {"job", "integer", "The job's id.", .flags = OPTIONAL},
    {"domid", "integer", "Of the guest that started.", .flags = OPTIONAL | NULLABLE},
    {"detail", "string", "Why a job failed; last words of what ran the guest.", .flags = OPTIONAL},
};

static const struct key history_keys[] = {
    {"history", "[HistoryEntry", .doc = "Oldest first."},
};

static const struct key problem_keys[] = {
    {"type", "string", .doc = "about:blank."},
    {"title", "string", .doc = "As code."},
    {"status", "integer", .doc = "HTTP's."},
    {"detail", "string", .doc = "For people."},
    {"code", "string", "For programs.", .words = ERROR_CODES},
    {"hint", "string", "What to do about it.", .flags = OPTIONAL},
    {"domain", "string", "The domain that it is about.", .flags = OPTIONAL},
    {"job", "integer", "The job that failed.", .flags = OPTIONAL},
    {"errors", "[Fault", "Every fault of a spec.", .flags = OPTIONAL},
};

static const struct key fault_keys[] = {
    {"pointer", "string", .doc = "Where in the spec: a JSON pointer."},
    {"detail", "string", .doc = "What is wrong."},
    {"hint", "string", "What to do about it.", .flags = OPTIONAL},
};

#define KEYS(k) (k), ARRAY_LEN(k)
const struct schema schemas[] = {
    {"Version", "What this xend is.", KEYS(version_keys), 0},
    {"Host", "The keys of xm info.", KEYS(host_keys), EXTENDED},
    {"Domain", "A domain, running or not.", KEYS(domain_keys), 0},
    {"DomainKeys", "Some keys of a Domain.", KEYS(domain_keys), OPTIONAL},
    {"Domains", "The list of domains.", KEYS(domains_keys), 0},
    {"Create", "A domain to make.", KEYS(create_keys), 0},
    {"Definition", "What a domain starts with.", KEYS(definition_keys), 0},
    {"Configure", "A new definition.", KEYS(configure_keys), 0},
    {"Clone", "Another of the kind.", KEYS(clone_keys), 0},
    {"Shutdown", "How to stop.", KEYS(shutdown_keys), 0},
    {"Config", "Options by name.", NULL, 0, EXTENDED},
    {"Rename", "Another name.", KEYS(rename_keys), 0},
    {"Memory", "Memory to have.", KEYS(memory_keys), 0},
    {"MaxMemory", "Memory to have at most.", KEYS(maxmem_keys), 0},
    {"VcpuSet", "Virtual CPUs to have.", KEYS(vcpu_set_keys), 0},
    {"Pin", "Where virtual CPUs run.", KEYS(pin_keys), 0},
    {"Share", "What share of the CPUs to have.", KEYS(share_keys), 0},
    {"Cpupool", "A part of the host's CPUs.", KEYS(cpupool_keys), 0},
    {"Cpupools", "All of them.", KEYS(cpupools_keys), 0},
    {"NewCpupool", "What to make.", KEYS(new_cpupool_keys), 0},
    {"CpupoolCpus", "Which CPUs.", KEYS(cpupool_cpus_keys), 0},
    {"MoveToCpupool", "Where to.", KEYS(move_to_cpupool_keys), 0},
    {"DebugKeys", "Keys to press.", KEYS(debug_keys_keys), 0},
    {"Attach", "A device to attach.", KEYS(attach_keys), 0},
    {"Media", "What a drive shall have in it.", KEYS(media_keys), 0},
    {"Device", "A device of a domain.", KEYS(device_keys), 0},
    {"Devices", "The devices of a domain.", KEYS(devices_keys), 0},
    {"Sysrq", "A key.", KEYS(sysrq_keys), 0},
    {"Trigger", "An event of hardware.", KEYS(trigger_keys), 0},
    {"Dump", "Where and how.", KEYS(dump_keys), 0},
    {"Start", "How to run it.", KEYS(start_keys), 0},
    {"Save", "Where and how.", KEYS(save_keys), 0},
    {"Migrate", "How.", KEYS(migrate_keys), 0},
    {"Restore", "What and how.", KEYS(restore_keys), 0},
    {"Autostart", "Whether and when it starts with the host.", KEYS(autostart_keys), 0},
    {"AutostartRun", "What starts with the host.", KEYS(autostart_run_keys), 0},
    {"Vcpu", "A virtual CPU.", KEYS(vcpu_keys), 0},
    {"Vcpus", "The virtual CPUs of a domain.", KEYS(vcpus_keys), 0},
    {"DomainShare", "A domain's share of the CPUs.", KEYS(domain_share_keys), 0},
    {"Shares", "The shares of all domains.", KEYS(shares_keys), 0},
    {"AllVcpus", "The virtual CPUs of all domains.", KEYS(all_vcpus_keys), 0},
    {"Job", "A change to a domain.", KEYS(job_keys), 0},
    {"JobError", "Why a job failed.", KEYS(job_error_keys), NULLABLE},
    {"Jobs", "The list of jobs.", KEYS(jobs_keys), 0},
    {"Event", "Something that happened.", KEYS(event_keys), 0},
    {"Events", "The list of events.", KEYS(events_keys), 0},
    {"HistoryEntry", "Something that was done or happened.", KEYS(history_entry_keys), 0},
    {"History", "The history of a domain.", KEYS(history_keys), 0},
    {"Problem", "An error (RFC 9457).", KEYS(problem_keys), 0},
    {"Fault", "One fault of a spec.", KEYS(fault_keys), 0},
};
const size_t schemas_count = ARRAY_LEN(schemas);
