/* Transactions of xenstore and the requests in them: see tx.h. */
#include <errno.h>
#include <stdarg.h>

#include "libxl/base/buf.h"
#include "libxl/xen/tx.h"

#define TRIES_MAX 50 /* of a transaction that others disturb */

char *node_path(const struct xguest *g, const char *name)
{
    if (*name == '/')
        return xstrdup(name);
    return xasprintf("/local/domain/%u%s%s", g->pub.domid, *name ? "/" : "", name);
}

void tx_put(struct tx *t, const char *name, const char *fmt, ...)
{
    AUTO(freep) char *path = node_path(t->g, name);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    if (!t->sys && !xs_write(t->g->d->xs, t->id, path, buf_str(&text), (unsigned)text.len))
        t->sys = errno;
}

void tx_make_dir(struct tx *t, const char *name)
{
    AUTO(freep) char *path = node_path(t->g, name);

    if (!t->sys && !xs_mkdir(t->g->d->xs, t->id, path))
        t->sys = errno;
}

/* The first entry names the owner, and what those may do that have no entry of their own. */
void tx_set_rights(struct tx *t, const char *name, enum rights rights)
{
    AUTO(freep) char *path = node_path(t->g, name);
    bool guests = rights == GUEST_OWNS || rights == GUEST_OWNS_DOM0;
    struct xs_permissions list[] = {{guests ? t->g->pub.domid : 0, XS_PERM_NONE},
                                    {guests ? 0 : t->g->pub.domid, XS_PERM_READ}};
    unsigned n = rights == GUEST_READS || rights == GUEST_OWNS_DOM0 ? 2 : 1;

    if (!t->sys && !xs_set_permissions(t->g->d->xs, t->id, path, list, n))
        t->sys = errno;
}

void tx_put_dir(struct tx *t, const char *name, enum rights rights)
{
    tx_make_dir(t, name);
    tx_set_rights(t, name, rights);
}

void tx_drop(struct tx *t, const char *name)
{
    AUTO(freep) char *path = node_path(t->g, name);

    if (!t->sys && !xs_rm(t->g->d->xs, t->id, path) && errno != ENOENT)
        t->sys = errno;
}

void tx_drop_empty(struct tx *t, const char *name)
{
    AUTO(freep) char *path = node_path(t->g, name);
    unsigned n = 1;

    if (!t->sys)
        free(xs_directory(t->g->d->xs, t->id, path, &n));
    if (!n)
        tx_drop(t, path);
}

char *tx_get(const struct xguest *g, xs_transaction_t id, const char *name)
{
    AUTO(freep) char *path = node_path(g, name);

    return xs_read(g->d->xs, id, path, NULL);
}

/* 1: again; it was disturbed, or the connection was not alive. */
static int run_once(struct tx *t, void (*body)(struct tx *t), struct err *e)
{
    struct xs_handle *xs = t->g->d->xs;

    t->sys = 0;
    t->id = xs_transaction_start(xs);
    if (t->id == XBT_NULL)
        return xs_check(t->g->d, e) < 0 ? -1 : 1;
    body(t);
    if (xs_transaction_end(xs, t->id, t->sys != 0) && t->sys == 0)
        return 0;
    if (t->sys == 0 && errno == EAGAIN)
        return 1;
    errno = t->sys ? t->sys : errno;
    return err_xenstore(e, "");
}

int tx_run(struct tx *t, void (*body)(struct tx *t), struct err *e)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        int r = run_once(t, body, e);

        if (r <= 0)
            return r;
    }
    return err_set(e, ERR_BUSY, "xenstore: disturbed %d times", TRIES_MAX);
}
