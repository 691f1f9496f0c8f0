/*
 * xenstore for the hooks that run in process (libxl/hooks/): see struct hotplug_store. A relative
 * path is dom0's, as it is for their scripts. Called by backend.c.
 */
#include <string.h>

#include "libxl/xen/xdev.h"

static struct xs_handle *handle(const struct hotplug_store *s)
{
    return ((const struct xguest *)s->arg)->d->xs;
}

static char *read_node(const struct hotplug_store *s, const char *path)
{
    unsigned n;

    return xs_read(handle(s), XBT_NULL, path, &n);
}

static char **list_nodes(const struct hotplug_store *s, const char *path, unsigned *n)
{
    char **names = xs_directory(handle(s), XBT_NULL, path, n);

    if (!names)
        *n = 0;
    return names;
}

static int write_node(const struct hotplug_store *s, const char *path, const char *text,
                      struct err *e)
{
    if (!xs_write(handle(s), XBT_NULL, path, text, (unsigned)strlen(text)))
        return err_sys(e, "xenstore: %s", path);
    return 0;
}

static void remove_node(const struct hotplug_store *s, const char *path)
{
    xs_rm(handle(s), XBT_NULL, path);
}

struct hotplug_store xguest_store(struct xguest *g)
{
    return (struct hotplug_store){read_node, list_nodes, write_node, remove_node, g};
}
