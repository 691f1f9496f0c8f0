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
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/base/vec.h"
#include "xend/queue.h"
#include "xend/server.h"
#include "xend/xend.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define LOST_IDS 100000 /* skipped after a host boot: unwritten events may have been seen */

struct pending VEC(struct value *);

struct events {
    struct xend *xend;
    pthread_mutex_t lock; /* a leaf */
    pthread_cond_t work;
    struct pending pending;
    bool stopping;
    pthread_t writer;
    /* the writer's own */
    char *path;
    int fd;
    off_t size;
    /* the ring: text of event id is ring[id % EVENTS_KEPT] */
    char *ring[EVENTS_KEPT];
    uint64_t oldest, newest; /* newest 0: none yet */
    uint64_t last_id;        /* of the newest, pending ones included */
};

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)(t.tv_sec * 1000 + t.tv_nsec / 1000000) / 1e3;
}

/* Queues an event; swallows v, whose id and time are set here. */
static void emit_take(struct events *e, struct value *v)
{
    pthread_mutex_lock(&e->lock);
    value_set_int(v, "id", (int64_t)++e->last_id);
    value_set_take(v, "time", value_real(seconds_now()));
    vec_push(&e->pending, v);
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
}

static struct value *new_event(const char *type)
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
    v = new_event(type);
    value_set_str(v, "domain", d->spec->name);
    value_set_str(v, "uuid", d->uuid);
    value_set_take(v, "domid", d->domid == DOMID_NONE ? value_nil() : value_int(d->domid));
    value_set_str(v, "state", domain_state_name(d->state));
    if (d->state == DOMAIN_SHUTDOWN)
        value_set_str(v, "reason", stop_reason_name(d->reason));
    emit_take(x->events, v);
}

void event_ended(struct xend *x, const struct domain *d, const struct guest_change *c)
{
    struct value *v;

    if (!x->events)
        return;
    v = new_event("ended");
    value_set_str(v, "domain", d->spec->name);
    value_set_str(v, "uuid", d->uuid);
    value_set_int(v, "domid", c->domid);
    value_set_str(v, "state", guest_state_name(c->state));
    if (c->state == GUEST_SHUTDOWN)
        value_set_str(v, "reason", stop_reason_name(c->reason));
    value_set_str(v, "detail", c->detail);
    emit_take(x->events, v);
}

void event_job(struct xend *x, const struct task *t)
{
    struct value *v;

    if (!x->events || t->kind->hidden)
        return;
    v = new_event("job");
    value_set_str(v, "domain", t->name);
    value_set_str(v, "uuid", t->uuid);
    value_set_int(v, "job", (int64_t)t->id);
    value_set_str(v, "kind", t->kind->name);
    value_set_str(v, "state", task_state_name(t->state));
    value_set_str(v, "by", t->by);
    if (t->state == TASK_FAILED || t->state == TASK_CANCELLED)
        value_set_str(v, "error", t->err.msg);
    emit_take(x->events, v);
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

static void keep(struct events *e, uint64_t id, char *text_take)
{
    char **slot = &e->ring[id % EVENTS_KEPT];

    free(*slot);
    *slot = text_take;
    if (!e->newest)
        e->oldest = id;
    e->newest = id;
    if (e->newest - e->oldest >= EVENTS_KEPT)
        e->oldest = e->newest - EVENTS_KEPT + 1;
}

/* Writes a batch, then shows it. Without the lock; the ring changes with it. */
static void publish(struct events *e, struct pending *batch)
{
    AUTO(buf_clear) struct buf lines = BUF_INIT;
    struct err failed;

    for (size_t i = 0; i < batch->len; i++) {
        json_print(batch->ptr[i], &lines);
        buf_addc(&lines, '\n');
    }
    if (write_all(e->fd, lines.ptr, lines.len, &failed) < 0)
        log_error("%s: %s: events go on unwritten", e->path, failed.msg);
    e->size += (off_t)lines.len;
    if (e->size > EVENTS_FILE_MAX)
        rotate(e);
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0, at = 0; i < batch->len; i++) {
        size_t len = strcspn(lines.ptr + at, "\n");
        keep(e, (uint64_t)value_get_int(batch->ptr[i], "id", 0), xstrndup(lines.ptr + at, len));
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

/* Reading the log back at start. A job is open while its last event is queued or running. */
struct history {
    struct events *events;
    struct value *open_jobs; /* id -> its last event */
    bool same_boot;
};

static void note_job(struct value *open_jobs, const struct value *v)
{
    char key[24];
    const char *state = value_get_str(v, "state", "");

    snprintf(key, sizeof(key), "%" PRId64, value_get_int(v, "job", 0));
    if (strcmp(state, "queued") == 0 || strcmp(state, "running") == 0)
        value_set_take(open_jobs, key, value_copy(v));
    else
        value_remove(open_jobs, key);
}

static void read_line(struct history *h, const char *line, size_t len, const char *boot)
{
    struct err e;
    AUTO(value_freep) struct value *v = json_parse(line, len, "events.log", &e);
    int64_t id = value_get_int(v, "id", 0);
    const char *type = value_get_str(v, "type", "");

    if (!v || id <= 0)
        return; /* the torn last line of a power cut */
    h->events->last_id = (uint64_t)id;
    keep(h->events, (uint64_t)id, xstrndup(line, len));
    if (strcmp(type, "job") == 0) {
        note_job(h->open_jobs, v);
    } else if (strcmp(type, "xend-started") == 0) {
        h->same_boot = strcmp(value_get_str(v, "boot", ""), boot) == 0;
        value_free(h->open_jobs); /* reported by the start that followed them */
        h->open_jobs = value_map();
    }
}

static void read_log(struct history *h, const char *path, const char *boot)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;

    if (read_file(path, 2 * EVENTS_FILE_MAX, &text, &e) < 0)
        return;
    for (size_t at = 0; at < text.len;) {
        size_t len = strcspn(text.ptr + at, "\n");
        read_line(h, text.ptr + at, len, boot);
        at += len + 1;
    }
}

static void report_start(struct history *h, const char *boot)
{
    struct value *v;

    for (size_t i = 0; i < value_len(h->open_jobs); i++) {
        v = value_copy(value_at(h->open_jobs, i));
        value_set_str(v, "state", "interrupted");
        value_set_str(v, "error", "xend ended while this was being done");
        emit_take(h->events, v);
    }
    v = new_event("xend-started");
    value_set_str(v, "version", VERSION);
    value_set_str(v, "boot", boot);
    emit_take(h->events, v);
}

/* Gaps in the ids would break the ring: what was kept before one is dropped. */
static void skip_ids(struct events *e, uint64_t n)
{
    for (size_t i = 0; i < EVENTS_KEPT; i++) {
        free(e->ring[i]);
        e->ring[i] = NULL;
    }
    e->oldest = e->newest = 0;
    e->last_id += n;
}

static void read_history(struct events *e)
{
    AUTO(buf_clear) struct buf boot = BUF_INIT;
    AUTO(freep) char *older = xasprintf("%s.1", e->path);
    struct history h = {.events = e, .open_jobs = value_map()};
    struct err ignored;

    read_file(BOOT_ID, 64, &boot, &ignored);
    if (boot.len)
        boot.ptr[strcspn(boot.ptr, "\n")] = '\0';
    read_log(&h, older, buf_str(&boot));
    read_log(&h, e->path, buf_str(&boot));
    if (e->last_id && !h.same_boot)
        skip_ids(e, LOST_IDS);
    report_start(&h, buf_str(&boot));
    value_free(h.open_jobs);
}

struct events *events_open(struct xend *x, const char *lib_dir, struct err *err)
{
    struct events *e = xcalloc(1, sizeof(*e));
    struct stat st;

    e->xend = x;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->work, NULL);
    e->path = path_join(lib_dir, "events.log");
    e->fd = open(e->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (e->fd < 0) {
        err_sys(err, "%s", e->path);
        free(e->path);
        free(e);
        return NULL;
    }
    e->size = fstat(e->fd, &st) == 0 ? st.st_size : 0;
    read_history(e);
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
    vec_clear(&e->pending);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->work);
    free(e);
}
