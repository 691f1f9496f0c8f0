/*
 * xm wait: until a domain is in a state. Follows its events by long polls, so that a state of a
 * moment is not missed; looks again after a restart of xend.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/domains.h"
#include "xm/xm.h"

#define TIMEOUT_MAX_S (366 * 86400)
#define TIMED_OUT 124 /* the exit status: that of timeout(1) */

const struct option wait_options[] = {
    {0, "for", "STATE",
     "What to wait for: running, paused, shutdown, crashed, dying, halted, suspended or gone; or "
     "several of them with commas between."},
    {'t', "timeout", "SECONDS", "Wait at most so long; the exit status is 124 then."},
    {0},
};

static const char *const states[] = {"running", "paused", "shutdown",  "crashed",
                                     "dying",   "halted", "suspended", "gone"};

struct waiting {
    const char *wanted; /* states with commas between */
    char *uuid;         /* NULL: not found yet */
    int64_t last;       /* the newest event that is known; -1: look at the domain */
    int64_t end;        /* ms; 0: never */
    char state[16];     /* the newest that is known */
};

static bool in_list(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (; *list; list += strcspn(list, ","), list += *list == ',')
        if (strncmp(list, word, len) == 0 && (!list[len] || list[len] == ','))
            return true;
    return false;
}

/* The first that is no state, or NULL. The caller frees. */
static char *wrong_state(const char *list)
{
    for (; *list; list += strcspn(list, ","), list += *list == ',') {
        AUTO(freep) char *word = xstrndup(list, strcspn(list, ","));
        bool known = false;

        for (size_t i = 0; i < ARRAY_LEN(states); i++)
            known |= strcmp(states[i], word) == 0;
        if (!known)
            return steal(word);
    }
    return NULL;
}

static bool is_wanted(struct waiting *w, const char *state)
{
    snprintf(w->state, sizeof(w->state), "%s", state);
    return in_list(w->wanted, state);
}

/* One that is not kept when it ends is gone then: who waits for its halt has it. */
static bool gone_is_wanted(const struct waiting *w)
{
    return in_list(w->wanted, "gone") || (w->uuid && in_list(w->wanted, "halted"));
}

/* What it is now; paused does not count while a job has it so. 1: as wanted; 0: not yet. */
static int look(struct xm *xm, struct waiting *w, const char *name, struct err *e)
{
    AUTO(value_freep) struct value *newest = xend_get(xm, "/v1/events?limit=1", e), *v = NULL;
    const char *state;

    if (!newest)
        return -1;
    v = domain_get(xm, w->uuid ? w->uuid : name, e);
    if (!v && e->code == ERR_NO_DOMAIN && gone_is_wanted(w))
        return 1;
    if (!v && e->code == ERR_NO_DOMAIN && w->uuid)
        return err_set(e, ERR_NO_DOMAIN, "Domain '%s' does not exist any more.", name);
    if (!v)
        return -1;
    w->last = value_get_int(newest, "last", 0);
    if (!w->uuid)
        w->uuid = xstrdup(value_get_str(v, "uuid", ""));
    state = value_get_str(v, "state", "");
    return is_wanted(w, state) && (strcmp(state, "paused") != 0 || !domain_number(v, "job"));
}

/* One event: 1 when it is what is waited for, 0 when not, or when the domain itself must tell. */
static int check_event(struct waiting *w, const struct value *v, struct err *e)
{
    const char *type = value_get_str(v, "type", ""), *state = value_get_str(v, "state", "");

    if (strcmp(type, "removed") == 0) {
        if (gone_is_wanted(w))
            return 1;
        return err_set(e, ERR_NO_DOMAIN, "Domain '%s' does not exist any more.",
                       value_get_str(v, "domain", "?"));
    }
    if (strcmp(type, "ended") == 0) /* its state is the guest's */
        return 0;
    if (strcmp(type, "started") == 0 || strcmp(type, "job") == 0) {
        w->last = -1;
        return 0;
    }
    return is_wanted(w, state);
}

/* What comes next, if anything does in time. */
static int follow(struct xm *xm, struct waiting *w, struct err *e)
{
    int64_t left = w->end ? (w->end - now_ms() + 999) / 1000 : WAIT_S;
    int64_t since = w->last;
    AUTO(freep) char *path = NULL;
    AUTO(value_freep) struct value *reply = NULL;
    const struct value *events;
    int r = 0;

    left = left < 0 ? 0 : left > WAIT_S ? WAIT_S : left;
    path = xasprintf("/v1/events?since=%" PRId64 "&domain=%s&wait=%d", since, w->uuid, (int)left);
    reply = xend_get(xm, path, e);
    if (!reply) {
        w->last = -1;
        return e->code == ERR_NOT_FOUND ? 0 : -1; /* events were lost: look */
    }
    w->last = value_get_int(reply, "last", since);
    events = value_get(reply, "events");
    for (size_t i = 0; r == 0 && i < value_len(events); i++)
        r = check_event(w, value_at(events, i), e);
    return r;
}

static int wait_for(struct xm *xm, struct waiting *w, const char *name, struct err *e)
{
    int64_t lost_ms = 0;
    int r;

    for (;;) {
        r = w->last < 0 ? look(xm, w, name, e) : follow(xm, w, e);
        if (r >= 0)
            lost_ms = 0;
        else if (xend_try_again(&lost_ms, e))
            w->last = -1, r = 0;
        if (r != 0)
            return r;
        if (w->last >= 0 && w->end && now_ms() >= w->end)
            return 0;
    }
}

static int end_of_time(const struct waiting *w, const char *name, const char *timeout)
{
    struct err e;

    err_set(&e, ERR_TIMEOUT, "Domain '%s' is %s, not %s, after %s s.", name, w->state, w->wanted,
            timeout);
    xm_fail(&e);
    return TIMED_OUT;
}

int cmd_wait(struct xm *xm, const struct args *a)
{
    const char *timeout = args_get(a, "timeout"), *name = args_word(a, 0);
    struct waiting w = {.wanted = args_get(a, "for"), .last = -1};
    AUTO(freep) char *wrong = w.wanted && *w.wanted ? wrong_state(w.wanted) : xstrdup("");
    int64_t timeout_s = 0;
    struct err e;
    int r;

    if (wrong && !*wrong)
        return xm_usage_error(xm->command, "--for STATE is needed");
    if (wrong)
        return xm_usage_error(xm->command, "--for: '%s' is no state", wrong);
    if (timeout && (!parse_int(timeout, &timeout_s) || timeout_s < 0 || timeout_s > TIMEOUT_MAX_S))
        return xm_usage_error(xm->command, "Invalid argument.");
    w.end = timeout ? now_ms() + timeout_s * 1000 : 0;
    r = wait_for(xm, &w, name, &e);
    free(w.uuid);
    if (r < 0)
        return xm_fail(&e);
    return r ? EXIT_SUCCESS : end_of_time(&w, name, timeout);
}
