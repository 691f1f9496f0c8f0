/*
 * The work of jobs: what xend does with a domain and its guest. Each runs on a worker, alone in
 * its domain, without the lock but where it changes a record.
 */
#ifndef XEND_OPS_H
#define XEND_OPS_H

#include "xend/queue.h"

/* Its record is there already. arg: bits of enum create_how. */
extern const struct task_kind op_create;
enum create_how { CREATE_PAUSED = 1, CREATE_RESTART = 2, CREATE_START = 4, RESTORE_ONCE = 8 };
/* Managed domains. new: arg_value: the spec, or NULL: the record's own; starts with CREATE_START.
 * start, resume: arg: CREATE_PAUSED; restore: RESTORE_ONCE, too */
/* configure: arg_value: {"config":spec,"etag":text or nil}. keep: a running domain becomes managed
 */
extern const struct task_kind op_configure, op_keep;
extern const struct task_kind op_new, op_start, op_delete, op_suspend, op_resume;
/* With the lock: the uuid and MAC addresses that a spec leaves to xend. */
void spec_complete(struct xend *x, struct spec *s);
/*
 * With the lock: makes the record, or finds the managed one that is meant, and queues the job. how:
 * CREATE_PAUSED, CREATE_START. NULL: its name or uuid is taken. Swallows the spec.
 */
struct task *domain_make_take(struct xend *x, struct spec *s_take, int64_t how, bool managed,
                              const char *by, struct err *e);
/* arg_value: keys of the spec to change: autostart, start_order, start_delay, start_after */
extern const struct task_kind op_autostart_set;
extern const struct task_kind op_pause, op_unpause;
extern const struct task_kind op_shutdown; /* arg: enum stop_reason */
extern const struct task_kind op_destroy, op_reset;
extern const struct task_kind op_rename; /* arg_value: the new name */
/* arg: MiB, MiB, virtual CPUs; the last: arg: number or -1 for all, arg_value: the CPUs' text */
extern const struct task_kind op_mem_set, op_mem_max, op_vcpu_set, op_vcpu_pin;
/* attach: arg_value: {"class","device"}. detach: {"class","key"}, of a recovery {"class","device"};
 * arg: force. media: {"class":"disk","device"}; arg: it is a recovery */
extern const struct task_kind op_attach, op_detach, op_media;
/* Such an arg_value (the caller's), and the device of one, complete or NULL. */
struct value *device_job_value(const struct device *dev);
struct device *device_of_job(const struct value *v, struct err *e);
extern const struct task_kind op_sysrq;   /* arg: the key */
extern const struct task_kind op_trigger; /* arg: TRIGGER_ARG */
#define TRIGGER_ARG(what, vcpu) ((int64_t)(what) << 32 | (vcpu))
extern const struct task_kind op_save;    /* arg: it goes on afterwards; arg_value: the file */
extern const struct task_kind op_restore; /* as op_create; arg_value: the file */
/* With a stream. migrate: arg: live; arg_value: {"to"} or NULL. receive: on a record that learns
 * who it is */
extern const struct task_kind op_migrate, op_receive;
extern const struct task_kind op_migrate_to; /* as op_migrate; arg_value: {"host","port"} */
/* hidden: asks who has a guest that was given away; arg_value: as op_migrate_to */
extern const struct task_kind op_given;
/* hidden: undoes what stands still for a save or dump; arg: it runs on. Takes the intent back */
extern const struct task_kind op_go_on;
/* arg: bits of enum dump_how; arg_value: an absolute path, or "" for a file of its own name */
extern const struct task_kind op_dump;
enum dump_how { DUMP_LIVE = 1, DUMP_CRASH = 2, DUMP_RESET = 4 };
extern const struct task_kind op_console; /* hidden: connects the domain's console hub */
extern const struct task_kind op_ended;   /* hidden: the guest stopped; arg: its domid */

/* With the lock: what it starts with next time, and a text that changes with that (the caller's).
 */
const struct spec *domain_definition(const struct domain *d);
char *domain_definition_etag(const struct domain *d);

/* With the lock: refuses what can be told at once to be impossible for d. */
int op_check(const struct task_kind *kind, const struct domain *d, struct err *e);

/* The watch thread's callback (arg: struct xend): records the fact, leaves the rest to op_ended. */
void ops_guest_changed(void *arg, const struct guest_change *c);

/* At start: makes records of the managed domains, then of the guests that run. */
int ops_load(struct xend *x, struct err *e);
int ops_adopt(struct xend *x, struct err *e);

#endif
