/*
 * What the files of the QEMU driver share; nobody else includes it but its tests.
 *
 * Threads: operations come on xend's workers. One thread of ours, the monitor (monitor.c), lives
 * from open to close: it is the only reader of QMP connections, the only reaper of QEMUs, and the
 * only one that changes the cached state of guests. `lock` guards the list of guests and all that
 * is marked (L); it is held for memory work and small files only, never while waiting for a QEMU.
 */
#ifndef QEMU_QEMU_H
#define QEMU_QEMU_H

#include <pthread.h>

#include "libxl/base/buf.h"
#include "libxl/base/proc.h"
#include "libxl/base/vec.h"
#include "libxl/dm/dm.h"
#include "libxl/driver.h"
#include "libxl/qemu/net.h"
#include "libxl/qemu/served.h"
#include "libxl/qemu/devices.h"
#include "libxl/dm/qmp.h"

#define NONCE_SIZE 33          /* 128 random bits as hexadecimal text */
#define QMP_TIMEOUT_MS 5000    /* one command; QEMU answers in under a millisecond when it lives */
#define START_TIMEOUT_MS 15000 /* exec to QMP greeting; 30 to 600 ms measured */
#define BOOT_MS 120000         /* so long a guest may take until its power button works */
#define PATIENCE_MS 30000      /* so long a guest may stand still while it is to obey */
#define NEWS_SLICE_MS 250      /* how soon a cancelled job is noticed, at the latest */
#define DOMID_MAX 32751
#define SERIALS_MAX 4 /* of a PC */

struct change {
    char uuid[UUID_TEXT_SIZE];
    uint32_t domid;
    enum guest_state state;
    enum stop_reason reason;
    char *detail; /* or NULL */
};

/* What a guest's kernel has said of a virtual CPU last. */
enum vcpu_word { WORD_NONE, WORD_TAKEN, WORD_GIVEN, WORD_REFUSED };

struct qvcpu {
    pid_t tid;           /* its thread, or 0: not plugged in */
    char *path;          /* its name in QEMU, or NULL */
    enum vcpu_word word; /* what the guest has said */
    struct cpuset pins;  /* the host CPUs wished for; empty: no wish */
};

struct qemu;

struct qguest {
    struct guest pub; /* first */
    struct qemu *d;
    struct spec *spec;
    uint64_t key; /* its number in the epoll set, never reused */
    char *dir, *log, *console_log;
    char *accel, *cpu; /* what its QEMU was started with; NULL: not known */
    char nonce[NONCE_SIZE];
    bool aside;         /* it has ended and got another uuid: its QEMU knows the old one only */
    pid_t pid;          /* 0 until started */
    uint64_t pid_start; /* see proc_start_time */
    int pidfd;
    struct qmp *qmp;         /* (L) for the monitor; the queued operation replaces it under L */
    bool announced;          /* (L) handed to xend: changes are reported */
    bool ended;              /* (L) the process is no more */
    bool destroying;         /* (L) its end is wanted */
    bool reboot_wished;      /* (L) a power off that follows is the reboot that was asked for */
    bool talks;              /* (L) its QMP connection is in the epoll set */
    enum guest_state state;  /* (L) */
    enum stop_reason reason; /* (L) */
    unsigned turns;          /* (L) how often these two have changed */
    unsigned news;           /* (L) how many events have come */
    bool dumping;            /* (L) or being saved: it is stopped and resumed, that is no news */
    uint64_t left;           /* (L) bytes that it still had to migrate when it last said so */
    const char *trouble;     /* (L) why it will stop next, a constant, or NULL */
    int64_t press_until;     /* (L) until then (now_ms) the power button is pressed again; or 0 */
    uint64_t mem_kib;        /* (L) what it has now */
    uint64_t mem_most_kib;   /* what QEMU was started with: the most that it can ever have */
    uint64_t mem_bound_kib;  /* what it may have */
    struct qvcpu *vcpus;     /* (L) */
    unsigned vcpus_most;     /* how many of them */
    unsigned queues;         /* of each disk: as many as it had virtual CPUs at its start */
    struct qnets nets;       /* of each interface, in the order of the spec */
    bool net_plugged;        /* their scripts may have run */
    struct serveds served;   /* disks that scripts have set up */
    struct qdevices devices; /* (L) */
    int64_t next_vif;        /* numbers of interfaces are not used twice */
    char *end, *last_words;  /* (L) once ended: how, and what its log says (or NULL) */
};

struct qemu {
    struct driver pub; /* first */
    char *dir, *log_dir;
    char *binary;      /* absolute */
    const char *accel; /* of the configuration, or NULL; these, too: */
    const char *vnc_listen, *vnc_passwd, *keymap;
    struct vnc_tls vnc_tls;
    const char *vif_script;  /* for interfaces that name none, maybe with words for it */
    const char *scripts_dir; /* where it is */
    const char *cgroups;     /* where cgroup v2 is mounted */
    char *lib_dir;           /* what survives the host's boot; or NULL */
    struct ids ids;
    int (*disk_served)(void *arg, const char *uuid, const struct disk *at, struct err *e);
    void *disk_served_arg; /* see struct driver_env */

    pthread_t monitor;
    int epoll_fd, wake_fd, changes_fd; /* the latter two are eventfds */

    pthread_mutex_t lock;
    pthread_cond_t told;                        /* some guest has ended, or sent an event */
    struct qguests VEC(struct qguest *) guests; /* (L) */
    struct changes VEC(struct change) changes;  /* (L) for watch() */
    uint64_t next_key;                          /* (L) */
    bool closing;                               /* (L) */

    int patience_ms;            /* PATIENCE_MS, but in tests */
    int detach_ms;              /* so long a guest may take to let go of a device */
    bool removes_without_kvm;   /* never, but in tests: see hotplug.c */
    pthread_mutex_t domid_lock; /* one user of the file at a time */
    pthread_mutex_t probe_lock; /* one KVM probe at a time */
    bool probed;
    char *kvm_cpu; /* the CPU model that a guest ran with, or NULL: no KVM */
    char *kvm_why; /* why not */
};

static inline struct qemu *qemu_of(struct driver *d)
{
    return (struct qemu *)d;
}
static inline struct qguest *qguest_of(struct guest *g)
{
    return (struct qguest *)g;
}

/* ---- argv.c, argv_disk.c, argv_screen.c: pure functions ---- */

struct launch_disk {
    const struct disk *disk;
    int fd;     /* its number in the child; -1: an empty drive */
    bool block; /* a block device */
};

/* Everything that a QEMU's command line depends on. Borrowed, all of it. */
struct launch {
    const struct spec *spec;
    const char *binary, *machine, *accel, *cpu;
    const char *nonce;
    const char *rtc_base;
    bool incoming;                          /* a saved guest is to come */
    unsigned queues;                        /* of each disk; 0: one for each virtual CPU */
    const struct value *slots;              /* see saved.slots; or NULL: QEMU finds places */
    const char *cmdline;                    /* of the kernel */
    int qmp_fd, console_fd, console_log_fd; /* numbers in the child */
    int kernel_fd, ramdisk_fd;              /* -1: none */
    int vnc_secret_fd;                      /* -1: none */
    int serial_fds[SERIALS_MAX];            /* of those that need one; see serial.c */
    int channel_fds[CHANNELS_MAX];          /* of each; see channel.c */
    int tpm_fd;                             /* to swtpm; used when the spec has a TPM */
    const char *vnc_listen, *keymap;        /* where the spec says none; or NULL */
    const struct vnc_tls *vnc_tls;          /* or NULL */
    const struct launch_disk *disks;        /* one for each disk of the spec, in order */
    size_t n_disks;
    const struct launch_net *nets; /* one for each interface, in order; NULL: all user-mode */
};

/* The command line; not NULL-terminated. ERR_UNSUPPORTED names what QEMU cannot do, and why. */
int argv_build(const struct launch *l, struct strings *argv, struct err *e);
/* The TPM of a spec, or NULL; borrowed. */
const struct vtpm *vtpm_of(const struct spec *s);
/* The card that this guest sees. */
bool vif_is_virtio(const struct vif *v);
int argv_disks(const struct launch *l, struct strings *argv, struct err *e);

/* ---- q35.c: pure functions, but for the last one */

#define PCI_SLOTS 32
#define SLOT_BEHIND_PORT 64 /* + N: in saved.slots, behind root port N of q35 */
bool slot_is_sound(int64_t slot);
/* Puts a PCI device where it was before; name: as in saved.slots. */
void launch_place(const struct launch *l, struct value *device, const char *name);
/* What q35 needs for devices that come while the guest runs. */
void argv_root_ports(const struct launch *l, struct strings *argv);
/* The devices behind one of these in an answer of query-pci, and its number; NULL: it is none. */
const struct value *root_port_devices(const struct value *device, int64_t *port);
/* device_add of a PCI device that has no place yet, or of another that has its bus. */
int pci_add_take(struct qguest *g, struct value *args, struct err *e);

/* QEMU's name for a model of a network card, or NULL; NULL is the default's. */
const char *nic_driver(const char *model);

int argv_serials(const struct launch *l, struct strings *argv, struct err *e); /* serial.c */
void argv_channels(const struct launch *l, struct strings *argv);              /* channel.c */
int argv_screen(const struct launch *l, struct strings *argv, struct err *e);
/* True when the spec's kernel is loaded by QEMU itself; else its disks are booted by the BIOS. */
bool boots_kernel(const struct spec *s);
/* The place of a class (boot letter) in the spec's boot order from 1, or 0: not booted from. */
int boot_place(const struct spec *s, char letter);

/* The host's part of the same rules: machine type and kernel command line of a spec. */
const char *launch_machine(const struct spec *s);
char *launch_cmdline(const struct spec *s);

/* ---- limits.c ---- */

/* Adds the limits of a QEMU to what is about to be started. */
void limits_of_process(struct proc_spec *p);
/* Gives g's process its share of the CPUs; what cannot be done is logged when it was asked for. */
void limits_place(const struct qguest *g);
/* Takes away what a guest that is no more had; harmless for one that runs. */
void limits_release(const struct qemu *d, const char *uuid);

/* ---- vnc.c ---- */

int qemu_vnc(struct guest *g, struct vnc_place *place, struct err *e);

/* ---- vtpm.c ---- */

/* After the end of g's QEMU: a TPM that it had no time to connect to does not end by itself. */
void vtpm_end(const struct qguest *g);

/* ---- channel.c ---- */

/* Adds g's channels to the devices of out; chardevs: what QEMU says of them, or NULL. */
void channels_learn(const struct qguest *g, struct qguest *out, const struct value *chardevs);
int qemu_channel(struct guest *g, const char *name, struct err *e);

/* ---- passthrough.c ---- */

/* Plugs in a PCI device of the host, or all of g's spec. */
int pci_plug(struct qguest *g, const struct pci *p, struct err *e);
int pci_plug_all(struct qguest *g, struct err *e);
/* QEMU's user has it no more. */
void pci_give_back(const struct qguest *g, const char *bdf);
void pci_give_back_all(const struct qguest *g);

/* ---- kvm_probe.c ---- */

/* Runs the test guest; accel "kvm", or "tcg" for tests of the test guest itself. */
int kvm_probe_run(struct qemu *d, const char *accel, const char *cpu, struct err *e);
/* True when a guest was seen to run under KVM; the CPU model that it ran with. Probes once. */
bool kvm_usable(struct qemu *d, const char **cpu);

/* ---- state.c: the run directory of a guest ---- */

enum phase {
    PHASE_INTENT,  /* before exec: a process with this nonce may exist */
    PHASE_STARTED, /* pid and start time are known */
    PHASE_LOADING, /* likewise, and a saved guest is to come, or is coming: worth nothing yet */
    PHASE_READY,   /* create has succeeded */
};

struct state {
    enum phase phase;
    char uuid[UUID_TEXT_SIZE], nonce[NONCE_SIZE];
    bool aside;
    uint32_t domid;
    double start_time;
    pid_t pid;
    uint64_t pid_start;
    uint64_t mem_most_kib, mem_bound_kib; /* 0: not told (a file of an older xend) */
    unsigned vcpus_most, queues;          /* likewise */
    int64_t next_vif;
    char *log, *console_log;
    char *accel, *cpu; /* or NULL, likewise */
    struct qnets nets;
    struct serveds served;
    struct spec *spec;
};

int state_save(const struct qguest *g, enum phase phase, struct err *e);
/* ERR_NOT_FOUND: no state file, or one of an earlier boot of the host: nothing can run. */
int state_load(const char *dir, struct state *s, struct err *e);
void state_clear(struct state *s);
/* Removes a guest's directory and all in it. Fine when it is gone. */
void state_tidy(const char *dir);
/* Keeps (or drops) the wish for a reboot where a later xend finds it. */
void state_wish_reboot(const char *dir, bool wished);
bool state_reboot_wished(const char *dir);
/* The next free domid. */
int domid_next(struct qemu *d, uint32_t *domid, struct err *e);

/* ---- guest.c: the struct and its life ---- */

struct qguest *qguest_new(struct qemu *d, const struct spec *s);
void qguest_free(struct qguest *g); /* not listed any more; the process is left alone */
/* A command to g, over a new connection when the old one is broken. */
int qguest_call_take(struct qguest *g, const char *command, struct value *args,
                     struct value **result, struct err *e);
/* Connects QMP; the handshake is to follow. */
int qguest_dial(struct qguest *g, struct err *e);
/* Connects QMP and shakes hands; nonce and uuid of who answers must be g's. */
int qguest_connect(struct qguest *g, struct err *e);
/* Takes the cached state from query-status. */
int qguest_refresh(struct qguest *g, struct err *e);
/* The same, with a descriptor (borrowed) on its way. */
int qguest_call_fd_take(struct qguest *g, const char *command, struct value *args, int fd,
                        struct value **result, struct err *e);
/* A descriptor (swallowed) that QEMU knows by this name from now on; and not any more, if it did.
 */
int qguest_name_fd_take(struct qguest *g, int fd, const char *name, struct err *e);
void qguest_close_named(struct qguest *g, const char *name);
/*
 * Waits for an event of g that was not seen yet, or for its end; at most timeout_ms. seen: begin
 * with what it is (0 returns at once).
 */
void qguest_wait_news(struct qguest *g, unsigned *seen, int timeout_ms);
/* How long from now a guest that is asked for something may do nothing: longer while it boots. */
int64_t qguest_patience(const struct qguest *g);
/* What is left of BOOT_MS, or 0. */
int64_t qguest_boot_left_ms(const struct qguest *g);
/* Refuses what makes no sense for a guest that has stopped for good. */
int qguest_check_lives(struct qguest *g, struct err *e);
/* Waits until the process has ended; false at the deadline. */
bool qguest_wait_end(struct qguest *g, int timeout_ms);
/* Ends the process, gently first; -1 when even SIGKILL does not. */
int qguest_kill(struct qguest *g, struct err *e);

/* ---- monitor.c ---- */

int monitor_start(struct qemu *d, struct err *e);
void monitor_stop(struct qemu *d);
/* From now on the death of g (pidfd) is noticed; or no more, nor anything else of it. */
int monitor_add(struct qguest *g, struct err *e);
void monitor_remove(struct qguest *g);
/* Gives g a QMP connection (swallowed) in place of its old one. */
int monitor_talk_take(struct qguest *g, int fd, struct err *e);
/* Ends g's QMP connection, if there is one; the next command makes a new one. */
void monitor_hang_up(struct qguest *g);
/* xend has g, in the state returned: it hears of all changes from now on, and of an end before. */
enum guest_state monitor_announce(struct qguest *g);

/* ---- events.c ---- */

/* qmp_event_fn of a guest (arg); the lock is held around the pump. */
void qguest_event(void *arg, const char *event, const struct value *data);
/* Makes an eventfd readable. */
void eventfd_poke(int fd);
/* With d->lock: g is now in this state; xend hears of it when that is news and g is announced. */
void qguest_become(struct qguest *g, enum guest_state state, enum stop_reason reason,
                   const char *detail);
/* With d->lock: tells watch() so. */
void change_add(struct qguest *g, enum guest_state state, const char *detail);

/* ---- vcpu.c: virtual CPUs and the threads that they are ---- */

/* A guest has so many, none of them plugged in yet. */
void vcpus_init(struct qguest *g, unsigned most);
void vcpus_clear(struct qguest *g);
/* Asks QEMU which are plugged in. */
int vcpus_learn(struct qguest *g, struct err *e);
/* With the lock: how many are plugged in. */
unsigned vcpus_online(const struct qguest *g);
/* With the lock: QEMU has removed the object of this name. */
void vcpus_removed(struct qguest *g, const char *path);
/* Takes the wishes of the spec's cpus; ERR_INVALID when the host has none of them. */
int vcpus_wish(struct qguest *g, struct err *e);
/* Puts all threads where they are wished; after vcpus_learn. */
int vcpus_pin(struct qguest *g, struct err *e);
struct cpuset host_cpus(void);
/* Pins one thread of g, which must be one. */
int thread_pin(const struct qguest *g, pid_t tid, const struct cpuset *cpus, struct err *e);
/* What it may use; false when it is no more. */
bool thread_affinity(pid_t tid, struct cpuset *out);

/* ---- hoststat.c ---- */

#define HOST_UUID "00000000-0000-0000-0000-000000000000"
uint64_t ticks_to_ns(uint64_t ticks);
/* The host as a guest among others, and each of its CPUs up to the last one that is online. */
void host_sample(guest_sample_fn *each, void *arg);
void host_vcpus(const struct cpuset *online, vcpu_sample_fn *each, void *arg);

/* ---- memory.c ---- */

/* Asks QEMU how much memory g has. */
int memory_learn(struct qguest *g, struct err *e);
/* With the lock: so says the balloon, which is to say the guest. */
void memory_told(struct qguest *g, int64_t bytes);

/* ---- the operations ---- */

struct guest *qemu_create(struct driver *d, const struct spec *s, struct job *j, struct err *e);
int qemu_scan(struct driver *d, guest_found_fn *found, void *arg, struct err *e);
int qemu_watch(struct driver *d, int stop_fd, guest_change_fn *change, void *arg, struct err *e);
int qemu_destroy(struct guest *g, struct err *e);
void qemu_forget(struct guest *g);
enum guest_state qemu_state(struct guest *guest, enum stop_reason *reason);
struct guest *qemu_restore(struct driver *d, const struct spec *s, int fd, struct job *j,
                           struct err *e);
int qemu_save(struct guest *g, int fd, bool live, struct job *j, struct err *e);
int qemu_pause(struct guest *g, struct err *e);
int qemu_resume(struct guest *g, struct err *e);
int qemu_stop(struct guest *g, enum stop_reason how, struct err *e);
int qemu_console(struct guest *g, struct err *e);
int qemu_serial(struct guest *g, unsigned n, struct err *e); /* serial.c */
char *qemu_console_log(struct guest *g);
struct value *qemu_node_info(struct driver *d, struct err *e);
int qemu_host_log(struct driver *d, bool clear, struct buf *out, struct err *e);
int qemu_sample(struct driver *d, guest_sample_fn *each, void *arg, struct err *e);
int qemu_vcpus(struct driver *d, const char *uuid, vcpu_sample_fn *each, void *arg, struct err *e);
int qemu_set_memory(struct guest *g, uint64_t kib, struct job *j, struct err *e);
int qemu_set_maxmem(struct guest *g, uint64_t kib, struct err *e);
int qemu_set_vcpus(struct guest *g, unsigned online, struct job *j, struct err *e);
int qemu_set_sched(struct driver *d, const char *uuid, int64_t weight, int64_t cap, struct err *e);
int qemu_pin_vcpu(struct guest *g, unsigned vcpu, const struct cpuset *cpus, struct err *e);
int qemu_keep_spec(struct guest *g, const struct spec *s, struct err *e);
int qemu_set_aside(struct guest *g, const struct spec *s, struct err *e); /* aside.c */
int qemu_sysrq(struct guest *g, char key, struct err *e);
int qemu_trigger(struct guest *g, enum trigger what, unsigned vcpu, struct err *e);
int qemu_dump(struct guest *g, int fd, struct job *j, struct err *e);

#endif
