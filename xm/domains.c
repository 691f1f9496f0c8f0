/* Domains as xend tells of them: see domains.h. */
#include "xm/domains.h"

#include "libxl/base/mem.h"

/* Keeps a reply, and adds the domain or the list of domains in it. */
static void add_reply_take(struct domains *d, struct value *reply, bool is_list)
{
    const struct value *list = value_get(reply, "domains");

    vec_push(&d->replies, reply);
    if (!is_list)
        vec_push(d, reply);
    for (size_t i = 0; is_list && i < value_len(list); i++)
        vec_push(d, value_at(list, i));
}

int domains_fetch_at(struct domains *d, struct xm *xm, const struct args *a, const char *all,
                     const char *suffix, struct err *e)
{
    struct value *reply;

    if (!a->words.len) {
        reply = xend_get(xm, all, e);
        if (!reply)
            return -1;
        add_reply_take(d, reply, true);
    }
    for (size_t i = 0; i < a->words.len; i++) {
        AUTO(freep) char *path = domain_path(args_word(a, i), suffix);

        reply = domain_check(args_word(a, i), e) < 0 ? NULL : xend_get(xm, path, e);
        if (!reply)
            return -1;
        add_reply_take(d, reply, false);
    }
    return 0;
}

int domains_fetch(struct domains *d, struct xm *xm, const struct args *a, const char *query,
                  struct err *e)
{
    AUTO(freep) char *all = xasprintf("/v1/domains%s", query);

    return domains_fetch_at(d, xm, a, all, query, e);
}

void domains_clear(struct domains *d)
{
    for (size_t i = 0; i < d->replies.len; i++)
        value_free(d->replies.ptr[i]);
    vec_clear(&d->replies);
    vec_clear(d);
}

const struct value *domain_number(const struct value *domain, const char *key)
{
    const struct value *v = value_get(domain, key);

    return v && (value_type(v) == VALUE_INT || value_type(v) == VALUE_REAL) ? v : NULL;
}

double domain_real(const struct value *domain, const char *key)
{
    const struct value *v = domain_number(domain, key);

    return v ? value_as_real(v) : 0;
}

struct value *domains_to_value(const struct domains *d)
{
    struct value *list = value_list();

    for (size_t i = 0; i < d->len; i++)
        value_add_take(list, value_copy(d->ptr[i]));
    return list;
}
