/* A domain's configuration file: see domfile.h. */
#include "xm/domfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/json.h"
#include "config/py.h"
#include "config/sxp.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xm/xm.h"

#define DEFAULT_FILE "xmdefconfig"

void domfile_clear(struct domfile *f)
{
    free(f->path);
    value_free(f->overrides);
    value_free(f->vars);
    value_free(f->places);
    value_free(f->given);
    value_free(f->errors);
    value_free(f->broken);
    buf_clear(&f->text);
    buf_clear(&f->printed);
    problems_clear(&f->faults);
    problems_clear(&f->notes);
    *f = (struct domfile){0};
}

/* Anything that can be read but a directory, which is often named like a domain. */
static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* dir/name if that is a file, else NULL; a relative result begins with "." */
static char *try_dir(const char *dir, size_t len, const char *name)
{
    AUTO(freep) char *copy = xstrndup(len ? dir : ".", len ? len : 1);
    AUTO(freep) char *path = path_join(copy, name);

    return is_file(path) ? steal(path) : NULL;
}

int domfile_find(struct domfile *f, const char *name, const char *search, struct err *e)
{
    if (!name)
        name = DEFAULT_FILE;
    if (name[0] == '/')
        f->path = is_file(name) ? xstrdup(name) : NULL;
    else if (name[0] == '.' && is_file(name))
        f->path = xstrdup(name);
    else
        f->path = try_dir(".", 1, name);
    while (!f->path && name[0] != '/' && *search) {
        size_t len = strcspn(search, ":");

        f->path = try_dir(search, len, name);
        search += len + (search[len] == ':');
    }
    if (!f->path) {
        AUTO(freep) char *clean = clean_text(name);
        return err_set(e, ERR_NOT_FOUND, "Unable to open config file: %s", clean);
    }
    return 0;
}

/* A variable is a list when it is a class of devices, or a list by its table and repeated. */
static bool is_list(const char *name, bool repeated)
{
    const struct field *field = field_find(&spec_fields, name);

    return device_class_find(name) >= 0 || (repeated && field && field->type == FIELD_LIST);
}

int domfile_override(struct domfile *f, const char *text, struct err *e)
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : 0;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    AUTO(freep) char *name = xstrndup(text, len);
    const struct value *before;
    struct value *list;

    if (!len || strspn(name, letters) != len || (name[0] >= '0' && name[0] <= '9')) {
        err_set(e, ERR_INVALID, "%.100s: not a variable's name before =", text);
        return err_hint(e, "a file whose name contains = is given with -f");
    }
    if (!f->overrides)
        f->overrides = value_map();
    before = value_get(f->overrides, name);
    if (!is_list(name, before != NULL)) {
        value_set_str(f->overrides, name, equals + 1);
        return 0;
    }
    list = before && value_type(before) == VALUE_LIST ? value_copy(before) : value_list();
    if (before && value_type(before) == VALUE_STRING)
        value_add_take(list, value_copy(before));
    value_add_take(list, value_str(equals + 1));
    value_set_take(f->overrides, name, list);
    return 0;
}

/* The overrides that the spec knows (they win over the file), or those that only the file knows. */
static struct value *overrides_part(const struct domfile *f, bool known)
{
    struct value *part = value_map();

    for (size_t i = 0; i < value_len(f->overrides); i++)
        if (spec_has_variable(value_key(f->overrides, i)) == known)
            value_set_take(part, value_key(f->overrides, i), value_copy(value_at(f->overrides, i)));
    return part;
}

/* What the caller's shell has opened already: a pipe is fine there, and somebody writes to it. */
static bool is_own_descriptor(const char *path)
{
    return strcmp(path, "/dev/stdin") == 0 || strncmp(path, "/dev/fd/", 8) == 0 ||
           strncmp(path, "/proc/self/fd/", 14) == 0;
}

/* Opening does not wait: a pipe that nobody writes to, or a device, is no text. */
static int open_file(const char *path, struct err *e)
{
    bool own = is_own_descriptor(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (own ? 0 : O_NONBLOCK));
    struct stat st;

    if (fd < 0)
        return err_sys(e, "Unable to open config file: %s", path);
    if (own || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        return fd;
    close(fd);
    return err_set(e, ERR_INVALID, "%s: not a regular file", path);
}

/* The whole file into f->text, bounded; once. */
static int load_text(struct domfile *f, struct err *e)
{
    AUTO(closep) int fd = f->loaded ? -1 : open_file(f->path, e);

    if (f->loaded)
        return 0;
    if (fd < 0)
        return -1;
    if (read_all(fd, PY_TEXT_MAX, &f->text, e) < 0)
        return err_add(e, "Unable to open config file: %s", f->path);
    f->loaded = true;
    return 0;
}

/* The first that is no blank, or NUL. */
static char first_char(const struct buf *text)
{
    const char *s = buf_str(text);

    return s[strspn(s, " \t\r\n")];
}

/*
 * What the command line gave to the program itself is no variable of the spec; a name that the
 * program never uses is probably mistyped.
 */
static void settle_preset(struct domfile *f, struct value *vars, const struct value *preset,
                          const char *text)
{
    for (size_t i = 0; i < value_len(preset); i++) {
        const char *name = value_key(preset, i);
        AUTO(freep) char *where = xasprintf("/%s", name);
        AUTO(freep) char *hint = fields_nearest(&spec_fields, name);

        value_remove(vars, name);
        if (!strstr(text, name))
            problems_add(&f->notes, where, hint, "%s: no variable of xm or of the file", name);
    }
}

/* Runs the program; the variables that it leaves are the caller's. */
static struct value *evaluate(struct domfile *f, bool help, struct err *e)
{
    AUTO(value_freep) struct value *preset = overrides_part(f, false);
    struct py_input in = {.name = f->path, .preset = preset, .help = help};
    struct buf settled = BUF_INIT;
    struct py_rest rest = {0};
    struct value *vars;

    if (load_text(f, e) < 0)
        return NULL;
    if (py_settle_text(buf_str(&f->text), f->text.len, &settled)) {
        buf_clear(&f->text);
        f->text = settled;
    }
    if (f->text.len && f->text.ptr[0] == '<') {
        err_set(e, ERR_UNSUPPORTED, "%s: XML files of the Xen-API are not understood", f->path);
        return NULL;
    }
    in.text = buf_str(&f->text);
    in.len = f->text.len;
    in.include = py_include_beside;
    in.include_arg = f->path;
    in.vars = &f->vars;
    in.places = &f->places;
    in.printed = &f->printed;
    in.rest = help || first_char(&f->text) == '(' ? NULL : &rest;
    vars = py_eval(&in, e);
    f->errors = rest.errors;
    f->broken = rest.broken;
    if (!vars && !in.rest && !help)
        err_hint(e, "a file in SXP is given with -F");
    if (!vars)
        vars = rest.vars;
    if (vars)
        settle_preset(f, vars, preset, in.text);
    return vars;
}

int domfile_read_vars(struct domfile *f, struct err *e)
{
    AUTO(value_freep) struct value *vars = evaluate(f, true, e);

    return vars ? 0 : -1;
}

/* How often the program mentions a name. */
struct value *domfile_read_values(struct domfile *f, struct err *e)
{
    AUTO(value_freep) struct value *vars = evaluate(f, false, e);
    AUTO(value_freep) struct value *set = overrides_part(f, true);

    if (!vars)
        return NULL;
    if (value_len(f->errors)) {
        err_set(e, ERR_INVALID, "%s", value_as_str(value_at(value_at(f->errors, 0), 0)));
        return NULL;
    }
    for (size_t i = 0; i < value_len(set); i++)
        value_set_take(vars, value_key(set, i), value_copy(value_at(set, i)));
    return steal(vars);
}

static size_t count_mentions(const char *text, const char *name)
{
    size_t len = strlen(name), n = 0;

    for (const char *p = text; (p = strstr(p, name)); p += len) {
        bool begins = p == text || (!isalnum((unsigned char)p[-1]) && p[-1] != '_');
        n += begins && !isalnum((unsigned char)p[len]) && p[len] != '_';
    }
    return n;
}

/*
 * memroy beside memory, or vcpu beside vcpus: mistyped when the program mentions it only to set
 * it. One that it uses, as in vcpus = vcpu, is its own; so is what an included file sets.
 */
static void note_doubled(struct domfile *f, const struct value *vars)
{
    for (size_t i = 0; i < value_len(vars); i++) {
        const char *name = value_key(vars, i), *near = spec_near_variable(name);

        if (near && value_get(vars, near) && count_mentions(buf_str(&f->text), name) == 1)
            spec_note_near(name, &f->notes);
    }
}

/*
 * The spec. What a failed statement would have set counts as faulty, so that nothing is said of
 * how it fits with others.
 */
static struct spec *read_spec(struct domfile *f, const struct value *vars)
{
    const char *slash = strrchr(f->path, '/');
    size_t n = value_len(f->broken);
    struct spec *s;

    for (size_t i = 0; i < n; i++) {
        AUTO(freep) char *where = xasprintf("/%s", value_key(f->broken, i));
        problems_add(&f->faults, where, NULL, "not read");
    }
    s = spec_from_xm(vars, slash ? slash + 1 : f->path, &f->faults, &f->notes);
    problems_drop(&f->faults, n);
    if (!value_len(f->errors))
        return s;
    spec_free(s);
    return NULL;
}

/* Known names of the command line are set after the program has run: they win. */
static struct spec *read_program(struct domfile *f, struct err *e)
{
    struct value *vars = f->given = evaluate(f, false, e);
    AUTO(value_freep) struct value *set = overrides_part(f, true);
    const struct value *name;
    struct spec *s;

    if (!vars)
        return NULL;
    for (size_t i = 0; i < value_len(set); i++)
        value_set_take(vars, value_key(set, i), value_copy(value_at(set, i)));
    name = value_get(vars, "name");
    f->default_name = !name || value_type(name) == VALUE_NIL ||
                      (value_type(name) == VALUE_STRING && !value_str_len(name));
    note_doubled(f, vars);
    s = read_spec(f, vars);
    domfile_sort(f);
    return s;
}

/* No program, so nothing to override: what xm itself printed. */
static struct spec *read_data(struct domfile *f, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;

    if (load_text(f, e) < 0)
        return NULL;
    if (first_char(&f->text) == '{') {
        v = json_parse(buf_str(&f->text), f->text.len, f->path, e);
        return v ? spec_from_value(v, &f->faults) : NULL;
    }
    v = sxp_parse(buf_str(&f->text), f->text.len, f->path, e);
    if (!v)
        return NULL;
    if (value_len(v) != 1 || value_type(value_at(v, 0)) != VALUE_LIST) {
        err_set(e, ERR_INVALID, "%s: not one (vm ...) form", f->path);
        return NULL;
    }
    return spec_from_sxp(value_at(v, 0), &f->faults);
}

int domfile_guess(struct domfile *f, struct err *e)
{
    if (load_text(f, e) < 0)
        return -1;
    f->data = first_char(&f->text) == '{' || first_char(&f->text) == '(';
    return 0;
}

struct spec *domfile_read(struct domfile *f, struct err *e)
{
    return f->data ? read_data(f, e) : read_program(f, e);
}
