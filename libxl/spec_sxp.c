/*
 * The spec as the original's (domain ...) and (vm ...) forms: writing; spec_sxp_read.c reads them.
 * Called by xend and by xm.
 */
#include <string.h>

#include "config/sxp.h"
#include "libxl/spec_parts.h"

#define MASK_BITS 62 /* vcpu_avail is a signed 64-bit number here */

/* The order of (vm ...), as xm create sends it; names that are missing here follow. */
static const char *const vm_order[] = {
    "name",
    "memory",
    "maxmem",
    "shadow_memory",
    "on_poweroff",
    "on_reboot",
    "on_crash",
    "features",
    "on_xend_start",
    "on_xend_stop",
    "target",
    "cpuid",
    "cpuid_check",
    "machine_address_size",
    "suppress_spurious_page_faults",
    "vcpus",
    "uuid",
    "cpus",
    "cpu_cap",
    "cpu_weight",
    "pool",
    "bootloader",
    "bootargs",
};

const char *const spec_image_heads[] = {"linux", "pvh", "hvm"};

static void add_pair(struct value *form, const char *key, struct value *v_take)
{
    struct value *pair = value_list();

    value_add_take(pair, value_str(key));
    value_add_take(pair, v_take);
    value_add_take(form, pair);
}

/* A list of texts; an empty one stands as (), for SXP prints the empty text as nothing. */
static struct value *list_form(const struct value *list)
{
    struct value *form = value_list();

    for (size_t i = 0; i < value_len(list); i++) {
        const struct value *item = value_at(list, i);
        value_add_take(form, value_str_len(item) ? value_copy(item) : value_list());
    }
    return form;
}

/* "0-3" for all, or a list with one text for each; without restriction (cpus (())). */
static struct value *cpus_form(const struct spec *s)
{
    struct value *form;

    if (value_len(s->cpus) == 1)
        return value_copy(value_at(s->cpus, 0));
    if (s->cpus)
        return list_form(s->cpus);
    form = value_list();
    value_add_take(form, value_list());
    return form;
}

/* A field as it stands in the form; xend's own 0 for "as the other" shows the other. */
static struct value *shown(const struct spec *s, const struct field *f)
{
    if (strcmp(f->name, "maxmem") == 0)
        return value_int(spec_maxmem(s));
    if (strcmp(f->name, "vcpus") == 0)
        return value_int(spec_maxvcpus(s));
    if (strcmp(f->name, "cpus") == 0)
        return cpus_form(s);
    if (f->type == FIELD_LIST && !field_is_default(f, s)) {
        AUTO(value_freep) struct value *list = field_value(f, s);
        return spec_is_cpuid(f) ? spec_old_cpuid(list) : list_form(list);
    }
    return field_value(f, s);
}

/* Fields of the form itself; the kind of guest, "image", is neither. */
static bool is_top_field(const struct field *f)
{
    return f->sxp && strncmp(f->sxp, "image", 5) != 0;
}

/* One field of the form itself; all: although it says nothing. */
static void add_top(struct value *form, const struct spec *s, const struct field *f, bool all)
{
    AUTO(value_freep) struct value *v = shown(s, f);

    if (f->in_map && value_type(v) == VALUE_NIL)
        return;
    if (all || !spec_is_falsy(v) || !field_is_default(f, s))
        if (all || strcmp(f->name, "cpus") != 0 || s->cpus)
            add_pair(form, f->sxp, steal(v));
    if (strcmp(f->name, "vcpus") == 0 && s->maxvcpus > s->vcpus && s->maxvcpus <= MASK_BITS)
        add_pair(form, "vcpu_avail", value_int((1LL << s->vcpus) - 1));
}

/* (vm ...) has the order in which xm sent it, (domain ...) that of the table. */
static void add_tops(struct value *form, const struct spec *s, bool vm)
{
    bool done[64] = {false};

    _Static_assert(ARRAY_LEN(vm_order) < ARRAY_LEN(done), "one flag for each");
    for (size_t i = 0; vm && i < ARRAY_LEN(vm_order); i++)
        add_top(form, s, field_find(&spec_fields, vm_order[i]), false);
    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        bool listed = false;

        for (size_t j = 0; vm && j < ARRAY_LEN(vm_order); j++)
            listed |= strcmp(vm_order[j], f->name) == 0;
        if (is_top_field(f) && !listed)
            add_top(form, s, f, !vm);
    }
}

/* What is not at its default; of HVM guests `list --long` shows all that is not empty. */
static struct value *image_form(const struct spec *s, bool vm)
{
    AUTO(freep) char *ip = spec_ip_param(s);
    AUTO(freep) char *nfs = spec_nfs_param(s);
    struct value *head = value_list(), *image = value_list();

    value_add_take(head, value_str(spec_image_heads[s->type]));
    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        AUTO(value_freep) struct value *v = NULL;

        if (!spec_in_image(f))
            continue;
        if (ip && strcmp(f->name, "root") == 0)
            add_pair(head, "ip", value_str(ip));
        v = shown(s, f);
        if (*nfs && strcmp(f->name, "extra") == 0) {
            AUTO(freep) char *args = xasprintf("%s%s", nfs, s->extra ? s->extra : "");
            add_pair(head, "args", value_str(args));
        } else if (!field_is_default(f, s) ||
                   (!vm && s->type == TYPE_HVM && value_type(v) != VALUE_NIL)) {
            add_pair(head, f->sxp + strlen("image/"), steal(v));
        }
    }
    value_add_take(image, value_str("image"));
    value_add_take(image, head);
    return image;
}

const char *const spec_ip_parts[] = {"ip",       "nfs_server", "gateway", "netmask",
                                     "hostname", "interface",  "dhcp"};

/* Whether (ip ...) alone gives them back: not when one holds a colon, as IPv6 addresses do. */
static bool is_told_by_ip(const struct spec *s, const struct field *f)
{
    AUTO(freep) char *ip = spec_ip_param(s);
    size_t colons = 0;
    bool part = false;

    for (size_t i = 0; i < SPEC_IP_PARTS; i++)
        part |= strcmp(spec_ip_parts[i], f->name) == 0;
    for (const char *at = ip ? ip : ""; *at; at++)
        colons += *at == ':';
    return part && colons == SPEC_IP_PARTS - 1;
}

/* What has no place above; the child is left out when there is nothing to say. */
static void add_extension(struct value *form, const struct spec *s)
{
    struct value *extension = value_list();

    value_add_take(extension, value_str(SPEC_EXTENSION));
    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        bool vcpus = s->maxvcpus > MASK_BITS && strcmp(f->name, "vcpus") == 0;

        if (strcmp(f->name, "maxvcpus") == 0) /* told by vcpus */
            continue;
        if (vcpus ||
            (!f->sxp && !field_is_default(f, s) && !is_told_by_ip(s, f) && !spec_old_tells(s, f)))
            add_pair(extension, f->name, field_value(f, s));
    }
    if (value_len(extension) > 1)
        value_add_take(form, extension);
    else
        value_free(extension);
}

struct value *spec_to_sxp(const struct spec *s, const char *head)
{
    AUTO(spec_freep) struct spec *words = spec_usb_to_words(s);
    struct value *form = value_list();
    bool vm = strcmp(head, "domain") != 0;

    s = words ? words : s;
    value_add_take(form, value_str(head));
    add_tops(form, s, vm);
    value_add_take(form, image_form(s, vm));
    spec_old_backends(s, form);
    spec_old_devices(s, form, vm);
    add_extension(form, s);
    return form;
}
