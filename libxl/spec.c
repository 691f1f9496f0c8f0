/*
 * The spec: making, copying, reading and printing as JSON, and its canonical form. The table of
 * fields is in spec_fields.c; files of xm are read in spec_xm.c, SXP in spec_sxp.c. Called by xend
 * and xm.
 */
#include "libxl/spec.h"

#include <string.h>
#include <strings.h>

#include "libxl/spec_parts.h"

struct spec *spec_new(void)
{
    struct spec *s = xcalloc(1, sizeof(*s));

    fields_init(&spec_fields, s);
    return s;
}

void spec_free(struct spec *s)
{
    if (!s)
        return;
    fields_clear(&spec_fields, s);
    devices_clear(&s->devices);
    free(s);
}

void spec_freep(struct spec **s)
{
    spec_free(*s);
}

/* Every member but the devices is a row of the table. */
struct spec *spec_copy(const struct spec *s)
{
    struct spec *copy = spec_new();

    fields_copy(&spec_fields, copy, s);
    for (size_t i = 0; i < s->devices.len; i++)
        vec_push(&copy->devices, device_copy(s->devices.ptr[i]));
    return copy;
}

static bool is_device_class(const char *key)
{
    return device_class_find(key) >= 0;
}

/* The count is bounded first: comparing each device with each is for few. */
void spec_read_devices(struct spec *s, enum device_class class, const struct value *list,
                       struct problems *p)
{
    const char *name = device_class_name(class);
    AUTO(freep) char *top = xasprintf("/%s", name);

    if (value_type(list) != VALUE_LIST) {
        if (value_type(list) != VALUE_NIL)
            problems_add(p, top, NULL, "%s: %s is not a list", name,
                         value_type_name(value_type(list)));
        return;
    }
    if (value_len(list) > DOMAIN_DEVICES_MAX) {
        problems_add(p, top, NULL, "%s: more than %d devices", name, DOMAIN_DEVICES_MAX);
        return;
    }
    for (size_t i = 0; i < value_len(list); i++) {
        AUTO(freep) char *where = xasprintf("%s/%zu", top, i);
        struct device *d = device_from_value(class, value_at(list, i), where, p);

        if (!d)
            continue;
        d->place = i;
        vec_push(&s->devices, d);
    }
}

struct spec *spec_from_value(const struct value *map, struct problems *p)
{
    AUTO(spec_freep) struct spec *s = spec_new();
    size_t before = p->len;

    if (value_type(map) != VALUE_MAP) {
        problems_add(p, "", NULL, "spec: %s is not a map", value_type_name(value_type(map)));
        return NULL;
    }
    fields_read(&spec_fields, s, map, "", is_device_class, p);
    for (int c = 0; c < DEVICE_CLASSES; c++) {
        const struct value *list = value_get(map, device_class_name((enum device_class)c));
        if (list)
            spec_read_devices(s, (enum device_class)c, list, p);
    }
    spec_finish(s, p);
    return p->len == before ? steal(s) : NULL;
}

/* Devices stand in the order of their classes, so each list is made when its first one comes. */
struct value *spec_to_value(const struct spec *s)
{
    AUTO(spec_freep) struct spec *words = spec_usb_to_words(s);
    struct value *map = value_map();

    s = words ? words : s;
    fields_write(&spec_fields, s, false, map);
    for (size_t i = 0; i < s->devices.len; i++) {
        const char *name = device_class_name(s->devices.ptr[i]->class);

        if (!value_get(map, name))
            value_set_take(map, name, value_list());
        value_add_take(value_get(map, name), device_to_value(s->devices.ptr[i]));
    }
    return map;
}

struct value *spec_to_value_secrets(const struct spec *s)
{
    AUTO(spec_freep) struct spec *words = spec_usb_to_words(s);
    struct value *map = spec_to_value(s);
    size_t at[DEVICE_CLASSES] = {0};

    s = words ? words : s;
    fields_reveal(&spec_fields, s, map);
    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];
        struct value *list = value_get(map, device_class_name(d->class));

        fields_reveal(&device_fields[d->class], &d->disk, value_at(list, at[d->class]++));
    }
    return map;
}

/* Devices are compared by class and place; there is one vfb at most. */
void spec_fill_secrets(struct spec *s, const struct spec *from)
{
    fields_fill_secrets(&spec_fields, s, from);
    for (size_t i = 0; i < s->devices.len; i++)
        for (size_t j = 0; j < from->devices.len; j++)
            if (s->devices.ptr[i]->class == DEVICE_VFB && from->devices.ptr[j]->class == DEVICE_VFB)
                fields_fill_secrets(&device_fields[DEVICE_VFB], &s->devices.ptr[i]->vfb,
                                    &from->devices.ptr[j]->vfb);
}

/* Stable, and few: by insertion. */
static void sort_devices(struct devices *v)
{
    for (size_t i = 1; i < v->len; i++) {
        struct device *d = v->ptr[i];
        size_t j = i;

        for (; j > 0 && v->ptr[j - 1]->class > d->class; j--)
            v->ptr[j] = v->ptr[j - 1];
        v->ptr[j] = d;
    }
}

/* People write root = "root=/dev/xvda1", too. */
static void strip_prefix(char **text, const char *prefix)
{
    size_t n = strlen(prefix);
    char *rest;

    if (!*text || strncmp(*text, prefix, n) != 0)
        return;
    rest = (*text)[n] ? xstrdup(*text + n) : NULL;
    free(*text);
    *text = rest;
}

/* One text for each virtual CPU, and all the same: one for all says it. */
static void merge_cpus(struct spec *s)
{
    struct value *one;

    for (size_t i = 1; i < value_len(s->cpus); i++)
        if (!value_equal(value_at(s->cpus, 0), value_at(s->cpus, i)))
            return;
    if (value_len(s->cpus) < 2)
        return;
    one = value_list();
    value_add_take(one, value_copy(value_at(s->cpus, 0)));
    value_free(s->cpus);
    s->cpus = one;
}

/* One text for each virtual CPU that is there from the start: those that may come have none. */
static void fill_cpus(struct spec *s)
{
    size_t n = value_len(s->cpus);

    for (int64_t i = s->vcpus; n > 1 && n == (size_t)s->vcpus && i < spec_maxvcpus(s); i++)
        value_add_take(s->cpus, value_str(""));
}

/* The empty text is no restriction: as if it had not been given. */
static void drop_empty_cpus(struct spec *s)
{
    if (value_len(s->cpus) != 1 || value_str_len(value_at(s->cpus, 0)) != 0)
        return;
    value_free(s->cpus);
    s->cpus = NULL;
}

void spec_finish(struct spec *s, struct problems *p)
{
    char canonical[UUID_TEXT_SIZE];

    if (s->uuid && uuid_normalize(s->uuid, canonical)) {
        free(s->uuid);
        s->uuid = xstrdup(canonical);
    }
    strip_prefix(&s->root, "root=");
    strip_prefix(&s->ip, "ip=");
    if (value_get(s->other, "viridian_groups"))
        s->viridian = true;
    if (s->maxmem == s->memory)
        s->maxmem = 0;
    if (s->maxvcpus == s->vcpus)
        s->maxvcpus = 0;
    spec_words_to_usb(s, p);
    sort_devices(&s->devices);
    fill_cpus(s);
    spec_check(s, p);
    merge_cpus(s);
    drop_empty_cpus(s);
}

bool spec_is_falsy(const struct value *v)
{
    switch (value_type(v)) {
    case VALUE_NIL:
        return true;
    case VALUE_BOOL:
        return !value_as_bool(v);
    case VALUE_INT:
        return value_as_int(v) == 0;
    default:
        return false;
    }
}

/* A default is never noted: nobody asked for it; nor is a 0 for what nobody has. */
static bool says_something(const struct field *f, const struct spec *s)
{
    AUTO(value_freep) struct value *v = f->in_map ? field_value(f, s) : NULL;

    return f->in_map ? !spec_is_falsy(v) : !field_is_default(f, s);
}

void spec_note_ignored(const struct spec *s, unsigned driver, struct problems *notes)
{
    const char *name = driver == ON_XEN    ? "the xen driver does not have it"
                       : driver == ON_QEMU ? "the qemu driver does not have it"
                       : driver == ON_TEST ? "the test driver does not have it"
                                           : "no driver of this xend has it";
    size_t index[DEVICE_CLASSES] = {0};

    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        AUTO(freep) char *where = xasprintf("/%s", f->name);

        bool groups = strcmp(f->name, "viridian_groups") == 0; /* in files, a list of viridian */

        if (groups && !(driver & ON_XEN))
            continue; /* told by viridian */
        if (!(f->drivers & driver) && says_something(f, s))
            problems_add(notes, where, NULL, "%s: %s; ignored", groups ? "viridian" : f->name,
                         name);
    }
    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];
        AUTO(freep)
        char *where = xasprintf("/%s/%zu", device_class_name(d->class), index[d->class]++);

        device_note_ignored(d, driver, where, name, notes);
    }
}
