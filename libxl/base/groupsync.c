/* Group commit: see groupsync.h. */
#include "libxl/base/groupsync.h"

#include "libxl/base/fsops.h"

/* One fsync for all who wait. With the lock, which is let go meanwhile. */
static void lead(struct group_sync *g, const char *dir)
{
    uint64_t mine = ++g->begun;
    struct err e;
    int r;

    g->running = true;
    pthread_mutex_unlock(&g->lock);
    r = fs_sync_dir(dir) < 0 ? err_sys(&e, "%s", dir) : 0;
    pthread_mutex_lock(&g->lock);
    g->running = false;
    g->ended = mine;
    if (r < 0) {
        g->failed = mine;
        g->why = e;
    }
    pthread_cond_broadcast(&g->ended_one);
}

int group_sync(struct group_sync *g, const char *dir, struct err *e)
{
    uint64_t wanted;
    int r = 0;

    pthread_mutex_lock(&g->lock);
    wanted = g->begun + 1;
    while (g->ended < wanted) {
        if (g->running)
            pthread_cond_wait(&g->ended_one, &g->lock);
        else
            lead(g, dir);
    }
    if (g->failed >= wanted) {
        *e = g->why;
        r = -1;
    }
    pthread_mutex_unlock(&g->lock);
    return r;
}
