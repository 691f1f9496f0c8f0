/*
 * Hook scripts: vif-bridge, block, network-bridge and their kin, and those that admins wrote. One
 * is run with an argument vector and a clean environment, never through a shell; it has a time
 * limit, its output is captured and bounded, and its own words are in the error.
 *
 * A stock script that nobody has changed is not executed: what it would do is done by system calls
 * (libxl/hooks/), with the same outcome, parameters and words. The log says which way was taken.
 *
 * Drivers call this for the devices of guests, xend for network-script. May block for as long as
 * the time limit says; safe from any thread.
 */
#ifndef LIBXL_HOTPLUG_H
#define LIBXL_HOTPLUG_H

#include "config/value.h"
#include "libxl/base/buf.h"
#include "libxl/base/err.h"

/* As long as xl waits, who has the same scripts. Shorter than that of a person who waits for xm. */
#define HOTPLUG_TIMEOUT_MS 40000

/* The xenstore that a script for a Xen backend works with. Paths as scripts have them: a relative
 * one is dom0's. */
struct hotplug_store {
    char *(*read)(const struct hotplug_store *s,
                  const char *path); /* NULL: there is no such node */
    /* The names below it, in one piece that the caller frees; NULL: none. */
    char **(*list)(const struct hotplug_store *s, const char *path, unsigned *n);
    int (*write)(const struct hotplug_store *s, const char *path, const char *text, struct err *e);
    void (*remove)(const struct hotplug_store *s, const char *path);
    void *arg; /* theirs */
};

struct hotplug {
    const char *path;        /* of the script: hotplug_path() */
    const char *const *args; /* NULL-terminated: "online", "type_if=vif", ... */
    /* NAME to value (text or int; NULL and others are left out): what it has in its environment
     * beside PATH and LC_ALL=C. NULL: nothing. */
    const struct value *env;
    int timeout_ms; /* 0: HOTPLUG_TIMEOUT_MS */
    /* Of a device of Xen. Without it a stock script that wants one (no HOTPLUG_STORE=env) is
     * executed. */
    const struct hotplug_store *store;
    /* What its directory there has just been given, name to text: not read again. NULL: it is. */
    const struct value *given;
};

/*
 * The absolute path of a script that a configuration names: an absolute one as it stands, any other
 * is below scripts_dir. The caller frees.
 */
char *hotplug_path(const char *scripts_dir, const char *script);

/*
 * Runs it, or does its work. An exit status that is not 0 is ERR_BACKEND, a script that is not
 * there ERR_NOT_FOUND, one that may not be executed ERR_DENIED, one that is at work at the time
 * limit is killed with all that it started: ERR_TIMEOUT. The text has the script's name and its
 * last words. out, when not NULL: all it said (of which 64 KiB are kept), after a failure, too.
 */
int hotplug_run(const struct hotplug *h, struct buf *out, struct err *e);

/*
 * Appends what a script said as text for people: valid UTF-8 without control characters, lines
 * joined by "; ", blank ones left out; of a longer text the last max_bytes or so.
 */
void hotplug_words(struct buf *to, const char *said, size_t n, size_t max_bytes);

#endif
