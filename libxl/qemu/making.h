/* A guest on its way to a process: what prepare.c gathers and create.c starts. */
#ifndef QEMU_MAKING_H
#define QEMU_MAKING_H

#include "libxl/qemu/saved.h"

/* one for a disk, two for an interface, and those of struct launch */
#define CHILD_FDS_MAX (2 * DOMAIN_DEVICES_MAX + SERIALS_MAX + 10)

/* What is gathered on the way to a process. */
struct making {
    struct qguest *g;
    struct job *job;
    struct restoring *from; /* NULL: it is new */
    struct launch launch;
    struct launch_disk disks[DOMAIN_DEVICES_MAX];
    struct launch_net nets[DOMAIN_DEVICES_MAX];
    struct proc_fd fds[CHILD_FDS_MAX];
    size_t n_fds;
    int log_fd;
    int tpm_fd, tpm_dir; /* of its TPM, which is to be started; else -1 */
    bool kvm;
    char *cmdline, rtc[32];
};

/* The child gets this descriptor; its number there. */
int making_pass_take(struct making *m, int fd);
/* In place of -1, which it was planned with: this descriptor, to be `number` there. */
void making_set_take(struct making *m, int number, int fd);
/* A listening socket in the guest's directory; its number in the child, or -1. */
int making_listen(struct making *m, const char *name, struct err *e);
/* serial.c: opens what its serial ports go to; the guest's directory is there. */
int serials_open(struct making *m, struct err *e);
/* channel.c: finds numbers for its channels; makes their sockets, once the intent is written. */
int channels_plan(struct making *m, struct err *e);
int channels_open(struct making *m, struct err *e);
/* Our copies: while one is open, a listening socket outlives its QEMU and an image stays locked. */
void making_close(struct making *m);
/* Opens and checks all that the guest is made of, then settles how it runs: before anything
 * outside exists. */
int making_prepare(struct making *m, struct err *e);

/*
 * vtpm.c: prepare, before the intent is written: looks, and makes a descriptor for QEMU when the
 * guest has a TPM. start, after it: starts that TPM.
 */
int vtpm_prepare(struct making *m, struct err *e);
int vtpm_start(struct making *m, struct err *e);

#endif
