/* Messages of rtnetlink, for nl.c and nl_route.c alone: see nl.h. */
#ifndef HOOKS_NL_MESSAGE_H
#define HOOKS_NL_MESSAGE_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "libxl/hooks/nl.h"

#define MESSAGE_BYTES 1024 /* ours */

union message {
    char bytes[MESSAGE_BYTES];
    struct nlmsghdr head;
};

/* A message of this type, with room for what follows its header (which is zero). */
void *nl_begin(union message *m, unsigned type, unsigned flags, size_t extra);
/* Sends it under a new number, and hands each part of the answer to `each` (or NULL). */
int nl_ask(struct nl *n, union message *m, mnl_cb_t each, void *arg);

#endif
