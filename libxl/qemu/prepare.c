/*
 * What a guest is made of: kernel, disks, screen, accelerator, clock. Every check that can fail
 * does so here, before create.c writes the intent and starts the process.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/hostinfo.h"
#include "libxl/qemu/making.h"

int making_pass_take(struct making *m, int fd)
{
    int to = 3 + (int)m->n_fds;

    m->fds[m->n_fds++] = (struct proc_fd){fd, to};
    return to;
}

void making_set_take(struct making *m, int number, int fd)
{
    m->fds[number - 3].from = fd;
}

void making_close(struct making *m)
{
    for (size_t i = 0; i < m->n_fds; i++)
        if (m->fds[i].from >= 0)
            close(m->fds[i].from);
    m->n_fds = 0;
    close_fd(&m->log_fd);
    close_fd(&m->tpm_fd);
    close_fd(&m->tpm_dir);
}

/* More than the host has at all; what is free now is the host's business, it may swap. */
static int check_memory(const struct spec *s, struct err *e)
{
    struct hostinfo h;

    hostinfo_read(&h);
    if (h.total_mib && spec_maxmem(s) > h.total_mib)
        return err_set(e, ERR_NO_RESOURCE, "memory: %lld MiB asked for, the host has %lld MiB",
                       (long long)spec_maxmem(s), (long long)h.total_mib);
    return 0;
}

/* All images, in the order of the spec; an empty drive has no descriptor, and one that a script is
 * to set up has none yet. */
static int open_disks(struct making *m, struct err *e)
{
    const struct devices *devices = &m->g->spec->devices;

    for (size_t i = 0; i < devices->len; i++) {
        const struct disk *k = &devices->ptr[i]->disk;
        struct launch_disk *ld;
        int fd;

        if (devices->ptr[i]->class != DEVICE_DISK)
            continue;
        if (m->launch.n_disks == DOMAIN_DEVICES_MAX)
            return err_set(e, ERR_TOO_LARGE, "more than %d disks", DOMAIN_DEVICES_MAX);
        ld = &m->disks[m->launch.n_disks++];
        *ld = (struct launch_disk){.disk = k, .fd = -1};
        if (!k->target || !k->target[0] || disk_is_served(k))
            continue;
        fd = image_open(k, &ld->block, e);
        if (fd < 0)
            return -1;
        ld->fd = making_pass_take(m, fd);
    }
    return 0;
}

/* A file that QEMU opens again by /proc/self/fd: as it is when its user may, else a copy. */
static int pass_file_take(struct making *m, int fd, struct err *e)
{
    if (!file_readable_by(fd, &m->g->d->ids)) {
        int copy = file_copy_to_memory(fd, e);

        close(fd);
        if (copy < 0)
            return -1;
        fd = copy;
    }
    return making_pass_take(m, fd);
}

/* Kernel and ramdisk, unless the BIOS is to look for them; and the command line, which must fit. */
static int open_kernel(struct making *m, struct err *e)
{
    const struct spec *s = m->g->spec;
    size_t cmdline_max = 0;
    int fd;

    if (!boots_kernel(s))
        return 0;
    fd = kernel_open(s->kernel, &cmdline_max, e);
    if (fd < 0 || (m->launch.kernel_fd = pass_file_take(m, fd, e)) < 0)
        return -1;
    m->cmdline = launch_cmdline(s);
    m->launch.cmdline = m->cmdline;
    if (strlen(m->cmdline) > cmdline_max)
        return err_set(e, ERR_TOO_LARGE, "kernel command line: %zu bytes, this kernel takes %zu",
                       strlen(m->cmdline), cmdline_max);
    if (!s->ramdisk)
        return 0;
    fd = ramdisk_open(s->ramdisk, e);
    return fd < 0 || (m->launch.ramdisk_fd = pass_file_take(m, fd, e)) < 0 ? -1 : 0;
}

/* A saved guest has its kernel in its memory, unless its firmware was still to read it: then it
   needs the same files again, and without them it only starts over. */
static int open_what_boots(struct making *m, struct err *e)
{
    m->launch.kernel_fd = m->launch.ramdisk_fd = -1;
    if (open_kernel(m, e) == 0)
        return 0;
    if (!m->from)
        return -1;
    log_warn("domain=%s: restored without what it booted: %s", m->g->spec->name, e->msg);
    m->launch.kernel_fd = m->launch.ramdisk_fd = -1;
    return 0;
}

/* What VNC needs of the host. */
static int open_screen(struct making *m, struct err *e)
{
    int fd;

    m->launch.vnc_listen = m->g->d->vnc_listen;
    m->launch.keymap = m->g->d->keymap;
    m->launch.vnc_tls = &m->g->d->vnc_tls;
    m->launch.vnc_secret_fd = -1;
    if (vnc_secret_make(m->g->spec, m->g->d->vnc_passwd, &fd, e) < 0)
        return -1;
    if (fd >= 0)
        m->launch.vnc_secret_fd = making_pass_take(m, fd);
    return 0;
}

/* What the letters of a boot order stand for. */
static bool has_class(const struct spec *s, char letter)
{
    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];
        bool cdrom = d->class == DEVICE_DISK && d->disk.devtype == DISK_CDROM;

        if ((letter == 'n' && d->class == DEVICE_VIF) || (letter == 'd' && cdrom) ||
            (letter == 'c' && d->class == DEVICE_DISK && !cdrom))
            return true;
    }
    return false;
}

/* Something to boot there must be, and in the order that is asked for. */
static int check_boot(const struct making *m, struct err *e)
{
    static const char *const names[][2] = {
        {"a", "floppy drive"}, {"c", "disk"}, {"d", "CD-ROM drive"}, {"n", "network interface"}};
    const struct spec *s = m->g->spec;
    AUTO(buf_clear) struct buf missing = BUF_INIT;

    if (boots_kernel(s) || m->from)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!boot_place(s, *names[i][0]))
            continue;
        if (has_class(s, *names[i][0]))
            return 0;
        buf_addf(&missing, "%s%s", missing.len ? " and no " : "", names[i][1]);
    }
    if (!m->launch.n_disks && !boot_place(s, 'n'))
        return err_set(e, ERR_INVALID, "nothing to boot: neither a kernel nor a disk");
    return err_set(e, ERR_INVALID, "nothing to boot: boot = '%s', and it has no %s", s->boot,
                   buf_str(&missing));
}

/* The domain's wish, else the host's, else KVM where it was seen to work; with a fitting CPU. */
static int choose_accel(struct making *m, struct err *e)
{
    struct qemu *d = m->g->d;
    const char *want = m->g->spec->accel ? m->g->spec->accel : d->accel ? d->accel : "auto";
    const char *cpu = NULL;

    if (m->from) {
        m->launch.accel = m->from->saved.accel;
        m->launch.cpu = m->from->saved.cpu;
        m->kvm = strcmp(m->launch.accel, "kvm") == 0;
        return saved_check_host(&m->from->saved, d, e);
    }
    if (strcmp(want, "tcg") != 0 && strcmp(want, "kvm") != 0 && strcmp(want, "auto") != 0)
        return err_set(e, ERR_INVALID, "accel: '%s': not one of auto, kvm, tcg", want);
    if (strcmp(want, "tcg") != 0) {
        job_step(m->job, "probing KVM");
        m->kvm = kvm_usable(d, &cpu);
        if (!m->kvm && strcmp(want, "kvm") == 0)
            return err_set(e, ERR_UNSUPPORTED, "accel: kvm: %s", d->kvm_why);
    }
    m->launch.accel = m->kvm ? "kvm" : "tcg";
    /* max: all that TCG has; qemu64 boots 10 % slower, measured */
    m->launch.cpu = m->g->spec->cpu_model ? m->g->spec->cpu_model : m->kvm ? cpu : "max";
    return 0;
}

/* The clock of the guest: UTC, the host's zone, or off by so many seconds. */
static void choose_clock(struct making *m)
{
    const struct spec *s = m->g->spec;
    time_t t = time(NULL) + (time_t)s->rtc_timeoffset;
    struct tm tm;

    m->launch.rtc_base = s->localtime ? "localtime" : "utc";
    if (!s->rtc_timeoffset)
        return;
    if (s->localtime)
        localtime_r(&t, &tm);
    else
        gmtime_r(&t, &tm);
    strftime(m->rtc, sizeof(m->rtc), "%Y-%m-%dT%H:%M:%S", &tm);
    m->launch.rtc_base = m->rtc;
}

int making_prepare(struct making *m, struct err *e)
{
    struct qguest *g = m->g;
    struct job *j = m->job;

    job_step(j, m->from ? "opening its disks" : "opening its kernel and disks");
    if (check_memory(m->from ? m->from->spec : g->spec, e) < 0 || vcpus_wish(g, e) < 0 ||
        open_what_boots(m, e) < 0 || open_disks(m, e) < 0 || check_boot(m, e) < 0 ||
        open_screen(m, e) < 0 || job_check(j, e) < 0)
        return -1;
    if (choose_accel(m, e) < 0 || job_check(j, e) < 0)
        return -1;
    choose_clock(m);
    return 0;
}
