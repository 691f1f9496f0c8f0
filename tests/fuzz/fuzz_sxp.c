/*
 * libFuzzer target for SXP: any bytes. What reads must print, on one line and pretty, and read back
 * as the same; a form of a domain gives a spec or faults, and that spec goes round.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/base/mem.h"
#include "libxl/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Printed and read again: one form; NULL when v was the empty text, which prints as nothing. */
static struct value *again(const struct value *v, size_t width)
{
    AUTO(value_freep) struct value *forms = NULL;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};

    sxp_print_pretty(v, width, &b);
    forms = sxp_parse(b.ptr, b.len, "printed", &e);
    if (!forms || value_len(forms) > 1)
        abort();
    return value_len(forms) ? value_copy(value_at(forms, 0)) : NULL;
}

/* Empty texts within are gone after the first time; then nothing changes any more. */
static void goes_round(const struct value *v, size_t width)
{
    AUTO(value_freep) struct value *once = again(v, width), *twice = NULL;

    if (!once)
        return;
    twice = again(once, width);
    if (!twice || !value_equal(once, twice))
        abort();
}

/* What was read as a spec prints and reads as the same. */
static void spec_goes_round(const struct value *form)
{
    struct problems p = {0};
    AUTO(spec_freep) struct spec *s = spec_from_sxp(form, &p), *copy = NULL;
    AUTO(value_freep) struct value *printed = NULL, *a = NULL, *b = NULL;

    if ((s != NULL) != (p.len == 0))
        abort();
    problems_clear(&p);
    if (!s)
        return;
    printed = spec_to_sxp(s, "domain");
    copy = spec_from_sxp(printed, &p);
    if (!copy)
        abort();
    a = spec_to_value_secrets(s);
    b = spec_to_value_secrets(copy);
    if (!value_equal(a, b))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(value_freep) struct value *forms = NULL;
    struct err e = {0};

    forms = sxp_parse((const char *)data, size, "fuzz", &e);
    if (!forms && strncmp(e.msg, "fuzz:", 5) != 0)
        abort();
    for (size_t i = 0; i < value_len(forms); i++) {
        goes_round(value_at(forms, i), 80);
        goes_round(value_at(forms, i), 10);
        if (value_type(value_at(forms, i)) == VALUE_LIST)
            spec_goes_round(value_at(forms, i));
    }
    return 0;
}
