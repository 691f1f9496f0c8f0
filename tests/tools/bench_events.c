/*
 * Many who follow xend's events, at once:
 *     bench_events SOCKET FOLLOWERS CHANGES DOMAIN
 * opens so many event streams, then pauses and unpauses a running DOMAIN, CHANGES times in all (an
 * even number leaves it running). A change is over when each follower was told of it. Prints "LOST
 * FIRST-MS LAST-MS SLOWEST-MS": how many were not told of each change, or with a gap in the events'
 * ids; then medians of the time from the request to the first and to the last delivery, and the
 * slowest of the last ones. Exit status 1 when anything was lost.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "tests/tools/bench.h"

#define LOST_S 60 /* what has not come by then is lost */

struct follower {
    int fd;
    struct buf in;
    bool streams; /* its answer has begun */
    uint64_t id;  /* of its last event */
    size_t told;  /* of how many changes */
    bool gap;
};

struct crowd {
    struct follower *all;
    size_t n, n_streams;
    int epoll_fd, post_fd;
    const char *domain;
    /* the change that is under way, counted from 1 */
    size_t change, n_told;
    double begin, first, last;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_events: %s: %s\n", what, why);
    exit(1);
}

static const char *state_of(size_t change)
{
    return change % 2 ? "paused" : "running";
}

static void on_id(struct follower *f, uint64_t id)
{
    f->gap |= f->id && id != f->id + 1;
    f->id = id;
}

static void on_data(struct crowd *c, struct follower *f, const char *data)
{
    AUTO(freep) char *domain = xasprintf("\"domain\":\"%s\"", c->domain);
    AUTO(freep) char *state = xasprintf("\"state\":\"%s\"", state_of(c->change));

    if (!strstr(data, "\"type\":\"state\"") || !strstr(data, domain) || !strstr(data, state))
        return;
    if (++f->told != c->change) /* twice, or one late */
        f->gap = true;
    c->last = bench_seconds();
    if (!c->n_told++)
        c->first = c->last;
}

static void on_line(struct crowd *c, struct follower *f, char *line)
{
    if (!f->streams && strncmp(line, "HTTP/1.", 7) == 0) {
        if (!strstr(line, " 200 "))
            die("a stream", line);
        f->streams = true;
        c->n_streams++;
    } else if (strncmp(line, "id: ", 4) == 0) {
        on_id(f, strtoull(line + 4, NULL, 10));
    } else if (strncmp(line, "data: ", 6) == 0) {
        on_data(c, f, line);
    }
}

static void on_input(struct crowd *c, struct follower *f)
{
    char *end, *at;
    ssize_t n;

    buf_reserve(&f->in, 16384);
    n = read(f->fd, f->in.ptr + f->in.len, 16383);
    if (n <= 0)
        die("a stream", n < 0 ? strerror(errno) : "it ended");
    f->in.len += (size_t)n;
    f->in.ptr[f->in.len] = '\0';
    for (at = f->in.ptr; (end = strchr(at, '\n')); at = end + 1) {
        *end = '\0';
        on_line(c, f, at);
    }
    buf_shift(&f->in, (size_t)(at - f->in.ptr));
}

/* Takes what comes until *count has reached the number of followers; false when it never does. */
static bool await_all(struct crowd *c, const size_t *count)
{
    double end = bench_seconds() + LOST_S;
    struct epoll_event events[64];

    while (*count < c->n) {
        int n = epoll_wait(c->epoll_fd, events, ARRAY_LEN(events), 1000);
        if (bench_seconds() > end)
            return false;
        for (int i = 0; i < n; i++)
            on_input(c, events[i].data.ptr);
    }
    return true;
}

/* HTTP/1.0: the stream comes as it is, not in chunks. */
static void follow(struct crowd *c, struct follower *f, const char *socket)
{
    static const char request[] = "GET /v1/events HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n";
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = f};
    struct err e;

    f->fd = unix_connect(socket, &e);
    if (f->fd < 0 || write_all(f->fd, request, strlen(request), &e) < 0)
        die("a stream", e.msg);
    if (epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, f->fd, &ev) < 0)
        die("epoll", strerror(errno));
}

/* Asks for a change; the answer is read after the events. */
static void post(struct crowd *c)
{
    AUTO(freep)
    char *request =
        xasprintf("POST /v1/domains/%s/%s HTTP/1.1\r\nHost: xend\r\nContent-Length: 0\r\n\r\n",
                  c->domain, c->change % 2 ? "pause" : "unpause");
    struct err e;

    c->n_told = 0;
    c->begin = bench_seconds();
    if (write_all(c->post_fd, request, strlen(request), &e) < 0)
        die("the request", e.msg);
}

static void read_answer(struct crowd *c)
{
    char answer[8192];
    ssize_t n = read(c->post_fd, answer, sizeof(answer) - 1);

    answer[n > 0 ? n : 0] = '\0';
    if (strncmp(answer, "HTTP/1.1 20", 11) != 0) /* the job may have ended already, or not */
        die("the request's answer", answer);
}

static size_t count_lost(const struct crowd *c, size_t changes)
{
    size_t lost = 0;

    for (size_t i = 0; i < c->n; i++)
        lost += c->all[i].gap || c->all[i].told != changes;
    return lost;
}

static void allow_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(int argc, char **argv)
{
    struct crowd c = {0};
    size_t changes = argc == 5 ? (size_t)atoi(argv[3]) : 0, lost;
    double *first, *last, slowest = 0;
    struct err e;

    c.n = argc == 5 ? (size_t)atoi(argv[2]) : 0;
    if (!changes || changes > 1000 || !c.n || c.n > 100000) {
        fprintf(stderr, "usage: bench_events SOCKET FOLLOWERS CHANGES DOMAIN\n");
        return 2;
    }
    allow_files();
    c.domain = argv[4];
    c.all = xcalloc(c.n, sizeof(*c.all));
    c.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < c.n; i++)
        follow(&c, &c.all[i], argv[1]);
    if (!await_all(&c, &c.n_streams))
        die("the streams", "not all were answered");
    c.post_fd = unix_connect(argv[1], &e);
    if (c.post_fd < 0)
        die("the request", e.msg);
    first = xcalloc(changes, sizeof(*first));
    last = xcalloc(changes, sizeof(*last));
    for (size_t i = 0; i < changes; i++) {
        c.change = i + 1;
        post(&c);
        if (!await_all(&c, &c.n_told))
            break;
        first[i] = 1e3 * (c.first - c.begin);
        last[i] = 1e3 * (c.last - c.begin);
        slowest = last[i] > slowest ? last[i] : slowest;
        read_answer(&c);
    }
    lost = count_lost(&c, changes);
    printf("%zu %.1f %.1f %.1f\n", lost, bench_median(first, changes), bench_median(last, changes),
           slowest);
    for (size_t i = 0; i < c.n; i++) {
        close(c.all[i].fd);
        buf_clear(&c.all[i].in);
    }
    free(c.all);
    free(first);
    free(last);
    return lost != 0;
}
