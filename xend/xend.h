/*
 * The daemon's context: everything that lives as long as xend. One is made in main() and handed
 * down; there are no other mutable globals but the log.
 *
 * Threads: main (start, sigwait, stop) - HTTP threads of server.c - workers of queue.c - one watch
 * thread for the driver - the console pump. One mutex, `lock`, guards domains, queues and jobs; it
 * is never held across anything that can sleep: no driver call, no file, no socket, no fork.
 */
#ifndef XEND_XEND_H
#define XEND_XEND_H

#include <pthread.h>

#include "libxl/base/paths.h"
#include "libxl/base/version.h"
#include "libxl/driver.h"
#include "xend/conf.h"

struct server;
struct domains;
struct queue;
struct consoles;
struct events;

struct xend {
    struct paths paths;
    struct conf conf;
    struct driver *driver;
    pthread_mutex_t lock;
    struct domains *domains;
    struct queue *queue;
    struct consoles *consoles;
    struct server *_Atomic server; /* NULL before it starts and after it stopped */
    struct events *events;
    struct domain *autostart;  /* the record, in no table, on whose queue autostarts are */
    struct domain *host;       /* likewise of the host's networks, interfaces and PCI devices */
    struct value *networks;    /* by name; see vnet.h */
    pthread_mutex_t vnet_lock; /* one script of theirs at a time; taken with no other lock */
    gid_t group;    /* whose members may use the socket: xen; NO_GROUP: of a user's own xend */
    char *log_path; /* NULL in the foreground */
};

static inline void xend_lock(struct xend *x)
{
    pthread_mutex_lock(&x->lock);
}
static inline void xend_unlock(struct xend *x)
{
    pthread_mutex_unlock(&x->lock);
}

#endif
