/* What the files of the test driver share; nobody else includes it. */
#ifndef LIBXL_TEST_TEST_DRIVER_H
#define LIBXL_TEST_TEST_DRIVER_H

#include <pthread.h>

#include "libxl/base/buf.h"
#include "libxl/base/index.h"
#include "libxl/test/test.h"

#define DOMID_LAST 32751 /* Xen's last one: 0x7ff0 is where its special ids begin */
#define HOST_MEMORY_MIB (4 * 1024 * 1024)
#define HOST_CPUS 16
#define HOST_LOG_BYTES_MAX (16 * 1024)

enum rule_kind {
    RULE_FAIL,
    RULE_DELAY,
    RULE_HANG,
    RULE_END_ON,
    RULE_END_IN,
    RULE_IGNORE,
    RULE_CPU
};

struct rule {
    enum rule_kind kind;
    enum test_op op;
    unsigned n, calls; /* RULE_FAIL: which call (0: each), calls so far */
    int64_t ms;
    enum err_code code;
    enum stop_reason how;
};
struct rules VEC(struct rule);

/* What listing and changing devices needs of one. */
struct test_device {
    enum device_class class;
    char *key;
    char *media; /* of a CD-ROM drive: what is in it, "" when nothing; else NULL */
    int64_t devid;
    bool closing; /* the guest was asked to let go of it */
};
struct test_devices VEC(struct test_device);

/* At most 1 KiB for each guest, so that tests of scale are tests of xend. */
struct test_guest {
    struct guest pub;
    char *name;
    enum guest_state state;
    enum stop_reason reason; /* of GUEST_SHUTDOWN */
    bool booted;             /* was resumed once: it has said its lines */
    int pending_stop;        /* asked for while paused; -1: nothing */
    uint64_t cpu_ns, mem_kib, max_kib;
    unsigned vcpus, max_vcpus;
    struct cpuset *affinity; /* max_vcpus of them, or NULL: not pinned */
    int64_t end_at;          /* now_ms clock; 0: never */
    enum stop_reason end_how;
    struct rules rules;
    struct test_devices devices;
    int64_t next_vif; /* ids of vifs are not reused */
};

struct test_change {
    char uuid[UUID_TEXT_SIZE];
    uint32_t domid;
    enum guest_state state;
    enum stop_reason reason;
    const char *detail; /* a constant */
};
struct test_changes VEC(struct test_change);

/* One open end of a guest's console; see test_console.c. */
struct test_console {
    uint64_t id;
    int fd;
    char uuid[UUID_TEXT_SIZE];
    struct buf input; /* a line that has no end yet */
};

struct test_driver {
    struct driver pub;
    const char *log_dir;
    char *state_dir; /* where guests are kept for the next xend; NULL: nowhere */
    pthread_mutex_t lock;
    /* All of the following is guarded by lock. */
    struct index guests; /* uuid -> struct test_guest */
    size_t n_guests;
    bool domid_used[DOMID_LAST + 1];
    uint32_t last_domid;
    uint64_t memory_kib, used_kib;
    struct rules rules;
    struct test_changes changes;
    struct buf host_log;
    int wake_fd;    /* eventfd: something for watch */
    int release_fd; /* eventfd: readable while what hangs is let go */
    bool console_log;
    struct consoles VEC(struct test_console *) consoles;
    uint64_t last_console;
    int console_epoll, console_wake;
    pthread_t console_thread;
    bool console_started;
};

static inline struct test_driver *driver_of(struct driver *d)
{
    return (struct test_driver *)d;
}

static inline struct test_guest *guest_of(struct guest *g)
{
    return (struct test_guest *)g;
}

/* test_guest.c; callers hold the lock. */
void guest_report(struct test_driver *d, const struct test_guest *g, enum guest_state state,
                  const char *detail);
int guest_wrong_state(const struct test_guest *g, const char *what, struct err *e);
void guest_end(struct test_driver *d, struct test_guest *g, enum stop_reason how);
void guest_set_state(struct test_driver *d, struct test_guest *g, enum guest_state state,
                     const char *detail);
struct test_guest *guest_find(struct test_driver *d, const char *uuid);
uint32_t guest_new_domid(const struct test_driver *d);
/* A new guest that counts; NULL when there is no room for it. */
struct test_guest *guest_add(struct test_driver *d, const struct spec *s, uint32_t domid,
                             struct rules *rules_take, struct err *e);
void guest_remove(struct test_driver *d, struct test_guest *g); /* frees it */

/* test_rules.c. Words of a text: those that begin with prefix, or all when prefix is "". */
int rules_parse(struct rules *rules, struct test_driver *host, const char *text, const char *prefix,
                struct err *e);
/* What the beginning of an operation does on demand: waits, fails. Not under the lock. */
int rules_enter(struct test_driver *d, struct rules *own, enum test_op op, struct job *j,
                struct err *e);
/* Likewise after its success, under the lock. */
void rules_leave(struct test_driver *d, struct test_guest *g, enum test_op op);
const struct rule *rule_find(const struct rules *rules, enum rule_kind kind);
/* True when the guest, or every guest, has been told not to obey op. */
bool rule_ignores(const struct test_driver *d, const struct test_guest *g, enum test_op op);

/* test_console.c; callers hold the lock. */
void console_say(struct test_driver *d, struct test_guest *g, const char *text);
void console_boot(struct test_driver *d, struct test_guest *g);
void consoles_resume(struct test_driver *d, struct test_guest *g); /* answers what was typed */
void consoles_close(struct test_driver *d, const char *uuid);
/* Not under the lock. */
int test_console_open(struct guest *g, struct err *e);
char *test_console_log(struct guest *g);
void consoles_stop(struct test_driver *d);

/* test_state.c: guests on disk, for the next xend. Callers hold the lock. */
int state_open(struct test_driver *d, const char *run_dir, struct err *e);
int state_add(struct test_driver *d, const struct test_guest *g, const struct spec *s,
              struct err *e);
void state_update(struct test_driver *d, const struct test_guest *g);
void state_remove(struct test_driver *d, const struct test_guest *g);
int test_keep_spec(struct guest *g, const struct spec *s, struct err *e);
int test_set_aside(struct guest *g, const struct spec *s, struct err *e);
struct guest *test_move(struct guest *g, bool live, struct job *j, struct err *e);
int test_scan(struct driver *d, guest_found_fn *found, void *arg, struct err *e);

/* test_device.c. Callers hold the lock. */
void guest_devices_set(struct test_guest *g, const struct spec *s);
void guest_devices_clear(struct test_guest *g);
struct value *guest_devices_value(const struct test_guest *g); /* for the state file; and back */
void guest_devices_read(struct test_guest *g, const struct value *list, int64_t next_vif);
/* Rows of the table of operations. */
int test_attach(struct guest *g, const struct device *dev, struct job *j, struct err *e);
int test_detach(struct guest *g, const struct device *dev, bool force, struct job *j,
                struct err *e);
int test_set_media(struct guest *g, const struct disk *to, struct job *j, struct err *e);
int test_devices(struct driver *d, const char *uuid, device_sample_fn *each, void *arg,
                 struct err *e);

/* test_stream.c; not under the lock. */
int stream_write(const struct test_guest *g, int fd, struct job *j, struct err *e);
/* Fills cpu_ns and booted of g from the stream. */
int stream_read(struct test_guest *g, int fd, struct job *j, struct err *e);

/* Under the lock: a line for xm dmesg. */
void host_log_add(struct test_driver *d, const char *what, const struct test_guest *g);
/* Under the lock: where the spec's cpus want its virtual CPUs. */
int guest_pin_by_spec(struct test_guest *g, const struct spec *s, struct err *e);

/* test_watch.c, test_change.c, test_host.c, test_size.c, test_keys.c: rows of the table of
 * operations */
int test_sample(struct driver *driver, guest_sample_fn *each, void *arg, struct err *e);
int test_watch(struct driver *driver, int stop_fd, guest_change_fn *change, void *arg,
               struct err *e);
int test_vcpus(struct driver *d, const char *uuid, vcpu_sample_fn *each, void *arg, struct err *e);
int test_set_memory(struct guest *g, uint64_t kib, struct job *j, struct err *e);
int test_set_maxmem(struct guest *g, uint64_t kib, struct err *e);
int test_set_vcpus(struct guest *g, unsigned online, struct job *j, struct err *e);
int test_set_sched(struct driver *d, const char *uuid, int64_t weight, int64_t cap, struct err *e);
int test_pin_vcpu(struct guest *g, unsigned vcpu, const struct cpuset *cpus, struct err *e);
int test_sysrq(struct guest *g, char key, struct err *e);
int test_trigger(struct guest *g, enum trigger what, unsigned vcpu, struct err *e);
int test_dump(struct guest *g, int fd, struct job *j, struct err *e);
int test_host_log(struct driver *d, bool clear, struct buf *out, struct err *e);
int test_pause(struct guest *g, struct err *e);
int test_resume(struct guest *g, struct err *e);
int test_stop(struct guest *g, enum stop_reason how, struct err *e);
struct value *test_node_info(struct driver *d, struct err *e);

#endif
