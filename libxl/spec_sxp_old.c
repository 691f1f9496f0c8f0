/*
 * Devices in the original's form, and what it has there in a shape of its own: I/O ports and
 * interrupts as devices, the duties of a driver domain as (backend (blkif)), CPUID as lists in
 * lists. Called by spec_sxp.c.
 */
#include <string.h>

#include "config/sxp.h"
#include "libxl/device_parts.h"
#include "libxl/spec_parts.h"

static const char *const duties[] = {"blkif", "netif"};

/* (HEAD V) */
static struct value *form_of(const char *head, struct value *v_take)
{
    struct value *form = value_list();

    value_add_take(form, value_str(head));
    value_add_take(form, v_take);
    return form;
}

static const char *text_at(const struct value *form, const char *key)
{
    const struct value *v = sxp_child_value(form, key);

    return v && value_type(v) == VALUE_STRING ? value_as_str(v) : "";
}

/* "2f8-2ff" -> (ioports (from 0x2f8) (to 0x2ff)); one port is its own end. */
static struct value *ioports_form(const char *text)
{
    const char *last = strchr(text, '-');
    AUTO(freep) char *from = xasprintf("0x%.*s", (int)strcspn(text, "-"), text);
    AUTO(freep) char *to = xasprintf("0x%s", last ? last + 1 : text);
    struct value *form = value_list();

    value_add_take(form, value_str("ioports"));
    value_add_take(form, sxp_pair("from", from));
    value_add_take(form, sxp_pair("to", to));
    return form;
}

static const char *after_0x(const char *text)
{
    return text[0] == '0' && text[1] == 'x' ? text + 2 : text;
}

/* And back; the caller frees. */
static char *ioports_text(const struct value *form)
{
    const char *from = after_0x(text_at(form, "from")), *to = after_0x(text_at(form, "to"));

    return *to && strcmp(from, to) != 0 ? xasprintf("%s-%s", from, to) : xstrdup(from);
}

static const struct {
    const char *head, *field;
} as_devices[] = {{"ioports", "ioports"}, {"irq", "irqs"}};

/* The device of one item; NULL when it would not give the same item again. */
static struct value *device_form(size_t kind, const char *text)
{
    AUTO(value_freep) struct value *form = NULL;
    AUTO(freep) char *again = NULL;

    if (kind == 1)
        return form_of("irq", sxp_pair("irq", text));
    form = ioports_form(text);
    again = ioports_text(form);
    return strcmp(text, again) == 0 && !strpbrk(text, "xX") ? steal(form) : NULL;
}

/* All items of a field as devices, into list (or NULL); false when one has no such form. */
static bool add_field(const struct spec *s, size_t kind, struct value *list)
{
    const struct value *items = value_get(s->other, as_devices[kind].field);

    for (size_t i = 0; i < value_len(items); i++) {
        struct value *form = device_form(kind, value_as_str(value_at(items, i)));

        if (!form)
            return false;
        if (list)
            value_add_take(list, form_of("device", form));
        else
            value_free(form);
    }
    return true;
}

static void add_fields(const struct spec *s, struct value *form)
{
    for (size_t kind = 0; kind < ARRAY_LEN(as_devices); kind++)
        if (add_field(s, kind, NULL))
            add_field(s, kind, form);
}

/* The original has all PCI devices in one form. */
static void add_pci(struct value *all, struct value *form_take)
{
    for (size_t i = 1; i < value_len(form_take); i++)
        value_add_take(all, value_copy(value_at(form_take, i)));
    value_free(form_take);
}

static void add_class(struct value *form, const struct spec *s, enum device_class class)
{
    struct value *pci = NULL;

    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *d = s->devices.ptr[i];

        if (d->class != class)
            continue;
        if (class == DEVICE_VFB) { /* the original's frame buffer comes with a keyboard */
            struct value *vkbd = value_list();
            value_add_take(vkbd, value_str("vkbd"));
            value_add_take(form, form_of("device", vkbd));
        }
        if (pci) {
            add_pci(pci, device_to_sxp(d));
            continue;
        }
        pci = class == DEVICE_PCI ? device_to_sxp(d) : NULL;
        value_add_take(form, form_of("device", pci ? pci : device_to_sxp(d)));
    }
}

/* In the orders of the original's `create -n` and `list --long`; what it did not have comes last.
 */
void spec_old_devices(const struct spec *s, struct value *form, bool vm)
{
    static const int orders[2][DEVICE_CLASSES] = {
        {DEVICE_DISK, DEVICE_VIF, DEVICE_PCI, -1, DEVICE_VFB, DEVICE_VSCSI, DEVICE_VUSB,
         DEVICE_VTPM},
        {DEVICE_DISK, DEVICE_PCI, DEVICE_VSCSI, DEVICE_VUSB, -1, DEVICE_VIF, DEVICE_VTPM,
         DEVICE_VFB}};

    for (size_t i = 0; i < 8; i++)
        if (orders[vm][i] < 0)
            add_fields(s, form);
        else
            add_class(form, s, (enum device_class)orders[vm][i]);
    for (int c = DEVICE_VUSB + 1; c < DEVICE_CLASSES; c++)
        if (c != DEVICE_VTPM)
            add_class(form, s, (enum device_class)c);
}

void spec_old_backends(const struct spec *s, struct value *form)
{
    for (size_t i = 0; i < ARRAY_LEN(duties); i++)
        if (value_get_bool(s->other, duties[i], false)) {
            struct value *duty = value_list();
            value_add_take(duty, value_str(duties[i]));
            value_add_take(form, form_of("backend", duty));
        }
}

bool spec_old_tells(const struct spec *s, const struct field *f)
{
    for (size_t kind = 0; kind < ARRAY_LEN(as_devices); kind++)
        if (strcmp(as_devices[kind].field, f->name) == 0)
            return value_len(value_get(s->other, f->name)) && add_field(s, kind, NULL);
    for (size_t i = 0; i < ARRAY_LEN(duties); i++)
        if (strcmp(duties[i], f->name) == 0)
            return value_get_bool(s->other, f->name, false);
    return false;
}

/* Puts one item behind those that the map has. */
static void add_item(struct value *map, const char *field, const char *text)
{
    if (!value_get(map, field))
        value_set_take(map, field, value_list());
    value_add_take(value_get(map, field), value_str(text));
}

/* The inner form of (device (HEAD ...)), or the child itself. */
static const struct value *form_in(const struct value *child)
{
    return value_len(child) > 1 ? value_at(child, 1) : child;
}

bool spec_old_is_device(const struct value *child)
{
    const char *head = sxp_head(form_in(child));

    return head[0] == 'i' && (strcmp(head, "ioports") == 0 || strcmp(head, "irq") == 0);
}

void spec_old_read(struct value *map, const struct value *child)
{
    const char *head = sxp_head(child), *inner = sxp_head(form_in(child));

    if (strcmp(head, "device") == 0 && spec_old_is_device(child)) {
        bool irq = strcmp(inner, "irq") == 0;
        AUTO(freep)
        char *text = irq ? xstrdup(text_at(form_in(child), "irq")) : ioports_text(form_in(child));

        add_item(map, irq ? "irqs" : "ioports", text);
    }
    for (size_t i = 0; strcmp(head, "backend") == 0 && i < ARRAY_LEN(duties); i++)
        if (value_len(child) > 1 && strcmp(inner, duties[i]) == 0)
            value_set_bool(map, duties[i], true);
}

/* (1 ((eax 0x1) (ebx 0x2))) -> "1:eax=0x1,ebx=0x2"; the caller frees. */
static char *cpuid_text(const struct value *leaf)
{
    struct buf b = BUF_INIT;
    const struct value *regs = value_len(leaf) > 1 ? value_at(leaf, 1) : NULL;

    buf_addf(&b, "%s:", sxp_head(leaf));
    for (size_t i = 0; i < value_len(regs); i++) {
        const struct value *reg = value_at(regs, i);
        const struct value *v = value_len(reg) > 1 ? value_at(reg, 1) : NULL;

        buf_addf(&b, "%s%s=%s", i ? "," : "", sxp_head(reg),
                 v && value_type(v) == VALUE_STRING ? value_as_str(v) : "");
    }
    return buf_steal(&b);
}

/* And back; xl's "host,name=V" stays a text. */
static struct value *cpuid_form(const char *text)
{
    const char *colon = strchr(text, ':');
    AUTO(value_freep) struct value *leaf = NULL, *parts = NULL;
    AUTO(freep) char *head = NULL, *again = NULL;
    struct value *regs;

    if (!colon || !colon[1])
        return value_str(text);
    head = xstrndup(text, (size_t)(colon - text));
    parts = text_split(colon + 1, ',', false);
    regs = value_list();
    leaf = form_of(head, regs);
    for (size_t i = 0; i < value_len(parts); i++) {
        const char *part = value_as_str(value_at(parts, i)), *eq = strchrnul(part, '=');
        AUTO(freep) char *name = xstrndup(part, (size_t)(eq - part));

        value_add_take(regs, sxp_pair(name, *eq ? eq + 1 : ""));
    }
    again = cpuid_text(leaf);
    return strcmp(again, text) == 0 ? steal(leaf) : value_str(text);
}

struct value *spec_old_cpuid(const struct value *items)
{
    struct value *forms = value_list();

    for (size_t i = 0; i < value_len(items); i++)
        value_add_take(forms, cpuid_form(value_as_str(value_at(items, i))));
    return forms;
}

struct value *spec_old_cpuid_list(const struct value *forms)
{
    struct value *items = value_list();

    for (size_t i = 0; i < value_len(forms); i++) {
        const struct value *v = value_at(forms, i);
        AUTO(freep) char *text = value_type(v) == VALUE_LIST ? cpuid_text(v) : NULL;

        value_add_take(items, text ? value_str(text) : value_copy(v));
    }
    return items;
}
