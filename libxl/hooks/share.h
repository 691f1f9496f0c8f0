/* Who else has a disk: what block-sharing.sh does for the block script. Called by block.c alone. */
#ifndef HOOKS_SHARE_H
#define HOOKS_SHARE_H

#include "libxl/hooks/hooks.h"

/* "r", "w" or "w!" as enum disk_mode. */
int share_mode(const char *text);

/*
 * ERR_BUSY, in the script's words, when this host or another guest uses it in a way that mode
 * (enum disk_mode) cannot share. what: "File" or "Device".
 */
int share_check(const struct hook *c, int mode, const char *what, const char *path, struct err *e);

#endif
