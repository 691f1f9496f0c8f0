/*
 * libFuzzer target for the spec: the text is JSON, read once as what a client posts and once as the
 * variables of a file. A spec that comes of it must go round through JSON, SXP and the text for
 * people.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/json.h"
#include "config/py.h"
#include "libxl/base/mem.h"
#include "libxl/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_equal_take(const struct spec *s, struct spec *again)
{
    AUTO(value_freep) struct value *a = spec_to_value_secrets(s);
    AUTO(value_freep) struct value *b = again ? spec_to_value_secrets(again) : NULL;

    if (!b || !value_equal(a, b))
        abort();
    spec_free(again);
}

/* Files make paths absolute, which a posted spec may lack: only that it reads is asked for. */
static void text_must_read(const struct spec *s)
{
    AUTO(freep) char *text = spec_to_xm(s, false);
    struct py_input in = {.name = "printed", .text = text, .len = strlen(text)};
    struct problems p = {0}, notes = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *vars = py_eval(&in, &e);
    AUTO(spec_freep) struct spec *again = NULL;

    if (!vars)
        abort();
    again = spec_from_xm(vars, "printed", &p, &notes);
    if (!again)
        abort();
    problems_clear(&notes);
}

static void look_at_take(struct spec *s, struct problems *p)
{
    AUTO(value_freep) struct value *v = NULL, *form = NULL;

    if ((s != NULL) != (p->len == 0))
        abort();
    problems_clear(p);
    if (!s)
        return;
    v = spec_to_value_secrets(s);
    must_equal_take(s, spec_from_value(v, p));
    form = spec_to_sxp(s, "vm");
    must_equal_take(s, spec_from_sxp(form, p));
    text_must_read(s);
    spec_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems p = {0}, notes = {0};
    struct err e = {0};
    AUTO(value_freep) struct value *v = json_parse((const char *)data, size, "fuzz", &e);

    if (!v || value_type(v) != VALUE_MAP)
        return 0;
    look_at_take(spec_from_value(v, &p), &p);
    look_at_take(spec_from_xm(v, "file", &p, &notes), &p);
    problems_clear(&notes);
    return 0;
}
