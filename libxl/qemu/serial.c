/*
 * Serial ports of a guest, ttyS0 to ttyS3: what `serial` of its configuration says. The first is
 * the console unless it says otherwise. A pty is a stream that xend connects to when somebody looks
 * (xm console -n), by a socket in the guest's directory. Called by create.c, argv.c and, through
 * the driver, by xend.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/qemu/making.h"

enum kind { TO_PTY, TO_FILE, TO_TCP, TO_NOTHING, KINDS };

/* What an item of `serial` begins with; with a colon there is more to say. */
static const char *const words[KINDS] = {"pty", "file:", "tcp:", "null"};

struct place {
    enum kind kind;
    const char *rest;
};

/* The n-th port; false when there is none. */
static bool place_of(const struct spec *s, size_t n, struct place *p)
{
    const char *text = n == 0 ? "pty" : NULL;

    if (n < value_len(s->serial))
        text = value_as_str(value_at(s->serial, n));
    *p = (struct place){.kind = KINDS, .rest = ""};
    for (int k = 0; text && k < KINDS; k++) {
        size_t len = strlen(words[k]);
        bool more = words[k][len - 1] == ':';

        if (more ? strncmp(text, words[k], len) == 0 && text[len] : strcmp(text, words[k]) == 0)
            *p = (struct place){.kind = (enum kind)k, .rest = text + len};
    }
    return text != NULL;
}

static int check(const struct spec *s, const struct place *p, size_t n, struct err *e)
{
    if (n >= SERIALS_MAX)
        return err_set(e, ERR_UNSUPPORTED, "serial: more than %d ports", SERIALS_MAX);
    if (p->kind != KINDS)
        return 0;
    err_set(e, ERR_UNSUPPORTED, "serial: '%.60s': not one of pty, file:PATH, tcp:HOST:PORT, null",
            value_as_str(value_at(s->serial, n)));
    return err_hint(e, "With pty, xm console -n %zu shows it.", n);
}

/* For appending, as QEMU's user could not; a log that nobody bounds but who asked for it. */
static int open_file(const char *path, struct err *e)
{
    int fd =
        path[0] == '/'
            ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600)
            : err_set(e, ERR_INVALID, "serial: '%.100s' is not an absolute path", path);
    struct stat st;

    if (path[0] != '/')
        return -1;
    if (fd < 0)
        return err_sys(e, "serial: %s", path);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return err_set(e, ERR_INVALID, "serial: %s: not a file", path);
}

int serials_open(struct making *m, struct err *e)
{
    struct place p;

    for (size_t n = 0; place_of(m->g->spec, n, &p); n++) {
        int fd = -1;

        if (check(m->g->spec, &p, n, e) < 0)
            return -1;
        m->launch.serial_fds[n] = -1;
        if (p.kind == TO_FILE && (fd = open_file(p.rest, e)) < 0)
            return -1;
        if (p.kind == TO_FILE)
            m->launch.serial_fds[n] = making_pass_take(m, fd);
        if (p.kind == TO_PTY && n > 0) {
            AUTO(freep) char *name = xasprintf("serial%zu.sock", n);

            m->launch.serial_fds[n] = making_listen(m, name, e);
            if (m->launch.serial_fds[n] < 0)
                return -1;
        }
    }
    return 0;
}

/* "HOST:PORT", "HOST:PORT,server": nothing else, for QEMU would obey it. An empty host is any. */
static int add_tcp(const char *rest, const char *id, struct strings *argv, struct err *e)
{
    static const char *const more[] = {",server,nowait", ",server=on,wait=off", ",server", ""};
    const char *colon = strrchr(rest, ':'), *comma = strchrnul(rest, ',');
    AUTO(freep) char *host = colon && colon < comma ? xstrndup(rest, (size_t)(colon - rest)) : NULL;
    AUTO(freep) char *port = host ? xstrndup(colon + 1, (size_t)(comma - colon - 1)) : NULL;
    int64_t number = 0;
    bool known = false;

    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        known |= strcmp(comma, more[i]) == 0;
    if (!known || !port || !parse_int(port, &number) || number < 1 || number > 65535 ||
        argv_check_word("serial", host, ".-:[]", e) < 0 || (!*host && !*comma)) {
        err_set(e, ERR_INVALID, "serial: 'tcp:%.60s': not a place", rest);
        return err_hint(e, "Write tcp:HOST:PORT, or tcp:ADDRESS:PORT,server to be connected to.");
    }
    args_add(argv, "-chardev");
    args_add(argv, "socket,id=%s,host=%s,port=%d,%s", id, host, (int)number,
             *comma ? "server=on,wait=off" : "reconnect=5");
    return 0;
}

/* The chardev of port n. */
static int add_chardev(const struct launch *l, const struct place *p, size_t n, const char *id,
                       struct strings *argv, struct err *e)
{
    int fd = l->serial_fds[n];

    if (p->kind == TO_TCP)
        return add_tcp(p->rest, id, argv, e);
    if (p->kind == TO_FILE) {
        args_add(argv, "-add-fd");
        args_add(argv, "fd=%d,set=%d,opaque=%s", fd, fd, id);
    }
    args_add(argv, "-chardev");
    if (p->kind == TO_FILE)
        args_add(argv, "file,id=%s,path=/dev/fdset/%d,append=on", id, fd);
    else if (p->kind == TO_PTY)
        args_add(argv, "socket,id=%s,fd=%d,server=on,wait=off", id, fd);
    else
        args_add(argv, "null,id=%s", id);
    return 0;
}

int argv_serials(const struct launch *l, struct strings *argv, struct err *e)
{
    struct place p;

    for (size_t n = 0; place_of(l->spec, n, &p); n++) {
        AUTO(freep) char *id = xasprintf("serial%zu", n), *chardev = xasprintf("chardev%zu", n);
        AUTO(value_freep) struct value *v = value_map();
        bool console = n == 0 && p.kind == TO_PTY;

        if (check(l->spec, &p, n, e) < 0 ||
            (!console && add_chardev(l, &p, n, chardev, argv, e) < 0))
            return -1;
        value_set_str(v, "driver", "isa-serial");
        value_set_str(v, "id", id);
        value_set_str(v, "chardev", console ? "console" : chardev);
        args_add_json(argv, "-device", v);
    }
    return 0;
}

int qemu_serial(struct guest *guest, unsigned n, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    AUTO(freep) char *name = n ? xasprintf("serial%u.sock", n) : xstrdup("console.sock");
    AUTO(freep) char *path = path_join(g->dir, name);
    struct place p;
    int fd;

    if (!place_of(g->spec, n, &p)) {
        err_set(e, ERR_NOT_FOUND, "there is no console %u", n);
        return err_hint(e, "serial = [ 'pty', 'pty' ] in its configuration gives it two.");
    }
    if (p.kind != TO_PTY)
        return err_set(e, ERR_UNSUPPORTED, "serial port %u goes to %.100s", n,
                       value_as_str(value_at(g->spec->serial, n)));
    fd = unix_connect(path, e);
    return fd < 0 ? err_add(e, "console") : fd;
}
