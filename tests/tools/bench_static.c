/*
 * A peer for xend's answers: constant bodies from the same HTTP library with the same settings (as
 * server_start in xend/server.c has them), which is the most that xend could reach.
 *     bench_static SOCKET BYTES...
 * answers GET /BYTES with a body of so many bytes, until it is killed.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xend/server.h"

#define BYTES_MAX (64 * 1024 * 1024)

struct body {
    char path[24];
    struct MHD_Response *response;
};

static struct body *bodies;
static size_t n_bodies;

static struct MHD_Response *make_response(size_t bytes)
{
    char *text = xcalloc(1, bytes + 1);
    struct MHD_Response *r;

    memset(text, 'x', bytes);
    r = MHD_create_response_from_buffer(bytes, text, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(r, "Content-Type", "application/json");
    return r;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *n_upload, void **con_cls)
{
    (void)arg, (void)method, (void)version, (void)upload, (void)n_upload;
    if (!*con_cls) { /* the headers; the answer follows with the second call, as in xend */
        *con_cls = bodies;
        return MHD_YES;
    }
    for (size_t i = 0; i < n_bodies; i++)
        if (strcmp(url, bodies[i].path) == 0)
            return MHD_queue_response(connection, MHD_HTTP_OK, bodies[i].response);
    return MHD_NO;
}

int main(int argc, char **argv)
{
    struct MHD_Daemon *daemon;
    struct err e;
    int fd;

    if (argc < 3) {
        fprintf(stderr, "usage: bench_static SOCKET BYTES...\n");
        return 2;
    }
    n_bodies = (size_t)argc - 2;
    bodies = xcalloc(n_bodies, sizeof(*bodies));
    for (size_t i = 0; i < n_bodies; i++) {
        size_t bytes = strtoul(argv[i + 2], NULL, 10);
        if (bytes > BYTES_MAX)
            return 2;
        snprintf(bodies[i].path, sizeof(bodies[i].path), "/%zu", bytes);
        bodies[i].response = make_response(bytes);
    }
    fd = unix_listen(argv[1], 0600, &e);
    if (fd < 0) {
        fprintf(stderr, "bench_static: %s\n", e.msg);
        return 1;
    }
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                                  MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG,
                              0, NULL, NULL, on_request, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
                              MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_CONNECTION_LIMIT,
                              (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                              (size_t)HEADERS_MAX, MHD_OPTION_END);
    if (!daemon)
        return 1;
    for (;;)
        pause();
}
