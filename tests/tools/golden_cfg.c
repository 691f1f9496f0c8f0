/*
 * Evaluates one config file and prints its spec as JSON, then the notes; or the faults. Every spec
 * also goes round: SXP (both heads), JSON, the Python-like text and back, and xl's text must be
 * read without a fault. Called by tests/golden/cfg.sh. Arguments after the file preset variables.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "config/py.h"
#include "config/sxp.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/spec.h"
#include "tests/tools/golden.h"

static void print_problems(const char *what, const struct problems *p)
{
    for (size_t i = 0; i < p->len; i++)
        printf("%s: %s: %s%s%s%s\n", what, p->ptr[i].where, p->ptr[i].text,
               p->ptr[i].hint ? " (" : "", p->ptr[i].hint ? p->ptr[i].hint : "",
               p->ptr[i].hint ? ")" : "");
}

static char *json_of(const struct spec *s, bool pretty)
{
    AUTO(value_freep) struct value *v = spec_to_value_secrets(s);
    struct buf b = BUF_INIT;

    if (pretty)
        json_print_pretty(v, &b);
    else
        json_print(v, &b);
    return buf_steal(&b);
}

/* Swallows `again`; 0 when it is `s`. */
static int compare_take(const char *way, const struct spec *s, struct spec *again,
                        struct problems *p)
{
    AUTO(freep) char *want = json_of(s, false), *got = again ? json_of(again, false) : NULL;
    bool same = got && strcmp(want, got) == 0;

    if (!same)
        printf("round trip by %s:\n  %s\n  %s\n", way, want, got ? got : "(faults)");
    print_problems("fault", p);
    problems_clear(p);
    spec_free(again);
    return same ? 0 : -1;
}

static struct spec *from_text(const char *text, struct problems *p)
{
    struct problems notes = {0};
    struct err e = {0};
    struct py_input in = {.name = "printed", .text = text, .len = strlen(text)};
    AUTO(value_freep) struct value *vars = py_eval(&in, &e);
    struct spec *s = NULL;

    if (vars)
        s = spec_from_xm(vars, "printed", p, &notes);
    else
        printf("%s\n%s", e.msg, text);
    problems_clear(&notes);
    return s;
}

static struct spec *from_sxp(const struct spec *s, const char *head, struct problems *p)
{
    AUTO(value_freep) struct value *form = spec_to_sxp(s, head), *forms = NULL;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};

    sxp_print_pretty(form, 80, &b);
    forms = sxp_parse(b.ptr, b.len, "printed", &e);
    return forms ? spec_from_sxp(value_at(forms, 0), p) : NULL;
}

static struct spec *from_json(const struct spec *s, struct problems *p)
{
    AUTO(freep) char *text = json_of(s, true);
    struct err e = {0};
    AUTO(value_freep) struct value *v = json_parse(text, strlen(text), "printed", &e);

    return v ? spec_from_value(v, p) : NULL;
}

static int goes_round(const struct spec *s)
{
    AUTO(freep) char *config = spec_to_xm(s, false), *xl = spec_to_xm(s, true);
    struct problems p = {0};
    struct spec *again;
    int r = 0;

    r |= compare_take("(vm", s, from_sxp(s, "vm", &p), &p);
    r |= compare_take("(domain", s, from_sxp(s, "domain", &p), &p);
    r |= compare_take("JSON", s, from_json(s, &p), &p);
    r |= compare_take("config", s, from_text(config, &p), &p);
    again = from_text(xl, &p);
    if (!again) {
        print_problems("xl", &p);
        r = -1;
    }
    problems_clear(&p);
    spec_free(again);
    return r;
}

static void rest_clear(struct py_rest *rest)
{
    value_free(rest->errors);
    value_free(rest->broken);
}

int main(int argc, char **argv)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *preset = value_map(), *vars = NULL;
    struct problems p = {0}, notes = {0};
    struct py_input in = {.preset = preset};
    struct py_rest rest = {0};
    struct err e;
    int status = 1;

    for (int i = 2; i < argc; i++) {
        char *eq = strchr(argv[i], '=');
        if (!eq)
            return 2;
        *eq = '\0';
        value_set_str(preset, argv[i], eq + 1);
    }
    if (argc < 2 || read_file(argv[1], PY_TEXT_MAX, &text, &e) != 0 || chdir("/") != 0)
        return 2; /* relative paths are seen from / */
    in.name = strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1];
    in.text = buf_str(&text);
    in.len = text.len;
    in.rest = &rest;
    vars = py_eval(&in, &e);
    if (!vars) {
        print_errors(&rest);
        for (size_t i = 0; i < value_len(rest.broken); i++) {
            AUTO(freep) char *where = xasprintf("/%s", value_key(rest.broken, i));
            problems_add(&p, where, NULL, "not read");
        }
        vars = rest.vars ? rest.vars : value_map();
    }
    AUTO(spec_freep) struct spec *s = spec_from_xm(vars, in.name, &p, &notes);
    problems_drop(&p, value_len(rest.broken));
    print_problems("fault", &p);
    if (value_len(rest.errors)) {
        spec_free(s);
        s = NULL;
    }
    if (s) {
        AUTO(freep) char *json = json_of(s, true);
        printf("%s\n", json);
        status = goes_round(s) < 0 ? 3 : 0;
    }
    print_problems("note", &notes);
    problems_clear(&p);
    problems_clear(&notes);
    rest_clear(&rest);
    return status;
}
