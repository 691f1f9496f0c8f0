/* A mistyped parameter is an error, not silently something else: see query.h. */
#include "xend/query.h"

#include <string.h>

#include "libxl/base/near.h"
#include "xend/openapi_keys.h"

struct checking {
    const struct route *route;
    struct err *e;
    unsigned seen; /* bits of enum param_id */
    int result;
};

/* The parameter of this name that the route has, or PARAMS. */
static int find_param(const struct route *route, const char *name, struct near *near)
{
    for (int i = 0; i < PARAMS; i++) {
        if (!(route->params & 1u << i) || params[i].in)
            continue;
        if (strcmp(params[i].name, name) == 0)
            return i;
        near_try(near, params[i].name);
    }
    return PARAMS;
}

static bool is_word(enum words words, const char *text, size_t n)
{
    for (int i = 0; word_of(words, i); i++)
        if (strlen(word_of(words, i)) == n && memcmp(word_of(words, i), text, n) == 0)
            return true;
    return false;
}

/* One word of the enumeration, or several with commas between. */
static int check_words(const struct key *k, const char *value, struct err *e)
{
    const char *at = value;
    size_t n;

    do {
        n = strcspn(at, k->flags & LISTED ? "," : "");
        if (!is_word(k->words, at, n))
            return err_set(e, ERR_INVALID, "%s: '%.*s' is none of its words", k->name,
                           n > 100 ? 100 : (int)n, at);
        at += n;
    } while (*at++);
    return 0;
}

static int check_one(struct checking *c, const char *name, const char *value)
{
    struct near near = {.word = name};
    int i = find_param(c->route, name, &near);

    if (i == PARAMS) {
        err_set(c->e, ERR_INVALID, "unknown parameter: %.100s", name);
        return near.best ? err_hint(c->e, "did you mean %s?", near.best) : -1;
    }
    if (c->seen & 1u << i)
        return err_set(c->e, ERR_INVALID, "%s: given twice", name);
    c->seen |= 1u << i;
    return params[i].words && value ? check_words(&params[i], value, c->e) : 0;
}

static bool each(void *arg, const char *name, const char *value)
{
    struct checking *c = arg;

    c->result = check_one(c, name, value);
    return c->result == 0;
}

int query_check(const struct request *r, const struct route *route, struct err *e)
{
    struct checking c = {.route = route, .e = e};

    request_query_each(r, each, &c);
    return c.result;
}
