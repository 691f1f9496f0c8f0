/*
 * The disks of a guest that scripts set up: see served.h. Those of a guest that is started come all
 * at once, those of one that runs one by one; all go with its QEMU. One by one: served.c.
 */
#include "libxl/qemu/served.h"

#include <string.h>

#include "libxl/base/log.h"
#include "libxl/base/parallel.h"
#include "libxl/qemu/making.h"

static void served_clear(struct served *s)
{
    free(s->id);
    free(s->vdev);
    free(s->script);
    free(s->device);
    value_free(s->env);
}

void serveds_clear(struct serveds *v)
{
    for (size_t i = 0; i < v->len; i++)
        served_clear(&v->ptr[i]);
    vec_clear(v);
}

int serveds_plan(struct making *m, struct err *e)
{
    for (size_t i = 0; i < m->launch.n_disks; i++) {
        struct launch_disk *ld = &m->disks[i];
        AUTO(freep) char *id = disk_id(ld->disk->vdev);

        if (!disk_is_served(ld->disk))
            continue;
        if (served_plan(m->g, ld->disk, id, e) < 0)
            return -1;
        ld->fd = making_pass_take(m, -1); /* until there is a device */
        ld->block = true;
    }
    return 0;
}

static int add_one(void *arg, size_t i, struct err *e)
{
    struct qguest *g = arg;

    return served_add(g, &g->served.ptr[i], e);
}

int serveds_start(struct making *m, struct err *e)
{
    struct qguest *g = m->g;
    size_t n = 0;

    if (g->served.len)
        job_step(m->job, "setting up its disks");
    if (parallel(g->served.len, add_one, g, e) < 0 || job_check(m->job, e) < 0)
        return -1;
    for (size_t i = 0; i < m->launch.n_disks; i++) {
        const struct launch_disk *ld = &m->disks[i];
        int fd;

        if (!disk_is_served(ld->disk))
            continue;
        fd = served_open(g, &g->served.ptr[n++], ld->disk, e);
        if (fd < 0)
            return -1;
        making_set_take(m, ld->fd, fd);
    }
    return 0;
}

static size_t find(const struct qguest *g, const char *id)
{
    size_t i = 0;

    while (i < g->served.len && strcmp(g->served.ptr[i].id, id) != 0)
        i++;
    return i;
}

const char *disk_place(const struct qguest *g, const char *id, const char *dflt)
{
    size_t i = find(g, id);

    return i < g->served.len && g->served.ptr[i].device ? g->served.ptr[i].device : dflt;
}

int disk_open(struct qguest *g, const struct disk *k, const char *id, bool *block, struct err *e)
{
    struct served *s;
    int fd;

    if (!disk_is_served(k))
        return image_open(k, block, e);
    served_drop(g, id); /* of an xend that died there */
    if (served_plan(g, k, id, e) < 0)
        return -1;
    s = &g->served.ptr[g->served.len - 1];
    s->tried = true;
    *block = true;
    fd =
        state_save(g, PHASE_READY, e) < 0 || served_add(g, s, e) < 0 ? -1 : served_open(g, s, k, e);
    if (fd < 0)
        served_drop(g, id);
    return fd;
}

void served_drop(struct qguest *g, const char *id)
{
    size_t i = find(g, id);
    struct err e;

    if (i == g->served.len)
        return;
    served_take_back(&g->served.ptr[i], g->dir, g->spec->name);
    served_clear(&g->served.ptr[i]);
    vec_remove(&g->served, i);
    if (state_save(g, PHASE_READY, &e) < 0)
        log_warn("%s: %s", g->spec->name, e.msg);
}

void serveds_drop(struct serveds *v, const char *dir, const char *domain)
{
    for (size_t i = 0; i < v->len; i++)
        served_take_back(&v->ptr[i], dir, domain);
    serveds_clear(v);
}

int serveds_tidy(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *nodes = NULL;
    struct value *args;

    if (!g->served.len)
        return 0;
    args = value_map();
    value_set_bool(args, "flat", true);
    if (qguest_call_take(g, "query-named-block-nodes", args, &nodes, e) < 0)
        return -1;
    for (size_t i = g->served.len; i-- > 0;) {
        bool there = false;

        for (size_t k = 0; k < value_len(nodes); k++)
            there |= strcmp(value_get_str(value_at(nodes, k), "node-name", ""),
                            g->served.ptr[i].id) == 0;
        if (!there)
            served_drop(g, g->served.ptr[i].id);
    }
    return 0;
}

void serveds_tell(struct qguest *g)
{
    struct err e;

    for (size_t i = 0; g->d->disk_served && i < g->served.len; i++) {
        const struct served *s = &g->served.ptr[i];
        const struct device *of = devices_find(&g->spec->devices, DEVICE_DISK, s->vdev);
        struct disk at = {.vdev = s->vdev, .target = s->device, .mode = DISK_WRITE};

        if (of) {
            at.mode = of->disk.mode;
            at.devtype = of->disk.devtype;
        }
        if (s->device && g->d->disk_served(g->d->disk_served_arg, g->pub.uuid, &at, &e) < 0)
            log_warn("%s: %s", g->spec->name, e.msg);
    }
}

struct value *serveds_to_value(const struct serveds *v)
{
    struct value *list = value_list();

    for (size_t i = 0; i < v->len; i++) {
        const struct served *s = &v->ptr[i];
        struct value *map = value_map();

        value_set_str(map, "id", s->id);
        value_set_str(map, "vdev", s->vdev);
        value_set_str(map, "script", s->script);
        value_set_str(map, "device", s->device);
        value_set_take(map, "env", value_copy(s->env));
        value_add_take(list, map);
    }
    return list;
}

void serveds_from_value(const struct value *list, struct serveds *out)
{
    for (size_t i = 0; i < value_len(list); i++) {
        const struct value *map = value_at(list, i), *env = value_get(map, "env");
        const char *id = value_get_str(map, "id", NULL), *vdev = value_get_str(map, "vdev", NULL);
        const char *script = value_get_str(map, "script", NULL);

        if (!id || !vdev || !script || !env || strchr(id, '/'))
            continue;
        vec_push(out, ((struct served){.id = xstrdup(id),
                                       .vdev = xstrdup(vdev),
                                       .script = xstrdup(script),
                                       .env = value_copy(env),
                                       .device = xstrdup_null(value_get_str(map, "device", NULL)),
                                       .tried = true}));
    }
}
