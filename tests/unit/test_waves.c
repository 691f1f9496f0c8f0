/* The order of autostart: groups, chains, circles, delays, what hangs; with a clock of its own. */
#include "tests/unit/cunit.h"
#include "xend/waves.h"

#define ITEMS_MAX 8

/* "name order delay_s after,after" a row; and what became of it. */
struct storm {
    struct wave_item items[ITEMS_MAX];
    char names[ITEMS_MAX][32];
    size_t n;
    struct waves *w;
    struct problems faults;
    char log[256];
};

static bool exists(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "there") == 0;
}

static void row(struct storm *s, const char *name, int64_t order, int64_t delay_ms,
                const char *after)
{
    struct wave_item *item = &s->items[s->n];
    struct value *names = value_list();
    char copy[128], *at = copy, *word;

    snprintf(s->names[s->n], sizeof(s->names[0]), "%s", name);
    snprintf(copy, sizeof(copy), "%s", after);
    while ((word = strsep(&at, ",")))
        if (*word)
            value_add_take(names, value_str(word));
    *item = (struct wave_item){s->names[s->n], order, delay_ms, names};
    s->n++;
}

static void begin(struct storm *s, size_t parallel, int64_t patience_ms, int64_t gap_ms)
{
    struct wave_limits limits = {parallel, patience_ms, gap_ms};

    s->w = waves_new(s->items, s->n, &limits, exists, NULL, &s->faults);
}

static void end(struct storm *s)
{
    waves_free(s->w);
    for (size_t i = 0; i < s->n; i++)
        value_free((struct value *)s->items[i].after);
    problems_clear(&s->faults);
}

/* Each start takes took_ms and succeeds (0: fails at once). "a@0 b@10 " with the times of starts.
 */
static void run(struct storm *s, int64_t took_ms)
{
    int64_t now = 0, ends[ITEMS_MAX];
    size_t i, n = 0;

    for (i = 0; i < ITEMS_MAX; i++)
        ends[i] = -1;
    while (!waves_over(s->w)) {
        int64_t wake;

        while (waves_next(s->w, now, &i)) {
            n += (size_t)snprintf(s->log + n, sizeof(s->log) - n, "%s@%d ", s->items[i].name,
                                  (int)now);
            ends[i] = now + took_ms;
        }
        if (waves_over(s->w))
            break;
        wake = waves_wake_ms(s->w);
        for (i = 0; i < s->n; i++)
            wake = ends[i] >= 0 && (wake < 0 || ends[i] < wake) ? ends[i] : wake;
        CU_ASSERT_FATAL(wake >= now); /* else nothing ever happens */
        now = wake;
        for (i = 0; i < s->n; i++)
            if (ends[i] >= 0 && ends[i] <= now) {
                ends[i] = -1;
                waves_ended(s->w, i, took_ms > 0, now);
            }
    }
}

static void test_none(void)
{
    struct storm s = {0};

    begin(&s, 2, 1000, 0);
    CU_ASSERT_TRUE(waves_over(s.w));
    CU_ASSERT_EQUAL(waves_wake_ms(s.w), -1);
    end(&s);
}

static void test_side_by_side(void)
{
    struct storm s = {0};

    row(&s, "a", 0, 0, "");
    row(&s, "b", 0, 0, "");
    row(&s, "c", 0, 0, "");
    begin(&s, 2, 1000, 0);
    run(&s, 10);
    CU_ASSERT_STRING_EQUAL(s.log, "a@0 b@0 c@10 ");
    CU_ASSERT_EQUAL(waves_number(s.w, 2), 1);
    end(&s);
}

/* Numbers in their order, those without one last. */
static void test_groups(void)
{
    struct storm s = {0};

    row(&s, "last", 0, 0, "");
    row(&s, "second", 20, 0, "");
    row(&s, "first", 10, 5, "");
    row(&s, "too", 10, 0, "");
    begin(&s, 4, 1000, 0);
    run(&s, 10);
    CU_ASSERT_STRING_EQUAL(s.log, "first@0 too@0 second@15 last@25 ");
    CU_ASSERT_EQUAL(waves_number(s.w, 0), 3);
    CU_ASSERT_EQUAL(waves_number(s.w, 1), 2);
    end(&s);
}

/* Only who comes after it waits for a delay. */
static void test_chains(void)
{
    struct storm s = {0};

    row(&s, "web", 0, 0, "app,there");
    row(&s, "app", 0, 0, "db");
    row(&s, "db", 0, 100, "");
    row(&s, "mail", 0, 0, "app");
    row(&s, "free", 0, 0, "");
    begin(&s, 8, 1000, 0);
    CU_ASSERT_EQUAL(s.faults.len, 0);
    CU_ASSERT_EQUAL(waves_number(s.w, 0), 3);
    run(&s, 10);
    CU_ASSERT_STRING_EQUAL(s.log, "db@0 free@0 app@110 web@120 mail@120 ");
    end(&s);
}

/* What fails is over at once, its delay does not count. */
static void test_failing(void)
{
    struct storm s = {0};

    row(&s, "db", 1, 100, "");
    row(&s, "app", 2, 100, "db");
    row(&s, "web", 0, 0, "");
    begin(&s, 1, 1000, 0);
    run(&s, 0);
    CU_ASSERT_STRING_EQUAL(s.log, "db@0 app@0 web@0 ");
    end(&s);
}

/* What hangs keeps its place and its followers waiting for the time of patience only. */
static void test_hanging(void)
{
    struct storm s = {0};

    row(&s, "db", 1, 0, "");
    row(&s, "web", 2, 0, "db");
    begin(&s, 1, 50, 0);
    run(&s, 1000);
    CU_ASSERT_STRING_EQUAL(s.log, "db@0 web@50 ");
    waves_ended(s.w, 0, true, 2000); /* late: nobody cares */
    CU_ASSERT_TRUE(waves_over(s.w));
    end(&s);
}

static void test_gap(void)
{
    struct storm s = {0};

    row(&s, "a", 0, 0, "");
    row(&s, "b", 0, 0, "");
    row(&s, "c", 0, 0, "");
    begin(&s, 4, 1000, 30);
    run(&s, 10);
    CU_ASSERT_STRING_EQUAL(s.log, "a@0 b@40 c@80 ");
    end(&s);
}

static void test_circle(void)
{
    struct storm s = {0};

    row(&s, "a", 0, 0, "c");
    row(&s, "b", 0, 0, "a");
    row(&s, "c", 0, 0, "b");
    row(&s, "d", 0, 0, "c");
    row(&s, "self", 0, 0, "self");
    begin(&s, 8, 1000, 0);
    CU_ASSERT_EQUAL_FATAL(s.faults.len, 2);
    CU_ASSERT_STRING_EQUAL(s.faults.ptr[0].text, "start_after: a circle: a -> c -> b -> a");
    CU_ASSERT_STRING_EQUAL(s.faults.ptr[0].where, "a");
    CU_ASSERT_STRING_EQUAL(s.faults.ptr[1].text, "start_after: a circle: self -> self");
    CU_ASSERT_EQUAL(waves_number(s.w, 3), 4);
    run(&s, 10);
    CU_ASSERT_STRING_EQUAL(s.log, "a@0 self@0 b@10 c@20 d@30 ");
    end(&s);
}

/* A chain that ends in a circle, found late, keeps the longest way. */
static void test_behind_circle(void)
{
    struct storm s = {0};

    row(&s, "x", 0, 0, "y,d3");
    row(&s, "y", 0, 0, "x");
    row(&s, "d1", 0, 0, "");
    row(&s, "d2", 0, 0, "d1");
    row(&s, "d3", 0, 0, "d2");
    begin(&s, 8, 1000, 0);
    CU_ASSERT_EQUAL(s.faults.len, 1);
    CU_ASSERT_EQUAL(waves_number(s.w, 0), 4);
    CU_ASSERT_EQUAL(waves_number(s.w, 1), 5);
    run(&s, 10);
    CU_ASSERT_STRING_EQUAL(s.log, "d1@0 d2@10 d3@20 x@30 y@40 ");
    end(&s);
}

static void test_wrong_names(void)
{
    struct storm s = {0};

    row(&s, "a", 0, 0, "nobody");
    row(&s, "b", 1, 0, "a");
    begin(&s, 8, 1000, 0);
    CU_ASSERT_EQUAL_FATAL(s.faults.len, 2);
    CU_ASSERT_STRING_EQUAL(s.faults.ptr[0].text, "start_after: no domain 'nobody' is autostarted");
    CU_ASSERT_STRING_EQUAL(s.faults.ptr[1].text,
                           "start_after: 'a' has a later start_order: left out");
    run(&s, 10);
    CU_ASSERT_STRING_EQUAL(s.log, "b@0 a@10 ");
    end(&s);
}

TESTS("waves", {"nothing to start", test_none}, {"as many at once as may be", test_side_by_side},
      {"start_order makes groups", test_groups},
      {"start_after makes chains, and start_delay counts there", test_chains},
      {"what fails holds up nobody", test_failing},
      {"what hangs holds up others for a while only", test_hanging},
      {"a gap makes it one at a time", test_gap}, {"a circle is told and opened", test_circle},
      {"a chain into a circle", test_behind_circle},
      {"names that nobody has, or that come later", test_wrong_names})
