/* Waiting for the end of guests: see ending.h. Called by shutdown and reboot. */
#include "xm/ending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xm/domains.h"

#define ABSENT_MS 30000 /* how long a rebooting domain may be away: the original's patience */
#define REMIND_MS 10000 /* a guest that hears usually is gone by then, or says that it is at it */

/* What is waited for, and how long. */
struct waiting {
    bool reboot;
    int64_t timeout_s;   /* 0: for ever */
    int64_t end, remind; /* ms; 0: never */
    struct value *list;  /* the newest list of domains, or NULL */
};

/* With the domid it tells one guest from the next of the same domain. */
static double start_time(const struct value *domain)
{
    const struct value *v = domain_number(domain, "start_time");

    return v ? value_as_real(v) : 0;
}

void target_add(struct targets *t, const struct value *domain)
{
    struct target new = {.name = xstrdup(value_get_str(domain, "name", "")),
                         .uuid = xstrdup(value_get_str(domain, "uuid", "")),
                         .domid = value_get_int(domain, "domid", -1),
                         .started = start_time(domain)};

    vec_push(t, new);
}

void target_drop(struct targets *t, size_t i)
{
    free(t->ptr[i].name);
    free(t->ptr[i].uuid);
    vec_remove(t, i);
}

void targets_clear(struct targets *t)
{
    while (t->len)
        target_drop(t, t->len - 1);
    vec_clear(t);
}

static const struct value *find_uuid(const struct value *list, const char *uuid)
{
    for (size_t i = 0; i < value_len(list); i++)
        if (strcmp(value_get_str(value_at(list, i), "uuid", ""), uuid) == 0)
            return value_at(list, i);
    return NULL;
}

/* Whether a guest runs: one that ended and is preserved (shutdown, crashed) has ended. */
static bool is_up(const struct value *domain)
{
    const char *state = value_get_str(domain, "state", "");

    return strcmp(state, "running") == 0 || strcmp(state, "paused") == 0 ||
           (strcmp(state, "dying") == 0 && domain_number(domain, "domid"));
}

/* True when the guest that was asked is still there. */
static bool same_guest(const struct target *t, const struct value *domain)
{
    return is_up(domain) && value_get_int(domain, "domid", -1) == t->domid &&
           start_time(domain) == t->started;
}

/* One look at the list; targets that are done are told of and dropped. */
static int check_terminated(struct targets *t, const struct value *list)
{
    for (size_t i = t->len; i-- > 0;) {
        if (same_guest(&t->ptr[i], find_uuid(list, t->ptr[i].uuid)))
            continue;
        printf("Domain %s terminated\n", t->ptr[i].name);
        target_drop(t, i);
    }
    return EXIT_SUCCESS;
}

/* The same for a reboot; a domain that stays away is given up after ABSENT_MS. */
static int check_rebooted(struct targets *t, const struct value *list)
{
    int status = EXIT_SUCCESS;

    for (size_t i = t->len; i-- > 0;) {
        const struct value *domain = find_uuid(list, t->ptr[i].uuid);

        if (same_guest(&t->ptr[i], domain)) {
            t->ptr[i].absent_since = 0;
        } else if (is_up(domain)) {
            printf("Domain %s rebooted\n", t->ptr[i].name);
            target_drop(t, i);
        } else if (!t->ptr[i].absent_since) {
            t->ptr[i].absent_since = now_ms();
        } else if (now_ms() - t->ptr[i].absent_since >= ABSENT_MS) {
            fprintf(stderr, "Error: Domain %s destroyed for failed in rebooting\n", t->ptr[i].name);
            status = EXIT_ERROR;
            target_drop(t, i);
        }
    }
    return status;
}

/* Milliseconds until something is to be done or said, WAIT_S at most. */
static int64_t time_left(const struct targets *t, const struct waiting *w)
{
    int64_t now = now_ms(), at = now + (int64_t)WAIT_S * 1000;

    if (w->end && w->end < at)
        at = w->end;
    if (w->remind && w->remind < at)
        at = w->remind;
    for (size_t i = 0; i < t->len; i++)
        if (t->ptr[i].absent_since && t->ptr[i].absent_since + ABSENT_MS < at)
            at = t->ptr[i].absent_since + ABSENT_MS;
    return at < now ? 0 : at - now;
}

/*
 * Waits until the list changes, at most that long, and reads it into *list; when nothing changed
 * it stays what it was. generation "" reads at once.
 */
static int next_list(struct xm *xm, int64_t ms, struct value **list, struct err *e)
{
    const char *generation = value_get_str(*list, "generation", "");
    AUTO(freep)
    char *path = xasprintf("/v1/domains?since=%s&wait=%d", generation, (int)((ms + 999) / 1000));
    struct value *reply = NULL;

    if (xend_request(xm, "GET", *list ? path : "/v1/domains", NULL, &reply, e) < 0)
        return -1;
    if (reply) {
        value_free(*list);
        *list = reply;
    }
    return 0;
}

/* Once, when it takes long: who has not obeyed, and what ends that. */
static void remind(const struct targets *t, struct waiting *w)
{
    AUTO(buf_clear) struct buf names = BUF_INIT;
    size_t n = 0;

    w->remind = 0;
    for (size_t i = 0; i < t->len; i++) {
        if (t->ptr[i].absent_since)
            continue;
        buf_addf(&names, "%s%s", n ? ", " : "", t->ptr[i].name);
        n++;
    }
    if (n == 1)
        fprintf(stderr, "Domain %s has not obeyed yet; 'xm destroy %s' ends it at once.\n",
                names.ptr, names.ptr);
    else if (n)
        fprintf(stderr, "Domains %s have not obeyed yet; 'xm destroy' ends one at once.\n",
                names.ptr);
}

/* The time is over: an error for each that is left, with what to do. */
static int give_up(const struct targets *t, const struct waiting *w)
{
    for (size_t i = 0; i < t->len; i++) {
        const char *name = t->ptr[i].name;
        const struct value *domain = find_uuid(value_get(w->list, "domains"), t->ptr[i].uuid);
        struct err e;

        if (t->ptr[i].absent_since) {
            err_set(&e, ERR_TIMEOUT, "Domain %s has ended, but is not back after %d s.", name,
                    (int)w->timeout_s);
        } else {
            err_set(&e, ERR_TIMEOUT, "Domain %s has not obeyed within %d s.", name,
                    (int)w->timeout_s);
            if (strcmp(value_get_str(domain, "state", ""), "paused") == 0)
                err_hint(&e, "It is paused: 'xm unpause %s' lets it go on and obey.", name);
            else
                err_hint(&e, "It may still do so ('xm console %s' shows); 'xm destroy %s' ends it.",
                         name, name);
        }
        xm_fail(&e);
    }
    return EXIT_ERROR;
}

/* Reads the next list and tells of what is done by it; -1 when xend is gone for good. */
static int look(struct xm *xm, struct targets *t, struct waiting *w, int64_t *lost_ms, int *status)
{
    const struct value *domains;
    struct err e;

    if (next_list(xm, time_left(t, w), &w->list, &e) < 0) {
        if (!xend_try_again(lost_ms, &e)) {
            *status = xm_fail(&e);
            return -1;
        }
        value_free(w->list); /* its generation means nothing to the next xend */
        w->list = NULL;
        return 0;
    }
    *lost_ms = 0;
    domains = value_get(w->list, "domains");
    if ((w->reboot ? check_rebooted : check_terminated)(t, domains) != EXIT_SUCCESS)
        *status = EXIT_ERROR;
    fflush(stdout);
    return 0;
}

/* Looks again at each change until no target is left or the time is over. */
static int wait_for(struct xm *xm, struct targets *t, struct waiting *w)
{
    int status = EXIT_SUCCESS;
    int64_t lost_ms = 0;

    while (t->len) {
        if (w->end && now_ms() >= w->end)
            return give_up(t, w);
        if (w->remind && now_ms() >= w->remind)
            remind(t, w);
        if (look(xm, t, w, &lost_ms, &status) < 0)
            return status;
    }
    if (status == EXIT_SUCCESS)
        printf("All domains %s\n", w->reboot ? "rebooted" : "terminated");
    return status;
}

int targets_wait(struct xm *xm, struct targets *t, bool reboot, int64_t timeout_s)
{
    struct waiting w = {.reboot = reboot, .timeout_s = timeout_s};
    int status;

    if (timeout_s)
        w.end = now_ms() + timeout_s * 1000;
    else
        w.remind = now_ms() + REMIND_MS;
    status = wait_for(xm, t, &w);
    value_free(w.list);
    return status;
}
