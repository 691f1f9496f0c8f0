/* What the parsers share: nodes, scopes, parameters, targets, print, and "expected X" errors. */
#include <stdarg.h>
#include <stdio.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* Texts in the source that explain themselves better than "unexpected". */
static const struct {
    const char *text, *hint;
    bool doubled; /* one of its characters was taken as an operator already */
} mistakes[] = {
    {"&&", "write `and`", true},
    {"||", "write `or`", true},
    {"++", "write `+= 1`", true},
    {"--", "write `-= 1`", true},
    {"//", "comments begin with `#`", false},
    {"/*", "comments begin with `#`", false},
    {"/", "text stands in quotes: \"/...\"", false},
    {"=", "`=` sets a variable; `==` compares", false},
    {"if", "`else if` is written `elif`", false},
    {"{", "blocks begin with `:` and are indented", false},
    {"then", "write `:` instead of `then`", false},
};

struct node *py_node(struct py *p, enum node_kind kind, uint32_t at)
{
    struct node *n = py_alloc(p, sizeof(*n));

    p->steps++;
    memset(n, 0, sizeof(*n));
    n->kind = (uint8_t)kind;
    n->at = at;
    n->end = p->lex->tok.end;
    return n;
}

struct node *py_node_end(struct py *p, struct node *n)
{
    n->end = p->lex->last_end;
    return n;
}

struct node **py_push(struct node *owner, struct node **end, struct node *item)
{
    *end = item;
    for (; item; item = item->next) {
        owner->n += owner->n < UINT16_MAX;
        end = &item->next;
    }
    return end;
}

bool py_accept(struct py *p, int tok)
{
    if (p->lex->tok.type != tok)
        return false;
    py_next(p);
    return true;
}

void py_expect(struct py *p, int tok, const char *what)
{
    if (!py_accept(p, tok))
        py_unexpected(p, what);
}

void py_nest_in(struct py *p)
{
    if (++p->nest > PY_PARSE_DEPTH_MAX)
        py_raise_at(p, &py_Limit, p->lex->tok.at, p->lex->tok.end, NULL,
                    "this is nested more than %d deep", PY_PARSE_DEPTH_MAX);
}

void py_nest_out(struct py *p)
{
    p->nest--;
}

static bool stands_at(const struct py *p, const char *text, uint32_t at)
{
    size_t n = strlen(text);

    return at < p->len && p->len - at >= n && memcmp(p->text + at, text, n) == 0;
}

/* The hint for an unexpected token: a habit of other languages, or a bracket left open. */
static const char *hint_for(struct py *p, const struct token *tok)
{
    uint32_t open = p->lex->nopen ? p->lex->open[p->lex->nopen - 1] : 0;

    if (p->lex->nopen && py_line_of(p, open) != py_line_of(p, tok->at))
        return py_printf(p, "the `%c` of line %u is still open", p->text[open],
                         py_line_of(p, open));
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++)
        if ((tok->type != TOK_NEWLINE && stands_at(p, mistakes[i].text, tok->at)) ||
            (mistakes[i].doubled && (stands_at(p, mistakes[i].text, tok->at - 1) ||
                                     stands_at(p, mistakes[i].text, tok->at - 2))))
            return mistakes[i].hint;
    return NULL;
}

/* The text depends on what kind of token is in the way. */
void py_unexpected(struct py *p, const char *expected)
{
    const struct token *tok = &p->lex->tok;
    int len = tok->end - tok->at > 40 ? 40 : (int)(tok->end - tok->at);
    const char *hint = hint_for(p, tok), *text = p->text + tok->at;

    switch (tok->type) {
    case TOK_END:
    case TOK_NEWLINE:
    case TOK_DEDENT:
        py_syntax(p, tok->at, tok->at + 1, hint, "%s is expected, but the %s ends here", expected,
                  tok->at >= p->len ? "file" : "line");
    case TOK_INDENT:
        py_syntax(p, p->lex->at, p->lex->at + 1,
                  "only the lines of a block (after `:`) are indented", "unexpected indentation");
    case TOK_FORBIDDEN:
        py_syntax(p, tok->at, tok->end, py_forbidden_hint(tok->sym),
                  "`%.*s` is not part of this language", len, text);
    case TOK_CONST:
    case TOK_FSTRING:
        py_syntax(p, tok->at, tok->end, hint, "%s is expected here, not this %s", expected,
                  tok->type == TOK_CONST && tok->value.type != T_STR ? "number" : "string");
    default:
        py_syntax(p, tok->at, tok->end, hint, "%s is expected here, not `%.*s`", expected, len,
                  text);
    }
}

void py_scope_open(struct py *p, struct scope *s)
{
    s->def = py_alloc(p, sizeof(*s->def));
    memset(s->def, 0, sizeof(*s->def));
    s->outer = p->scope;
    s->loops = p->loops;
    p->scope = s;
    p->loops = s->is_comp ? p->loops : 0;
}

void py_scope_close(struct py *p, struct scope *s)
{
    p->scope = s->outer;
    p->loops = s->loops;
}

static bool is_nonlocal(const struct py *p, const struct sym *name)
{
    for (uint32_t i = 0; p->scope && i < p->scope->nglobals; i++)
        if (p->scope->globals[i] == name)
            return p->scope->outer_names >> i & 1;
    return false;
}

/* Notes that a name is assigned in the function around; once for each name. */
void py_scope_add(struct py *p, struct sym *name)
{
    struct scope *s = p->scope;

    if (!s)
        return;
    for (uint32_t i = 0; i < s->nglobals; i++)
        if (s->globals[i] == name)
            return;
    for (uint32_t i = 0; i < s->def->nlocals; i++)
        if (s->def->locals[i] == name)
            return;
    py_charge_scan(p, s->def->nlocals);
    if (s->def->nlocals == s->cap) {
        uint32_t cap = s->cap ? 2 * s->cap : 8;
        s->def->locals = py_grow(p, s->def->locals, s->cap * sizeof(name), cap * sizeof(name));
        s->cap = cap;
    }
    s->def->locals[s->def->nlocals++] = name;
}

/* NAME, NAME=DEFAULT, *NAME or **NAME. */
static void parse_param(struct py *p, struct scope *s, struct param *param, bool annotated)
{
    int stars = p->lex->tok.type == TOK_STAR ? 1 : p->lex->tok.type == TOK_DSTAR ? 2 : 0;
    uint32_t before = s->def->nlocals;

    if (stars)
        py_next(p);
    *param = (struct param){.name = p->lex->tok.sym, .stars = (uint8_t)stars};
    py_expect(p, TOK_NAME, "the name of a parameter");
    py_scope_add(p, param->name);
    if (s->def->nlocals == before)
        py_syntax(p, p->lex->last_end - param->name->len, p->lex->last_end, NULL,
                  "parameter `%.*s` is there twice", (int)param->name->len, param->name->name);
    if (annotated && py_accept(p, TOK_COLON))
        py_parse_expr(p);
    p->scope = s->outer; /* defaults are evaluated outside */
    if (!stars && py_accept(p, TOK_ASSIGN))
        param->initial = py_parse_expr(p);
    p->scope = s;
}

struct func_def *py_parse_params(struct py *p, struct scope *s, int closing)
{
    struct func_def *def = s->def;
    uint32_t cap = 0;

    while (p->lex->tok.type != closing) {
        if (def->nparams == cap) {
            def->params = py_grow(p, def->params, cap * sizeof(def->params[0]),
                                  (cap + 8) * sizeof(def->params[0]));
            cap += 8;
        }
        parse_param(p, s, &def->params[def->nparams], closing == TOK_RPAREN);
        def->nparams++;
        if (!py_accept(p, TOK_COMMA))
            break;
    }
    return def;
}

/* What cannot be assigned to, with the most likely reason. */
static _Noreturn void bad_target(struct py *p, const struct node *n)
{
    if (n->kind == N_CONST && n->value.type == T_STR)
        py_syntax(p, n->at, n->end, "the name of a variable stands without quotes",
                  "a value cannot be assigned to a string");
    if (n->kind == N_BINARY)
        py_syntax(p, n->at, n->end, "names are made of letters, digits and `_`",
                  "a value cannot be assigned to an expression");
    if (n->kind == N_CALL)
        py_syntax(p, n->at, n->end, NULL, "a value cannot be assigned to a call");
    if (n->kind == N_COMPARE)
        py_syntax(p, n->at, n->end, NULL, "a value cannot be assigned to a comparison");
    py_syntax(p, n->at, n->end, NULL, "a value cannot be assigned to this");
}

void py_set_target(struct py *p, struct node *n)
{
    int stars = 0;

    switch (n->kind) {
    case N_NAME:
        py_scope_add(p, n->name);
        n->op = is_nonlocal(p, n->name);
        break;
    case N_TUPLE:
    case N_LIST:
        for (struct node *item = n->items; item; item = item->next) {
            py_set_target(p, item->kind == N_STAR ? item->a : item);
            stars += item->kind == N_STAR;
        }
        if (stars > 1)
            py_syntax(p, n->at, n->end, NULL, "only one name can take the rest with `*`");
        break;
    case N_INDEX:
        break;
    default:
        bad_target(p, n);
    }
}

/* A statement that begins with `print`, used neither as a variable nor as an object. */
bool py_is_print(const struct py *p)
{
    const struct token *tok = &p->lex->tok;
    uint32_t i = tok->end;

    if (tok->type != TOK_NAME || tok->sym->len != 5 || memcmp(tok->sym->name, "print", 5) != 0)
        return false;
    while (i < p->len && (p->text[i] == ' ' || p->text[i] == '\t'))
        i++;
    return i == p->len || !memchr("=.,:", p->text[i], 4);
}

/* The call print(...) at the left end of an expression, unless it is the whole of it. */
static struct node *find_inner_print(struct node *whole)
{
    struct node *n = whole;

    while (n->kind == N_BINARY || n->kind == N_TUPLE)
        n = n->kind == N_BINARY ? n->a : n->items;
    return n != whole && n->kind == N_CALL && n->fn->kind == N_NAME ? n : NULL;
}

/*
 * print(a, b) is a call, print a, b the statement of Python 2; print ("%s") % a looks like a call
 * with something done to its result, but is a statement: there the call is undone. With sep=, end=
 * or file= it is a call all the same.
 */
static struct node *parse_print_call(struct py *p, enum node_kind *kind)
{
    struct node *whole = py_parse_exprs(p), *inner = find_inner_print(whole);
    bool keywords = false;

    for (const struct node *arg = inner ? inner->args : NULL; arg; arg = arg->next)
        keywords |= arg->kind == N_KEYWORD;
    *kind = keywords || whole->kind == N_CALL ? N_EXPR : N_PRINT;
    if (inner && !keywords) {
        struct node copy = *inner, *args = inner->args;
        if (args && !args->next && args->kind != N_STAR) {
            *inner = *args;
        } else {
            inner->kind = N_TUPLE;
            inner->items = args;
        }
        inner->next = copy.next;
    }
    return whole;
}

struct node *py_parse_print(struct py *p)
{
    struct node *n = py_node(p, N_PRINT, p->lex->tok.at);
    uint32_t i = p->lex->tok.end;

    while (i < p->len && p->text[i] == ' ')
        i++;
    if (i < p->len && p->text[i] == '(') {
        enum node_kind kind;

        n->a = parse_print_call(p, &kind);
        n->kind = kind;
        return py_node_end(p, n);
    }
    py_next(p);
    if (py_accept(p, TOK_RSHIFT)) { /* print >>sys.stderr, text */
        py_parse_expr(p);
        py_accept(p, TOK_COMMA);
    }
    if (p->lex->tok.type != TOK_NEWLINE && p->lex->tok.type != TOK_SEMICOLON)
        n->a = py_parse_exprs(p);
    return py_node_end(p, n);
}

void py_syntax(struct py *p, uint32_t at, uint32_t end, const char *hint, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    py_raise_at(p, &py_SyntaxError, at, end, hint, "%s", text);
}
