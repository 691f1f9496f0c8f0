/*
 * What stands before a saved guest's memory: all that a QEMU must be started with to take it, so
 * that it is the same machine, whatever the domain's configuration or the host's have become. A
 * JSON map in a block of its own (frame.c). Called by save.c and restore.c.
 */
#include <inttypes.h>
#include <string.h>

#include "config/json.h"
#include "libxl/hostinfo.h"
#include "libxl/qemu/saved.h"

void saved_clear(struct saved *s)
{
    free(s->machine);
    free(s->accel);
    free(s->cpu);
    free(s->qemu);
    free(s->host_cpu);
    free(s->devices);
    value_free(s->nets);
    value_free(s->slots);
    memset(s, 0, sizeof(*s));
}

/* Those of its devices that are devices for QEMU, too: "xvda, hdc:cdrom, vif virtio". */
static char *devices_of(const struct spec *s)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];

        if (d->class == DEVICE_DISK)
            buf_addf(&b, "%s%s%s", b.len ? ", " : "", d->disk.vdev,
                     d->disk.devtype == DISK_CDROM ? ":cdrom" : "");
        else if (d->class == DEVICE_VIF)
            buf_addf(&b, "%svif %s", b.len ? ", " : "",
                     d->vif.model ? d->vif.model : "virtio-net-pci");
        else if (d->class == DEVICE_USBDEV && device_key(d))
            buf_addf(&b, "%susb %s", b.len ? ", " : "", device_key(d));
    }
    if (!b.len)
        buf_adds(&b, "none");
    return buf_steal(&b);
}

/* User-mode network has a state of its own in the saved guest, a tap has none. */
static struct value *kinds_of(const struct qnets *nets)
{
    struct value *list = value_list();

    for (size_t i = 0; i < nets->len; i++)
        value_add_take(list, value_str(nets->ptr[i].tap ? "tap" : "user"));
    return list;
}

/* What the guest's kernel may have been told of this host's processor. */
static char *host_cpu(const char *accel)
{
    struct hostinfo h;

    if (strcmp(accel, "kvm") != 0)
        return NULL;
    hostinfo_read(&h);
    return xstrdup(h.hw_caps);
}

/* "7.2" of this QEMU: what "-cpu max" is changes with it. */
static char *version_of(struct qguest *g, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;
    const struct value *numbers;

    if (qguest_call_take(g, "query-version", NULL, &v, e) < 0)
        return NULL;
    numbers = value_get(v, "qemu");
    return xasprintf("%" PRId64 ".%" PRId64, value_get_int(numbers, "major", 0),
                     value_get_int(numbers, "minor", 0));
}

int saved_of(struct qguest *g, struct saved *s, struct err *e)
{
    unsigned plugged = 0;

    memset(s, 0, sizeof(*s));
    if (!g->accel || !g->cpu || !g->queues || !g->spec->machine)
        return err_set(e, ERR_UNSUPPORTED,
                       "it was started by an older xend, which did not write "
                       "down what for a machine it is");
    pthread_mutex_lock(&g->d->lock);
    s->mem_kib = g->mem_kib;
    s->vcpus = vcpus_online(g);
    while (plugged < g->vcpus_most && g->vcpus[plugged].path)
        plugged++;
    pthread_mutex_unlock(&g->d->lock);
    if (!plugged || plugged != s->vcpus)
        return err_set(e, ERR_UNSUPPORTED, "its virtual CPUs are not numbered one after the other");
    s->mem_most_kib = g->mem_most_kib;
    s->vcpus_most = g->vcpus_most;
    s->queues = g->queues;
    s->qemu = version_of(g, e);
    if (!s->qemu)
        return -1;
    s->machine = xstrdup(g->spec->machine);
    s->accel = xstrdup(g->accel);
    s->cpu = xstrdup(g->cpu);
    s->host_cpu = host_cpu(g->accel);
    s->devices = devices_of(g->spec);
    s->nets = kinds_of(&g->nets);
    s->slots = qdevices_slots(g, e);
    return s->slots ? 0 : -1;
}

int saved_write(const struct saved *s, struct frames *f, struct err *e)
{
    AUTO(value_freep) struct value *v = value_map();
    AUTO(buf_clear) struct buf text = BUF_INIT;

    value_set_str(v, "machine", s->machine);
    value_set_str(v, "accel", s->accel);
    value_set_str(v, "cpu", s->cpu);
    value_set_str(v, "qemu", s->qemu);
    value_set_str(v, "host_cpu", s->host_cpu);
    value_set_str(v, "devices", s->devices);
    value_set_take(v, "nets", value_copy(s->nets));
    value_set_int(v, "mem_kib", (int64_t)s->mem_kib);
    value_set_int(v, "mem_most_kib", (int64_t)s->mem_most_kib);
    value_set_int(v, "vcpus", s->vcpus);
    value_set_int(v, "vcpus_most", s->vcpus_most);
    value_set_int(v, "queues", s->queues);
    value_set_take(v, "slots", value_copy(s->slots));
    json_print(v, &text);
    if (text.len > FRAME_BYTES_MAX)
        return err_set(e, ERR_TOO_LARGE, "its description: %zu bytes", text.len);
    memcpy(f->data, text.ptr, text.len);
    return frames_begin(f, e) < 0 ? -1 : frame_put(f, text.len, e);
}

/* Numbers that a PCI bus has. */
static struct value *slots_from_value(const struct value *v, struct err *e)
{
    bool sound = value_type(v) == VALUE_MAP && value_len(v) <= 2 * PCI_SLOTS + USB_PORTS_MAX;

    for (size_t i = 0; sound && i < value_len(v); i++) {
        const struct value *slot = value_at(v, i);

        sound = value_type(slot) == VALUE_INT && slot_is_sound(value_as_int(slot));
    }
    if (sound)
        return value_copy(v);
    err_set(e, ERR_INVALID, "the saved guest's PCI slots and USB ports make no sense");
    return NULL;
}

/* From another host, perhaps: sizes are bounded as those of a spec are, words by argv.c. */
static int from_value(const struct value *v, struct saved *s, struct err *e)
{
    int64_t vcpus = value_get_int(v, "vcpus", 0), most = value_get_int(v, "vcpus_most", 0);
    int64_t mem = value_get_int(v, "mem_kib", 0), mem_most = value_get_int(v, "mem_most_kib", 0);
    int64_t queues = value_get_int(v, "queues", 0);
    const struct field *memory = field_find(&spec_fields, "memory");
    const struct value *nets = value_get(v, "nets");

    s->machine = xstrdup(value_get_str(v, "machine", ""));
    s->accel = xstrdup(value_get_str(v, "accel", ""));
    s->cpu = xstrdup(value_get_str(v, "cpu", ""));
    s->qemu = xstrdup(value_get_str(v, "qemu", ""));
    s->host_cpu = xstrdup_null(value_get_str(v, "host_cpu", NULL));
    s->devices = xstrdup(value_get_str(v, "devices", ""));
    s->nets = value_list();
    for (size_t i = 0; i < value_len(nets); i++)
        if (value_type(value_at(nets, i)) == VALUE_STRING)
            value_add_take(s->nets, value_copy(value_at(nets, i)));
    if (!*s->machine || !*s->cpu ||
        (strcmp(s->accel, "tcg") != 0 && strcmp(s->accel, "kvm") != 0) || vcpus < 1 ||
        most < vcpus || most > DOMAIN_VCPUS_MAX || queues < 1 || queues > most || mem < 1 ||
        mem_most < mem || mem_most % 1024 != 0 || mem_most / 1024 > memory->max)
        return err_set(e, ERR_INVALID, "the saved guest's description makes no sense");
    s->vcpus = (unsigned)vcpus;
    s->vcpus_most = (unsigned)most;
    s->queues = (unsigned)queues;
    if (value_get(v, "slots") && !(s->slots = slots_from_value(value_get(v, "slots"), e)))
        return -1;
    s->mem_kib = (uint64_t)mem;
    s->mem_most_kib = (uint64_t)mem_most;
    return 0;
}

int saved_read(struct saved *s, struct frames *f, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;
    size_t n;

    memset(s, 0, sizeof(*s));
    if (frames_open(f, e) < 0 || frame_get(f, &n, e) < 0)
        return -1;
    v = json_parse(f->data, n, "the saved guest's description", e);
    return v ? from_value(v, s, e) : -1;
}

/* "pc" and "q35" are any of their versions, of which the saved one is another name. */
static bool is_machine(const char *wanted, const char *is)
{
    size_t n = strlen(wanted);

    if (strchr(wanted, '-'))
        return strcmp(wanted, is) == 0;
    if (strcmp(wanted, "q35") == 0)
        return strncmp(is, "pc-q35-", 7) == 0;
    return strncmp(wanted, is, n) == 0 && (!is[n] || is[n] == '-') && strncmp(is, "pc-q35", 6) != 0;
}

int saved_check_spec(const struct saved *s, const struct spec *wanted, struct err *e)
{
    AUTO(freep) char *devices = devices_of(wanted);

    if (wanted->machine && !is_machine(wanted->machine, s->machine))
        return err_set(e, ERR_INVALID, "saved on the machine type %.60s, to be restored on %.60s",
                       s->machine, wanted->machine);
    if (strcmp(devices, s->devices) != 0)
        return err_set(e, ERR_INVALID, "saved with the devices %.200s, to be restored with %.200s",
                       s->devices, devices);
    return 0;
}

struct spec *saved_spec(const struct saved *s, const struct spec *wanted)
{
    struct spec *spec = spec_copy(wanted);

    free(spec->machine);
    free(spec->cpu_model);
    spec->machine = xstrdup(s->machine);
    spec->cpu_model = xstrdup(s->cpu);
    spec->memory = spec->maxmem = (int64_t)(s->mem_most_kib / 1024);
    spec->vcpus = s->vcpus;
    spec->maxvcpus = s->vcpus_most;
    return spec;
}

int saved_check_host(const struct saved *s, struct qemu *d, struct err *e)
{
    AUTO(freep) char *here = host_cpu(s->accel);
    const char *cpu;

    if (strcmp(s->accel, "kvm") != 0)
        return 0;
    if (!kvm_usable(d, &cpu))
        return err_set(e, ERR_UNSUPPORTED, "saved with cpu %.60s under kvm, this host has tcg: %s",
                       s->cpu, d->kvm_why);
    if (s->host_cpu && strcmp(s->host_cpu, here) != 0)
        return err_set(e, ERR_UNSUPPORTED,
                       "saved with cpu %.60s under kvm, this host's CPU has other features",
                       s->cpu);
    return 0;
}

/* A CPU model with a name is the same everywhere; these two are what a QEMU makes of them. */
int saved_check_qemu(const struct saved *s, struct qguest *g, struct err *e)
{
    AUTO(freep) char *here = version_of(g, e);

    if (!here)
        return -1;
    if ((strncmp(s->cpu, "max", 3) == 0 || strncmp(s->cpu, "host", 4) == 0) &&
        strcmp(s->qemu, here) != 0)
        return err_set(e, ERR_UNSUPPORTED,
                       "saved with cpu %.60s under QEMU %.20s, this host has QEMU %s", s->cpu,
                       s->qemu, here);
    return 0;
}
