/* Stand-in for re: functions, compiled patterns, matches. */
#include "config/py_re.h"
#include "libxl/base/mem.h"

/* What a function of re was asked: re.f(pattern, ...) and pattern.f(...) alike. */
struct ask {
    const struct py_re *re;
    struct obj text;
};

/* Patterns are compiled at each use: files use them once. */
static const struct py_re *re_of(struct py *p, struct obj pattern, int64_t flags)
{
    if (pattern.type == T_REGEX)
        return pattern.re;
    if (pattern.type != T_STR)
        py_raise(p, &py_TypeError, "a pattern is a string, not %s", py_type_text(pattern));
    return py_re_compile(p, pattern, (uint32_t)flags & (RE_IGNORECASE | RE_MULTILINE | RE_DOTALL));
}

/* Reads pattern (or self), text and flags; `text` is the text's place in re.f's arguments. */
static struct ask ask_of(struct py *p, struct call *c, int text, int flags)
{
    bool method = c->self.type == T_REGEX;
    struct ask ask = {.re = method ? c->self.re
                                   : re_of(p, c->a[0], flags < 0 ? 0 : py_arg_int(p, c, flags, 0)),
                      .text = py_arg_str(p, c, method ? text - 1 : text)};

    return ask;
}

/* A match keeps the places of its groups, not their text. */
static struct obj new_match(struct py *p, const struct ask *ask, const int32_t *slots)
{
    struct py_match *m = py_alloc(p, sizeof(*m));
    size_t size = 2 * ask->re->groups * sizeof(slots[0]);

    *m = (struct py_match){.re = ask->re, .text = ask->text, .slots = py_alloc(p, size)};
    memcpy(m->slots, slots, size);
    return (struct obj){.type = T_MATCH, .match = m};
}

/* search, match and fullmatch. */
static struct obj match_one(struct py *p, struct call *c, int how)
{
    struct ask ask = ask_of(p, c, 1, 2);
    int32_t slots[2 * RE_GROUPS_MAX];

    if (!py_re_run(p, ask.re, ask.text, 0, how, slots))
        return py_none();
    return new_match(p, &ask, slots);
}

static struct obj re_search(struct py *p, struct call *c)
{
    return match_one(p, c, RE_SEARCH);
}

static struct obj re_match(struct py *p, struct call *c)
{
    return match_one(p, c, 0);
}

static struct obj re_fullmatch(struct py *p, struct call *c)
{
    return match_one(p, c, RE_WHOLE);
}

static struct obj re_compile(struct py *p, struct call *c)
{
    return (struct obj){.type = T_REGEX, .re = re_of(p, c->a[0], py_arg_int(p, c, 1, 0))};
}

/* What a group took; groups that took no part give the fallback. */
static struct obj group_text(const struct obj *text, const int32_t *slots, uint32_t i,
                             struct obj fallback)
{
    if (slots[2 * i] < 0 || slots[2 * i + 1] < slots[2 * i])
        return fallback;
    return py_strn(text->s + slots[2 * i], (size_t)(slots[2 * i + 1] - slots[2 * i]));
}

/* Walks over all matches of a text. */
struct walk {
    struct ask ask;
    uint32_t from;
    int move; /* RE_MOVE after an empty match */
    int32_t slots[2 * RE_GROUPS_MAX];
};

/* The search goes on where the match ended; after an empty one, the next may not be empty there. */
static bool next_match(struct py *p, struct walk *w)
{
    if (!py_re_run(p, w->ask.re, w->ask.text, w->from, RE_SEARCH | w->move, w->slots))
        return false;
    w->from = (uint32_t)w->slots[1];
    w->move = w->slots[1] == w->slots[0] ? RE_MOVE : 0;
    py_charge(p, 1);
    return true;
}

static struct walk walk_of(struct py *p, struct call *c, int text, int flags)
{
    return (struct walk){.ask = ask_of(p, c, text, flags)};
}

static struct obj groups_tuple(struct py *p, const struct ask *ask, const int32_t *slots,
                               struct obj fallback)
{
    struct obj t = py_tuple_new(p, ask->re->groups - 1);

    for (uint32_t i = 1; i < ask->re->groups; i++)
        py_list_add(p, t.list, group_text(&ask->text, slots, i, fallback));
    return t;
}

/* Without groups whole matches, with one group its text, with several tuples. */
static struct obj re_findall(struct py *p, struct call *c)
{
    struct walk w = walk_of(p, c, 1, 2);
    struct obj list = py_list_new(p, 0), none = py_strn("", 0);

    while (next_match(p, &w))
        py_list_add(p, list.list,
                    w.ask.re->groups > 2
                        ? groups_tuple(p, &w.ask, w.slots, none)
                        : group_text(&w.ask.text, w.slots, w.ask.re->groups == 2, none));
    return list;
}

static struct obj re_finditer(struct py *p, struct call *c)
{
    struct walk w = walk_of(p, c, 1, 2);
    struct obj list = py_list_new(p, 0);

    while (next_match(p, &w))
        py_list_add(p, list.list, new_match(p, &w.ask, w.slots));
    return list;
}

/* Text between matches; the text of groups is put between. */
static struct obj re_split(struct py *p, struct call *c)
{
    bool method = c->self.type == T_REGEX;
    struct walk w = walk_of(p, c, 1, method ? -1 : 3);
    int64_t most = py_arg_int(p, c, method ? 1 : 2, 0);
    struct obj list = py_list_new(p, 0);
    uint32_t at = 0;

    for (int64_t n = 0; (most == 0 || n < most) && next_match(p, &w); n++) {
        py_list_add(p, list.list, py_strn(w.ask.text.s + at, (uint32_t)w.slots[0] - at));
        for (uint32_t i = 1; i < w.ask.re->groups; i++)
            py_list_add(p, list.list, group_text(&w.ask.text, w.slots, i, py_none()));
        at = (uint32_t)w.slots[1];
    }
    py_list_add(p, list.list, py_strn(w.ask.text.s + at, w.ask.text.len - at));
    return list;
}

/* The number of the group that key (a number or a name) means. */
static uint32_t group_index(struct py *p, const struct py_re *re, struct obj key)
{
    for (uint32_t i = 1; key.type == T_STR && i < re->groups; i++)
        if (re->names[i].type == T_STR && py_equal(p, re->names[i], key))
            return i;
    if (!py_is_int(key) || key.i < 0 || key.i >= re->groups)
        py_raise(p, &py_IndexError, "the pattern has no such group");
    return (uint32_t)key.i;
}

/* \1, \g<1>, \g<name> in a replacement; *i is after the backslash. */
static void add_reference(struct py *p, struct text *out, const struct walk *w, struct obj with,
                          uint32_t *i)
{
    static const char names[] = "abfnrtv\\", codes[] = "\a\b\f\n\r\t\v\\";
    char ch = with.s[(*i)++];
    const char *found = ch ? strchr(names, ch) : NULL;
    struct obj key, text;

    if (found) {
        py_text_add(out, codes + (found - names), 1);
        return;
    }
    if (ch >= '0' && ch <= '9') {
        key = py_int(ch - '0');
    } else if (ch == 'g' && *i < with.len && with.s[*i] == '<') {
        uint32_t from = ++*i;
        while (*i < with.len && with.s[*i] != '>')
            ++*i;
        key = py_strn(with.s + from, *i - from);
        *i += *i < with.len;
        if (key.len && key.s[0] >= '0' && key.s[0] <= '9')
            key = py_int_parse(p, key, 10);
    } else {
        py_text_add(out, "\\", 1);
        py_text_add(out, &ch, 1);
        return;
    }
    text = group_text(&w->ask.text, w->slots, group_index(p, w->ask.re, key), py_strn("", 0));
    py_text_add(out, text.s, text.len);
}

/* A string with references to groups, or a function of the match. */
static void add_replacement(struct py *p, struct text *out, const struct walk *w, struct obj with)
{
    if (with.type != T_STR) {
        struct obj s = py_call1(p, with, new_match(p, &w->ask, w->slots));
        if (s.type != T_STR)
            py_raise(p, &py_TypeError, "the function given to sub() returns %s, not a string",
                     py_type_text(s));
        py_text_add(out, s.s, s.len);
        return;
    }
    py_charge_scan(p, with.len);
    for (uint32_t i = 0; i < with.len;) {
        if (with.s[i] != '\\' || i + 1 == with.len) {
            py_text_add(out, with.s + i++, 1);
            continue;
        }
        i++;
        add_reference(p, out, w, with, &i);
    }
}

/* sub and subn: all matches, or the first `most`. */
static struct obj substitute(struct py *p, struct call *c, int64_t *count)
{
    bool method = c->self.type == T_REGEX;
    struct walk w = walk_of(p, c, 2, method ? -1 : 4);
    struct obj with = c->a[method ? 0 : 1];
    int64_t most = py_arg_int(p, c, method ? 2 : 3, 0);
    struct text out = {.p = p};
    uint32_t at = 0;

    for (*count = 0; (most == 0 || *count < most) && next_match(p, &w); ++*count) {
        py_text_add(&out, w.ask.text.s + at, (uint32_t)w.slots[0] - at);
        add_replacement(p, &out, &w, with);
        at = (uint32_t)w.slots[1];
    }
    py_text_add(&out, w.ask.text.s + at, w.ask.text.len - at);
    return py_text_done(&out);
}

static struct obj re_sub(struct py *p, struct call *c)
{
    int64_t count;

    return substitute(p, c, &count);
}

static struct obj re_subn(struct py *p, struct call *c)
{
    struct obj pair = py_tuple_new(p, 2);
    int64_t count;

    py_list_add(p, pair.list, substitute(p, c, &count));
    py_list_add(p, pair.list, py_int(count));
    return pair;
}

static struct obj re_escape(struct py *p, struct call *c)
{
    struct obj s = py_arg_str(p, c, 0);
    struct text t = {.p = p};

    for (uint32_t i = 0; i < s.len; i++) {
        if (s.s[i] && strchr("\\.^$*+?{}[]|()-&#~ \t\n\r\v\f", s.s[i]))
            py_text_adds(&t, "\\");
        py_text_add(&t, s.s + i, 1);
    }
    return py_text_done(&t);
}

/* The flags, told apart by the first letter of their names. */
static struct obj re_flag(struct py *p, struct call *c)
{
    char letter = c->row->name[0];

    (void)p;
    return py_int(letter == 'I' ? RE_IGNORECASE : letter == 'M' ? RE_MULTILINE : RE_DOTALL);
}

static struct obj re_error(struct py *p, struct call *c)
{
    (void)p;
    (void)c;
    return (struct obj){.type = T_CLASS, .cls = &py_ValueError};
}

const struct py_row py_re_rows[] = {
    {"compile", re_compile, 1, 2, "pattern flags", 0},
    {"error", re_error, 0, PY_VALUE, NULL, 0},
    {"escape", re_escape, 1, 1, NULL, 0},
    {"findall", re_findall, 2, 3, "pattern string flags", 0},
    {"finditer", re_finditer, 2, 3, "pattern string flags", 0},
    {"fullmatch", re_fullmatch, 2, 3, "pattern string flags", 0},
    {"match", re_match, 2, 3, "pattern string flags", 0},
    {"search", re_search, 2, 3, "pattern string flags", 0},
    {"split", re_split, 2, 4, "pattern string maxsplit flags", 0},
    {"sub", re_sub, 3, 5, "pattern repl string count flags", 0},
    {"subn", re_subn, 3, 5, "pattern repl string count flags", 0},
    {"I", re_flag, 0, PY_VALUE, NULL, 0},
    {"IGNORECASE", re_flag, 0, PY_VALUE, NULL, 0},
    {"M", re_flag, 0, PY_VALUE, NULL, 0},
    {"MULTILINE", re_flag, 0, PY_VALUE, NULL, 0},
    {"S", re_flag, 0, PY_VALUE, NULL, 0},
    {"DOTALL", re_flag, 0, PY_VALUE, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

const struct py_row py_regex_methods[] = {
    {"findall", re_findall, 1, 1, "string", 0},
    {"finditer", re_finditer, 1, 1, "string", 0},
    {"fullmatch", re_fullmatch, 1, 1, "string", 0},
    {"match", re_match, 1, 1, "string", 0},
    {"search", re_search, 1, 1, "string", 0},
    {"split", re_split, 1, 2, "string maxsplit", 0},
    {"sub", re_sub, 2, 3, "repl string count", 0},
    {"subn", re_subn, 2, 3, "repl string count", 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

struct obj py_match_group(struct py *p, struct obj match, struct obj key)
{
    const struct py_match *m = match.match;

    return group_text(&m->text, m->slots, group_index(p, m->re, key), py_none());
}

static struct obj match_group(struct py *p, struct call *c)
{
    struct obj t;

    if (c->npos < 2)
        return py_match_group(p, c->self, c->npos ? c->pos[0] : py_int(0));
    t = py_tuple_new(p, c->npos);
    for (uint32_t i = 0; i < c->npos; i++)
        py_list_add(p, t.list, py_match_group(p, c->self, c->pos[i]));
    return t;
}

static struct obj match_groups(struct py *p, struct call *c)
{
    const struct py_match *m = c->self.match;
    struct ask ask = {m->re, m->text};

    return groups_tuple(p, &ask, m->slots, c->a[0].type == T_UNSET ? py_none() : c->a[0]);
}

static struct obj match_groupdict(struct py *p, struct call *c)
{
    const struct py_match *m = c->self.match;
    struct obj d = py_dict_new(p);

    for (uint32_t i = 1; i < m->re->groups; i++)
        if (m->re->names[i].type == T_STR)
            py_dict_set(p, d.dict, m->re->names[i], py_match_group(p, c->self, py_int(i)));
    return d;
}

static struct obj match_bound(struct py *p, struct call *c, uint32_t which)
{
    uint32_t group =
        group_index(p, c->self.match->re, c->a[0].type == T_UNSET ? py_int(0) : c->a[0]);

    return py_int(c->self.match->slots[2 * group + which]);
}

static struct obj match_start(struct py *p, struct call *c)
{
    return match_bound(p, c, 0);
}

static struct obj match_end(struct py *p, struct call *c)
{
    return match_bound(p, c, 1);
}

static struct obj match_span(struct py *p, struct call *c)
{
    struct obj pair = py_tuple_new(p, 2);

    py_list_add(p, pair.list, match_bound(p, c, 0));
    py_list_add(p, pair.list, match_bound(p, c, 1));
    return pair;
}

const struct py_row py_match_methods[] = {
    {"end", match_end, 0, 1, NULL, 0},
    {"group", match_group, 0, PY_ANY, NULL, 0},
    {"groupdict", match_groupdict, 0, 0, NULL, 0},
    {"groups", match_groups, 0, 1, NULL, 0},
    {"span", match_span, 0, 1, NULL, 0},
    {"start", match_start, 0, 1, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};
