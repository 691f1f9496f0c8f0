/*
 * Statements. Called by py_eval() in py.c for the whole text. What all parsers share (nodes,
 * scopes, what is expected) is in py_parse_util.c.
 */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

static struct node *parse_line(struct py *p);

/* `:` and an indented block, or statements on the same line. */
static struct node *parse_block(struct py *p)
{
    struct node owner = {0}, **end = &owner.items;

    py_expect(p, TOK_COLON, "`:`");
    if (!py_accept(p, TOK_NEWLINE))
        return parse_line(p);
    if (p->lex->tok.type != TOK_INDENT)
        py_syntax(p, p->lex->tok.at, p->lex->tok.at + 1,
                  "a block with nothing to do holds the word `pass`",
                  "an indented block is expected after `:`");
    py_next(p);
    py_nest_in(p);
    while (p->lex->tok.type != TOK_DEDENT && p->lex->tok.type != TOK_END)
        end = py_push(&owner, end, py_parse_statement(p));
    py_nest_out(p);
    py_accept(p, TOK_DEDENT);
    return owner.items;
}

static struct node *parse_else(struct py *p)
{
    return py_accept(p, TOK_ELSE) ? parse_block(p) : NULL;
}

static struct node *parse_if(struct py *p)
{
    struct node *first = NULL, **link = &first, *n;

    do { /* each elif is the `else` of the one before */
        n = py_node(p, N_IF, p->lex->tok.at);
        py_next(p);
        n->test = py_parse_expr(p);
        n->end = p->lex->last_end;
        n->body = parse_block(p);
        n->orelse = NULL;
        *link = n;
        link = &n->orelse;
    } while (p->lex->tok.type == TOK_ELIF);
    n->orelse = parse_else(p);
    return first;
}

/* A block in which break and continue have a meaning. */
static struct node *parse_loop_body(struct py *p)
{
    struct node *body;

    p->loops++;
    body = parse_block(p);
    p->loops--;
    return body;
}

/* while TEST: ... else: ... */
static struct node *parse_while(struct py *p)
{
    struct node *n = py_node(p, N_WHILE, p->lex->tok.at);

    py_next(p);
    n->test = py_parse_expr(p);
    n->body = parse_loop_body(p);
    n->orelse = parse_else(p);
    return n;
}

/* for TARGETS in EXPRS: ... else: ... */
static struct node *parse_for(struct py *p)
{
    struct node *n = py_node(p, N_FOR, p->lex->tok.at);

    py_next(p);
    n->target = py_parse_targets(p);
    py_expect(p, TOK_IN, "`in`");
    n->iter = py_parse_exprs(p);
    n->body = parse_loop_body(p);
    n->orelse = parse_else(p);
    return n;
}

static struct sym *parse_name(struct py *p)
{
    struct sym *name = p->lex->tok.sym;

    py_expect(p, TOK_NAME, "a name");
    return name;
}

/* The body's names are resolved at run time; only which are local is collected here. */
static struct node *parse_def(struct py *p)
{
    struct scope scope = {0};
    struct node *n = py_node(p, N_DEF, p->lex->tok.at);
    struct sym *name;

    py_next(p);
    name = parse_name(p);
    n->end = p->lex->last_end;
    py_scope_add(p, name);
    py_expect(p, TOK_LPAREN, "`(`");
    py_scope_open(p, &scope);
    n->def = py_parse_params(p, &scope, TOK_RPAREN);
    n->def->name = name;
    py_expect(p, TOK_RPAREN, "`,` or `)`");
    if (py_accept(p, TOK_ARROW))
        py_parse_expr(p);
    n->def->body = parse_block(p);
    py_scope_close(p, &scope);
    return n;
}

/* except X as e, and Python 2's except X, e. */
static struct node *parse_except(struct py *p)
{
    struct node *n = py_node(p, N_EXCEPT, p->lex->tok.at);

    py_next(p);
    n->cls = n->bind = NULL;
    if (p->lex->tok.type != TOK_COLON) {
        n->cls = py_parse_expr(p);
        if (py_accept(p, TOK_AS) || py_accept(p, TOK_COMMA))
            n->bind = py_parse_targets(p);
    }
    py_node_end(p, n);
    n->handler = parse_block(p);
    return n;
}

/* An else needs an except; without one a finally has to be there. */
static struct node *parse_try(struct py *p)
{
    struct node *n = py_node(p, N_TRY, p->lex->tok.at), **end = &n->handlers;

    py_next(p);
    n->tried = parse_block(p);
    n->handlers = n->tried_else = n->final = NULL;
    while (p->lex->tok.type == TOK_EXCEPT)
        end = py_push(n, end, parse_except(p));
    if (n->handlers)
        n->tried_else = parse_else(p);
    if (py_accept(p, TOK_FINALLY))
        n->final = parse_block(p);
    else if (!n->handlers)
        py_unexpected(p, "`except` or `finally`");
    return n;
}

/* raise; raise X; raise X, text; raise X from Y. */
static struct node *parse_raise(struct py *p)
{
    struct node *n = py_node(p, N_RAISE, p->lex->tok.at);

    py_next(p);
    n->a = n->b = n->c = NULL;
    if (p->lex->tok.type != TOK_NEWLINE && p->lex->tok.type != TOK_SEMICOLON) {
        n->a = py_parse_expr(p);
        if (py_accept(p, TOK_COMMA)) /* Python 2: raise ValueError, "text" */
            n->b = py_parse_expr(p);
        else if (py_accept(p, TOK_FROM))
            py_parse_expr(p);
    }
    return py_node_end(p, n);
}

static struct node *parse_assert(struct py *p)
{
    struct node *n = py_node(p, N_ASSERT, p->lex->tok.at);

    py_next(p);
    n->a = py_parse_expr(p);
    n->b = py_accept(p, TOK_COMMA) ? py_parse_expr(p) : NULL;
    n->c = NULL;
    return py_node_end(p, n);
}

static struct node *parse_return(struct py *p)
{
    struct node *n = py_node(p, N_RETURN, p->lex->tok.at);

    if (!p->scope)
        py_syntax(p, n->at, n->end, NULL, "`return` stands outside a function");
    py_next(p);
    n->a = p->lex->tok.type == TOK_NEWLINE || p->lex->tok.type == TOK_SEMICOLON ? NULL
                                                                                : py_parse_exprs(p);
    return py_node_end(p, n);
}

static struct node *parse_word(struct py *p) /* pass, break, continue */
{
    int tok = p->lex->tok.type;
    struct node *n = py_node(p,
                             tok == TOK_BREAK  ? N_BREAK
                             : tok == TOK_PASS ? N_PASS
                                               : N_CONTINUE,
                             p->lex->tok.at);

    if (tok != TOK_PASS && !p->loops)
        py_syntax(p, n->at, n->end, NULL, "`%s` stands outside a loop",
                  tok == TOK_BREAK ? "break" : "continue");
    py_next(p);
    return py_node_end(p, n);
}

static struct node *parse_del(struct py *p)
{
    struct node *n = py_node(p, N_DEL, p->lex->tok.at), **end = &n->items;

    py_next(p);
    do
        end = py_push(n, end, py_parse_targets(p));
    while (py_accept(p, TOK_COMMA));
    return py_node_end(p, n);
}

/*
 * global, nonlocal. Takes effect while parsing: the name becomes no local. Leaves a `pass` in the
 * tree.
 */
static struct node *parse_global(struct py *p)
{
    struct node *n = py_node(p, N_PASS, p->lex->tok.at);
    bool outer = p->lex->tok.type == TOK_NONLOCAL;

    py_next(p);
    do {
        struct sym *name = parse_name(p);
        if (!p->scope)
            continue;
        if (p->scope->nglobals == ARRAY_LEN(p->scope->globals))
            py_raise_at(p, &py_Limit, n->at, p->lex->last_end, NULL,
                        "more than %zu global names in one function", ARRAY_LEN(p->scope->globals));
        if (outer)
            p->scope->outer_names |= (uint16_t)(1u << p->scope->nglobals);
        p->scope->globals[p->scope->nglobals++] = name;
    } while (py_accept(p, TOK_COMMA));
    return py_node_end(p, n);
}

/* yield; yield a; yield from a. */
static struct node *parse_yield(struct py *p)
{
    struct node *n = py_node(p, N_YIELD, p->lex->tok.at);

    if (!p->scope)
        py_syntax(p, n->at, n->end, NULL, "`yield` stands outside a function");
    p->scope->def->yields = true;
    py_next(p);
    n->op = py_accept(p, TOK_FROM);
    n->a = n->b = n->c = NULL;
    if (n->op || (p->lex->tok.type != TOK_NEWLINE && p->lex->tok.type != TOK_SEMICOLON))
        n->a = py_parse_exprs(p);
    return py_node_end(p, n);
}

/* a.b.c as one name. */
static struct sym *parse_dotted(struct py *p)
{
    uint32_t at = p->lex->tok.at;

    parse_name(p);
    while (py_accept(p, TOK_DOT))
        parse_name(p);
    return py_intern(p, p->text + at, p->lex->last_end - at);
}

/* A name with an optional `as`. */
static struct node *parse_alias(struct py *p, struct sym *(*name)(struct py *))
{
    struct node *n = py_node(p, N_ALIAS, p->lex->tok.at);

    n->module = name(p);
    n->as = NULL;
    py_node_end(p, n);
    if (py_accept(p, TOK_AS)) {
        n->as = parse_name(p);
        py_scope_add(p, n->as);
    }
    return n;
}

static struct node *parse_import(struct py *p)
{
    struct node *n = py_node(p, N_IMPORT, p->lex->tok.at), **end = &n->aliases;

    py_next(p);
    do
        end = py_push(n, end, parse_alias(p, parse_dotted));
    while (py_accept(p, TOK_COMMA));
    return py_node_end(p, n);
}

/* from M import a, b as c; from M import (a, b); from M import *: no aliases */
static struct node *parse_from(struct py *p)
{
    struct node *n = py_node(p, N_FROM, p->lex->tok.at), **end = &n->aliases;
    bool paren;

    py_next(p);
    n->module = parse_dotted(p);
    n->end = p->lex->last_end;
    n->aliases = NULL;
    py_expect(p, TOK_IMPORT, "`import`");
    if (py_accept(p, TOK_STAR))
        return n;
    paren = py_accept(p, TOK_LPAREN);
    do {
        if (paren && p->lex->tok.type == TOK_RPAREN)
            break;
        end = py_push(n, end, parse_alias(p, parse_name));
    } while (py_accept(p, TOK_COMMA));
    if (paren)
        py_expect(p, TOK_RPAREN, "`,` or `)`");
    return n;
}

/* a = b = value. The first target is parsed already. */
static struct node *parse_assignment(struct py *p, struct node *first)
{
    struct node *n = py_node(p, N_ASSIGN, first->at), **end = &n->items;
    struct node *next = first;

    n->items = NULL;
    do {
        py_set_target(p, next);
        end = py_push(n, end, next);
        py_next(p);
        next = py_parse_exprs(p);
    } while (p->lex->tok.type == TOK_ASSIGN);
    n->from = next;
    return py_node_end(p, n);
}

static struct node *parse_augmented(struct py *p, struct node *target)
{
    struct node *n = py_node(p, N_AUGMENT, target->at);

    if (target->kind != N_NAME && target->kind != N_INDEX)
        py_syntax(p, target->at, target->end, NULL, "this cannot be changed in place");
    py_set_target(p, target);
    n->op = (uint8_t)(p->lex->tok.type - TOK_PLUS_EQ + TOK_PLUS);
    py_next(p);
    n->a = target;
    n->b = py_parse_exprs(p);
    n->c = NULL;
    return py_node_end(p, n);
}

/* name: type = value. Without a value it is most likely meant as an assignment. */
static void skip_annotation(struct py *p, struct node *target)
{
    uint32_t at = p->lex->tok.at;

    if (target->kind != N_NAME)
        return;
    py_next(p);
    if (p->lex->tok.type != TOK_NEWLINE)
        py_parse_expr(p);
    if (p->lex->tok.type != TOK_ASSIGN)
        py_syntax(p, at, at + 1, "variables are set with `=`", "`:` does not set a variable");
}

/* Statements that begin with an expression: assignments, calls, print. */
static struct node *parse_expr_statement(struct py *p)
{
    struct node *first, *n;
    int tok;

    if (py_is_print(p))
        return py_parse_print(p);
    first = py_parse_exprs(p);
    if (p->lex->tok.type == TOK_COLON)
        skip_annotation(p, first);
    tok = p->lex->tok.type;
    if (tok == TOK_NAME && first->kind == N_NAME && first->end - first->at == 5 &&
        memcmp(p->text + first->at, "match", 5) == 0)
        py_syntax(p, first->at, first->end, "write if, elif and else",
                  "`match` is not part of this language");
    if (tok == TOK_ASSIGN)
        return parse_assignment(p, first);
    if (tok >= TOK_PLUS_EQ && tok <= TOK_CARET_EQ)
        return parse_augmented(p, first);
    n = py_node(p, N_EXPR, first->at);
    n->a = first;
    return py_node_end(p, n);
}

typedef struct node *parse_fn(struct py *p);

static parse_fn *const simple[TOK_COUNT] = {
    [TOK_ASSERT] = parse_assert, [TOK_BREAK] = parse_word,  [TOK_CONTINUE] = parse_word,
    [TOK_DEL] = parse_del,       [TOK_FROM] = parse_from,   [TOK_GLOBAL] = parse_global,
    [TOK_IMPORT] = parse_import, [TOK_PASS] = parse_word,   [TOK_RAISE] = parse_raise,
    [TOK_RETURN] = parse_return, [TOK_YIELD] = parse_yield, [TOK_NONLOCAL] = parse_global};

static parse_fn *const compound[TOK_COUNT] = {[TOK_DEF] = parse_def,
                                              [TOK_FOR] = parse_for,
                                              [TOK_IF] = parse_if,
                                              [TOK_TRY] = parse_try,
                                              [TOK_WHILE] = parse_while};

/* Simple statements between semicolons, to the end of the line. */
static struct node *parse_line(struct py *p)
{
    struct node owner = {0}, **end = &owner.items;

    do {
        parse_fn *fn = simple[p->lex->tok.type];
        if (p->lex->tok.type == TOK_SEMICOLON)
            continue; /* xl accepts empty statements */
        if (p->lex->tok.type == TOK_NEWLINE)
            break;
        if (compound[p->lex->tok.type] && owner.items)
            break; /* reported below */
        end = py_push(&owner, end, fn ? fn(p) : parse_expr_statement(p));
    } while (py_accept(p, TOK_SEMICOLON));
    if (p->lex->tok.type != TOK_END)
        py_expect(p, TOK_NEWLINE, "the end of the line");
    return owner.items;
}

struct node *py_parse_statement(struct py *p)
{
    parse_fn *fn = compound[p->lex->tok.type];

    py_charge(p, 1);
    return fn ? fn(p) : parse_line(p);
}

struct node *py_parse(struct py *p)
{
    struct node owner = {0}, **end = &owner.items;

    py_next(p);
    while (p->lex->tok.type != TOK_END)
        end = py_push(&owner, end, py_parse_statement(p));
    return owner.items;
}
