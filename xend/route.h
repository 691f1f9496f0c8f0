/*
 * The routes: method, path, level, handler, and what the OpenAPI document says of them. The table
 * is the API, the permission matrix and (openapi.c) the description.
 */
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
    /* For people and programs that read the document; query.c enforces the parameters. */
    const char *summary; /* one sentence */
    const char *body;    /* the name of a schema (openapi.c), or NULL: none is read */
    const char *reply;   /* names of schemas or media types, with a blank between; NULL: none */
    unsigned params;     /* bits of enum param_id (openapi.h) */
    unsigned answers;    /* bits of enum answer_id, without those that every route has */
};
extern const struct route routes[];
extern const size_t routes_count;

/* Finds the route, checks the caller's level, calls the handler. 404, 405, 403 by the table. */
void route_handle(struct xend *x, struct request *r, struct reply *p);

#endif
