/* What xend is about to do, on disk: see intent.h. */
#include "xend/intent.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/fault.h"
#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "xend/devices.h"
#include "xend/ops.h"
#include "xend/xend.h"

#define INTENT_BYTES_MAX (1024 * 1024) /* a spec, which came in a body of that size */

static const char *const op_names[] = {"create", "destroy", "restart", "dump",
                                       "save",   "resume",  "given",   "checkpoint",
                                       "attach", "detach",  "media"};
_Static_assert(ARRAY_LEN(op_names) == INTENT_MEDIA + 1, "a name for each");

/* An intent of an earlier boot of the host is about a guest that is no more. */
static char boot_text[64];

static void read_boot_id(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err ignored;

    if (read_file("/proc/sys/kernel/random/boot_id", sizeof(boot_text), &b, &ignored) == 0)
        snprintf(boot_text, sizeof(boot_text), "%.36s", buf_str(&b));
}

static const char *boot_id(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, read_boot_id);
    return boot_text;
}

static char *intents_dir(const struct xend *x)
{
    return path_join(x->paths.run_dir, "intents");
}

static char *intent_path(const struct xend *x, const char *uuid)
{
    return xasprintf("%s/intents/%s.json", x->paths.run_dir, uuid);
}

int intent_write(struct xend *x, const struct domain *d, enum intent_op op, struct err *e)
{
    return intent_write_more(x, d, op, &(struct intent_more){0}, e);
}

int intent_write_more(struct xend *x, const struct domain *d, enum intent_op op,
                      const struct intent_more *more, struct err *e)
{
    AUTO(freep) char *path = intent_path(x, d->uuid), *dir = intents_dir(x);
    AUTO(value_freep) struct value *v = value_map();
    AUTO(buf_clear) struct buf text = BUF_INIT;

    value_set_str(v, "op", op_names[op]);
    value_set_str(v, "boot", boot_id());
    value_set_str(v, "file", more->file);
    value_set_str(v, "name", more->name);
    value_set_int(v, "inode", (int64_t)more->inode);
    value_set_bool(v, "paused", more->paused);
    if (more->device)
        value_set_take(v, "device", value_copy(more->device));
    value_set_bool(v, "force", more->force);
    if (more->there)
        value_set_take(v, "there", value_copy(more->there));
    xend_lock(x);
    value_set_take(v, "spec", spec_to_value(d->spec));
    xend_unlock(x);
    json_print_pretty(v, &text);
    if (make_dirs(dir, 0700, e) < 0 || write_file_whole(path, text.ptr, text.len, 0600, e) < 0)
        return err_add(e, "writing down what is to be done");
    fault_point("intent.written");
    return 0;
}

void intent_clear(struct xend *x, const char *uuid)
{
    AUTO(freep) char *path = intent_path(x, uuid);

    fault_point("intent.clearing");
    fs_unlink(path);
    fault_point("intent.cleared");
}

/* The guest of a domain is gone and the next one not there. With the lock. */
static struct task *restart(struct xend *x, struct domain *d)
{
    struct task *t = queue_add(x->queue, d, &op_create, "xend", false);

    domain_set_state(x->domains, d, DOMAIN_DYING);
    t->arg = CREATE_RESTART;
    return t;
}

/* The same of a domain that is not on disk. */
static struct task *start_again(struct xend *x, const struct value *intent)
{
    AUTO(problems_clear) struct problems faults = {0};
    struct spec *s = spec_from_value(value_get(intent, "spec"), &faults);
    struct domain *d;
    struct err e;

    d = s ? domain_add_take(x->domains, s, &e) : NULL;
    return d ? restart(x, d) : NULL;
}

/* True when the file of a save has its name: the same file, not an older one of that name. */
static bool is_saved(const struct value *intent)
{
    const char *name = value_get_str(intent, "name", NULL);
    int64_t inode = value_get_int(intent, "inode", 0);
    struct stat st;

    return name && inode && stat(name, &st) == 0 && (int64_t)st.st_ino == inode;
}

/* A device that was on its way: out, or the old medium back in. With the lock. */
static struct task *go_on_device(struct xend *x, struct domain *d, enum intent_op op,
                                 const struct value *intent)
{
    const struct value *v = value_get(intent, "device");
    struct err e = {0};
    AUTO(device_freep) struct device *dev = device_of_job(v, &e);
    struct task *t;

    if (!dev) {
        log_error("domain=%s: its intent: %s", d->spec->name, e.msg);
        return NULL;
    }
    if (d->next && op != INTENT_MEDIA) /* it may have got into one of the two specs only */
        devices_remove(&d->next->devices, dev->class, device_key(dev));
    t = queue_add(x->queue, d, op == INTENT_MEDIA ? &op_media : &op_detach, "xend", false);
    t->recovers = true;
    t->arg = op != INTENT_DETACH || value_get_bool(intent, "force", false);
    t->arg_value = value_copy(v);
    return t;
}

/* Given away, perhaps: who has it now, or nobody knows. With the lock. */
static struct task *go_on_given(struct xend *x, struct domain *d, const struct value *there)
{
    struct task *t = NULL;

    if (there) {
        t = queue_add(x->queue, d, &op_given, "xend", false);
        t->arg_value = value_copy(there);
    } else {
        log_error("domain=%s: it was migrated when xend died, perhaps; it is left suspended: look "
                  "there first, then xm destroy or xm unpause it here",
                  d->spec->name);
    }
    return t;
}

/* What is left to do for a domain that exists. With the lock; the job that ends the intent. */
static struct task *go_on(struct xend *x, struct domain *d, enum intent_op op, bool saved,
                          bool paused, const struct value *there)
{
    struct task *t = NULL;

    switch (op) {
    case INTENT_RESTART:
        if (!d->guest)
            return restart(x, d);
        if (d->state == DOMAIN_PAUSED) /* the new guest, not yet let go */
            queue_add(x->queue, d, &op_unpause, "xend", false);
        return NULL;
    case INTENT_GIVEN:
        return go_on_given(x, d, there);
    case INTENT_DUMP:
    case INTENT_CHECKPOINT:
    case INTENT_SAVE:
        if (!saved) {
            t = queue_add(x->queue, d, &op_go_on, "xend", false);
            t->arg = !paused;
            return t;
        }
        __attribute__((fallthrough));
    case INTENT_RESUME:
        if (op == INTENT_RESUME && saved && d->state == DOMAIN_PAUSED && !paused)
            queue_add(x->queue, d, &op_unpause, "xend", false);
        if (op == INTENT_RESUME && saved)
            return NULL;
        __attribute__((fallthrough));
    default:
        return queue_add(x->queue, d, &op_destroy, "xend", false);
    }
}

/* The operation of this name; INTENT_MEDIA + 1 when there is none. */
static enum intent_op op_of(const char *name)
{
    size_t i = 0;

    while (i < ARRAY_LEN(op_names) && strcmp(op_names[i], name) != 0)
        i++;
    return (enum intent_op)i;
}

/* False when nobody knows what it means: then nothing is done to any guest. */
static bool resume(struct xend *x, const char *uuid, const struct value *intent)
{
    const char *name = value_get_str(intent, "op", ""), *file = value_get_str(intent, "file", NULL);
    bool saved, paused = value_get_bool(intent, "paused", false);
    enum intent_op op = op_of(name);
    struct task *queued = NULL;
    struct domain *d;

    if (op > INTENT_MEDIA)
        return false;
    if (strcmp(value_get_str(intent, "boot", boot_id()), boot_id()) !=
        0) { /* its guest is gone, too */
        if (file)
            fs_unlink(file);
        intent_clear(x, uuid);
        return true;
    }
    log_info("uuid=%s: an earlier xend died while it was at: %s", uuid, name);
    saved = op == INTENT_SAVE     ? is_saved(intent)
            : op == INTENT_RESUME ? access(value_get_str(intent, "name", ""), F_OK) < 0
                                  : false;
    if (file)
        fs_unlink(file);
    xend_lock(x);
    d = domain_find_uuid(x->domains, uuid);
    if (d && op >= INTENT_ATTACH)
        queued = go_on_device(x, d, op, intent);
    else if (d)
        queued = go_on(x, d, op, saved, paused, value_get(intent, "there"));
    else if (op == INTENT_RESTART)
        queued = start_again(x, intent);
    xend_unlock(x);
    if (!queued) /* else the job takes the intent back */
        intent_clear(x, uuid);
    return true;
}

static void resume_file(struct xend *x, const char *name)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *intent = NULL;
    AUTO(freep) char *uuid = xstrndup(name, UUID_TEXT_SIZE - 1), *path = NULL;
    struct err e;

    if (!uuid_normalize(uuid, uuid) || strcmp(name + UUID_TEXT_SIZE - 1, ".json") != 0)
        return;
    path = intent_path(x, uuid);
    if (read_file(path, INTENT_BYTES_MAX, &text, &e) == 0)
        intent = json_parse(buf_str(&text), text.len, path, &e);
    if (intent && resume(x, uuid, intent))
        return;
    if (intent)
        err_set(&e, ERR_INVALID, "it is of no operation that this xend knows");
    AUTO(freep) char *aside = xasprintf("%s.bad", path);
    fs_rename(path, aside);
    log_error("%s: set aside as %s: %s", path, aside, e.msg);
}

void intents_resume(struct xend *x)
{
    AUTO(freep) char *dir = intents_dir(x);
    DIR *d = opendir(dir);
    struct dirent *entry;

    if (!d)
        return;
    remove_unfinished(dir);
    while ((entry = readdir(d)))
        if (strlen(entry->d_name) > UUID_TEXT_SIZE)
            resume_file(x, entry->d_name);
    closedir(d);
}
