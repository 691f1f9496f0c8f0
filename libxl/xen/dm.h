/*
 * The device model of a guest: a QEMU of its own. For a HVM guest it emulates disks, network cards,
 * screen and serial port; for a PV or PVH guest with a screen it is the backend of that. It is
 * started beside the finished domain, lives in a chroot as a user of its own, and dies with the
 * domain; see DESIGN.md.
 */
#ifndef XEN_DM_H
#define XEN_DM_H

#include "libxl/dm/dm.h"
#include "libxl/dm/qmp.h"
#include "libxl/xen/xdev.h"

/* ---- dm_argv.c: pure functions ---- */

struct dm_disk {
    const struct disk *disk;
    int fd;     /* its number in the child; -1: an empty drive */
    bool block; /* a block device */
};

/* Everything that a device model's command line depends on. Borrowed, all of it. */
struct dm_launch {
    const struct spec *spec;
    uint32_t domid;
    const char *binary, *nonce;
    const char *root;                       /* where it is locked in; NULL: not */
    uid_t uid;                              /* that it becomes; 0: none */
    gid_t gid;                              /* likewise */
    const char *cmdline;                    /* of the kernel */
    int qmp_fd, console_fd, console_log_fd; /* numbers in the child */
    int kernel_fd, ramdisk_fd;              /* -1: none */
    int state_fd;                           /* of an earlier one, to go on with; -1: none */
    int vnc_secret_fd;                      /* -1: none */
    const char *vnc_listen, *keymap;        /* where the spec says none; or NULL */
    const struct vnc_tls *vnc_tls;          /* or NULL */
    const struct dm_disk *disks;            /* the emulated ones */
    size_t n_disks;
    const int *tap_fds; /* one for each emulated card, in order */
};

/* The command line; not NULL-terminated. ERR_UNSUPPORTED names what cannot be, and why. */
int dm_argv(const struct dm_launch *l, struct strings *argv, struct err *e);

/* Whether a guest has a device model; and a screen that is a frontend of its own. */
bool dm_wanted(const struct spec *s);
bool dm_serves_screen(const struct spec *s);
/* True when a HVM guest's kernel is a kernel, which QEMU loads, and not Xen's firmware loader. */
bool dm_boots_kernel(const struct spec *s);
/* Whether QEMU emulates the device, beside a backend or (cdrom) in place of one. */
bool dm_emulates_disk(const struct disk *k);
bool dm_emulates_vif(const struct vif *v);
/* QEMU's name for the drive; the caller frees. */
char *dm_disk_id(const char *vdev);
struct dm_card {
    const char *driver;
    int64_t mib;
};
/* The graphics card; false: none. */
bool dm_card_of(const struct spec *s, struct dm_card *out);

/* ---- dm_start.c ---- */

/* What can be told of it before anything is made. restored: it boots nothing. */
int dm_check(struct xguest *g, bool restored, struct err *e);
/*
 * Starts it for a domain that is described in xenstore, and waits until it serves. state: what an
 * earlier one has left (borrowed), or -1.
 */
int dm_start(struct xguest *g, int state, struct job *j, struct err *e);

/* ---- dm_state.c: what it knows of its devices, for another one to go on with */

#define DM_STATE_MAX (16 << 20) /* real ones have 100 KiB */

/* A file in memory for it; -1: *e. */
int dm_state_new(struct err *e);
/* Of a guest that stands still: so does its device model from now on, and `state` has what it
 * knows; live: another host may use its disks. And: it goes on; fine when it does. */
int dm_freeze(struct xguest *g, int state, bool live, struct err *e);
int dm_thaw(struct xguest *g, struct err *e);
/* Whether it tells Xen which memory of the guest it has written. */
int dm_logdirty(struct xguest *g, bool on, struct err *e);
/* Waits until one that was started with a state has read it. */
int dm_await_state(struct qmp *q, struct job *j, struct err *e);

/* ---- dm.c: its process ---- */

/* Whether it has one of ours (other people's are left alone); and is nothing without it. */
static inline bool dm_has(const struct xguest *g)
{
    return !g->pub.foreign && dm_wanted(g->spec);
}
static inline bool dm_is_machine(const struct xguest *g)
{
    return !g->pub.foreign && g->spec->type == TYPE_HVM;
}
#define DM_ROOT "empty" /* in its directory: where it is locked in */

/* Its directory, its log, the serial port's log; the caller frees. */
char *dm_dir(const struct xguest *g);
char *dm_log(const struct xguest *g);
char *dm_console_log(const struct xguest *g);
/* Its death is noticed from now on. */
void dm_watch(struct xguest *g);
/* Ends it and removes what it had; fine when there is none. */
void dm_end(struct xguest *g);
/* After a restart of xend: finds it again; one that is not there is a guest that has crashed. */
void dm_adopt(struct xguest *g);
/* Lets go of it; it runs on. */
void dm_forget(struct xguest *g);
/* On the watch thread: one of them has died. And, now and then: what guests and QEMUs
 * write to logs is kept bounded, xenconsoled's too; in so many ms again, -1: there are none. */
void dm_died(struct xen *d);
int dm_trim(struct xen *d);

/* ---- dm_tap.c: the emulated cards on the host's network, beside the backends ---- */

/* A tap for each, the caller's; *n of them, after a failure, too. */
int dm_open_taps(struct xguest *g, int *fds, size_t *n, struct err *e);
/* Runs the scripts. And: to take back what they did; that fails in silence. */
int dm_plug_taps(struct xguest *g, struct job *j, struct err *e);
void dm_unplug_taps(struct xguest *g);

/* ---- dm_qmp.c: what is asked of it ---- */

/* A connection, not yet greeted; NULL: *e. */
struct qmp *dm_connect(struct xguest *g, struct err *e);
/* One that is ready for questions; likewise. */
struct qmp *dm_dial(struct xguest *g, struct err *e);
/* QEMU gets a descriptor, in a set of its own: path is how it names it. What it uses stays until
 * it closes it, after the set is dropped, too. */
#define DM_SET_PATH 32
int dm_pass_fd(struct qmp *q, int fd, char path[DM_SET_PATH], int64_t *set, struct err *e);
void dm_drop_set(struct qmp *q, int64_t set);
int xen_vnc(struct guest *g, struct vnc_place *place, struct err *e);
int xen_set_media(struct guest *g, const struct disk *to, struct job *j, struct err *e);

#endif
