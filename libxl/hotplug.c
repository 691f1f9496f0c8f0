/* Running hook scripts: see hotplug.h. */
#include "libxl/hotplug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/proc.h"
#include "libxl/base/utf8.h"
#include "libxl/base/vec.h"
#include "libxl/hooks/hooks.h"

#define WORDS_IN_ERROR_MAX 600 /* a message has 1,023 bytes, and there is more to say in it */

struct words VEC(char *);

char *hotplug_path(const char *scripts_dir, const char *script)
{
    return script[0] == '/' ? xstrdup(script) : path_join(scripts_dir, script);
}

static void words_clear(struct words *v)
{
    for (size_t i = 0; i < v->len; i++)
        free(v->ptr[i]);
    vec_clear(v);
}

/* "K=V" of each. */
static void make_env(const struct value *map, struct words *env)
{
    vec_push(env, xstrdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    vec_push(env, xstrdup("LC_ALL=C"));
    for (size_t i = 0; map && i < value_len(map); i++) {
        const struct value *v = value_at(map, i);

        if (value_type(v) == VALUE_STRING)
            vec_push(env, xasprintf("%s=%s", value_key(map, i), value_as_str(v)));
        else if (value_type(v) == VALUE_INT)
            vec_push(env, xasprintf("%s=%lld", value_key(map, i), (long long)value_as_int(v)));
    }
    vec_push(env, NULL);
}

/* Each byte that no terminal should see becomes a blank, ends of lines remain. */
static void add_printable(struct buf *b, const char *said, size_t n)
{
    size_t from = b->len;

    utf8_add_repaired(b, said, n);
    for (size_t i = from; i < b->len; i++)
        if ((unsigned char)b->ptr[i] < ' ' && b->ptr[i] != '\n')
            b->ptr[i] = ' ';
        else if (b->ptr[i] == 0x7f)
            b->ptr[i] = ' ';
}

void hotplug_words(struct buf *to, const char *said, size_t n, size_t max_bytes)
{
    AUTO(buf_clear) struct buf all = BUF_INIT;
    AUTO(buf_clear) struct buf joined = BUF_INIT;
    const char *at, *skip;

    add_printable(&all, said, n);
    for (at = buf_str(&all); *at;) {
        size_t len = strcspn(at, "\n"), lead = strspn(at, " ");

        while (len > lead && at[len - 1] == ' ')
            len--;
        if (len > lead)
            buf_addf(&joined, "%s%.*s", joined.len ? "; " : "", (int)(len - lead), at + lead);
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    skip = buf_str(&joined);
    if (joined.len > max_bytes) {
        skip += joined.len - max_bytes;
        while ((*skip & 0xc0) == 0x80) /* not in the middle of a character */
            skip++;
        buf_adds(to, "...");
    }
    buf_adds(to, skip);
}

/* Its name without the directory, and what it was asked to do: "vif-bridge add". */
static char *title(const struct hotplug *h)
{
    const char *slash = strrchr(h->path, '/'), *what = h->args[0];

    return xasprintf("script %s%s%s", slash ? slash + 1 : h->path, what ? " " : "",
                     what ? what : "");
}

static int fail(const struct hotplug *h, int status, const struct buf *said, struct err *e)
{
    AUTO(freep) char *how = proc_status_text(status);
    AUTO(freep) char *what = title(h);
    AUTO(buf_clear) struct buf words = BUF_INIT;

    hotplug_words(&words, buf_str(said), said->len, WORDS_IN_ERROR_MAX);
    if (words.len && WIFEXITED(status))
        return err_set(e, ERR_BACKEND, "%s: %s", what, buf_str(&words));
    return err_set(e, ERR_BACKEND, "%s: it %s%s%s", what, how, words.len ? ": " : "",
                   buf_str(&words));
}

/* A test says when it does not want to wait as long as people do. */
static int limit_ms(const struct hotplug *h)
{
    const char *test = getenv("HOTPLUG_TEST_TIMEOUT_MS");

    return test ? atoi(test) : h->timeout_ms ? h->timeout_ms : HOTPLUG_TIMEOUT_MS;
}

/* It was not started, or did not end. */
static int fail_to_run(const struct hotplug *h, const struct buf *said, struct err *e)
{
    AUTO(buf_clear) struct buf words = BUF_INIT;
    AUTO(freep) char *what = title(h);

    if (e->code == ERR_TIMEOUT) {
        hotplug_words(&words, buf_str(said), said->len, WORDS_IN_ERROR_MAX);
        return err_set(e, ERR_TIMEOUT, "%s: it had not ended after %d s and was killed%s%s", what,
                       limit_ms(h) / 1000, words.len ? ": " : "", buf_str(&words));
    }
    if (e->code == ERR_NOT_FOUND)
        err_hint(e, "Does the script exist, and the interpreter that its first line names?");
    else if (e->code == ERR_DENIED)
        err_hint(e, "Make the script executable: chmod +x %.200s", h->path);
    return err_add(e, "%s", what);
}

static int execute(const struct hotplug *h, struct buf *out, struct err *e)
{
    AUTO(words_clear) struct words env = {0};
    AUTO(buf_clear) struct buf own = BUF_INIT;
    struct buf *said = out ? out : &own;
    struct words argv = {0};
    int status = 0, r;

    vec_push(&argv, (char *)h->path);
    for (size_t i = 0; h->args[i]; i++)
        vec_push(&argv, (char *)h->args[i]);
    vec_push(&argv, NULL);
    make_env(h->env, &env);
    const struct proc_spec spec = {.argv = (const char *const *)argv.ptr,
                                   .env = (const char *const *)env.ptr};
    r = proc_capture(&spec, limit_ms(h), said, &status, e);
    vec_clear(&argv);
    if (r < 0)
        return fail_to_run(h, said, e);
    return status ? fail(h, status, said, e) : 0;
}

/* It needs the xenstore that it was made for; one for a Xen backend may have none (HOTPLUG_STORE).
 */
static bool has_store(const struct hotplug *h)
{
    return h->store || strcmp(value_get_str(h->env, "HOTPLUG_STORE", ""), "env") == 0;
}

/* HOOK_SCRIPT: nothing is done, why says why not. */
static int run_in_process(const struct hotplug *h, char *why, size_t size, struct err *e)
{
    struct hook c = {.h = h, .action = h->args[0] ? h->args[0] : ""};
    const char *not_stock = NULL;
    hook_fn *fn = stock_find(h->path, &not_stock);
    bool start = strcmp(c.action, "online") == 0 || strcmp(c.action, "add") == 0;
    bool stop = strcmp(c.action, "offline") == 0 || strcmp(c.action, "remove") == 0;
    int r;

    c.start = start;
    if (!fn || !has_store(h) || start == stop) {
        snprintf(why, size, "%s", !fn ? not_stock : "it is called as xend does not");
        return HOOK_SCRIPT;
    }
    r = fn(&c, e);
    snprintf(why, size, "%s", c.why);
    return r;
}

int hotplug_run(const struct hotplug *h, struct buf *out, struct err *e)
{
    const char *device = value_get_str(h->env, "XENBUS_PATH", NULL);
    AUTO(freep) char *what = title(h);
    char why[160];
    int r = device ? run_in_process(h, why, sizeof(why), e) : HOOK_SCRIPT;

    if (r == HOOK_SCRIPT) {
        if (device)
            log_info("%s (%s): executed: %s", what, device, why);
        return execute(h, out, e);
    }
    log_info("%s (%s): done in process%s", what, device, r < 0 ? ", it failed" : "");
    return r < 0 ? err_add(e, "%s", what) : 0;
}
