/* Who is at the other end of a connection, and what they may do. */
#ifndef XEND_PEER_H
#define XEND_PEER_H

#include "xend/http.h"

#define NO_GROUP ((gid_t)-1)

/*
 * The kernel's word about the peer of a unix socket, as it was when it connected. Admin: root, the
 * user that runs xend, and members of the group (or NO_GROUP). Everybody else, and any doubt:
 * LEVEL_NONE. Does not block.
 */
struct peer peer_of(int fd, gid_t group);

#endif
