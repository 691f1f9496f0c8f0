/*
 * The bytes of a saved guest: blocks with a checksum each, in a file or over a socket. QEMU's own
 * stream has neither checksums nor an end that can be told from a cut; here a byte that was
 * changed, lost or added is noticed before QEMU sees it. A block is its length and a CRC-32C over
 * all data so far (big endian, 32 bits each), then the data; length 0 is the end. Called by save.c
 * and restore.c; nothing here knows what is in a block.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/qemu/saved.h"

#define MAGIC "xend qemu guest 1\n"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define HEAD_BYTES 8

void frames_init(struct frames *f, int fd, struct job *j)
{
    struct stat st;

    memset(f, 0, sizeof(*f));
    f->fd = fd;
    f->job = j;
    if (fstat(fd, &st) == 0) {
        f->socket = S_ISSOCK(st.st_mode);
        f->file = S_ISREG(st.st_mode);
    }
    f->patience_ms[0] = fd_patience_ms(fd, false);
    f->patience_ms[1] = fd_patience_ms(fd, true);
    f->block = xmalloc(HEAD_BYTES + FRAME_BYTES_MAX);
    f->data = f->block + HEAD_BYTES;
}

void frames_clear(struct frames *f)
{
    free(steal(f->block));
}

uint32_t crc32c_plain(uint32_t crc, const void *data, size_t n)
{
    static const uint32_t by_nibble[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
                                           0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
                                           0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                           0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    const unsigned char *p = data;

    crc = ~crc;
    while (n--) {
        crc ^= *p++;
        crc = crc >> 4 ^ by_nibble[crc & 15];
        crc = crc >> 4 ^ by_nibble[crc & 15];
    }
    return ~crc;
}

#ifdef __x86_64__
/* The processor's own instruction: 8 bytes in a cycle or three. */
__attribute__((target("sse4.2"))) static uint32_t crc_fast(uint32_t crc, const void *data, size_t n)
{
    const unsigned char *p = data;
    uint64_t word, c = (uint32_t)~crc;

    for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        c = __builtin_ia32_crc32di(c, word);
    }
    return crc32c_plain(~(uint32_t)c, p, n);
}
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        return crc_fast(crc, p, n);
#endif
    return crc32c_plain(crc, p, n);
}

/* Until fd is ready, the job is cancelled, or the other side has been still for too long. */
static int await_ready(const struct frames *f, short what, struct err *e)
{
    for (;;) {
        struct pollfd p[] = {{.fd = f->fd, .events = what},
                             {.fd = f->job->cancel_fd, .events = POLLIN}};
        int r = poll(p, 2, f->patience_ms[what == POLLOUT]);

        if (r < 0 && errno != EINTR)
            return err_sys(e, "waiting");
        if (job_check(f->job, e) < 0)
            return -1;
        if (r == 0)
            return err_set(e, ERR_TIMEOUT, "the other side has %s nothing for %d s",
                           what == POLLOUT ? "taken" : "sent",
                           f->patience_ms[what == POLLOUT] / 1000);
        if (p[0].revents)
            return 0;
    }
}

/* Never blocks for long where it could: a peer that does not read must not hold a cancelled job. */
static ssize_t write_some(const struct frames *f, const char *p, size_t n)
{
    if (f->socket)
        return send(f->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    return write(f->fd, p, f->file || n < PIPE_BUF ? n : PIPE_BUF);
}

static int put(struct frames *f, const char *p, size_t n, struct err *e)
{
    while (n) {
        ssize_t w;

        if (await_ready(f, POLLOUT, e) < 0)
            return -1;
        w = write_some(f, p, n);
        if (w < 0 && errno != EINTR && errno != EAGAIN)
            return err_sys(e, "writing");
        if (w > 0) {
            p += w;
            n -= (size_t)w;
            f->bytes += (uint64_t)w;
        }
    }
    return 0;
}

static int get(struct frames *f, char *p, size_t n, struct err *e)
{
    while (n) {
        ssize_t r;

        if (await_ready(f, POLLIN, e) < 0)
            return -1;
        r = read(f->fd, p, n);
        if (r < 0 && errno != EINTR && errno != EAGAIN)
            return err_sys(e, "reading");
        if (r == 0)
            return err_set(e, ERR_INVALID, "the saved guest ends early, after %" PRIu64 " bytes",
                           f->bytes);
        if (r > 0) {
            p += r;
            n -= (size_t)r;
            f->bytes += (uint64_t)r;
        }
    }
    return 0;
}

int frames_begin(struct frames *f, struct err *e)
{
    return put(f, MAGIC, MAGIC_LEN, e);
}

int frame_put(struct frames *f, size_t n, struct err *e)
{
    uint32_t head[2];

    f->crc = crc32c(f->crc, f->data, n);
    head[0] = htonl((uint32_t)n);
    head[1] = htonl(f->crc);
    memcpy(f->block, head, HEAD_BYTES);
    return put(f, f->block, HEAD_BYTES + n, e);
}

/* The digit is the version: it is told apart from something else altogether. */
int frames_open(struct frames *f, struct err *e)
{
    char magic[MAGIC_LEN];

    if (get(f, magic, MAGIC_LEN, e) < 0)
        return -1;
    if (memcmp(magic, MAGIC, MAGIC_LEN) == 0)
        return 0;
    if (memcmp(magic, MAGIC, MAGIC_LEN - 2) == 0 && magic[MAGIC_LEN - 1] == '\n')
        return err_set(e, ERR_UNSUPPORTED, "the guest was saved by a newer xend");
    return err_set(e, ERR_INVALID, "this is no guest that the qemu driver saved");
}

int frame_get(struct frames *f, size_t *n, struct err *e)
{
    uint64_t at = f->bytes;
    uint32_t head[2];

    if (get(f, f->block, HEAD_BYTES, e) < 0)
        return -1;
    memcpy(head, f->block, HEAD_BYTES);
    *n = ntohl(head[0]);
    if (*n > FRAME_BYTES_MAX)
        return err_set(e, ERR_INVALID, "the saved guest is damaged at byte %" PRIu64, at);
    if (get(f, f->data, *n, e) < 0)
        return -1;
    f->crc = crc32c(f->crc, f->data, *n);
    if (f->crc != ntohl(head[1]))
        return err_set(e, ERR_INVALID, "the saved guest is damaged at byte %" PRIu64, at);
    return 0;
}

uint64_t frames_left(const struct frames *f)
{
    off_t at = f->file ? lseek(f->fd, 0, SEEK_CUR) : -1;
    struct stat st;

    return at >= 0 && fstat(f->fd, &st) == 0 && st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
}

/* In a file nothing may follow; what follows on a socket is another matter. */
int frames_end(struct frames *f, struct err *e)
{
    char more;

    if (f->file && read(f->fd, &more, 1) > 0)
        return err_set(e, ERR_INVALID, "something follows the saved guest, at byte %" PRIu64,
                       f->bytes);
    return 0;
}
