/*
 * The names of variables in files of xm and xl: which are known, what is said of others, and what
 * fields are called there. Called by spec_xm.c.
 */
#include <string.h>

#include "libxl/base/near.h"
#include "libxl/spec_parts.h"

/*
 * Variables of xm and xl that a spec has no place for: a note, not silence. One text with blanks
 * around each, which is shorter to keep than a list. What they are: security labels of ACM, what a
 * file cannot decide (claim_mode, vncviewer...), and what is gone (vif2, tpmif).
 */
static const char without_effect[] =
    " access_control bootentry claim_mode full-screen nfs_mount snapshot smp tpmif vhpt vif2 "
    "vncconsole vncviewer ";

/* Other names of fields: old ones, and xl's where xm had another. */
const struct spec_alias spec_aliases[] = {{"bootloader_args", "bootargs"},
                                          {"cap", "cpu_cap"},
                                          {"irq", "irqs"},
                                          {"device_model_machine", "machine"},
                                          {"pool_name", "pool"},
                                          {"extid", "viridian"},
                                          {"firmware_override", "firmware"},
                                          {"disable_migrate", "nomigrate"},
                                          {NULL, NULL}};

/* Variables of other names than their fields, and old ones; read by the functions below. */
static const char *const old_spellings[] = {"builder",
                                            "cmdline",
                                            "cpu",
                                            "nics",
                                            "pvh",
                                            "restart",
                                            "pci_msitranslate",
                                            "pci_permissive",
                                            "pci_power_mgmt",
                                            "pci_seize",
                                            "vcpu_avail"};

/* Variables that are read here. */
static bool has_effect(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(old_spellings); i++)
        if (strcmp(old_spellings[i], name) == 0)
            return true;
    for (const struct spec_alias *a = spec_aliases; a->name; a++)
        if (strcmp(a->name, name) == 0)
            return true;
    return field_find(&spec_fields, name) || device_class_find(name) >= 0;
}

static bool is_without_effect(const char *name)
{
    AUTO(freep) char *word = xasprintf(" %s ", name);

    return *name && !strchr(name, ' ') && strstr(without_effect, word);
}

bool spec_has_variable(const char *name)
{
    return has_effect(name) || is_without_effect(name);
}

/* Values that say nothing: None, 0, '', an empty list. */
bool spec_is_empty(const struct value *v)
{
    switch (value_type(v)) {
    case VALUE_NIL:
        return true;
    case VALUE_BOOL:
        return !value_as_bool(v);
    case VALUE_INT:
        return value_as_int(v) == 0;
    case VALUE_REAL:
        return value_as_real(v) == 0;
    case VALUE_STRING:
        return value_str_len(v) == 0;
    default:
        return value_len(v) == 0;
    }
}

/* Short names (i, vmid) are near to many and usually the file's own. */
const char *spec_near_variable(const char *name)
{
    size_t len = strlen(name);
    struct near n = {.word = name};

    if (spec_has_variable(name))
        return NULL;
    for (size_t i = 0; i < spec_fields.n; i++)
        near_try(&n, spec_fields.rows[i].name);
    for (int c = 0; c < DEVICE_CLASSES; c++)
        near_try(&n, device_class_name((enum device_class)c));
    return n.best && len >= 3 && (len >= 6 || n.distance <= 1) ? n.best : NULL;
}

void spec_note_near(const char *name, struct problems *notes)
{
    const char *near = spec_near_variable(name);
    AUTO(freep) char *where = xasprintf("/%s", name);
    AUTO(freep) char *hint = near ? xasprintf("did you mean %s?", near) : NULL;

    if (!near)
        return;
    problems_add(notes, where, hint, "%s: no variable of xm; it has no effect", name);
}

/* Variables without effect; those that say nothing either (hpet = 0) are passed over. */
void spec_note_others(const struct value *vars, struct problems *notes)
{
    for (size_t i = 0; i < value_len(vars); i++) {
        const char *name = value_key(vars, i);
        AUTO(freep) char *where = xasprintf("/%s", name);

        if (has_effect(name))
            continue;
        if (!is_without_effect(name)) {
            const char *near = spec_near_variable(name);
            if (near && !value_get(vars, near))
                spec_note_near(name, notes);
        } else if (!spec_is_empty(value_at(vars, i))) {
            problems_add(notes, where, NULL, "%s: has no effect here; ignored", name);
        }
    }
}

/* The problem's place and text, which begins with the field, get the variable's name instead. */
static void rename_problem(struct problem *p, const char *field, const char *name)
{
    size_t n = strlen(field);
    char *where = xasprintf("/%s%s", name, p->where + (p->where[0] == '/') + n);

    free(p->where);
    p->where = where;
    if (strncmp(p->text, field, n) == 0 && p->text[n] == ':') {
        char *text = xasprintf("%s%s", name, p->text + n);
        free(p->text);
        p->text = text;
    }
}

/*
 * Faults know the field; people look for the variable that they wrote: an alias, or an old
 * spelling.
 */
void spec_name_variables(const struct value *vars, struct problems *p)
{
    static const char *const others[][2] = {{"type", "builder"},
                                            {"type", "pvh"},
                                            {"cpus", "cpu"},
                                            {"vif", "nics"},
                                            {"extra", "cmdline"},
                                            {"on_poweroff", "restart"},
                                            {"maxvcpus", "vcpu_avail"},
                                            {"viridian_groups", "viridian"}};

    for (size_t i = 0; i < p->len; i++) {
        const char *where = p->ptr[i].where + (p->ptr[i].where[0] == '/');
        AUTO(freep) char *field = xstrndup(where, strcspn(where, "/"));
        const char *name = NULL;

        for (const struct spec_alias *a = spec_aliases; a->name; a++)
            if (strcmp(a->field, field) == 0 && value_get(vars, a->name))
                name = a->name;
        for (size_t j = 0; j < ARRAY_LEN(others); j++)
            if (strcmp(others[j][0], field) == 0 && value_get(vars, others[j][1]))
                name = others[j][1];
        if (name && !value_get(vars, field))
            rename_problem(&p->ptr[i], field, name);
    }
}
