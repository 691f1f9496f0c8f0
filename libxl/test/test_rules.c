/* Failures and latency on demand: the words of test.h, and what they do to an operation. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/test/test_driver.h"

static const char *const op_names[TEST_OPS] = {
    [TEST_CREATE] = "create",       [TEST_RESTORE] = "restore",
    [TEST_SAVE] = "save",           [TEST_DESTROY] = "destroy",
    [TEST_PAUSE] = "pause",         [TEST_RESUME] = "resume",
    [TEST_STOP] = "stop",           [TEST_CONSOLE] = "console",
    [TEST_SCAN] = "scan",           [TEST_SAMPLE] = "sample",
    [TEST_NODE_INFO] = "node-info", [TEST_SET_MEMORY] = "set-memory",
    [TEST_SET_VCPUS] = "set-vcpus", [TEST_PIN] = "pin",
    [TEST_KEEP_SPEC] = "keep-spec", [TEST_SYSRQ] = "sysrq",
    [TEST_TRIGGER] = "trigger",     [TEST_DUMP] = "dump",
    [TEST_ATTACH] = "attach",       [TEST_DETACH] = "detach",
    [TEST_SET_MEDIA] = "set-media", [TEST_DEVICES] = "devices",
};

static const struct {
    const char *name;
    enum stop_reason how;
} ends[] = {{"crash", STOP_CRASH}, {"poweroff", STOP_POWEROFF}, {"reboot", STOP_REBOOT}};

/* What a guest can be told not to obey. */
static const struct {
    const char *word;
    enum test_op op;
} ignored[] = {{"ignore-shutdown", TEST_STOP},
               {"ignore-memory", TEST_SET_MEMORY},
               {"ignore-vcpus", TEST_SET_VCPUS},
               {"ignore-detach", TEST_DETACH}};

/* The operations by the names that words use. */
static bool find_op(const char *name, enum test_op *op)
{
    for (int i = 0; i < TEST_OPS; i++) {
        if (strcmp(op_names[i], name) == 0) {
            *op = (enum test_op)i;
            return true;
        }
    }
    return false;
}

/* "500ms", "2s" */
static bool parse_ms(const char *text, int64_t *ms)
{
    char unit[4];
    int end = 0;

    if (!text || sscanf(text, "%" SCNd64 "%3[ms]%n", ms, unit, &end) != 2 || text[end] || *ms < 0)
        return false;
    if (strcmp(unit, "s") == 0)
        *ms *= 1000;
    return strcmp(unit, "s") == 0 || strcmp(unit, "ms") == 0;
}

/* "create", "create:3", "create:no-resource", "create:3:no-resource" */
static bool parse_fail(char *value, struct rule *r)
{
    char *at = value, *part = strsep(&at, ":");
    int64_t n;

    *r = (struct rule){.kind = RULE_FAIL, .code = ERR_BACKEND};
    if (!find_op(part, &r->op))
        return false;
    while ((part = strsep(&at, ":"))) {
        if (parse_int(part, &n) && n > 0)
            r->n = (unsigned)n;
        else
            r->code = err_code_from_name(part);
    }
    return true;
}

/* "crash-on-resume", "reboot-in" with a value */
static bool parse_end(const char *word, const char *value, struct rule *r)
{
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        size_t n = strlen(ends[i].name);

        if (strncmp(word, ends[i].name, n) != 0)
            continue;
        r->how = ends[i].how;
        if (strncmp(word + n, "-on-", 4) == 0) {
            r->kind = RULE_END_ON;
            return !value && find_op(word + n + 4, &r->op);
        }
        r->kind = RULE_END_IN;
        return strcmp(word + n, "-in") == 0 && parse_ms(value, &r->ms);
    }
    return false;
}

/* One word without its prefix, which it takes apart. */
static bool parse_word(char *word, struct rule *r)
{
    char *value = strchr(word, '=');

    *r = (struct rule){0};
    if (value)
        *value++ = '\0';
    if (strcmp(word, "fail") == 0)
        return value && parse_fail(value, r);
    if (strncmp(word, "delay-", 6) == 0) {
        r->kind = RULE_DELAY;
        return find_op(word + 6, &r->op) && parse_ms(value, &r->ms);
    }
    if (strncmp(word, "hang-", 5) == 0) {
        r->kind = RULE_HANG;
        return !value && find_op(word + 5, &r->op);
    }
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
        if (strcmp(word, ignored[i].word) != 0)
            continue;
        *r = (struct rule){.kind = RULE_IGNORE, .op = ignored[i].op};
        return !value;
    }
    if (strcmp(word, "cpu") == 0) {
        r->kind = RULE_CPU;
        return parse_ms(value, &r->ms);
    }
    return parse_end(word, value, r);
}

/* The words that are about the host; only in test-control. */
static bool parse_host_word(struct test_driver *host, const char *word)
{
    int64_t mib;

    if (strcmp(word, "console-log") == 0) {
        host->console_log = true;
        return true;
    }
    if (strncmp(word, "memory=", 7) != 0 || !parse_int(word + 7, &mib) || mib <= 0)
        return false;
    host->memory_kib = (uint64_t)mib * 1024;
    return true;
}

int rules_parse(struct rules *rules, struct test_driver *host, const char *text, const char *prefix,
                struct err *e)
{
    AUTO(freep) char *copy = xstrdup(text ? text : "");
    char *at = copy, *word;

    while ((word = strsep(&at, " "))) {
        AUTO(freep) char *shown = xstrdup(word);
        struct rule r;

        if (!*word || strncmp(word, prefix, strlen(prefix)) != 0)
            continue;
        word += strlen(prefix);
        if (host && parse_host_word(host, word))
            continue;
        if (!parse_word(word, &r)) {
            vec_clear(rules);
            return err_set(e, ERR_INVALID, "test driver: '%s' is not a word that it knows", shown);
        }
        vec_push(rules, r);
    }
    return 0;
}

const struct rule *rule_find(const struct rules *rules, enum rule_kind kind)
{
    for (size_t i = 0; i < rules->len; i++)
        if (rules->ptr[i].kind == kind)
            return &rules->ptr[i];
    return NULL;
}

bool rule_ignores(const struct test_driver *d, const struct test_guest *g, enum test_op op)
{
    const struct rules *both[] = {&g->rules, &d->rules};

    for (size_t k = 0; k < ARRAY_LEN(both); k++)
        for (size_t i = 0; i < both[k]->len; i++)
            if (both[k]->ptr[i].kind == RULE_IGNORE && both[k]->ptr[i].op == op)
                return true;
    return false;
}

/* What the rules say of one call. */
struct demand {
    int64_t delay_ms;
    bool hang;
    enum err_code fail; /* 0: no */
};

/* Adds what these rules say of a call of op, and counts the call. */
static void collect(struct rules *rules, enum test_op op, struct demand *out)
{
    for (size_t i = 0; i < rules->len; i++) {
        struct rule *r = &rules->ptr[i];

        if (r->op != op)
            continue;
        if (r->kind == RULE_DELAY)
            out->delay_ms += r->ms;
        else if (r->kind == RULE_HANG)
            out->hang = true;
        else if (r->kind == RULE_FAIL && (++r->calls == r->n || r->n == 0))
            out->fail = r->code;
    }
}

/* Waits for the time, for ever when ms is -1, or until it is let go or cancelled. */
static void wait_for(struct test_driver *d, int64_t ms, struct job *j)
{
    struct pollfd fds[] = {{d->release_fd, POLLIN, 0}, {j ? j->cancel_fd : -1, POLLIN, 0}};
    int64_t end = now_ms() + ms;

    for (;;) {
        int64_t left = ms < 0 ? -1 : end - now_ms();

        if (ms >= 0 && left <= 0)
            return;
        if (poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int)left) > 0)
            return;
    }
}

/* Decides under the lock, waits without it. A cancelled job ends every wait. */
int rules_enter(struct test_driver *d, struct rules *own, enum test_op op, struct job *j,
                struct err *e)
{
    struct demand demand = {0};

    pthread_mutex_lock(&d->lock);
    if (own)
        collect(own, op, &demand);
    collect(&d->rules, op, &demand);
    pthread_mutex_unlock(&d->lock);

    if (demand.delay_ms)
        wait_for(d, demand.delay_ms, j);
    if (demand.hang)
        wait_for(d, -1, j);
    if (j && job_check(j, e) < 0)
        return -1;
    if (demand.fail)
        return err_set(e, demand.fail, "test driver: %s fails on demand", op_names[op]);
    return 0;
}

void rules_leave(struct test_driver *d, struct test_guest *g, enum test_op op)
{
    const struct rules *both[] = {&g->rules, &d->rules};

    for (size_t k = 0; k < ARRAY_LEN(both); k++)
        for (size_t i = 0; i < both[k]->len; i++)
            if (both[k]->ptr[i].kind == RULE_END_ON && both[k]->ptr[i].op == op)
                guest_end(d, g, both[k]->ptr[i].how);
}

/* The same from C: see test.h. */
/* A new rule hangs anew: what an earlier release let go does not count for it. */
static void add_rule(struct driver *driver, struct rule r)
{
    struct test_driver *d = driver_of(driver);
    uint64_t drained;

    pthread_mutex_lock(&d->lock);
    vec_push(&d->rules, r);
    if (read(d->release_fd, &drained, sizeof(drained)) < 0)
        drained = 0; /* it was not readable: nothing to take back */
    pthread_mutex_unlock(&d->lock);
}

void test_driver_fail(struct driver *d, enum test_op op, unsigned n, enum err_code code)
{
    add_rule(d, (struct rule){.kind = RULE_FAIL, .op = op, .n = n, .code = code});
}

void test_driver_delay(struct driver *d, enum test_op op, unsigned ms)
{
    add_rule(d, (struct rule){.kind = RULE_DELAY, .op = op, .ms = ms});
}

void test_driver_hang(struct driver *d, enum test_op op)
{
    add_rule(d, (struct rule){.kind = RULE_HANG, .op = op});
}

void test_driver_release(struct driver *driver)
{
    struct test_driver *d = driver_of(driver);
    const uint64_t one = 1;

    pthread_mutex_lock(&d->lock);
    vec_clear(&d->rules);
    if (write(d->release_fd, &one, sizeof(one)) < 0)
        abort(); /* an eventfd takes 2^64 - 2 of these */
    pthread_mutex_unlock(&d->lock);
}
