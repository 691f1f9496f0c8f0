/*
 * What a guest's QEMU may take of the host: limits of its process, and its share of the CPUs
 * (cpu_weight, cpu_cap) by a cgroup of its own, /sys/fs/cgroup/xend.slice/UUID, where the host has
 * cgroup v2 with the cpu controller. Where it has not, a guest that asked for a share hears so in
 * the log. Called by create.c, guest.c and scan.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/qemu/qemu.h"

#define SLICE "xend.slice"
#define CONTROL_BYTES_MAX 4096
#define WEIGHT_DEFAULT 256 /* Xen's, which is 100 here */
#define PERIOD_US 100000   /* in which a cap holds */
#define QEMU_FILES_MAX                                                                             \
    16384 /* 64 disks and their queues' eventfds, and viewers: some thousands                      \
           */

/* No cores: they would be as large as the guest, and hold its secrets. */
static const struct proc_limit limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_NOFILE, QEMU_FILES_MAX}};

void limits_of_process(struct proc_spec *p)
{
    p->limits = limits;
    p->n_limits = ARRAY_LEN(limits);
    p->no_oom_favour = true;
}

static int write_control(const char *dir, const char *name, const char *text, struct err *e)
{
    AUTO(freep) char *path = path_join(dir, name);
    AUTO(closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);

    if (fd < 0)
        return err_sys(e, "%s", path);
    if (write(fd, text, strlen(text)) < 0) /* at once: a write is a command here */
        return err_sys(e, "%s", path);
    return 0;
}

static int make_group(const char *path, struct err *e)
{
    return mkdir(path, 0755) < 0 && errno != EEXIST ? err_sys(e, "%s", path) : 0;
}

/* True when this is a cgroup v2 tree whose cpu controller may be used. */
static bool has_cpu(const char *root, struct err *e)
{
    AUTO(freep) char *path = path_join(root, "cgroup.controllers");
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char *save = NULL;

    if (read_file(path, CONTROL_BYTES_MAX, &b, e) < 0) {
        err_set(e, ERR_UNSUPPORTED, "this host has no cgroup v2 at %s", root);
        return false;
    }
    for (char *w = strtok_r(b.ptr, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
        if (strcmp(w, "cpu") == 0)
            return true;
    err_set(e, ERR_UNSUPPORTED, "this host's cgroup v2 has no cpu controller");
    return false;
}

/* In Xen's units: a weight of 256 is everybody's, a cap is in percent of one CPU. */
static int set_weight(const char *group, int64_t xen_weight, struct err *e)
{
    int64_t weight = (xen_weight * 100 + WEIGHT_DEFAULT / 2) / WEIGHT_DEFAULT;
    char text[64];

    snprintf(text, sizeof(text), "%lld",
             weight < 1       ? 1LL
             : weight > 10000 ? 10000LL
                              : (long long)weight);
    return write_control(group, "cpu.weight", text, e);
}

static int set_cap(const char *group, int64_t cap, struct err *e)
{
    char text[64];

    if (cap)
        snprintf(text, sizeof(text), "%lld %d", (long long)cap * (PERIOD_US / 100), PERIOD_US);
    else
        snprintf(text, sizeof(text), "max %d", PERIOD_US);
    return write_control(group, "cpu.max", text, e);
}

static int place(const struct qguest *g, struct err *e)
{
    const char *root = g->d->cgroups;
    AUTO(freep) char *slice = path_join(root, SLICE);
    AUTO(freep) char *group = path_join(slice, g->pub.uuid);
    char pid[16];

    if (!has_cpu(root, e) || make_group(slice, e) < 0 ||
        write_control(root, "cgroup.subtree_control", "+cpu", e) < 0 ||
        write_control(slice, "cgroup.subtree_control", "+cpu", e) < 0 || make_group(group, e) < 0 ||
        set_weight(group, g->spec->cpu_weight, e) < 0 || set_cap(group, g->spec->cpu_cap, e) < 0)
        return -1;
    snprintf(pid, sizeof(pid), "%d", (int)g->pid);
    return write_control(group, "cgroup.procs", pid, e);
}

void limits_place(const struct qguest *g)
{
    const struct spec *s = g->spec;
    struct err e = {0};

    if (place(g, &e) == 0)
        return;
    if (s->cpu_weight != WEIGHT_DEFAULT || s->cpu_cap)
        log_warn("%s: cpu_weight and cpu_cap have no effect: %s", s->name, e.msg);
    else
        log_debug("%s: no cgroup: %s", s->name, e.msg);
}

int qemu_set_sched(struct driver *driver, const char *uuid, int64_t weight, int64_t cap,
                   struct err *e)
{
    const struct qemu *d = qemu_of(driver);
    AUTO(freep) char *group = xasprintf("%s/%s/%s", d->cgroups, SLICE, uuid);

    if (access(group, W_OK) < 0)
        return err_set(e, ERR_UNSUPPORTED,
                       "it has no cgroup: this host's have no cpu controller for us");
    if (weight >= 0 && set_weight(group, weight, e) < 0)
        return -1;
    return cap >= 0 ? set_cap(group, cap, e) : 0;
}

void limits_release(const struct qemu *d, const char *uuid)
{
    AUTO(freep) char *group = xasprintf("%s/%s/%s", d->cgroups, SLICE, uuid);

    rmdir(group); /* refused while a process is in it */
}
