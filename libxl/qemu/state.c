/*
 * What the driver keeps of a guest while the host is up: RUN_DIR/qemu/UUID/state.json, written
 * before QEMU is started (an intent, with the nonce that the process will carry) and again when
 * its pid is known, so that a xend that dies at any moment leaves nothing it cannot find again.
 * Also the count of domids. Called by create.c, scan.c and guest.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define STATE_VERSION 1
#define STATE_BYTES_MAX (1024 * 1024)

static const char *const phase_names[] = {"intent", "started", "loading", "ready"};

/* Changes at each boot of the host: a pid of an earlier boot means nothing. */
static void boot_id(char out[UUID_TEXT_SIZE])
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e;

    out[0] = '\0';
    if (read_file("/proc/sys/kernel/random/boot_id", 64, &b, &e) == 0)
        snprintf(out, UUID_TEXT_SIZE, "%.36s", buf_str(&b));
}

/* Durable when it returns. Read by scan.c, and by people. */
int state_save(const struct qguest *g, enum phase phase, struct err *e)
{
    AUTO(value_freep) struct value *v = value_map();
    AUTO(freep) char *path = path_join(g->dir, "state.json");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char boot[UUID_TEXT_SIZE];

    boot_id(boot);
    value_set_int(v, "version", STATE_VERSION);
    value_set_str(v, "phase", phase_names[phase]);
    value_set_str(v, "uuid", g->pub.uuid);
    value_set_str(v, "nonce", g->nonce);
    value_set_bool(v, "aside", g->aside);
    value_set_str(v, "boot", boot);
    value_set_int(v, "domid", g->pub.domid);
    value_set_take(v, "start_time", value_real(g->pub.start_time));
    if (phase != PHASE_INTENT) {
        value_set_int(v, "pid", g->pid);
        value_set_int(v, "pid_start", (int64_t)g->pid_start);
    }
    value_set_int(v, "mem_most_kib", (int64_t)g->mem_most_kib);
    value_set_int(v, "mem_bound_kib", (int64_t)g->mem_bound_kib);
    value_set_int(v, "vcpus_most", g->vcpus_most);
    value_set_int(v, "queues", g->queues);
    value_set_int(v, "next_vif", g->next_vif);
    value_set_str(v, "accel", g->accel);
    value_set_str(v, "cpu", g->cpu);
    value_set_str(v, "log", g->log);
    value_set_str(v, "console_log", g->console_log);
    value_set_take(v, "nets", nets_to_value(&g->nets));
    value_set_take(v, "served", serveds_to_value(&g->served));
    value_set_take(v, "spec", spec_to_value(g->spec));
    json_print_pretty(v, &text);
    return write_file_atomic(path, text.ptr, text.len, 0600, e);
}

/* What the guest's QEMU was started with: the spec may have changed since. */
static void sizes_from_value(const struct value *v, struct state *s)
{
    int64_t vcpus = value_get_int(v, "vcpus_most", 0), queues = value_get_int(v, "queues", 0);

    s->mem_most_kib = (uint64_t)value_get_int(v, "mem_most_kib", 0);
    s->mem_bound_kib = (uint64_t)value_get_int(v, "mem_bound_kib", 0);
    s->next_vif = value_get_int(v, "next_vif", 0);
    s->vcpus_most = vcpus > 0 && vcpus <= DOMAIN_VCPUS_MAX ? (unsigned)vcpus : 0;
    s->queues = queues > 0 && queues <= DOMAIN_VCPUS_MAX ? (unsigned)queues : 0;
}

static int phase_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(phase_names); i++)
        if (strcmp(phase_names[i], name) == 0)
            return (int)i;
    return -1;
}

/* A file of an earlier boot is no error: what it tells of is gone. */
static int state_from_value(const struct value *v, struct state *s, struct err *e)
{
    struct problems problems = {0};
    const struct value *spec = value_get(v, "spec");
    int phase = phase_from_name(value_get_str(v, "phase", ""));
    char boot[UUID_TEXT_SIZE];
    int r;

    boot_id(boot);
    if (strcmp(value_get_str(v, "boot", ""), boot) != 0)
        return err_set(e, ERR_NOT_FOUND, "of an earlier boot of the host");
    if (value_get_int(v, "version", 0) != STATE_VERSION || phase < 0 || !spec ||
        !uuid_normalize(value_get_str(v, "uuid", ""), s->uuid))
        return err_set(e, ERR_INVALID, "not a state file of version %d", STATE_VERSION);
    s->phase = (enum phase)phase;
    snprintf(s->nonce, sizeof(s->nonce), "%s", value_get_str(v, "nonce", ""));
    s->aside = value_get_bool(v, "aside", false);
    s->domid = (uint32_t)value_get_int(v, "domid", 0);
    s->start_time = value_get(v, "start_time") ? value_as_real(value_get(v, "start_time")) : 0;
    s->pid = (pid_t)value_get_int(v, "pid", 0);
    s->pid_start = (uint64_t)value_get_int(v, "pid_start", 0);
    sizes_from_value(v, s);
    s->accel = xstrdup_null(value_get_str(v, "accel", NULL));
    s->cpu = xstrdup_null(value_get_str(v, "cpu", NULL));
    s->log = xstrdup_null(value_get_str(v, "log", NULL));
    s->console_log = xstrdup_null(value_get_str(v, "console_log", NULL));
    nets_from_value(value_get(v, "nets"), &s->nets);
    serveds_from_value(value_get(v, "served"), &s->served);
    s->spec = spec_from_value(spec, &problems);
    r = problems_to_err(&problems, e);
    problems_clear(&problems);
    return r;
}

int state_load(const char *dir, struct state *s, struct err *e)
{
    AUTO(freep) char *path = path_join(dir, "state.json");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *v = NULL;

    memset(s, 0, sizeof(*s));
    if (read_file(path, STATE_BYTES_MAX, &text, e) < 0)
        return -1;
    v = json_parse(text.ptr, text.len, path, e);
    if (!v)
        return -1;
    if (state_from_value(v, s, e) < 0) {
        state_clear(s);
        return err_add(e, "%s", path);
    }
    return 0;
}

void state_clear(struct state *s)
{
    free(s->accel);
    free(s->cpu);
    free(s->log);
    free(s->console_log);
    nets_clear(&s->nets);
    serveds_clear(&s->served);
    spec_free(s->spec);
    memset(s, 0, sizeof(*s));
}

/* One level only: there are no directories in it, and links are not followed. */
void state_tidy(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;

    if (!d)
        return;
    while ((entry = readdir(d)))
        unlinkat(dirfd(d), entry->d_name, 0); /* "." and "..": refused, fine */
    closedir(d);
    rmdir(dir);
}

void state_wish_reboot(const char *dir, bool wished)
{
    AUTO(freep) char *path = path_join(dir, "reboot-wished");
    AUTO(closep) int fd = -1;

    /* a mere hint: without it the guest's end is a power off */
    if (wished)
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    else
        unlink(path);
}

bool state_reboot_wished(const char *dir)
{
    AUTO(freep) char *path = path_join(dir, "reboot-wished");

    return access(path, F_OK) == 0;
}

static bool domid_taken(struct qemu *d, uint32_t domid)
{
    bool taken = false;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->guests.len; i++)
        taken |= d->guests.ptr[i]->pub.domid == domid;
    pthread_mutex_unlock(&d->lock);
    return taken;
}

/* The number after the last one given, or 1 after the greatest; those in use are skipped. */
int domid_next(struct qemu *d, uint32_t *domid, struct err *e)
{
    AUTO(freep) char *path = path_join(d->dir, "next-domid");
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char text[16];
    long next = 1;
    int n, r;

    pthread_mutex_lock(&d->domid_lock);
    if (read_file(path, sizeof(text), &b, e) == 0)
        next = strtol(buf_str(&b), NULL, 10);
    for (int tries = 0; tries <= DOMID_MAX; tries++, next++) {
        if (next < 1 || next > DOMID_MAX)
            next = 1;
        if (!domid_taken(d, (uint32_t)next))
            break;
    }
    *domid = (uint32_t)next;
    n = snprintf(text, sizeof(text), "%ld\n", next + 1);
    r = write_file_atomic(path, text, (size_t)n, 0600, e);
    pthread_mutex_unlock(&d->domid_lock);
    return r;
}
