/* The routes: method, path, level, handler. The table is the API and the permission matrix. */
#ifndef XEND_ROUTE_H
#define XEND_ROUTE_H

#include "xend/http.h"

struct xend;

/* Fills *p, or marks it as waiting. On HTTP threads; never blocks. */
typedef void handler_fn(struct xend *x, struct request *r, struct reply *p);

struct route {
    const char *method;
    const char *path; /* parts that begin with ':' match anything and become r->args */
    enum level level;
    handler_fn *handler;
};
extern const struct route routes[];
extern const size_t routes_count;

/* Finds the route, checks the caller's level, calls the handler. 404, 405, 403 by the table. */
void route_handle(struct xend *x, struct request *r, struct reply *p);

#endif
