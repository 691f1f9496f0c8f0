/*
 * What the files of the Xen driver share; nobody else includes it.
 *
 * Threads: operations come on xend's workers, watch() on a thread of xend's; there is none of our
 * own. `lock` guards the list of guests and all that is marked (L). It is held over hypercalls
 * that take microseconds (who is there, pause, unpause), so that what Xen says and what is noted
 * of it are one; never over xenstore, nor over building and destroying.
 *
 * A domain is ours when its uuid has a state file in our run directory and its /vm/UUID/xend/nonce
 * is the one of that file. Every other domain is foreign: it is shown, and nothing is done to it
 * unless somebody asks.
 */
#ifndef XEN_XEN_H
#define XEN_XEN_H

#include <pthread.h>

#include <xenctrl.h>
#include <xenstore.h>

#include "libxl/base/vec.h"
#include "libxl/dm/dm.h"
#include "libxl/driver.h"

#define MAXMEM_SLACK_KIB 1024 /* as libxenlight: room for the pages of Xen's own */
#define PATIENCE_MS 30000     /* how long a guest may take without a sign of obeying */
#define PAGE_KIB (XC_PAGE_SIZE / 1024)
#define DOM0_UUID "00000000-0000-0000-0000-000000000000"

struct xguest {
    struct guest pub; /* first */
    struct xen *d;
    struct spec *spec; /* others read it with the lock; its owner changes it with the lock */
    char nonce[UUID_TEXT_SIZE];
    char place_of[UUID_TEXT_SIZE]; /* move.c: whose it is to take, or has left to it; or "" */
    char *console_name;      /* what xenconsoled calls it: a later name changes no file of its */
    bool leaving;            /* move.c: it is called migrating-NAME meanwhile */
    bool held;               /* (L) by us for a moment: nobody is told that it stands, or runs */
    bool held_paused;        /* and is to be paused again */
    bool destroying;         /* (L) its end is wanted: what Xen says of it is no news */
    enum guest_state state;  /* (L) as last reported */
    enum stop_reason reason; /* (L) */
    uint64_t promised_kib;   /* (L) room.c: memory that is its own while it is made */
    uint64_t from_dom0_kib;  /* and what dom0 gave up for it */
    char *why;               /* (L) told with the next change; or NULL */
    struct {                 /* of a HVM guest, see dm.h */
        pid_t pid;           /* 0: not started */
        uint64_t start;
        int pidfd;         /* (L) -1: none */
        _Atomic bool dead; /* and so is the guest */
    } dm;
};

struct xchange {
    char uuid[UUID_TEXT_SIZE];
    uint32_t domid;
    enum guest_state state;
    enum stop_reason reason;
    char *detail; /* or NULL */
    bool no_screen;
};

struct infos VEC(xc_domaininfo_t); /* by domid */

/* A domain that others have made, from the moment on that it was seen (foreign.c). */
struct stranger {
    struct guest id;
    char name[DOMAIN_NAME_MAX + 1]; /* "": it has none yet, and nobody was told of it */
    bool asked, gone; /* asked: its name was looked for, and what changes there is an event */
};
struct strangers VEC(struct stranger);

struct xen {
    struct driver pub;                    /* first */
    char *dir, *log_dir;                  /* dir: of the state files */
    const char *cache_dir;                /* of unpacked kernels; borrowed; NULL: none are kept */
    pthread_mutex_t unpacking;            /* one at a time; taken alone */
    const char *scripts_dir, *vif_script; /* borrowed of the environment */
    struct vnc_tls vnc_tls;
    const char *vnc_listen, *vnc_passwd, *keymap,
        *qemu;      /* likewise of its configuration, or NULL */
    struct ids ids; /* what a QEMU becomes */
    xc_interface *xch;
    _Atomic(struct xs_handle *) xs;
    int wake_fd;         /* an eventfd: there are changes */
    int dm_epoll;        /* pidfds of QEMUs */
    _Atomic size_t room; /* for so many domains there was room in the last list of them */

    pthread_mutex_t lock;
    struct xguests VEC(struct xguest *) guests; /* (L) foreign ones, too */
    struct xguests making;                      /* (L) ours, not listed yet */
    struct strangers strangers;                 /* (L) */

    bool dom0_balloons; /* xend may take memory from dom0, ... */
    uint64_t dom0_min_kib;
    pthread_mutex_t balloon_lock; /* ... one guest at a time; taken before lock */
    uint64_t dom0_target_kib;     /* what dom0 was asked for last; with the balloon's lock */
    struct xchanges VEC(struct xchange) changes;      /* (L) for watch() */
    struct xs_handles VEC(struct xs_handle *) old_xs; /* (L) */
    struct xguests leftovers;                         /* (L) to be ended when xenstored is back */
};

static inline struct xen *xen_of(struct driver *d)
{
    return (struct xen *)d;
}
static inline struct xguest *xguest_of(struct guest *g)
{
    return (struct xguest *)g;
}

/* ---- driver_xen.c ---- */

/* A logger for libxenctrl; what it says goes to our log, the first error is kept in `words` too. */
struct xlog {
    xentoollog_logger vtable; /* first */
    char words[256];
};
void xlog_init(struct xlog *l);
/* An error from errno, after a call of libxenctrl failed; words of its logger, or NULL. */
int err_xen(struct err *e, const struct xlog *l);

/* ---- conn.c: xenstored, which may go away and come back ---- */

int xs_connect(struct xen *d, struct err *e);
void xs_disconnect(struct xen *d);
/* Before a change: it answers, after connecting anew if need be; else ERR_UNAVAILABLE. */
int xs_check(struct xen *d, struct err *e);
/* One more connection, which has just answered within so many seconds: for watches. */
struct xs_handle *xs_open_events(int seconds, struct err *e);
#define XS_PATIENCE_S 10 /* an answer takes 1 ms; a second on an overloaded host */
/* An error from errno, after a request to xenstored failed. */
int err_xenstore(struct err *e, const char *what);

/* ---- guests.c: who is there ---- */

struct xguest *xguest_new(struct xen *d, const struct spec *s);
void xguest_free(struct xguest *g);
/* Another spec for it, in its state file too; or the old one, when that cannot be written. */
int xguest_set_spec(struct xguest *g, struct spec *s_take, struct err *e);
void xguest_list(struct xguest *g);   /* from now on its changes are reported */
void xguest_unlist(struct xguest *g); /* and no more; fine when it is not listed */
/* With the lock: g is now in this state; watch() tells it when that is news. */
void xguest_become(struct xguest *g, enum guest_state state, enum stop_reason reason);
/* From now on its domain is not taken for a stranger's; and: it is listed by now, or no more. */
void xguest_begin(struct xguest *g);
void xguest_began(struct xguest *g);
void watch_wake(struct xen *d);

void handle_from_uuid(xen_domain_handle_t handle, const char *uuid);
void uuid_from_handle(char uuid[UUID_TEXT_SIZE], const xen_domain_handle_t handle);
/* All domains of the host, in one hypercall. */
int infos_get(struct xen *d, struct infos *out, struct err *e);
/* The living domain with this uuid, or NULL; the domain that g is, or NULL. */
const xc_domaininfo_t *infos_find_uuid(const struct infos *v, const char *uuid);
const xc_domaininfo_t *infos_find_guest(const struct infos *v, const struct guest *g);
enum guest_state info_state(const xc_domaininfo_t *i, enum stop_reason *reason);
/* The same of g, whose domain it is, and of its device model. */
enum guest_state xguest_state(const struct xguest *g, const xc_domaininfo_t *i,
                              enum stop_reason *reason);
/* What g is at this moment, by one hypercall; GUEST_GONE too. */
enum guest_state xguest_look(const struct xguest *g, enum stop_reason *reason);
/* Its number is another domain's by now. */
bool xguest_is_replaced(const struct xguest *g);

/* ---- watch.c: what has changed ---- */

int xen_sample(struct driver *d, guest_sample_fn *each, void *arg, struct err *e);
int xen_watch(struct driver *d, int stop_fd, guest_change_fn *change, void *arg, struct err *e);

/* ---- foreign.c: domains of others; see there ---- */

/* With the lock: notes who has come and who has gone. known: which of infos are guests of d. */
void strangers_compare(struct xen *d, const struct infos *infos, bool *known);
/* The number of one with this name that is among infos; 0: there is none. */
uint32_t strangers_find_name(struct xen *d, const char *name, const struct infos *infos);
/* For watch(), on its connection. On a new one: one watch for the names of all, with the token
 * STRANGERS_TOKEN; looks for the names of those that were noted; takes up an event of that token.
 */
#define STRANGERS_TOKEN "names"
int strangers_begin(struct xen *d, struct xs_handle *xs, struct err *e);
void strangers_attend(struct xen *d, struct xs_handle *xs, guest_change_fn *change, void *arg);
void strangers_event(struct xen *d, struct xs_handle *xs, const char *path, guest_change_fn *change,
                     void *arg);
/* The process that serves a foreign guest's devices is ended, if there is one. */
void stranger_end_dm(const struct xguest *g);

/* ---- store.c: a domain's part of xenstore ---- */

/* What the builder knows and the guest's start depends on. */
struct built {
    unsigned store_port, console_port;
    unsigned long store_mfn, console_mfn;
};
/* All of g's nodes and its devices', in one transaction, mark included; or none. */
struct xdevs;
int store_add(struct xguest *g, const struct built *b, const struct xdevs *devices, struct err *e);
/* Removes them, unless they are somebody else's by now. Fine when there are none. */
int store_remove(struct xguest *g, struct err *e);
/* Puts a request to shut down where the guest listens, unless the guest is gone. */
int store_request(struct xguest *g, const char *what, struct err *e);
/* The same for any nodes of it, all or none. */
struct node {
    char name[64], text[DOMAIN_NAME_MAX + 1];
};
int store_put(struct xguest *g, const struct node *nodes, size_t n, struct err *e);
/* It is g->pub.uuid's now, and was this one's. */
int store_move(struct xguest *g, const char *uuid, struct err *e);
/* It is called what it is now; fine when it is gone. And two of them, at once. */
int store_name(struct xguest *g, struct err *e);
int store_name_two(struct xguest *a, struct xguest *b, struct err *e);
/* The text of one of its nodes, NULL: there is none; the caller frees. */
char *store_get(struct xguest *g, const char *node);
/* Takes such a request back, if the guest has not taken it. */
int store_unrequest(struct xguest *g, const char *what, struct err *e);
/* A number that one of its nodes says. */
int store_get_number(struct xguest *g, const char *node, uint64_t *out, struct err *e);
/* Has the domain our mark? If not: errno is ENOENT, or why that cannot be told. And has it no
 * /local/domain/N yet, as just after its creation? */
bool store_has_mark(struct xguest *g);
bool store_is_bare(struct xguest *g);
/* Waits until the node of g's has a text; the caller frees. */
char *store_await(struct xguest *g, const char *node, int timeout_ms, struct err *e);

/* ---- state.c: the file of a guest, RUN_DIR/xen/UUID.json ---- */

/* ready false: an intent; the domain may exist or not. */
int xstate_save(const struct xguest *g, bool ready, struct err *e);
struct xguest *xstate_load(struct xen *d, const char *uuid, bool *ready, struct err *e);
void xstate_remove(const struct xguest *g);
/* The same of another file. */
#define XSTATE ".json"
char *xstate_path(const struct xen *d, const char *uuid, const char *suffix);
int xstate_write(const struct xguest *g, bool ready, const char *path, struct err *e);
struct xguest *xstate_read(struct xen *d, const char *uuid, const char *path, bool *ready,
                           struct err *e);

/* ---- aside.c ---- */

int xen_set_aside(struct guest *g, const struct spec *s, struct err *e);
/* Before a scan: what an earlier xend had begun, here and in move.c. */
void asides_finish(struct xen *d);

/* ---- move.c ---- */

struct guest *xen_move(struct guest *g, bool live, struct job *j, struct err *e);
/* Steps of create.c: the memory of one becomes the other's; then its place, for good. */
int move_memory(struct xguest *from, struct xguest *to, bool live, struct built *b, struct job *j,
                struct err *e);
int move_place(struct xguest *from, struct xguest *to, struct err *e);
/* The end of that, of an xend that died in it. path: of its note, UUID.moved. And: what an xend
 * that died before it had made was undone. */
#define XMOVED ".moved"
void move_finish(struct xguest *noted, const char *path);
void move_undone(struct xen *d, const char *uuid);

/* ---- vcpu.c ---- */

void set_from_map(struct cpuset *out, const uint8_t *map, int bytes);
/* The CPUs that domains of this pool may use. */
int pool_cpus(struct xen *d, uint32_t pool, struct cpuset *out, struct err *e);
/* Its virtual CPUs where the spec's cpus want them, and the share that it wants. */
int place_by_spec(struct xguest *g, struct err *e);
/* ERR_STATE for a guest that has stopped for good; *info: what Xen knows of it. */
int xguest_info(struct xguest *g, xc_domaininfo_t *info, struct err *e);
/* Waits a moment, less when the job is cancelled. */
void job_wait(struct job *j, int ms);

/* ---- sched.c ---- */

/* Weight and cap of a domain, -1: as it is. */
int share_set(struct xen *d, const xc_domaininfo_t *info, int64_t weight, int64_t cap,
              struct err *e);
const char *scheduler_name(int id); /* "credit2"; host.c */

/* ---- pools.c ---- */

/* The number of the pool with this name; its name, or "Pool-N"; g moves there. */
int pool_find(struct xen *d, const char *name, uint32_t *id, struct err *e);
void pool_name(struct xen *d, uint32_t id, char *out, size_t size);
int pool_enter(struct xguest *g, const char *name, struct err *e);

/* ---- room.c ---- */

/*
 * Waits until so much of the host's memory is free for g, which dom0 may have to give up first;
 * ERR_NO_RESOURCE when there is too little. give_back: g needs it no more.
 */
int room_make(struct xguest *g, uint64_t kib, struct job *j, struct err *e);
void room_give_back(struct xguest *g);

/* ---- the operations ---- */

struct guest *xen_create(struct driver *d, const struct spec *s, struct job *j, struct err *e);
/* The same for move.c: it gets `from`s memory and place, which has s's afterwards. */
struct guest *make_in_place(struct xguest *from, const struct spec *s, bool live, struct job *j,
                            struct err *e);
/* build.c: g's domain with its memory and kernel, paused; sets g's domid as soon as there is one.
 */
int build_domain(struct xguest *g, const xc_physinfo_t *host, struct err *e);
struct boot; /* image.h */
int build_image(struct xguest *g, const struct boot *boot, struct built *b, struct err *e);
int make_ports(xc_interface *xch, uint32_t domid, struct built *b);
/* restore.c: the same out of a stream. */
int restore_image(struct xguest *g, struct built *b, int fd, int state, struct job *j,
                  struct err *e);
/* life.c: its devices, those of its number; and the file of what its console said. */
int guest_end_devices(struct xguest *g, struct err *e);
char *console_log_path(const struct xguest *g);
/* The same with its state file; false: that failed, and is logged. What nobody knows: tried again
 * later. */
bool domain_undo(struct xguest *g);
void leftover_add_take(struct xguest *g_take);
void domain_end_take(struct xguest *g_take);
/* Those that failed, once more. */
void leftovers_end(struct xen *d);

int xen_scan(struct driver *d, guest_found_fn *found, void *arg, struct err *e);
int xen_destroy(struct guest *g, struct err *e);
void xen_forget(struct guest *g);
enum guest_state xen_state(struct guest *g, enum stop_reason *reason);
int xen_pause(struct guest *g, struct err *e);
int xen_resume(struct guest *g, struct err *e);
int xen_stop(struct guest *g, enum stop_reason how, struct err *e);
int xen_console(struct guest *g, struct err *e);
char *xen_console_log(struct guest *g);
int xen_vcpus(struct driver *d, const char *uuid, vcpu_sample_fn *each, void *arg, struct err *e);
int xen_pin_vcpu(struct guest *g, unsigned vcpu, const struct cpuset *cpus, struct err *e);
struct value *xen_pools(struct driver *d, struct err *e);
int xen_pool_new(struct driver *d, const char *name, const char *scheduler,
                 const struct value *cpus, struct err *e);
int xen_pool_delete(struct driver *d, const char *name, struct err *e);
int xen_pool_cpu(struct driver *d, const char *name, const char *cpus, bool add, struct err *e);
int xen_pool_move(struct guest *g, const char *name, struct err *e);
int xen_debug_keys(struct driver *d, const char *keys, struct err *e);
int xen_set_sched(struct driver *d, const char *uuid, int64_t weight, int64_t cap, struct err *e);
int xen_sched(struct driver *d, sched_sample_fn *each, void *arg, struct err *e);
int xen_set_vcpus(struct guest *g, unsigned online, struct job *j, struct err *e);
int xen_set_memory(struct guest *g, uint64_t kib, struct job *j, struct err *e);
int xen_set_maxmem(struct guest *g, uint64_t kib, struct err *e);
int xen_keep_spec(struct guest *g, const struct spec *s, struct err *e);
int xen_attach(struct guest *g, const struct device *dev, struct job *j, struct err *e);
int xen_detach(struct guest *g, const struct device *dev, bool force, struct job *j, struct err *e);
int xen_devices(struct driver *d, const char *uuid, device_sample_fn *each, void *arg,
                struct err *e);
int xen_sysrq(struct guest *g, char key, struct err *e);
int xen_trigger(struct guest *g, enum trigger what, unsigned vcpu, struct err *e);
int xen_save(struct guest *g, int fd, bool live, struct job *j, struct err *e);
struct guest *xen_restore(struct driver *d, const struct spec *s, int fd, struct job *j,
                          struct err *e);
int xen_dump(struct guest *g, int fd, struct job *j, struct err *e);
int xen_host_log(struct driver *d, bool clear, struct buf *out, struct err *e);
/* Its own drivers listen in xenstore, as those of all guests but some HVM ones do. */
bool guest_hears(const struct xguest *g);
/* What stands still, without that anybody was told, runs again. */
int guest_let_go(struct xguest *g, struct err *e);

/* ---- save.c ---- */

/* One that suspended itself runs again; its device model is told before, without the lock. And: one
 * that was asked to shall not. */
bool guest_is_suspended(const struct xguest *g);
/* Refuses what cannot be saved before anything is touched. */
int save_check(struct xguest *g, bool live, struct err *e);
int guest_wake(struct xguest *g, struct err *e);
int guest_unask_suspend(struct xguest *g, struct err *e);
struct value *xen_node_info(struct driver *d, struct err *e);

#endif
