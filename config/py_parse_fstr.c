/* F-strings: text and {fields}. Called by the atom parser with the token of one. */
#include "config/py_ast.h"

/* Where we are within the content of one f-string. */
struct fstr {
    const struct token *tok;
    uint32_t at, end;
};

static struct node *parse_parts(struct py *p, struct fstr *f, bool in_spec);

/* The text up to the next field or the end; {{ and }} stand for themselves. */
static struct node *parse_literal(struct py *p, struct fstr *f, bool in_spec)
{
    struct node *n = py_node(p, N_CONST, f->at);
    struct text t = {.p = p};
    uint32_t from = f->at;

    for (; f->at < f->end; f->at++) {
        char c = p->text[f->at];
        bool doubled = f->at + 1 < f->end && p->text[f->at + 1] == c;
        if (c == '\\' && !f->tok->raw && f->at + 1 < f->end) {
            f->at++;
            continue;
        }
        if (c != '{' && c != '}')
            continue;
        if (!doubled || in_spec)
            break;
        py_text_add_str(&t, py_unescape(p, from, f->at + 1, f->tok->raw));
        from = ++f->at + 1;
    }
    if (f->at > f->end)
        f->at = f->end;
    if (from < f->at)
        py_text_add_str(&t, py_unescape(p, from, f->at, f->tok->raw));
    n->value = py_text_done(&t);
    n->end = f->at;
    return n;
}

/* !r, !s or !a */
static int parse_conversion(struct py *p)
{
    char c;

    if (!py_accept(p, TOK_BANG))
        return 0;
    c = p->text[p->lex->tok.at];
    if (p->lex->tok.type != TOK_NAME || p->lex->tok.sym->len != 1 || !strchr("rsa", c))
        py_unexpected(p, "one of `r`, `s`, `a`");
    py_next(p);
    return c;
}

/* {value!r:spec}: the value is parsed in place by a lexer of its own. */
static struct node *parse_field(struct py *p, struct fstr *f)
{
    struct py_lex lex, *outer = p->lex;
    struct node *n = py_node(p, N_FIELD, f->at);

    py_nest_in(p);
    py_lex_init(p, &lex, f->at + 1, f->end, true);
    lex.open[0] = f->at;
    py_next(p);
    n->a = py_parse_exprs(p);
    if (p->lex->tok.type == TOK_ASSIGN)
        py_syntax(p, lex.tok.at, lex.tok.end, NULL, "`=` in f-strings is not supported");
    n->op = (uint8_t)parse_conversion(p);
    n->b = NULL;
    n->c = NULL;
    f->at = lex.tok.end;
    if (lex.tok.type == TOK_COLON) {
        n->b = parse_parts(p, f, true);
        if (f->at >= f->end)
            py_syntax(p, n->at, n->at + 1, NULL, "this `{` is never closed");
        f->at++;
    } else if (lex.tok.type != TOK_RBRACE) {
        py_unexpected(p, "`}`");
    }
    n->end = f->at;
    p->lex = outer;
    py_nest_out(p);
    return n;
}

/* Text and fields in turn, to the end or, in a spec, to the closing brace. */
static struct node *parse_parts(struct py *p, struct fstr *f, bool in_spec)
{
    struct node *n = py_node(p, N_FSTRING, f->at), **end = &n->items;

    n->items = NULL;
    while (f->at < f->end) {
        end = py_push(n, end, parse_literal(p, f, in_spec));
        if (f->at >= f->end)
            break;
        if (p->text[f->at] == '}') {
            if (in_spec)
                break;
            py_syntax(p, f->at, f->at + 1, "write `}}` for a brace that stands for itself",
                      "`}` without `{` in an f-string");
        }
        end = py_push(n, end, parse_field(p, f));
    }
    n->end = f->at;
    return n;
}

struct node *py_parse_fstring(struct py *p, const struct token *tok)
{
    struct fstr f = {.tok = tok, .at = tok->inner.from, .end = tok->inner.to};
    struct node *n = parse_parts(p, &f, false);

    n->at = tok->at;
    n->end = tok->end;
    return n;
}
