/* The table of drivers, and names for what they report: see driver.h. */
#include "libxl/driver.h"

#include <string.h>
#include <unistd.h>

static const struct driver_ops *const drivers[] = {
#ifdef HAVE_XEN
    &driver_xen,
#endif
    &driver_qemu,
    &driver_test,
};

const struct driver_ops *driver_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    return NULL;
}

void driver_helper(int argc, char **argv)
{
#ifdef HAVE_XEN
    if (argc > 2 && strcmp(argv[1], "--xen-helper") == 0)
        _exit(xen_helper(argc - 2, argv + 2));
#endif
    (void)argc, (void)argv;
}

const char *guest_state_name(enum guest_state s)
{
    static const char *const names[] = {"running", "paused", "shutdown",
                                        "crashed", "dying",  "gone"};
    return names[s];
}

const char *stop_reason_name(enum stop_reason r)
{
    static const char *const names[] = {"poweroff", "reboot", "suspend", "crash", "halt"};
    return names[r];
}

const char *trigger_name(enum trigger t)
{
    static const char *const names[] = {"nmi", "reset", "init", "s3resume", "power"};
    return names[t];
}

int driver_lacks(const struct driver *d, const char *what, struct err *e)
{
    return err_set(e, ERR_UNSUPPORTED, "the %s driver has no %s", d->ops->name, what);
}
