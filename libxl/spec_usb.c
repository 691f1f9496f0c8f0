/*
 * usbdevice= of files is a list of words; in a spec each is a device, which can come and go. Here
 * they are turned into one another. Called by spec_finish and by all who print a spec.
 */
#include <string.h>

#include "libxl/spec_parts.h"

/* Nothing but the word is said. */
static bool is_word(const struct device *d)
{
    const struct fields *t = &device_fields[DEVICE_USBDEV];

    if (d->class != DEVICE_USBDEV || !d->usbdev.device)
        return false;
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->rows[i].name, "device") != 0 && !field_is_default(&t->rows[i], &d->disk))
            return false;
    return true;
}

void spec_words_to_usb(struct spec *s, struct problems *p)
{
    for (size_t i = 0; i < value_len(s->usbdevice); i++) {
        AUTO(freep) char *where = xasprintf("/usbdevice/%zu", i);
        AUTO(value_freep) struct value *map = value_map();
        struct device *d;

        value_set_take(map, "device", value_copy(value_at(s->usbdevice, i)));
        d = device_from_value(DEVICE_USBDEV, map, where, p);
        if (!d)
            continue;
        d->place = i;
        vec_push(&s->devices, d);
    }
    value_free(s->usbdevice);
    s->usbdevice = NULL;
}

struct spec *spec_usb_to_words(const struct spec *s)
{
    struct spec *copy = NULL;

    for (size_t i = 0; i < s->devices.len && !copy; i++)
        if (is_word(s->devices.ptr[i]))
            copy = spec_copy(s);
    for (size_t i = 0; copy && i < copy->devices.len;) {
        struct device *d = copy->devices.ptr[i];

        if (!is_word(d)) {
            i++;
            continue;
        }
        if (!copy->usbdevice)
            copy->usbdevice = value_list();
        value_add_take(copy->usbdevice, value_str(d->usbdev.device));
        device_free(d);
        vec_remove(&copy->devices, i);
    }
    return copy;
}
