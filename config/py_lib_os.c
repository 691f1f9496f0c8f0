/* Stand-ins for os, os.path, sys, platform and socket: names and paths, no files, no processes. */
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

#define NO_FILES "config files compute; they cannot look at files"
#define NO_PROGRAMS "config files compute; they cannot run programs"

static struct obj copy(struct py *p, const char *s)
{
    return py_str_copy(p, s, strlen(s));
}

static struct obj os_uname(struct py *p, struct call *c)
{
    struct obj t = py_tuple_new(p, 5);
    struct utsname u;

    (void)c;
    uname(&u);
    py_list_add(p, t.list, copy(p, u.sysname));
    py_list_add(p, t.list, copy(p, u.nodename));
    py_list_add(p, t.list, copy(p, u.release));
    py_list_add(p, t.list, copy(p, u.version));
    py_list_add(p, t.list, copy(p, u.machine));
    t.len = PY_UNAME;
    return t;
}

static struct obj uname_part(struct py *p, struct call *c, uint32_t i)
{
    return os_uname(p, c).list->items[i];
}

static struct obj platform_system(struct py *p, struct call *c)
{
    return uname_part(p, c, 0);
}

static struct obj host_name(struct py *p, struct call *c)
{
    return uname_part(p, c, 1);
}

static struct obj platform_release(struct py *p, struct call *c)
{
    return uname_part(p, c, 2);
}

static struct obj platform_machine(struct py *p, struct call *c)
{
    return uname_part(p, c, 4);
}

/* Environment variables that a file may read: those that say who runs it, and our own. */
static const char *const allowed_vars[] = {"HOME", "USER", "LOGNAME", "HOSTNAME", "LANG"};

static bool is_allowed(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(allowed_vars); i++)
        if (strcmp(name, allowed_vars[i]) == 0)
            return true;
    return strncmp(name, "XM_", 3) == 0 || strncmp(name, "XEN_", 4) == 0;
}

static struct obj os_getenv(struct py *p, struct call *c)
{
    const char *name = py_cstr(p, py_arg_str(p, c, 0)), *value;

    if (!is_allowed(name))
        py_raise_hint(p, &py_KeyError, py_printf(p, "give it on the command line: %.60s=...", name),
                      "environment variable %.60s is not for config files", name);
    value = getenv(name);
    if (value)
        return copy(p, value);
    return c->a[1].type == T_UNSET ? py_none() : c->a[1];
}

static struct obj os_environ(struct py *p, struct call *c)
{
    struct obj d = py_dict_new(p);

    (void)c;
    for (char **var = environ; var && *var; var++) {
        const char *name = py_printf(p, "%.*s", (int)strcspn(*var, "="), *var);
        if (is_allowed(name) && getenv(name))
            py_dict_set(p, d.dict, py_str(name), copy(p, getenv(name)));
    }
    return d;
}

const struct py_row py_os_rows[] = {
    {"environ", os_environ, 0, PY_VALUE, NULL, 0},
    {"getenv", os_getenv, 1, 2, "key default", 0},
    {"linesep", py_constant, 0, PY_VALUE, "\n", 0},
    {"name", py_constant, 0, PY_VALUE, "posix", 0},
    {"sep", py_constant, 0, PY_VALUE, "/", 0},
    {"uname", os_uname, 0, 0, NULL, 0},
    {"access", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"getcwd", py_refused, 0, PY_ANY, "write the path itself", 0},
    {"getpid", py_refused, 0, PY_ANY, "a file gives the same domain each time", 0},
    {"listdir", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"makedirs", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"mkdir", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"popen", py_refused, 0, PY_ANY, NO_PROGRAMS, 0},
    {"remove", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"stat", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"system", py_refused, 0, PY_ANY, NO_PROGRAMS, 0},
    {"unlink", py_refused, 0, PY_ANY, NO_FILES, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

static struct obj path_join(struct py *p, struct call *c)
{
    struct text t = {.p = p};

    for (uint32_t i = 0; i < c->npos; i++) {
        struct obj part = c->pos[i];
        if (part.type != T_STR)
            py_raise(p, &py_TypeError, "join() takes strings, not %s", py_type_text(part));
        if (part.len && part.s[0] == '/')
            t.len = 0; /* an absolute part starts over */
        else if (t.len && t.ptr[t.len - 1] != '/')
            py_text_adds(&t, "/");
        py_text_add(&t, part.s, part.len);
    }
    return py_text_done(&t);
}

/* Where the last part of a path begins. */
static uint32_t base_at(struct obj path)
{
    uint32_t i = path.len;

    while (i > 0 && path.s[i - 1] != '/')
        i--;
    return i;
}

static struct obj directory_of(struct obj path)
{
    uint32_t n = base_at(path), all = n;

    while (n > 0 && path.s[n - 1] == '/')
        n--;
    return py_strn(path.s, n ? n : all); /* "/" keeps its slash */
}

static struct obj path_basename(struct py *p, struct call *c)
{
    struct obj path = py_arg_str(p, c, 0);
    uint32_t at = base_at(path);

    return py_strn(path.s + at, path.len - at);
}

static struct obj path_dirname(struct py *p, struct call *c)
{
    return directory_of(py_arg_str(p, c, 0));
}

static struct obj pair(struct py *p, struct obj a, struct obj b)
{
    struct obj t = py_tuple_new(p, 2);

    py_list_add(p, t.list, a);
    py_list_add(p, t.list, b);
    return t;
}

static struct obj path_split(struct py *p, struct call *c)
{
    return pair(p, path_dirname(p, c), path_basename(p, c));
}

static struct obj path_splitext(struct py *p, struct call *c)
{
    struct obj path = py_arg_str(p, c, 0);
    uint32_t from = base_at(path), dot = path.len;

    while (from < path.len && path.s[from] == '.')
        from++; /* leading dots begin no extension */
    for (uint32_t i = from; i < path.len; i++)
        if (path.s[i] == '.')
            dot = i;
    return pair(p, py_strn(path.s, dot), py_strn(path.s + dot, path.len - dot));
}

static struct obj path_isabs(struct py *p, struct call *c)
{
    struct obj path = py_arg_str(p, c, 0);

    return py_bool(path.len && path.s[0] == '/');
}

/* Drops the last part of what stands in t, back to its root. */
static void drop_part(struct text *t, uint32_t root)
{
    while (t->len > root && t->ptr[t->len - 1] != '/')
        t->len--;
    if (t->len > root)
        t->len--;
}

static bool ends_in_parent(const struct text *t, uint32_t root)
{
    return t->len - root >= 2 && memcmp(t->ptr + t->len - 2, "..", 2) == 0 &&
           (t->len - root == 2 || t->ptr[t->len - 3] == '/');
}

static struct obj path_normpath(struct py *p, struct call *c)
{
    struct obj path = py_arg_str(p, c, 0);
    struct text t = {.p = p};
    uint32_t root, i = 0;

    if (path.len && path.s[0] == '/')
        py_text_adds(&t, "/");
    root = t.len;
    py_charge_scan(p, path.len);
    while (i < path.len) {
        uint32_t from = i;
        struct obj part;
        while (i < path.len && path.s[i] != '/')
            i++;
        part = py_strn(path.s + from, i++ - from);
        if (!part.len || py_str_is(part, "."))
            continue;
        if (py_str_is(part, "..") && (t.len > root ? !ends_in_parent(&t, root) : root)) {
            drop_part(&t, root);
            continue;
        }
        py_text_adds(&t, t.len > root ? "/" : "");
        py_text_add(&t, part.s, part.len);
    }
    if (!t.len)
        py_text_adds(&t, ".");
    return py_text_done(&t);
}

/* The working directory is not to be seen, so only what needs none has an answer. */
static struct obj path_abspath(struct py *p, struct call *c)
{
    struct obj path = py_arg_str(p, c, 0);

    if (!path.len || path.s[0] != '/')
        py_raise_hint(p, &py_RuntimeError, "relative paths in the result are made absolute anyway",
                      "`abspath` of a relative path is not available in config files");
    return path_normpath(p, c);
}

const struct py_row py_os_path_rows[] = {
    {"basename", path_basename, 1, 1, NULL, 0},
    {"dirname", path_dirname, 1, 1, NULL, 0},
    {"isabs", path_isabs, 1, 1, NULL, 0},
    {"join", path_join, 1, PY_ANY, NULL, 0},
    {"normpath", path_normpath, 1, 1, NULL, 0},
    {"sep", py_constant, 0, PY_VALUE, "/", 0},
    {"split", path_split, 1, 1, NULL, 0},
    {"splitext", path_splitext, 1, 1, NULL, 0},
    {"abspath", path_abspath, 1, 1, NULL, 0},
    {"exists", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"expanduser", py_refused, 0, PY_ANY, "write the path itself", 0},
    {"getsize", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"isdir", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"isfile", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"islink", py_refused, 0, PY_ANY, NO_FILES, 0},
    {"realpath", py_refused, 0, PY_ANY, NO_FILES, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

static struct obj sys_argv(struct py *p, struct call *c)
{
    struct obj list = py_list_new(p, 1);

    (void)c;
    py_list_add(p, list.list, py_str("xm"));
    return list;
}

static struct obj sys_path(struct py *p, struct call *c)
{
    (void)c;
    return py_list_new(p, 0);
}

/* The version whose division and containers this language follows. */
static struct obj sys_version_info(struct py *p, struct call *c)
{
    struct obj t = py_tuple_new(p, 3);

    (void)c;
    py_list_add(p, t.list, py_int(2));
    py_list_add(p, t.list, py_int(7));
    py_list_add(p, t.list, py_int(18));
    t.len = PY_VERSION;
    return t;
}

static struct obj sys_maxint(struct py *p, struct call *c)
{
    (void)p;
    (void)c;
    return py_int(INT64_MAX);
}

static struct obj sys_file(struct py *p, struct call *c)
{
    (void)p;
    (void)c;
    return (struct obj){.type = T_FILE};
}

static struct obj sys_exit(struct py *p, struct call *c)
{
    struct obj text = c->a[0].type == T_UNSET ? py_str("") : py_to_str(p, c->a[0]);

    py_raise(p, &py_SystemExit, "the file gives up%s%.*s", text.len ? ": " : "",
             text.len > 200 ? 200 : (int)text.len, text.s);
}

const struct py_row py_sys_rows[] = {
    {"argv", sys_argv, 0, PY_VALUE, NULL, 0},
    {"exit", sys_exit, 0, 1, NULL, 0},
    {"maxint", sys_maxint, 0, PY_VALUE, NULL, 0},
    {"maxsize", sys_maxint, 0, PY_VALUE, NULL, 0},
    {"path", sys_path, 0, PY_VALUE, NULL, 0},
    {"platform", py_constant, 0, PY_VALUE, "linux", 0},
    {"stderr", sys_file, 0, PY_VALUE, NULL, 0},
    {"stdout", sys_file, 0, PY_VALUE, NULL, 0},
    {"version", py_constant, 0, PY_VALUE, "2.7.18", 0},
    {"version_info", sys_version_info, 0, PY_VALUE, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

static struct obj file_write(struct py *p, struct call *c)
{
    py_print(p, py_arg_str(p, c, 0));
    return py_none();
}

static struct obj file_flush(struct py *p, struct call *c)
{
    (void)p;
    (void)c;
    return py_none();
}

const struct py_row py_file_methods[] = {
    {"write", file_write, 1, 1, NULL, 0},
    {"flush", file_flush, 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

const struct py_row py_platform_rows[] = {
    {"machine", platform_machine, 0, 0, NULL, 0},
    {"node", host_name, 0, 0, NULL, 0},
    {"release", platform_release, 0, 0, NULL, 0},
    {"system", platform_system, 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

const struct py_row py_socket_rows[] = {
    {"gethostname", host_name, 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};
