/*
 * The order in which domains are autostarted: start_order, start_after, start_delay, how many at
 * once. Pure: the caller says what time it is, starts what it is told and says how that ended.
 * Called by autostart.c. One thread at a time.
 *
 * start_order makes groups: 1 first, 0 last; one group begins when the one before is over. Inside a
 * group start_after makes chains; the rest goes side by side. What fails, or takes longer than
 * patience_ms, is over and holds up nobody; what runs is over when its delay has passed as well.
 */
#ifndef XEND_WAVES_H
#define XEND_WAVES_H

#include "config/value.h"
#include "libxl/field.h"

struct wave_item {
    const char *name;
    int64_t order; /* 0: after all others */
    int64_t delay_ms;
    const struct value *after; /* names; NULL: none */
};

struct wave_limits {
    size_t parallel;     /* starts under way at the same time; at least 1 */
    int64_t patience_ms; /* then others do not wait for a start any more */
    int64_t gap_ms;      /* from the end of a start to the next: one at a time; 0: none */
};

struct waves;

/*
 * The items are borrowed and their strings must live. What is wrong with start_after goes to *p,
 * each with the item's name as its place: names that nobody has (exists(arg, name) is asked), a
 * start_order that contradicts, circles. What is wrong is left out of the order, nothing else.
 */
struct waves *waves_new(const struct wave_item *items, size_t n, const struct wave_limits *limits,
                        bool (*exists)(void *arg, const char *name), void *arg, struct problems *p);
void waves_free(struct waves *w); /* NULL is fine */

/* The wave of an item, from 1: its place in the longest chain before it. */
size_t waves_number(const struct waves *w, size_t i);

/* True: item *i is to be started now, and counts as under way until waves_ended. */
bool waves_next(struct waves *w, int64_t now_ms, size_t *i);
/* runs: it was started and runs; false: it failed, or there was nothing to do. */
void waves_ended(struct waves *w, size_t i, bool runs, int64_t now_ms);
/* When waves_next may know more although no start ends; -1: never. */
int64_t waves_wake_ms(const struct waves *w);
/* Nothing is left to start, and nobody waits for what is under way. */
bool waves_over(const struct waves *w);

#endif
