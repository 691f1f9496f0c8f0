/* Commands that are one action on one domain: pause, unpause, destroy. */
#include <stdlib.h>

#include "libxl/base/mem.h"
#include "xm/xm.h"

/* Posts the action and waits for its end. */
static int act(struct xm *xm, const struct args *a, const char *action)
{
    AUTO(freep) char *path = domain_path(args_word(a, 0), action);
    AUTO(value_freep) struct value *job = NULL;
    struct err e;

    job = job_run(xm, path, NULL, &e);
    return job ? EXIT_SUCCESS : xm_fail(&e);
}

int cmd_pause(struct xm *xm, const struct args *a)
{
    return act(xm, a, "/pause");
}

int cmd_unpause(struct xm *xm, const struct args *a)
{
    return act(xm, a, "/unpause");
}

int cmd_destroy(struct xm *xm, const struct args *a)
{
    return act(xm, a, "/destroy");
}
