/* Methods of strings, except format (py_format.c) and what splits or joins (py_str_split.c). */
#include <ctype.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* A new string of the same length, letter by letter; before is the letter before c, or 0. */
static struct obj map_chars(struct py *p, struct obj s, int (*fn)(int c, int before))
{
    char *copy = py_alloc(p, s.len + 1);
    int before = 0;

    py_charge_scan(p, s.len);
    for (uint32_t i = 0; i < s.len; i++) {
        int c = (unsigned char)s.s[i];
        copy[i] = (char)(c < 0x80 ? fn(c, before) : c);
        before = c;
    }
    return py_strn(copy, s.len);
}

static int to_lower(int c, int before)
{
    (void)before;
    return tolower(c);
}

static int to_upper(int c, int before)
{
    (void)before;
    return toupper(c);
}

static int to_swapped(int c, int before)
{
    (void)before;
    return isupper(c) ? tolower(c) : toupper(c);
}

static int to_capital(int c, int before)
{
    return before ? tolower(c) : toupper(c);
}

static int to_title(int c, int before)
{
    return isalpha(before) ? tolower(c) : toupper(c);
}

static struct obj str_lower(struct py *p, struct call *c)
{
    return map_chars(p, c->self, to_lower);
}

static struct obj str_upper(struct py *p, struct call *c)
{
    return map_chars(p, c->self, to_upper);
}

static struct obj str_swapcase(struct py *p, struct call *c)
{
    return map_chars(p, c->self, to_swapped);
}

static struct obj str_capitalize(struct py *p, struct call *c)
{
    return map_chars(p, c->self, to_capital);
}

static struct obj str_title(struct py *p, struct call *c)
{
    return map_chars(p, c->self, to_title);
}

static struct obj all_chars(struct py *p, struct obj s, int (*fn)(int))
{
    py_charge_scan(p, s.len);
    for (uint32_t i = 0; i < s.len; i++)
        if ((unsigned char)s.s[i] >= 0x80 || !fn((unsigned char)s.s[i]))
            return py_bool(false);
    return py_bool(s.len > 0);
}

static struct obj str_isdigit(struct py *p, struct call *c)
{
    return all_chars(p, c->self, isdigit);
}

static struct obj str_isalpha(struct py *p, struct call *c)
{
    return all_chars(p, c->self, isalpha);
}

static struct obj str_isalnum(struct py *p, struct call *c)
{
    return all_chars(p, c->self, isalnum);
}

static struct obj str_isspace(struct py *p, struct call *c)
{
    return all_chars(p, c->self, isspace);
}

/* Cased letters are there, and none of the other case. */
static struct obj one_case(struct py *p, struct obj s, int (*want)(int), int (*other)(int))
{
    bool found = false;

    py_charge_scan(p, s.len);
    for (uint32_t i = 0; i < s.len; i++) {
        if (other((unsigned char)s.s[i]))
            return py_bool(false);
        found |= want((unsigned char)s.s[i]) != 0;
    }
    return py_bool(found);
}

static struct obj str_islower(struct py *p, struct call *c)
{
    return one_case(p, c->self, islower, isupper);
}

static struct obj str_isupper(struct py *p, struct call *c)
{
    return one_case(p, c->self, isupper, islower);
}

/* The part of the string that arguments at and at + 1 (start, end) leave; *from is its offset. */
static struct obj part_of(struct py *p, const struct call *c, int at, uint32_t *from)
{
    int64_t n = c->self.len, start = 0, end = n;

    if (c->a[at].type != T_NONE)
        start = py_arg_int(p, c, at, 0);
    if (c->a[at + 1].type != T_NONE)
        end = py_arg_int(p, c, at + 1, n);
    start = start < 0 ? start + n : start;
    end = end < 0 ? end + n : end > n ? n : end;
    start = start < 0 ? 0 : start;
    *from = (uint32_t)(start > n ? n : start);
    if (start > n || end < start)
        return (struct obj){.type = T_NONE}; /* not even "" is in there */
    return py_strn(c->self.s + start, (size_t)(end - start));
}

/* Offset within the whole string, or -1. */
static int64_t find_in(struct py *p, const struct call *c, bool last)
{
    uint32_t from;
    struct obj what = py_arg_str(p, c, 0), part = part_of(p, c, 1, &from);
    const char *hit;

    py_charge_scan(p, c->self.len);
    if (part.type == T_NONE || what.len > part.len)
        return -1;
    if (!last || !what.len) {
        hit =
            what.len ? memmem(part.s, part.len, what.s, what.len) : part.s + (last ? part.len : 0);
        return hit ? from + (hit - part.s) : -1;
    }
    hit = py_find_last(p, part, what);
    return hit ? from + (hit - part.s) : -1;
}

static struct obj str_find(struct py *p, struct call *c)
{
    return py_int(find_in(p, c, false));
}

static struct obj str_rfind(struct py *p, struct call *c)
{
    return py_int(find_in(p, c, true));
}

static struct obj found_or_raise(struct py *p, const struct call *c, int64_t at)
{
    if (at < 0)
        py_raise(p, &py_ValueError, "`%.*s` is not in the string",
                 c->a[0].len > 60 ? 60 : (int)c->a[0].len, c->a[0].s);
    return py_int(at);
}

static struct obj str_index(struct py *p, struct call *c)
{
    return found_or_raise(p, c, find_in(p, c, false));
}

static struct obj str_rindex(struct py *p, struct call *c)
{
    return found_or_raise(p, c, find_in(p, c, true));
}

/* Not overlapping. */
static struct obj str_count(struct py *p, struct call *c)
{
    uint32_t from;
    struct obj what = py_arg_str(p, c, 0), part = part_of(p, c, 1, &from);
    const char *at = part.s, *hit;
    int64_t n = 0;

    py_charge_scan(p, c->self.len);
    if (part.type == T_NONE)
        return py_int(0);
    if (!what.len)
        return py_int((int64_t)part.len + 1);
    while ((hit = memmem(at, (size_t)(part.s + part.len - at), what.s, what.len))) {
        n++;
        at = hit + what.len;
    }
    return py_int(n);
}

static bool begins(struct obj s, struct obj with)
{
    return s.len >= with.len && memcmp(s.s, with.s, with.len) == 0;
}

static bool ends(struct obj s, struct obj with)
{
    return s.len >= with.len && memcmp(s.s + s.len - with.len, with.s, with.len) == 0;
}

/* The first argument may be one string or a tuple of them. */
static struct obj test_affix(struct py *p, struct call *c, bool (*test)(struct obj, struct obj))
{
    uint32_t from;
    struct obj part = part_of(p, c, 1, &from);

    if (part.type == T_NONE)
        return py_bool(false);
    if (c->a[0].type != T_TUPLE)
        return py_bool(test(part, py_arg_str(p, c, 0)));
    py_charge(p, c->a[0].list->len);
    for (uint32_t i = 0; i < c->a[0].list->len; i++)
        if (c->a[0].list->items[i].type == T_STR && test(part, c->a[0].list->items[i]))
            return py_bool(true);
    return py_bool(false);
}

static struct obj str_startswith(struct py *p, struct call *c)
{
    return test_affix(p, c, begins);
}

static struct obj str_endswith(struct py *p, struct call *c)
{
    return test_affix(p, c, ends);
}

static struct obj str_removeprefix(struct py *p, struct call *c)
{
    struct obj s = c->self, what = py_arg_str(p, c, 0);

    return begins(s, what) ? py_strn(s.s + what.len, s.len - what.len) : s;
}

static struct obj str_removesuffix(struct py *p, struct call *c)
{
    struct obj s = c->self, what = py_arg_str(p, c, 0);

    return ends(s, what) ? py_strn(s.s, s.len - what.len) : s;
}

static bool strips(struct obj set, char c)
{
    if (set.type == T_UNSET || set.type == T_NONE)
        return isspace((unsigned char)c);
    return memchr(set.s, c, set.len) != NULL;
}

/* The set of characters to strip, or blanks. */
static struct obj strip(struct py *p, struct call *c, bool left, bool right)
{
    struct obj s = c->self, set = c->a[0];

    if (set.type != T_UNSET && set.type != T_NONE)
        py_arg_str(p, c, 0);
    for (; left && s.len && strips(set, s.s[0]); s.s++)
        s.len--;
    while (right && s.len && strips(set, s.s[s.len - 1]))
        s.len--;
    py_charge_scan(p, c->self.len - s.len);
    return s;
}

static struct obj str_strip(struct py *p, struct call *c)
{
    return strip(p, c, true, true);
}

static struct obj str_lstrip(struct py *p, struct call *c)
{
    return strip(p, c, true, false);
}

static struct obj str_rstrip(struct py *p, struct call *c)
{
    return strip(p, c, false, true);
}

/* where: -1 text left, 0 centred (Python's way of rounding), 1 text right. */
static struct obj pad(struct py *p, struct call *c, int where)
{
    int64_t width = py_arg_int(p, c, 0, 0), more = width - c->self.len;
    struct obj fill = c->a[1].type == T_UNSET ? py_str(" ") : py_arg_str(p, c, 1);
    struct text t = {.p = p};
    int64_t left = where < 0 ? 0 : where > 0 ? more : more / 2 + (more & width & 1);

    if (fill.len != 1)
        py_raise(p, &py_TypeError, "%s() fills up with one character", c->row->name);
    if (more <= 0)
        return c->self;
    if (width > PY_STR_MAX)
        py_raise(p, &py_Limit, "a string may not be longer than %u bytes", PY_STR_MAX);
    py_text_fill(&t, fill.s[0], (size_t)left);
    py_text_add(&t, c->self.s, c->self.len);
    py_text_fill(&t, fill.s[0], (size_t)(more - left));
    return py_text_done(&t);
}

static struct obj str_ljust(struct py *p, struct call *c)
{
    return pad(p, c, -1);
}

static struct obj str_rjust(struct py *p, struct call *c)
{
    return pad(p, c, 1);
}

static struct obj str_center(struct py *p, struct call *c)
{
    return pad(p, c, 0);
}

/* Zeros go behind a sign. */
static struct obj str_zfill(struct py *p, struct call *c)
{
    int64_t width = py_arg_int(p, c, 0, 0);
    struct obj s = c->self;
    struct text t = {.p = p};
    bool sign = s.len && (s.s[0] == '-' || s.s[0] == '+');

    if (width <= s.len)
        return s;
    if (width > PY_STR_MAX)
        py_raise(p, &py_Limit, "a string may not be longer than %u bytes", PY_STR_MAX);
    py_text_add(&t, s.s, sign);
    py_text_fill(&t, '0', (size_t)width - s.len);
    py_text_add(&t, s.s + sign, s.len - sign);
    return py_text_done(&t);
}

/* An empty `old` stands before each character and at the end. */
static struct obj str_replace(struct py *p, struct call *c)
{
    struct obj old = py_arg_str(p, c, 0), new = py_arg_str(p, c, 1);
    int64_t most = py_arg_int(p, c, 2, -1);
    const char *at = c->self.s, *end = at + c->self.len, *hit;
    struct text t = {.p = p};

    py_charge_scan(p, c->self.len);
    for (; most != 0; most--) {
        hit = old.len ? memmem(at, (size_t)(end - at), old.s, old.len) : at;
        if (!hit)
            break;
        py_text_add(&t, at, (size_t)(hit - at));
        py_text_add(&t, new.s, new.len);
        py_charge(p, 1);
        at = hit + old.len;
        if (!old.len && at == end)
            break;
        if (!old.len)
            py_text_add(&t, at++, 1);
    }
    py_text_add(&t, at, (size_t)(end - at));
    return py_text_done(&t);
}

/* Text is bytes here, so encode and decode have nothing to do. */
static struct obj str_same(struct py *p, struct call *c)
{
    (void)p;
    return c->self;
}

/* Columns start over at newlines. */
static struct obj str_expandtabs(struct py *p, struct call *c)
{
    int64_t size = py_arg_int(p, c, 0, 8), col = 0;
    struct text t = {.p = p};

    size = size < 0 ? 0 : size > 1000 ? 1000 : size;
    py_charge_scan(p, c->self.len);
    for (uint32_t i = 0; i < c->self.len; i++) {
        char ch = c->self.s[i];
        int64_t n = size ? size - col % size : 0;
        if (ch == '\t')
            py_text_fill(&t, ' ', (size_t)n);
        else
            py_text_add(&t, &ch, 1);
        col = ch == '\n' ? 0 : col + (ch == '\t' ? n : 1);
    }
    return py_text_done(&t);
}

const struct py_row py_str_methods[] = {
    {"capitalize", str_capitalize, 0, 0, NULL, 0},
    {"center", str_center, 1, 2, NULL, 0},
    {"count", str_count, 1, 3, NULL, 0},
    {"decode", str_same, 0, 2, "encoding errors", 0},
    {"encode", str_same, 0, 2, "encoding errors", 0},
    {"endswith", str_endswith, 1, 3, NULL, 0},
    {"expandtabs", str_expandtabs, 0, 1, "tabsize", 0},
    {"find", str_find, 1, 3, NULL, 0},
    {"format", py_str_format, 0, PY_ANY, NULL, 0},
    {"index", str_index, 1, 3, NULL, 0},
    {"isalnum", str_isalnum, 0, 0, NULL, 0},
    {"isalpha", str_isalpha, 0, 0, NULL, 0},
    {"isdecimal", str_isdigit, 0, 0, NULL, 0},
    {"isdigit", str_isdigit, 0, 0, NULL, 0},
    {"islower", str_islower, 0, 0, NULL, 0},
    {"isnumeric", str_isdigit, 0, 0, NULL, 0},
    {"isspace", str_isspace, 0, 0, NULL, 0},
    {"isupper", str_isupper, 0, 0, NULL, 0},
    {"join", py_str_join, 1, 1, NULL, 0},
    {"ljust", str_ljust, 1, 2, NULL, 0},
    {"lower", str_lower, 0, 0, NULL, 0},
    {"lstrip", str_lstrip, 0, 1, NULL, 0},
    {"partition", py_str_partition, 1, 1, NULL, 0},
    {"removeprefix", str_removeprefix, 1, 1, NULL, 0},
    {"removesuffix", str_removesuffix, 1, 1, NULL, 0},
    {"replace", str_replace, 2, 3, "old new count", 0},
    {"rfind", str_rfind, 1, 3, NULL, 0},
    {"rindex", str_rindex, 1, 3, NULL, 0},
    {"rjust", str_rjust, 1, 2, NULL, 0},
    {"rpartition", py_str_rpartition, 1, 1, NULL, 0},
    {"rsplit", py_str_rsplit, 0, 2, "sep maxsplit", 0},
    {"rstrip", str_rstrip, 0, 1, NULL, 0},
    {"split", py_str_split, 0, 2, "sep maxsplit", 0},
    {"splitlines", py_str_splitlines, 0, 1, "keepends", 0},
    {"startswith", str_startswith, 1, 3, NULL, 0},
    {"strip", str_strip, 0, 1, NULL, 0},
    {"swapcase", str_swapcase, 0, 0, NULL, 0},
    {"title", str_title, 0, 0, NULL, 0},
    {"upper", str_upper, 0, 0, NULL, 0},
    {"zfill", str_zfill, 1, 1, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};
