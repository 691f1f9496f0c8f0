/*
 * Requests per second of one keep-alive connection over a unix socket:
 *     httpload SOCKET SECONDS PATH
 * prints "requests/s bytes/s status". No pipelining: the next request follows the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"

/* Reads one answer; its total bytes, or -1. */
static ssize_t read_answer(int fd, struct buf *b, int *status)
{
    char *body, *length;
    size_t need = 0;

    b->len = 0;
    for (;;) {
        ssize_t n;
        buf_reserve(b, 65536);
        n = read(fd, b->ptr + b->len, 65536);
        if (n <= 0)
            return -1;
        b->len += (size_t)n;
        b->ptr[b->len] = '\0';
        body = need ? NULL : strstr(b->ptr, "\r\n\r\n");
        if (body) {
            length = strcasestr(b->ptr, "content-length:");
            if (!length || sscanf(b->ptr, "HTTP/1.1 %d", status) != 1)
                return -1;
            need = (size_t)(body + 4 - b->ptr) + strtoul(length + 15, NULL, 10);
        }
        if (need && b->len >= need)
            return (ssize_t)b->len;
    }
}

int main(int argc, char **argv)
{
    AUTO(buf_clear) struct buf answer = BUF_INIT;
    AUTO(freep) char *request = NULL;
    struct err e;
    int64_t start, end;
    double requests = 0, bytes = 0, seconds;
    int fd, status = 0;

    if (argc != 4)
        return 2;
    fd = unix_connect(argv[1], &e);
    if (fd < 0) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    request = xasprintf("GET %s HTTP/1.1\r\nHost: xend\r\n\r\n", argv[3]);
    start = now_ms();
    end = start + atoi(argv[2]) * 1000;
    while (now_ms() < end) {
        ssize_t n;
        if (write_all(fd, request, strlen(request), &e) < 0 ||
            (n = read_answer(fd, &answer, &status)) < 0) {
            fprintf(stderr, "the server hung up\n");
            return 1;
        }
        requests++;
        bytes += (double)n;
    }
    seconds = (double)(now_ms() - start) / 1e3;
    printf("%.0f %.0f %d\n", requests / seconds, bytes / seconds, status);
    close(fd);
    return 0;
}
