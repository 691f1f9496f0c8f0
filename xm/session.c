/*
 * Which xend, and how to reach it: -H or XM_SERVER, else the socket of the instance root. Opens
 * the connection on first use. The texts are the original's where it had one.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/base/proc.h"
#include "libxl/spec.h"
#include "xm/client.h"
#include "xm/xm.h"

#define REPLY_MS 30000   /* xend answers reads from memory: this long means that it hangs */
#define RESTART_MS 30000 /* how long a restart of xend may take */
#define RETRY_MS 200     /* ssh is started anew each time */

/* Turns the failure of connect(2) into what helps a person. */
static int not_reached(const struct xm *xm, struct err *e)
{
    const char *root = xm->paths.root;

    if (e->sys == 0)
        return -1;
    if (e->code == ERR_DENIED && geteuid() != 0) {
        err_set(e, ERR_DENIED, "Most commands need root access. Please try again as root.");
        return err_hint(e, "or join the group that the socket belongs to (xen)");
    }
    err_set(e, ERR_UNAVAILABLE, "Unable to connect to xend: %s. Is xend running?",
            strerror(e->sys));
    if (!xm->host)
        err_hint(e, "start it with: xend start%s%s", *root ? " --root " : "", root);
    return -1;
}

/* A socket of this host. */
static int connect_unix(struct xm *xm, const char *path, struct err *e)
{
    int fd = unix_connect(path, e);

    return fd < 0 ? not_reached(xm, e) : fd;
}

/* Cuts ":PORT" off [USER@]HOST and returns it, NULL when there is none; HOST may be "[v6]". */
static char *cut_port(char *host)
{
    const char *bracket = strrchr(host, ']');
    char *colon = strrchr(host, ':');

    if (!colon || (bracket && bracket > colon))
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* Runs `ssh [-p PORT] -- [USER@]HOST xm serve` with its stdin and stdout on our socket. */
static int connect_ssh(const char *where, struct err *e)
{
    AUTO(freep) char *host = xstrndup(where, strcspn(where, "/"));
    const char *rest = where + strlen(host), *port = cut_port(host);
    const char *argv[9] = {"ssh", "-T"};
    AUTO(closep) int theirs = -1;
    size_t n = 2;
    int pair[2];

    if (*rest && rest[1])
        return err_set(e, ERR_INVALID, "ssh://%.200s: a path is not understood", where);
    if (!*host || (port && !*port))
        return err_set(e, ERR_INVALID, "ssh://%.200s: no host", where);
    if (port) {
        argv[n++] = "-p";
        argv[n++] = port;
    }
    argv[n++] = "--";
    argv[n++] = host;
    argv[n++] = "xm";
    argv[n++] = "serve";

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, "socketpair");
    theirs = pair[1];
    struct proc_fd fds[] = {{theirs, STDIN_FILENO}, {theirs, STDOUT_FILENO}, {2, STDERR_FILENO}};
    struct proc_spec p = {
        .argv = argv, .env = (const char *const *)environ, .fds = fds, .n_fds = ARRAY_LEN(fds)};
    if (proc_spawn(&p, NULL, e) < 0) {
        close(pair[0]);
        return -1;
    }
    return pair[0]; /* ssh ends when this end is closed, at our exit at the latest */
}

int xend_connect(struct xm *xm, struct err *e)
{
    const char *host = xm->host;

    if (!host || !*host)
        return connect_unix(xm, xm->paths.socket, e);
    if (strncmp(host, "unix:", 5) == 0) {
        host += 5;
        return connect_unix(xm, strncmp(host, "//", 2) == 0 ? host + 2 : host, e);
    }
    if (strncmp(host, "ssh://", 6) == 0)
        return connect_ssh(host + 6, e);
    err_set(e, ERR_INVALID, "%.200s: not a way to reach xend", host);
    return err_hint(e, "use unix:/path or ssh://user@host%s",
                    strncmp(host, "http", 4) == 0 ? "; xend does not speak XML-RPC any more" : "");
}

/* One client for the whole run: requests share its connection. */
static int client_open(struct xm *xm, struct err *e)
{
    int fd;

    if (xm->client)
        return 0;
    fd = xend_connect(xm, e);
    if (fd < 0)
        return -1;
    xm->client = client_new_take(fd);
    return 0;
}

static void client_forget(struct xm *xm)
{
    client_free(xm->client);
    xm->client = NULL;
}

/* What to say when the connection ended before a word was heard on it. */
static int no_word(const struct xm *xm, struct err *e)
{
    if (!xm->host || strncmp(xm->host, "ssh:", 4) != 0)
        return -1;
    return err_set(e, ERR_UNAVAILABLE, "Unable to connect to xend: no answer through %s", xm->host);
}

int xend_request(struct xm *xm, const char *method, const char *path, const struct value *body,
                 struct value **reply, struct err *e)
{
    struct request r = {method, path, body, REPLY_MS + WAIT_S * 1000};
    bool reused = xm->client != NULL;
    int status;

    if (client_open(xm, e) < 0)
        return -1;
    status = client_request(xm->client, &r, reply, e);
    if (status < 0 && e->code == ERR_UNAVAILABLE) {
        bool again = reused && client_was_idle(xm->client) && strcmp(method, "GET") == 0;
        bool idle = client_was_idle(xm->client);

        client_forget(xm); /* it was closed, while nobody used it or in the middle of a reply */
        if (again)
            return xend_request(xm, method, path, body, reply, e);
        if (idle)
            return no_word(xm, e);
    }
    return status;
}

int xend_stream(struct xm *xm, struct stream *s, struct err *e)
{
    int r;

    s->status = 0;
    if (client_open(xm, e) < 0)
        return -1;
    r = client_stream(xm->client, s, e);
    if (r < 0 && e->code == ERR_UNAVAILABLE && client_was_idle(xm->client))
        no_word(xm, e);
    client_forget(xm); /* it may have ended anywhere */
    return r;
}

bool xend_try_again(int64_t *lost_ms, const struct err *e)
{
    int64_t now = now_ms();

    if (e->code != ERR_UNAVAILABLE)
        return false;
    if (!*lost_ms)
        *lost_ms = now;
    if (now - *lost_ms >= RESTART_MS)
        return false;
    poll(NULL, 0, RETRY_MS);
    return true;
}

struct value *xend_get(struct xm *xm, const char *path, struct err *e)
{
    struct value *v = NULL;

    if (xend_request(xm, "GET", path, NULL, &v, e) < 0)
        return NULL;
    if (!v)
        err_set(e, ERR_UNAVAILABLE, "xend's answer is empty");
    return v;
}

int xend_upgrade(struct xm *xm, const char *path, const char *protocol, struct buf *early,
                 struct err *e)
{
    int fd = client_open(xm, e) < 0 ? -1 : client_upgrade(xm->client, path, protocol, early, e);

    client_forget(xm); /* its connection is a stream now, or of no use */
    return fd;
}

char *url_escape(const char *text)
{
    static const char plain[] = "-._~";
    struct buf b = BUF_INIT;

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool alnum = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z');

        if (alnum || strchr(plain, *p))
            buf_addc(&b, (char)*p);
        else
            buf_addf(&b, "%%%02X", *p);
    }
    return buf_steal(&b);
}

int domain_check(const char *name, struct err *e)
{
    AUTO(freep) char *clean = clean_text(name);
    size_t len = strlen(name);

    if (len && len <= DOMAIN_NAME_MAX && !strchr(name, '/') && strcmp(clean, name) == 0)
        return 0;
    return err_set(e, ERR_NO_DOMAIN, "Domain '%.*s%s' does not exist.", DOMAIN_NAME_MAX, clean,
                   len > DOMAIN_NAME_MAX ? "..." : "");
}

char *domain_path(const char *name, const char *suffix)
{
    AUTO(freep) char *escaped = url_escape(name);

    return xasprintf("/v1/domains/%s%s", escaped, suffix);
}

struct value *domain_get(struct xm *xm, const char *name, struct err *e)
{
    AUTO(freep) char *path = domain_path(name, "");

    return domain_check(name, e) < 0 ? NULL : xend_get(xm, path, e);
}
