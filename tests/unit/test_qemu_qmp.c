/*
 * One QMP connection against a peer that follows a script: what a hanging, lying or dying QEMU
 * can do to a caller, and what it must not do. The peer is a thread on a socketpair; another
 * thread pumps, as the driver's monitor does.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/dm/qmp.h"
#include "tests/unit/cunit.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

struct rig {
    int peer; /* the script's end */
    struct qmp *q;
    int stop[2];
    pthread_t pumper, actor;
    const char *const *script;
    /* of the pumping thread, read after it has ended */
    int events;
    char last_event[64];
    int64_t last_number;
};

static void on_event(void *arg, const char *event, const struct value *data)
{
    struct rig *r = arg;

    r->events++;
    snprintf(r->last_event, sizeof(r->last_event), "%s", event);
    r->last_number = value_get_int(data, "n", -1);
}

static void *pump_main(void *arg)
{
    struct rig *r = arg;

    for (;;) {
        struct pollfd p[] = {{.fd = qmp_fd(r->q), .events = POLLIN},
                             {.fd = r->stop[0], .events = POLLIN}};

        poll(p, 2, -1);
        if (p[1].revents)
            return NULL;
        if (p[0].revents && !qmp_pump(r->q))
            return NULL;
    }
}

/* Reads one line; false at end of file. */
static bool read_line(int fd, char *out, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && read(fd, out + n, 1) == 1)
        if (out[n++] == '\n')
            break;
    out[n] = '\0';
    return n > 0;
}

/* All of it; a peer that was hung up on does not mind. */
static void say(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left) {
        ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        text += n;
        left -= (size_t)n;
    }
}

/* "id": N of a command, as text. */
static void copy_id(const char *line, char *out, size_t size)
{
    const char *at = strstr(line, "\"id\":");

    snprintf(out, size, "%.*s", at ? (int)strspn(at + 5, " 0123456789") : 0, at ? at + 5 : "");
}

/*
 * The script: "<" reads a command; "@TEXT" says TEXT with $ replaced by the last command's id;
 * "^TEXT" the same with the id before it; "!" says a line longer than any may be; "~" sends half
 * a line and hangs up; "#" reads nothing more; anything else is said as it is. At its end the peer
 * waits for the hang-up.
 */
static void *act(void *arg)
{
    struct rig *r = arg;
    char line[4096], id[2][24] = {"", ""};

    for (const char *const *s = r->script; *s; s++) {
        const char *dollar = strchr(*s, '$');

        if ((*s)[0] == '#')
            return NULL; /* the socket stays open */
        if ((*s)[0] == '<') {
            memcpy(id[0], id[1], sizeof(id[0]));
            if (!read_line(r->peer, line, sizeof(line)))
                break;
            copy_id(line, id[1], sizeof(id[1]));
        } else if ((*s)[0] == '@' || (*s)[0] == '^') {
            snprintf(line, sizeof(line), "%.*s%s%s\n", (int)(dollar - *s - 1), *s + 1,
                     id[(*s)[0] == '@'], dollar + 1);
            say(r->peer, line);
        } else if ((*s)[0] == '!') {
            AUTO(buf_clear) struct buf b = BUF_INIT;

            buf_fill(&b, 'x', QMP_LINE_MAX + 100000);
            say(r->peer, b.ptr);
        } else if ((*s)[0] == '~') {
            say(r->peer, "{\"return\": {");
            shutdown(r->peer, SHUT_RDWR);
        } else {
            say(r->peer, *s);
        }
    }
    while (read_line(r->peer, line, sizeof(line)))
        ;
    return NULL;
}

static void rig_init(struct rig *r, const char *const *script)
{
    int pair[2];

    memset(r, 0, sizeof(*r));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || pipe(r->stop) < 0)
        abort();
    r->peer = pair[1];
    r->script = script;
    r->q = qmp_new_take(pair[0], on_event, r);
    pthread_create(&r->pumper, NULL, pump_main, r);
    pthread_create(&r->actor, NULL, act, r);
}

static void rig_clear(struct rig *r)
{
    close(r->stop[1]);
    pthread_join(r->pumper, NULL);
    qmp_free(r->q);
    pthread_join(r->actor, NULL);
    close(r->peer);
    close(r->stop[0]);
}

static int greet(struct rig *r, struct err *e)
{
    if (qmp_await_greeting(r->q, now_ms() + 10000, e) < 0)
        return -1;
    return qmp_negotiate(r->q, 10000, e);
}

#define START(r, ...)                                                                              \
    static const char *const script_[] = {__VA_ARGS__, NULL};                                      \
    struct err e = {0};                                                                            \
    struct rig r;                                                                                  \
    rig_init(&r, script_)

#define HELLO GREETING, "<", "@{\"return\": {}, \"id\": $}"

static void test_reply(void)
{
    struct value *result = NULL;
    START(r, HELLO, "<", "@{\"return\": {\"status\": \"running\"}, \"id\": $}", "<",
          "@{\"error\": {\"class\": \"GenericError\", \"desc\": \"No way\"}, \"id\": $}");

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "query-status", NULL, 10000, &result, &e), 0);
    CU_ASSERT_STRING_EQUAL(value_get_str(result, "status", ""), "running");
    value_free(result);
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "cont", value_map(), 10000, NULL, &e), -1);
    ASSERT_ERR(e, ERR_BACKEND, "cont: No way");
    CU_ASSERT_PTR_NULL(qmp_broken(r.q));
    rig_clear(&r);
}

static void test_events_between(void)
{
    START(r, "{\"event\": \"EARLY\"}\n", HELLO, "<",
          "{\"event\": \"A\", \"data\": {\"n\": 1}}\r\n{\"event\": \"B\"}\n{\"event\": \"C\", "
          "\"da",
          "ta\": {\"n\": 3}}\n", "@{\"id\": $, \"return\": {}}");

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "stop", NULL, 10000, NULL, &e), 0);
    rig_clear(&r);
    CU_ASSERT_EQUAL(r.events, 4);
    CU_ASSERT_STRING_EQUAL(r.last_event, "C");
    CU_ASSERT_EQUAL(r.last_number, 3);
}

static void test_hang(void)
{
    int64_t start = now_ms();
    START(r, HELLO);

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "stop", NULL, 200, NULL, &e), -1);
    ASSERT_ERR(e, ERR_TIMEOUT, "does not answer stop");
    CU_ASSERT(now_ms() - start >= 200);
    rig_clear(&r);
}

static void test_late_reply(void)
{
    struct value *result = NULL;
    /* the answer to the first comes after the second was sent, and before the second's own */
    START(r, HELLO, "<", "<", "^{\"return\": {\"n\": 1}, \"id\": $}",
          "@{\"return\": {\"n\": 2}, \"id\": $}");

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "one", NULL, 100, NULL, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_TIMEOUT);
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "two", NULL, 10000, &result, &e), 0);
    CU_ASSERT_EQUAL(value_get_int(result, "n", 0), 2);
    value_free(result);
    rig_clear(&r);
}

static void test_no_greeting(void)
{
    START(r, "<");

    CU_ASSERT_EQUAL(qmp_await_greeting(r.q, now_ms() + 100, &e), -1);
    ASSERT_ERR(e, ERR_TIMEOUT, "does not greet");
    rig_clear(&r);
}

/* All later calls fail at once, too. */
static void expect_dead(struct rig *r, const char *why, bool broken)
{
    struct err e = {0};
    int64_t start = now_ms();

    CU_ASSERT_EQUAL(qmp_call_take(r->q, "stop", NULL, 60000, NULL, &e), -1);
    ASSERT_ERR(e, ERR_UNAVAILABLE, why);
    CU_ASSERT_EQUAL(qmp_call_take(r->q, "stop", NULL, 60000, NULL, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_UNAVAILABLE);
    CU_ASSERT(now_ms() - start < 30000);
    CU_ASSERT_EQUAL(qmp_broken(r->q) != NULL, broken);
}

static void test_garbage(void)
{
    START(r, HELLO, "<", "\x01\xff no JSON at all\n");

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    expect_dead(&r, "QEMU's message", true);
    rig_clear(&r);
}

static void test_wrong_shape(void)
{
    START(r, HELLO, "<", "[1, 2]\n");

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    expect_dead(&r, "no object", true);
    rig_clear(&r);
}

static void test_nonsense_object(void)
{
    START(r, HELLO, "<", "{\"hello\": 1}\n");

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    expect_dead(&r, "neither greeting, event nor reply", true);
    rig_clear(&r);
}

static void test_long_line(void)
{
    START(r, HELLO, "<", "!");

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    expect_dead(&r, "longer than 1 MiB", true);
    rig_clear(&r);
}

static void test_end_in_the_middle(void)
{
    START(r, HELLO, "<", "~");

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    expect_dead(&r, "closed its monitor", false);
    rig_clear(&r);
}

static void test_long_line_allowed(void)
{
    AUTO(buf_clear) struct buf event = BUF_INIT;
    struct value *result = NULL;
    const char *script[] = {GREETING, "<", "@{\"return\": {}, \"id\": $}",
                            NULL,     "<", "@{\"return\": {\"n\": 7}, \"id\": $}",
                            NULL};
    struct err e = {0};
    struct rig r;

    buf_adds(&event, "{\"event\": \"BIG\", \"data\": {\"n\": 5, \"text\": \"");
    buf_fill(&event, 'x', QMP_LINE_MAX - 200);
    buf_adds(&event, "\"}}\n");
    script[3] = event.ptr;
    rig_init(&r, script);
    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "x", NULL, 30000, &result, &e), 0);
    CU_ASSERT_EQUAL(value_get_int(result, "n", 0), 7);
    value_free(result);
    rig_clear(&r);
    CU_ASSERT_EQUAL(r.last_number, 5);
}

/* Two callers at once, answered in the other order. */
struct caller {
    struct rig *r;
    const char *command;
    int64_t n;
};

static void *call_main(void *arg)
{
    struct caller *c = arg;
    struct value *result = NULL;
    struct err e;

    if (qmp_call_take(c->r->q, c->command, NULL, 30000, &result, &e) == 0)
        c->n = value_get_int(result, "n", -1);
    value_free(result);
    return NULL;
}

static void test_two_callers(void)
{
    START(r, HELLO, "<", "<", "@{\"return\": {\"n\": 2}, \"id\": $}",
          "^{\"return\": {\"n\": 1}, \"id\": $}");
    struct caller a = {&r, "a", 0}, b = {&r, "b", 0};
    pthread_t ta, tb;

    CU_ASSERT_EQUAL(greet(&r, &e), 0);
    pthread_create(&ta, NULL, call_main, &a);
    pthread_create(&tb, NULL, call_main, &b);
    pthread_join(ta, NULL);
    pthread_join(tb, NULL);
    CU_ASSERT((a.n == 1 && b.n == 2) || (a.n == 2 && b.n == 1));
    rig_clear(&r);
}

/* A peer that never reads: the call ends at its deadline, and nothing can follow. */
static void test_peer_does_not_read(void)
{
    START(r, GREETING, "#");
    AUTO(buf_clear) struct buf big = BUF_INIT;
    struct value *args = value_map();

    CU_ASSERT_EQUAL(qmp_await_greeting(r.q, now_ms() + 10000, &e), 0);
    buf_fill(&big, 'x', 4 << 20);
    value_set_str(args, "text", big.ptr);
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "x", args, 300, NULL, &e), -1);
    ASSERT_ERR(e, ERR_TIMEOUT, "does not read");
    CU_ASSERT_EQUAL(qmp_call_take(r.q, "y", NULL, 300, NULL, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_UNAVAILABLE);
    rig_clear(&r);
}

TESTS("qmp", {"replies and refusals", test_reply}, {"events between replies", test_events_between},
      {"a hang ends at the deadline", test_hang}, {"a late reply is dropped", test_late_reply},
      {"no greeting", test_no_greeting}, {"garbage", test_garbage}, {"a list", test_wrong_shape},
      {"an object of no kind", test_nonsense_object}, {"a line over the limit", test_long_line},
      {"a line just under it", test_long_line_allowed},
      {"end of file in the middle", test_end_in_the_middle},
      {"two callers, crossed replies", test_two_callers},
      {"a peer that does not read", test_peer_does_not_read})
