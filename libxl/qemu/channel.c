/*
 * Channels of a guest as ports of one virtio-serial controller; the host's ends are dm/channel.c's.
 * Called by create.c, argv.c, devices.c and, through the driver, by xend.
 */
#include <string.h>

#include "libxl/qemu/making.h"

#define CONTROLLER_ID "channels0"

static char *channel_id(size_t n)
{
    return xasprintf("channel%zu", n);
}

int channels_plan(struct making *m, struct err *e)
{
    const struct spec *s = m->g->spec;

    if (channels_check(s, e) < 0)
        return -1;
    for (size_t n = 1; channel_at(s, n); n++)
        m->launch.channel_fds[n - 1] = making_pass_take(m, -1);
    return 0;
}

int channels_open(struct making *m, struct err *e)
{
    const struct channel *c;

    for (size_t n = 1; (c = channel_at(m->g->spec, n)); n++) {
        int fd = channel_listen(c, m->g->dir, n, e);

        if (fd < 0)
            return -1;
        making_set_take(m, m->launch.channel_fds[n - 1], fd);
    }
    return 0;
}

static void add_port(const struct launch *l, const struct channel *c, size_t n,
                     struct strings *argv)
{
    AUTO(freep) char *id = channel_id(n), *chardev = xasprintf("chardev-%s", id);
    AUTO(value_freep) struct value *port = value_map();

    args_add(argv, "-chardev");
    args_add(argv, "socket,id=%s,fd=%d,server=on,wait=off", chardev, l->channel_fds[n - 1]);
    value_set_str(port, "driver", "virtserialport");
    value_set_str(port, "id", id);
    value_set_str(port, "bus", CONTROLLER_ID ".0");
    value_set_int(port, "nr", (int64_t)n); /* 0 is a console's */
    value_set_str(port, "chardev", chardev);
    value_set_str(port, "name", c->name);
    args_add_json(argv, "-device", port);
}

void argv_channels(const struct launch *l, struct strings *argv)
{
    AUTO(value_freep) struct value *controller = value_map();
    const struct channel *c;

    if (!channel_at(l->spec, 1))
        return;
    value_set_str(controller, "driver", "virtio-serial-pci");
    value_set_str(controller, "id", CONTROLLER_ID);
    launch_place(l, controller, CONTROLLER_ID);
    args_add_json(argv, "-device", controller);
    for (size_t n = 1; (c = channel_at(l->spec, n)); n++)
        add_port(l, c, n, argv);
}

static bool is_open(const struct value *chardevs, const char *label)
{
    for (size_t i = 0; i < value_len(chardevs); i++)
        if (strcmp(value_get_str(value_at(chardevs, i), "label", ""), label) == 0)
            return value_get_bool(value_at(chardevs, i), "frontend-open", false);
    return false;
}

void channels_learn(const struct qguest *g, struct qguest *out, const struct value *chardevs)
{
    const struct channel *c;

    for (size_t n = 1; (c = channel_at(g->spec, n)); n++) {
        AUTO(freep) char *id = channel_id(n), *chardev = xasprintf("chardev-%s", id);
        AUTO(freep) char *path = channel_socket(c, g->dir, n);

        qdevice_add(out, DEVICE_CHANNEL, c->name, id, (int64_t)n, path);
        out->devices.ptr[out->devices.len - 1].open = is_open(chardevs, chardev);
    }
}

int qemu_channel(struct guest *guest, const char *name, struct err *e)
{
    const struct qguest *g = qguest_of(guest);

    return channel_connect(g->spec, g->dir, name, e);
}
