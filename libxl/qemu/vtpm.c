/*
 * The TPM of a guest: swtpm, one process beside its QEMU, connected by a socket pair. It ends when
 * QEMU, once connected, is gone: there is nothing to adopt, and it lives exactly as long as its
 * QEMU, whatever becomes of xend. Only one that QEMU never came to is to be ended. What the TPM
 * knows is in LIB_DIR/vtpm/UUID, durable, for swtpm's user alone; xend removes it with the domain.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/qemu/making.h"

#define START_TIMEOUT_TPM_MS 15000
#define LOCK_WAIT_MS 5000 /* the earlier one ends by itself, as its QEMU has */
#define LOCK_SLICE_MS 10

enum { CHILD_SOCKET = 3, CHILD_DIR = 4 };

const struct vtpm *vtpm_of(const struct spec *s)
{
    for (size_t i = 0; i < s->devices.len; i++)
        if (s->devices.ptr[i]->class == DEVICE_VTPM)
            return &s->devices.ptr[i]->vtpm;
    return NULL;
}

static int check(const struct qguest *g, const struct vtpm *v, char uuid[UUID_TEXT_SIZE],
                 struct err *e)
{
    size_t n = 0;

    for (size_t i = 0; i < g->spec->devices.len; i++)
        n += g->spec->devices.ptr[i]->class == DEVICE_VTPM;
    if (n > 1)
        return err_set(e, ERR_INVALID, "vtpm: a guest has one TPM at most");
    if (!g->d->lib_dir)
        return err_set(e, ERR_UNSUPPORTED, "vtpm: there is no place for what it knows");
    if (!uuid_normalize(v->uuid ? v->uuid : g->pub.uuid, uuid))
        return err_set(e, ERR_INVALID, "vtpm: '%.60s' is not a uuid", v->uuid);
    return 0;
}

/* An ELF kernel finds no ACPI tables beside a TPM (QEMU 7.2 with its firmware), and so no TPM. */
static int check_kernel(const struct making *m, struct err *e)
{
    char magic[4] = "";
    int fd = m->launch.kernel_fd;

    if (fd < CHILD_SOCKET || m->from ||
        pread(m->fds[fd - CHILD_SOCKET].from, magic, sizeof(magic), 0) < 4 ||
        memcmp(magic, "\177ELF", 4) != 0)
        return 0;
    err_set(e, ERR_UNSUPPORTED, "vtpm: this kernel, an ELF image, would not see it");
    return err_hint(e, "Use its bzImage (vmlinuz) instead.");
}

/* Its directory, which is its user's; -1: error. */
static int open_dir(const struct qguest *g, const char *uuid, struct err *e)
{
    AUTO(freep) char *path = xasprintf("%s/vtpm/%s", g->d->lib_dir, uuid);
    const struct ids *ids = &g->d->ids;
    int fd;

    if (make_dirs(path, 0700, e) < 0)
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && (!ids->set || fchown(fd, ids->uid, ids->gid) == 0) && fchmod(fd, 0700) == 0)
        return fd;
    err_sys(e, "%s", path);
    close_fd(&fd);
    return -1;
}

/* swtpm locks a file in it, and would say nothing of use when it cannot. */
static int await_lock(int dir, struct err *e)
{
    const struct timespec slice = {.tv_nsec = LOCK_SLICE_MS * 1000000L};
    AUTO(closep) int fd = openat(dir, ".lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    int64_t end = now_ms() + LOCK_WAIT_MS;

    for (;;) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

        if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
            return 0;
        if (now_ms() > end)
            return err_set(e, ERR_BUSY, "vtpm: process %d uses this TPM", (int)lock.l_pid);
        nanosleep(&slice, NULL);
    }
}

int vtpm_prepare(struct making *m, struct err *e)
{
    const struct vtpm *v = vtpm_of(m->launch.spec);
    int pair[2];
    char uuid[UUID_TEXT_SIZE];

    m->launch.tpm_fd = -1;
    if (!v)
        return 0;
    if (check(m->g, v, uuid, e) < 0 || check_kernel(m, e) < 0)
        return -1;
    m->tpm_dir = open_dir(m->g, uuid, e);
    if (m->tpm_dir < 0 || await_lock(m->tpm_dir, e) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, "vtpm");
    m->launch.tpm_fd = making_pass_take(m, pair[0]);
    m->tpm_fd = pair[1];
    return 0;
}

/* Its last words, without the prefix. */
static int explain(const struct making *m, const char *prefix, int status, struct err *e)
{
    AUTO(freep) char *how = proc_status_text(status), *said = logfile_last_words(m->g->log);
    const char *words = said ? strstr(said, prefix) : NULL;

    words = words ? words + strlen(prefix) : said;
    return err_set(e, ERR_BACKEND, "vtpm: swtpm %s%s%s", how, words ? ": " : "",
                   words ? words : "");
}

/* It goes into the background once it is ready; until then it tells its troubles to stderr. */
static int run(struct making *m, const char *const *argv, int *status, struct err *e)
{
    const struct ids *ids = &m->g->d->ids;
    const struct proc_fd fds[] = {
        {m->tpm_fd, CHILD_SOCKET}, {m->tpm_dir, CHILD_DIR}, {m->log_fd, 1}, {m->log_fd, 2}};
    struct proc_spec p = {.argv = argv,
                          .fds = fds,
                          .n_fds = ARRAY_LEN(fds),
                          .new_session = true,
                          .set_ids = ids->set,
                          .uid = ids->uid,
                          .gid = ids->gid};
    AUTO(closep) int pidfd = -1;
    pid_t pid;

    limits_of_process(&p);
    pid = proc_spawn(&p, &pidfd, e);
    return pid < 0 ? -1 : proc_wait(pid, pidfd, now_ms() + START_TIMEOUT_TPM_MS, status, e);
}

int vtpm_start(struct making *m, struct err *e)
{
    AUTO(freep) char *binary = program_find("swtpm");
    AUTO(freep) char *prefix = xasprintf("%s/%s:", m->g->pub.uuid, m->g->nonce);
    AUTO(freep) char *log = xasprintf("prefix=%s", prefix); /* and it can be found by that */
    const char *const argv[] = {binary,
                                "socket",
                                "--tpm2",
                                "--daemon",
                                "--terminate",
                                "--ctrl",
                                "type=unixio,clientfd=3",
                                "--tpmstate",
                                "dir=/proc/self/fd/4,mode=0600",
                                "--log",
                                log,
                                NULL};
    int status = 0, r;

    if (m->tpm_fd < 0)
        return 0;
    if (!binary) {
        err_set(e, ERR_UNSUPPORTED, "vtpm: swtpm is not installed");
        return err_hint(e, "Install it (Debian: apt-get install swtpm).");
    }
    fault_point("qemu.tpm-starting");
    r = run(m, argv, &status, e);
    close_fd(&m->tpm_fd);
    close_fd(&m->tpm_dir);
    fault_point("qemu.tpm-started");
    if (r < 0)
        return err_add(e, "vtpm: starting swtpm");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : explain(m, prefix, status, e);
}

void vtpm_end(const struct qguest *g)
{
    if (vtpm_of(g->spec))
        processes_end(g->pub.uuid, g->nonce);
}
