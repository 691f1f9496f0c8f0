/*
 * Group commit: many threads that have each changed a directory wait for one fsync of it together.
 * Each gets one that began after its call, so what it changed before is on disk.
 */
#ifndef BASE_GROUPSYNC_H
#define BASE_GROUPSYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "libxl/base/err.h"

struct group_sync {
    pthread_mutex_t lock;
    pthread_cond_t ended_one;
    uint64_t begun, ended, failed; /* numbers of syncs; the newest of each */
    bool running;
    struct err why; /* of the newest that failed */
};
#define GROUP_SYNC_INIT                                                                            \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .ended_one = PTHREAD_COND_INITIALIZER                   \
    }

/* Blocks. Who comes while one runs waits for the next; all of them get its error. */
int group_sync(struct group_sync *g, const char *dir, struct err *e);

#endif
