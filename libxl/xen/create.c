/*
 * Making a guest, step by step. Each step has a name, for the job and for the error's text, and a
 * place to die at, for the tests. Whatever fails: undo gives everything back.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/xen/acpi.h"
#include "libxl/xen/bootloader.h"
#include "libxl/xen/dm.h"
#include "libxl/xen/hvm.h"
#include "libxl/xen/image.h"

#include <xen/hvm/hvm_info_table.h>

#define HVM_MIB_MIN 16 /* room for firmware, its tables and a boot sector */

struct making {
    struct xguest *g;
    xc_physinfo_t host;
    struct boot boot;
    struct built built;
    struct xdevs devices; /* those of dom0's kernel, then those of QEMU */
    size_t n_kernel;
    struct job *job;
    bool noted;          /* from then on there is something to give back */
    int fd;              /* -1, or the stream to restore it from */
    struct xguest *from; /* whose memory and place it gets; or NULL */
    bool live;           /* while that runs on */
    int state;           /* -1, or what its device model goes on with */
};

static int check_hvm(const struct making *m, struct err *e)
{
    const struct spec *s = m->g->spec;
    int64_t video = hvm_video_mib(s);

    if (spec_maxvcpus(s) > HVM_MAX_VCPUS)
        return err_set(e, ERR_UNSUPPORTED, "vcpus: a HVM guest of Xen has %d at most",
                       HVM_MAX_VCPUS);
    if (s->memory < video + HVM_MIB_MIN)
        return err_set(e, ERR_INVALID,
                       "memory: %" PRId64 " MiB: a HVM guest needs %" PRId64 ", %" PRId64
                       " of them for its graphics card",
                       s->memory, video + HVM_MIB_MIN, video);
    return dm_check(m->g, m->fd >= 0, e);
}

static bool boots(const struct making *m)
{
    return m->fd < 0 && !m->from;
}

/* What this driver cannot do yet is refused by name, never left out in silence. */
static int check_spec(struct making *m, struct err *e)
{
    const struct spec *s = m->g->spec;

    if (s->type == TYPE_HVM && check_hvm(m, e) < 0)
        return -1;
    if (dm_serves_screen(s) && dm_check(m->g, m->fd >= 0, e) < 0)
        return -1;
    if (s->type == TYPE_PVH && spec_maxvcpus(s) > ACPI_VCPUS_MAX)
        return err_set(e, ERR_UNSUPPORTED, "vcpus: a PVH guest of Xen has %d at most",
                       ACPI_VCPUS_MAX);
    for (size_t i = 0; i < s->devices.len; i++)
        if (xdev_check(s->devices.ptr[i], s->type, e) < 0)
            return -1;
    if (s->bootloader && s->type == TYPE_HVM)
        return err_set(e, ERR_UNSUPPORTED, "bootloader: an HVM guest brings its own");
    if (!s->kernel && !s->bootloader && s->type != TYPE_HVM && boots(m))
        return err_set(e, ERR_INVALID, "nothing to boot: no kernel");
    return 0;
}

/* Found by the bootloader, opened and, if need be, unpacked. */
static int open_boot(struct making *m, struct err *e)
{
    const struct spec *s = m->g->spec;

    if (s->bootloader) {
        job_step(m->job, "running its bootloader");
        if (bootloader_run(m->g, m->job, &m->boot, e) < 0)
            return -1;
    } else if (boot_open_kernel(m->g->d, s->kernel, true, &m->boot.kernel, e) < 0 ||
               boot_open_ramdisk(s->ramdisk, &m->boot.ramdisk, e) < 0) {
        return -1;
    }
    if (m->boot.ramdisk.size >> 20 >= (uint64_t)s->memory)
        return err_set(e, ERR_INVALID, "ramdisk: %s: too large for %" PRId64 " MiB of memory",
                       s->ramdisk ? s->ramdisk : "the bootloader's", s->memory);
    return 0;
}

/* What can be told before anything is made: files, memory, and whether the uuid is free. */
static int check_host(struct making *m, struct err *e)
{
    const struct spec *s = m->g->spec;
    struct infos infos = {0};
    uint32_t namesake, pool;
    bool taken;

    for (size_t i = 0; i < s->devices.len; i++)
        if (xdisk_check(m->g, s->devices.ptr[i], e) < 0)
            return -1;
    if (boots(m) && s->type != TYPE_HVM && open_boot(m, e) < 0)
        return -1;
    if (xs_check(m->g->d, e) < 0)
        return -1;
    leftovers_end(m->g->d);
    if (pool_find(m->g->d, s->pool, &pool, e) < 0)
        return err_add(e, "pool");
    if (xc_physinfo(m->g->d->xch, &m->host) < 0)
        return err_xen(e, NULL);
    if (infos_get(m->g->d, &infos, e) < 0)
        return -1;
    taken = infos_find_uuid(&infos, s->uuid);
    namesake = strangers_find_name(m->g->d, s->name, &infos);
    vec_clear(&infos);
    if (namesake)
        return err_set(e, ERR_EXISTS, "Domain '%s' already exists with ID '%u', made by others",
                       s->name, namesake);
    if (taken)
        return err_set(e, ERR_EXISTS, "a guest with uuid %s runs already", s->uuid);
    return room_make(m->g, (uint64_t)s->memory << 10, m->job, e);
}

/* xenconsoled appends; the words of an earlier guest of this name are kept beside the new ones. Who
 * moves goes on with the same. */
static int note_intent(struct making *m, struct err *e)
{
    AUTO(freep) char *log = xen_console_log(&m->g->pub);
    AUTO(freep) char *old = log ? xasprintf("%s.1", log) : NULL;

    if (log && !m->from)
        rename(log, old);
    m->noted = true;
    return xstate_save(m->g, false, e);
}

static int make_domain(struct making *m, struct err *e)
{
    return build_domain(m->g, &m->host, e);
}

static int place(struct making *m, struct err *e)
{
    return place_by_spec(m->g, e);
}

static int make_image(struct making *m, struct err *e)
{
    if (m->from)
        return move_memory(m->from, m->g, m->live, &m->built, m->job, e);
    if (m->fd < 0)
        return build_image(m->g, &m->boot, &m->built, e);
    if (dm_is_machine(m->g) && (m->state = dm_state_new(e)) < 0)
        return -1;
    return restore_image(m->g, &m->built, m->fd, m->state, m->job, e);
}

static int make_store(struct making *m, struct err *e)
{
    xdevs_of_spec(m->g, &m->devices);
    m->n_kernel = m->devices.len;
    xdevs_of_screen(m->g, &m->devices);
    return store_add(m->g, &m->built, &m->devices, e);
}

static int plug(struct making *m, struct err *e)
{
    struct xdevs some = {m->devices.ptr, m->n_kernel, m->n_kernel};

    return xdevs_connect(m->g, &some, true, m->job, e);
}

static int start_dm(struct making *m, struct err *e)
{
    size_t n = m->devices.len - m->n_kernel;
    struct xdevs some = {m->devices.ptr + m->n_kernel, n, n};

    if (!dm_has(m->g))
        return 0;
    return dm_start(m->g, m->state, m->job, e) < 0 ? -1
                                                   : xdevs_connect(m->g, &some, true, m->job, e);
}

static int note_ready(struct making *m, struct err *e)
{
    return m->from ? move_place(m->from, m->g, e) : xstate_save(m->g, true, e);
}

static const struct step {
    const char *name, *fault;
    int (*run)(struct making *m, struct err *e);
} steps[] = {
    {"checking the configuration", "xen.checked", check_spec},
    {"checking the host", "xen.prepared", check_host},
    {"noting what is to be made", "xen.intended", note_intent},
    {"making the domain", "xen.made", make_domain},
    {"placing its virtual CPUs", "xen.placed", place},
    {"loading its kernel", "xen.loaded", make_image},
    {"describing it in xenstore", "xen.described", make_store},
    {"connecting its devices", "xen.connected", plug},
    {"starting its device model", "xen.dm-started", start_dm},
    {"noting what was made", "xen.ready", note_ready},
};

static int make(struct making *m, struct job *j, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const char *name;

        if (job_check(j, e) < 0)
            return -1;
        name = !boots(m) && steps[i].run == make_image ? "reading its memory" : steps[i].name;
        job_step(j, name);
        if (steps[i].run(m, e) < 0)
            return err_add(e, "%s", name);
        fault_point(steps[i].fault);
    }
    return 0;
}

/* *e stays. True: nothing is left. */
static bool undo(struct making *m)
{
    bool ended = !m->noted || domain_undo(m->g);

    room_give_back(m->g);
    return ended;
}

/* Who it is. */
static void name_guest(struct xguest *g)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    g->pub.start_time = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    uuid_make(g->nonce);
    if (!g->spec->uuid) {
        uuid_make(g->pub.uuid);
        g->spec->uuid = xstrdup(g->pub.uuid);
    }
    snprintf(g->pub.uuid, sizeof(g->pub.uuid), "%s", g->spec->uuid);
    for (size_t i = 0; i < g->spec->devices.len; i++)
        if (g->spec->devices.ptr[i]->class == DEVICE_VIF)
            vif_set_mac(&g->spec->devices.ptr[i]->vif);
}

static struct guest *make_guest(struct making *m, struct err *e)
{
    bool ended = true;
    int r;

    name_guest(m->g);
    xguest_begin(m->g);
    r = make(m, m->job, e);
    vec_clear(&m->devices);
    image_close(&m->boot.kernel);
    image_close(&m->boot.ramdisk);
    free(m->boot.cmdline);
    close_fd(&m->state);
    if (r < 0)
        ended = undo(m);
    else if (!m->from) /* else it is */
        xguest_list(m->g);
    xguest_began(m->g);
    if (r == 0)
        return &m->g->pub;
    if (ended)
        xguest_free(m->g);
    else
        leftover_add_take(m->g);
    return NULL;
}

struct guest *xen_create(struct driver *d, const struct spec *s, struct job *j, struct err *e)
{
    struct making m = {.g = xguest_new(xen_of(d), s), .job = j, .fd = -1, .state = -1};

    return make_guest(&m, e);
}

struct guest *xen_restore(struct driver *d, const struct spec *s, int fd, struct job *j,
                          struct err *e)
{
    struct making m = {.g = xguest_new(xen_of(d), s), .job = j, .fd = fd, .state = -1};

    return make_guest(&m, e);
}

struct guest *make_in_place(struct xguest *from, const struct spec *s, bool live, struct job *j,
                            struct err *e)
{
    struct making m = {.g = xguest_new(from->d, s), .job = j, .fd = -1, .state = -1};

    m.from = from;
    m.live = live;
    snprintf(m.g->place_of, sizeof(m.g->place_of), "%s", from->pub.uuid);
    return make_guest(&m, e);
}
