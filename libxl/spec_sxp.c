/*
 * The spec as the original's (domain ...) and (vm ...) forms. Reading goes through a map in the
 * language of JSON, so that checks and texts are the table's. Called by xend and by xm.
 */
#include <string.h>

#include "config/sxp.h"
#include "libxl/spec_parts.h"

#define EXTENSION "extension" /* the last child: what the original has no place for */
#define MASK_BITS 62          /* vcpu_avail is a signed 64-bit number here */

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

static const char *const image_heads[] = {"linux", "pvh", "hvm"}; /* by enum domain_type */

static void add_pair(struct value *form, const char *key, struct value *v_take)
{
    struct value *pair = value_list();

    value_add_take(pair, value_str(key));
    value_add_take(pair, v_take);
    value_add_take(form, pair);
}

/* What (vm ...) leaves out unless the default is something else. */
static bool is_falsy(const struct value *v)
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

static bool is_cpuid(const struct field *f)
{
    return strncmp(f->name, "cpuid", 5) == 0;
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
        return is_cpuid(f) ? spec_old_cpuid(list) : list_form(list);
    }
    return field_value(f, s);
}

/* Fields below (image (KIND ...)). */
static bool is_image_field(const struct field *f)
{
    return f->sxp && strncmp(f->sxp, "image/", 6) == 0;
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
    if (all || !is_falsy(v) || !field_is_default(f, s))
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

    value_add_take(head, value_str(image_heads[s->type]));
    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        AUTO(value_freep) struct value *v = NULL;

        if (!is_image_field(f))
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

/* The variables that the image's (ip ...) is made of, in its order. */
static const char *const ip_parts[] = {"ip",       "nfs_server", "gateway", "netmask",
                                       "hostname", "interface",  "dhcp"};

/* Whether (ip ...) alone gives them back: not when one holds a colon, as IPv6 addresses do. */
static bool is_told_by_ip(const struct spec *s, const struct field *f)
{
    AUTO(freep) char *ip = spec_ip_param(s);
    size_t colons = 0;
    bool part = false;

    for (size_t i = 0; i < ARRAY_LEN(ip_parts); i++)
        part |= strcmp(ip_parts[i], f->name) == 0;
    for (const char *at = ip ? ip : ""; *at; at++)
        colons += *at == ':';
    return part && colons == ARRAY_LEN(ip_parts) - 1;
}

/* What has no place above; the child is left out when there is nothing to say. */
static void add_extension(struct value *form, const struct spec *s)
{
    struct value *extension = value_list();

    value_add_take(extension, value_str(EXTENSION));
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

/* Reading. One item of a list: a text; of cpus also a list of numbers, which () is, too. */
static char *item_text(const struct value *v)
{
    struct buf b = BUF_INIT;

    if (value_type(v) == VALUE_STRING)
        return xstrdup(value_as_str(v));
    for (size_t i = 0; i < value_len(v); i++)
        if (value_type(value_at(v, i)) == VALUE_STRING)
            buf_addf(&b, "%s%s", b.len ? "," : "", value_as_str(value_at(v, i)));
    return buf_steal(&b);
}

/* The list of a FIELD_LIST as texts; one text may stand without brackets. */
static struct value *list_value(const struct value *v)
{
    struct value *list = value_list();

    for (size_t i = 0; i < value_len(v); i++) {
        AUTO(freep) char *text = item_text(value_at(v, i));
        value_add_take(list, value_str(text));
    }
    return list;
}

/* Where a form's children begin that have a head of this hash, from 1: most fields are looked for
 * in vain, and that for thousands of domains. */
struct heads {
    const struct value *form;
    uint16_t first[1024];
};

static size_t hash_of(const char *key)
{
    size_t h = (unsigned char)key[0];

    for (size_t i = 1; key[i - 1] && i < 6; i++)
        h = h * 31 + (unsigned char)key[i];
    return h % 1024;
}

static struct heads heads_of(const struct value *form)
{
    struct heads h = {.form = form};

    for (size_t i = value_len(form) < UINT16_MAX ? value_len(form) : UINT16_MAX; i > 0; i--)
        h.first[hash_of(sxp_head(value_at(form, i - 1)))] = (uint16_t)i;
    return h;
}

/* As sxp_child_value. */
static const struct value *heads_find(const struct heads *h, const char *key)
{
    size_t i = h->first[hash_of(key)];

    for (; i && i <= value_len(h->form); i++) {
        const struct value *child = value_at(h->form, i - 1);

        if (strcmp(sxp_head(child), key) == 0)
            return value_len(child) > 1 ? value_at(child, 1) : NULL;
    }
    return NULL;
}

/* The child of a field, in its own place or in the other one: the original has both. */
static const struct value *find_place(const struct field *f, const struct heads *form,
                                      const struct heads *image)
{
    const char *key = is_image_field(f) ? f->sxp + strlen("image/") : f->sxp;
    const struct value *v = heads_find(is_image_field(f) ? image : form, key);

    return v ? v : heads_find(is_image_field(f) ? form : image, key);
}

/* A number, whether the form was read from text or made by spec_to_sxp; 0 for anything else. */
static int64_t int_of(const struct value *v)
{
    int64_t i = 0;

    if (v && value_type(v) == VALUE_INT)
        i = value_as_int(v);
    else if (v && value_type(v) == VALUE_STRING && !parse_int(value_as_str(v), &i))
        i = 0;
    return i;
}

/* The form's vcpus is how many there may be; how many there are is said beside it. */
static void read_vcpus(struct value *map, const struct value *form)
{
    int64_t mask = int_of(sxp_child_value(form, "vcpu_avail"));
    int64_t most = int_of(value_get(map, "vcpus"));
    int64_t n = int_of(sxp_child_value(sxp_child(form, EXTENSION), "vcpus"));

    if (n == 0)
        n = vcpu_mask_count((uint64_t)mask, most);
    if (n == 0 || n == most)
        return;
    value_set_int(map, "maxvcpus", most);
    value_set_int(map, "vcpus", n);
}

/*
 * "IP:SERVER:GATEWAY:NETMASK:HOSTNAME:INTERFACE:DHCP" back into variables. With more colons it is
 * ours and tells nothing: the extension has the parts.
 */
static void read_ip(struct value *map, const char *text, bool extended)
{
    AUTO(freep) char *copy = xstrdup(text);
    char *at = copy, *part;
    size_t colons = 0;

    for (const char *c = text; *c; c++)
        colons += *c == ':';
    if (extended && colons >= ARRAY_LEN(ip_parts))
        return;
    for (size_t i = 0; i < ARRAY_LEN(ip_parts) && (part = strsep(&at, ":")); i++)
        if (*part && strcmp(part, NO_NFS_SERVER) != 0)
            value_set_str(map, ip_parts[i], part);
}

/* The kind of guest and what its (ip ...) tells. A form without an image is a PV guest's. */
static void read_image(struct value *map, const struct value *form, const struct value *image,
                       struct problems *p)
{
    const struct value *ip = sxp_child_value(image, "ip");
    const char *head = sxp_head(image);

    if (ip && value_type(ip) == VALUE_STRING)
        read_ip(map, value_as_str(ip), sxp_child(form, EXTENSION) != NULL);
    for (int t = 0; t < (int)ARRAY_LEN(image_heads); t++)
        if (strcmp(head, image_heads[t]) == 0)
            value_set_str(map, "type", t == TYPE_HVM ? "hvm" : t == TYPE_PVH ? "pvh" : "pv");
    if (*head && !value_get(map, "type"))
        problems_add(p, "/type", "use linux or hvm", "image: '%s' is not a kind of guest", head);
}

/* The other half of add_extension and of the "nfsroot=" that image_form puts before args. */
static void read_extension(struct value *map, const struct value *form)
{
    const struct value *extension = sxp_child(form, EXTENSION);
    const char *args = value_get_str(map, "extra", ""), *server, *root;
    AUTO(freep) char *nfs = NULL;

    for (size_t i = 1; i < value_len(extension); i++) {
        const struct value *pair = value_at(extension, i);
        if (value_len(pair) > 1)
            value_set_take(map, sxp_head(pair), value_copy(value_at(pair, 1)));
    }
    server = value_get_str(map, "nfs_server", "");
    root = value_get_str(map, "nfs_root", "");
    if (!*root)
        return;
    nfs = xasprintf("nfsroot=%s:%s ", server, root);
    if (strncmp(args, nfs, strlen(nfs)) == 0) {
        AUTO(freep) char *rest = xstrdup(args + strlen(nfs));
        value_set_str(map, "extra", rest);
    }
}

/* The original took longer ones and cut them. */
static void cut_password(struct value *map)
{
    const char *text = value_get_str(map, "vncpasswd", "");

    if (strlen(text) > VNC_PASSWORD_MAX)
        value_set_take(map, "vncpasswd", value_strn(text, VNC_PASSWORD_MAX));
}

/* All but the devices, in the language of JSON. What no field knows is passed over. */
static struct value *map_of_form(const struct value *form, struct problems *p)
{
    const struct value *image = sxp_child_value(form, "image");
    struct value *map = value_map();
    struct heads in_form = heads_of(form), in_image = heads_of(image);

    for (size_t i = 0; i < spec_fields.n; i++) {
        const struct field *f = &spec_fields.rows[i];
        const struct value *v = f->sxp ? find_place(f, &in_form, &in_image) : NULL;

        if (!v || strcmp(f->sxp, "image") == 0)
            continue;
        value_set_take(map, f->name,
                       value_type(v) != VALUE_LIST || f->type != FIELD_LIST ? value_copy(v)
                       : is_cpuid(f)                                        ? spec_old_cpuid_list(v)
                                                                            : list_value(v));
    }
    spec_old_read(map, form);
    cut_password(map);
    read_image(map, form, image, p);
    read_vcpus(map, form);
    read_extension(map, form);
    return map;
}

/* The original has all PCI devices in one form, and so the SCSI devices of a host: one for each. */
static void read_device(struct spec *s, const struct value *child, const char *where,
                        struct problems *p)
{
    const struct value *form = value_len(child) > 1 ? value_at(child, 1) : child;
    struct device *d = device_from_sxp(child, where, p);
    size_t n = 0;

    if (d)
        vec_push(&s->devices, d);
    for (size_t i = 1; i < value_len(form) && s->devices.len <= DOMAIN_DEVICES_MAX; i++) {
        AUTO(value_freep) struct value *single = NULL;

        if (strcmp(sxp_head(value_at(form, i)), "dev") != 0 || n++ == 0)
            continue; /* the first one was read above, from the whole form */
        single = value_list();
        for (size_t j = 0; j < value_len(form); j++)
            if (j == i || strcmp(sxp_head(value_at(form, j)), "dev") != 0)
                value_add_take(single, value_copy(value_at(form, j)));
        d = device_from_sxp(single, where, p);
        if (d)
            vec_push(&s->devices, d);
    }
}

/* Those that are fields here: read already. */
static bool is_old_device(const struct value *child)
{
    AUTO(value_freep) struct value *map = value_map();

    return spec_old_device(map, child);
}

/* One more than the limit is read, so that spec_check sees that there are too many. */
static void read_devices(struct spec *s, const struct value *form, struct problems *p)
{
    for (size_t i = 1; i < value_len(form) && s->devices.len <= DOMAIN_DEVICES_MAX; i++) {
        const struct value *child = value_at(form, i);

        if (strcmp(sxp_head(child), "device") == 0 && !is_old_device(child)) {
            AUTO(freep) char *where = xasprintf("/device/%zu", s->devices.len);
            read_device(s, child, where, p);
        }
    }
}

struct spec *spec_from_sxp(const struct value *form, struct problems *p)
{
    AUTO(spec_freep) struct spec *s = spec_new();
    AUTO(value_freep) struct value *map = NULL;
    size_t before = p->len;

    if (!*sxp_head(form)) {
        problems_add(p, "", "it begins with (domain or (vm", "spec: not a domain's form");
        return NULL;
    }
    map = map_of_form(form, p);
    fields_read(&spec_fields, s, map, "", NULL, p);
    read_devices(s, form, p);
    spec_finish(s, p);
    return p->len == before ? steal(s) : NULL;
}
