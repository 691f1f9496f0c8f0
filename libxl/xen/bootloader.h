/*
 * Bootloaders: programs that find a kernel on the guest's own disk, as pygrub does. What they read
 * was written by the guest, so they run with a user of their own, without network, and may write to
 * one directory only.
 */
#ifndef XEN_BOOTLOADER_H
#define XEN_BOOTLOADER_H

#include "libxl/xen/image.h"

/*
 * Runs the spec's bootloader on its first disk; *out has kernel, ramdisk and command line then.
 * Blocks for as long as a minute, less when the job is cancelled. Nothing is left of it but *out.
 */
int bootloader_run(struct xguest *g, const struct job *j, struct boot *out, struct err *e);
/* Removes what an xend that died in the middle has left. */
void bootloader_tidy(const struct xen *d);

/* ---- boot_child.c: the child becomes the program, confined. argv: directory, device, program, ...
 */

#define BOOT_DIR "/tmp"           /* what the directory is called in there */
#define BOOT_DISK "/var/tmp/disk" /* and the disk */
int boot_child(int argc, char **argv);

#endif
