/* JSON by yajl: see json.h. */
#include "config/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "libxl/base/mem.h"
#include "libxl/base/utf8.h"

/* yajl is event-driven: `open` are the containers around the next value, outermost first. */
struct reader {
    struct value *root;
    struct value *open[VALUE_DEPTH_MAX];
    char *keys[VALUE_DEPTH_MAX]; /* of each open map: the key whose value comes next */
    size_t depth;
    char problem[160]; /* ours; "" when yajl itself found the fault */
};

static int refuse(struct reader *r, const char *problem)
{
    snprintf(r->problem, sizeof(r->problem), "%s", problem);
    return 0;
}

static void put(struct reader *r, struct value *v)
{
    struct value *top;

    if (r->depth == 0) {
        r->root = v;
        return;
    }
    top = r->open[r->depth - 1];
    if (value_type(top) == VALUE_LIST) {
        value_add_take(top, v);
    } else {
        value_add_pair_take(top, r->keys[r->depth - 1], v);
        r->keys[r->depth - 1] = NULL;
    }
}

static int on_null(void *ctx)
{
    put(ctx, value_nil());
    return 1;
}

static int on_boolean(void *ctx, int b)
{
    put(ctx, value_bool(b));
    return 1;
}

static int on_number(void *ctx, const char *text, size_t len)
{
    struct reader *r = ctx;
    char copy[64], *end;

    if (len >= sizeof(copy))
        return refuse(r, "number too long");
    memcpy(copy, text, len);
    copy[len] = '\0';
    errno = 0;
    if (strpbrk(copy, ".eE")) {
        double d = strtod(copy, &end);
        if (!isfinite(d))
            return refuse(r, "number out of range");
        put(r, value_real(d));
    } else {
        long long i = strtoll(copy, &end, 10);
        if (errno == ERANGE)
            return refuse(r, "number out of range");
        put(r, value_int(i));
    }
    return 1;
}

/* yajl lets overlong forms and surrogates through. */
static int check_text(struct reader *r, const unsigned char *text, size_t len)
{
    if (memchr(text, '\0', len))
        return refuse(r, "NUL character in a string");
    return utf8_is_valid((const char *)text, len) || refuse(r, "invalid bytes in UTF8 string.");
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
    if (!check_text(ctx, text, len))
        return 0;
    put(ctx, value_strn((const char *)text, len));
    return 1;
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
    struct reader *r = ctx;
    char *key;

    if (!check_text(r, text, len))
        return 0;
    key = xstrndup((const char *)text, len);
    if (value_get(r->open[r->depth - 1], key)) {
        snprintf(r->problem, sizeof(r->problem), "key \"%.100s\" given twice", key);
        free(key);
        return 0;
    }
    r->keys[r->depth - 1] = key;
    return 1;
}

static int on_open(struct reader *r, struct value *v)
{
    if (r->depth == VALUE_DEPTH_MAX) {
        value_free(v);
        return refuse(r, "nested too deep");
    }
    put(r, v);
    r->open[r->depth++] = v;
    return 1;
}

static int on_map(void *ctx)
{
    return on_open(ctx, value_map());
}

static int on_list(void *ctx)
{
    return on_open(ctx, value_list());
}

static int on_close(void *ctx)
{
    struct reader *r = ctx;

    r->depth--;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_close,
    .yajl_start_array = on_list,
    .yajl_end_array = on_close,
};

/* yajl's own words without its picture of the text: "lexical error: invalid char in json text." */
static void yajl_problem(yajl_handle h, struct reader *r)
{
    unsigned char *text = yajl_get_error(h, 0, NULL, 0);

    refuse(r, (const char *)text);
    r->problem[strcspn(r->problem, "\n")] = '\0';
    yajl_free_error(h, text);
}

static void place_of(const char *text, size_t at, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < at; i++) {
        *column += 1;
        if (text[i] == '\n') {
            *line += 1;
            *column = 1;
        }
    }
}

struct value *json_parse(const char *text, size_t len, const char *name, struct err *e)
{
    struct reader r = {0};
    yajl_handle h = yajl_alloc(&callbacks, NULL, &r);
    yajl_status status = yajl_parse(h, (const unsigned char *)text, len);
    size_t at = yajl_get_bytes_consumed(h), line, column;

    if (status == yajl_status_ok) {
        at = len + 1; /* what is missing is missing behind the end */
        status = yajl_complete_parse(h);
    }
    if (status == yajl_status_error)
        yajl_problem(h, &r);
    else if (status == yajl_status_ok && !r.root)
        refuse(&r, "empty");
    yajl_free(h);
    if (!r.problem[0])
        return r.root;

    for (size_t i = 0; i < VALUE_DEPTH_MAX; i++)
        free(r.keys[i]);
    value_free(r.root);
    place_of(text, at > 0 ? at - 1 : 0, &line, &column);
    err_set(e, ERR_INVALID, "%s:%zu:%zu: not JSON: %s", name, line, column, r.problem);
    return NULL;
}

static void append(void *ctx, const char *text, size_t len)
{
    buf_add(ctx, text, len);
}

/* The shortest digits that read back as the same number. */
static void gen_real(yajl_gen g, double r)
{
    char text[40];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, r);
        if (strtod(text, NULL) == r)
            break;
    }
    if (!strpbrk(text, ".e"))
        strcat(text, ".0"); /* stays a real for whoever reads it */
    yajl_gen_number(g, text, strlen(text));
}

/* Strings that came from a file may be any bytes; what we send is JSON all the same. */
static void gen_string(yajl_gen g, const char *text, size_t len)
{
    AUTO(buf_clear) struct buf repaired = BUF_INIT;

    if (!utf8_is_valid(text, len)) {
        utf8_add_repaired(&repaired, text, len);
        text = repaired.ptr;
        len = repaired.len;
    }
    yajl_gen_string(g, (const unsigned char *)text, len);
}

static void gen_value(yajl_gen g, const struct value *v)
{
    switch (value_type(v)) {
    case VALUE_NIL:
        yajl_gen_null(g);
        break;
    case VALUE_BOOL:
        yajl_gen_bool(g, value_as_bool(v));
        break;
    case VALUE_INT:
        yajl_gen_integer(g, value_as_int(v));
        break;
    case VALUE_REAL:
        if (isfinite(value_as_real(v)))
            gen_real(g, value_as_real(v));
        else
            yajl_gen_null(g);
        break;
    case VALUE_STRING:
        gen_string(g, value_as_str(v), value_str_len(v));
        break;
    case VALUE_LIST:
        yajl_gen_array_open(g);
        for (size_t i = 0; i < value_len(v); i++)
            gen_value(g, value_at(v, i));
        yajl_gen_array_close(g);
        break;
    case VALUE_MAP:
        yajl_gen_map_open(g);
        for (size_t i = 0; i < value_len(v); i++) {
            const char *key = value_key(v, i);
            gen_string(g, key, strlen(key));
            gen_value(g, value_at(v, i));
        }
        yajl_gen_map_close(g);
        break;
    }
}

static void print(const struct value *v, struct buf *out, int beautify)
{
    yajl_gen g = yajl_gen_alloc(NULL);

    yajl_gen_config(g, yajl_gen_print_callback, append, out);
    yajl_gen_config(g, yajl_gen_beautify, beautify);
    yajl_gen_config(g, yajl_gen_indent_string, "  ");
    gen_value(g, v);
    yajl_gen_free(g);
}

void json_print(const struct value *v, struct buf *out)
{
    print(v, out, 0);
}

void json_print_pretty(const struct value *v, struct buf *out)
{
    bool nothing = value_type(v) == VALUE_LIST && !value_len(v);

    print(v, out, !nothing); /* yajl would put an empty line between the brackets */
}
