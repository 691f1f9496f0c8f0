/*
 * A disk whose every flush takes SLOW_SYNC_US microseconds more, as one without a cache that power
 * cuts spare: loaded into xend by LD_PRELOAD. Used by tests/bench/state.sh.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int flush(const char *name, int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *us = getenv("SLOW_SYNC_US");

    usleep(us ? (useconds_t)atoi(us) : 0);
    return real(fd);
}

int fsync(int fd)
{
    return flush("fsync", fd);
}

int fdatasync(int fd)
{
    return flush("fdatasync", fd);
}

int syncfs(int fd)
{
    return flush("syncfs", fd);
}
