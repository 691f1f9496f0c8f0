/*
 * What the driver keeps of a guest, RUN_DIR/xen/UUID.json: written before there is a domain (an
 * intent, with the nonce that the domain will carry in xenstore) and again when it is complete.
 * After a boot of the host no domain carries these nonces: an old file is just removed.
 */
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/xen/xen.h"

#define STATE_VERSION 1
#define STATE_BYTES_MAX (1024 * 1024)

char *xstate_path(const struct xen *d, const char *uuid, const char *suffix)
{
    return xasprintf("%s/%s%s", d->dir, uuid, suffix);
}

int xstate_write(const struct xguest *g, bool ready, const char *path, struct err *e)
{
    AUTO(value_freep) struct value *v = value_map();
    AUTO(buf_clear) struct buf text = BUF_INIT;

    value_set_int(v, "version", STATE_VERSION);
    value_set_bool(v, "ready", ready);
    value_set_str(v, "uuid", g->pub.uuid);
    value_set_str(v, "nonce", g->nonce);
    if (g->place_of[0])
        value_set_str(v, "place_of", g->place_of);
    value_set_str(v, "console_name", g->console_name);
    value_set_bool(v, "held", g->held);
    value_set_bool(v, "held_paused", g->held_paused);
    value_set_int(v, "domid", g->pub.domid);
    if (g->dm.pid) {
        value_set_int(v, "dm_pid", g->dm.pid);
        value_set_int(v, "dm_start", (int64_t)g->dm.start);
    }
    value_set_take(v, "start_time", value_real(g->pub.start_time));
    value_set_take(v, "spec", spec_to_value(g->spec));
    json_print_pretty(v, &text);
    return write_file_whole(path, text.ptr, text.len, 0600, e);
}

int xstate_save(const struct xguest *g, bool ready, struct err *e)
{
    AUTO(freep) char *path = xstate_path(g->d, g->pub.uuid, XSTATE);

    return xstate_write(g, ready, path, e);
}

static struct xguest *guest_from_value(struct xen *d, const struct value *v, const char *uuid,
                                       struct err *e)
{
    const struct value *spec_value = value_get(v, "spec"), *start = value_get(v, "start_time");
    AUTO(spec_freep) struct spec *spec = NULL;
    struct problems problems = {0};
    struct xguest *g;
    int r;

    if (value_get_int(v, "version", 0) != STATE_VERSION || !spec_value || !start ||
        strcmp(value_get_str(v, "uuid", ""), uuid) != 0) {
        err_set(e, ERR_INVALID, "not a state file of version %d", STATE_VERSION);
        return NULL;
    }
    spec = spec_from_value(spec_value, &problems);
    r = problems_to_err(&problems, e);
    problems_clear(&problems);
    if (r < 0)
        return NULL;
    g = xguest_new(d, spec);
    snprintf(g->pub.uuid, sizeof(g->pub.uuid), "%s", uuid);
    snprintf(g->nonce, sizeof(g->nonce), "%s", value_get_str(v, "nonce", ""));
    snprintf(g->place_of, sizeof(g->place_of), "%s", value_get_str(v, "place_of", ""));
    g->pub.domid = (uint32_t)value_get_int(v, "domid", 0);
    g->pub.start_time = value_as_real(start);
    g->dm.pid = (pid_t)value_get_int(v, "dm_pid", 0);
    g->dm.start = (uint64_t)value_get_int(v, "dm_start", 0);
    g->held = value_get_bool(v, "held", false);
    g->held_paused = value_get_bool(v, "held_paused", false);
    free(g->console_name);
    g->console_name = xstrdup(value_get_str(v, "console_name", spec->name));
    return g;
}

struct xguest *xstate_read(struct xen *d, const char *uuid, const char *path, bool *ready,
                           struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *v = NULL;
    struct xguest *g;

    if (read_file(path, STATE_BYTES_MAX, &text, e) < 0)
        return NULL;
    v = json_parse(text.ptr, text.len, path, e);
    if (!v)
        return NULL;
    *ready = value_get_bool(v, "ready", false);
    g = guest_from_value(d, v, uuid, e);
    if (!g)
        err_add(e, "%s", path);
    return g;
}

struct xguest *xstate_load(struct xen *d, const char *uuid, bool *ready, struct err *e)
{
    AUTO(freep) char *path = xstate_path(d, uuid, XSTATE);

    return xstate_read(d, uuid, path, ready, e);
}

void xstate_remove(const struct xguest *g)
{
    AUTO(freep) char *path = xstate_path(g->d, g->pub.uuid, XSTATE);

    if (!g->pub.foreign)
        unlink(path);
}
