/*
 * The languages of disk=: xm's "UNAME,VDEV,MODE[,BACKEND[,PROTOCOL]]", and xl's
 * "target,format,vdev,access" and "key=value" ones. Each becomes a map in the language of JSON,
 * which device.c reads. Source for xl: docs/man/xl-disk-configuration.5 of Xen 4.17.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "libxl/base/near.h"
#include "libxl/device_parts.h"

const char *const disk_formats[] = {"raw", "qcow2", "qcow", "vmdk", "vhd", "qed", NULL};
const char *const disk_tapdisks[] = {"sync", "ram", "remus", "ioemu", NULL};

/* Whether the first n bytes of text are one of these words. */
static bool is_one_of(const char *text, size_t n, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == n && strncmp(text, *words, n) == 0)
            return true;
    return false;
}

/*
 * What follows "tap:", up to the path: "aio:", "tapdisk:qcow2:", "ioemu:vhd:". Sets format or
 * tapdisk and returns the path, or NULL for a word that is none of them.
 */
static const char *read_tap(struct value *map, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, ":");
        bool handler = strncmp(text, "tapdisk:", 8) == 0 || strncmp(text, "ioemu:", 6) == 0;

        if (!text[n] || *text == '/')
            return text;
        if (handler && text[n + 1] != '/') { /* names who serves it; the type comes next */
            text += n + 1;
            continue;
        }
        if (is_one_of(text, n, disk_formats))
            value_set_take(map, "format", value_strn(text, n));
        else if (is_one_of(text, n, disk_tapdisks))
            value_set_take(map, "tapdisk", value_strn(text, n));
        else if (n != 3 || strncmp(text, "aio", 3) != 0)
            return NULL;
        return text + n + 1;
    }
}

/* xl does not say what the target is: a device below /dev is one, anything else is a file. */
static void set_plain_target(struct value *map, const char *target)
{
    if (!value_get(map, "type"))
        value_set_str(map, "type", strncmp(target, "/dev/", 5) == 0 ? "phy" : "file");
    value_set_str(map, "target", target);
}

int disk_map_uname(struct value *map, const char *uname, const char *where, struct problems *p)
{
    const char *target = strchr(uname, ':');
    AUTO(freep) char *type = NULL;

    uname += strspn(uname, " \t");
    if (!*uname || (target && target != uname && !target[1])) /* "phy:" of an empty drive */
        return 0;
    if (!target || target == uname || uname[0] == '/') {
        problems_add(p, where, "say what it is: file:/srv/web1.img or phy:/dev/vg/web1",
                     "Block device must have physical details specified: %s", uname);
        return -1;
    }
    type = xstrndup(uname, (size_t)(target++ - uname));
    type[strcspn(type, " \t")] = '\0';
    if (is_one_of(type, strlen(type), disk_formats)) { /* "qcow2:/a.img", once xl's language */
        value_set_str(map, "format", type);
        set_plain_target(map, target);
        return 0;
    }
    if (strcmp(type, "tap") == 0 || strcmp(type, "tap2") == 0) {
        const char *path = read_tap(map, target);
        if (!path) {
            problems_add(p, where, "use aio, qcow2, qcow, vmdk, vhd, sync or ram",
                         "Block device type \"%s:%.*s\" is invalid.", type,
                         (int)strcspn(target, ":"), target);
            return -1;
        }
        target = path;
    }
    value_set_str(map, "type", type);
    value_set_str(map, "target", target);
    return 0;
}

/* "xvda", "/dev/xvda", "ioemu:hda", "hdc:cdrom", "xvda:disk" */
void disk_map_dev(struct value *map, const char *dev)
{
    const char *colon;

    if (strncmp(dev, "ioemu:", 6) == 0)
        dev += 6;
    if (strncmp(dev, "/dev/", 5) == 0)
        dev += 5;
    colon = strchrnul(dev, ':');
    value_set_take(map, "vdev", value_strn(dev, (size_t)(colon - dev)));
    if (*colon && strcmp(colon, ":disk") != 0)
        value_set_str(map, "devtype", colon + 1);
}

/* The original's text for whatever is wrong with the form as a whole. */
static int bad_disk(const char *text, const char *hint, const char *where, struct problems *p)
{
    problems_add(p, where, hint, "Invalid disk specifier: %s", text);
    return -1;
}

/* UNAME,VDEV,MODE and perhaps BACKEND and PROTOCOL; an empty backend means none. */
static int read_xm(struct value *map, const struct value *parts, const char *where,
                   struct problems *p)
{
    static const char *const keys[] = {"backend", "protocol"};
    const char *text = value_as_str(value_at(parts, 2));
    const char *mode = strcmp(text, "rw") == 0   ? "w" /* xl's words, which it takes here, too */
                       : strcmp(text, "ro") == 0 ? "r"
                                                 : text;

    if (disk_map_uname(map, value_as_str(value_at(parts, 0)), where, p) < 0)
        return -1;
    disk_map_dev(map, value_as_str(value_at(parts, 1)));
    if (strcmp(mode, "r") != 0 && strcmp(mode, "w") != 0 && strcmp(mode, "w!") != 0) {
        problems_add(p, where,
                     strchr(mode, ':') ? "is a comma missing between two disks?" : "use r, w or w!",
                     "Invalid mode");
        return -1;
    }
    value_set_str(map, "mode", mode);
    for (size_t i = 3; i < value_len(parts); i++)
        value_set_take(map, keys[i - 3], value_copy(value_at(parts, i)));
    return 0;
}

/* The words of xl and what they are called here; NULL: accepted without effect. */
static const struct xl_word {
    const char *key, *word, *name, *value;
} xl_words[] = {
    {"access", "ro", "mode", "r"},
    {"access", "r", "mode", "r"},
    {"access", "rw", "mode", "w"},
    {"access", "w", "mode", "w"},
    {"access", "w!", "mode", "w!"},
    {"backendtype", "phy", "type", "phy"},
    {"backendtype", "tap", "type", "tap"},
    {"backendtype", "qdisk", "type", "file"},
    {"backendtype", "file", "type", "file"},
    {NULL, "cdrom", "devtype", "cdrom"},
    {NULL, "discard", "discard", "on"},
    {NULL, "no-discard", "discard", "off"},
    {NULL, "direct-io-safe", "direct_io_safe", "1"},
    {"format", "", NULL, NULL},
    {"format", "aio", "format", "raw"},
    {"access", "", NULL, NULL},
    {"format", "empty", NULL, NULL},
    {"specification", "xen", NULL, NULL},
    {NULL, "trusted", "trusted", "1"},
    {NULL, "untrusted", "trusted", "0"},
    {"direct-io-safe", "", NULL, NULL},
};

/* key NULL: a word that stands alone. */
static bool set_xl_word(struct value *map, const char *key, const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(xl_words); i++) {
        const struct xl_word *w = &xl_words[i];
        bool same_key = key && w->key ? strcmp(key, w->key) == 0 : key == w->key;
        if (same_key && strcmp(word, w->word) == 0) {
            if (w->name)
                value_set_str(map, w->name, w->value);
            return true;
        }
    }
    return false;
}

/* A path; in older files with a prefix of xm's or a format before it, which says the type. */
static int set_xl_target(struct value *map, const char *target, const char *where,
                         struct problems *p)
{
    static const char *const prefixes[] = {"phy",   "file", "tap",  "tap2", "nbd",
                                           "iscsi", "drbd", "enbd", NULL};
    size_t n = strcspn(target, ":");

    if (!*target)
        return 0;
    if (!value_get(map, "type") && target[n] &&
        (is_one_of(target, n, prefixes) || is_one_of(target, n, disk_formats)))
        return disk_map_uname(map, target, where, p);
    set_plain_target(map, target);
    return 0;
}

/* One "key=value" of xl; our own keys work, too, so that every disk can be written this way. */
static int read_xl_pair(struct value *map, const char *key, const char *value, const char *text,
                        const char *where, struct problems *p)
{
    AUTO(freep) char *hint = NULL;

    if (set_xl_word(map, key, value))
        return 0;
    if (strcmp(key, "access") == 0) {
        problems_add(p, where, "use ro or rw", "Invalid mode");
        return -1;
    }
    if (strcmp(key, "vdev") == 0) {
        disk_map_dev(map, value);
        return 0;
    }
    if (field_find(&device_fields[DEVICE_DISK], key)) {
        if (*value)
            value_set_str(map, key, value);
        return 0;
    }
    hint = fields_nearest(&device_fields[DEVICE_DISK], key);
    return bad_disk(text, hint ? hint : "unknown key", where, p);
}

/* The next item of an xl text, blanks trimmed; "target=" takes all that is left. */
static char *next_item(const char **at)
{
    const char *from, *to;

    while (isspace((unsigned char)**at))
        ++*at;
    from = *at;
    to = from + (strncmp(from, "target=", 7) == 0 ? strlen(from) : strcspn(from, ","));
    *at = *to ? to + 1 : NULL;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    return xstrndup(from, (size_t)(to - from));
}

/*
 * The order of the parts does not matter but for those without a key: they fill target, format,
 * vdev and access one after the other.
 */
static int read_xl(struct value *map, const char *text, const char *where, struct problems *p)
{
    static const char *const positional[] = {"target", "format", "vdev", "access"};
    AUTO(freep) char *target = NULL;
    const char *at = text;
    size_t place = 0;

    while (at) {
        AUTO(freep) char *item = next_item(&at);
        size_t key_len = strspn(item, "abcdefghijklmnopqrstuvwxyz_-");
        bool pair = key_len && item[key_len] == '=';
        AUTO(freep) char *key = pair ? xstrndup(item, key_len) : NULL;
        const char *value = pair ? item + key_len + 1 : item;

        while (pair && isspace((unsigned char)*value))
            value++;
        if (!pair && set_xl_word(map, NULL, item))
            continue;
        if (!pair && place == ARRAY_LEN(positional))
            return bad_disk(text, "too many parts", where, p);
        if (!pair)
            key = xstrdup(positional[place++]);
        if (strcmp(key, "target") == 0) {
            free(target);
            target = xstrdup(value);
        } else if (read_xl_pair(map, key, value, text, where, p) < 0) {
            return -1;
        }
    }
    return target ? set_xl_target(map, target, where, p) : 0;
}

/* Whether an item is "key=value" with a key that disks have: then it is xl's language. */
static bool is_xl_pair(const char *item)
{
    static const char *const xl_only[] = {"access", "backendtype", NULL};
    size_t n = strcspn(item, "=");
    AUTO(freep) char *key = xstrndup(item, n);

    return item[n] && (field_find(&device_fields[DEVICE_DISK], key) || is_one_of(item, n, xl_only));
}

/* xm's second part is a device name and never empty or a format; xl's is a format. */
static bool is_xl(const struct value *parts)
{
    const char *second = value_len(parts) > 1 ? value_as_str(value_at(parts, 1)) : NULL;

    for (size_t i = 0; i < value_len(parts); i++)
        if (is_xl_pair(value_as_str(value_at(parts, i))))
            return true;
    if (second && *value_as_str(value_at(parts, 0)) == '/' && value_len(parts) > 2 &&
        vdev_number(second) < 0)
        return true; /* a mistyped format */
    return second && (!*second || is_one_of(second, strlen(second), disk_formats));
}

/* Which language it is shows from the text; blanks around commas are nobody's. */
struct value *disk_map_from_xm(const char *text, const char *where, struct problems *p)
{
    AUTO(value_freep) struct value *parts = text_split(text, ',', true);
    AUTO(value_freep) struct value *map = value_map();
    size_t n = value_len(parts);
    int r;

    if (is_xl(parts))
        r = read_xl(map, text, where, p);
    else if (n >= 3 && n <= 5)
        r = read_xm(map, parts, where, p);
    else
        r = bad_disk(text, "write TYPE:PATH,DEVICE,MODE: file:/srv/web1.img,xvda,w", where, p);
    return r < 0 ? NULL : steal(map);
}

/* blktap: the only disks of the original whose uname tells a format. */
static bool is_tap(const struct disk *k)
{
    return k->type && (strcmp(k->type, "tap") == 0 || strcmp(k->type, "tap2") == 0);
}

char *disk_uname(const struct disk *k)
{
    const char *format = strcmp(k->format, "raw") == 0 ? "aio" : k->format;

    if (!k->target)
        return xstrdup("");
    if (is_tap(k))
        return xasprintf("%s:%s:%s", k->type, k->tapdisk ? k->tapdisk : format, k->target);
    return xasprintf("%s:%s", k->type, k->target);
}

bool disk_uname_tells_format(const struct disk *k)
{
    bool raw = strcmp(k->format, "raw") == 0;

    return is_tap(k) ? raw || !k->tapdisk : raw && !k->tapdisk;
}

/* The key=value form, for what xm's language cannot say. */
char *disk_to_xl(const struct disk *k)
{
    static const char *const access[] = {"ro", "rw", "w!"}, *const discard[] = {"", "on", "off"};
    const char *backend_type = NULL;
    struct buf b = BUF_INIT;

    buf_addf(&b, "format=%s, vdev=%s, access=%s", k->format, k->vdev, access[k->mode]);
    if (k->devtype == DISK_CDROM)
        buf_adds(&b, ", devtype=cdrom");
    if (k->type && strcmp(k->type, "file") == 0)
        backend_type = "qdisk";
    else if (k->type && (strcmp(k->type, "phy") == 0 || strcmp(k->type, "tap") == 0))
        backend_type = k->type;
    if (k->type)
        buf_addf(&b, ", %s=%s", backend_type ? "backendtype" : "type",
                 backend_type ? backend_type : k->type);
    if (k->tapdisk)
        buf_addf(&b, ", tapdisk=%s", k->tapdisk);
    if (k->backend)
        buf_addf(&b, ", backend=%s", k->backend);
    if (k->protocol)
        buf_addf(&b, ", protocol=%s", k->protocol);
    if (k->script)
        buf_addf(&b, ", script=%s", k->script);
    if (k->discard)
        buf_addf(&b, ", discard=%s", discard[k->discard]);
    if (!k->trusted)
        buf_adds(&b, ", untrusted");
    if (k->direct_io_safe)
        buf_adds(&b, ", direct-io-safe");
    if (k->target)
        buf_addf(&b, ", target=%s", k->target);
    return buf_steal(&b);
}

char *disk_to_xm(const struct disk *k)
{
    static const char *const modes[] = {"r", "w", "w!"};
    AUTO(freep) char *uname = disk_uname(k);
    struct buf b = BUF_INIT;

    if (!disk_uname_tells_format(k) || k->script || k->discard || !k->trusted ||
        k->direct_io_safe || strchr(uname, ','))
        return disk_to_xl(k);
    buf_addf(&b, "%s,%s%s,%s", uname, k->vdev, k->devtype == DISK_CDROM ? ":cdrom" : "",
             modes[k->mode]);
    if (k->backend || k->protocol)
        buf_addf(&b, ",%s", k->backend ? k->backend : "");
    if (k->protocol)
        buf_addf(&b, ",%s", k->protocol);
    return buf_steal(&b);
}
