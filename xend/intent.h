/*
 * Intents: what xend is about to do to a guest, written before it begins and taken back when it is
 * done. They live in run_dir, like the guests, for no guest outlives the host. A xend that starts
 * finds those of one that died and finishes or undoes the work.
 */
#ifndef XEND_INTENT_H
#define XEND_INTENT_H

#include "xend/domain.h"

enum intent_op {
    INTENT_CREATE,     /* undone: nobody was told that it succeeded */
    INTENT_DESTROY,    /* finished */
    INTENT_RESTART,    /* finished: the old guest may be gone already */
    INTENT_DUMP,       /* undone: the guest, which stands still for it, goes on */
    INTENT_SAVE,       /* finished when the file has its name, else undone like a dump */
    INTENT_RESUME,     /* undone while its checkpoint (more.name) is there, else finished */
    INTENT_GIVEN,      /* another xend was told to run it: it is asked, or people decide */
    INTENT_CHECKPOINT, /* undone like a dump; a file that has its name stays */
    INTENT_ATTACH,     /* undone: nobody was told that it succeeded */
    INTENT_DETACH,     /* finished */
    INTENT_MEDIA,      /* undone: the old one is put back */
};

/* What an operation on a file needs besides. */
struct intent_more {
    const char *file;           /* removed when the work is undone; or NULL */
    const char *name;           /* of INTENT_SAVE: the name that it gets when it is whole */
    uint64_t inode;             /* of the file, once it is there */
    bool paused;                /* the guest stood still before */
    const struct value *device; /* of the last three: {"class","device"}; or NULL */
    bool force;                 /* of INTENT_DETACH */
    const struct value *there;  /* of INTENT_GIVEN: who can be asked, {"host","port"}; or NULL */
};

/* Not with the lock; blocks. The spec is what a restart starts again. */
int intent_write(struct xend *x, const struct domain *d, enum intent_op op, struct err *e);
int intent_write_more(struct xend *x, const struct domain *d, enum intent_op op,
                      const struct intent_more *more, struct err *e);
void intent_clear(struct xend *x, const char *uuid);

/* At start, after the driver's guests were adopted: queues what is left to do. */
void intents_resume(struct xend *x);

#endif
