/*
 * A saved guest as bytes: frame.c cuts them into checked blocks, saved.c says what machine it is,
 * save.c and restore.c move it out of QEMU and into one.
 */
#ifndef QEMU_SAVED_H
#define QEMU_SAVED_H

#include "libxl/qemu/qemu.h"

/* ---- frame.c: the bytes of a saved guest ---- */

#define FRAME_BYTES_MAX (256 * 1024) /* in one block: what a pipe gives at a time is less */

/* A saved guest being written or read. Waits for its descriptor until the job is cancelled, or as
 * long as the patience of a socket (fd_patience_ms). */
struct frames {
    int fd; /* borrowed */
    bool file, socket;
    int patience_ms[2]; /* for a read, for a write; -1: for ever */
    struct job *job;
    uint32_t crc;
    uint64_t bytes; /* so far */
    char *block;
    char *data; /* in the block: FRAME_BYTES_MAX of them */
};

void frames_init(struct frames *f, int fd, struct job *j);
void frames_clear(struct frames *f);
/* The first bytes of all, then blocks of n bytes of f->data; one of 0 bytes is the end. */
int frames_begin(struct frames *f, struct err *e);
int frame_put(struct frames *f, size_t n, struct err *e);
/* The same for a reader: f->data is whole and undamaged when they succeed. */
int frames_open(struct frames *f, struct err *e);
int frame_get(struct frames *f, size_t *n, struct err *e);
/* After the block of 0 bytes: nothing follows it in a file. */
int frames_end(struct frames *f, struct err *e);
/* How many bytes of a file are still to come; 0: not known. */
uint64_t frames_left(const struct frames *f);
/* Castagnoli's CRC of n more bytes; begin with 0. _plain: without the processor's help. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);
uint32_t crc32c_plain(uint32_t crc, const void *p, size_t n);

/* ---- saved.c: what stands before a saved guest's memory ---- */

struct saved {
    char *machine, *accel, *cpu;
    char *qemu;         /* its version */
    char *host_cpu;     /* its features, under KVM; else NULL */
    char *devices;      /* for people, and to compare */
    struct value *nets; /* "user" or "tap" for each interface */
    uint64_t mem_kib, mem_most_kib;
    unsigned vcpus, vcpus_most, queues;
    struct value *slots; /* see qdevices_slots; NULL: of an older xend */
};

/* Of a guest that lives. Clear it after a failure, too. */
int saved_of(struct qguest *g, struct saved *s, struct err *e);
void saved_clear(struct saved *s);
int saved_write(const struct saved *s, struct frames *f, struct err *e);
int saved_read(struct saved *s, struct frames *f, struct err *e);
/* Refuses a spec that is of another machine. */
int saved_check_spec(const struct saved *s, const struct spec *wanted, struct err *e);
/* What QEMU is to be started for: `wanted` as large as what was saved. The caller's. */
struct spec *saved_spec(const struct saved *s, const struct spec *wanted);
/* Refuses what cannot work here: by the host, and by the QEMU that was started. */
int saved_check_host(const struct saved *s, struct qemu *d, struct err *e);
int saved_check_qemu(const struct saved *s, struct qguest *g, struct err *e);

/* ---- save.c, restore.c ---- */

/* Waits for QEMU's last word on a migration, out of it or into it: the answer of query-migrate. */
int migration_await(struct qguest *g, struct value **info, int timeout_ms, struct err *e);
/* Ends one that is under way, as an earlier xend may have left it; fine when there is none. */
int migration_stop(struct qguest *g, struct err *e);
int migration_set_capability(struct qguest *g, const char *name, bool on, struct err *e);

/* A guest that comes out of a file or socket. */
struct restoring {
    struct saved saved;
    struct frames in;
    struct spec *spec; /* see saved_spec */
};
/* Puts it into g's QEMU, which waits for it; g is paused then. */
int restore_load(struct restoring *r, struct qguest *g, struct err *e);

#endif
