/*
 * Disks and interfaces that come and go while a guest runs: first what the host has (descriptors,
 * the node of an image, a network), then the device; each step is undone when a later one fails. A
 * PCI device goes when the guest's kernel ejects it, a SCSI drive at once.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/qemu/qemu.h"

#define ASK_AGAIN_MS 5000 /* a kernel that boots may not have heard */
#define GRACE_MS 3000     /* so long a guest has before a device is taken by force */

/* QEMU's refusals that are about the machine, in our words. */
static int explain(struct qguest *g, struct err *e)
{
    AUTO(freep) char *words = xstrdup(e->msg);

    if (!strstr(words, "does not support hotplug") && !strstr(words, "no slot/function available"))
        return -1;
    if (strstr(words, "no slot"))
        return err_set(e, ERR_NO_RESOURCE, "all PCI slots of the guest are taken");
    err_set(e, ERR_UNSUPPORTED, "the machine %s has no place where devices come and go",
            g->spec->machine ? g->spec->machine : "of this guest");
    return err_hint(e, "It was started by an older xend; pc has, and q35 that is started now.");
}

static int add_device_take(struct qguest *g, struct value *args, struct err *e)
{
    return pci_add_take(g, args, e) < 0 ? explain(g, e) : 0;
}

static struct launch launch_of(const struct qguest *g)
{
    return (struct launch){
        .spec = g->spec, .machine = launch_machine(g->spec), .queues = g->queues};
}

/* The controller of SCSI drives comes with the first of them, and stays. */
static int need_controller(struct qguest *g, const struct launch *l, struct err *e)
{
    AUTO(freep) char *type = qdevice_property(g, SCSI_ID, "type");

    return type ? 0 : add_device_take(g, scsi_controller(l), e);
}

static int attach_disk(struct qguest *g, const struct disk *k, struct err *e)
{
    struct launch l = launch_of(g);
    struct launch_disk ld = {.disk = k, .fd = -1};
    AUTO(freep) char *id = disk_id(k->vdev);
    AUTO(value_freep) struct value *v = NULL;
    bool scsi;
    int fd;

    if (k->target && k->target[0])
        ld.fd = 0; /* any: it has an image */
    else if (k->devtype != DISK_CDROM)
        return err_set(e, ERR_INVALID, "disk %s: only a CD drive can be empty", k->vdev);
    v = disk_device(&l, &ld, &scsi, e);
    if (!v || (scsi && need_controller(g, &l, e) < 0))
        return -1;
    fault_point("qemu.attaching");
    if (ld.fd == 0) {
        fd = disk_open(g, k, id, &ld.block, e);
        if (fd < 0 || qnode_add_take(g, &ld, fd, id, e) < 0)
            return -1;
    }
    fault_point("qemu.attach-node");
    if (add_device_take(g, steal(v), e) < 0) {
        qdevice_release(g, DEVICE_DISK, id, k->vdev);
        return -1;
    }
    pthread_mutex_lock(&g->d->lock);
    qdevice_add(g, DEVICE_DISK, k->vdev, id, vdev_number(k->vdev), disk_place(g, id, k->target));
    pthread_mutex_unlock(&g->d->lock);
    return 0;
}

static struct value *vif_device(const struct vif *v, const char *id, const char *net)
{
    struct value *d = value_map();

    value_set_str(d, "driver", nic_driver(v->model));
    value_set_str(d, "id", id);
    value_set_str(d, "netdev", net);
    value_set_str(d, "mac", v->mac);
    if (v->mtu && vif_is_virtio(v)) /* the guest's driver takes it */
        value_set_int(d, "host_mtu", v->mtu);
    value_set_str(d, "romfile", ""); /* boot code that nobody runs */
    return d;
}

/* The tap, plugged in, and under KVM where the host has it vhost-net; as arguments of netdev_add.
 * What the vif script is to do is on disk before it does it. */
static int pass_tap(struct qguest *g, struct qnet *n, bool vhost, struct value *args, struct err *e)
{
    int fd = net_open(n, e);

    if (fd < 0)
        return -1;
    if (state_save(g, PHASE_READY, e) < 0 || net_plug(n, e) < 0) {
        close(fd);
        return -1;
    }
    fault_point("qemu.attach-tap");
    value_set_str(args, "type", "tap");
    value_set_str(args, "fd", n->dev);
    if (qguest_name_fd_take(g, fd, n->dev, e) < 0)
        return -1;
    fd = vhost ? net_open_vhost() : -1;
    if (fd < 0)
        return 0;
    value_set_bool(args, "vhost", true);
    value_set_str(args, "vhostfd", "vhost");
    return qguest_name_fd_take(g, fd, "vhost", e);
}

/* The host's side of the last of g->nets. */
static int add_net(struct qguest *g, const struct vif *v, const char *id, struct err *e)
{
    struct qnet *n = &g->nets.ptr[g->nets.len - 1];
    bool vhost = g->accel && strcmp(g->accel, "kvm") == 0 && vif_is_virtio(v);
    AUTO(value_freep) struct value *args = value_map();

    value_set_str(args, "type", "user");
    value_set_str(args, "id", id);
    if ((!n->tap || pass_tap(g, n, vhost, args, e) == 0) &&
        qguest_call_take(g, "netdev_add", steal(args), NULL, e) == 0)
        return 0;
    if (n->tap) {
        qguest_close_named(g, n->dev);
        qguest_close_named(g, "vhost");
    }
    return -1;
}

static int attach_vif(struct qguest *g, const struct vif *v, struct err *e)
{
    int64_t number = g->next_vif;
    AUTO(freep) char *id = xasprintf("vif%" PRId64, number);
    AUTO(freep) char *net = xasprintf("net%" PRId64, number);
    struct qnet n;

    if (!nic_driver(v->model))
        return err_set(e, ERR_INVALID, "model=%s: not one that QEMU has", v->model);
    if (net_plan(g, v, (int)number, NET_ANY, &n, e) < 0) {
        net_clear(&n);
        return -1;
    }
    vec_push(&g->nets, n);
    g->next_vif++;
    fault_point("qemu.attaching");
    if (add_net(g, v, net, e) < 0 || add_device_take(g, vif_device(v, id, net), e) < 0) {
        qdevice_release(g, DEVICE_VIF, id, v->mac);
        return -1;
    }
    pthread_mutex_lock(&g->d->lock);
    qdevice_add(g, DEVICE_VIF, v->mac, id, number, n.tap ? n.dev : "user");
    pthread_mutex_unlock(&g->d->lock);
    return 0;
}

static int attach_pci(struct qguest *g, const struct pci *p, struct err *e)
{
    fault_point("qemu.attaching");
    return pci_plug(g, p, e) < 0 ? explain(g, e) : 0;
}

static int attach_usb(struct qguest *g, const struct usbdev *u, struct err *e)
{
    return usb_plug(g, u, e) < 0 ? explain(g, e) : 0;
}

static int check_class(const struct device *dev, struct err *e)
{
    if (dev->class == DEVICE_DISK || dev->class == DEVICE_VIF || dev->class == DEVICE_PCI ||
        dev->class == DEVICE_USBDEV)
        return 0;
    return err_set(e, ERR_UNSUPPORTED,
                   "the qemu driver cannot attach devices of class %s to a guest that runs",
                   device_class_name(dev->class));
}

/* A device on its way out; what is (L) of struct qdevice is copied here. */
struct leaving {
    struct qguest *g;
    enum device_class class;
    char key[PATH_MAX + 8], id[80]; /* the key of a USB disk is a path */
    bool dead;
};

/* False when it is not there (any more). */
static bool find_leaving(struct qguest *g, const struct device *dev, struct leaving *out)
{
    const struct qdevice *q;

    *out = (struct leaving){.g = g, .class = dev->class};
    pthread_mutex_lock(&g->d->lock);
    q = qdevice_find(g, dev->class, device_key(dev));
    if (q) {
        snprintf(out->key, sizeof(out->key), "%s", q->key);
        snprintf(out->id, sizeof(out->id), "%s", q->id);
        out->dead = q->dead;
    }
    pthread_mutex_unlock(&g->d->lock);
    return q != NULL;
}

/* Sets a flag of it; true when it is gone. */
static bool mark(const struct leaving *l, bool closing, bool dead)
{
    struct qdevice *q;
    bool gone;

    pthread_mutex_lock(&l->g->d->lock);
    q = qdevice_find(l->g, l->class, l->key);
    if (q) {
        q->closing |= closing;
        q->dead |= dead;
    }
    gone = !q || q->gone;
    pthread_mutex_unlock(&l->g->d->lock);
    return gone;
}

static int ask(const struct leaving *l, struct err *e)
{
    struct value *args = value_map();

    value_set_str(args, "id", l->id);
    if (qguest_call_take(l->g, "device_del", args, NULL, e) == 0 ||
        strstr(e->msg, "in the process of unplug")) {
        mark(l, true, false);
        return 0;
    }
    if (!strstr(e->msg, "not found"))
        return explain(l->g, e);
    pthread_mutex_lock(&l->g->d->lock); /* the news of it was for an earlier xend */
    qdevice_deleted(l->g, l->id);
    pthread_mutex_unlock(&l->g->d->lock);
    return 0;
}

static int not_let_go(const struct leaving *l, bool paused, int64_t waited_ms, struct err *e)
{
    if (paused) {
        err_set(e, ERR_TIMEOUT, "the guest is paused: it lets go of %s when it runs", l->key);
        return err_hint(e, "xm unpause it and try again; --force takes it away at once.");
    }
    err_set(e, ERR_TIMEOUT, "the guest has not let go of %s within %" PRId64 " s", l->key,
            waited_ms / 1000);
    return err_hint(e, "Its kernel must be up and know PCI hot-plug. It may still let go later; "
                       "--force takes it away at once.");
}

/* Until the guest has let go, or for so long. */
static int await_gone(const struct leaving *l, int64_t patience_ms, struct job *j, struct err *e)
{
    int64_t end = now_ms() + patience_ms, again = now_ms() + ASK_AGAIN_MS;
    enum stop_reason reason;
    unsigned seen = 0;

    while (!mark(l, false, false)) {
        bool paused = l->class != DEVICE_USBDEV && /* of USB no guest is asked */
                      qemu_state(&l->g->pub, &reason) == GUEST_PAUSED;

        if (job_check(j, e) < 0 || qguest_check_lives(l->g, e) < 0)
            return -1;
        if (now_ms() >= end || paused)
            return not_let_go(l, paused, patience_ms, e);
        if (now_ms() >= again) {
            if (ask(l, e) < 0)
                return -1;
            again = now_ms() + ASK_AGAIN_MS;
        }
        qguest_wait_news(l->g, &seen, NEWS_SLICE_MS);
    }
    return 0;
}

/* A drive that fails from now on takes the place of the image. */
static int cut_disk(const struct leaving *l, struct err *e)
{
    AUTO(freep) char *node = xasprintf("dead-%s", l->id);
    AUTO(freep) char *path = xasprintf("/machine/peripheral/%s", l->id);
    struct value *args = value_map(), *image = value_map(), *rules = value_list();
    struct value *rule = value_map();

    value_set_str(rule, "event", "none");
    value_set_int(rule, "errno", 5);
    value_add_take(rules, rule);
    value_set_str(image, "driver", "null-co");
    value_set_bool(image, "read-zeroes", true);
    value_set_str(args, "driver", "blkdebug");
    value_set_str(args, "node-name", node);
    value_set_take(args, "image", image);
    value_set_take(args, "inject-error", rules);
    if (qguest_call_take(l->g, "blockdev-add", args, NULL, e) < 0)
        return -1;
    args = value_map();
    value_set_str(args, "path", path);
    value_set_str(args, "property", "drive");
    value_set_str(args, "value", node);
    if (qguest_call_take(l->g, "qom-set", args, NULL, e) == 0)
        return 0;
    qnode_release(l->g, node);
    return -1;
}

/* The host's side of it goes; what the guest sees is dead until it lets go of that. */
static int take_by_force(const struct leaving *l, struct err *e)
{
    fault_point("qemu.cutting");
    if (strcmp(l->id, USB_TABLET_ID) == 0)
        return 0; /* goes with the screen */
    if (!l->dead && l->class == DEVICE_DISK && cut_disk(l, e) < 0)
        return -1;
    if (l->class == DEVICE_USBDEV) { /* of these no guest can hold anything */
        struct job j = JOB_INIT;

        return ask(l, e) < 0 ? -1 : await_gone(l, GRACE_MS, &j, e);
    }
    mark(l, false, true);
    qdevice_release(l->g, l->class, l->id, l->key);
    fault_point("qemu.cut");
    return 0;
}

int qdevices_cut(struct qguest *g, struct err *e)
{
    struct device probe;
    struct leaving l;
    size_t i = 0;

    while (i < g->devices.len) { /* which the monitor's thread never makes shorter */
        const struct qdevice *q = &g->devices.ptr[i++];

        if (q->class == DEVICE_CHANNEL)
            continue; /* see qemu_set_aside */
        probe = (struct device){.class = q->class};
        if (q->class == DEVICE_DISK)
            probe.disk.vdev = q->key;
        else if (q->class == DEVICE_USBDEV)
            probe.usbdev.device = q->key;
        else
            probe.vif.mac = q->key;
        if (find_leaving(g, &probe, &l) && !l.dead && take_by_force(&l, e) < 0)
            return err_add(e, "taking %s away", l.key);
    }
    return qdevices_settle(g, e);
}

int qemu_detach(struct guest *guest, const struct device *dev, bool force, struct job *j,
                struct err *e)
{
    struct qguest *g = qguest_of(guest);
    int64_t patience = force && g->d->detach_ms > GRACE_MS ? GRACE_MS : g->d->detach_ms;
    struct leaving l;

    if (check_class(dev, e) < 0 || qguest_check_lives(g, e) < 0 || qdevices_settle(g, e) < 0)
        return -1;
    if (!find_leaving(g, dev, &l))
        return 0;
    if (l.class == DEVICE_DISK && disk_check_hot(l.key, e) < 0)
        return -1;
    if (strcmp(l.id, USB_TABLET_ID) == 0)
        return err_set(e, ERR_UNSUPPORTED, "the tablet is part of the guest's screen");
    job_step(j, "waiting until the guest lets go of it");
    if (job_check(j, e) < 0 || ask(&l, e) < 0)
        return -1;
    fault_point("qemu.detach-asked");
    if (l.dead && force)
        return 0; /* what the host had for it is gone already */
    if (await_gone(&l, patience, j, e) == 0) {
        fault_point("qemu.detach-gone");
        return qdevices_settle(g, e);
    }
    /* a device of the host has nothing that could be cut */
    return force && e->code == ERR_TIMEOUT && l.class != DEVICE_PCI ? take_by_force(&l, e) : -1;
}

/* Neither there, nor there in what its guest still holds: what was taken away by force is waited
 * for. */
static int check_new(struct qguest *g, const struct device *dev, struct job *j, struct err *e)
{
    struct leaving l;

    if (!find_leaving(g, dev, &l))
        return 0;
    if (!l.dead)
        return err_set(e, ERR_EXISTS, "Device %s is already connected.", l.key);
    job_step(j, "waiting until the guest lets go of the old one");
    if (ask(&l, e) == 0 && await_gone(&l, g->d->detach_ms, j, e) == 0)
        return qdevices_settle(g, e);
    if (e->code != ERR_TIMEOUT)
        return -1;
    err_set(e, ERR_BUSY, "the guest still holds the old %s, taken away by force", l.key);
    return err_hint(e, "It lets go when its kernel runs and knows PCI hot-plug; try again then.");
}

int qemu_attach(struct guest *guest, const struct device *dev, struct job *j, struct err *e)
{
    struct qguest *g = qguest_of(guest);
    int r;

    if (check_class(dev, e) < 0 || qguest_check_lives(g, e) < 0 || qdevices_settle(g, e) < 0 ||
        job_check(j, e) < 0 || check_new(g, dev, j, e) < 0)
        return -1;
    job_step(j, "attaching it");
    r = dev->class == DEVICE_DISK     ? attach_disk(g, &dev->disk, e)
        : dev->class == DEVICE_PCI    ? attach_pci(g, &dev->pci, e)
        : dev->class == DEVICE_USBDEV ? attach_usb(g, &dev->usbdev, e)
                                      : attach_vif(g, &dev->vif, e);
    fault_point("qemu.attached");
    return r;
}
