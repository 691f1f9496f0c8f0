/*
 * One disk that a script sets up: see served.h. The script is run as "block-TYPE add", in the end
 * as "block-TYPE remove"; what scripts for Xen read from xenstore is in its environment, and what
 * they write there goes into a file in the guest's directory, one line NAME=VALUE for each.
 */
#include "libxl/qemu/served.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/hotplug.h"
#include "libxl/qemu/qemu.h"

#define ANSWERS_BYTES_MAX (64 * 1024)
#define REMOVE_TIMEOUT_MS 20000 /* a domain's end waits for it */
#define ORPHAN_MS 10000         /* and the start of xend for a script of the one before */
#define NAMED_BYTES_MAX 200     /* of what a script names, in an error */

bool disk_is_served(const struct disk *k)
{
    static const char *const plain[] = {"file", "phy", "tap", "tap2"};

    if (!k->target || !k->target[0] || (!k->script && !k->type))
        return false;
    for (size_t i = 0; !k->script && i < ARRAY_LEN(plain); i++)
        if (strcmp(k->type, plain[i]) == 0)
            return false;
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Before anything is done: a script that is not there is the user's mistake, or a package's. */
static int check_script(const struct disk *k, const char *script, struct err *e)
{
    if (access(script, X_OK) == 0)
        return 0;
    if (errno != ENOENT) {
        err_sys(e, "disk %s: %s", k->vdev, script);
        return err_hint(e, "Make the script executable: chmod +x %.200s", script);
    }
    err_set(e, ERR_UNSUPPORTED, "disk %s: %s:%s: there is no script %s", k->vdev,
            k->type ? k->type : "", k->target, script);
    if (k->script)
        return -1;
    if (strcmp(k->type, "drbd") == 0)
        return err_hint(e, "It comes with DRBD (Debian: apt-get install drbd-utils).");
    if (strcmp(k->type, "nbd") == 0 || strcmp(k->type, "iscsi") == 0)
        return err_hint(e, "make install puts xend's scripts there.");
    return err_hint(e, "An image is file:PATH, a block device phy:PATH; any other type needs its "
                       "script.");
}

/* What the block scripts read from xenstore on a Xen host, and where they would. */
static struct value *script_env(const struct qguest *g, const struct disk *k, const char *script)
{
    static const char *const modes[] = {
        [DISK_READ] = "r", [DISK_WRITE] = "w", [DISK_WRITE_SHARED] = "w!"};
    struct value *env = value_map();
    AUTO(freep)
    char *path = xasprintf("backend/vbd/%u/%lld", g->pub.domid, (long long)vdev_number(k->vdev));
    AUTO(freep) char *vm = xasprintf("/vm/%s", g->pub.uuid);

    value_set_str(env, "HOTPLUG_STORE", "env");
    value_set_str(env, "XENBUS_PATH", path);
    value_set_str(env, "XENBUS_TYPE", "vbd");
    value_set_str(env, "XENBUS_BASE_PATH", "backend");
    value_set_str(env, "script", script);
    value_set_str(env, "type", k->type ? k->type : "phy");
    value_set_str(env, "params", k->target);
    value_set_str(env, "mode", k->devtype == DISK_CDROM ? "r" : modes[k->mode]);
    value_set_str(env, "dev", k->vdev);
    value_set_str(env, "domain", g->spec->name);
    value_set_str(env, "uuid", g->pub.uuid);
    value_set_str(env, "vm", vm);
    value_set_int(env, "frontend_id", g->pub.domid);
    return env;
}

int served_plan(struct qguest *g, const struct disk *k, const char *id, struct err *e)
{
    AUTO(freep) char *name = k->script ? xstrdup(k->script) : xasprintf("block-%s", k->type);
    AUTO(freep) char *script = hotplug_path(g->d->scripts_dir, name);
    struct served s = {.id = NULL};

    if (check_script(k, script, e) < 0)
        return -1;
    s.id = xstrdup(id);
    s.vdev = xstrdup(k->vdev);
    s.env = script_env(g, k, script);
    s.script = steal(script);
    vec_push(&g->served, s);
    return 0;
}

static char *answers_path(const char *dir, const struct served *s)
{
    return xasprintf("%s/%s.answers", dir, s->id);
}

/* The last answer of this name, the caller's; NULL: none, or taken back. */
static char *answer_get(const char *text, const char *name)
{
    size_t n = strlen(name);
    char *found = NULL;

    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        if (strncmp(at, name, n) != 0 || at[n] != '=')
            continue;
        free(found);
        found = xstrndup(at + n + 1, strcspn(at + n + 1, "\n"));
    }
    if (found && *found)
        return found;
    free(found);
    return NULL;
}

/* "7:0", hexadecimal, as the scripts write it; NULL: there is no such device. */
static char *device_of_number(const char *number)
{
    AUTO(freep) char *sys = NULL;
    char real[PATH_MAX], *name, *bang;
    unsigned ma, mi;

    if (!number || sscanf(number, "%x:%x", &ma, &mi) != 2)
        return NULL;
    sys = xasprintf("/sys/dev/block/%u:%u", ma, mi);
    if (!realpath(sys, real))
        return NULL;
    name = strrchr(real, '/') + 1;
    while ((bang = strchr(name, '!'))) /* the kernel's way to write cciss/c0d0 */
        *bang = '/';
    return path_join("/dev", name);
}

/* What the script has named, in its own words or by its number; NULL: nothing. */
static char *device_of_answers(const char *text)
{
    AUTO(freep) char *number = answer_get(text, "physical-device");
    char *named = answer_get(text, "physical-device-path");

    if (!named)
        named = answer_get(text, "node");
    return named ? named : device_of_number(number);
}

static int run(const struct served *s, const char *dir, const char *action, int timeout_ms,
               struct err *e)
{
    AUTO(freep) char *answers = answers_path(dir, s);
    /* an argument as well: by it the next xend finds a script that still runs */
    AUTO(freep) char *arg = xasprintf("HOTPLUG_ANSWERS=%s", answers);
    AUTO(value_freep) struct value *env = value_copy(s->env);
    const char *const args[] = {action, arg, NULL};
    const struct hotplug h = {
        .path = s->script, .args = args, .env = env, .timeout_ms = timeout_ms};

    value_set_str(env, "HOTPLUG_ANSWERS", answers);
    value_set_str(env, "node", s->device);
    return hotplug_run(&h, NULL, e);
}

static int check_device(const struct served *s, const char *named, struct err *e)
{
    AUTO(buf_clear) struct buf words = BUF_INIT;
    const char *script = base_name(s->script);
    struct stat st;

    if (!named) {
        err_set(e, ERR_BACKEND, "script %s add: it has ended well and named no device", script);
        return err_hint(e, "A block script answers with node=/dev/NAME: see HOOK SCRIPTS in "
                           "xend(8).");
    }
    hotplug_words(&words, named, strlen(named), NAMED_BYTES_MAX);
    if (named[0] != '/')
        return err_set(e, ERR_BACKEND, "script %s add: it named '%s', which is no device", script,
                       buf_str(&words));
    if (stat(named, &st) < 0)
        return err_sys(e, "script %s add: it named %s", script, buf_str(&words));
    if (!S_ISBLK(st.st_mode))
        return err_set(e, ERR_BACKEND, "script %s add: it named %s, which is not a block device",
                       script, buf_str(&words));
    return 0;
}

static void read_answers(const struct served *s, const char *dir, struct buf *text)
{
    AUTO(freep) char *path = answers_path(dir, s);
    struct err none; /* one that answers nothing makes no file */

    read_file(path, ANSWERS_BYTES_MAX, text, &none);
}

/* A failure that the script tells in Xen's way: busy is somebody else's use. */
static int check_status(const struct served *s, const char *text, int r, struct err *e)
{
    AUTO(freep) char *status = answer_get(text, "hotplug-status");
    AUTO(freep) char *why = answer_get(text, "hotplug-error");
    bool busy = status && strcmp(status, "busy") == 0;
    AUTO(buf_clear) struct buf words = BUF_INIT;

    if (r == 0 && (busy || why || (status && strcmp(status, "error") == 0))) {
        hotplug_words(&words, why ? why : "", why ? strlen(why) : 0, sizeof(e->msg) / 2);
        r = err_set(e, ERR_BACKEND, "script %s add: %s", base_name(s->script),
                    why ? buf_str(&words) : status);
    }
    if (r < 0 && busy)
        e->code = ERR_BUSY;
    return r;
}

int served_add(const struct qguest *g, struct served *s, struct err *e)
{
    AUTO(freep) char *answers = answers_path(g->dir, s), *named = NULL;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    int r;

    unlink(answers);
    s->tried = true;
    fault_point("qemu.disk-adding");
    r = run(s, g->dir, "add", 0, e);
    fault_point("qemu.disk-added");
    read_answers(s, g->dir, &text);
    named = device_of_answers(buf_str(&text));
    if (check_status(s, buf_str(&text), r, e) < 0 || check_device(s, named, e) < 0)
        return err_add(e, "disk %s", s->vdev);
    s->device = steal(named);
    log_info("domain=%s: disk %s: %s add: done: %s", g->spec->name, s->vdev, s->script, s->device);
    return 0;
}

int served_open(const struct qguest *g, const struct served *s, const struct disk *k, struct err *e)
{
    struct disk at = *k;
    bool block;

    at.type = (char *)"phy";
    at.target = s->device;
    at.script = NULL;
    if (g->d->disk_served && g->d->disk_served(g->d->disk_served_arg, g->pub.uuid, &at, e) < 0)
        return -1;
    return image_open(&at, &block, e);
}

/* What an earlier xend had begun may still be at work: it ends first, so that nothing comes after
 * its "remove". */
static void await_orphan(const struct served *s, const char *answers)
{
    AUTO(freep) char *arg = xasprintf("HOTPLUG_ANSWERS=%s", answers);
    pid_t pid = process_find(arg, s->script);
    AUTO(closep) int pidfd = pid ? process_open(pid, proc_start_time(pid)) : -1;
    pid_t group; /* its own, as of all scripts */

    if (pidfd < 0 || process_await_end(pidfd, ORPHAN_MS))
        return;
    log_warn("%s: its script (pid %d) does not end and is killed", answers, (int)pid);
    group = getpgid(pid);
    if (group > 1 && group != getpgrp()) /* else it has just ended */
        kill(-group, SIGKILL);
    process_await_end(pidfd, ORPHAN_MS);
}

void served_take_back(struct served *s, const char *dir, const char *domain)
{
    AUTO(freep) char *answers = answers_path(dir, s);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;

    if (!s->tried)
        return;
    if (!s->device) {
        await_orphan(s, answers);
        read_answers(s, dir, &text);
        s->device = device_of_answers(buf_str(&text));
    }
    fault_point("qemu.disk-removing");
    if (run(s, dir, "remove", REMOVE_TIMEOUT_MS, &e) < 0)
        log_warn("domain=%s: disk %s: %s", domain, s->vdev, e.msg);
    else
        log_info("domain=%s: disk %s: %s remove: done", domain, s->vdev, s->script);
    fault_point("qemu.disk-removed");
    unlink(answers);
}
