/* Events, their log and who follows them: see events.h. */
#include "xend/events.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/base/vec.h"
#include "xend/events_parts.h"
#include "xend/queue.h"
#include "xend/server.h"
#include "xend/xend.h"

#define IDS_AT_ONCE 1000 /* reserved together: so many may be skipped after a power cut */

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)(t.tv_sec * 1000 + t.tv_nsec / 1000000) / 1e3;
}

void events_emit_take(struct events *e, struct value *v)
{
    pthread_mutex_lock(&e->lock);
    value_set_int(v, "id", (int64_t)++e->last_id);
    value_set_take(v, "time", value_real(seconds_now()));
    vec_push(&e->pending, v);
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
}

struct value *events_new(const char *type)
{
    struct value *v = value_map();

    value_set_take(v, "id", value_nil()); /* its place is first */
    value_set_take(v, "time", value_nil());
    value_set_str(v, "type", type);
    return v;
}

void event_domain(struct xend *x, const struct domain *d, const char *type)
{
    struct value *v;

    if (!x->events)
        return;
    v = events_new(type);
    value_set_str(v, "domain", d->spec->name);
    value_set_str(v, "uuid", d->uuid);
    value_set_take(v, "domid", d->domid == DOMID_NONE ? value_nil() : value_int(d->domid));
    value_set_str(v, "state", domain_state_name(d->state));
    if (d->state == DOMAIN_SHUTDOWN)
        value_set_str(v, "reason", stop_reason_name(d->reason));
    events_emit_take(x->events, v);
}

void event_ended(struct xend *x, const struct domain *d, const struct guest_change *c)
{
    struct value *v;

    if (!x->events)
        return;
    v = events_new("ended");
    value_set_str(v, "domain", d->spec->name);
    value_set_str(v, "uuid", d->uuid);
    value_set_int(v, "domid", c->domid);
    value_set_str(v, "state", guest_state_name(c->state));
    if (c->state == GUEST_SHUTDOWN)
        value_set_str(v, "reason", stop_reason_name(c->reason));
    value_set_str(v, "detail", c->detail);
    events_emit_take(x->events, v);
}

void event_job(struct xend *x, const struct task *t)
{
    struct value *v;

    if (!x->events || t->kind->hidden)
        return;
    v = events_new("job");
    value_set_str(v, "domain", t->name);
    value_set_str(v, "uuid", t->uuid);
    value_set_int(v, "job", (int64_t)t->id);
    value_set_str(v, "kind", t->kind->name);
    value_set_str(v, "state", task_state_name(t->state));
    value_set_str(v, "by", t->by);
    if (t->state == TASK_FAILED || t->state == TASK_CANCELLED)
        value_set_str(v, "error", t->err.msg);
    events_emit_take(x->events, v);
}

/* The writer. */
static void rotate(struct events *e)
{
    AUTO(freep) char *old = xasprintf("%s.1", e->path);
    int fd;

    rename(e->path, old);
    fd = open(e->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_error("%s: %s", e->path, strerror(errno));
        return;
    }
    close(e->fd);
    e->fd = fd;
    e->size = 0;
}

static void forget(struct events *e, uint64_t id)
{
    free(e->ring[id % EVENTS_KEPT]);
    e->ring[id % EVENTS_KEPT] = NULL;
}

void events_keep(struct events *e, uint64_t id, char *text_take)
{
    for (uint64_t i = 1; e->newest && i < EVENTS_KEPT && e->newest + i < id; i++)
        forget(e, e->newest + i);
    forget(e, id);
    e->ring[id % EVENTS_KEPT] = text_take;
    if (!e->newest)
        e->oldest = id;
    e->newest = id;
    if (e->newest - e->oldest >= EVENTS_KEPT)
        e->oldest = e->newest - EVENTS_KEPT + 1;
}

/* Before any of them is shown. When it fails, it is tried again with the next batch. */
static void reserve_ids(struct events *e, uint64_t newest)
{
    char text[24];
    struct err failed;
    int n;

    if (newest <= e->reserved)
        return;
    n = snprintf(text, sizeof(text), "%" PRIu64 "\n", newest + IDS_AT_ONCE);
    if (write_file_atomic(e->ids_path, text, (size_t)n, 0600, &failed) == 0)
        e->reserved = newest + IDS_AT_ONCE;
    else
        log_error("%s: ids of events may come again after a power cut", failed.msg);
}

static int64_t id_of(const struct value *event)
{
    return value_get_int(event, "id", 0);
}

/* The next xend skips many ids. In place: that takes no room, and gives none away. */
static void forget_reserved(struct events *e)
{
    AUTO(closep) int fd = open(e->ids_path, O_WRONLY | O_CLOEXEC);

    e->reserved = 0;
    if (fd < 0 && errno == ENOENT)
        return;
    if ((fd < 0 || fs_write(fd, "0\n", 2) != 2) && fs_unlink(e->ids_path) < 0)
        log_error("%s: %s: ids of events may come again", e->ids_path, strerror(errno));
}

/* When that fails, what is known of ids is forgotten with it. */
static void write_lines(struct events *e, const struct buf *lines)
{
    struct err failed;

    if ((!e->torn || write_all(e->fd, "\n", 1, &failed) == 0) &&
        write_all(e->fd, lines->ptr, lines->len, &failed) == 0) {
        e->torn = false;
        return;
    }
    log_error("%s: %s: events go on unwritten", e->path, failed.msg);
    e->torn = true;
    forget_reserved(e);
}

/* Writes a batch, then shows it. Without the lock; the ring changes with it. */
static void publish(struct events *e, struct pending *batch)
{
    AUTO(buf_clear) struct buf lines = BUF_INIT;

    for (size_t i = 0; i < batch->len; i++) {
        json_print(batch->ptr[i], &lines);
        buf_addc(&lines, '\n');
    }
    reserve_ids(e, (uint64_t)id_of(batch->ptr[batch->len - 1]));
    write_lines(e, &lines);
    e->size += (off_t)lines.len;
    if (e->size > EVENTS_FILE_MAX)
        rotate(e);
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0, at = 0; i < batch->len; i++) {
        size_t len = strcspn(lines.ptr + at, "\n");
        events_keep(e, (uint64_t)id_of(batch->ptr[i]), xstrndup(lines.ptr + at, len));
        at += len + 1;
        value_free(batch->ptr[i]);
    }
    pthread_mutex_unlock(&e->lock);
    vec_clear(batch);
    server_wake(e->xend->server, WAKE_EVENTS);
}

static void *writer(void *arg)
{
    struct events *e = arg;

    pthread_mutex_lock(&e->lock);
    while (!e->stopping || e->pending.len) {
        struct pending batch = e->pending;
        if (!batch.len) {
            pthread_cond_wait(&e->work, &e->lock);
            continue;
        }
        e->pending = (struct pending){0};
        pthread_mutex_unlock(&e->lock);
        publish(e, &batch);
        pthread_mutex_lock(&e->lock);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

void events_range(struct events *e, uint64_t *oldest, uint64_t *newest)
{
    pthread_mutex_lock(&e->lock);
    *oldest = e->newest ? e->oldest : e->last_id + 1;
    *newest = e->newest ? e->newest : e->last_id;
    pthread_mutex_unlock(&e->lock);
}

uint64_t events_last(struct events *e)
{
    uint64_t last;

    pthread_mutex_lock(&e->lock);
    last = e->last_id;
    pthread_mutex_unlock(&e->lock);
    return last;
}

/* "KEY":"TEXT", as it stands in an event. The caller frees. */
static char *member_text(const char *key, const char *text)
{
    AUTO(value_freep) struct value *v = value_str(text);
    struct buf b = BUF_INIT;

    buf_addf(&b, "\"%s\":", key);
    json_print(v, &b);
    return buf_steal(&b);
}

void event_filter_set(struct event_filter *f, const char *name, const char *uuid)
{
    f->name = member_text("domain", name);
    f->uuid = uuid ? member_text("uuid", uuid) : NULL;
}

void event_filter_clear(struct event_filter *f)
{
    free(f->name);
    free(f->uuid);
    *f = (struct event_filter){0};
}

bool event_matches(const struct event_filter *f, const char *line, size_t len)
{
    if (!f || (!f->name && !f->uuid))
        return true;
    return (f->name && memmem(line, len, f->name, strlen(f->name))) ||
           (f->uuid && memmem(line, len, f->uuid, strlen(f->uuid)));
}

/* The text of an event that is kept and wanted, or NULL. With the lock. */
static const char *wanted(const struct events *e, uint64_t id, const struct event_filter *f)
{
    const char *text = e->ring[id % EVENTS_KEPT]; /* NULL: one that a power cut tore */

    return text && event_matches(f, text, strlen(text)) ? text : NULL;
}

bool events_find(struct events *e, const struct event_filter *f, char uuid[UUID_TEXT_SIZE])
{
    static const char key[] = "\"uuid\":\"";
    const char *text = NULL;

    uuid[0] = '\0';
    pthread_mutex_lock(&e->lock);
    for (uint64_t id = e->newest; id && id >= e->oldest && !text; id--)
        text = wanted(e, id, f);
    if (text && strstr(text, key))
        snprintf(uuid, UUID_TEXT_SIZE, "%s", strstr(text, key) + strlen(key));
    pthread_mutex_unlock(&e->lock);
    return text;
}

uint64_t events_sse(struct events *e, uint64_t since, const struct event_filter *f,
                    size_t max_bytes, struct buf *out)
{
    pthread_mutex_lock(&e->lock);
    if (e->newest && since + 1 < e->oldest)
        since = e->oldest - 1;
    while (e->newest && since < e->newest) {
        const char *text = wanted(e, since + 1, f);
        if (out->len && text && out->len + strlen(text) + 40 > max_bytes)
            break;
        since++;
        if (text)
            buf_addf(out, "id: %" PRIu64 "\ndata: %s\n\n", since, text);
    }
    pthread_mutex_unlock(&e->lock);
    return since;
}

uint64_t events_json(struct events *e, uint64_t since, const struct event_filter *f, size_t limit,
                     struct buf *out)
{
    uint64_t at;

    pthread_mutex_lock(&e->lock);
    if (e->newest && since + 1 < e->oldest)
        since = e->oldest - 1;
    for (at = e->newest; at > since && limit; at--)
        limit -= wanted(e, at, f) != NULL;
    for (size_t start = out->len; at < e->newest;) {
        const char *text = wanted(e, ++at, f);
        if (text)
            buf_addf(out, "%s%s", out->len > start ? "," : "", text);
    }
    since = e->newest > since ? e->newest : since;
    pthread_mutex_unlock(&e->lock);
    return since;
}

/* The newer one first, so that nothing is lost when it becomes the older one meanwhile. */
int events_read_files(struct events *v, struct buf *out, struct err *e)
{
    AUTO(freep) char *older = xasprintf("%s.1", v->path);
    AUTO(buf_clear) struct buf newer = BUF_INIT;

    if (read_file(v->path, 2 * EVENTS_FILE_MAX, &newer, e) < 0)
        return -1;
    if (read_file(older, 2 * EVENTS_FILE_MAX, out, e) < 0 && e->sys != ENOENT)
        return -1;
    buf_add(out, newer.ptr, newer.len);
    return 0;
}

struct events *events_open(struct xend *x, const char *lib_dir, struct err *err)
{
    struct events *e = xcalloc(1, sizeof(*e));
    struct stat st;

    e->xend = x;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->work, NULL);
    e->path = path_join(lib_dir, "events.log");
    e->ids_path = path_join(lib_dir, "events.ids");
    e->fd = open(e->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (e->fd < 0) {
        err_sys(err, "%s", e->path);
        free(e->path);
        free(e->ids_path);
        free(e);
        return NULL;
    }
    e->size = fstat(e->fd, &st) == 0 ? st.st_size : 0;
    events_read_past(e);
    if (e->size && write(e->fd, "\n", 1) == 1) /* ends a torn line; empty ones are skipped */
        e->size++;
    pthread_create(&e->writer, NULL, writer, e);
    return e;
}

void events_close(struct events *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->writer, NULL);
    for (size_t i = 0; i < EVENTS_KEPT; i++)
        free(e->ring[i]);
    close(e->fd);
    free(e->path);
    free(e->ids_path);
    vec_clear(&e->pending);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->work);
    free(e);
}
