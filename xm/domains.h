/* Domains as xend tells of them, for the commands that work on all or on those that were named. */
#ifndef XM_DOMAINS_H
#define XM_DOMAINS_H

#include "config/value.h"
#include "libxl/base/vec.h"
#include "xm/xm.h"

/* ptr[i] is one domain, borrowed from the replies. Start with {0}. */
struct domains {
    const struct value **ptr;
    size_t len, cap;
    struct replies VEC(struct value *) replies;
};

/*
 * The domains named by the words of the command line, each asked for by itself (any unknown name
 * ends it all), or all of them when there are no words. query is appended ("?detail=config").
 */
int domains_fetch(struct domains *d, struct xm *xm, const struct args *a, const char *query,
                  struct err *e);
/* The same of what else xend tells of domains: a path for all, a suffix to the path of one. */
int domains_fetch_at(struct domains *d, struct xm *xm, const struct args *a, const char *all,
                     const char *suffix, struct err *e);
void domains_clear(struct domains *d);

/* A member that may be null (domid, start_time): NULL unless it is a number. */
const struct value *domain_number(const struct value *domain, const char *key);

/* The same as a real: 0 when it is none. */
double domain_real(const struct value *domain, const char *key);

/* The six letters of its state (cmd_list.c); "" without a guest. */
const char *domain_letters(const struct value *domain);

/* Copies of the domains as one list; the caller frees. */
struct value *domains_to_value(const struct domains *d);

#endif
