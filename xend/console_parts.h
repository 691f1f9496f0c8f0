/* What console.c (who has consoles) and console_pump.c (what runs through them) share. */
#ifndef XEND_CONSOLE_PARTS_H
#define XEND_CONSOLE_PARTS_H

#include <pthread.h>
#include <sys/types.h>

#include "libxl/base/buf.h"
#include "xend/console.h"

#define UNWATCHED_MS 5000 /* a hub waits this long for its first viewer */

enum kind { GUEST, VIEWER };

/* What epoll points to; the first member of both ends. */
struct end {
    enum kind kind;
    struct console *hub;
    int fd;
    bool wants_out;
};

struct viewer {
    struct end end;
    void *handle;
    off_t at; /* in the log */
    bool dead;
    bool held;           /* not read from while the guest reads nothing */
    bool told;           /* that somebody else writes */
    struct viewer *next; /* oldest first: that one writes */
};

struct console {
    struct end guest; /* fd -1 while there is none */
    struct domain *domain;
    unsigned number; /* in domain->consoles */
    int log_fd;
    bool own_log; /* in memory: the pump appends what the guest says */
    off_t logged; /* bytes that the guest said and that the log must hold by now */
    int lag_tries;
    struct buf input;
    int64_t kept_ms;    /* without viewers it stays until then */
    int64_t closing_ms; /* deadline, 0 = not closing */
    struct viewer *viewers;
    struct console *next;
};

struct consoles {
    struct xend *xend;
    pthread_mutex_t lock; /* a leaf: all below */
    struct console *hubs;
    int epoll_fd, poke_fd;
    bool running, stopping;
    pthread_t pump;
};

/* All with the lock. */
off_t console_log_size(const struct console *h);
void console_watch(struct consoles *c, struct end *end, bool in, bool out, int op);
/* Sends a viewer, or all, what the log has beyond their places, as far as they take it. */
void console_feed(struct consoles *c, struct viewer *v);
void console_feed_all(struct consoles *c, struct console *h);
void console_guest_lost(struct consoles *c, struct console *h);
/* Gives the guest what was typed, as far as it takes it. */
void console_send_input(struct consoles *c, struct console *h);
/* Buries the dead ones, and a closing hub whose viewers have all. True when the hub is to go. */
bool console_tidy(struct consoles *c, struct console *h);
void console_hub_free(struct console **at);

/* The pump's thread. */
void *console_pump(void *consoles);

#endif
