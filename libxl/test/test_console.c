/*
 * Consoles of test guests. A guest has no descriptor until somebody opens its console; then one
 * thread of the driver serves all of them: it echoes what is typed and answers each line.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/test/test_driver.h"

#define INPUT_KEPT_MAX 4096 /* typed to a paused guest: like a serial port, it forgets the rest */
#define WAKE_ID 0           /* in epoll: not a console but console_wake */

/* A reader that is too slow loses output, as on a serial line. */
static void send_text(const struct test_console *c, const char *text, size_t n)
{
    if (send(c->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return;
}

/* Opened for each line: no guest keeps a descriptor. A log that cannot be written is no matter. */
static void append_log(struct test_driver *d, const struct test_guest *g, const char *text)
{
    AUTO(freep) char *path = xasprintf("%s/test-console-%s.log", d->log_dir, g->pub.uuid);
    AUTO(closep) int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    struct err ignored;

    if (fd >= 0)
        write_all(fd, text, strlen(text), &ignored);
}

/* Everybody who looks at this guest sees it. */
void console_say(struct test_driver *d, struct test_guest *g, const char *text)
{
    for (size_t i = 0; i < d->consoles.len; i++)
        if (strcmp(d->consoles.ptr[i]->uuid, g->pub.uuid) == 0)
            send_text(d->consoles.ptr[i], text, strlen(text));
    if (d->console_log)
        append_log(d, g, text);
}

void console_boot(struct test_driver *d, struct test_guest *g)
{
    AUTO(freep) char *text = xasprintf("test guest %s: up\r\n", g->name);

    console_say(d, g, text);
}

static void console_free(struct test_console *c)
{
    close(c->fd);
    buf_clear(&c->input);
    free(c);
}

/* Takes console number i out of all lists; the viewer reads the end. */
static void console_close(struct test_driver *d, size_t i)
{
    struct test_console *c = d->consoles.ptr[i];

    epoll_ctl(d->console_epoll, EPOLL_CTL_DEL, c->fd, NULL);
    vec_remove(&d->consoles, i);
    console_free(c);
}

void consoles_close(struct test_driver *d, const char *uuid)
{
    for (size_t i = d->consoles.len; i-- > 0;)
        if (strcmp(d->consoles.ptr[i]->uuid, uuid) == 0)
            console_close(d, i);
}

/* The guest as a shell with four commands. */
static void obey(struct test_driver *d, struct test_guest *g, const char *line)
{
    static const struct {
        const char *word;
        enum stop_reason how;
    } commands[] = {{"poweroff", STOP_POWEROFF},
                    {"reboot", STOP_REBOOT},
                    {"halt", STOP_HALT},
                    {"crash", STOP_CRASH}};
    AUTO(freep) char *answer = xasprintf("\r\n%s: %s\r\n", g->name, line);

    console_say(d, g, answer);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].word, line) == 0)
            guest_end(d, g, commands[i].how);
}

/* Takes the whole lines off the input while the guest runs. */
static void digest(struct test_driver *d, struct test_guest *g, struct test_console *c)
{
    while (g->state == GUEST_RUNNING && c->input.len) {
        size_t n = strcspn(c->input.ptr, "\r\n");
        AUTO(freep) char *line = NULL;

        if (n == c->input.len)
            return;
        line = xstrndup(c->input.ptr, n);
        buf_shift(&c->input, n + 1);
        if (*line)
            obey(d, g, line);
    }
}

void consoles_resume(struct test_driver *d, struct test_guest *g)
{
    for (size_t i = 0; i < d->consoles.len; i++)
        if (strcmp(d->consoles.ptr[i]->uuid, g->pub.uuid) == 0)
            digest(d, g, d->consoles.ptr[i]);
}

/* Bytes, or the end, from console number i. */
static void serve(struct test_driver *d, size_t i)
{
    struct test_console *c = d->consoles.ptr[i];
    struct test_guest *g = guest_find(d, c->uuid);
    char bytes[512];
    ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || !g) {
        console_close(d, i);
        return;
    }
    if (g->state == GUEST_RUNNING)
        send_text(c, bytes, (size_t)n);
    if (c->input.len + (size_t)n > INPUT_KEPT_MAX || memchr(bytes, '\0', (size_t)n))
        return;
    buf_add(&c->input, bytes, (size_t)n);
    digest(d, g, c);
}

/* The thread. Events name consoles by id: one may be closed between epoll_wait and the lock. */
static void *serve_all(void *arg)
{
    struct test_driver *d = arg;
    struct epoll_event events[32];

    for (;;) {
        int n = epoll_wait(d->console_epoll, events, ARRAY_LEN(events), -1);

        for (int k = 0; k < n; k++) {
            if (events[k].data.u64 == WAKE_ID)
                return NULL;
            pthread_mutex_lock(&d->lock);
            for (size_t i = 0; i < d->consoles.len; i++) {
                if (d->consoles.ptr[i]->id == events[k].data.u64) {
                    serve(d, i);
                    break;
                }
            }
            pthread_mutex_unlock(&d->lock);
        }
    }
}

static int add_to_epoll(struct test_driver *d, int fd, uint64_t id)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = id};

    return epoll_ctl(d->console_epoll, EPOLL_CTL_ADD, fd, &event);
}

/* With the first console; it ends with the driver. */
static int start_thread(struct test_driver *d, struct err *e)
{
    int r;

    if (d->console_started)
        return 0;
    d->console_epoll = epoll_create1(EPOLL_CLOEXEC);
    d->console_wake = eventfd(0, EFD_CLOEXEC);
    if (d->console_epoll < 0 || d->console_wake < 0 ||
        add_to_epoll(d, d->console_wake, WAKE_ID) < 0) {
        err_sys(e, "console");
        goto failed;
    }
    r = pthread_create(&d->console_thread, NULL, serve_all, d);
    if (r == 0) {
        d->console_started = true;
        return 0;
    }
    errno = r;
    err_sys(e, "console: thread");
failed:
    close_fd(&d->console_epoll);
    close_fd(&d->console_wake);
    return -1;
}

static int open_locked(struct test_driver *d, struct test_guest *g, struct err *e)
{
    struct test_console *c;
    int pair[2];

    if (start_thread(d, e) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, "console");
    c = xcalloc(1, sizeof(*c));
    c->fd = pair[0];
    c->id = ++d->last_console;
    memcpy(c->uuid, g->pub.uuid, sizeof(c->uuid));
    if (add_to_epoll(d, c->fd, c->id) < 0) {
        err_sys(e, "console");
        close(pair[1]);
        console_free(c);
        return -1;
    }
    vec_push(&d->consoles, c);
    if (g->booted && !d->console_log) { /* nobody kept what it said before */
        AUTO(freep) char *text = xasprintf("test guest %s: up\r\n", g->name);
        send_text(c, text, strlen(text));
    }
    return pair[1];
}

int test_console_open(struct guest *guest, struct err *e)
{
    struct test_driver *d = driver_of(guest->driver);
    struct test_guest *g = guest_of(guest);
    int fd;

    if (rules_enter(d, &g->rules, TEST_CONSOLE, NULL, e) < 0)
        return -1;
    pthread_mutex_lock(&d->lock);
    fd = open_locked(d, g, e);
    pthread_mutex_unlock(&d->lock);
    return fd;
}

char *test_console_log(struct guest *guest)
{
    struct test_driver *d = driver_of(guest->driver);

    return d->console_log ? xasprintf("%s/test-console-%s.log", d->log_dir, guest->uuid) : NULL;
}

/* At the driver's end, when no operation runs any more. */
void consoles_stop(struct test_driver *d)
{
    const uint64_t one = 1;

    if (d->console_started) {
        if (write(d->console_wake, &one, sizeof(one)) < 0)
            abort(); /* an eventfd takes 2^64 - 2 of these */
        pthread_join(d->console_thread, NULL);
    }
    for (size_t i = 0; i < d->consoles.len; i++)
        console_free(d->consoles.ptr[i]);
    vec_clear(&d->consoles);
    close_fd(&d->console_epoll);
    close_fd(&d->console_wake);
}
