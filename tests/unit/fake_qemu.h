/*
 * A process that is no QEMU, with the state file of one and a QMP server of our own: what the qemu
 * driver may find after a restart of xend. Included by test_qemu_scan.c.
 */
#ifndef TESTS_FAKE_QEMU_H
#define TESTS_FAKE_QEMU_H

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "tests/unit/test_qemu_rig.h"

/* A process, its directory and who answers on its monitor. */
struct fake {
    struct rig *r;
    struct qguest *g; /* to write the state file with */
    char *socket;
    int listener, stop[2];
    pthread_t server;
    const char *uuid, *nonce; /* that the server tells */
    const char *outburst;     /* what it says after query-status, once, or NULL */
    const char *status;
    int connections;
};

static inline void answer(int fd, const char *line, const char *text)
{
    const char *id = strstr(line, "\"id\":");
    AUTO(freep)
    char *out = xasprintf("{\"return\": %s, \"id\": %d}\n", text, id ? atoi(id + 5) : 0);

    send(fd, out, strlen(out), MSG_NOSIGNAL);
}

static inline void serve_command(struct fake *f, int fd, const char *line)
{
    AUTO(freep) char *uuid = xasprintf("{\"UUID\": \"%s\"}", f->uuid);
    AUTO(freep)
    char *chardevs = xasprintf("[{\"label\": \"qmp\"}, {\"label\": \"nonce-%s\"}]", f->nonce);
    AUTO(freep) char *status = xasprintf("{\"status\": \"%s\"}", f->status);

    if (strstr(line, "query-uuid"))
        answer(fd, line, uuid);
    else if (strstr(line, "query-chardev"))
        answer(fd, line, chardevs);
    else if (strstr(line, "query-status"))
        answer(fd, line, status);
    else
        answer(fd, line, "{}");
    if (strstr(line, "\"quit\""))
        kill(f->g->pid, SIGTERM);
    if (strstr(line, "query-status") && f->outburst) {
        send(fd, f->outburst, strlen(f->outburst), MSG_NOSIGNAL);
        f->outburst = NULL;
    }
}

/* One client: until it hangs up or the test ends. */
static inline void serve_client(struct fake *f, int fd)
{
    static const char greeting[] = "{\"QMP\": {}}\n";
    AUTO(buf_clear) struct buf b = BUF_INIT;
    char chunk[1024], *end;

    send(fd, greeting, strlen(greeting), MSG_NOSIGNAL);
    for (;;) {
        struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = f->stop[0], .events = POLLIN}};
        ssize_t n;

        poll(p, 2, -1);
        if (p[1].revents || (n = read(fd, chunk, sizeof(chunk))) <= 0)
            return;
        buf_add(&b, chunk, (size_t)n);
        while ((end = strchr(b.ptr, '\n'))) {
            *end = '\0';
            serve_command(f, fd, b.ptr);
            buf_shift(&b, (size_t)(end - b.ptr) + 1);
        }
    }
}

static inline void *serve(void *arg)
{
    struct fake *f = arg;

    for (;;) {
        struct pollfd p[] = {{.fd = f->listener, .events = POLLIN},
                             {.fd = f->stop[0], .events = POLLIN}};
        int fd;

        poll(p, 2, -1);
        if (p[1].revents)
            return NULL;
        fd = accept(f->listener, NULL, NULL);
        f->connections++;
        serve_client(f, fd);
        close(fd);
    }
}

static inline struct spec *plain_spec(void)
{
    struct spec *s = spec_new();
    char uuid[UUID_TEXT_SIZE];

    uuid_make(uuid);
    s->name = xstrdup("fake");
    s->uuid = xstrdup(uuid);
    s->kernel = xstrdup("/boot/vmlinuz");
    return s;
}

/* A sleeping process whose command line holds these words. */
static inline pid_t sleeper(const char *a, const char *b)
{
    const char *argv[] = {"/usr/bin/tail", "-f", "/dev/null", a, b, NULL};
    struct proc_spec p = {.argv = argv};
    struct err e;
    pid_t pid = proc_spawn(&p, NULL, &e);

    if (pid < 0)
        abort();
    return pid;
}

static inline void fake_init(struct fake *f, struct rig *r)
{
    struct spec *s = plain_spec();
    struct err e;

    memset(f, 0, sizeof(*f));
    f->r = r;
    f->g = qguest_new((struct qemu *)r->d, s);
    memcpy(f->g->pub.uuid, s->uuid, UUID_TEXT_SIZE);
    f->g->pub.domid = 7;
    f->g->pub.start_time = 1234.5;
    memset(f->g->nonce, 'a', NONCE_SIZE - 1);
    f->g->dir = xasprintf("%s/qemu/%s", r->env.run_dir, s->uuid);
    f->g->log = xasprintf("%s/fake.log", r->env.log_dir);
    f->g->console_log = xasprintf("%s/fake-console.log", r->env.log_dir);
    f->g->pid = sleeper(s->uuid, f->g->nonce);
    f->g->pid_start = proc_start_time(f->g->pid);
    f->uuid = f->g->pub.uuid;
    f->nonce = f->g->nonce;
    f->status = "running";
    f->listener = -1;
    spec_free(s);
    if (make_dirs(f->g->dir, 0700, &e) < 0 || pipe(f->stop) < 0)
        abort();
}

/* Its monitor answers. */
static inline void fake_serve(struct fake *f)
{
    AUTO(freep) char *path = path_join(f->g->dir, "qmp.sock");
    struct err e;

    f->listener = unix_listen(path, 0600, &e);
    if (f->listener < 0)
        abort();
    pthread_create(&f->server, NULL, serve, f);
}

static inline void fake_save(struct fake *f, enum phase phase)
{
    OK(state_save(f->g, phase, e));
}

static inline bool alive(const struct fake *f)
{
    return proc_start_time(f->g->pid) == f->g->pid_start && kill(f->g->pid, 0) == 0;
}

static inline void fake_clear(struct fake *f)
{
    close(f->stop[1]);
    if (f->listener >= 0)
        pthread_join(f->server, NULL);
    close_fd(&f->listener);
    close(f->stop[0]);
    if (kill(f->g->pid, SIGKILL) == 0)
        waitpid(f->g->pid, NULL, 0);
    qguest_free(f->g);
}

#endif
