/* Who is at the other end of a connection: see peer.h. */
#include "xend/peer.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/mem.h"

#define SOCKET_GROUP "xen"

static bool in_socket_group(uid_t uid, gid_t gid)
{
    char buf[4096], pwbuf[4096];
    struct group g, *found = NULL;
    struct passwd p, *user = NULL;
    gid_t groups[256];
    int n = ARRAY_LEN(groups);

    if (getgrnam_r(SOCKET_GROUP, &g, buf, sizeof(buf), &found) != 0 || !found)
        return false;
    if (gid == found->gr_gid)
        return true;
    if (getpwuid_r(uid, &p, pwbuf, sizeof(pwbuf), &user) != 0 || !user)
        return false;
    if (getgrouplist(user->pw_name, user->pw_gid, groups, &n) < 0)
        n = ARRAY_LEN(groups);
    for (int i = 0; i < n; i++)
        if (groups[i] == found->gr_gid)
            return true;
    return false;
}

struct peer peer_of(int fd)
{
    struct ucred cred;
    socklen_t n = sizeof(cred);
    struct peer p = {(uid_t)-1, (gid_t)-1, 0, LEVEL_NONE};

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
        return p;
    p.uid = cred.uid;
    p.gid = cred.gid;
    p.pid = cred.pid;
    if (cred.uid == geteuid() || cred.uid == 0 ||
        (geteuid() == 0 && in_socket_group(cred.uid, cred.gid)))
        p.level = LEVEL_ADMIN;
    return p;
}
