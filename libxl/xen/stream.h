/*
 * A guest's memory as Xen's stream, written and read by libxenguest; not in xend but in a child,
 * for the bytes may be other people's, and because the child can be ended at any moment, whatever
 * it waits for. xend's side is stream.c, the child's stream_child.c. Called by save.c and
 * restore.c.
 */
#ifndef XEN_STREAM_H
#define XEN_STREAM_H

#include "libxl/xen/xen.h"

/* What is to be done; all borrowed. */
struct stream {
    struct xguest *g;
    struct job *job;
    int fd;     /* that the stream goes to or comes from */
    bool reads; /* from it; else the guest is saved */
    bool live;
    int state; /* -1, or the file in memory with what its device model knows: written before
                * on_suspend is over, or filled from the stream */
    struct built *built; /* of the guest that is read: ports in, frames out */
    /* When it is to stand still; and whether its device model tells what that changes. */
    int (*suspend)(void *arg, struct err *e);
    int (*logdirty)(void *arg, bool on, struct err *e);
    void *arg;

    pid_t pid; /* of the child, from here on: stream.c's */
    int pidfd, sock;
    int64_t sign_ms; /* when it last gave a sign of life */
};

/*
 * Blocks until all is written or read. Cancelled with the job. Whatever becomes of the child: when
 * this returns it is gone, and *e says how it ended and what it said last.
 */
int stream_run(struct stream *s, struct err *e);
/* While it runs: ERR_CANCELLED, or the child has ended and why. */
int stream_check(struct stream *s, struct err *e);

/* The child's work, its exit status. argv: "save" or "restore", and numbers. */
int stream_child(int argc, char **argv);

/* ---- what they tell one another: records over a socket pair */

enum stream_word {
    WORD_PROGRESS, /* a of b bytes */
    WORD_SAYS,     /* libxenguest does */
    WORD_SUSPEND,  /* may I? the answer is one byte */
    WORD_LOGDIRTY, /* a: on; likewise */
    WORD_DONE,     /* a, b: frames of xenstore and of the console */
    WORD_FAILED,   /* a: errno */
};
struct stream_record {
    uint32_t word;
    uint64_t a, b;
    char text[256];
};
#define STREAM_SOCK 3 /* the child's descriptors */
#define STREAM_FD 4
#define STREAM_STATE 5

/* What follows Xen's stream of a HVM guest, as Xen's tools once had it for upstream's QEMU: this,
 * the length in 4 bytes, little endian, and QEMU's own stream. */
#define STREAM_STATE_MAGIC "DeviceModelRecord0002"

#endif
