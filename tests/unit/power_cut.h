/*
 * What a power cut leaves: the calls of fsops.h, written down, and played into a model of a file
 * system that keeps what was synced (of a file its bytes, of a directory its entries). The result
 * of any beginning of them is then made into real files. Included by test_managed.c and
 * test_intents.c.
 */
#ifndef TESTS_POWER_CUT_H
#define TESTS_POWER_CUT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/buf.h"
#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/vec.h"

/* What is left of that which was not synced. LEFT_WHOLE: all of it, for only the process died. */
enum left { LEFT_NOTHING, LEFT_NAMES, LEFT_TORN, LEFT_ALL_KINDS, LEFT_WHOLE = LEFT_ALL_KINDS };

struct noted {
    enum fs_op op;
    char *path, *to; /* below the top; of a write or a sync of a file: NULL */
    int fd;
    char *data;
    size_t size;
};
struct notes VEC(struct noted);

struct node {
    bool dir;
    struct buf data;
    size_t synced; /* bytes */
    struct entries VEC(struct entry) now, kept;
};
struct entry {
    char name[64];
    struct node *node;
};

static struct notes power_notes;
static const char *power_top;

static char *below(const char *path)
{
    size_t n = strlen(power_top);

    return path && strncmp(path, power_top, n) == 0 ? xstrdup(path[n] ? path + n + 1 : "") : NULL;
}

static int note(void *arg, const struct fs_call *c)
{
    struct noted n = {c->op, below(c->path), below(c->to), c->fd, NULL, c->size};

    (void)arg;
    if (c->data)
        n.data = memcpy(xmalloc(c->size + 1), c->data, c->size);
    if (c->op != FS_OPEN) /* comes when its name is known */
        vec_push(&power_notes, n);
    else
        free(n.path);
    return 0;
}

static void note_opened(void *arg, const char *path, int fd)
{
    struct noted n = {FS_OPEN, below(path), NULL, fd, NULL, 0};

    (void)arg;
    vec_push(&power_notes, n);
}

static void power_record(const char *top)
{
    power_top = top;
    fs_hook(note, note_opened, NULL);
}

static void power_stop(void)
{
    fs_hook(NULL, NULL, NULL);
    for (size_t i = 0; i < power_notes.len; i++) {
        free(power_notes.ptr[i].path);
        free(power_notes.ptr[i].to);
        free(power_notes.ptr[i].data);
    }
    vec_clear(&power_notes);
}

static struct entry *entry_find(struct node *dir, const char *name)
{
    for (size_t i = 0; dir && i < dir->now.len; i++)
        if (strcmp(dir->now.ptr[i].name, name) == 0)
            return &dir->now.ptr[i];
    return NULL;
}

/* The directory that a path is in, with its last part in *name; "" is the top itself. */
static struct node *walk(struct node *top, const char *path, const char **name)
{
    const char *slash;

    while ((slash = strchr(path, '/'))) {
        AUTO(freep) char *part = xstrndup(path, (size_t)(slash - path));
        struct entry *e = entry_find(top, part);

        top = e ? e->node : NULL;
        path = slash + 1;
    }
    *name = path;
    return top;
}

static void entry_set(struct node *dir, const char *name, struct node *node)
{
    struct entry new = {.node = node}, *old = entry_find(dir, name);

    snprintf(new.name, sizeof(new.name), "%s", name);
    if (old)
        old->node = node;
    else if (dir)
        vec_push(&dir->now, new);
}

static void entry_drop(struct node *dir, const char *name)
{
    struct entry *e = entry_find(dir, name);

    if (e)
        vec_remove(&dir->now, (size_t)(e - dir->now.ptr));
}

static void sync_node(struct node *n)
{
    n->synced = n->data.len;
    vec_clear(&n->kept);
    for (size_t i = 0; i < n->now.len; i++)
        vec_push(&n->kept, n->now.ptr[i]);
}

struct nodes VEC(struct node *);

static struct node *node_new(struct nodes *all, bool dir)
{
    struct node *n = xcalloc(1, sizeof(*n));

    n->dir = dir;
    vec_push(all, n);
    return n;
}

/* One call; open files by descriptor. */
static void play(struct nodes *all, struct node *top, struct node *open_files[1024],
                 const struct noted *c)
{
    const char *name = NULL, *to_name = NULL;
    struct node *dir = c->path ? walk(top, c->path, &name) : NULL, *to;
    struct entry *e = dir ? entry_find(dir, name) : NULL;
    struct node *n = c->fd >= 0 ? open_files[c->fd] : name && !*name ? top : e ? e->node : NULL;

    switch (c->op) {
    case FS_OPEN:
        open_files[c->fd] = node_new(all, false);
        entry_set(dir, name, open_files[c->fd]);
        break;
    case FS_WRITE:
        if (n) /* else a pipe, or what is not below */
            buf_add(&n->data, c->data, c->size);
        break;
    case FS_SYNC:
        if (n)
            sync_node(n);
        break;
    case FS_RENAME:
        to = walk(top, c->to, &to_name);
        if (e)
            entry_set(to, to_name, e->node);
        entry_drop(dir, name);
        break;
    case FS_MKDIR:
        if (dir && !e && *name)
            entry_set(dir, name, node_new(all, true));
        break;
    case FS_RMDIR:
        if (n && n->now.len)
            break;
        __attribute__((fallthrough));
    default:
        entry_drop(dir, name);
    }
}

static void make_real(const struct node *n, const char *path, enum left left)
{
    const struct entries *v = left == LEFT_NOTHING ? &n->kept : &n->now;
    size_t lost = n->data.len - n->synced;
    size_t len = n->synced + (left == LEFT_WHOLE ? lost : left == LEFT_TORN ? lost / 2 : 0);
    struct err e;

    if (!n->dir) {
        CU_ASSERT_EQUAL_FATAL(write_file_whole(path, buf_str(&n->data), len, 0600, &e), 0);
        return;
    }
    mkdir(path, 0700);
    for (size_t i = 0; i < v->len; i++) {
        AUTO(freep) char *inner = path_join(path, v->ptr[i].name);
        make_real(v->ptr[i].node, inner, left);
    }
}

/* The files that are there when the power fails after `n` calls, as path. */
static void power_cut(size_t n, enum left left, const char *path)
{
    struct node *open_files[1024] = {NULL}, *top;
    struct nodes all = {0};

    top = node_new(&all, true);
    for (size_t i = 0; i < n; i++)
        play(&all, top, open_files, &power_notes.ptr[i]);
    make_real(top, path, left);
    for (size_t i = 0; i < all.len; i++) {
        buf_clear(&all.ptr[i]->data);
        vec_clear(&all.ptr[i]->now);
        vec_clear(&all.ptr[i]->kept);
        free(all.ptr[i]);
    }
    vec_clear(&all);
}

#endif
