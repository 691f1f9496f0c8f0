/*
 * The driver interface: what a hypervisor must do for xend. A *guest* is a running incarnation
 * inside a driver; xend's record of a domain is not known here.
 *
 * The type says the locking rule: an operation that takes a struct driver may be called from any
 * thread at any time; one that takes a struct guest is queued: xend lets one thread at a time into
 * a guest. All may block, create and restore for minutes; drivers use no callbacks but the ones
 * below and hold no lock while they call them.
 *
 * libxl/test is the reference implementation; tests/unit/test_driver_contract.c runs against
 * every driver that opens on the host.
 */
#ifndef LIBXL_DRIVER_H
#define LIBXL_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "libxl/base/buf.h"
#include "libxl/base/uuid.h"
#include "libxl/cpuset.h"
#include "libxl/job.h"
#include "libxl/spec.h"

enum guest_state {
    GUEST_RUNNING,
    GUEST_PAUSED,
    GUEST_SHUTDOWN, /* stopped itself, still there until destroyed; see guest_change.reason */
    GUEST_CRASHED,  /* likewise */
    GUEST_DYING,    /* being torn down */
    GUEST_GONE,     /* only reported: the guest is no more, whoever ended it */
};
const char *guest_state_name(enum guest_state s); /* "running", "paused", ... */

enum stop_reason { STOP_POWEROFF, STOP_REBOOT, STOP_SUSPEND, STOP_CRASH, STOP_HALT };
const char *stop_reason_name(enum stop_reason r); /* "poweroff", "reboot", ... */

/* How a driver starts out. All strings are borrowed for the life of the driver. */
struct driver_env {
    const char *run_dir;        /* lost at host boot; 0700, the driver may make subdirectories */
    const char *log_dir;        /* for the logs of guests */
    const struct value *config; /* xend-config.sxp as a map; keys of other parts are ignored */
    const char *scripts_dir;    /* of hook scripts; NULL: /etc/xen/scripts */
    const char *cache_dir;      /* for what can be made again, lasts over boots; NULL: none */
    const char *lib_dir;        /* survives host boot; NULL: there is none */
    /*
     * Or NULL. A script has set up the disk at->vdev of a guest as the block device at->target:
     * ERR_BUSY when another guest, or the host, uses that. From any thread.
     */
    int (*disk_served)(void *arg, const char *uuid, const struct disk *at, struct err *e);
    void *arg; /* its */
};

/* Every driver and guest begins with its public part; the rest is the driver's own. */
struct driver {
    const struct driver_ops *ops;
};

struct guest {
    struct driver *driver;
    char uuid[UUID_TEXT_SIZE];
    uint32_t domid;    /* 1..32751, never reused while a host is up until the count wraps */
    double start_time; /* seconds since the epoch */
    bool foreign;      /* others made it: shown, and nothing is done to it unasked */
};

/* One guest's numbers. uuid is borrowed for the call. */
struct guest_sample {
    const char *uuid;
    enum guest_state state;
    uint64_t cpu_ns;  /* of all vcpus together */
    uint64_t mem_kib; /* what the guest has now */
    unsigned vcpus_online;
};
typedef void guest_sample_fn(void *arg, const struct guest_sample *s);

/* One virtual CPU's. uuid is borrowed for the call. */
struct vcpu_sample {
    const char *uuid;
    unsigned vcpu;
    bool online;
    bool running; /* on a host CPU at this moment; else it waits */
    int cpu;      /* the host CPU that it is on or was last on; -1: offline, or not known */
    uint64_t cpu_ns;
    const struct cpuset *affinity; /* the host CPUs that it may use, NULL: all; borrowed */
};
typedef void vcpu_sample_fn(void *arg, const struct vcpu_sample *v);

/* One guest's share of the host's CPUs; see set_sched. uuid is borrowed for the call. */
struct sched_sample {
    const char *uuid;
    int64_t weight, cap;
};
typedef void sched_sample_fn(void *arg, const struct sched_sample *s);

/* xenbus's states, as a frontend tells how far it is; other drivers say what fits. */
enum device_state {
    DEVICE_UNKNOWN = 0,
    DEVICE_INITIALISING = 1, /* the guest has not looked at it yet */
    DEVICE_CONNECTED = 4,    /* in use, as far as the driver can tell */
    DEVICE_CLOSING = 5,      /* the guest was asked to let go of it */
    DEVICE_CLOSED = 6,       /* it has, and what served it is still there */
};

/* One device of a guest, as it is now. Texts are borrowed for the call. */
struct device_sample {
    const char *uuid;
    enum device_class class;
    const char *key;     /* what names it among the guest's: device_key() */
    int64_t devid;       /* vifs: 0, 1, ...: none is used twice; disks: vdev_number() */
    uint32_t backend_id; /* the domid of who serves it: 0 is the host */
    int state;           /* enum device_state, or another of xenbus's */
    int event_channel, ring, rx_ring; /* -1: none. ring: tx_ring of a vif */
    const char *backend;              /* the path of what serves it, or NULL */
};
typedef void device_sample_fn(void *arg, const struct device_sample *s);

enum trigger { TRIGGER_NMI, TRIGGER_RESET, TRIGGER_INIT, TRIGGER_S3RESUME, TRIGGER_POWER };
const char *trigger_name(enum trigger t); /* "nmi", ... as xm trigger takes them */

/* A guest that was running when the driver was opened. Both are the receiver's. */
typedef void guest_found_fn(void *arg, struct guest *g_take, struct spec *s_take,
                            enum guest_state state);

/*
 * "This guest is now X". Sent for changes from inside (poweroff, crash, death) and from outside. A
 * guest that others have made comes as `found` and may get another name from them.
 */
struct guest_change {
    const char *uuid;
    uint32_t domid; /* which incarnation of it */
    enum guest_state state;
    enum stop_reason reason; /* for GUEST_SHUTDOWN */
    const char *detail;      /* last words of what ran it, or NULL; for people */
    bool no_screen;          /* who served it is dead; the guest is as it was */
    const char *name;        /* of a foreign guest: its new name; or NULL */
    struct guest *found;     /* a foreign guest that has just come, with its spec; both are the */
    struct spec *spec;       /* receiver's. Or NULL */
};
typedef void guest_change_fn(void *arg, const struct guest_change *c);

/* Where a guest's screen is served. */
struct vnc_place {
    char host[256]; /* an address; 0.0.0.0 or ::: any of the host's */
    int port;
    bool password; /* it is asked for */
};

struct driver_ops {
    const char *name; /* "xen", "qemu", "test" */
    unsigned flag;    /* ON_XEN, ... */

    /* Host. open fails when this is not the host for it; the error says why. */
    struct driver *(*open)(const struct driver_env *env, struct err *e);
    void (*close)(struct driver *d); /* guests run on */
    /* The keys of `xm info` that this driver knows, as a map in the original's order; also
     * cpu_topology and numa_info, for -n. */
    struct value *(*node_info)(struct driver *d, struct err *e);
    /* Optional. Appends what the hypervisor has logged; clear: and forgets it. */
    int (*host_log)(struct driver *d, bool clear, struct buf *out, struct err *e);

    /* Knowing. scan: once, before watch; hands over every guest of ours that still runs. */
    int (*scan)(struct driver *d, guest_found_fn *found, void *arg, struct err *e);
    /* Current numbers of all guests, and of the host (its uuid is all zeros), in one go. Never
     * waits for a guest. */
    int (*sample)(struct driver *d, guest_sample_fn *each, void *arg, struct err *e);
    /*
     * Every virtual CPU that a guest has or may have, of one guest or of all (uuid NULL); the
     * host's own come under the uuid of zeros, as in sample. Never waits for a guest. A guest
     * that is not there has none.
     */
    int (*vcpus)(struct driver *d, const char *uuid, vcpu_sample_fn *each, void *arg,
                 struct err *e);
    /* Reports changes, on the caller's thread, until stop_fd is readable; first of all, where the
     * driver knows of such, the foreign guests that run. */
    int (*watch)(struct driver *d, int stop_fd, guest_change_fn *change, void *arg, struct err *e);

    /*
     * Life. create and restore end with the guest paused, its vcpus where the spec's cpus want
     * them; after a failure nothing is left.
     * save: when it succeeds the guest stands suspended (GUEST_SHUTDOWN, STOP_SUSPEND), to be
     * destroyed, or resumed after a checkpoint; after a failure it is as it was.
     * destroy: immediate; idempotent; also after a failed anything; frees the guest on success.
     * forget: xend lets go of a guest that runs on, or of a foreign one that has gone; frees g.
     */
    struct guest *(*create)(struct driver *d, const struct spec *s, struct job *j, struct err *e);
    struct guest *(*restore)(struct driver *d, const struct spec *s, int fd, struct job *j,
                             struct err *e);
    int (*save)(struct guest *g, int fd, bool live, struct job *j, struct err *e);
    int (*destroy)(struct guest *g, struct err *e);
    void (*forget)(struct guest *g);

    /* What the guest is now, and why it stopped, as far as the driver has heard; never waits. */
    enum guest_state (*state)(struct guest *g, enum stop_reason *reason);

    /* While alive. stop asks the guest; it answers by a change, or never. */
    int (*pause)(struct guest *g, struct err *e);
    int (*resume)(struct guest *g, struct err *e);
    int (*stop)(struct guest *g, enum stop_reason how, struct err *e);

    /*
     * The first serial or PV console: an open, connected stream, the caller's. console_log: the
     * file where everything it ever said is kept (bounded), or NULL; the caller frees the name.
     * serial (or NULL: there are none): another one, by its number from 1; nothing of it is kept.
     * channel (likewise): the one of this name, if it is a stream.
     */
    int (*console)(struct guest *g, struct err *e);
    int (*serial)(struct guest *g, unsigned n, struct err *e);
    int (*channel)(struct guest *g, const char *name, struct err *e);
    char *(*console_log)(struct guest *g);

    /*
     * Changing what it has. set_memory and set_vcpus ask the guest and wait while it obeys
     * (job: KiB given or taken so far; vcpus); ERR_TIMEOUT when it does not: the wish then stays,
     * and the text says what the guest has. Cancelled: likewise. set_maxmem: the most that
     * set_memory may ask for; ERR_UNSUPPORTED beyond what this guest can ever have.
     * pin_vcpu: for guests paused and running; a set without any CPU of the host is ERR_INVALID.
     * keep_spec: what scan hands over with this guest from now on (a new name, ...).
     */
    int (*set_memory)(struct guest *g, uint64_t kib, struct job *j, struct err *e);
    int (*set_maxmem)(struct guest *g, uint64_t kib, struct err *e);
    int (*set_vcpus)(struct guest *g, unsigned online, struct job *j, struct err *e);
    int (*pin_vcpu)(struct guest *g, unsigned vcpu, const struct cpuset *cpus, struct err *e);
    int (*keep_spec)(struct guest *g, const struct spec *s, struct err *e);
    /*
     * Optional. A guest that has ended (GUEST_SHUTDOWN, GUEST_CRASHED) makes way for the next one
     * of its domain: it lets go of its disks and interfaces, and is s->uuid's from now on, with
     * this spec, here and for scan. Its domid stays. After a failure it is the old one's still.
     */
    int (*set_aside)(struct guest *g, const struct spec *s, struct err *e);
    /*
     * Optional. A guest that runs becomes another one beside it, on this very host: the same uuid,
     * spec and start_time, a new domid, paused; live: it ran on while its memory was copied. What
     * is returned is in g's place, and g is gone. After a failure g is there, suspended (as save
     * leaves it) or as it was, and nothing else; nor is there ever a moment in which a xend that
     * starts finds two of them, or none.
     */
    struct guest *(*move)(struct guest *g, bool live, struct job *j, struct err *e);

    /*
     * Optional. The share of the host's CPUs that a guest has, at once; never waits for it. The
     * uuid may be the host's own. weight: 1 to 65535, of which all have 256 at first; cap: percent
     * of one CPU, 0: none; -1: as it is. sched: those of all guests and of the host, as they are
     * in force; NULL: as their specs say.
     */
    int (*set_sched)(struct driver *d, const char *uuid, int64_t weight, int64_t cap,
                     struct err *e);
    int (*sched)(struct driver *d, sched_sample_fn *each, void *arg, struct err *e);

    /*
     * Optional, together. The cpupools of the host; none waits for a guest. pools: a list of
     * {"name","id","scheduler","cpus":[number],"domains":count}. pool_new: scheduler NULL: the
     * host's; cpus: text as cpuset.h reads it, a count, or NULL: one; of no pool. pool_delete:
     * ERR_BUSY while domains are in it. pool_cpu: puts CPUs of no pool into it, or takes some out.
     */
    struct value *(*pools)(struct driver *d, struct err *e);
    int (*pool_new)(struct driver *d, const char *name, const char *scheduler,
                    const struct value *cpus, struct err *e);
    int (*pool_delete)(struct driver *d, const char *name, struct err *e);
    int (*pool_cpu)(struct driver *d, const char *name, const char *cpus, bool add, struct err *e);
    int (*pool_move)(struct guest *g, const char *name, struct err *e);
    /* Optional. Keys for the hypervisor, which answers in host_log. */
    int (*debug_keys)(struct driver *d, const char *keys, struct err *e);

    /*
     * Optional. Devices come and go while the guest runs or is paused; ERR_UNSUPPORTED for a
     * class, bus or kind that this guest cannot take while it runs. *dev is complete (MAC, vdev)
     * and its key is new to the guest, or ERR_EXISTS. What was attached stays over save, restore,
     * migration (the spec that comes with those has it) and xend's own death (scan).
     * attach: when it returns 0 the guest has it, whether or not it has looked at it yet; after a
     * failure nothing is left.
     * detach: waits until the guest lets go of the device with *dev's class and key. ERR_TIMEOUT
     * when it does not; the text says what the guest did not do. The wish then stays: it may let
     * go later, and a second detach only waits on. Cancelled: likewise. force: it is taken away
     * whether the guest lets go or not. One that is not there is no failure.
     * set_media: to->target is put into the CD-ROM drive to->vdev, NULL: nothing; after a failure
     * the old one is in it.
     */
    int (*attach)(struct guest *g, const struct device *dev, struct job *j, struct err *e);
    int (*detach)(struct guest *g, const struct device *dev, bool force, struct job *j,
                  struct err *e);
    int (*set_media)(struct guest *g, const struct disk *to, struct job *j, struct err *e);
    /*
     * Optional. The devices (disks, vifs, and other classes that the driver attaches) of one
     * guest or of all (uuid NULL), in any order. Never waits for a guest. A guest that is not
     * there has none.
     */
    int (*devices)(struct driver *d, const char *uuid, device_sample_fn *each, void *arg,
                   struct err *e);

    /* Optional. Where its screen is; ERR_UNSUPPORTED when it has none. */
    int (*vnc)(struct guest *g, struct vnc_place *place, struct err *e);

    /*
     * Optional. sysrq: the guest's kernel sees alt-sysrq-KEY. dump: writes the guest's memory as
     * an ELF core to fd (job: bytes) and leaves the guest running or paused as it was.
     */
    int (*sysrq)(struct guest *g, char key, struct err *e);
    int (*trigger)(struct guest *g, enum trigger what, unsigned vcpu, struct err *e);
    int (*dump)(struct guest *g, int fd, struct job *j, struct err *e);
};

/* For an optional operation that is NULL: ERR_UNSUPPORTED, "the qemu driver has no WHAT". */
int driver_lacks(const struct driver *d, const char *what, struct err *e);

/*
 * What a driver would not do within xend it does in a child, which is this program again: called
 * first of all in main(), it does not return in such a child.
 */
void driver_helper(int argc, char **argv);
int xen_helper(int argc, char **argv); /* the xen driver's part of it */

extern const struct driver_ops driver_qemu, driver_test, driver_xen;

/* The driver with this name, or NULL. */
const struct driver_ops *driver_find(const char *name);

#endif
