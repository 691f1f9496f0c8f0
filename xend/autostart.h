/*
 * Autostart: domains that start by themselves, in the order of waves.h.
 *
 * Two occasions. With the host: the files of /etc/xen/auto and managed domains with autostart;
 * asked for over the API by the xendomains service, which restores saved domains first. With each
 * start of xend: managed domains with on_xend_start = start, as the original did. Each is a job on
 * the queue of one record, so one follows the other, and each domain's start is a job of its own.
 *
 * What began with the host is noted in run_dir: who asked for what, and which domains are done. A
 * xend that dies in the middle goes on there at its next start; nothing is started twice.
 */
#ifndef XEND_AUTOSTART_H
#define XEND_AUTOSTART_H

#include "libxl/base/index.h"
#include "xend/queue.h"

/* The second only tells what would be started. arg: bits of enum autostart_how; arg_value:
 * {"auto":DIR,"saved":DIR or nil,"gap_ms":N} */
extern const struct task_kind op_autostart, op_autostart_plan; /* plan: hidden */
enum autostart_how {
    AUTOSTART_WITH_XEND = 1, /* on_xend_start, not the host's */
    AUTOSTART_GO_ON = 2,     /* an earlier xend began it */
};

/* At start, once guests are adopted: queues what has to follow. And at the end. */
void autostart_open(struct xend *x);
void autostart_close(struct xend *x);

/* With the lock: the job of an autostart with the host that goes on already, or NULL. */
struct task *autostart_running(struct xend *x);

/*
 * When xend is told to stop: what on_xend_stop asks for of the domains that run; waits for that as
 * long as shutdown-patience says. Not with the lock.
 */
void autostart_stop(struct xend *x);

/* ---- autostart_note.c: the request in one line, then each domain that is dealt with ---- */

/* A descriptor for note_add; -1 after a warning. request NULL: goes on with the note as it is. */
int note_begin(const struct xend *x, const struct value *request);
void note_add(int fd, const char *name);
void note_remove(const struct xend *x);
/* The request of the note, the caller's, or NULL; its domains in *names, for note_has. */
struct value *note_read(const struct xend *x, struct buf *names);
/* A name that was not written whole counts as none. */
bool note_has(const struct buf *names, const char *name);

/* ---- autostart_plan.c ---- */

/* One domain of the plan. */
enum start_state {
    START_WAITS,
    START_UNDER_WAY,
    START_DONE,   /* it runs, by us */
    START_RAN,    /* it ran already */
    START_SAVED,  /* left alone: there is a saved one of its name */
    START_BEFORE, /* an earlier xend dealt with it */
    START_FAILED,
    START_SLOW,     /* nobody waits for it any more */
    START_MIGRATED, /* left alone: its guest was given to another host */
};
struct start {
    char *name;
    char *file;        /* NULL: managed */
    struct spec *spec; /* what the file says, until it is queued; or a managed domain's, copied */
    char uuid[UUID_TEXT_SIZE];
    enum start_state state;
    struct err err;    /* of START_FAILED and START_MIGRATED */
    struct task *task; /* held while under way */
};
struct plan {
    struct starts VEC(struct start) starts;
    struct index by_name; /* of the place + 1 */
};

/* The plan for an occasion. saved, of domains that are left alone: a directory or NULL. Blocks. */
void plan_read(struct xend *x, struct plan *p, int64_t how, const char *auto_dir,
               const char *saved_dir);
void plan_clear(struct plan *p);

#endif
