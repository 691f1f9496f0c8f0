/*
 * Counts what a process asks of Xen and its host, for tests/system/xen-counts.sh: loaded into xend
 * by LD_PRELOAD, it adds up in the file XEN_COUNTS: requests to xenstored, calls of the
 * hypervisor's device (hypercalls, and mappings of guests' memory), and new processes; 8 bytes
 * each.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <xenstore.h>

enum { REQUESTS, HYPERCALLS, FORKS, COUNTS };

static _Atomic uint64_t spare[COUNTS], *counts = spare;

static __attribute__((constructor)) void start(void)
{
    const char *path = getenv("XEN_COUNTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *at =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(spare), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at != MAP_FAILED)
        counts = at;
    if (fd >= 0)
        close(fd);
}

/* A function of the same name and type, that counts and calls the real one. */
#define COUNTED(what, type, name, params, args)                                                    \
    type name params;                                                                              \
    type name params                                                                               \
    {                                                                                              \
        type(*real) params = (type(*) params)dlsym(RTLD_NEXT, #name);                              \
                                                                                                   \
        atomic_fetch_add(&counts[what], 1);                                                        \
        return real args;                                                                          \
    }

COUNTED(REQUESTS, xs_transaction_t, xs_transaction_start, (struct xs_handle * h), (h))
COUNTED(REQUESTS, bool, xs_transaction_end, (struct xs_handle * h, xs_transaction_t t, bool abort),
        (h, t, abort))
COUNTED(REQUESTS, void *, xs_read,
        (struct xs_handle * h, xs_transaction_t t, const char *path, unsigned *len),
        (h, t, path, len))
COUNTED(REQUESTS, char **, xs_directory,
        (struct xs_handle * h, xs_transaction_t t, const char *path, unsigned *n), (h, t, path, n))
COUNTED(REQUESTS, bool, xs_write,
        (struct xs_handle * h, xs_transaction_t t, const char *path, const void *data,
         unsigned len),
        (h, t, path, data, len))
COUNTED(REQUESTS, bool, xs_mkdir, (struct xs_handle * h, xs_transaction_t t, const char *path),
        (h, t, path))
COUNTED(REQUESTS, bool, xs_rm, (struct xs_handle * h, xs_transaction_t t, const char *path),
        (h, t, path))
COUNTED(REQUESTS, bool, xs_set_permissions,
        (struct xs_handle * h, xs_transaction_t t, const char *path, struct xs_permissions *perms,
         unsigned n),
        (h, t, path, perms, n))
COUNTED(REQUESTS, bool, xs_watch, (struct xs_handle * h, const char *path, const char *token),
        (h, path, token))
COUNTED(REQUESTS, bool, xs_introduce_domain,
        (struct xs_handle * h, unsigned domid, unsigned long mfn, unsigned port),
        (h, domid, mfn, port))
COUNTED(FORKS, pid_t, fork, (void), ())
COUNTED(FORKS, pid_t, vfork, (void), ())

/* Those of /dev/xen/privcmd are of the type 'P'. */
int ioctl(int fd, unsigned long request, ...)
{
    int (*real)(int, unsigned long, ...) =
        (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list ap;
    void *arg;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    if ((request >> 8 & 0xff) == 'P')
        atomic_fetch_add(&counts[HYPERCALLS], 1);
    return real(fd, request, arg);
}
