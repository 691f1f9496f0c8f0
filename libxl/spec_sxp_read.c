/*
 * The spec from the original's (domain ...) and (vm ...) forms. What stands in the place of a field
 * is read by the table, so that checks and texts are its; thousands of forms are read when xend
 * starts, so each is gone through once, and nothing of it is copied. Called by xend and by xm.
 */
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/spec_parts.h"

#define FIELDS_MAX 256
#define SLOTS 1024

/* Which fields have a key, by its hash: numbers of fields, from 1; 0 ends the line. */
static uint16_t first_of[SLOTS], next_of[FIELDS_MAX];

static size_t hash_of(const char *key)
{
    size_t h = 0;

    for (size_t i = 0; i < 6 && key[i]; i++)
        h = h * 31 + (unsigned char)key[i];
    return h % SLOTS;
}

static const char *key_of(const struct field *f)
{
    return spec_in_image(f) ? f->sxp + strlen("image/") : f->sxp;
}

static void make_index(void)
{
    assert(spec_fields.n < FIELDS_MAX);
    for (size_t i = spec_fields.n; i > 0; i--) {
        const struct field *f = &spec_fields.rows[i - 1];
        uint16_t *slot = f->sxp ? &first_of[hash_of(key_of(f))] : NULL;

        if (!slot || strcmp(f->sxp, "image") == 0)
            continue;
        next_of[i - 1] = *slot;
        *slot = (uint16_t)i;
    }
}

/* The children that fields have in a form: each in its own place and in the other, for the original
 * has both; and some that are no field's. The first of a key counts. */
struct places {
    const struct value *own[FIELDS_MAX], *other[FIELDS_MAX];
    const struct value *extension, *vcpu_avail; /* of the form itself; or NULL */
};

static void note_place(struct places *at, const struct value *child, bool image)
{
    const char *head = sxp_head(child);

    for (size_t i = first_of[hash_of(head)]; i; i = next_of[i - 1]) {
        const struct field *f = &spec_fields.rows[i - 1];
        const struct value **slot = spec_in_image(f) == image ? &at->own[i - 1] : &at->other[i - 1];

        if (!*slot && strcmp(key_of(f), head) == 0)
            *slot = child;
    }
    if (!image && !at->extension && strcmp(head, SPEC_EXTENSION) == 0)
        at->extension = child;
    if (!image && !at->vcpu_avail && strcmp(head, "vcpu_avail") == 0)
        at->vcpu_avail = child;
}

static void note_places(struct places *at, const struct value *form, bool image)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_index);
    for (size_t i = 1; i < value_len(form); i++)
        note_place(at, value_at(form, i), image);
}

/* X of (key X), or NULL. */
static const struct value *second(const struct value *child)
{
    return value_len(child) > 1 ? value_at(child, 1) : NULL;
}

/* What stands in the place of a field, or NULL. */
static const struct value *place(const struct places *at, size_t field)
{
    const struct value *v = second(at->own[field]);

    return v ? v : second(at->other[field]);
}

/* The same by its key. */
static const struct value *place_of(const struct places *at, const char *key)
{
    for (size_t i = first_of[hash_of(key)]; i; i = next_of[i - 1])
        if (strcmp(key_of(&spec_fields.rows[i - 1]), key) == 0)
            return place(at, i - 1);
    return NULL;
}

/* One item of a list: a text; of cpus also a list of numbers, which () is, too. */
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
static void read_vcpus(struct value *own, const struct places *at)
{
    const struct value *mask = second(at->vcpu_avail);
    int64_t most = int_of(place_of(at, "vcpus"));
    int64_t n = int_of(sxp_child_value(at->extension, "vcpus"));

    if (n == 0)
        n = vcpu_mask_count((uint64_t)int_of(mask), most);
    if (n == 0 || n == most)
        return;
    value_set_int(own, "maxvcpus", most);
    value_set_int(own, "vcpus", n);
}

/*
 * "IP:SERVER:GATEWAY:NETMASK:HOSTNAME:INTERFACE:DHCP" back into variables. With more colons it is
 * ours and tells nothing: the extension has the parts.
 */
static void read_ip(struct value *own, const char *text, bool extended)
{
    AUTO(freep) char *copy = xstrdup(text);
    char *at = copy, *part;
    size_t colons = 0;

    for (const char *c = text; *c; c++)
        colons += *c == ':';
    if (extended && colons >= SPEC_IP_PARTS)
        return;
    for (size_t i = 0; i < SPEC_IP_PARTS && (part = strsep(&at, ":")); i++)
        if (*part && strcmp(part, NO_NFS_SERVER) != 0)
            value_set_str(own, spec_ip_parts[i], part);
}

/* The kind of guest and what its (ip ...) tells. A form without an image is a PV guest's. */
static void read_image(struct value *own, const struct value *image, const struct places *at,
                       struct problems *p)
{
    const struct value *ip = sxp_child_value(image, "ip");
    const char *head = sxp_head(image);

    if (ip && value_type(ip) == VALUE_STRING)
        read_ip(own, value_as_str(ip), at->extension != NULL);
    for (int t = 0; t < (int)ARRAY_LEN(spec_image_heads); t++)
        if (strcmp(head, spec_image_heads[t]) == 0)
            value_set_str(own, "type", t == TYPE_HVM ? "hvm" : t == TYPE_PVH ? "pvh" : "pv");
    if (*head && !value_get(own, "type"))
        problems_add(p, "/type", "use linux or hvm", "image: '%s' is not a kind of guest", head);
}

/* The text of a field: what is set already, or what stands in its place. */
static const char *text_of(const struct value *own, const struct places *at, const char *name,
                           const char *key)
{
    const struct value *v = place_of(at, key);

    return value_get_str(own, name, v && value_type(v) == VALUE_STRING ? value_as_str(v) : "");
}

/* The other half of add_extension and of the "nfsroot=" that image_form puts before args. */
static void read_extension(struct value *own, const struct places *at)
{
    const char *args, *server, *root;
    AUTO(freep) char *nfs = NULL;

    for (size_t i = 1; i < value_len(at->extension); i++) {
        const struct value *pair = value_at(at->extension, i);
        if (value_len(pair) > 1)
            value_set_take(own, sxp_head(pair), value_copy(value_at(pair, 1)));
    }
    args = text_of(own, at, "extra", "args");
    server = value_get_str(own, "nfs_server", "");
    root = value_get_str(own, "nfs_root", "");
    if (!*root)
        return;
    nfs = xasprintf("nfsroot=%s:%s ", server, root);
    if (strncmp(args, nfs, strlen(nfs)) == 0) {
        AUTO(freep) char *rest = xstrdup(args + strlen(nfs));
        value_set_str(own, "extra", rest);
    }
}

/* The original took longer ones and cut them. */
static void cut_password(struct value *own, const struct places *at)
{
    const char *text = text_of(own, at, "vncpasswd", "vncpasswd");

    if (strlen(text) > VNC_PASSWORD_MAX)
        value_set_take(own, "vncpasswd", value_strn(text, VNC_PASSWORD_MAX));
}

/* What no single place tells, in the language of JSON: it goes before what stands in the places. */
static struct value *own_of_form(const struct value *form, const struct value *image,
                                 const struct places *at, struct problems *p)
{
    struct value *own = value_map();

    for (size_t i = 1; i < value_len(form); i++)
        spec_old_read(own, value_at(form, i));
    cut_password(own, at);
    read_image(own, image, at, p);
    read_vcpus(own, at);
    read_extension(own, at);
    return own;
}

/* The others, each from its place. What no field knows is passed over. */
static void read_places(struct spec *s, const struct places *at, const struct value *own,
                        struct problems *p)
{
    AUTO(buf_clear) struct buf where = BUF_INIT;

    for (size_t i = 0; i < spec_fields.n && p->len < PROBLEMS_MAX; i++) {
        const struct field *f = &spec_fields.rows[i];
        const struct value *v = place(at, i);
        AUTO(value_freep) struct value *list = NULL;

        if (!v || value_get(own, f->name))
            continue;
        if (f->type == FIELD_LIST && value_type(v) == VALUE_LIST)
            list = spec_is_cpuid(f) ? spec_old_cpuid_list(v) : list_value(v);
        where.len = 0;
        buf_addc(&where, '/');
        buf_adds(&where, f->name);
        field_read(f, s, list ? list : v, buf_str(&where), p);
    }
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

/* One more than the limit is read, so that spec_check sees that there are too many. */
static void read_devices(struct spec *s, const struct value *form, struct problems *p)
{
    for (size_t i = 1; i < value_len(form) && s->devices.len <= DOMAIN_DEVICES_MAX; i++) {
        const struct value *child = value_at(form, i);

        if (strcmp(sxp_head(child), "device") == 0 && !spec_old_is_device(child)) {
            AUTO(freep) char *where = xasprintf("/device/%zu", s->devices.len);
            read_device(s, child, where, p);
        }
    }
}

struct spec *spec_from_sxp(const struct value *form, struct problems *p)
{
    const struct value *image = sxp_child_value(form, "image");
    AUTO(spec_freep) struct spec *s = spec_new();
    AUTO(value_freep) struct value *own = NULL;
    struct places at = {0};
    size_t before = p->len;

    if (!*sxp_head(form)) {
        problems_add(p, "", "it begins with (domain or (vm", "spec: not a domain's form");
        return NULL;
    }
    note_places(&at, form, false);
    note_places(&at, image, true);
    own = own_of_form(form, image, &at, p);
    read_places(s, &at, own, p);
    fields_read(&spec_fields, s, own, "", NULL, p);
    read_devices(s, form, p);
    spec_finish(s, p);
    return p->len == before ? steal(s) : NULL;
}
