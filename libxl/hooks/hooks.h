/*
 * What the stock hook scripts (scripts/hooks/) do, done by system calls: no process is started.
 * hotplug.c asks stock_find() whether a script is one of them, unchanged, and then calls its
 * function instead; nobody else includes this. Whatever a function does not know how to do it
 * leaves to the script, before it has changed anything.
 */
#ifndef HOOKS_HOOKS_H
#define HOOKS_HOOKS_H

#include <stdbool.h>

#include "libxl/hotplug.h"

enum { HOOK_DONE = 0, HOOK_FAILED = -1, HOOK_SCRIPT = 1 /* nothing done: see why */ };

/* One run. */
struct hook {
    const struct hotplug *h;
    const char *action;
    bool start;    /* online or add, else offline or remove */
    char why[160]; /* it must be the script */
};
typedef int hook_fn(struct hook *c, struct err *e);

/* stock.c: the function of the stock script with this path, or NULL: *why (static) tells. */
hook_fn *stock_find(const char *path, const char **why);

/* vif.c, route.c, block.c: what each has the name of. */
hook_fn hook_vif_bridge, hook_vif_route, hook_vif_nat, hook_block;

/* param.c */

/* A parameter of the configuration: of xenstore, else of the arguments, else of the environment;
 * "" when there is none. The caller frees. */
char *hook_param(const struct hook *c, const char *name);
/* The same without xenstore; borrowed. Numbers in the environment are not for this. */
const char *hook_arg(const struct hook *c, const char *name);
/* HOOK_SCRIPT when there is an argument whose name is not one of these; they end with NULL. */
int hook_check_args(struct hook *c, const char *const *names);
/* Leaves it to the script: returns HOOK_SCRIPT. */
int hook_leave(struct hook *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As the scripts' fatal: xenstore is told, too, with this status. Returns HOOK_FAILED. */
int hook_fatal(const struct hook *c, const char *status, const struct err *e);
/* name = text below XENBUS_PATH, where there is a xenstore. */
int hook_answer(const struct hook *c, const char *name, const char *text, struct err *e);

#endif
