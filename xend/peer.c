/* Who is at the other end of a connection: see peer.h. */
#include "xend/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/mem.h"

#define GROUPS_FIRST 64 /* most processes have fewer; the kernel tells when that is too little */

/* Whether the process that connected was in the group then: not what a data base says of its user.
 */
static bool peer_in_group(int fd, gid_t wanted)
{
    socklen_t bytes = GROUPS_FIRST * sizeof(gid_t);
    AUTO(freep) gid_t *groups = xmalloc(bytes);
    int r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes);

    if (r < 0 && errno == ERANGE) {
        groups = xrealloc(groups, bytes);
        r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes);
    }
    for (size_t i = 0; r == 0 && i < bytes / sizeof(gid_t); i++)
        if (groups[i] == wanted)
            return true;
    return false;
}

struct peer peer_of(int fd, gid_t group)
{
    struct ucred cred;
    socklen_t n = sizeof(cred);
    struct peer p = {(uid_t)-1, (gid_t)-1, 0, LEVEL_NONE};

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
        return p;
    p.uid = cred.uid;
    p.gid = cred.gid;
    p.pid = cred.pid;
    if (cred.uid == 0 || cred.uid == geteuid() ||
        (group != NO_GROUP && (cred.gid == group || peer_in_group(fd, group))))
        p.level = LEVEL_ADMIN;
    return p;
}
