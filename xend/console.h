/*
 * Consoles: one hub per domain that somebody watches, several readers, the oldest of them writes.
 * A hub reads from a log, so that nothing is lost and slow readers cost nothing: the file that the
 * driver keeps, or a bounded one in memory for drivers that keep none. One pump thread moves the
 * bytes of all; it starts with the first viewer. Viewers stay through a reboot of the guest.
 */
#ifndef XEND_CONSOLE_H
#define XEND_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "libxl/base/err.h"

struct consoles;
struct domain;
struct xend;

/* Of one domain: serial ports, and behind them channels, in their order; n below is less. */
#define CONSOLE_SERIALS 4
#define CONSOLES_MAX 16
#define CONSOLE_HISTORY_DEFAULT 16384
#define CONSOLE_HISTORY_MAX 65536 /* also what a hub in memory keeps */

struct consoles *consoles_new(struct xend *x);
/* Ends all viewers and the pump. Before server_stop: the viewers are its connections. */
void consoles_free(struct consoles *c);

/* True while the guest's stream is open; while viewers wait for one (a rebooting guest). */
bool console_connected(struct consoles *c, const struct domain *d, unsigned n);
bool console_wanted(struct consoles *c, const struct domain *d, unsigned n);

/* Gives the hub of d (made if needed) the guest's stream, which it swallows, and its log or NULL.
 */
int console_connect(struct consoles *c, struct domain *d, unsigned n, int fd_take, const char *log,
                    struct err *e);

/* Of all consoles of d. The guest is gone; viewers stay. */
void console_guest_left(struct consoles *c, struct domain *d);
/* The domain is gone: viewers get the rest, then their connections end. */
void console_close(struct consoles *c, struct domain *d);

/* A viewer: an upgraded connection, ended by server_end_upgrade(handle). */
void console_add_viewer(struct consoles *c, struct domain *d, unsigned n, int fd, const void *early,
                        size_t n_early, size_t history, void *handle);

#endif
