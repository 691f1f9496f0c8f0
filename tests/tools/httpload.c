/*
 * Requests per second over a keep-alive connection, of two servers in turn, A B A B ...:
 *     httpload ROUNDS MS SOCKET-A PATH-A SOCKET-B PATH-B
 * asks each for MS milliseconds in each round and prints "REQUESTS-RATIO BYTES-RATIO A-REQUESTS/S
 * A-BYTES/S B-REQUESTS/S B-BYTES/S", all medians; the ratios are A/B, round by round. No
 * pipelining: the next request follows the answer. Exit status 1 when an answer is not 200.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "tests/tools/bench.h"

struct target {
    int fd;
    char *request;
    double *requests, *bytes; /* a second, of each round */
};

static char answer[256 * 1024];

static void die(const char *why)
{
    fprintf(stderr, "httpload: %s\n", why);
    exit(1);
}

/* Reads one answer and throws it away; its length. */
static size_t read_answer(int fd)
{
    size_t have = 0, need = 0;

    while (!need || have < need) {
        size_t keep = need ? 0 : have; /* the header is looked at as a whole */
        ssize_t n = read(fd, answer + keep, sizeof(answer) - 1 - keep);
        char *body, *length;

        if (n <= 0)
            die("the server hung up");
        have += (size_t)n;
        if (need)
            continue;
        answer[have] = '\0';
        body = strstr(answer, "\r\n\r\n");
        if (!body && have < sizeof(answer) - 1)
            continue;
        length = strcasestr(answer, "\r\ncontent-length:");
        if (!body || !length || strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
            die("an answer is not 200 with a length");
        need = (size_t)(body + 4 - answer) + strtoul(length + 17, NULL, 10);
    }
    return have;
}

static void load(struct target *t, size_t round, double seconds)
{
    double start = bench_seconds(), now = start, requests = 0, bytes = 0;
    size_t len = strlen(t->request);
    struct err e;

    for (; now - start < seconds; now = bench_seconds()) {
        if (write_all(t->fd, t->request, len, &e) < 0)
            die(e.msg);
        bytes += (double)read_answer(t->fd);
        requests++;
    }
    t->requests[round] = requests / (now - start);
    t->bytes[round] = bytes / (now - start);
}

static void target_open(struct target *t, const char *socket, const char *path, size_t rounds)
{
    struct err e;

    t->fd = unix_connect(socket, &e);
    if (t->fd < 0)
        die(e.msg);
    t->request = xasprintf("GET %s HTTP/1.1\r\nHost: xend\r\n\r\n", path);
    t->requests = xcalloc(rounds, sizeof(double));
    t->bytes = xcalloc(rounds, sizeof(double));
    load(t, 0, 0.05); /* warms up */
}

static void target_close(struct target *t)
{
    close(t->fd);
    free(t->request);
    free(t->requests);
    free(t->bytes);
}

static double median_ratio(const double *a, const double *b, size_t n)
{
    double *ratio = xcalloc(n, sizeof(*ratio)), m;

    for (size_t i = 0; i < n; i++)
        ratio[i] = a[i] / b[i];
    m = bench_median(ratio, n);
    free(ratio);
    return m;
}

int main(int argc, char **argv)
{
    size_t n = argc == 7 ? (size_t)atoi(argv[1]) : 0;
    double seconds = argc == 7 ? atof(argv[2]) / 1e3 : 0, requests, bytes;
    struct target a, b;

    if (n == 0 || n > 10000 || seconds <= 0) {
        fprintf(stderr, "usage: httpload ROUNDS MS SOCKET-A PATH-A SOCKET-B PATH-B\n");
        return 2;
    }
    target_open(&a, argv[3], argv[4], n);
    target_open(&b, argv[5], argv[6], n);
    for (size_t i = 0; i < n; i++) {
        load(&a, i, seconds);
        load(&b, i, seconds);
    }
    requests = median_ratio(a.requests, b.requests, n);
    bytes = median_ratio(a.bytes, b.bytes, n);
    printf("%.3f %.3f %.0f %.0f %.0f %.0f\n", requests, bytes, bench_median(a.requests, n),
           bench_median(a.bytes, n), bench_median(b.requests, n), bench_median(b.bytes, n));
    target_close(&a);
    target_close(&b);
    return 0;
}
