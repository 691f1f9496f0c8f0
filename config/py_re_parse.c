/* Patterns to trees. Called by py_re_compile.c. */
#include <ctype.h>

#include "config/py_re.h"
#include "libxl/base/mem.h"

#define REPEAT_MAX 1000

struct parser {
    struct py *p;
    struct py_re *re;
    const char *at, *end;
    uint32_t nest;
};

static struct re_tree *parse_alternatives(struct parser *c);

void py_re_bad(struct py *p, const struct py_re *re, const char *what)
{
    struct obj s = re->pattern;

    py_raise(p, &py_ValueError, "pattern `%.*s`: %s", s.len > 80 ? 80 : (int)s.len, s.s, what);
}

static _Noreturn void bad(struct parser *c, const char *what)
{
    py_re_bad(c->p, c->re, what);
}

static struct re_tree *new_tree(struct parser *c, enum re_kind kind, struct re_tree *a,
                                struct re_tree *b)
{
    struct re_tree *t = py_alloc(c->p, sizeof(*t));

    py_charge(c->p, 1);
    *t = (struct re_tree){.kind = kind, .a = a, .b = b};
    return t;
}

static struct re_tree *leaf(struct parser *c, enum re_op op, char ch)
{
    struct re_tree *t = new_tree(c, K_LEAF, NULL, NULL);

    t->insn = (struct re_insn){.op = (uint8_t)op, .c = ch};
    return t;
}

static bool more(const struct parser *c)
{
    return c->at < c->end;
}

static bool take(struct parser *c, const char *s)
{
    size_t n = strlen(s);

    if ((size_t)(c->end - c->at) < n || memcmp(c->at, s, n) != 0)
        return false;
    c->at += n;
    return true;
}

static void set_add(uint8_t *set, unsigned c)
{
    set[c / 8] |= (uint8_t)(1u << (c % 8));
}

/* \d \w \s and their opposites; false when c is none of them. */
static bool add_class(uint8_t *set, char c)
{
    char kind = (char)tolower((unsigned char)c);

    if (!strchr("dws", kind))
        return false;
    for (unsigned i = 0; i < 256; i++) {
        bool in = kind == 'd'   ? i < 128 && isdigit((int)i)
                  : kind == 'w' ? i == '_' || (i < 128 && isalnum((int)i))
                                : i < 128 && isspace((int)i);
        if (in == (kind == c))
            set_add(set, i);
    }
    return true;
}

static uint8_t *new_set(struct parser *c)
{
    uint8_t *set = py_alloc(c->p, 32);

    memset(set, 0, 32);
    return set;
}

static struct re_tree *set_leaf(struct parser *c, const uint8_t *set)
{
    struct re_tree *t = leaf(c, RE_SET, 0);

    t->insn.set = set;
    return t;
}

/* A character, or both of its cases. */
static struct re_tree *char_leaf(struct parser *c, char ch)
{
    uint8_t *set;

    if (!(c->re->flags & RE_IGNORECASE) || !isalpha((unsigned char)ch))
        return leaf(c, RE_CHAR, ch);
    set = new_set(c);
    set_add(set, (unsigned char)tolower((unsigned char)ch));
    set_add(set, (unsigned char)toupper((unsigned char)ch));
    return set_leaf(c, set);
}

/* The character that an escape stands for, when it stands for one; c is after the backslash. */
static char escaped_char(struct parser *c)
{
    static const char names[] = "abfnrtv", codes[] = "\a\b\f\n\r\t\v";
    char ch = *c->at++;
    const char *found = ch ? strchr(names, ch) : NULL;
    unsigned v = 0;

    if (ch == 'x') {
        for (int i = 0; i < 2; i++, c->at++) {
            if (!more(c) || !isxdigit((unsigned char)*c->at))
                bad(c, "\\x needs two hexadecimal digits");
            v = v * 16 + (unsigned)(isdigit((unsigned char)*c->at)
                                        ? *c->at - '0'
                                        : tolower((unsigned char)*c->at) - 'a' + 10);
        }
        return (char)v;
    }
    if (ch == '0')
        return '\0';
    if (found)
        return codes[found - names];
    if (isalnum((unsigned char)ch))
        bad(c, "unknown escape");
    return ch;
}

/* One member of [ ], or the class it stands for (then -1). */
static int set_member(struct parser *c, uint8_t *set)
{
    if (!more(c))
        bad(c, "`[` is never closed");
    if (*c->at != '\\')
        return (unsigned char)*c->at++;
    if (++c->at == c->end)
        bad(c, "ends in a backslash");
    if (add_class(set, *c->at)) {
        c->at++;
        return -1;
    }
    return (unsigned char)escaped_char(c);
}

/* [a-z] with IGNORECASE. */
static void add_both_cases(uint8_t *set)
{
    for (unsigned i = 'a'; i <= 'z'; i++) {
        unsigned upper = i - 'a' + 'A';
        if (set[i / 8] >> (i % 8) & 1)
            set_add(set, upper);
        if (set[upper / 8] >> (upper % 8) & 1)
            set_add(set, i);
    }
}

/* [ ... ]; a ] that stands first is an ordinary character. */
static struct re_tree *parse_set(struct parser *c)
{
    uint8_t *set = new_set(c);
    bool negative = take(c, "^"), first = true;

    for (; first || !more(c) || *c->at != ']'; first = false) {
        int from = set_member(c, set), to = from;
        if (from >= 0 && c->end - c->at >= 2 && c->at[0] == '-' && c->at[1] != ']') {
            c->at++;
            to = set_member(c, set);
            if (to < from)
                bad(c, "a range in [ ] runs backwards");
        }
        for (; from >= 0 && from <= to; from++)
            set_add(set, (unsigned)from);
    }
    c->at++;
    if (c->re->flags & RE_IGNORECASE)
        add_both_cases(set);
    for (int i = 0; negative && i < 32; i++)
        set[i] = (uint8_t)~set[i];
    return set_leaf(c, set);
}

/* Numbers of repetitions and groups, bounded. */
static uint32_t read_number(struct parser *c)
{
    uint32_t n = 0;

    while (more(c) && isdigit((unsigned char)*c->at)) {
        n = n * 10 + (uint32_t)(*c->at++ - '0');
        if (n > REPEAT_MAX)
            bad(c, "a number is too large");
    }
    return n;
}

static struct re_tree *back_reference(struct parser *c, uint32_t group)
{
    struct re_tree *t = leaf(c, RE_BACK, 0);

    if (group == 0 || group >= c->re->groups)
        bad(c, "it refers to a group that is not there");
    t->insn.x = (uint16_t)group;
    return t;
}

/* Back references, classes, anchors, escaped characters. */
static struct re_tree *parse_escape(struct parser *c)
{
    uint8_t *set;

    if (!more(c))
        bad(c, "ends in a backslash");
    if (*c->at >= '1' && *c->at <= '9')
        return back_reference(c, read_number(c));
    switch (*c->at) {
    case 'A':
        c->at++;
        return leaf(c, RE_BOT, 0);
    case 'Z':
        c->at++;
        return leaf(c, RE_EOT, 0);
    case 'b':
        c->at++;
        return leaf(c, RE_WORD, 0);
    case 'B':
        c->at++;
        return leaf(c, RE_NWORD, 0);
    default:
        set = new_set(c);
        if (!add_class(set, *c->at))
            return char_leaf(c, escaped_char(c));
        c->at++;
        return set_leaf(c, set);
    }
}

static struct obj read_name(struct parser *c, char closing)
{
    const char *from = c->at;

    while (more(c) && (isalnum((unsigned char)*c->at) || *c->at == '_'))
        c->at++;
    if (c->at == from || !more(c) || *c->at != closing)
        bad(c, "the name of a group is not right");
    return py_strn(from, (size_t)(c->at++ - from));
}

static struct re_tree *named_reference(struct parser *c)
{
    struct obj name = read_name(c, ')');

    for (uint32_t i = 1; i < c->re->groups; i++)
        if (c->re->names[i].type == T_STR && py_equal(c->p, c->re->names[i], name))
            return back_reference(c, i);
    bad(c, "it refers to a group that is not there");
}

static struct re_tree *close_group(struct parser *c, struct re_tree *t)
{
    t->a = parse_alternatives(c);
    if (!take(c, ")"))
        bad(c, "`(` is never closed");
    return t;
}

static struct re_tree *parse_capture(struct parser *c, bool named)
{
    struct re_tree *t = new_tree(c, K_GROUP, NULL, NULL);

    if (c->re->groups == RE_GROUPS_MAX)
        bad(c, "it has too many groups");
    t->group = c->re->groups++;
    if (named)
        c->re->names[t->group] = read_name(c, '>');
    return close_group(c, t);
}

/* (?i) and the like. */
static struct re_tree *parse_flags(struct parser *c)
{
    for (; more(c) && *c->at != ')'; c->at++) {
        switch (*c->at) {
        case 'i':
            c->re->flags |= RE_IGNORECASE;
            break;
        case 'm':
            c->re->flags |= RE_MULTILINE;
            break;
        case 's':
            c->re->flags |= RE_DOTALL;
            break;
        default:
            bad(c, "this kind of (?...) is not supported");
        }
    }
    if (!take(c, ")"))
        bad(c, "`(` is never closed");
    return new_tree(c, K_EMPTY, NULL, NULL);
}

/* All that begins with an opening parenthesis. */
static struct re_tree *parse_group(struct parser *c)
{
    struct re_tree *t;

    if (++c->nest > RE_NEST_MAX)
        bad(c, "its groups are nested too deep");
    if (!take(c, "?")) {
        t = parse_capture(c, false);
    } else if (take(c, ":")) {
        t = parse_alternatives(c);
        if (!take(c, ")"))
            bad(c, "`(` is never closed");
    } else if (take(c, "P<")) {
        t = parse_capture(c, true);
    } else if (take(c, "P=")) {
        t = named_reference(c);
    } else if (take(c, "=") || take(c, "!")) {
        t = new_tree(c, K_LOOK, NULL, NULL);
        t->negative = c->at[-1] == '!';
        t = close_group(c, t);
    } else {
        t = parse_flags(c);
    }
    c->nest--;
    return t;
}

/* One thing that can be repeated. */
static struct re_tree *parse_atom(struct parser *c)
{
    char ch = *c->at++;
    bool lines = c->re->flags & RE_MULTILINE;

    switch (ch) {
    case '(':
        return parse_group(c);
    case '[':
        return parse_set(c);
    case '\\':
        return parse_escape(c);
    case '.':
        return leaf(c, c->re->flags & RE_DOTALL ? RE_ALL : RE_ANY, 0);
    case '^':
        return leaf(c, lines ? RE_BOL : RE_BOT, 0);
    case '$':
        return leaf(c, lines ? RE_EOL : RE_END, 0);
    case '*':
    case '+':
    case '?':
        bad(c, "there is nothing to repeat");
    default:
        return char_leaf(c, ch);
    }
}

/* {2}, {2,}, {,3}, {2,3}; false when the brace is an ordinary character. */
static bool take_braces(struct parser *c, uint32_t *min, uint32_t *max)
{
    const char *from = c->at;

    if (!take(c, "{"))
        return false;
    *min = read_number(c);
    *max = *min;
    if (take(c, ","))
        *max = more(c) && isdigit((unsigned char)*c->at) ? read_number(c) : RE_NO_MAX;
    if (c->at > from + 1 && take(c, "}"))
        return true;
    c->at = from;
    return false;
}

/* An atom with * + ? or { }, lazy with another ?. */
static struct re_tree *parse_repeated(struct parser *c)
{
    struct re_tree *t = parse_atom(c), *r;
    uint32_t min, max;

    while (more(c)) {
        if (take(c, "*"))
            min = 0, max = RE_NO_MAX;
        else if (take(c, "+"))
            min = 1, max = RE_NO_MAX;
        else if (take(c, "?"))
            min = 0, max = 1;
        else if (!take_braces(c, &min, &max))
            break;
        if (t->kind == K_REPEAT)
            bad(c, "something is repeated twice");
        if (max < min)
            bad(c, "{ } has its numbers the wrong way round");
        r = new_tree(c, K_REPEAT, t, NULL);
        r->min = min;
        r->max = max;
        r->lazy = take(c, "?");
        t = r;
    }
    return t;
}

static struct re_tree *parse_sequence(struct parser *c)
{
    struct re_tree *first = NULL, **end = &first, *cat;

    while (more(c) && *c->at != '|' && *c->at != ')') {
        cat = new_tree(c, K_CAT, parse_repeated(c), NULL);
        *end = cat;
        end = &cat->b;
    }
    return first ? first : new_tree(c, K_EMPTY, NULL, NULL);
}

static struct re_tree *parse_alternatives(struct parser *c)
{
    struct re_tree *first = parse_sequence(c), **end = &first;

    while (take(c, "|")) { /* a | (b | (c ...)), so that emitting walks along */
        *end = new_tree(c, K_ALT, *end, parse_sequence(c));
        end = &(*end)->b;
    }
    return first;
}

struct re_tree *py_re_parse(struct py *p, struct py_re *re)
{
    struct parser c = {
        .p = p, .re = re, .at = re->pattern.s, .end = re->pattern.s + re->pattern.len};
    struct re_tree *t = parse_alternatives(&c);

    if (more(&c))
        bad(&c, "`)` without `(`");
    return t;
}
