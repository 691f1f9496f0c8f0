/*
 * Commands that are one action on one domain: pause, unpause, destroy, reset, rename, sysrq,
 * trigger. What the words mean is xend's to check; only their form is looked at here.
 */
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/xm.h"

int cmd_pause(struct xm *xm, const struct args *a)
{
    return domain_act(xm, a, "/pause", NULL, NULL);
}

int cmd_unpause(struct xm *xm, const struct args *a)
{
    return domain_act(xm, a, "/unpause", NULL, NULL);
}

int cmd_destroy(struct xm *xm, const struct args *a)
{
    return domain_act(xm, a, "/destroy", NULL, NULL);
}

int cmd_reset(struct xm *xm, const struct args *a)
{
    return domain_act(xm, a, "/reset", NULL, NULL);
}

int cmd_rename(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();

    value_set_str(body, "name", args_word(a, 1));
    return domain_act(xm, a, "/rename", body, NULL);
}

/* The original sent the first letter of any word. */
int cmd_sysrq(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();
    const char *key = args_word(a, 1);

    if (strlen(key) != 1 || *key <= ' ' || *key > '~')
        return xm_usage_error(xm->command, "'%s' is not one letter.", key);
    value_set_str(body, "key", key);
    return domain_act(xm, a, "/sysrq", body, NULL);
}

int cmd_trigger(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();
    int64_t vcpu;

    value_set_str(body, "trigger", args_word(a, 1));
    if (a->words.len > 2) {
        if (!parse_int(args_word(a, 2), &vcpu) || vcpu < 0)
            return xm_usage_error(xm->command, "Invalid argument.");
        value_set_int(body, "vcpu", vcpu);
    }
    return domain_act(xm, a, "/trigger", body, NULL);
}
