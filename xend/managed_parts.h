/* What managed.c and managed_load.c share; nobody else includes it. */
#ifndef XEND_MANAGED_PARTS_H
#define XEND_MANAGED_PARTS_H

#include "xend/managed.h"

#define CONFIG "config.sxp"
#define CHECKPOINT "checkpoint.chk"
#define REMOVED ".removed-" /* a domain that was deleted, on its way out */
#define NEW ".new-"         /* one that is being made, or a file of one */

/* The directory of them all; the caller frees. */
char *managed_dir(const struct xend *x);
/* Files and then the directory, as far as that goes. */
void managed_remove_home(const char *home);

#endif
