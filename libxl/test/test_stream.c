/*
 * The test driver's saved guest: a line, a JSON map with its length, one block for each MiB (as
 * far as BLOCKS_MAX) with a pattern that is checked, and a last line. Called by save and restore.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "libxl/base/io.h"
#include "libxl/test/test_driver.h"

#define MAGIC "xend test guest 1\n"
#define TRAILER "end of guest\n"
#define BLOCK_BYTES 4096
#define BLOCKS_MAX 256 /* 1 MiB: enough to be cut, small enough for thousands */
#define HEADER_BYTES_MAX 4096

/* Each block differs from its neighbours, so that a lost or repeated one is seen. */
static void fill_block(uint8_t *block, uint64_t number)
{
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] = (uint8_t)(number * 31 + i * 7);
}

static uint64_t blocks_of(uint64_t mem_kib)
{
    uint64_t n = mem_kib / 1024;

    return n < BLOCKS_MAX ? n : BLOCKS_MAX;
}

static struct value *header_of(const struct test_guest *g)
{
    struct value *map = value_map();

    value_set_str(map, "uuid", g->pub.uuid);
    value_set_int(map, "mem_kib", (int64_t)g->mem_kib);
    value_set_int(map, "cpu_ns", (int64_t)g->cpu_ns);
    value_set_bool(map, "booted", g->booted);
    return map;
}

/* Checks for cancellation before each block, as a real save does at each round. */
int stream_write(const struct test_guest *g, int fd, struct job *j, struct err *e)
{
    AUTO(value_freep) struct value *header = header_of(g);
    AUTO(buf_clear) struct buf b = BUF_INIT, json = BUF_INIT;
    uint64_t n = blocks_of(g->mem_kib);
    uint8_t block[BLOCK_BYTES];

    json_print(header, &json);
    buf_addf(&b, MAGIC "%04zx%s", json.len, buf_str(&json));
    buf_clear(&json);
    if (write_all(fd, b.ptr, b.len, e) < 0)
        return err_add(e, "saving");
    for (uint64_t i = 0; i < n; i++) {
        fill_block(block, i);
        if (job_check(j, e) < 0)
            return -1;
        if (write_all(fd, block, sizeof(block), e) < 0)
            return err_add(e, "saving");
        job_progress(j, i + 1, n);
    }
    return write_all(fd, TRAILER, strlen(TRAILER), e) < 0 ? err_add(e, "saving") : 0;
}

/* Exactly n bytes; waits for them unless the job is cancelled. */
static int read_exact(int fd, void *p, size_t n, struct job *j, struct err *e)
{
    char *at = p;

    while (n) {
        struct pollfd fds[] = {{fd, POLLIN, 0}, {j->cancel_fd, POLLIN, 0}};
        int ready = poll(fds, 2, fd_patience_ms(fd, false));
        ssize_t r;

        if (ready < 0 && errno != EINTR)
            return err_sys(e, "restoring");
        if (job_check(j, e) < 0)
            return -1;
        if (ready == 0)
            return err_set(e, ERR_TIMEOUT, "restoring: the other side has sent nothing for %d s",
                           fd_patience_ms(fd, false) / 1000);
        r = read(fd, at, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return err_sys(e, "restoring");
        if (r == 0)
            return err_set(e, ERR_INVALID, "restoring: the saved guest ends early");
        at += r;
        n -= (size_t)r;
    }
    return 0;
}

static int bad_stream(struct err *e)
{
    return err_set(e, ERR_INVALID, "restoring: this is no guest that the test driver saved");
}

/* The first line and the map after it; nothing is believed before it was checked. */
static struct value *read_header(int fd, struct job *j, struct err *e)
{
    char start[sizeof(MAGIC) - 1 + 4 + 1] = "", json[HEADER_BYTES_MAX];
    unsigned len;

    if (read_exact(fd, start, sizeof(start) - 1, j, e) < 0)
        return NULL;
    if (strncmp(start, MAGIC, strlen(MAGIC)) != 0 ||
        sscanf(start + strlen(MAGIC), "%4x", &len) != 1 || len == 0 || len > sizeof(json)) {
        bad_stream(e);
        return NULL;
    }
    return read_exact(fd, json, len, j, e) < 0 ? NULL : json_parse(json, len, "saved guest", e);
}

int stream_read(struct test_guest *g, int fd, struct job *j, struct err *e)
{
    AUTO(value_freep) struct value *header = read_header(fd, j, e);
    uint64_t n = header ? blocks_of((uint64_t)value_get_int(header, "mem_kib", 0)) : 0;
    uint8_t block[BLOCK_BYTES], want[BLOCK_BYTES];
    char trailer[sizeof(TRAILER) - 1];

    if (!header)
        return -1;
    for (uint64_t i = 0; i < n; i++) {
        fill_block(want, i);
        if (read_exact(fd, block, sizeof(block), j, e) < 0)
            return -1;
        if (memcmp(block, want, sizeof(block)) != 0)
            return bad_stream(e);
        job_progress(j, i + 1, n);
    }
    if (read_exact(fd, trailer, sizeof(trailer), j, e) < 0)
        return -1;
    if (memcmp(trailer, TRAILER, sizeof(trailer)) != 0)
        return bad_stream(e);
    g->cpu_ns = (uint64_t)value_get_int(header, "cpu_ns", 0);
    g->booted = value_get_bool(header, "booted", false);
    return 0;
}
