/*
 * The table of states and operations (xend/lifecycle.c) against itself and against what people
 * read: API.md and xm(1) have its lines, each of them. A fault prints the line that is to be there.
 * What xend does in each state is tests/system/xend-lifecycle.sh.
 */
#include <stdio.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "tests/unit/cunit.h"
#include "xend/lifecycle.h"
#include "xend/ops.h"
#include "xend/route.h"

static void add_states(struct buf *b, unsigned states)
{
    const char *comma = "";

    for (unsigned n = 0; n < LIFE_STATES; n++) {
        if (!(states & 1u << n))
            continue;
        buf_addf(b, "%s%s", comma, life_state_name(n));
        comma = ", ";
    }
}

/* A row of the table in API.md. */
static void page_line(const struct life *l, struct buf *b)
{
    buf_addf(b, "| `%s`%s | ", l->op, l->managed ? " (managed)" : "");
    add_states(b, l->from);
    buf_adds(b, " | ");
    if (l->to)
        add_states(b, l->to);
    else
        buf_adds(b, "as before");
    buf_adds(b, " |\n");
}

/* A row of the diagram in xm(1): states in the order of the enumeration. */
static void manual_line(const struct life *l, struct buf *b)
{
    size_t begin = b->len;

    buf_addf(b, "%-14s", l->op);
    for (unsigned n = 0; n < LIFE_STATES; n++)
        buf_addf(b, " %c%c", l->from & 1u << n ? 'x' : '.', l->to & 1u << n ? '>' : ' ');
    while (b->len > begin && b->ptr[b->len - 1] == ' ')
        b->len--;
    b->ptr[b->len] = '\0';
    buf_addc(b, '\n');
}

typedef void line_fn(const struct life *l, struct buf *b);

static void check_file(const char *path, line_fn *line)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e;

    CU_ASSERT_FATAL(read_file(path, 1024 * 1024, &text, &e) == 0);
    for (size_t i = 0; i < lives_count; i++) {
        AUTO(buf_clear) struct buf b = BUF_INIT;
        bool there;

        line(&lives[i], &b);
        there = strstr(buf_str(&text), buf_str(&b)) != NULL;
        if (!there)
            printf("%s lacks: %s", path, buf_str(&b));
        CU_ASSERT(there);
    }
}

static void test_pages(void)
{
    check_file("xend/API.md", page_line);
    check_file("xm/xm.1", manual_line);
}

/* Each operation is there once, and no state is one that nothing leads out of. */
static void test_table(void)
{
    unsigned left = 0, reached = 0;

    for (size_t i = 0; i < lives_count; i++) {
        CU_ASSERT(life_find(lives[i].op) == &lives[i]);
        CU_ASSERT(lives[i].from != 0);
        left |= lives[i].to & ~lives[i].from ? lives[i].from : 0;
        reached |= lives[i].to;
    }
    CU_ASSERT_EQUAL(left & LIFE(DYING), LIFE(DYING));
    CU_ASSERT_EQUAL(left, (1u << LIFE_STATES) - 1);
    CU_ASSERT_EQUAL(reached, (1u << LIFE_STATES) - 1);
}

/* Each action of the API that makes a job of a domain has a row. */
static void test_routes(void)
{
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *r = &routes[i];
        bool job = r->reply && strcmp(r->reply, "Job") == 0 && strstr(r->path, ":domain/") &&
                   !strstr(r->path, "/clone");

        CU_ASSERT(!job || life_of_route(r->method, r->path));
    }
}

/* A domain of that state, and what is said of a job on it. */
static const char *refusal(const struct task_kind *kind, enum domain_state state, bool managed,
                           struct err *e)
{
    struct spec *s = spec_new();
    struct domain d = {.spec = s, .state = state, .managed = managed, .reason = STOP_POWEROFF};
    int r;

    s->name = xstrdup("web1");
    r = life_check(kind, &d, e);
    spec_free(s);
    return r == 0 ? "" : e->msg;
}

static void test_texts(void)
{
    struct err e;

    CU_ASSERT_STRING_EQUAL(refusal(&op_pause, DOMAIN_RUNNING, false, &e), "");
    CU_ASSERT_STRING_EQUAL(refusal(&op_pause, DOMAIN_HALTED, true, &e),
                           "Domain 'web1' is not running");
    CU_ASSERT_STRING_EQUAL(refusal(&op_pause, DOMAIN_CRASHED, false, &e),
                           "Domain 'web1' is crashed");
    CU_ASSERT_STRING_EQUAL(refusal(&op_rename, DOMAIN_HALTED, false, &e),
                           "Domain 'web1' is not running");
    CU_ASSERT_STRING_EQUAL(refusal(&op_delete, DOMAIN_RUNNING, true, &e), "Domain is not halted.");
    CU_ASSERT_STRING_EQUAL(refusal(&op_delete, DOMAIN_RUNNING, false, &e),
                           "Domain is not managed by Xend lifecycle support.");
    CU_ASSERT_STRING_EQUAL(refusal(&op_start, DOMAIN_SUSPENDED, true, &e),
                           "web1: Domain is suspended");
    CU_ASSERT_STRING_EQUAL(e.hint, "xm resume goes on where it was; xm delete forgets it");
    CU_ASSERT_STRING_EQUAL(refusal(&op_destroy, DOMAIN_DYING, false, &e), "");
}

TESTS("lifecycle", {"the table itself", test_table}, {"each action has its row", test_routes},
      {"what is said", test_texts}, {"API.md and xm(1) have its lines", test_pages})
