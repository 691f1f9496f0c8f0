/*
 * The life of a domain as one table: which operation is possible in which state, and where it
 * leads. The queue checks every job against it, before it is taken and again before it runs; the
 * OpenAPI document, API.md, xm(1) and the test that tries every operation in every state are held
 * against it.
 */
#ifndef XEND_LIFECYCLE_H
#define XEND_LIFECYCLE_H

#include "xend/queue.h"

/* Bits: 1 << enum domain_state; and one for there being no such domain. */
#define LIFE(state) (1u << DOMAIN_##state)
#define LIFE_ABSENT (1u << (DOMAIN_SUSPENDED + 1))
#define LIFE_STATES (DOMAIN_SUSPENDED + 2)

struct life {
    const char *op;      /* the kind of job */
    const char *action;  /* its path below /v1/domains/:domain; NULL: not like that */
    unsigned from, to;   /* states; to 0: it stays in its state */
    bool managed;        /* of managed domains only */
    bool ours;           /* not of guests that others made */
    const char *refusal; /* of other states; NULL: "... is not running", ... */
    const char *hint;    /* when it is refused because the domain is suspended; or NULL */
};
extern const struct life lives[];
extern const size_t lives_count;

/* "running", ...; the last is "absent". */
const char *life_state_name(unsigned n);
/* The row of a kind of job, or NULL: then nothing is checked; that of a row of the routes. */
const struct life *life_find(const char *op);
const struct life *life_of_route(const char *method, const char *path);
/* With the lock. ERR_STATE when a job of this kind is not possible for d as it is now. */
int life_check(const struct task_kind *kind, const struct domain *d, struct err *e);

#endif
