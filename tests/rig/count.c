/*
 * Counts what a process asks of Xen and its host, for tests/system/xen-counts.sh: loaded into xend
 * by LD_PRELOAD, it adds up in the file XEN_COUNTS: requests to xenstored, calls of the
 * hypervisor's device (hypercalls, and mappings of guests' memory), new processes, and the watches
 * that xenstored keeps for it now; 8 bytes each. With XEN_VERSION_DIFFERS in the environment the
 * hypervisor refuses what only dom0 may ask, as one of another version does.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenstore.h>

#include <xen/sys/privcmd.h> /* does not stand alone: after xenctrl.h */

enum { REQUESTS, HYPERCALLS, FORKS, WATCHES, COUNTS };

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
COUNTED(REQUESTS, bool, xs_introduce_domain,
        (struct xs_handle * h, unsigned domid, unsigned long mfn, unsigned port),
        (h, domid, mfn, port))
COUNTED(FORKS, pid_t, fork, (void), ())
COUNTED(FORKS, pid_t, vfork, (void), ())

/* Watches end with their connection: counted for each, by its address. */
#define CONNECTIONS 256
static struct {
    _Atomic(struct xs_handle *) h;
    _Atomic uint64_t n;
} connections[CONNECTIONS];

static void count_watches(struct xs_handle *h, uint64_t more)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct xs_handle *free_slot = NULL;

        if (connections[i].h != h &&
            !atomic_compare_exchange_strong(&connections[i].h, &free_slot, h) && free_slot != h)
            continue;
        atomic_fetch_add(&connections[i].n, more);
        atomic_fetch_add(&counts[WATCHES], more);
        return;
    }
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    bool (*real)(struct xs_handle *, const char *, const char *) =
        (bool (*)(struct xs_handle *, const char *, const char *))dlsym(RTLD_NEXT, "xs_watch");

    atomic_fetch_add(&counts[REQUESTS], 1);
    count_watches(h, 1);
    return real(h, path, token);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    bool (*real)(struct xs_handle *, const char *, const char *) =
        (bool (*)(struct xs_handle *, const char *, const char *))dlsym(RTLD_NEXT, "xs_unwatch");

    atomic_fetch_add(&counts[REQUESTS], 1);
    count_watches(h, (uint64_t)-1);
    return real(h, path, token);
}

void xs_close(struct xs_handle *h)
{
    void (*real)(struct xs_handle *) = (void (*)(struct xs_handle *))dlsym(RTLD_NEXT, "xs_close");

    for (size_t i = 0; h && i < CONNECTIONS; i++)
        if (connections[i].h == h) {
            atomic_fetch_sub(&counts[WATCHES], atomic_exchange(&connections[i].n, 0));
            connections[i].h = NULL;
        }
    real(h);
}

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
    if (request == IOCTL_PRIVCMD_HYPERCALL && getenv("XEN_VERSION_DIFFERS") &&
        ((privcmd_hypercall_t *)arg)->op == __HYPERVISOR_sysctl) {
        errno = EACCES;
        return -1;
    }
    return real(fd, request, arg);
}
