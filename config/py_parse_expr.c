/*
 * Expressions from the loosest operator down to `**`; atoms are in py_parse_atom.c. Called by the
 * statement parser.
 */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* How tightly binary operators bind; all of these group to the left. */
static const uint8_t binds[TOK_COUNT] = {
    [TOK_PIPE] = 1,   [TOK_CARET] = 2,  [TOK_AMPER] = 3,  [TOK_LSHIFT] = 4,
    [TOK_RSHIFT] = 4, [TOK_PLUS] = 5,   [TOK_MINUS] = 5,  [TOK_STAR] = 6,
    [TOK_SLASH] = 6,  [TOK_DSLASH] = 6, [TOK_PERCENT] = 6};

static const bool compares[TOK_COUNT] = {
    [TOK_LT] = true, [TOK_GT] = true, [TOK_LE] = true, [TOK_GE] = true, [TOK_EQ] = true,
    [TOK_NE] = true, [TOK_IN] = true, [TOK_IS] = true, [TOK_NOT] = true};

/* A node with two children; it begins where the first does. */
static struct node *two(struct py *p, enum node_kind kind, int op, struct node *a, struct node *b)
{
    struct node *n = py_node(p, kind, a->at);

    n->op = (uint8_t)op;
    n->a = a;
    n->b = b;
    n->c = NULL;
    return py_node_end(p, n);
}

static struct node *parse_power(struct py *p);

/* - + ~ bind tighter than binary operators, but looser than **. */
static struct node *parse_unary(struct py *p)
{
    uint32_t at = p->lex->tok.at;
    int op = p->lex->tok.type;
    struct node *n;

    if (op != TOK_MINUS && op != TOK_PLUS && op != TOK_TILDE)
        return parse_power(p);
    py_next(p);
    py_nest_in(p);
    n = py_node(p, N_UNARY, at);
    n->op = (uint8_t)op;
    n->a = parse_unary(p);
    py_nest_out(p);
    return py_node_end(p, n);
}

/* ** groups to the right, and its right side may have a sign. */
static struct node *parse_power(struct py *p)
{
    struct node *base = py_parse_atom(p), *exponent;

    if (!py_accept(p, TOK_DSTAR))
        return base;
    py_nest_in(p);
    exponent = parse_unary(p);
    py_nest_out(p);
    return two(p, N_BINARY, TOK_DSTAR, base, exponent);
}

/* Precedence climbing: operators that bind at least as tight as min_prec. */
struct node *py_parse_binary(struct py *p, int min_prec)
{
    struct node *left = parse_unary(p);

    for (;;) {
        int op = p->lex->tok.type;
        if (binds[op] == 0 || binds[op] < min_prec)
            return left;
        py_next(p);
        left = two(p, N_BINARY, op, left, py_parse_binary(p, binds[op] + 1));
    }
}

/* Takes one comparison operator; `not in` and `is not` are two words. */
static int take_comparison(struct py *p)
{
    int op = p->lex->tok.type;

    py_next(p);
    if (op == TOK_NOT) {
        py_expect(p, TOK_IN, "`in`");
        return TOK_NOT_IN;
    }
    if (op == TOK_IS && py_accept(p, TOK_NOT))
        return TOK_IS_NOT;
    return op;
}

/* A chain of comparisons is one node. */
static struct node *parse_comparison(struct py *p)
{
    struct node *first = py_parse_binary(p, 1), *n, **end;

    if (!compares[p->lex->tok.type])
        return first;
    n = py_node(p, N_COMPARE, first->at);
    end = py_push(n, &n->items, first);
    while (compares[p->lex->tok.type]) {
        struct node *operand = py_node(p, N_OPERAND, p->lex->tok.at);
        operand->op = (uint8_t)take_comparison(p);
        operand->a = py_parse_binary(p, 1);
        end = py_push(n, end, py_node_end(p, operand));
    }
    return py_node_end(p, n);
}

static struct node *parse_not(struct py *p)
{
    uint32_t at = p->lex->tok.at;
    struct node *n;

    if (!py_accept(p, TOK_NOT))
        return parse_comparison(p);
    py_nest_in(p);
    n = py_node(p, N_NOT, at);
    n->a = parse_not(p);
    py_nest_out(p);
    return py_node_end(p, n);
}

static struct node *parse_and(struct py *p)
{
    struct node *left = parse_not(p);

    while (py_accept(p, TOK_AND))
        left = two(p, N_AND, 0, left, parse_not(p));
    return left;
}

static struct node *parse_or(struct py *p)
{
    struct node *left = parse_and(p);

    while (py_accept(p, TOK_OR))
        left = two(p, N_OR, 0, left, parse_and(p));
    return left;
}

/* The condition of a comprehension ends at the next `if`. */
struct node *py_parse_no_cond(struct py *p)
{
    return parse_or(p);
}

/* lambda PARAMS: EXPR */
static struct node *parse_lambda(struct py *p)
{
    struct scope scope = {0};
    struct node *n = py_node(p, N_LAMBDA, p->lex->tok.at);

    py_next(p);
    py_nest_in(p);
    py_scope_open(p, &scope);
    n->def = py_parse_params(p, &scope, TOK_COLON);
    py_expect(p, TOK_COLON, "`:`");
    n->def->is_expr = true;
    n->def->body = py_parse_expr(p);
    py_scope_close(p, &scope);
    py_nest_out(p);
    return py_node_end(p, n);
}

/* name := value. In a comprehension the name belongs to what is around it. */
static struct node *parse_walrus(struct py *p, struct node *name)
{
    struct node *n = py_node(p, N_WALRUS, name->at);
    struct scope *inner = p->scope;

    py_next(p);
    while (p->scope && p->scope->is_comp)
        p->scope = p->scope->outer;
    py_set_target(p, name);
    p->scope = inner;
    n->a = name;
    py_nest_in(p);
    n->b = py_parse_expr(p);
    py_nest_out(p);
    n->c = NULL;
    return py_node_end(p, n);
}

struct node *py_parse_expr(struct py *p)
{
    struct node *then, *n;

    if (p->lex->tok.type == TOK_LAMBDA)
        return parse_lambda(p);
    then = parse_or(p);
    if (then->kind == N_NAME && p->lex->tok.type == TOK_WALRUS)
        return parse_walrus(p, then);
    if (!py_accept(p, TOK_IF))
        return then;
    n = two(p, N_COND, 0, then, parse_or(p));
    py_expect(p, TOK_ELSE, "`else`");
    py_nest_in(p);
    n->c = py_parse_expr(p);
    py_nest_out(p);
    return py_node_end(p, n);
}

/* True when the token can't begin an expression: a trailing comma came before it. */
static bool ends_list(const struct py *p)
{
    int tok = p->lex->tok.type;

    return tok == TOK_NEWLINE || tok == TOK_END || tok == TOK_SEMICOLON || tok == TOK_RPAREN ||
           tok == TOK_RBRACKET || tok == TOK_RBRACE || tok == TOK_ASSIGN || tok == TOK_COLON ||
           tok == TOK_IN || (tok >= TOK_PLUS_EQ && tok <= TOK_CARET_EQ);
}

/* Items with commas between; one with a comma after it is a tuple, too. */
static struct node *parse_tuple(struct py *p, struct node *(*item)(struct py *))
{
    struct node *first = item(p), *n, **end;

    if (p->lex->tok.type != TOK_COMMA) {
        if (first->kind == N_STAR)
            py_syntax(p, first->at, first->end, "write a comma behind it for a tuple",
                      "`*` stands for the items of a list, within a list");
        return first;
    }
    n = py_node(p, N_TUPLE, first->at);
    end = py_push(n, &n->items, first);
    while (py_accept(p, TOK_COMMA) && !ends_list(p))
        end = py_push(n, end, item(p));
    return py_node_end(p, n);
}

struct node *py_parse_exprs(struct py *p)
{
    return parse_tuple(p, py_parse_item);
}

static struct node *parse_target(struct py *p)
{
    struct node *n = py_node(p, N_STAR, p->lex->tok.at);

    if (!py_accept(p, TOK_STAR))
        return py_parse_binary(p, 1);
    n->a = py_parse_binary(p, 1);
    return py_node_end(p, n);
}

struct node *py_parse_targets(struct py *p)
{
    struct node *n = parse_tuple(p, parse_target);

    py_set_target(p, n);
    return n;
}
