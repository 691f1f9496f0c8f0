/*
 * Changes a second that xend answers, by clients that each make a domain and remove it, again and
 * again:
 *     bench_durable SOCKET CLIENTS MS new|create
 * new: managed domains, whose definition and removal are on disk when they are answered. create:
 * domains that run, of which nothing need be. Prints the changes a second of all clients together
 * (a domain made and removed is two). Exit status 1 when an answer is not 200.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "tests/tools/bench.h"

struct client {
    pthread_t thread;
    int number, fd;
    bool managed;
    double end;
    size_t changes;
};

static void die(const char *why)
{
    fprintf(stderr, "bench_durable: %s\n", why);
    exit(1);
}

/* One answer, which must be 200 and has a length; small ones only. */
static void read_answer(int fd)
{
    char answer[16384];
    size_t have = 0, need = 0;

    while (!need || have < need) {
        ssize_t n = read(fd, answer + have, sizeof(answer) - 1 - have);
        char *body, *length;

        if (n <= 0)
            die("xend hung up");
        have += (size_t)n;
        answer[have] = '\0';
        body = strstr(answer, "\r\n\r\n");
        length = strcasestr(answer, "\r\ncontent-length:");
        if (body && (!length || strncmp(answer, "HTTP/1.1 200 ", 13) != 0))
            die(answer);
        if (body)
            need = (size_t)(body + 4 - answer) + strtoul(length + 17, NULL, 10);
        if (need >= sizeof(answer))
            die("an answer is too long");
    }
}

static void post(const struct client *c, const char *path, const char *body)
{
    AUTO(freep)
    char *text =
        xasprintf("POST %s?wait=60 HTTP/1.1\r\nHost: xend\r\nContent-Length: %zu\r\n\r\n%s", path,
                  strlen(body), body);
    struct err e;

    if (write_all(c->fd, text, strlen(text), &e) < 0)
        die(e.msg);
    read_answer(c->fd);
}

static void *load(void *arg)
{
    struct client *c = arg;
    AUTO(freep)
    char *body =
        xasprintf("{\"spec\":{\"name\":\"b%d\",\"kernel\":\"/k\"},\"managed\":%s,\"start\":%s}",
                  c->number, c->managed ? "true" : "false", c->managed ? "false" : "true");
    AUTO(freep)
    char *remove = xasprintf("/v1/domains/b%d/%s", c->number, c->managed ? "delete" : "destroy");

    for (; bench_seconds() < c->end; c->changes += 2) {
        post(c, "/v1/domains", body);
        post(c, remove, "");
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int n = argc == 5 ? atoi(argv[2]) : 0;
    double seconds = argc == 5 ? atof(argv[3]) / 1e3 : 0, start;
    struct client *clients;
    size_t changes = 0;
    struct err e;

    if (n <= 0 || n > 1000 || seconds <= 0) {
        fprintf(stderr, "usage: bench_durable SOCKET CLIENTS MS new|create\n");
        return 2;
    }
    clients = xcalloc((size_t)n, sizeof(*clients));
    start = bench_seconds();
    for (int i = 0; i < n; i++) {
        clients[i] = (struct client){.number = i,
                                     .fd = unix_connect(argv[1], &e),
                                     .managed = strcmp(argv[4], "new") == 0,
                                     .end = start + seconds};
        if (clients[i].fd < 0)
            die(e.msg);
        pthread_create(&clients[i].thread, NULL, load, &clients[i]);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(clients[i].thread, NULL);
        changes += clients[i].changes;
        close(clients[i].fd);
    }
    printf("%.0f\n", (double)changes / (bench_seconds() - start));
    free(clients);
    return 0;
}
