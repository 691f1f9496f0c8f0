/*
 * Named places where xend can be made to die, before and after each external effect: what the
 * tests use to show that a dying xend harms nothing. XEND_FAULT=NAME (or NAME:N for the N-th pass)
 * kills the process there with SIGKILL; XEND_FAULT_LOG=FILE appends each name that is passed.
 * Without them a point costs one comparison. XEND_FAULT_DISK=FILE: while that file is there, each
 * change of files that must last (fsops.h) fails with the error whose name is in it: EIO, EMFILE...
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

/* Reads the environment. Once, at start, before there are threads. */
void fault_init(void);

void fault_point(const char *name);

#endif
