/* Consoles over plain socket pairs: who writes, and that a slow guest loses nothing of a paste. */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "tests/unit/cunit.h"
#include "xend/console.h"
#include "xend/domain.h"
#include "xend/server.h"

#define PASTE (1024 * 1024) /* more than all the buffers on the way hold */

/* Instead of the HTTP server's: the viewer's connection is our descriptor. */
void server_end_upgrade(void *handle)
{
    close(*(int *)handle);
}

/* A guest and its console; each pair is {ours, xend's}. */
struct fixture {
    struct consoles *consoles;
    struct domain domain;
    int guest[2], first[2], second[2];
};

static void view(struct fixture *f, int pair[2])
{
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    console_add_viewer(f->consoles, &f->domain, 0, pair[1], NULL, 0, 0, &pair[1]);
}

static void set_up(struct fixture *f)
{
    struct err e;

    memset(f, 0, sizeof(*f));
    f->consoles = consoles_new(NULL);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->guest), 0);
    CU_ASSERT_EQUAL_FATAL(console_connect(f->consoles, &f->domain, 0, f->guest[1], NULL, &e), 0);
    view(f, f->first);
    view(f, f->second);
}

static void tear_down(struct fixture *f)
{
    consoles_free(f->consoles);
    close(f->guest[0]);
    close(f->first[0]);
    close(f->second[0]);
}

static void say(int fd, const char *text)
{
    struct err e;

    CU_ASSERT_EQUAL(write_all(fd, text, strlen(text), &e), 0);
}

static void hear(int fd, const char *text)
{
    AUTO(freep) char *got = xcalloc(1, strlen(text) + 1);
    struct err e;

    CU_ASSERT_EQUAL(read_full(fd, got, strlen(text), &e), 0);
    CU_ASSERT_STRING_EQUAL(got, text);
}

/* The n-th byte of the paste. */
static unsigned char byte_of(size_t n)
{
    return (unsigned char)(n % 251);
}

static size_t write_some(int fd, size_t sent)
{
    unsigned char chunk[1000];
    size_t n = PASTE - sent < sizeof(chunk) ? PASTE - sent : sizeof(chunk);
    ssize_t w;

    for (size_t i = 0; i < n; i++)
        chunk[i] = byte_of(sent + i);
    w = send(fd, chunk, n, MSG_DONTWAIT);
    return w > 0 ? (size_t)w : 0;
}

/* Writes until nothing more goes, for the guest reads nothing; then it does. What comes must be
   what was sent. */
static void paste(int from, int to)
{
    size_t sent = 0, got = 0;
    bool right = true, reads = false;

    while (got < PASTE && right) {
        struct pollfd fds[] = {{.fd = from, .events = sent < PASTE ? POLLOUT : 0},
                               {.fd = to, .events = reads ? POLLIN : 0}};
        int ready = poll(fds, 2, reads ? 20000 : 100);
        unsigned char chunk[1000];
        ssize_t n = 0;

        CU_ASSERT_FATAL(ready > 0 || !reads);
        reads |= ready == 0;
        if (fds[0].revents)
            sent += write_some(from, sent);
        if (fds[1].revents)
            n = read(to, chunk, sizeof(chunk));
        for (ssize_t i = 0; i < n; i++)
            right &= chunk[i] == byte_of(got + (size_t)i);
        got += n > 0 ? (size_t)n : 0;
    }
    CU_ASSERT_EQUAL(got, PASTE);
    CU_ASSERT_TRUE(right);
}

static void test_paste(void)
{
    struct fixture f;

    set_up(&f);
    paste(f.first[0], f.guest[0]);
    tear_down(&f);
}

static void test_one_writes(void)
{
    struct fixture f;

    set_up(&f);
    say(f.second[0], "x");
    hear(f.second[0], "\r\n(xend: an older viewer writes; this one only reads)\r\n");
    say(f.second[0], "y");
    say(f.first[0], "a");
    hear(f.guest[0], "a");
    say(f.guest[0], "both");
    hear(f.first[0], "both");
    hear(f.second[0], "both"); /* and not the note again */
    shutdown(f.first[0], SHUT_RDWR);
    hear(f.first[0], "");
    do /* until xend has noticed that the first one left */
        say(f.second[0], "b");
    while (poll(&(struct pollfd){.fd = f.guest[0], .events = POLLIN}, 1, 10) == 0);
    hear(f.guest[0], "b");
    tear_down(&f);
}

TESTS("console", {"a paste that is larger than all buffers arrives whole", test_paste},
      {"the oldest viewer writes, another one is told once", test_one_writes})
