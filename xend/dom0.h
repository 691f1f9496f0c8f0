/* Domain-0: the host itself, shown as the first domain whatever the driver. */
#ifndef XEND_DOM0_H
#define XEND_DOM0_H

#include "libxl/base/err.h"

struct xend;

#define DOM0_UUID "00000000-0000-0000-0000-000000000000"

/* Adds its record: memory and vcpus as the driver's node_info tells. At start, without the lock. */
int dom0_add(struct xend *x, struct err *e);

#endif
