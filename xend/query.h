/* The query of a request, held against the parameters that its route has in the tables. */
#ifndef XEND_QUERY_H
#define XEND_QUERY_H

#include "xend/route.h"

/*
 * ERR_INVALID for a parameter that the route does not know, one that is given twice, and a word
 * that is not one of its enumeration. Ranges of numbers are the handlers' to check.
 */
int query_check(const struct request *r, const struct route *route, struct err *e);

#endif
