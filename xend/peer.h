/* Who is at the other end of a connection, and what they may do. */
#ifndef XEND_PEER_H
#define XEND_PEER_H

#include "xend/http.h"

/*
 * The kernel's word about the peer of a unix socket. Admin: root, the user that runs xend, and,
 * when that is root, members of group xen. Everybody else, and any doubt: LEVEL_NONE.
 */
struct peer peer_of(int fd);

#endif
