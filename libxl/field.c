/* Structs described by tables: see field.h. */
#include "libxl/field.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "libxl/base/buf.h"
#include "libxl/base/near.h"

bool parse_int(const char *text, int64_t *out)
{
    char *end;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = text + (*text == '-' || *text == '+');

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    *out = strtoll(text, &end, hex ? 16 : 10);
    return errno == 0 && *end == '\0';
}

int parse_bool(const char *text)
{
    static const char *const words[2][6] = {{"no", "n", "0", "off", "false", "f"},
                                            {"yes", "y", "1", "on", "true", "t"}};

    for (int b = 0; b < 2; b++)
        for (size_t i = 0; i < ARRAY_LEN(words[b]); i++)
            if (strcasecmp(text, words[b][i]) == 0)
                return b;
    return -1;
}

const struct field *field_find(const struct fields *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].name[0] == name[0] && strcmp(t->rows[i].name, name) == 0)
            return &t->rows[i]; /* most differ in the first letter */
    return NULL;
}

char *fields_nearest(const struct fields *t, const char *name)
{
    struct near n = {.word = name};

    for (size_t i = 0; i < t->n; i++)
        near_try(&n, t->rows[i].name);
    return n.best ? xasprintf("did you mean %s?", n.best) : NULL;
}

/* The members, by type. */
static void *member(const struct field *f, const void *object)
{
    return (char *)(uintptr_t)object + f->offset;
}

/* A member outside any object: what a value in a map reads as. */
union scratch {
    char *text;
    int64_t number;
    bool flag;
    int word;
    struct value *list;
};

static struct value **map_of(const struct field *f, const void *object)
{
    return member(f, object);
}

static int word_index(const struct field *f, const char *text)
{
    for (int i = 0; f->words[i]; i++)
        if (strcmp(f->words[i], text) == 0)
            return i;
    return -1;
}

static int64_t default_int(const struct field *f)
{
    int64_t i = 0;

    if (f->dflt)
        parse_int(f->dflt, &i);
    return i;
}

void fields_init(const struct fields *t, void *object)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        void *m = member(f, object);

        if (f->in_map)
            continue;
        switch (f->type) {
        case FIELD_STR:
            *(char **)m = xstrdup_null(f->dflt);
            break;
        case FIELD_INT:
            *(int64_t *)m = default_int(f);
            break;
        case FIELD_BOOL:
            *(bool *)m = f->dflt && parse_bool(f->dflt) == 1;
            break;
        case FIELD_WORD:
            *(int *)m = f->dflt ? word_index(f, f->dflt) : 0;
            break;
        case FIELD_LIST:
            *(struct value **)m = NULL;
            break;
        }
    }
}

void fields_clear(const struct fields *t, void *object)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        void *m = member(f, object);

        if (f->type == FIELD_STR && !f->in_map) {
            free(*(char **)m);
            *(char **)m = NULL;
        } else if (f->type == FIELD_LIST || f->in_map) {
            value_free(*(struct value **)m);
            *(struct value **)m = NULL;
        }
    }
}

static void copy_entry(const struct field *f, struct value **to, struct value *const *from)
{
    const struct value *v = value_get(*from, f->name);

    if (v && !*to)
        *to = value_map();
    if (v)
        value_set_take(*to, f->name, value_copy(v));
}

void fields_copy(const struct fields *t, void *to, const void *from)
{
    fields_clear(t, to);
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        void *m = member(f, to);
        const void *src = member(f, from);

        if (f->in_map)
            copy_entry(f, m, src);
        else if (f->type == FIELD_STR)
            *(char **)m = xstrdup_null(*(char *const *)src);
        else if (f->type == FIELD_LIST)
            *(struct value **)m =
                *(struct value *const *)src ? value_copy(*(struct value *const *)src) : NULL;
        else
            memcpy(m, src,
                   f->type == FIELD_INT    ? sizeof(int64_t)
                   : f->type == FIELD_BOOL ? sizeof(bool)
                                           : sizeof(int));
    }
}

static int mismatch(const struct field *f, const struct value *v, const char *where,
                    const char *wanted, struct problems *p)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (value_type(v) == VALUE_STRING)
        buf_addf(&b, "'%.100s'", value_as_str(v));
    else if (value_type(v) == VALUE_INT)
        buf_addf(&b, "%" PRId64, value_as_int(v));
    else
        buf_adds(&b, value_type_name(value_type(v)));
    problems_add(p, where, NULL, "%s: %s is not %s", f->name, buf_str(&b), wanted);
    return -1;
}

/* Numbers arrive as numbers, or as text from a command line or from SXP. */
static bool int_of(const struct value *v, int64_t *out)
{
    switch (value_type(v)) {
    case VALUE_INT:
        *out = value_as_int(v);
        return true;
    case VALUE_BOOL:
        *out = value_as_bool(v);
        return true;
    case VALUE_REAL: /* the original truncates: memory = 0.5 * 1024 */
        if (value_as_real(v) < -9e15 || value_as_real(v) > 9e15)
            return false;
        *out = (int64_t)value_as_real(v);
        return true;
    case VALUE_STRING:
        return parse_int(value_as_str(v), out);
    default:
        return false;
    }
}

static int read_int(const struct field *f, int64_t *m, const struct value *v, const char *where,
                    struct problems *p)
{
    const char *unit = f->unit ? f->unit : "";
    int64_t i;

    if (!int_of(v, &i))
        return mismatch(f, v, where, "a whole number", p);
    if (i < f->min || i > f->max) {
        problems_add(p, where, NULL,
                     "%s: %" PRId64 " is not between %" PRId64 " and %" PRId64 "%s%s", f->name, i,
                     f->min, f->max, *unit ? " " : "", unit);
        return -1;
    }
    *m = i;
    return 0;
}

static int read_bool(const struct field *f, bool *m, const struct value *v, const char *where,
                     struct problems *p)
{
    int64_t i;
    int b = -1;

    if (value_type(v) == VALUE_STRING)
        b = parse_bool(value_as_str(v));
    else if (int_of(v, &i))
        b = i != 0;
    if (b < 0)
        return mismatch(f, v, where, "yes or no", p);
    *m = b == 1;
    return 0;
}

static int read_word(const struct field *f, int *m, const struct value *v, const char *where,
                     struct problems *p)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    int i = value_type(v) == VALUE_STRING ? word_index(f, value_as_str(v)) : -1;

    if (i >= 0) {
        *m = i;
        return 0;
    }
    for (i = 0; f->words[i]; i++)
        buf_addf(&b, "%s%s", i == 0 ? "one of " : ", ", f->words[i]);
    return mismatch(f, v, where, buf_str(&b), p);
}

static int read_str(const struct field *f, char **m, const struct value *v, const char *where,
                    struct problems *p)
{
    AUTO(freep) char *text = NULL;
    struct err e = {0};

    if (value_type(v) == VALUE_STRING)
        text = xstrdup(value_as_str(v));
    else if (value_type(v) == VALUE_INT)
        text = xasprintf("%" PRId64, value_as_int(v));
    else
        return mismatch(f, v, where, "a string", p);
    if (*text && f->check && f->check(text, &e) < 0) {
        problems_add(p, where, e.hint[0] ? e.hint : NULL, "%s: %s", f->name, e.msg);
        return -1;
    }
    free(*m);
    *m = *text ? steal(text) : xstrdup_null(f->dflt); /* "": not given, as in the original */
    return 0;
}

static int check_items(const struct field *f, const struct value *list, const char *where,
                       struct problems *p)
{
    size_t before = p->len;

    for (size_t i = 0; f->check && i < value_len(list); i++) {
        AUTO(freep) char *at = xasprintf("%s/%zu", where, i);
        struct err e = {0};

        if (f->check(value_as_str(value_at(list, i)), &e) < 0)
            problems_add(p, at, e.hint[0] ? e.hint : NULL, "%s: %s", f->name, e.msg);
    }
    return p->len == before ? 0 : -1;
}

static int read_list(const struct field *f, struct value **m, const struct value *v,
                     const char *where, struct problems *p)
{
    struct value *list;

    if (value_type(v) == VALUE_STRING) {
        list = value_list();
        if (value_str_len(v))
            value_add_take(list, value_copy(v));
    } else if (value_type(v) == VALUE_LIST) {
        for (size_t i = 0; i < value_len(v); i++)
            if (value_type(value_at(v, i)) != VALUE_STRING)
                return mismatch(f, value_at(v, i), where, "a string", p);
        list = value_copy(v);
    } else {
        return mismatch(f, v, where, "a list of strings", p);
    }
    if (check_items(f, list, where, p) < 0) {
        value_free(list);
        return -1;
    }
    value_free(*m);
    *m = value_len(list) ? steal(list) : NULL; /* an empty list means not given, too */
    value_free(list);
    return 0;
}

static int read_member(const struct field *f, void *m, const struct value *v, const char *where,
                       struct problems *p)
{
    switch (f->type) {
    case FIELD_STR:
        return read_str(f, m, v, where, p);
    case FIELD_INT:
        return read_int(f, m, v, where, p);
    case FIELD_BOOL:
        return read_bool(f, m, v, where, p);
    case FIELD_WORD:
        return read_word(f, m, v, where, p);
    case FIELD_LIST:
        return read_list(f, m, v, where, p);
    }
    return -1;
}

static struct value *member_value(const struct field *f, const void *m)
{
    switch (f->type) {
    case FIELD_STR:
        return *(char *const *)m ? value_str(*(char *const *)m) : value_nil();
    case FIELD_INT:
        return value_int(*(const int64_t *)m);
    case FIELD_BOOL:
        return value_bool(*(const bool *)m);
    case FIELD_WORD:
        return value_str(f->words[*(const int *)m]);
    case FIELD_LIST:
        return *(struct value *const *)m ? value_copy(*(struct value *const *)m) : value_nil();
    }
    return NULL;
}

static int read_entry(const struct field *f, struct value **map, const struct value *v,
                      const char *where, struct problems *p)
{
    union scratch s = {0};
    struct value *entry;

    if (read_member(f, &s, v, where, p) < 0)
        return -1;
    entry = member_value(f, &s);
    if (f->type == FIELD_STR)
        free(s.text);
    else if (f->type == FIELD_LIST)
        value_free(s.list);
    if (!*map)
        *map = value_map();
    if (value_type(entry) == VALUE_NIL) {
        value_remove(*map, f->name);
        value_free(entry);
    } else {
        value_set_take(*map, f->name, entry);
    }
    return 0;
}

int field_read(const struct field *f, void *object, const struct value *v, const char *where,
               struct problems *p)
{
    if (value_type(v) == VALUE_NIL)
        return 0;
    return f->in_map ? read_entry(f, map_of(f, object), v, where, p)
                     : read_member(f, member(f, object), v, where, p);
}

struct value *field_value(const struct field *f, const void *object)
{
    const struct value *v = f->in_map ? value_get(*map_of(f, object), f->name) : NULL;

    if (f->in_map)
        return v ? value_copy(v) : value_nil();
    return member_value(f, member(f, object));
}

bool field_is_default(const struct field *f, const void *object)
{
    const void *m = member(f, object);
    const char *s;

    if (f->in_map)
        return !value_get(*map_of(f, object), f->name);
    switch (f->type) {
    case FIELD_STR:
        s = *(char *const *)m;
        return s && f->dflt ? strcmp(s, f->dflt) == 0 : !s && !f->dflt;
    case FIELD_INT:
        return *(const int64_t *)m == default_int(f);
    case FIELD_BOOL:
        return *(const bool *)m == (f->dflt && parse_bool(f->dflt) == 1);
    case FIELD_WORD:
        return *(const int *)m == (f->dflt ? word_index(f, f->dflt) : 0);
    case FIELD_LIST:
        return *(struct value *const *)m == NULL;
    }
    return true;
}

void fields_read(const struct fields *t, void *object, const struct value *map, const char *where,
                 bool (*skip)(const char *key), struct problems *p)
{
    AUTO(buf_clear) struct buf at = BUF_INIT;

    for (size_t i = 0; i < value_len(map) && p->len < PROBLEMS_MAX; i++) {
        const char *key = value_key(map, i);
        const struct field *f = field_find(t, key);

        at.len = 0; /* not printed anew: this is where a start with thousands of domains is */
        buf_adds(&at, where);
        buf_addc(&at, '/');
        buf_adds(&at, key);
        if (f) {
            field_read(f, object, value_at(map, i), buf_str(&at), p);
        } else if (!skip || !skip(key)) {
            AUTO(freep) char *hint = fields_nearest(t, key);
            problems_add(p, buf_str(&at), hint, "%s: not known here", key);
        }
    }
}

void fields_write(const struct fields *t, const void *object, bool all, struct value *map)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];

        if (!all && field_is_default(f, object))
            continue;
        value_set_take(map, f->name, field_shown(f, object));
    }
}

static bool has_secret(const struct field *f, const void *object)
{
    return f->secret && !field_is_default(f, object);
}

struct value *field_shown(const struct field *f, const void *object)
{
    return has_secret(f, object) ? value_str(SECRET_HIDDEN) : field_value(f, object);
}

void fields_reveal(const struct fields *t, const void *object, struct value *map)
{
    for (size_t i = 0; i < t->n; i++)
        if (has_secret(&t->rows[i], object))
            value_set_take(map, t->rows[i].name, field_value(&t->rows[i], object));
}

void fields_fill_secrets(const struct fields *t, void *to, const void *from)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        char **m;

        if (f->in_map || !has_secret(f, to) || !has_secret(f, from))
            continue; /* of what is in_map no driver has use, so it may be lost */
        m = member(f, to);
        if (strcmp(*m, SECRET_HIDDEN) != 0)
            continue;
        free(*m);
        *m = xstrdup(*(char *const *)member(f, from));
    }
}
