/*
 * Atoms (names, literals, bracketed things, f-strings) and what may follow them: calls, indices,
 * attributes. Called by py_parse_expr.c.
 */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* *a, **a, name=value, a generator, or a value. */
static struct node *parse_argument(struct py *p)
{
    uint32_t at = p->lex->tok.at;
    struct node *n, *value;

    if (p->lex->tok.type == TOK_STAR || p->lex->tok.type == TOK_DSTAR) {
        bool is_dict = p->lex->tok.type == TOK_DSTAR;
        py_next(p);
        n = py_node(p, is_dict ? N_KEYWORD : N_STAR, at);
        value = py_parse_expr(p);
        if (is_dict) {
            n->keyword = NULL;
            n->arg = value;
        } else {
            n->a = value;
        }
        return py_node_end(p, n);
    }
    value = py_parse_expr(p);
    if (p->lex->tok.type == TOK_FOR)
        return py_parse_comp(p, value, NULL, TOK_LPAREN);
    if (value->kind != N_NAME || !py_accept(p, TOK_ASSIGN))
        return value;
    n = py_node(p, N_KEYWORD, at);
    n->keyword = value->name;
    n->arg = py_parse_expr(p);
    return py_node_end(p, n);
}

/* (...) after something. */
static struct node *parse_call(struct py *p, struct node *fn)
{
    struct node *n = py_node(p, N_CALL, fn->at), **end = &n->args;
    bool keywords = false;

    n->fn = fn;
    n->args = NULL;
    py_next(p);
    while (p->lex->tok.type != TOK_RPAREN) {
        struct node *arg = parse_argument(p);
        if (arg->kind == N_KEYWORD)
            keywords = true;
        else if (keywords && arg->kind != N_STAR)
            py_syntax(p, arg->at, arg->end, NULL,
                      "a positional argument cannot follow name=value arguments");
        end = py_push(n, end, arg);
        if (!py_accept(p, TOK_COMMA))
            break;
    }
    py_expect(p, TOK_RPAREN, "`,` or `)`");
    return py_node_end(p, n);
}

/* A slice's bound may be left out. */
static struct node *parse_bound(struct py *p)
{
    int tok = p->lex->tok.type;

    return tok == TOK_COLON || tok == TOK_RBRACKET ? NULL : py_parse_exprs(p);
}

/* [...] after something: an index or a slice. */
static struct node *parse_index(struct py *p, struct node *of)
{
    struct node *n = py_node(p, N_INDEX, of->at), *slice;
    uint32_t at;

    py_next(p);
    at = p->lex->tok.at;
    n->a = of;
    n->b = p->lex->tok.type == TOK_COLON ? NULL : py_parse_exprs(p);
    n->c = NULL;
    if (p->lex->tok.type == TOK_COLON) {
        slice = py_node(p, N_SLICE, at);
        slice->a = n->b;
        py_next(p);
        slice->b = parse_bound(p);
        slice->c = py_accept(p, TOK_COLON) ? parse_bound(p) : NULL;
        n->b = py_node_end(p, slice);
    }
    py_expect(p, TOK_RBRACKET, "`]`");
    return py_node_end(p, n);
}

/* .name; keywords are allowed there, as nothing else could stand there. */
static struct node *parse_attr(struct py *p, struct node *of)
{
    struct node *n = py_node(p, N_ATTR, of->at);

    py_next(p);
    if (p->lex->tok.type < TOK_AND && p->lex->tok.type != TOK_NAME)
        py_unexpected(p, "a name");
    n->of = of;
    n->attr = p->lex->tok.sym;
    py_next(p);
    return py_node_end(p, n);
}

/* for TARGETS in ITER if COND ... behind the element (and value) of a comprehension. */
struct node *py_parse_comp(struct py *p, struct node *elt, struct node *val, int what)
{
    struct node *n = py_node(p, N_COMP, elt->at), **end;
    struct scope scope = {.is_comp = true};

    n->op = (uint8_t)what;
    n->elt = elt;
    n->val = val;
    n->clauses = NULL;
    end = &n->clauses;
    py_scope_open(p, &scope);
    n->def = scope.def;
    while (p->lex->tok.type == TOK_FOR) {
        struct node *clause = py_node(p, N_COMP_FOR, p->lex->tok.at), **cond;
        py_next(p);
        clause->comp_target = py_parse_targets(p);
        py_expect(p, TOK_IN, "`in`");
        clause->comp_iter = py_parse_no_cond(p);
        clause->conditions = NULL;
        cond = &clause->conditions;
        while (py_accept(p, TOK_IF))
            cond = py_push(clause, cond, py_parse_no_cond(p));
        end = py_push(n, end, py_node_end(p, clause));
    }
    py_scope_close(p, &scope);
    return py_node_end(p, n);
}

/* ( ... ): a tuple, a generator (made at once, as a list), or just grouping. */
static struct node *parse_paren(struct py *p)
{
    uint32_t at = p->lex->tok.at;
    struct node *n;

    py_next(p);
    if (p->lex->tok.type == TOK_RPAREN) {
        n = py_node(p, N_TUPLE, at);
        n->items = NULL;
    } else {
        n = py_parse_exprs(p);
        if (p->lex->tok.type == TOK_FOR)
            n = py_parse_comp(p, n, NULL, TOK_LPAREN);
    }
    py_expect(p, TOK_RPAREN, "`,` or `)`");
    n->at = at;
    return py_node_end(p, n);
}

struct node *py_parse_item(struct py *p)
{
    struct node *n = py_node(p, N_STAR, p->lex->tok.at);

    if (!py_accept(p, TOK_STAR))
        return py_parse_expr(p);
    n->a = py_parse_expr(p);
    return py_node_end(p, n);
}

/* [ ... ] */
static struct node *parse_list(struct py *p)
{
    struct node *n = py_node(p, N_LIST, p->lex->tok.at), **end = &n->items;
    uint32_t at = n->at;

    n->items = NULL;
    py_next(p);
    while (p->lex->tok.type != TOK_RBRACKET) {
        struct node *item = py_parse_item(p);
        if (p->lex->tok.type == TOK_FOR && !n->items && item->kind != N_STAR) {
            n = py_parse_comp(p, item, NULL, TOK_LBRACKET);
            n->at = at;
            break;
        }
        end = py_push(n, end, item);
        if (!py_accept(p, TOK_COMMA))
            break;
    }
    py_expect(p, TOK_RBRACKET, "`,` or `]`");
    return py_node_end(p, n);
}

/* One item of { }; *n becomes a dict or a set with the first. */
static struct node *parse_brace_item(struct py *p, struct node *n, struct node ***end)
{
    struct node *key, *value = NULL;

    if (n->kind == N_DICT && p->lex->tok.type == TOK_DSTAR) {
        *end = py_push(n, *end, parse_argument(p)); /* {**a}: an item without a key */
        return n;
    }
    key = py_parse_item(p);
    if (key->kind == N_STAR && !n->items)
        n->kind = N_SET;

    if (n->kind == N_DICT && (n->items || p->lex->tok.type == TOK_COLON)) {
        if (key->kind == N_STAR)
            py_syntax(p, key->at, key->end, NULL, "`*` has no place in a dict");
        py_expect(p, TOK_COLON, "`:`");
        value = py_parse_expr(p);
    } else {
        n->kind = N_SET;
    }
    if (p->lex->tok.type == TOK_FOR && !n->items && key->kind != N_STAR)
        return py_parse_comp(p, key, value, value ? TOK_COLON : TOK_LBRACE);
    *end = py_push(n, *end, key);
    if (value)
        *end = py_push(n, *end, value);
    return n;
}

/* { ... }: a dict until the first item shows that it is a set. */
static struct node *parse_brace(struct py *p)
{
    struct node *n = py_node(p, N_DICT, p->lex->tok.at), **end = &n->items;
    uint32_t at = n->at;

    n->items = NULL;
    py_next(p);
    while (p->lex->tok.type != TOK_RBRACE) {
        n = parse_brace_item(p, n, &end);
        if (n->kind == N_COMP || !py_accept(p, TOK_COMMA))
            break;
    }
    py_expect(p, TOK_RBRACE, "`,` or `}`");
    n->at = at;
    return py_node_end(p, n);
}

static bool is_string(const struct token *tok)
{
    return tok->type == TOK_FSTRING || (tok->type == TOK_CONST && tok->value.type == T_STR);
}

static struct node *const_node(struct py *p, const struct token *tok)
{
    struct node *n = py_node(p, N_CONST, tok->at);

    n->value = tok->value;
    n->end = tok->end;
    return n;
}

/* A string and those that follow it directly. */
static struct node *parse_strings(struct py *p)
{
    struct token tok = p->lex->tok;
    struct node *first, *n, **end;

    first = tok.type == TOK_FSTRING ? py_parse_fstring(p, &tok) : const_node(p, &tok);
    py_next(p);
    if (!is_string(&p->lex->tok))
        return first;
    n = py_node(p, N_FSTRING, first->at);
    end = py_push(n, &n->items, first);
    while (is_string(&p->lex->tok)) {
        tok = p->lex->tok;
        end = py_push(n, end,
                      tok.type == TOK_FSTRING ? py_parse_fstring(p, &tok) : const_node(p, &tok));
        py_next(p);
    }
    return py_node_end(p, n);
}

/* Names, numbers, True, False, None. */
static struct node *parse_simple_atom(struct py *p)
{
    const struct token *tok = &p->lex->tok;
    struct node *n = py_node(p, tok->type == TOK_NAME ? N_NAME : N_CONST, tok->at);

    switch (tok->type) {
    case TOK_NAME:
        n->name = tok->sym;
        break;
    case TOK_CONST:
        n->value = tok->value;
        break;
    case TOK_TRUE:
    case TOK_FALSE:
        n->value = py_bool(tok->type == TOK_TRUE);
        break;
    case TOK_NONE:
        n->value = py_none();
        break;
    default:
        py_unexpected(p, "a value");
    }
    py_next(p);
    return py_node_end(p, n);
}

/* `a`: Python 2's repr(a), as the only field of an f-string. */
static struct node *parse_backquotes(struct py *p)
{
    struct node *n = py_node(p, N_FSTRING, p->lex->tok.at);
    struct node *field = py_node(p, N_FIELD, n->at);

    py_next(p);
    field->a = py_parse_exprs(p);
    field->b = NULL;
    field->op = 'r';
    py_expect(p, TOK_BACKQUOTE, "the closing backquote");
    py_push(n, &n->items, field);
    return py_node_end(p, n);
}

static struct node *parse_bare_atom(struct py *p)
{
    switch (p->lex->tok.type) {
    case TOK_BACKQUOTE:
        return parse_backquotes(p);
    case TOK_LPAREN:
        return parse_paren(p);
    case TOK_LBRACKET:
        return parse_list(p);
    case TOK_LBRACE:
        return parse_brace(p);
    default:
        return is_string(&p->lex->tok) ? parse_strings(p) : parse_simple_atom(p);
    }
}

/* An atom and all that follows it directly. */
struct node *py_parse_atom(struct py *p)
{
    struct node *n;

    py_nest_in(p);
    n = parse_bare_atom(p);
    for (;;) {
        int tok = p->lex->tok.type;
        if (tok == TOK_LPAREN)
            n = parse_call(p, n);
        else if (tok == TOK_LBRACKET)
            n = parse_index(p, n);
        else if (tok == TOK_DOT)
            n = parse_attr(p, n);
        else
            break;
    }
    py_nest_out(p);
    return n;
}
