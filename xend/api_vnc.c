/*
 * Handler of a screen's password: the one answer that has it, for those who may do everything. See
 * API.md.
 */
#include <string.h>

#include "xend/api.h"
#include "xend/xend.h"

/* As the drivers choose it: the vfb's, the domain's, the configuration's. Borrowed; or NULL. */
static const char *password_of(const struct xend *x, const struct spec *s)
{
    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];

        if (d->class == DEVICE_VFB && d->vfb.vnc && d->vfb.vncpasswd)
            return d->vfb.vncpasswd;
    }
    return s->vncpasswd ? s->vncpasswd : conf_str(&x->conf, "vncpasswd");
}

/* With the lock. */
static int find_password(struct xend *x, const char *name, struct value *out, struct err *e)
{
    const struct domain *d = domain_get(x->domains, name, e);
    const char *text;

    if (!d)
        return -1;
    text = password_of(x, d->spec);
    if (text && strcmp(text, SECRET_HIDDEN) == 0)
        return err_set(e, ERR_STATE, "%s: its VNC password is not known any more", d->spec->name);
    value_set_take(out, "password", text && *text ? value_str(text) : value_nil());
    return 0;
}

void api_domain_vncpasswd(struct xend *x, struct request *r, struct reply *p)
{
    struct value *v = value_map();
    struct err e;
    int found;

    xend_lock(x);
    found = find_password(x, r->args[0], v, &e);
    xend_unlock(x);
    if (found == 0) {
        reply_json_take(p, 200, v);
        return;
    }
    value_free(v);
    reply_err(p, &e);
}
