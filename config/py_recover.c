/*
 * Going on after an error, so that all errors of a file are told in one go: behind a statement that
 * cannot be read or that failed, the next one at top level is tried. What the bad one would have
 * set is "broken": statements that need it are passed over in silence, as their errors would only
 * repeat the first. Called by py_eval() when its caller asks for what is left (struct py_rest).
 */
#include <ctype.h>
#include <string.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

/* With these a statement begins that sets no variable by `=`. */
static const char *const openers[] = {"if",   "for",   "while", "def",   "import",
                                      "from", "print", "del",   "raise", "try"};
/* What follows is the name of a variable. */
static const char *const binders[] = {"def", "for", "import", "as"};

static bool is_word(const char *text, size_t n, const char *const *words, size_t n_words)
{
    for (size_t i = 0; i < n_words; i++)
        if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
            return true;
    return false;
}

static size_t word_length(const char *text, const char *end)
{
    size_t n = 0;

    while (text + n < end && (isalnum((unsigned char)text[n]) || text[n] == '_'))
        n++;
    return n && !isdigit((unsigned char)text[0]) ? n : 0;
}

/* `=`, `+=` and the like, but no comparison. */
static bool is_assignment(const char *text, const char *end)
{
    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    if (text + 1 < end && strchr("+-*/%|&", *text) && text[1] == '=')
        return true;
    return text < end && *text == '=' && (text + 1 == end || text[1] != '=');
}

/* Whether a statement begins here, as far as that shows without reading it. */
static bool looks_like_statement(const char *text, const char *end)
{
    size_t n = word_length(text, end);

    if (!n)
        return false;
    if (is_word(text, n, openers, ARRAY_LEN(openers)) || is_assignment(text + n, end))
        return true;
    return text + n < end && (text[n] == '.' || text[n] == '(');
}

/* The begin of the line that `at` is in. */
static uint32_t line_begin(const struct py *p, uint32_t at)
{
    at = at < p->len ? at : p->len;
    while (at > 0 && p->text[at - 1] != '\n')
        at--;
    return at;
}

/* A text in three quotes that begins at `at` has no end: all that follows is in it. */
static bool is_long_text(const struct py *p, uint32_t at)
{
    while (at < p->len && strchr("rRuUbBfF", p->text[at]))
        at++;
    return at + 3 <= p->len &&
           (memcmp(p->text + at, "\"\"\"", 3) == 0 || memcmp(p->text + at, "'''", 3) == 0);
}

/* Where to go on after the error at `at` in the statement from `from` on; the text's end: nowhere.
 */
static uint32_t find_next(const struct py *p, uint32_t from, uint32_t at)
{
    const char *end = p->text + p->len, *s = p->text + line_begin(p, at);

    if (is_long_text(p, at))
        return p->len;
    while (s < end) {
        if (s > p->text + from && looks_like_statement(s, end))
            return (uint32_t)(s - p->text);
        s = memchr(s, '\n', (size_t)(end - s));
        if (!s)
            break;
        s++;
    }
    return p->len;
}

/* All that the text between these places might set is unknown from here on. */
static void break_names(struct py *p, uint32_t from, uint32_t to)
{
    const char *s = p->text + from, *end = p->text + to;
    bool bound = false;

    while (s < end) {
        size_t n = word_length(s, end);

        if (n && (bound || is_assignment(s + n, end))) {
            struct sym *name = py_intern(p, s, n);
            name->broken = 1;
            name->global.type = T_UNSET;
        }
        bound = n ? is_word(s, n, binders, ARRAY_LEN(binders)) : bound && (*s == ' ');
        if (!n && *s == '#')
            s = memchr(s, '\n', (size_t)(end - s));
        else
            s += n ? n : 1;
        if (!s)
            break;
        while (!n && s < end && isalnum((unsigned char)s[-1]) && isalnum((unsigned char)*s))
            s++; /* the rest of a number */
    }
}

/* Keeps the report, in the order of the text; the same place is told once. */
void py_recover_note(struct py *p, const struct exc *x)
{
    struct py_error *all = p->errors;
    uint32_t i = p->n_errors;
    struct err e = {0};

    for (uint32_t j = 0; j < p->n_errors; j++)
        if (all[j].at == x->at)
            return;
    if (p->n_errors == PY_ERRORS_MAX)
        return;
    py_report(p, x, &e);
    for (; i > 0 && all[i - 1].at > x->at; i--)
        all[i] = all[i - 1];
    all[i] = (struct py_error){x->at, xstrdup(e.msg), xstrdup(e.hint)};
    p->n_errors++;
}

static void read_one(struct py *p, void *result)
{
    if (p->lex->tok.type == TOK_NEWLINE && p->lex->line_start)
        py_next(p);
    *(struct node **)result = p->lex->tok.type == TOK_END ? NULL : py_parse_statement(p);
}

/* Stands for what could not be read. */
static struct node *broken_node(struct py *p, uint32_t from, uint32_t to)
{
    struct node *n = py_node(p, N_PASS, from);

    n->op = 1;
    n->end = to;
    return n;
}

struct node *py_parse_on(struct py *p)
{
    struct node owner = {0}, **end = &owner.items, *n;
    struct py_lex *lex = p->lex;
    uint32_t from = lex->at;

    for (;;) {
        uint32_t next;

        if (!lex->line_start)
            from = lex->tok.at;
        if (py_protect(p, read_one, &n)) {
            if (!n)
                return owner.items;
            end = py_push(&owner, end, n);
            continue;
        }
        if (p->exc->cls != &py_SyntaxError || p->n_errors == PY_ERRORS_MAX)
            py_throw(p, p->exc);
        py_recover_note(p, p->exc);
        next = find_next(p, from, p->exc->at);
        py_lex_init(p, lex, next, p->len, false);
        p->scope = NULL;
        p->nest = p->loops = 0;
        end = py_push(&owner, end, broken_node(p, from, next));
        from = next;
    }
}

static void run_one(struct py *p, void *statement)
{
    py_exec_one(p, statement);
}

/* A file that gives up itself, or a value from outside that is wrong: what follows counts on it. */
static bool is_final(const struct py *p, const struct exc *x)
{
    return x->final || x->by_file || x->cls == &py_SystemExit || p->nparts;
}

void py_exec_on(struct py *p, const struct node *n)
{
    for (; n; n = n->next) {
        uint32_t end = n->next ? n->next->at : p->len;

        if (n->kind == N_PASS && n->op) {
            break_names(p, n->at, n->end);
            continue;
        }
        if (py_protect(p, run_one, (void *)(uintptr_t)n))
            continue;
        if (p->exc->cls == &py_Broken) {
            break_names(p, n->at, end);
            continue;
        }
        if (p->exc->cls == &py_Finished && p->n_errors)
            break;
        if (!py_exc_is(p->exc, &py_BaseException) || p->n_errors == PY_ERRORS_MAX)
            py_throw(p, p->exc); /* a limit */
        py_recover_note(p, p->exc);
        if (is_final(p, p->exc)) {
            break_names(p, n->at, p->parts[0].start ? p->parts[0].start : p->len);
            break;
        }
        break_names(p, n->at, end);
    }
    if (p->n_errors)
        py_raise(p, &py_Broken, "see the errors");
}

void py_recover_done(struct py *p)
{
    struct py_rest *rest = p->in->rest;

    rest->broken = value_map();
    rest->errors = value_list();
    for (uint32_t i = 0; i < PY_SYM_BUCKETS; i++)
        for (const struct sym *s = p->syms[i]; s; s = s->next)
            if (s->broken) {
                AUTO(freep) char *name = xstrndup(s->name, s->len);
                value_set_bool(rest->broken, name, true);
            }
    for (uint32_t i = 0; i < p->n_errors; i++) {
        AUTO(freep) char *report = p->errors[i].report, *hint = p->errors[i].hint;
        struct value *pair = value_list();

        value_add_take(pair, value_str(report));
        value_add_take(pair, value_str(hint));
        value_add_take(rest->errors, pair);
    }
}
