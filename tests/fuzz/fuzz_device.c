/*
 * libFuzzer target for the mini-languages of devices: the first byte says the class, the rest is
 * the text. What reads must give the same device again from its JSON and from its SXP, and from
 * its own text unless a comma stands within a value.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/base/mem.h"
#include "libxl/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_equal_take(const struct device *d, struct device *again)
{
    AUTO(value_freep) struct value *a = device_to_value(d);
    AUTO(value_freep) struct value *b = again ? device_to_value(again) : NULL;

    fields_reveal(&device_fields[d->class], &d->disk, a);
    if (again)
        fields_reveal(&device_fields[d->class], &again->disk, b);
    if (!b || !value_equal(a, b))
        abort();
    device_free(again);
}

static void goes_round(const struct device *d)
{
    AUTO(value_freep) struct value *map = device_to_value(d), *form = device_to_sxp(d);
    AUTO(value_freep) struct value *forms = NULL;
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(freep) char *text = device_to_xm(d);
    struct problems p = {0};
    struct err e = {0};

    fields_reveal(&device_fields[d->class], &d->disk, map);
    must_equal_take(d, device_from_value(d->class, map, "/x/0", &p));
    sxp_print(form, &b);
    forms = sxp_parse(buf_str(&b), b.len, "printed", &e);
    if (value_len(forms) != 1)
        abort();
    must_equal_take(d, device_from_sxp(value_at(forms, 0), "/x/0", &p));
    if (p.len)
        abort();
    device_free(device_from_xm(d->class, text, "/x/0", &p));
    problems_clear(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems p = {0};
    AUTO(device_freep) struct device *d = NULL;
    AUTO(freep) char *text = NULL;

    if (size < 1 || memchr(data, '\0', size))
        return 0;
    text = xstrndup((const char *)data + 1, size - 1);
    d = device_from_xm((enum device_class)(data[0] % DEVICE_CLASSES), text, "/x/0", &p);
    if ((d != NULL) != (p.len == 0))
        abort();
    problems_clear(&p);
    if (d)
        goes_round(d);
    return 0;
}
