/*
 * import, and the stand-ins that can be imported: tables of harmless functions under the names
 * that config files use. What a module would do beyond that is refused with a reason.
 */
#include "config/py_ast.h"
#include "libxl/base/mem.h"

static const struct py_row empty_rows[] = {{NULL, NULL, 0, 0, NULL, 0}};

const struct py_module py_modules[] = {
    {"os", py_os_rows},
    {"os.path", py_os_path_rows},
    {"sys", py_sys_rows},
    {"re", py_re_rows},
    {"string", py_string_rows},
    {"math", py_math_rows},
    {"platform", py_platform_rows},
    {"socket", py_socket_rows},
    {"collections", py_collections_rows},
    {"hashlib", py_hashlib_rows},
    {"md5", py_md5_rows},
    {"sha", py_sha_rows},
    {"xen", empty_rows},
    {"xen.util", empty_rows},
    {"xen.util.ip", py_ip_rows},
    {"__future__", empty_rows},
    {NULL, NULL},
};

/* Why others are not there. */
static const struct {
    const char *module, *reason;
} missing[] = {
    {"subprocess", "config files cannot run programs"},
    {"commands", "config files cannot run programs"},
    {"popen2", "config files cannot run programs"},
    {"random",
     "a file gives the same domain each time; leave `mac` and `uuid` out to have them made"},
    {"uuid", "leave `uuid` out to have one made"},
    {"time", "a file gives the same domain at any time"},
    {"datetime", "a file gives the same domain at any time"},
    {"urllib", "config files cannot use the network"},
    {"urllib2", "config files cannot use the network"},
    {"glob", "config files cannot look at files"},
    {"shutil", "config files cannot change files"},
    {"json", "config files cannot read files; their values stand in the text itself"},
};

const struct py_module *py_module_find(const char *name, size_t len)
{
    for (const struct py_module *m = py_modules; m->name; m++)
        if (strlen(m->name) == len && memcmp(m->name, name, len) == 0)
            return m;
    return NULL;
}

/* The module, or ImportError that says why it is not there. */
static const struct py_module *get_module(struct py *p, const struct sym *name)
{
    const struct py_module *m = py_module_find(name->name, name->len);
    struct py_near near;

    if (m)
        return m;
    for (size_t i = 0; i < ARRAY_LEN(missing); i++)
        if (strlen(missing[i].module) == name->len &&
            memcmp(missing[i].module, name->name, name->len) == 0)
            py_raise_hint(p, &py_ImportError, missing[i].reason,
                          "module `%s` is not available in config files", missing[i].module);
    near = py_near_start(p, name->name, name->len);
    for (m = py_modules; m->name; m++)
        py_near_offer(&near, m->name, strlen(m->name));
    py_raise_hint(p, &py_ImportError, py_near_hint(&near),
                  "module `%.*s` is not available in config files", (int)name->len, name->name);
}

/* Rows with PY_VALUE are no functions; their fn makes the value. */
static struct obj row_value(struct py *p, const struct py_row *row)
{
    struct call c = {.row = row};

    return row->max == PY_VALUE ? row->fn(p, &c) : (struct obj){.type = T_BUILTIN, .row = row};
}

/* A row, or a module inside: os.path is a module of its own here. */
struct obj py_module_member(struct py *p, const struct py_module *m, const struct sym *name)
{
    const struct py_row *row = py_row_find(m->rows, name->name, name->len);
    struct py_near near;
    const struct py_module *sub;
    const char *full;

    if (row)
        return row_value(p, row);
    full = py_printf(p, "%s.%.*s", m->name, (int)name->len, name->name);
    sub = py_module_find(full, strlen(full));
    if (sub)
        return (struct obj){.type = T_MODULE, .module = sub};
    near = py_near_start(p, name->name, name->len);
    py_near_offer_rows(&near, m->rows);
    py_raise_hint(p, &py_AttributeError, py_near_hint(&near),
                  "module `%s` offers no `%.*s` to config files", m->name, (int)name->len,
                  name->name);
}

/* Imported names are no variables of the domain: they stay out of the result. */
static void bind(struct py *p, struct sym *name, struct obj value, uint32_t at)
{
    py_store(p, name, value, at);
    if (!p->frame)
        name->preset = 1;
}

/* What is refused is not imported by *: it would hide builtins such as open. */
static void import_all(struct py *p, const struct py_module *m, uint32_t at)
{
    for (const struct py_row *row = m->rows; row->name; row++)
        if (row->fn != py_refused)
            bind(p, py_intern(p, row->name, strlen(row->name)), row_value(p, row), at);
}

/* __future__ has one member that matters: with `division`, / between integers gives a float. */
static void import_future(struct py *p, const struct node *n)
{
    for (const struct node *alias = n->aliases; alias; alias = alias->next)
        if (py_str_is(py_strn(alias->module->name, alias->module->len), "division"))
            p->true_division = true;
}

static bool is_missing(const struct sym *name)
{
    for (size_t i = 0; i < ARRAY_LEN(missing); i++)
        if (strlen(missing[i].module) == name->len &&
            memcmp(missing[i].module, name->name, name->len) == 0)
            return true;
    return false;
}

/*
 * `from common import *`: the file common.py beside this one. Only with *: a module whose names
 * stay its own would need a second set of variables.
 */
static bool import_file(struct py *p, const struct node *n)
{
    if (n->aliases || py_module_find(n->module->name, n->module->len) || is_missing(n->module) ||
        memchr(n->module->name, '.', n->module->len))
        return false;
    return py_include(p, py_printf(p, "%.*s.py", (int)n->module->len, n->module->name));
}

static void import_from(struct py *p, const struct node *n)
{
    const struct py_module *m;

    if (import_file(p, n))
        return;
    m = get_module(p, n->module);

    if (strcmp(m->name, "__future__") == 0) {
        import_future(p, n);
        return;
    }
    if (!n->aliases)
        import_all(p, m, n->at);
    for (const struct node *alias = n->aliases; alias; alias = alias->next) {
        p->here = alias;
        bind(p, alias->as ? alias->as : alias->module, py_module_member(p, m, alias->module),
             alias->at);
    }
}

/* import a.b binds a; import a.b as c binds a.b. */
static void import_one(struct py *p, const struct node *alias)
{
    const struct py_module *m = get_module(p, alias->module);
    size_t first = strcspn(m->name, ".");
    struct sym *name = alias->as;

    if (!name) {
        name = py_intern(p, m->name, first);
        m = py_module_find(m->name, first);
    }
    bind(p, name, (struct obj){.type = T_MODULE, .module = m}, alias->at);
}

void py_exec_import(struct py *p, const struct node *n)
{
    if (n->kind == N_FROM) {
        import_from(p, n);
        return;
    }
    for (const struct node *alias = n->aliases; alias; alias = alias->next) {
        p->here = alias;
        import_one(p, alias);
    }
}
