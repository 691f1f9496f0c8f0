/*
 * What scripts/hooks/block does for disks of the types phy and file, in process: see hooks.h. The
 * lock is the one of the scripts, so that they and we do not look at the same disk at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "libxl/hooks/hooks.h"
#include "libxl/hooks/loop.h"
#include "libxl/hooks/share.h"

#define RUN_DIR "/var/run/xen-hotplug"
#define LOCK_MS 30000    /* as long as a script may have it */
#define LOOP_TRIES 64    /* each time another program may take the free device before us */
#define LOCK_SLICE_MS 20 /* between two looks at a lock that is taken */

struct block_hook {
    struct hook *c;
    char *type, *params;
    int mode; /* enum disk_mode */
    int lock;
};

static void close_hook(struct block_hook *b)
{
    free(b->type);
    free(b->params);
    close_fd(&b->lock);
}

static int take_lock(struct block_hook *b, struct err *e)
{
    const char *dir = value_get_str(b->c->h->env, "HOTPLUG_RUN_DIR", RUN_DIR);
    AUTO(freep) char *path = path_join(dir, "block");
    int64_t deadline = now_ms() + LOCK_MS;

    if (make_dirs(dir, 0755, e) < 0)
        return -1;
    b->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (b->lock < 0)
        return err_sys(e, "%s", path);
    while (flock(b->lock, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_sys(e, "%s", path);
        if (now_ms() >= deadline)
            return err_set(e, ERR_TIMEOUT, "%s: another script has the lock", path);
        poll(NULL, 0, LOCK_SLICE_MS);
    }
    return 0;
}

static int tell(struct block_hook *b, dev_t dev, struct err *e)
{
    char number[32];

    snprintf(number, sizeof(number), "%x:%x", major(dev), minor(dev));
    if (hook_answer(b->c, "physical-device", number, e) < 0)
        return -1;
    return hook_answer(b->c, "hotplug-status", "connected", e);
}

/* Its real name and what it is; the caller frees. NULL: the error says that it is not there. */
static char *find(const struct block_hook *b, struct stat *st, struct err *e)
{
    AUTO(freep) char *named = *b->params == '/' ? xstrdup(b->params) : path_join("/dev", b->params);
    char *path = realpath(named, NULL);

    if (path && stat(path, st) == 0)
        return path;
    err_set(e, ERR_BACKEND, "%s does not exist.", b->params);
    free(path);
    return NULL;
}

static int add_phy(struct block_hook *b, struct err *e)
{
    struct stat st;
    AUTO(freep) char *dev = find(b, &st, e);

    if (!dev)
        return -1;
    if (!S_ISBLK(st.st_mode))
        return err_set(e, ERR_BACKEND, "%s is not a block device.", dev);
    if (take_lock(b, e) < 0 || share_check(b->c, b->mode, "Device", dev, e) < 0)
        return -1;
    return tell(b, st.st_rdev, e);
}

static void forget(struct block_hook *b, const char *name)
{
    AUTO(freep) char *path = path_join(value_get_str(b->c->h->env, "XENBUS_PATH", ""), name);

    b->c->h->store->remove(b->c->h->store, path);
}

/* xend may die at any moment: the node is there before the device is. */
static enum loop_result try_loop(struct block_hook *b, const char *file, struct loop *l,
                                 struct err *e)
{
    enum loop_result r;

    close_fd(&l->fd);
    if (loop_find(l, e) < 0 || hook_answer(b->c, "node", l->path, e) < 0)
        return LOOP_FAILED;
    fault_point("hook.loop-making");
    r = loop_set(l, file, b->mode == DISK_READ, e);
    fault_point("hook.loop-made");
    return r;
}

static int make_loop(struct block_hook *b, const char *file, struct err *e)
{
    enum loop_result made = LOOP_TAKEN;
    struct loop l = {.fd = -1};
    struct stat st;
    int r = -1;

    for (int i = 0; made == LOOP_TAKEN && i < LOOP_TRIES; i++)
        made = try_loop(b, file, &l, e);
    if (made == LOOP_OLD)
        r = hook_leave(b->c, "this kernel has no LOOP_CONFIGURE");
    else if (made == LOOP_TAKEN)
        err_set(e, ERR_BUSY, "No loop device for %s: others are faster", file);
    else if (made == LOOP_FAILED)
        err_add(e, "No loop device for %s", file);
    else
        r = fstat(l.fd, &st) < 0 ? err_sys(e, "%s", l.path) : tell(b, st.st_rdev, e);
    close_fd(&l.fd);
    if (r < 0 && made == LOOP_DONE)
        loop_drop(l.path);
    if (r < 0)
        forget(b, "node");
    return r;
}

static int check_state(const struct block_hook *b, struct err *e)
{
    AUTO(freep) char *state = hook_param(b->c, "state");

    if (!*state || strcmp(state, "2") == 0)
        return 0;
    return err_set(e, ERR_BACKEND, "Path closed or removed during hotplug add: %s state: %s",
                   value_get_str(b->c->h->env, "XENBUS_PATH", ""), state);
}

static int add_file(struct block_hook *b, struct err *e)
{
    struct stat st;
    AUTO(freep) char *file = NULL;

    if (check_state(b, e) < 0 || !(file = find(b, &st, e)))
        return -1;
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_BACKEND, "%s is not a file.", file);
    if (take_lock(b, e) < 0)
        return -1;
    if (loop_on_file(&st) && share_check(b->c, b->mode, "File", file, e) < 0)
        return -1;
    return make_loop(b, file, e);
}

static int add(struct block_hook *b, struct err *e)
{
    AUTO(freep) char *done = hook_param(b->c, "physical-device");

    if (*done)
        return 0;
    if (!*b->type)
        return hook_answer(b->c, "hotplug-status", "connected", e);
    return strcmp(b->type, "phy") == 0 ? add_phy(b, e) : add_file(b, e);
}

/* A node without a number is of an xend, or a script, that died in between: another may have the
 * device by now. */
static int take_away(struct block_hook *b)
{
    AUTO(freep) char *node = NULL;
    AUTO(freep) char *number = NULL;
    AUTO(freep) char *file = NULL;

    if (strcmp(b->type, "file") != 0)
        return 0;
    node = hook_param(b->c, "node");
    number = hook_param(b->c, "physical-device");
    file = *number ? NULL : realpath(b->params, NULL);
    if (strncmp(node, "/dev/loop", 9) == 0 &&
        (*number || loop_is_on(node, file ? file : b->params)))
        loop_drop(node);
    forget(b, "node");
    forget(b, "physical-device");
    return 0;
}

static void read_disk(struct block_hook *b)
{
    AUTO(freep) char *params = hook_param(b->c, "params");
    AUTO(freep) char *mode = hook_param(b->c, "mode");
    size_t n;

    b->type = hook_param(b->c, "type");
    n = strlen(b->type);
    b->params =
        xstrdup(strncmp(params, b->type, n) == 0 && params[n] == ':' ? params + n + 1 : params);
    b->mode = share_mode(*mode ? mode : "w");
}

int hook_block(struct hook *c, struct err *e)
{
    static const char *const names[] = {NULL};
    AUTO(close_hook) struct block_hook b = {.c = c, .lock = -1};
    int r = hook_check_args(c, names);

    if (r != HOOK_DONE)
        return r;
    if (!c->h->store)
        return hook_leave(c, "there is no xenstore");
    read_disk(&b);
    if (*b.type && strcmp(b.type, "phy") != 0 && strcmp(b.type, "file") != 0)
        return hook_leave(c, "type %s", b.type);
    r = c->start ? add(&b, e) : take_away(&b);
    return r < 0 ? hook_fatal(c, e->code == ERR_BUSY ? "busy" : "error", e) : r;
}
