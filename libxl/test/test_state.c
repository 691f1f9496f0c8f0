/*
 * Guests on disk, so that a new xend finds those of the last one: RUN_DIR/test/UUID.spec from
 * create to destroy, UUID.state beside it at each change, next-domid. Only with test-persist.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/test/test_driver.h"

#define FILE_BYTES_MAX (1024 * 1024)

static char *file_of(const struct test_driver *d, const char *uuid, const char *suffix)
{
    return xasprintf("%s/%s.%s", d->state_dir, uuid, suffix);
}

/* Whole or not at all, but without fsync: the directory does not outlive the host anyway. */
static int write_value(const char *path, const struct value *v, struct err *e)
{
    AUTO(freep) char *tmp = xasprintf("%s.tmp", path);
    AUTO(closep) int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    AUTO(buf_clear) struct buf b = BUF_INIT;

    json_print(v, &b);
    if (fd < 0)
        return err_sys(e, "%s", tmp);
    if (write_all(fd, b.ptr, b.len, e) < 0)
        err_add(e, "%s", tmp);
    else if (rename(tmp, path) < 0)
        err_sys(e, "%s", path);
    else
        return 0;
    unlink(tmp);
    return -1;
}

/* NULL when there is none or when it is damaged. */
static struct value *read_value(const char *path, struct err *e)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (read_file(path, FILE_BYTES_MAX, &b, e) < 0)
        return NULL;
    return json_parse(buf_str(&b), b.len, path, e);
}

/* Ids go on where the last xend stopped: they are not reused while the host is up. */
int state_open(struct test_driver *d, const char *run_dir, struct err *e)
{
    AUTO(freep) char *path = NULL;
    AUTO(value_freep) struct value *last = NULL;
    struct err none;

    d->state_dir = path_join(run_dir, "test");
    if (make_dirs(d->state_dir, 0700, e) < 0)
        return -1;
    path = path_join(d->state_dir, "last-domid");
    last = read_value(path, &none);
    if (last && value_type(last) == VALUE_INT && value_as_int(last) <= DOMID_LAST)
        d->last_domid = (uint32_t)value_as_int(last);
    return 0;
}

/* A state that cannot be written is not worth a failing guest: the next xend sees an older one. */
void state_update(struct test_driver *d, const struct test_guest *g)
{
    AUTO(value_freep) struct value *map = NULL;
    AUTO(freep) char *path = NULL;
    struct err e;

    if (!d->state_dir)
        return;
    map = value_map();
    path = file_of(d, g->pub.uuid, "state");
    value_set_str(map, "state", guest_state_name(g->state));
    value_set_int(map, "reason", g->reason);
    value_set_int(map, "cpu_ns", (int64_t)g->cpu_ns);
    value_set_bool(map, "booted", g->booted);
    value_set_int(map, "mem_kib", (int64_t)g->mem_kib);
    value_set_int(map, "vcpus", g->vcpus);
    value_set_int(map, "next_vif", g->next_vif);
    value_set_take(map, "devices", guest_devices_value(g));
    if (write_value(path, map, &e) < 0)
        log_debug("test driver: %s", e.msg);
}

static int write_spec(struct test_driver *d, const struct test_guest *g, const struct spec *s,
                      struct err *e)
{
    AUTO(freep) char *path = file_of(d, g->pub.uuid, "spec");
    AUTO(value_freep) struct value *map = value_map();

    value_set_take(map, "spec", spec_to_value(s));
    value_set_int(map, "domid", g->pub.domid);
    value_set_take(map, "start_time", value_real(g->pub.start_time));
    return write_value(path, map, e);
}

/* The id first: a xend that dies here has wasted one, not given it twice. */
int state_add(struct test_driver *d, const struct test_guest *g, const struct spec *s,
              struct err *e)
{
    AUTO(value_freep) struct value *last = NULL;
    AUTO(freep) char *last_path = NULL;

    if (!d->state_dir)
        return 0;
    last = value_int(d->last_domid);
    last_path = path_join(d->state_dir, "last-domid");
    if (write_value(last_path, last, e) < 0 || write_spec(d, g, s, e) < 0)
        return -1;
    state_update(d, g);
    return 0;
}

int test_keep_spec(struct guest *guest, const struct spec *s, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    if (rules_enter(d, &g->rules, TEST_KEEP_SPEC, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    free(g->name);
    g->name = xstrdup_null(s->name);
    r = d->state_dir ? write_spec(d, g, s, e) : 0;
    pthread_mutex_unlock(&d->lock);
    return r;
}

/* Its files and its place in the table under the new uuid, without devices. */
int test_set_aside(struct guest *guest, const struct spec *s, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest), old = *g;
    int r;

    if (rules_enter(d, &g->rules, TEST_KEEP_SPEC, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    index_remove(&d->guests, g->pub.uuid);
    snprintf(g->pub.uuid, sizeof(g->pub.uuid), "%s", s->uuid);
    r = state_add(d, g, s, e);
    if (r == 0) {
        state_remove(d, &old);
        guest_devices_clear(g);
        consoles_close(d, old.pub.uuid);
        free(g->name);
        g->name = xstrdup_null(s->name);
        state_update(d, g);
    } else {
        g->pub = old.pub;
    }
    index_put(&d->guests, g->pub.uuid, g);
    pthread_mutex_unlock(&d->lock);
    return r;
}

/* Another number is all that there is to it, on disk too. */
static int renumber(struct test_driver *d, struct test_guest *g, struct err *e)
{
    AUTO(freep) char *path = d->state_dir ? file_of(d, g->pub.uuid, "spec") : NULL;
    AUTO(value_freep) struct value *map = path ? read_value(path, e) : NULL;
    uint32_t domid = guest_new_domid(d);

    if (path && !map)
        return -1;
    if (map) {
        value_set_int(map, "domid", domid);
        if (write_value(path, map, e) < 0)
            return -1;
    }
    d->domid_used[g->pub.domid] = false;
    d->domid_used[domid] = true;
    d->last_domid = g->pub.domid = domid;
    return 0;
}

struct guest *test_move(struct guest *guest, bool live, struct job *j, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int r;

    (void)live;
    if (job_check(j, e) < 0 || rules_enter(d, &g->rules, TEST_SAVE, j, e) < 0 ||
        rules_enter(d, &g->rules, TEST_RESTORE, j, e) < 0)
        return NULL;
    pthread_mutex_lock(&d->lock);
    r = g->state == GUEST_RUNNING ? renumber(d, g, e) : guest_wrong_state(g, "move", e);
    if (r == 0) {
        consoles_close(d, g->pub.uuid);
        guest_set_state(d, g, GUEST_PAUSED, NULL);
        rules_leave(d, g, TEST_RESTORE);
    }
    pthread_mutex_unlock(&d->lock);
    return r < 0 ? NULL : guest;
}

void state_remove(struct test_driver *d, const struct test_guest *g)
{
    static const char *const suffixes[] = {"spec", "state"};

    for (size_t i = 0; d->state_dir && i < ARRAY_LEN(suffixes); i++) {
        AUTO(freep) char *path = file_of(d, g->pub.uuid, suffixes[i]);
        unlink(path);
    }
}

/* A guest that was in the middle of being made has no state yet: it is paused. */
static void read_state(struct test_driver *d, struct test_guest *g)
{
    AUTO(freep) char *path = file_of(d, g->pub.uuid, "state");
    struct err none;
    AUTO(value_freep) struct value *map = read_value(path, &none);
    const char *name = value_get_str(map, "state", "paused");

    for (int s = GUEST_RUNNING; s < GUEST_GONE; s++)
        if (strcmp(guest_state_name((enum guest_state)s), name) == 0)
            g->state = (enum guest_state)s;
    g->reason = (enum stop_reason)value_get_int(map, "reason", STOP_POWEROFF);
    g->cpu_ns = (uint64_t)value_get_int(map, "cpu_ns", 0);
    g->booted = value_get_bool(map, "booted", false);
    g->vcpus = (unsigned)value_get_int(map, "vcpus", g->vcpus);
    d->used_kib -= g->mem_kib;
    g->mem_kib = (uint64_t)value_get_int(map, "mem_kib", (int64_t)g->mem_kib);
    d->used_kib += g->mem_kib;
    if (value_get(map, "devices"))
        guest_devices_read(g, value_get(map, "devices"), value_get_int(map, "next_vif", 0));
}

/* Makes one guest of its files and hands it over, without the lock. */
static int find_guest(struct test_driver *d, const char *uuid, guest_found_fn *found, void *arg,
                      struct err *e)
{
    AUTO(freep) char *path = file_of(d, uuid, "spec");
    AUTO(value_freep) struct value *map = read_value(path, e);
    AUTO(spec_freep) struct spec *s = NULL;
    struct problems p = {0};
    struct rules rules = {0};
    const struct value *start;
    struct test_guest *g;
    enum guest_state state;

    if (!map)
        return -1;
    s = spec_from_value(value_get(map, "spec"), &p);
    if (!s) {
        problems_to_err(&p, e);
        problems_clear(&p);
        return err_add(e, "%s", path);
    }
    if (rules_parse(&rules, NULL, s->extra, "test:", e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    g = guest_add(d, s, (uint32_t)value_get_int(map, "domid", 0), &rules, e);
    if (g) {
        start = value_get(map, "start_time");
        g->pub.start_time = start && value_type(start) == VALUE_REAL ? value_as_real(start) : 0;
        read_state(d, g);
        if (guest_pin_by_spec(g, s, e) < 0)
            log_debug("test driver: %s", e->msg);
        state = g->state;
    }
    pthread_mutex_unlock(&d->lock);
    if (!g)
        return -1;
    found(arg, &g->pub, steal(s), state);
    return 0;
}

/* A damaged file ends the scan: the guests of a test are all there or the test is wrong. */
int test_scan(struct driver *driver, guest_found_fn *found, void *arg, struct err *e)
{
    struct test_driver *d = driver_of(driver);
    struct dirent *entry;
    int r = 0;
    DIR *dir;

    if (rules_enter(d, NULL, TEST_SCAN, NULL, e) < 0)
        return -1;
    if (!d->state_dir)
        return 0;
    dir = opendir(d->state_dir);
    if (!dir)
        return err_sys(e, "%s", d->state_dir);
    while (r == 0 && (entry = readdir(dir))) {
        char uuid[UUID_TEXT_SIZE];
        size_t n = strlen(entry->d_name);

        if (n != 36 + 5 || strcmp(entry->d_name + 36, ".spec") != 0)
            continue;
        snprintf(uuid, sizeof(uuid), "%.36s", entry->d_name);
        r = find_guest(d, uuid, found, arg, e);
    }
    closedir(dir);
    return r;
}
