/* What children of the driver do, by name: see driver_helper(). */
#include "libxl/xen/helper.h"

#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "libxl/driver.h"
#include "libxl/xen/bootloader.h"
#include "libxl/xen/stream.h"

/* Numbers that no distribution gives to users, each for one child at a time. */
#define FIRST_UID 0x7ffe0000u

uid_t helper_uid(void)
{
    return FIRST_UID + ((uid_t)getpid() & 0xffff);
}

int helper_drop(uid_t uid)
{
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
        return -1;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int xen_helper(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
        int skip; /* words before those that it takes */
    } helpers[] = {
        {"boot", boot_child, 1}, {"save", stream_child, 0}, {"restore", stream_child, 0}};

    if (strcmp(argv[0], "unpack") == 0)
        return unpack_child();
    for (size_t i = 0; i < ARRAY_LEN(helpers); i++)
        if (strcmp(argv[0], helpers[i].name) == 0)
            return helpers[i].run(argc - helpers[i].skip, argv + helpers[i].skip);
    return 1;
}
