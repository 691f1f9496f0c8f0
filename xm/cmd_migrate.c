/*
 * xm migrate: a job here, one there, and a stream of each, which xm passes bytes between. So the
 * two daemons need no way to each other, and whoever may use both may move a domain: the way there
 * is the user's own ssh. When xm ends too early, both jobs fail and the guest runs on. Or, where
 * that is asked for, one job here, and xend connects to the other one by TCP. Where both are the
 * same xend, it finds that out by itself.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/client.h"
#include "xm/pump.h"
#include "xm/xm.h"

const struct option migrate_options[] = {
    {'l', "live", NULL, "Let it run while its memory is sent."},
    {'p', "port", "PORT", "By TCP, unencrypted, to this port of the other xend; not by ssh."},
    {'s', "ssl", NULL, "Not supported; ssh, the default, encrypts."},
    {0, "json", NULL, "Print JSON: the domain as it is there."},
    {0},
};

/* One side: its xend, and the job that waits for its stream. */
struct side {
    struct xm xm;
    int64_t job;
    int fd;
    struct buf early; /* what it has said already: the source begins */
};

static int open_job(struct side *s, const char *path, const struct value *body, struct err *e)
{
    AUTO(value_freep) struct value *job = NULL;

    if (xend_request(&s->xm, "POST", path, body, &job, e) < 0)
        return -1;
    s->job = value_get_int(job, "id", 0);
    return 0;
}

static int open_side(struct side *s, const char *path, const struct value *body, struct err *e)
{
    AUTO(freep) char *stream = NULL;

    if (open_job(s, path, body, e) < 0)
        return -1;
    stream = xasprintf("/v1/jobs/%" PRId64 "/stream", s->job);
    s->fd = xend_upgrade(&s->xm, stream, "xend-stream", &s->early, e);
    if (s->fd < 0 && e->code == ERR_STATE) /* it has ended before it had one: why? */
        value_free(job_wait(&s->xm, s->job, e));
    return s->fd < 0 ? -1 : 0;
}

/* Its job, if there is one, is asked to end, on a connection of its own. */
static void cancel(struct side *s)
{
    AUTO(freep) char *path = xasprintf("/v1/jobs/%" PRId64, s->job);
    struct err ignored; /* it may have ended */

    client_free(s->xm.client);
    s->xm.client = NULL;
    if (s->job)
        xend_request(&s->xm, "DELETE", path, NULL, NULL, &ignored);
}

static bool interrupted(struct side *here)
{
    if (!interrupt_take())
        return false;
    cancel(here);
    return true;
}

/* What became of the source's job, after Ctrl-C or not. The exit status, with its error. */
static int tell(bool gone, const struct err *e, bool interrupted)
{
    if (gone && interrupted)
        fprintf(stderr, "It was too late: the domain is there.\n");
    if (gone)
        return EXIT_SUCCESS;
    if (!interrupted || e->code != ERR_CANCELLED)
        return xm_fail(e);
    fprintf(stderr, "The migration has ended; the domain runs on where it was.\n");
    return EXIT_ERROR;
}

/* What -H takes. */
static bool is_address(const char *host)
{
    return strncmp(host, "unix:", 5) == 0 || strstr(host, "://");
}

/* The host that xm is on, where the xend is that it speaks to. */
static bool is_own_host(const struct xm *xm, const char *host)
{
    static const char *const names[] = {"localhost", "localhost.localdomain", "127.0.0.1", "::1"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], host) == 0)
            return !xm->host || strncmp(xm->host, "unix:", 5) == 0;
    return false;
}

/* "host", "user@host", or what -H takes; NULL: what xm speaks to. The caller frees. */
static char *server_of(const struct xm *xm, const char *host)
{
    if (is_own_host(xm, host))
        return xstrdup_null(xm->host);
    return is_address(host) ? xstrdup(host) : xasprintf("ssh://%s", host);
}

/* While bytes are passed on: the source's job and its end. */
struct watch {
    struct side *here;
    bool interrupted;
};

/* The streams go on after Ctrl-C: one that is past its point of no return must not be cut. */
static void on_tick(void *arg)
{
    struct watch *w = arg;
    AUTO(freep) char *path = xasprintf("/v1/jobs/%" PRId64, w->here->job);
    AUTO(value_freep) struct value *job = NULL;
    struct err ignored;

    if (interrupted(w->here))
        w->interrupted = true;
    else if (isatty(STDERR_FILENO))
        job = xend_get(&w->here->xm, path, &ignored);
    if (job)
        job_show(job);
}

/* The uuid of a domain that was given away and is kept suspended: nobody has told the source what
 * became of it. NULL: it is not so. The caller frees. */
static char *kept_uuid(struct xm *xm, const char *name)
{
    AUTO(freep) char *path = domain_path(name, "");
    struct err ignored;
    AUTO(value_freep) struct value *d = xend_get(xm, path, &ignored);
    bool kept = strcmp(value_get_str(d, "state", ""), "shutdown") == 0 &&
                strcmp(value_get_str(d, "reason", ""), "suspend") == 0;

    return kept ? xstrdup(value_get_str(d, "uuid", "")) : NULL;
}

/* Whether the job there, which has to end first, is known to have ended like this. */
static bool job_became(struct side *there, const char *uuid, const char *state)
{
    AUTO(freep) char *path = xasprintf("/v1/jobs/%" PRId64, there->job);
    struct err ignored;
    AUTO(value_freep) struct value *job = NULL;

    value_free(job_wait(&there->xm, there->job, &ignored));
    job = xend_get(&there->xm, path, &ignored);
    return strcmp(value_get_str(job, "kind", ""), "receive") == 0 && /* not of another xend */
           strcmp(value_get_str(job, "uuid", ""), uuid) == 0 &&
           strcmp(value_get_str(job, "state", ""), state) == 0;
}

/*
 * xm, which reaches the other side, asks there: such a domain is ended here when it has arrived,
 * and goes on here when it came to nothing there. True: it has arrived.
 */
static bool settle(struct side *here, struct side *there, const char *name, struct err *e)
{
    AUTO(freep) char *uuid = kept_uuid(&here->xm, name);
    AUTO(freep) char *path = uuid ? domain_path(uuid, "") : NULL;
    AUTO(freep) char *end = uuid ? domain_path(uuid, "/destroy") : NULL;
    AUTO(freep) char *run = uuid ? domain_path(uuid, "/unpause") : NULL;
    AUTO(value_freep) struct value *found = NULL, *done = NULL;
    struct err other;

    if (!uuid)
        return false;
    if (job_became(there, uuid, "done")) {
        done = job_run(&here->xm, end, NULL, &other);
        return done != NULL;
    }
    if (!job_became(there, uuid, "failed"))
        return false;
    found = xend_get(&there->xm, path, &other);
    if (!found && other.code == ERR_NO_DOMAIN)
        done = job_run(&here->xm, run, NULL, &other);
    if (done && e->code == ERR_UNAVAILABLE)
        err_set(e, ERR_BACKEND, "%s: migrating: the connection was lost", name);
    if (done)
        err_hint(e, "It runs on here.");
    return false;
}

/* Both streams stand: bytes until one side ends, then what the source says counts. */
static int move(struct side *here, struct side *there, const char *name, bool json)
{
    struct watch w = {here, false};
    bool gone;
    struct pump p = {here->fd, here->fd, there->fd, -1, true, true, on_tick, &w};
    AUTO(value_freep) struct value *left = NULL, *arrived = NULL;
    struct err e, other;

    if (write_all(there->fd, buf_str(&here->early), here->early.len, &e) < 0 ||
        pump_run(&p, &e) < 0)
        shutdown(there->fd, SHUT_RDWR);
    job_show(NULL);
    close_fd(&here->fd); /* one side has ended: the other must not wait for it */
    close_fd(&there->fd);
    left = job_wait(&here->xm, here->job, &e);
    gone = left || settle(here, there, name, &e);
    if (!gone)
        return tell(false, &e, w.interrupted);
    arrived = job_wait(&there->xm, there->job, &other);
    if (!arrived)
        xm_warn("the other side: %s", other.msg);
    else if (json)
        print_json(value_get(value_get(arrived, "result"), "domain"));
    return tell(true, &e, w.interrupted);
}

/* Through xm, which reaches both. */
static int migrate_through(struct xm *xm, const struct args *a, struct value *body)
{
    AUTO(freep) char *server = server_of(xm, args_word(a, 1));
    AUTO(freep) char *path = domain_path(args_word(a, 0), "/migrate");
    struct side here = {.xm = *xm, .fd = -1}, there = {.xm = *xm, .fd = -1};
    int status = EXIT_SUCCESS;
    struct err e;

    value_set_str(body, "to", server);
    there.xm.host = server;
    there.xm.client = NULL;
    if (open_side(&there, "/v1/receive", NULL, &e) < 0)
        status = err_add(&e, "%s", args_word(a, 1));
    else if (open_side(&here, path, body, &e) < 0)
        status = -1;
    if (status < 0 && interrupted(&here)) {
        cancel(&there);
        status = tell(false, &e, true);
    } else if (status < 0) {
        status = xm_fail(&e);
    } else {
        status = move(&here, &there, args_word(a, 0), args_has(a, "json"));
    }
    close_fd(&here.fd);
    close_fd(&there.fd);
    buf_clear(&here.early);
    buf_clear(&there.early);
    client_free(there.xm.client);
    xm->client = here.xm.client;
    return status;
}

/* By xend itself, which connects to the other one. */
static int migrate_to(struct xm *xm, const struct args *a, struct value *body)
{
    AUTO(freep) char *path = domain_path(args_word(a, 0), "/migrate");
    AUTO(value_freep) struct value *job = NULL;
    struct side here = {.xm = *xm, .fd = -1};
    bool stopped = false;
    int status;
    struct err e;

    value_set_str(body, "host", args_word(a, 1));
    if (open_job(&here, path, body, &e) == 0)
        job = job_wait(&here.xm, here.job, &e);
    if (!job && interrupted(&here)) {
        stopped = true;
        if (here.job)
            job = job_wait(&here.xm, here.job, &e);
    }
    status = tell(job != NULL, &e, stopped);
    if (job && args_has(a, "json"))
        print_result(job);
    xm->client = here.xm.client;
    return status;
}

/*
 * By TCP, when a port is given or xend's configuration says so and the host is a mere name: 1 then,
 * 0 for ssh, -1.
 */
static int want_tcp(struct xm *xm, const struct args *a, struct value *body, struct err *e)
{
    const char *host = args_word(a, 1), *port = args_get(a, "port");
    AUTO(value_freep) struct value *config = NULL;
    int64_t n = 0;

    if (port && is_address(host))
        return err_set(e, ERR_INVALID, "%s: --port is for a host's name", host);
    if (port && (!parse_int(port, &n) || n < 1 || n > 65535))
        return err_set(e, ERR_INVALID, "--port: '%s' is not from 1 to 65535", port);
    if (port)
        value_set_int(body, "port", n);
    if (port || is_address(host) || strchr(host, '@'))
        return port != NULL;
    config = xend_get(xm, "/v1/config", e);
    if (!config)
        return -1;
    if (strcmp(value_get_str(config, "xend-relocation-transport", "ssh"), "tcp") != 0)
        return 0;
    if (parse_bool(value_get_str(config, "xend-relocation-ssl", "no")) <= 0)
        return 1;
    err_set(e, ERR_UNSUPPORTED, "xend-config.sxp has xend-relocation-ssl, which is not supported");
    return err_hint(e, "With (xend-relocation-transport ssh) ssh encrypts.");
}

int cmd_migrate(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map();
    struct err e;
    int tcp;

    signal(SIGPIPE, SIG_IGN); /* a stream that ends is what the jobs tell of */
    interrupt_defer();
    if (args_has(a, "ssl")) {
        err_set(&e, ERR_UNSUPPORTED, "--ssl is not supported");
        err_hint(&e, "Without it and --port the guest goes through ssh, which encrypts.");
        return xm_fail(&e);
    }
    if (domain_check(args_word(a, 0), &e) < 0)
        return xm_fail(&e);
    value_set_bool(body, "live", args_has(a, "live"));
    tcp = want_tcp(xm, a, body, &e);
    if (tcp < 0)
        return interrupt_take() ? EXIT_ERROR : xm_fail(&e);
    return tcp ? migrate_to(xm, a, body) : migrate_through(xm, a, body);
}
