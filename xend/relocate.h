/*
 * Migration between two xends over plain TCP, as the original had it: xend listens on a port
 * (xend-relocation-server, off by default), and one that sends a guest connects to it. Both say
 * the original's hand-shake, and then what ops_migrate.c says on any stream. Nothing is encrypted
 * or signed, so who may connect is a list of hosts.
 *
 *     source                               destination
 *     receive                       --->
 *                                   <---   (ready receive)     or (err (type T) (value 'TEXT'))
 *
 * A source whose connection was lost after it gave its guest away connects again and asks:
 *
 *     outcome UUID                  --->
 *                                   <---   taken, refused, arriving (ask again) or unknown
 */
#ifndef XEND_RELOCATE_H
#define XEND_RELOCATE_H

#include <netdb.h>
#include <sys/socket.h>

#include "xend/queue.h"

struct relocation;

/* At start. What listens, or NULL: it is not configured, or cannot (which is logged). */
struct relocation *relocate_open(struct xend *x);
/* After it no job is made any more; those that were go on. NULL is fine. */
void relocate_close(struct relocation *r);

/*
 * On a job's worker: connects to the xend there, which waits for a guest then. The descriptor,
 * which is the caller's; blocking.
 */
int relocate_connect(struct task *t, const char *host, int port, int patience_s, struct err *e);

/*
 * On a job's worker, after "go": what the xend there says has become of the guest. Asks again while
 * it is not decided or cannot be asked, for patience_s at most or until the job is cancelled.
 */
enum outcome { OUTCOME_TAKEN, OUTCOME_REFUSED, OUTCOME_ARRIVING, OUTCOME_UNKNOWN };
enum outcome relocate_outcome(struct task *t, const char *host, int port, int patience_s);
extern const char *const outcome_names[];

/* Of a connection: another side that is gone is noticed within so long, whoever waits for it. */
void relocate_bound(int fd, int patience_s);

#define RELOCATE_READY "(ready receive)"

/* ---- relocate_hosts.c: xend-relocation-hosts-allow ---- */

struct hosts;

/*
 * Extended regexps with blanks between, each of which must match from the beginning of an address
 * or of a full host name; none: every host may. NULL and *e.
 */
struct hosts *hosts_parse(const char *text, struct err *e);
void hosts_free(struct hosts *h);
bool hosts_match(const struct hosts *h, const char *name);
/*
 * Whether that address may. text: its numbers. Asks for its name only when the numbers do not
 * match, and believes a name only that has this address: blocks on the resolver.
 */
bool hosts_allow(const struct hosts *h, const struct sockaddr *a, socklen_t n,
                 char text[NI_MAXHOST]);

#endif
