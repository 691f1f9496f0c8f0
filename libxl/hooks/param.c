/* What the hooks share: parameters, answers and failures; see hooks.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/mem.h"
#include "libxl/hooks/hooks.h"

static char *text_of(const struct value *v)
{
    if (v && value_type(v) == VALUE_INT)
        return xasprintf("%lld", (long long)value_as_int(v));
    return xstrdup(v && value_type(v) == VALUE_STRING ? value_as_str(v) : "");
}

static char *node(const struct hook *c, const char *name)
{
    return xasprintf("%s/%s", value_get_str(c->h->env, "XENBUS_PATH", ""), name);
}

/* The last argument with this name, or NULL. */
static const char *argument(const struct hook *c, const char *name)
{
    const char *last = NULL;
    size_t n = strlen(name);

    for (size_t i = 0; c->h->args[i]; i++)
        if (strncmp(c->h->args[i], name, n) == 0 && c->h->args[i][n] == '=')
            last = c->h->args[i] + n + 1;
    return last;
}

const char *hook_arg(const struct hook *c, const char *name)
{
    const char *found = argument(c, name);

    return found ? found : value_get_str(c->h->env, name, "");
}

/* What others write there, too: the kernel's backend, and hooks. */
static bool is_live(const char *name)
{
    static const char *const live[] = {"state", "physical-device", "node", "hotplug-status"};

    for (size_t i = 0; i < ARRAY_LEN(live); i++)
        if (strcmp(live[i], name) == 0)
            return true;
    return false;
}

/* NULL: there is no such node. */
static char *read_node(const struct hook *c, const char *name)
{
    AUTO(freep) char *path = NULL;
    const char *given;

    if (c->h->given && !is_live(name)) {
        given = value_get_str(c->h->given, name, NULL);
        return given ? xstrdup(given) : NULL;
    }
    path = node(c, name);
    return c->h->store ? c->h->store->read(c->h->store, path) : NULL;
}

char *hook_param(const struct hook *c, const char *name)
{
    char *found = read_node(c, name);
    const char *arg = found ? NULL : argument(c, name);

    if (found)
        return found;
    return arg ? xstrdup(arg) : text_of(value_get(c->h->env, name));
}

int hook_check_args(struct hook *c, const char *const *names)
{
    for (size_t i = 0; c->h->args[i]; i++) {
        const char *arg = c->h->args[i], *eq = strchr(arg, '=');
        size_t k = 0;

        while (eq && names[k] &&
               (strncmp(arg, names[k], (size_t)(eq - arg)) != 0 || names[k][eq - arg]))
            k++;
        if (eq ? !names[k] : i > 0)
            return hook_leave(c, "it has the argument %s", arg);
    }
    return HOOK_DONE;
}

int hook_leave(struct hook *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c->why, sizeof(c->why), fmt, ap);
    va_end(ap);
    return HOOK_SCRIPT;
}

int hook_answer(const struct hook *c, const char *name, const char *text, struct err *e)
{
    AUTO(freep) char *path = node(c, name);

    return c->h->store ? c->h->store->write(c->h->store, path, text, e) : 0;
}

int hook_fatal(const struct hook *c, const char *status, const struct err *e)
{
    struct err none;

    if (hook_answer(c, "hotplug-error", e->msg, &none) == 0)
        hook_answer(c, "hotplug-status", status, &none);
    return HOOK_FAILED;
}
