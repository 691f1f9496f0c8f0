/*
 * Channels of a guest, byte streams that have names: where the host's ends of them are. A socket is
 * where the configuration wants it; a pty is a stream that xend connects to when somebody looks (xm
 * console --channel), by a socket in the guest's directory. QEMU listens at both. Called by the
 * drivers that run QEMU.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/dm/dm.h"

const struct channel *channel_at(const struct spec *s, size_t n)
{
    const struct device *d = devices_nth(&s->devices, DEVICE_CHANNEL, n - 1);

    return d ? &d->channel : NULL;
}

char *channel_socket(const struct channel *c, const char *dir, size_t n)
{
    return c->path ? xstrdup(c->path) : xasprintf("%s/channel%zu.sock", dir, n);
}

int channels_check(const struct spec *s, struct err *e)
{
    return channel_at(s, CHANNELS_MAX + 1)
               ? err_set(e, ERR_UNSUPPORTED, "channel: more than %d", CHANNELS_MAX)
               : 0;
}

int channel_listen(const struct channel *c, const char *dir, size_t n, struct err *e)
{
    AUTO(freep) char *path = channel_socket(c, dir, n);
    int fd = unix_listen(path, 0600, e);

    fault_point("dm.channel-made");
    return fd < 0 ? err_add(e, "channel %s", c->name) : fd;
}

void channels_remove(const struct spec *s, bool even_live)
{
    const struct channel *c;

    for (size_t n = 1; (c = channel_at(s, n)); n++) {
        struct stat st;
        struct err e;
        int fd;

        if (!c->path || lstat(c->path, &st) < 0 || !S_ISSOCK(st.st_mode))
            continue;
        fd = even_live ? -1 : unix_connect(c->path, &e);
        if (fd >= 0)
            close(fd);
        else if ((even_live || e.sys == ECONNREFUSED) && unlink(c->path) < 0)
            log_warn("%s: %s: %s", s->name, c->path, strerror(errno));
    }
}

int channel_connect(const struct spec *s, const char *dir, const char *name, struct err *e)
{
    const struct channel *c;

    for (size_t n = 1; (c = channel_at(s, n)); n++) {
        AUTO(freep) char *path = channel_socket(c, dir, n);
        int fd;

        if (strcmp(c->name, name) != 0)
            continue;
        if (c->path)
            return err_set(e, ERR_UNSUPPORTED, "channel %s is the socket %s", name, c->path);
        fd = unix_connect(path, e);
        return fd < 0 ? err_add(e, "channel %s", name) : fd;
    }
    return err_set(e, ERR_NOT_FOUND, "there is no channel %.60s", name);
}
