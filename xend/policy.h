/* What follows the end of a guest: on_poweroff, on_reboot, on_crash. */
#ifndef XEND_POLICY_H
#define XEND_POLICY_H

#include "xend/queue.h"

/* With the lock: records that d's guest ended and queues what must follow. */
void policy_note_end(struct xend *x, struct domain *d, const struct guest_change *c);
/*
 * The same for the job that let the guest run and found it crashed or gone: what follows is done
 * when this returns, so that who is told of the failure finds it so. The driver's news of that end
 * change nothing, before or after. On d's worker, without the lock.
 */
void policy_end_now(struct xend *x, struct domain *d, struct task *t, enum guest_state state);

/* The action of a spec for an end, with restarts refused that come too fast (pure). */
enum end_action policy_action(const struct spec *s, enum guest_state end, enum stop_reason reason,
                              double lived_s, bool asked);

/* Shared by the jobs; in ops.c. All run on d's worker, without the lock. */
int domain_guest_start(struct xend *x, struct domain *d, struct task *t, bool paused,
                       struct err *e);
/* Lets go of the disks that were claimed for a guest that did not come about; -1. */
int domain_unclaim(struct xend *x, struct domain *d);
/* The rest of that, for a paused guest that the driver has made. */
int domain_guest_take(struct xend *x, struct domain *d, struct task *t, struct guest *g,
                      bool paused, struct err *e);
int domain_guest_end(struct xend *x, struct domain *d, struct err *e);
/* Asks where the screen is, if there is one; d->vnc. On its worker, or before there are any. */
void domain_find_screen(struct xend *x, struct domain *d);
/* Ends the guest and starts another with the same spec; finished even by a later xend. */
int domain_restart(struct xend *x, struct domain *d, struct task *t, bool paused, struct err *e);
/* Its guest, which has ended, is kept under another name (aside.c): d has none any more. */
int domain_keep_dead(struct xend *x, struct domain *d, bool crashed, struct err *e);
void domain_forget_if_transient(struct xend *x, struct domain *d);
/* Into a file, whole; then the guest ends, or goes on (checkpoint). Under an intent of its own. */
int domain_save(struct xend *x, struct domain *d, struct task *t, const char *file, bool checkpoint,
                struct err *e);
/* The guest is as it was before a save, which may have got as far as making it stand still. */
int domain_go_on(struct xend *x, struct domain *d, bool was_running, struct err *e);
/* It is known at once that its guest is suspended, if so: the driver's news of it may come later.
 */
void domain_stands_still(struct xend *x, struct domain *d);
/*
 * The record of a restored guest gets what was saved of it, and its place in the list: that of the
 * managed domain that it was, which keeps its name and what it is defined as.
 */
int domain_enter_saved_take(struct xend *x, struct domain *d, struct task *t, struct spec *s_take,
                            struct err *e);
/* After that: the definition waits for the next start only where it differs from what runs. */
void domain_settle_definition(struct xend *x, struct domain *d);
/* A guest from a stream, paused. Under the caller's intent. */
int domain_restore(struct xend *x, struct domain *d, struct task *t, int fd, struct err *e);
/* The same, and it is let go unless t->arg says CREATE_PAUSED; the file is removed in between. The
 * intent of it is left to who calls. */
int domain_restore_once(struct xend *x, struct domain *d, struct task *t, const char *file, int fd,
                        struct err *e);
/* Whether a stored spec asks for what a guest was made with. */
bool specs_ask_the_same(const struct spec *stored, const struct spec *running);
/* Its guest is this xend's: it is not away any more, if it was (away.h). */
void domain_runs_here(struct xend *x, const struct domain *d);
/* A paused guest runs. */
int domain_let_go(struct xend *x, struct domain *d, struct err *e);
/* {"domain":...}: what a job that starts one answers. The caller's. */
struct value *domain_result(struct xend *x, const struct domain *d);
/*
 * A change to what a domain has. plan: checks it and makes it in *s, a copy of the spec, which is
 * then kept, on disk and where the driver keeps it; apply: asks the guest, if there is one, and
 * when that fails the old spec is kept again; NULL: there is nothing to ask. An error means that
 * nothing has changed. possible: the driver can do it.
 */
typedef int op_plan_fn(struct xend *x, struct domain *d, struct task *t, struct spec *s,
                       struct err *e);
typedef int op_apply_fn(struct xend *x, struct domain *d, struct task *t, struct err *e);
int op_change(struct xend *x, struct domain *d, struct task *t, op_plan_fn *plan,
              op_apply_fn *apply, bool possible, struct err *e);
/* Writes the guest's memory to a file of the domain's name, or the one named. how: enum dump_how */
int domain_dump(struct xend *x, struct domain *d, struct task *t, const char *file, int64_t how,
                struct err *e);

#endif
