/*
 * Managed domains on disk: lib_dir/domains/UUID/config.sxp, the form that `xm list --long` prints,
 * and checkpoint.chk beside it while the domain is suspended. What is written is on disk when the
 * call returns. All of these block; none takes the lock.
 */
#ifndef XEND_MANAGED_H
#define XEND_MANAGED_H

#include "libxl/spec.h"

struct xend;

int managed_write(const struct xend *x, const struct spec *s, struct err *e);
/* With its checkpoint. Fine when there is none. */
int managed_remove(const struct xend *x, const char *uuid, struct err *e);

/* What the TPM of a domain knows (libxl/qemu/vtpm.c) is of no use without the domain: it goes with
 * the definition of a managed one, and with the guest of any other. */
void vtpm_forget(const struct xend *x, const char *uuid);

/* Where the memory of a suspended domain is; the caller frees. */
char *managed_checkpoint(const struct xend *x, const char *uuid);
/* And where it is until it is whole: what a power cut leaves there, the next start removes. */
char *managed_partial(const struct xend *x, const char *uuid);
bool managed_has_checkpoint(const struct xend *x, const char *uuid);

/* At start: each domain that can be read. One that cannot is set aside and named in the log. */
typedef void managed_found_fn(void *arg, struct spec *s_take, bool suspended);
int managed_load(const struct xend *x, managed_found_fn *found, void *arg, struct err *e);

#endif
