/*
 * Domains: xend's records, by name, uuid and domid. A domain exists when nothing runs; a guest is
 * what runs, and belongs to the driver. Everything here is guarded by the one lock (xend_lock) and
 * is called with it, except where said.
 */
#ifndef XEND_DOMAIN_H
#define XEND_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "xend/console.h"
#include "libxl/base/index.h"
#include "libxl/base/uuid.h"
#include "libxl/driver.h"
#include "xend/http.h"

struct xend;
struct task;
struct console;

enum domain_state {
    DOMAIN_HALTED,
    DOMAIN_RUNNING,
    DOMAIN_PAUSED,
    DOMAIN_SHUTDOWN,
    DOMAIN_CRASHED,
    DOMAIN_DYING,
    DOMAIN_SUSPENDED,
};
const char *domain_state_name(enum domain_state s);

#define DOMID_NONE UINT32_MAX

struct domain {
    char uuid[UUID_TEXT_SIZE];
    char domid_text[12]; /* the index key: decimal, "" without one */
    const char *driver;  /* the name of what runs it; a constant */
    struct spec *next;   /* what a managed domain starts with next time, or NULL: spec */
    struct spec *spec;   /* its name is the domain's; replaced as a whole, never changed in place */
    enum domain_state state;
    enum stop_reason reason; /* of DOMAIN_SHUTDOWN */
    uint32_t domid;          /* DOMID_NONE while nothing runs */
    uint32_t last_domid;     /* of the guest that was here before; 0: none */
    double start_time;
    bool managed;    /* kept when nothing runs */
    bool privileged; /* Domain-0: the host itself */
    bool foreign;    /* others made its guest: shown, and nothing is done to it unasked */
    char *vnc;       /* "HOST:PORT" where its screen is, or NULL */
    bool reboot_asked;
    bool restarting; /* its guest is replaced: dying, not halted, until the next one is there */
    uint32_t stops_asked; /* how often the guest was asked to end */

    /* The last sample. */
    uint64_t cpu_ns, mem_kib;
    unsigned vcpus_online;
    bool idle;

    /* The queue (queue.c): tasks in order; the worker that is `busy` owns `guest`. */
    struct task *first, *last, *running;
    struct domain *next_ready;
    bool ready;          /* waits for a worker */
    struct guest *guest; /* touched by the domain's own tasks only */
    struct console *consoles[CONSOLES_MAX];
    struct claims *claims; /* of disks, claims.h; NULL: none */

    char *json; /* the cached text of the wire form, or NULL */
    bool removed;
    int refs; /* the table's own, and one for each task and console client */
};

struct domains {
    struct xend *xend;
    struct domain **sorted; /* by name, Domain-0 first */
    size_t n, cap;
    struct index by_name, by_uuid, by_domid;
    uint64_t epoch, generation; /* generation: of the last visible change; see API.md */
    uint64_t samples;           /* counts changes of numbers only */
    bool loading;               /* what was there before is no news */
    /* Cached answers to GET /v1/domains, or NULL: whole, and with the keys last asked for. */
    struct shared_text *list, *list_of_keys;
    unsigned list_keys;
    int64_t sampled_ms;
    _Atomic bool sampling;
};

struct domains *domains_new(struct xend *x);
void domains_free(struct domains *t);

/* Makes a halted record. ERR_EXISTS when the name or uuid is taken. Swallows the spec. */
struct domain *domain_add_take(struct domains *t, struct spec *s, struct err *e);
/* A record that is not in the table yet, for a job that will learn who it is. One reference. */
struct domain *domain_new(struct domains *t, const char *name);
/* Puts such a one into it. ERR_EXISTS as above. Swallows the spec. */
int domain_enter_take(struct domains *t, struct domain *d, struct spec *s, struct err *e);
/*
 * Puts it there in place of a managed record of the same uuid that nothing runs and nothing works
 * on. Swallows the spec, whose name is the old record's; what that was defined as is d->next.
 */
void domain_take_over_take(struct domains *t, struct domain *d, struct domain *old, struct spec *s);
/* Takes it out of the table; freed with its last reference. */
void domain_remove(struct domains *t, struct domain *d);
void domain_ref(struct domain *d);
void domain_unref(struct domain *d);

/* By name of a running domain, other name, domid, uuid: "Domain 'x' does not exist." */
struct domain *domain_get(const struct domains *t, const char *key, struct err *e);
struct domain *domain_find_name(const struct domains *t, const char *name);
struct domain *domain_find_uuid(const struct domains *t, const char *uuid);

/* Records a change of state; wakes those who wait for the list. */
void domain_set_state(struct domains *t, struct domain *d, enum domain_state s);
/* A guest came (paused), perhaps in place of the one that was here; or went. */
void domain_started(struct domains *t, struct domain *d, const struct guest *g);
void domain_stopped(struct domains *t, struct domain *d);
/* The guest of `from`, which has ended like that, is another record's from now on. Worker of from.
 */
void domain_move_guest(struct domains *t, struct domain *from, struct domain *to,
                       enum domain_state ended);
/* Something visible changed, other than by the calls above. */
void domain_touch(struct domains *t, struct domain *d);
/* Takes another spec: a rename among others. ERR_EXISTS when its name is taken. */
int domain_set_spec_take(struct domains *t, struct domain *d, struct spec *s, struct err *e);

/* The wire form without the spec; the caller's. */
struct value *domain_to_value(const struct domain *d);
/* The same as text, or what bits of keys want; wanted 0: kept until something changes. Appends,
   with a newline. */
void domain_text(struct domain *d, unsigned wanted, struct buf *out);
#define DOMAIN_KEYS_ALL 0x3ffffu
/* "name,state": which keys of the wire form are wanted, as bits. */
int domain_keys_parse(const char *text, unsigned *out, struct err *e);

/*
 * The answer to GET /v1/domains: one reference for the caller. wanted: 0, or bits of keys; states:
 * NULL for all, or names with commas between them.
 */
struct shared_text *domains_list_text(struct domains *t, unsigned wanted, const char *states);
/* "epoch.generation", and the ETag that also changes with the numbers. The caller frees. */
char *domains_generation_text(const struct domains *t);
char *domains_etag(const struct domains *t);

/* Without the lock: asks the driver for everybody's numbers, unless that was just done. */
void domains_sample(struct domains *t);

#endif
