/* The order of autostart: see waves.h. */
#include "xend/waves.h"

#include <stdlib.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/index.h"

enum node_state { WAITS, READY, RUNNING, RESTS, OVER };

struct edges VEC(size_t);

struct node {
    int64_t order;              /* INT64_MAX: the last */
    int64_t delay_ms, at_ms;    /* at: when a RUNNING one is given up, a RESTS one is over */
    struct edges before, after; /* in the same group: what it waits for, what waits for it */
    size_t waiting;             /* how many of `before` are not over */
    size_t number, depth;       /* depth: the largest number before it */
    enum node_state state;
};

struct waves {
    struct node *nodes;
    size_t *sorted; /* by group, then as they came */
    size_t n;
    struct wave_limits limits;
    struct edges ready, active; /* active: RUNNING and RESTS */
    size_t n_taken;             /* of ready */
    size_t n_open, left;        /* of sorted: in groups that have begun; not over in the last */
    size_t running, n_over;
    int64_t next_ms; /* no start before */
};

/* For qsort, which has no argument: sorts pairs. */
struct place {
    int64_t order;
    size_t i;
};

static int compare(const void *a, const void *b)
{
    const struct place *p = a, *q = b;

    if (p->order != q->order)
        return p->order < q->order ? -1 : 1;
    return p->i < q->i ? -1 : p->i > q->i;
}

static void sort(struct waves *w)
{
    struct place *places = xcalloc(w->n + 1, sizeof(*places));

    for (size_t i = 0; i < w->n; i++)
        places[i] = (struct place){w->nodes[i].order, i};
    qsort(places, w->n, sizeof(*places), compare);
    for (size_t i = 0; i < w->n; i++)
        w->sorted[i] = places[i].i;
    free(places);
}

/* One name of an item's start_after. */
static void add_edge(struct waves *w, const struct wave_item *items, size_t to, size_t from,
                     struct problems *p)
{
    struct node *later = &w->nodes[to], *sooner = &w->nodes[from];

    if (sooner->order > later->order) {
        problems_add(p, items[to].name, "give both the same start_order, or none",
                     "start_after: '%s' has a later start_order: left out", items[from].name);
    } else if (sooner->order == later->order) {
        vec_push(&later->before, from);
        vec_push(&sooner->after, to);
        later->waiting++;
    } /* else its whole group comes before */
}

/* The place of each item, plus 1, by its name; of equal names the first. */
static void read_names(struct waves *w, const struct wave_item *items,
                       bool (*exists)(void *arg, const char *name), void *arg, struct problems *p)
{
    struct index names = {0};

    for (size_t i = 0; i < w->n; i++)
        if (!index_get(&names, items[i].name))
            index_put(&names, items[i].name, &w->nodes[i]);
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < value_len(items[i].after); k++) {
            const char *name = value_as_str(value_at(items[i].after, k));
            const struct node *node = index_get(&names, name);

            if (node)
                add_edge(w, items, i, (size_t)(node - w->nodes), p);
            else if (!exists(arg, name))
                problems_add(p, items[i].name, "it starts all the same",
                             "start_after: no domain '%s' is autostarted", name);
        }
    index_clear(&names);
}

static void drop_edge(struct edges *v, size_t item)
{
    for (size_t i = 0; i < v->len; i++)
        if (v->ptr[i] == item) {
            vec_remove(v, i);
            return;
        }
}

/* The first that `i` waits for and that has no number yet. */
static size_t unnumbered_before(const struct waves *w, size_t i)
{
    const struct edges *v = &w->nodes[i].before;

    for (size_t k = 0; k < v->len; k++)
        if (!w->nodes[v->ptr[k]].number)
            return v->ptr[k];
    return i; /* not reached: what has no number waits for such a one */
}

/*
 * From one without a number, backwards, until a name comes twice: that is a circle. It is told,
 * and opened at its first member: that one does not wait for the next any more. Returns it.
 */
static size_t open_circle(struct waves *w, const struct wave_item *items, size_t start,
                          struct problems *p)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    bool *seen = xcalloc(w->n, sizeof(*seen));
    size_t at = start, first;

    while (!seen[at]) {
        seen[at] = true;
        at = unnumbered_before(w, at);
    }
    free(seen);
    first = at;
    buf_adds(&text, items[first].name);
    do {
        at = unnumbered_before(w, at);
        buf_addf(&text, " -> %s", items[at].name);
    } while (at != first);
    problems_add(p, items[first].name, "it starts all the same, without waiting",
                 "start_after: a circle: %.400s", buf_str(&text));
    at = unnumbered_before(w, first);
    drop_edge(&w->nodes[first].before, at);
    drop_edge(&w->nodes[at].after, first);
    w->nodes[first].waiting--;
    return first;
}

/* Numbers what waits for nothing unnumbered, from queue[*done] on. left: counts of `before`. */
static void number_chains(struct waves *w, size_t *left, struct edges *queue, size_t *done)
{
    for (; *done < queue->len; ++*done) {
        struct node *node = &w->nodes[queue->ptr[*done]];

        for (size_t k = 0; k < node->after.len; k++) {
            size_t i = node->after.ptr[k];
            struct node *next = &w->nodes[i];

            next->depth = node->number > next->depth ? node->number : next->depth;
            if (--left[i] == 0) {
                next->number = next->depth + 1;
                vec_push(queue, i);
            }
        }
    }
}

/* The numbers of one group, sorted[begin..end), after `base`; returns the largest. */
static size_t number_group(struct waves *w, const struct wave_item *items, size_t begin, size_t end,
                           size_t base, struct problems *p)
{
    size_t *left = xcalloc(w->n, sizeof(*left)), done = 0, next = begin, max = base;
    struct edges queue = {0};

    for (size_t k = begin; k < end; k++) {
        size_t i = w->sorted[k];
        left[i] = w->nodes[i].waiting;
        w->nodes[i].depth = base;
        if (!left[i]) {
            w->nodes[i].number = base + 1;
            vec_push(&queue, i);
        }
    }
    number_chains(w, left, &queue, &done);
    while (queue.len < end - begin) {
        while (w->nodes[w->sorted[next]].number)
            next++;
        size_t i = open_circle(w, items, w->sorted[next], p);
        if (--left[i] == 0) {
            w->nodes[i].number = w->nodes[i].depth + 1;
            vec_push(&queue, i);
            number_chains(w, left, &queue, &done);
        }
    }
    for (size_t k = begin; k < end; k++)
        if (w->nodes[w->sorted[k]].number > max)
            max = w->nodes[w->sorted[k]].number;
    vec_clear(&queue);
    free(left);
    return max;
}

static size_t group_end(const struct waves *w, size_t begin)
{
    size_t end = begin;

    while (end < w->n && w->nodes[w->sorted[end]].order == w->nodes[w->sorted[begin]].order)
        end++;
    return end;
}

static void make_ready(struct waves *w, size_t i)
{
    w->nodes[i].state = READY;
    vec_push(&w->ready, i);
}

/* The next group begins, when the last is over. */
static void open_groups(struct waves *w)
{
    while (!w->left && w->n_open < w->n) {
        size_t begin = w->n_open;

        w->n_open = group_end(w, begin);
        w->left = w->n_open - begin;
        for (size_t k = begin; k < w->n_open; k++)
            if (!w->nodes[w->sorted[k]].waiting)
                make_ready(w, w->sorted[k]);
    }
}

struct waves *waves_new(const struct wave_item *items, size_t n, const struct wave_limits *limits,
                        bool (*exists)(void *arg, const char *name), void *arg, struct problems *p)
{
    struct waves *w = xcalloc(1, sizeof(*w));
    size_t base = 0;

    w->nodes = xcalloc(n + 1, sizeof(*w->nodes));
    w->sorted = xcalloc(n + 1, sizeof(*w->sorted));
    w->n = n;
    w->limits = *limits;
    if (limits->gap_ms > 0)
        w->limits.parallel = 1;
    for (size_t i = 0; i < n; i++) {
        w->nodes[i].order = items[i].order ? items[i].order : INT64_MAX;
        w->nodes[i].delay_ms = items[i].delay_ms;
    }
    sort(w);
    read_names(w, items, exists, arg, p);
    for (size_t begin = 0, end; begin < n; begin = end) {
        end = group_end(w, begin);
        base = number_group(w, items, begin, end, base, p);
    }
    open_groups(w);
    return w;
}

void waves_free(struct waves *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n; i++) {
        vec_clear(&w->nodes[i].before);
        vec_clear(&w->nodes[i].after);
    }
    vec_clear(&w->ready);
    vec_clear(&w->active);
    free(w->nodes);
    free(w->sorted);
    free(w);
}

size_t waves_number(const struct waves *w, size_t i)
{
    return w->nodes[i].number;
}

/* Nobody waits for it any more. */
static void over(struct waves *w, size_t i)
{
    struct node *node = &w->nodes[i];

    node->state = OVER;
    w->n_over++;
    w->left--;
    for (size_t k = 0; k < node->after.len; k++)
        if (--w->nodes[node->after.ptr[k]].waiting == 0)
            make_ready(w, node->after.ptr[k]);
    open_groups(w);
}

/* What its time has ended. */
static void tick(struct waves *w, int64_t now)
{
    for (size_t k = 0; k < w->active.len;) {
        size_t i = w->active.ptr[k];

        if (w->nodes[i].at_ms > now) {
            k++;
            continue;
        }
        if (w->nodes[i].state == RUNNING)
            w->running--;
        vec_remove(&w->active, k);
        over(w, i);
    }
}

bool waves_next(struct waves *w, int64_t now, size_t *i)
{
    tick(w, now);
    if (w->n_taken == w->ready.len || w->running >= w->limits.parallel || now < w->next_ms)
        return false;
    *i = w->ready.ptr[w->n_taken++];
    w->nodes[*i].state = RUNNING;
    w->nodes[*i].at_ms = now + w->limits.patience_ms;
    vec_push(&w->active, *i);
    w->running++;
    return true;
}

void waves_ended(struct waves *w, size_t i, bool runs, int64_t now)
{
    struct node *node = &w->nodes[i];

    if (node->state != RUNNING) /* given up long ago */
        return;
    w->running--;
    if (runs && w->limits.gap_ms > 0)
        w->next_ms = now + w->limits.gap_ms;
    if (runs && node->delay_ms > 0) {
        node->state = RESTS;
        node->at_ms = now + node->delay_ms;
        return;
    }
    drop_edge(&w->active, i);
    over(w, i);
}

int64_t waves_wake_ms(const struct waves *w)
{
    int64_t wake = -1;

    for (size_t k = 0; k < w->active.len; k++) {
        int64_t at = w->nodes[w->active.ptr[k]].at_ms;
        wake = wake < 0 || at < wake ? at : wake;
    }
    if (w->n_taken < w->ready.len && w->running < w->limits.parallel)
        wake = wake < 0 || w->next_ms < wake ? w->next_ms : wake;
    return wake;
}

bool waves_over(const struct waves *w)
{
    /* a delay that nobody waits for is not waited for */
    if (w->n_over == w->n)
        return true;
    return w->n_taken == w->ready.len && w->n_open == w->n && !w->running &&
           w->n_over + w->active.len == w->n;
}
