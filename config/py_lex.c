/*
 * Text to tokens, with INDENT and DEDENT. Called by the parser, one token at a time.
 * Literals are in py_lex_lit.c.
 */
#include <ctype.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* In the order of enum tok from TOK_AND on. */
static const char *const keywords[] = {
    "and",  "as",     "assert",  "break",    "continue", "def",    "del",   "elif",
    "else", "except", "finally", "for",      "from",     "global", "if",    "import",
    "in",   "is",     "lambda",  "not",      "or",       "pass",   "raise", "return",
    "try",  "while",  "yield",   "nonlocal", "False",    "None",   "True"};

/* Known, but not part of the language; and what to write instead. */
static const struct {
    const char *word, *hint;
} forbidden[] = {
    {"class", "a dict holds values that belong together, a function computes them"},
    {"with", "config files cannot open files, so nothing needs to be closed"},
    {"exec", "execfile('NAME') runs a file that stands beside this one"},
    {"async", "config files compute; there is nothing to wait for"},
    {"await", "config files compute; there is nothing to wait for"},
};

const char *py_forbidden_hint(const struct sym *s)
{
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
        if (strlen(forbidden[i].word) == s->len && memcmp(forbidden[i].word, s->name, s->len) == 0)
            return forbidden[i].hint;
    return NULL;
}

static const uint8_t single[128] = {
    ['('] = TOK_LPAREN,    [')'] = TOK_RPAREN, ['['] = TOK_LBRACKET, [']'] = TOK_RBRACKET,
    ['{'] = TOK_LBRACE,    ['}'] = TOK_RBRACE, [','] = TOK_COMMA,    [':'] = TOK_COLON,
    [';'] = TOK_SEMICOLON, ['.'] = TOK_DOT,    ['='] = TOK_ASSIGN,   ['+'] = TOK_PLUS,
    ['-'] = TOK_MINUS,     ['*'] = TOK_STAR,   ['/'] = TOK_SLASH,    ['%'] = TOK_PERCENT,
    ['&'] = TOK_AMPER,     ['|'] = TOK_PIPE,   ['^'] = TOK_CARET,    ['~'] = TOK_TILDE,
    ['<'] = TOK_LT,        ['>'] = TOK_GT,     ['`'] = TOK_BACKQUOTE};

/* Longer ones first. */
static const struct {
    char text[4];
    uint8_t len, tok;
} operators[] = {{"**=", 3, TOK_DSTAR_EQ},  {"//=", 3, TOK_DSLASH_EQ}, {"<<=", 3, TOK_LSHIFT_EQ},
                 {">>=", 3, TOK_RSHIFT_EQ}, {"==", 2, TOK_EQ},         {"!=", 2, TOK_NE},
                 {"<>", 2, TOK_NE},         {"<=", 2, TOK_LE},         {">=", 2, TOK_GE},
                 {"**", 2, TOK_DSTAR},      {"//", 2, TOK_DSLASH},     {"<<", 2, TOK_LSHIFT},
                 {">>", 2, TOK_RSHIFT},     {"+=", 2, TOK_PLUS_EQ},    {"-=", 2, TOK_MINUS_EQ},
                 {"*=", 2, TOK_STAR_EQ},    {"/=", 2, TOK_SLASH_EQ},   {"%=", 2, TOK_PERCENT_EQ},
                 {"&=", 2, TOK_AMPER_EQ},   {"|=", 2, TOK_PIPE_EQ},    {"^=", 2, TOK_CARET_EQ},
                 {"->", 2, TOK_ARROW},      {":=", 2, TOK_WALRUS}};

/* What people type by habit of other languages, or paste from word processors. */
static const struct {
    const char *text, *hint;
} foreign[] = {
    {"\xe2\x80\x9c", "text stands in straight quotes: \"...\""},
    {"\xe2\x80\x9d", "text stands in straight quotes: \"...\""},
    {"\xe2\x80\x98", "text stands in straight quotes: '...'"},
    {"\xe2\x80\x99", "text stands in straight quotes: '...'"},
    {"\xc2\xa0", "this blank is a no-break space: retype it"},
    {"\xe2\x80\x93", "this is a typographic dash: write `-`"},
    {"!", "write `not`"},
    {"$", "shell variables do not work here; names stand without a sign"},
    {"?", "write `a if condition else b`"},
    {"@", "decorators are not part of this language"},
};

/* Which keyword a name is. Each different name is asked for once. */
static uint8_t keyword_of(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
        if (keywords[i][0] == name[0] && strlen(keywords[i]) == len &&
            memcmp(keywords[i], name, len) == 0)
            return (uint8_t)(TOK_AND + i);
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
        if (strlen(forbidden[i].word) == len && memcmp(forbidden[i].word, name, len) == 0)
            return TOK_FORBIDDEN;
    return TOK_NAME;
}

/* The struct of a name. Names that collide are paid for in steps. */
struct sym *py_intern(struct py *p, const char *name, size_t len)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    struct sym *s;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    for (s = p->syms[hash % PY_SYM_BUCKETS]; s; s = s->next) {
        if (s->hash == hash && s->len == len && memcmp(s->name, name, len) == 0)
            return s;
        p->steps++;
    }
    s = py_alloc(p, sizeof(*s));
    *s = (struct sym){.name = name, .len = (uint32_t)len, .hash = hash};
    s->tok = keyword_of(name, len);
    s->next = p->syms[hash % PY_SYM_BUCKETS];
    p->syms[hash % PY_SYM_BUCKETS] = s;
    return s;
}

void py_lex_init(struct py *p, struct py_lex *lex, uint32_t at, uint32_t len, bool inside)
{
    memset(lex, 0, sizeof(*lex));
    lex->at = at;
    lex->len = len;
    lex->nindents = 1;
    lex->line_start = !inside;
    lex->inside = inside;
    lex->tok.type = TOK_NEWLINE;
    lex->tok.end = at;
    if (inside) {
        lex->open[0] = at;
        lex->nopen = 1;
    }
    p->lex = lex;
}

static char peek(const struct py *p, const struct py_lex *lex, uint32_t ahead)
{
    return lex->at + ahead < lex->len ? p->text[lex->at + ahead] : '\0';
}

static void skip_comment(const struct py *p, struct py_lex *lex)
{
    const char *nl = memchr(p->text + lex->at, '\n', lex->len - lex->at);

    lex->at = nl ? (uint32_t)(nl - p->text) : lex->len;
}

/* Measures the blanks of a line's beginning; tabs go to the next multiple of 8. */
static uint32_t measure_indent(const struct py *p, struct py_lex *lex)
{
    uint32_t col = 0;

    for (;; lex->at++) {
        char c = peek(p, lex, 0);
        if (c == ' ')
            col++;
        else if (c == '\t')
            col = (col + 8) & ~7u;
        else if (c == '\f' || c == '\r')
            col = 0;
        else
            return col;
    }
}

static void dedent_to(struct py *p, struct py_lex *lex, uint32_t col)
{
    while (lex->nindents > 1 && col < lex->indents[lex->nindents - 1]) {
        lex->nindents--;
        lex->dedents++;
    }
    if (lex->nindents > 1 ? col != lex->indents[lex->nindents - 1] : col > lex->base)
        py_syntax(p, lex->at, lex->at + 1, "use the same blanks for all lines of a block",
                  "this line's indentation fits no block before it");
}

static void indent_to(struct py *p, struct py_lex *lex, uint32_t col)
{
    if (lex->nindents > PY_NEST_MAX)
        py_raise_at(p, &py_Limit, lex->at, lex->at + 1, NULL, "blocks are nested more than %d deep",
                    PY_NEST_MAX);
    lex->indents[lex->nindents++] = col;
    lex->tok.type = TOK_INDENT;
}

/*
 * Blanks at the start of a line that has something on it. At top level they mean nothing unless a
 * block begins: xl ignores them, so files with a stray blank there exist.
 */
static void start_line(struct py *p, struct py_lex *lex)
{
    uint32_t col, below;

    for (;;) {
        col = measure_indent(p, lex);
        if (peek(p, lex, 0) == '#')
            skip_comment(p, lex);
        if (peek(p, lex, 0) != '\n' || lex->at >= lex->len)
            break;
        lex->at++;
    }
    lex->line_start = false;
    if (lex->at >= lex->len)
        col = 0;
    below = lex->nindents > 1 ? lex->indents[lex->nindents - 1] : lex->base;
    if (col > below && (lex->after_colon || lex->nindents > 1))
        indent_to(p, lex, col);
    else if (lex->nindents == 1)
        lex->base = col;
    else
        dedent_to(p, lex, col);
}

/* Blanks, comments and continued lines; true at a newline that counts. */
static bool skip_blanks(struct py *p, struct py_lex *lex)
{
    for (;; lex->at++) {
        switch (peek(p, lex, 0)) {
        case ' ':
        case '\t':
        case '\r':
        case '\f':
            break;
        case '#':
            skip_comment(p, lex);
            lex->at--;
            break;
        case '\\':
            if (peek(p, lex, 1) == '\r' && peek(p, lex, 2) == '\n')
                lex->at++;
            if (peek(p, lex, 1) != '\n')
                py_syntax(p, lex->at, lex->at + 1,
                          "a `\\` continues a line only as its last character", "stray `\\`");
            lex->at++;
            break;
        case '\n':
            if (!lex->nopen)
                return true;
            break;
        default:
            return false;
        }
    }
}

/* Makes a token of the next len bytes. */
static void take(struct py_lex *lex, int type, uint32_t len)
{
    lex->tok.type = (uint8_t)type;
    lex->tok.at = lex->at;
    lex->at += len;
    lex->tok.end = lex->at;
}

/* The end of the text: a NEWLINE if the last line has none, then DEDENTs, then END. */
static void lex_end(struct py *p, struct py_lex *lex)
{
    if (lex->nopen) {
        uint32_t at = lex->open[lex->nopen - 1];
        py_syntax(p, at, at + 1, NULL, "this `%c` is never closed", p->text[at]);
    }
    if (lex->last_type != TOK_NEWLINE && lex->last_type != TOK_DEDENT &&
        lex->last_type != TOK_END) {
        take(lex, TOK_NEWLINE, 0);
        return;
    }
    dedent_to(p, lex, 0);
    take(lex, TOK_END, 0);
    if (lex->dedents) {
        lex->dedents--;
        lex->tok.type = TOK_DEDENT;
    }
}

/* Brackets have to match; the error names the line of the opening one. */
static void close_bracket(struct py *p, struct py_lex *lex, char c)
{
    char opened;

    if (!lex->nopen)
        py_syntax(p, lex->at, lex->at + 1, NULL, "`%c` without an opening bracket", c);
    opened = p->text[lex->open[--lex->nopen]];
    if ((c == ')' && opened != '(') || (c == ']' && opened != '[') || (c == '}' && opened != '{'))
        py_syntax(p, lex->at, lex->at + 1, NULL, "`%c` does not close the `%c` of line %u", c,
                  opened, py_line_of(p, lex->open[lex->nopen]));
}

/* What can begin no token; common slips get a hint. */
static _Noreturn void bad_character(struct py *p, struct py_lex *lex)
{
    unsigned char c = (unsigned char)p->text[lex->at];

    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        size_t n = strlen(foreign[i].text);
        if (lex->len - lex->at >= n && memcmp(p->text + lex->at, foreign[i].text, n) == 0)
            py_syntax(p, lex->at, lex->at + (uint32_t)n, foreign[i].hint,
                      "`%s` does not belong here", foreign[i].text);
    }
    if (c < 0x20 || c == 0x7f)
        py_syntax(p, lex->at, lex->at + 1, "is this a text file?", "control character 0x%02x", c);
    if (c < 0x80)
        py_syntax(p, lex->at, lex->at + 1, NULL, "`%c` does not belong here", c);
    py_syntax(p, lex->at, lex->at + 1, "letters with accents are fine inside quotes and comments",
              "a character that is not ASCII stands outside quotes");
}

/* Operators of several characters first, then single ones; keeps track of brackets. */
static void lex_operator(struct py *p, struct py_lex *lex)
{
    unsigned char c = (unsigned char)peek(p, lex, 0);
    char after = peek(p, lex, 1);

    if (c >= 0x80)
        bad_character(p, lex);
    /* f"{x:=5}" has no := but a format that begins with = */
    if ((after == '=' && !(c == ':' && lex->inside && lex->nopen == 1)) || after == '>' ||
        after == (char)c)
        for (size_t i = 0; i < ARRAY_LEN(operators); i++)
            if (lex->len - lex->at >= operators[i].len &&
                memcmp(operators[i].text, p->text + lex->at, operators[i].len) == 0) {
                take(lex, operators[i].tok, operators[i].len);
                return;
            }
    if (c == '!' && lex->inside && lex->nopen == 1) {
        take(lex, TOK_BANG, 1);
        return;
    }
    if (!single[c])
        bad_character(p, lex);
    if (c == '(' || c == '[' || c == '{') {
        if (lex->nopen == PY_NEST_MAX)
            py_raise_at(p, &py_Limit, lex->at, lex->at + 1, NULL,
                        "brackets are nested more than %d deep", PY_NEST_MAX);
        lex->open[lex->nopen++] = lex->at;
    } else if (c == ')' || c == ']' || c == '}') {
        close_bracket(p, lex, (char)c);
    }
    take(lex, single[c], 1);
}

/* Names and keywords. */
static void lex_word(struct py *p, struct py_lex *lex)
{
    uint32_t n = 1;
    struct sym *s;

    while (isalnum((unsigned char)peek(p, lex, n)) || peek(p, lex, n) == '_')
        n++;
    s = py_intern(p, p->text + lex->at, n);
    take(lex, s->tok, n);
    lex->tok.sym = s;
}

/* The next token. The lexer looks no further than it has to, so errors come in order. */
void py_next(struct py *p)
{
    struct py_lex *lex = p->lex;
    char c;

    lex->last_type = lex->tok.type;
    lex->last_end = lex->tok.end;
    if (lex->line_start) {
        lex->tok.type = TOK_END;
        start_line(p, lex);
        if (lex->tok.type == TOK_INDENT) {
            take(lex, TOK_INDENT, 0);
            return;
        }
    }
    if (lex->dedents) {
        lex->dedents--;
        take(lex, TOK_DEDENT, 0);
        return;
    }
    if (skip_blanks(p, lex)) {
        take(lex, TOK_NEWLINE, 1);
        lex->line_start = true;
        lex->after_colon = lex->last_type == TOK_COLON;
        return;
    }
    c = peek(p, lex, 0);
    if (lex->at >= lex->len)
        lex_end(p, lex);
    else if (py_lex_string(p, lex))
        return;
    else if (isalpha((unsigned char)c) || c == '_')
        lex_word(p, lex);
    else if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)peek(p, lex, 1))))
        py_lex_number(p, lex);
    else
        lex_operator(p, lex);
}
