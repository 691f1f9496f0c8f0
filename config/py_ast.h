/*
 * Private to config/py_*.c: tokens, the syntax tree, and what lexer and parser offer each other.
 */
#ifndef CONFIG_PY_AST_H
#define CONFIG_PY_AST_H

#include "config/py_obj.h"

enum tok {
    TOK_END,
    TOK_NEWLINE,
    TOK_INDENT,
    TOK_DEDENT,
    TOK_NAME,
    TOK_CONST, /* number or string: token.value */
    TOK_FSTRING,
    /* brackets: opening and closing alternate */
    TOK_LPAREN,
    TOK_RPAREN,
    TOK_LBRACKET,
    TOK_RBRACKET,
    TOK_LBRACE,
    TOK_RBRACE,
    TOK_COMMA,
    TOK_COLON,
    TOK_SEMICOLON,
    TOK_DOT,
    TOK_ASSIGN,
    TOK_ARROW,
    TOK_WALRUS,
    TOK_BACKQUOTE,
    TOK_BANG, /* only inside f-strings */
    /* binary operators, and at the same distance their augmented assignments */
    TOK_PLUS,
    TOK_MINUS,
    TOK_STAR,
    TOK_SLASH,
    TOK_DSLASH,
    TOK_PERCENT,
    TOK_DSTAR,
    TOK_LSHIFT,
    TOK_RSHIFT,
    TOK_AMPER,
    TOK_PIPE,
    TOK_CARET,
    TOK_PLUS_EQ,
    TOK_MINUS_EQ,
    TOK_STAR_EQ,
    TOK_SLASH_EQ,
    TOK_DSLASH_EQ,
    TOK_PERCENT_EQ,
    TOK_DSTAR_EQ,
    TOK_LSHIFT_EQ,
    TOK_RSHIFT_EQ,
    TOK_AMPER_EQ,
    TOK_PIPE_EQ,
    TOK_CARET_EQ,
    TOK_TILDE,
    TOK_LT,
    TOK_GT,
    TOK_LE,
    TOK_GE,
    TOK_EQ,
    TOK_NE,
    /* keywords, in the order of py_keywords[] */
    TOK_AND,
    TOK_AS,
    TOK_ASSERT,
    TOK_BREAK,
    TOK_CONTINUE,
    TOK_DEF,
    TOK_DEL,
    TOK_ELIF,
    TOK_ELSE,
    TOK_EXCEPT,
    TOK_FINALLY,
    TOK_FOR,
    TOK_FROM,
    TOK_GLOBAL,
    TOK_IF,
    TOK_IMPORT,
    TOK_IN,
    TOK_IS,
    TOK_LAMBDA,
    TOK_NOT,
    TOK_OR,
    TOK_PASS,
    TOK_RAISE,
    TOK_RETURN,
    TOK_TRY,
    TOK_WHILE,
    TOK_YIELD,
    TOK_NONLOCAL,
    TOK_FALSE,
    TOK_NONE,
    TOK_TRUE,
    TOK_FORBIDDEN, /* class, with, exec...: known, but not part of the language */
    TOK_COUNT,
    TOK_NOT_IN, /* only as an operator in the tree */
    TOK_IS_NOT
};

struct token {
    uint8_t type;
    bool raw;         /* an f-string with an r prefix */
    uint32_t at, end; /* bytes of the text */
    union {
        struct sym *sym;
        struct obj value;
        struct {
            uint32_t from, to; /* the content of an f-string */
        } inner;
    };
};

/* A lexer over p->text[at..len). */
struct py_lex {
    uint32_t at, len;
    struct token tok;  /* the token to look at */
    uint32_t last_end; /* where the token before it ended */
    uint8_t last_type; /* and what it was */
    bool line_start;   /* at the first character of a line, outside brackets */
    bool after_colon;  /* the line before ended in `:`, so a block begins */
    bool inside;       /* between the braces of an f-string */
    uint32_t base;     /* column of the last line at top level */
    uint32_t dedents;  /* DEDENT tokens still to hand out */
    uint32_t nindents; /* indents[0] is 0 */
    uint32_t indents[PY_NEST_MAX + 1];
    uint32_t nopen; /* brackets that are open, innermost last */
    uint32_t open[PY_NEST_MAX];
};

enum node_kind {
    /* expressions */
    N_CONST,
    N_NAME,
    N_LIST,
    N_TUPLE,
    N_SET,
    N_DICT, /* items: key, value, key, value... */
    N_UNARY,
    N_BINARY,
    N_AND,
    N_OR,
    N_NOT,
    N_COMPARE, /* items: first operand, then N_OPERAND each */
    N_OPERAND,
    N_COND, /* a if b else c */
    N_CALL,
    N_KEYWORD, /* in calls: name=a; without a name: **a */
    N_STAR,    /* *a: in calls, lists and targets */
    N_ATTR,
    N_INDEX,
    N_SLICE, /* a:b:c, inside N_INDEX */
    N_LAMBDA,
    N_WALRUS, /* a: the name, b: its value */
    N_COMP,
    N_COMP_FOR,
    N_FSTRING, /* items: N_CONST and N_FIELD */
    N_FIELD,   /* a: value, b: format spec (N_FSTRING) or NULL, op: conversion */
    /* statements */
    N_EXPR,
    N_ASSIGN, /* items: targets; a: value */
    N_AUGMENT,
    N_IF,    /* a: test, body, orelse (elif is an N_IF alone in there) */
    N_WHILE, /* the same */
    N_FOR,   /* a: target, b: iterable, body, orelse */
    N_DEF,
    N_RETURN,
    N_PASS,
    N_BREAK,
    N_CONTINUE,
    N_DEL,    /* items */
    N_IMPORT, /* items: N_ALIAS */
    N_FROM,   /* items: N_ALIAS; name: the module */
    N_ALIAS,
    N_TRY,    /* body, items: N_EXCEPT, orelse, final */
    N_EXCEPT, /* a: class(es) or NULL, b: target or NULL, body */
    N_RAISE,  /* a: class or exception or NULL, b: argument */
    N_ASSERT, /* a: test, b: text */
    N_PRINT,  /* a: what, or NULL */
    N_YIELD,  /* a: what, or NULL; op: 1 for `yield from` */
    N_COUNT
};

/* Children hang on `next`; a block is its first statement. */
struct node {
    uint8_t kind;
    uint8_t op; /* a token; of N_COMP what it makes (TOK_LBRACKET, _LPAREN, _LBRACE, _COLON) */
    uint16_t n; /* number of items, counted to 65535 */
    uint32_t at, end;
    struct node *next;
    union {
        struct obj value; /* N_CONST */
        struct sym *name; /* N_NAME */
        struct {
            struct node *a, *b, *c;
        };
        struct {
            struct node *fn, *args; /* N_CALL */
        };
        struct {
            struct node *of; /* N_ATTR */
            struct sym *attr;
        };
        struct {
            struct sym *keyword; /* N_KEYWORD */
            struct node *arg;
        };
        struct {
            struct node *items, *from; /* lists of all kinds; from: N_ASSIGN's value */
        };
        struct {
            struct node *test, *iter, *body, *orelse, *target; /* N_IF, N_WHILE, N_FOR */
        };
        struct {
            struct node *tried, *handlers, *tried_else, *final; /* N_TRY */
        };
        struct {
            struct node *cls, *bind, *handler; /* N_EXCEPT */
        };
        struct {
            struct func_def *def; /* N_DEF, N_LAMBDA; N_COMP: its scope */
            struct node *elt, *val, *clauses;
        };
        struct {
            struct node *comp_target, *comp_iter, *conditions; /* N_COMP_FOR */
        };
        struct {
            struct sym *module, *as; /* N_ALIAS, and N_FROM */
            struct node *aliases;
        };
    };
};

/* Functions of the text that are being parsed. */
struct scope {
    struct scope *outer;
    struct func_def *def;
    uint32_t cap; /* of def->locals */
    struct sym *globals[16];
    uint32_t nglobals;
    uint16_t outer_names; /* bits: which of them are nonlocal */
    uint32_t loops;       /* around it */
    bool is_comp;         /* a comprehension: statements do not assign in it */
};

/* py_lex.c */

/* Starts over at..len; inside: between the braces of an f-string, where newlines are blanks. */
void py_lex_init(struct py *p, struct py_lex *lex, uint32_t at, uint32_t len, bool inside);
const char *py_forbidden_hint(const struct sym *s);
void py_next(struct py *p); /* moves p->lex on by one token */

/* py_lex_lit.c: lexes one literal that begins at lex->at into lex->tok. */
void py_lex_number(struct py *p, struct py_lex *lex);
bool py_lex_string(struct py *p, struct py_lex *lex); /* false: no string begins here */
struct obj py_unescape(struct py *p, uint32_t at, uint32_t end, bool raw);

/* py_assign.c: the bounds of an N_SLICE, evaluated; those not given are None. */
void py_bounds(struct py *p, const struct node *slice, struct obj bounds[3]);

/* py_parse*.c */

struct node *py_parse_statement(struct py *p); /* with those behind it on its line */
struct node *py_parse(struct py *p);           /* the whole text: its first statement */
struct node *py_parse_expr(struct py *p);      /* one expression */
struct node *py_parse_exprs(struct py *p);     /* with commas: a tuple */
struct node *py_parse_no_cond(struct py *p);   /* without a bare `if`: in comprehensions */
struct node *py_parse_targets(struct py *p);   /* for ... in */
struct node *py_parse_binary(struct py *p, int min_prec);
struct node *py_parse_atom(struct py *p);
struct node *py_parse_fstring(struct py *p, const struct token *tok);
struct node *py_parse_item(struct py *p); /* an expression, or *expression */
struct node *py_parse_comp(struct py *p, struct node *elt, struct node *val, int what);
struct func_def *py_parse_params(struct py *p, struct scope *s, int closing);
bool py_is_print(const struct py *p);
struct node *py_parse_print(struct py *p);
void py_set_target(struct py *p, struct node *n); /* raises unless n can be assigned to */

struct node *py_node(struct py *p, enum node_kind kind, uint32_t at);
struct node *py_node_end(struct py *p, struct node *n); /* n ends where the last token did */
/* Appends to a list of items; *end is its last `next`. */
struct node **py_push(struct node *owner, struct node **end, struct node *item);
bool py_accept(struct py *p, int tok);
void py_expect(struct py *p, int tok, const char *what);
PY_RAISES void py_unexpected(struct py *p, const char *expected);
PY_RAISES void py_syntax(struct py *p, uint32_t at, uint32_t end, const char *hint, const char *fmt,
                         ...) __attribute__((format(printf, 5, 6)));
void py_scope_open(struct py *p, struct scope *s);
void py_scope_close(struct py *p, struct scope *s);
void py_scope_add(struct py *p, struct sym *name);
void py_nest_in(struct py *p);
void py_nest_out(struct py *p);

#endif
