/*
 * What the files of the Xen driver share; nobody else includes it.
 *
 * Threads: operations come on xend's workers, watch() on a thread of xend's; there is none of our
 * own. `lock` guards the list of guests and all that is marked (L). It is held over hypercalls
 * that take microseconds (who is there, pause, unpause), so that what Xen says and what is noted
 * of it are one; never over xenstore, nor over building and destroying.
 *
 * A domain is ours when its uuid has a state file in our run directory and its /vm/UUID/xend/nonce
 * is the one of that file. Every other domain is foreign: it is never touched.
 */
#ifndef XEN_XEN_H
#define XEN_XEN_H

#include <pthread.h>

#include <xenctrl.h>
#include <xenstore.h>

#include "libxl/base/vec.h"
#include "libxl/driver.h"

#define DOM0_UUID "00000000-0000-0000-0000-000000000000"

struct xguest {
    struct guest pub; /* first */
    struct xen *d;
    struct spec *spec;
    char nonce[UUID_TEXT_SIZE];
    bool destroying;         /* (L) its end is wanted: what Xen says of it is no news */
    enum guest_state state;  /* (L) as last reported */
    enum stop_reason reason; /* (L) */
};

struct xchange {
    char uuid[UUID_TEXT_SIZE];
    uint32_t domid;
    enum guest_state state;
    enum stop_reason reason;
};

struct infos VEC(xc_domaininfo_t); /* by domid */

struct xen {
    struct driver pub; /* first */
    char *dir;         /* of the state files */
    xc_interface *xch;
    struct xs_handle *xs;
    int wake_fd;         /* an eventfd: there are changes */
    _Atomic size_t room; /* for so many domains there was room in the last list of them */

    pthread_mutex_t lock;
    struct xguests VEC(struct xguest *) guests;  /* (L) */
    struct xchanges VEC(struct xchange) changes; /* (L) for watch() */
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

/* ---- guests.c: who is there ---- */

struct xguest *xguest_new(struct xen *d, const struct spec *s);
void xguest_free(struct xguest *g);
void xguest_list(struct xguest *g);   /* from now on its changes are reported */
void xguest_unlist(struct xguest *g); /* and no more; fine when it is not listed */
/* With the lock: g is now in this state; watch() tells it when that is news. */
void xguest_become(struct xguest *g, enum guest_state state, enum stop_reason reason);

void handle_from_uuid(xen_domain_handle_t handle, const char *uuid);
/* All domains of the host, in one hypercall. */
int infos_get(struct xen *d, struct infos *out, struct err *e);
/* The living domain with this uuid, or NULL; the domain that g is, or NULL. */
const xc_domaininfo_t *infos_find_uuid(const struct infos *v, const char *uuid);
const xc_domaininfo_t *infos_find_guest(const struct infos *v, const struct guest *g);
enum guest_state info_state(const xc_domaininfo_t *i, enum stop_reason *reason);
/* What g is at this moment, by one hypercall; GUEST_GONE too. */
enum guest_state xguest_look(const struct xguest *g, enum stop_reason *reason);

/* ---- watch.c: what has changed ---- */

int xen_sample(struct driver *d, guest_sample_fn *each, void *arg, struct err *e);
int xen_watch(struct driver *d, int stop_fd, guest_change_fn *change, void *arg, struct err *e);

/* ---- store.c: a domain's part of xenstore ---- */

/* What the builder knows and the guest's start depends on. */
struct built {
    unsigned store_port, console_port;
    unsigned long store_mfn, console_mfn;
};
/* All of g's nodes, in one transaction, mark included; or none. */
int store_add(struct xguest *g, const struct built *b, struct err *e);
/* Removes them, unless they are somebody else's by now. Fine when there are none. */
int store_remove(struct xguest *g, struct err *e);
/* Puts a request where the guest listens, unless the guest is gone. */
int store_request(struct xguest *g, const char *what, struct err *e);
/* Has the domain our mark? And has it no /local/domain/N yet, as just after its creation? */
bool store_has_mark(struct xguest *g);
bool store_is_bare(struct xguest *g);
/* Waits until the node of g's has a text; the caller frees. */
char *store_await(struct xguest *g, const char *node, int timeout_ms, struct err *e);

/* ---- state.c: the file of a guest, RUN_DIR/xen/UUID.json ---- */

/* ready false: an intent; the domain may exist or not. */
int xstate_save(const struct xguest *g, bool ready, struct err *e);
struct xguest *xstate_load(struct xen *d, const char *uuid, bool *ready, struct err *e);
void xstate_remove(const struct xguest *g);

/* ---- the operations ---- */

struct guest *xen_create(struct driver *d, const struct spec *s, struct job *j, struct err *e);
/* build.c: g's domain with its memory and kernel, paused; sets g's domid as soon as there is one.
 */
int build_domain(struct xguest *g, const xc_physinfo_t *host, struct err *e);
int build_image(struct xguest *g, struct built *b, struct err *e);
/* life.c: what undo, destroy and scan share: domain and xenstore are gone when it returns 0. */
int domain_end(struct xguest *g, struct err *e);

int xen_scan(struct driver *d, guest_found_fn *found, void *arg, struct err *e);
int xen_destroy(struct guest *g, struct err *e);
void xen_forget(struct guest *g);
enum guest_state xen_state(struct guest *g, enum stop_reason *reason);
int xen_pause(struct guest *g, struct err *e);
int xen_resume(struct guest *g, struct err *e);
int xen_stop(struct guest *g, enum stop_reason how, struct err *e);
int xen_console(struct guest *g, struct err *e);
char *xen_console_log(struct guest *g);
struct value *xen_node_info(struct driver *d, struct err *e);

#endif
