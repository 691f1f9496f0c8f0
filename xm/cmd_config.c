/*
 * xm check, convert, diff: configuration files looked at without making a domain. Only diff needs
 * xend.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/json.h"
#include "config/sxp.h"
#include "libxl/base/mem.h"
#include "xm/difference.h"
#include "xm/domfile.h"
#include "xm/xm.h"

const struct option check_options[] = {
    {'q', "quiet", NULL, "Print nothing but errors and warnings."},
    {0, "path", "PATH", "Where to look for the files: directories, separated by colons."},
    {0, "strict", NULL, "What would be ignored with a warning is an error."},
    {0, "driver", "xen|qemu", "Warn of what this driver would ignore."},
    {0},
};

const struct option convert_options[] = {
    {0, "to", "sxp|json|config|xl", "What to print; default config."},
    {0, "path", "PATH", "Where to look for the file: directories, separated by colons."},
    {0, "strict", NULL, "What would be ignored with a warning is an error."},
    {0},
};

const struct option diff_options[] = {
    {'q', "quiet", NULL, "Print nothing; the exit status tells."},
    {0, "path", "PATH", "Where to look for the file: directories, separated by colons."},
    {0},
};

/* name=value words go to every file. */
static int take_overrides(struct domfile *f, const struct args *a, struct err *e)
{
    for (size_t i = 0; i < a->words.len; i++)
        if (strchr(args_word(a, i), '=') && domfile_override(f, args_word(a, i), e) < 0)
            return -1;
    return 0;
}

/* Finds and reads one file, in whatever notation it is; its spec, or NULL with *e or faults. */
static struct spec *read_file_named(struct xm *xm, const struct args *a, const char *name,
                                    struct domfile *f, struct err *e)
{
    AUTO(freep) char *dflt = xasprintf(".:%s", xm->paths.etc_dir);
    const char *search = args_get(a, "path") ? args_get(a, "path") : dflt;
    struct spec *s;

    if (take_overrides(f, a, e) < 0)
        return NULL;
    if (domfile_find(f, name, search, e) < 0) {
        err_hint(e, "looked in %s", search);
        return NULL;
    }
    if (domfile_guess(f, e) < 0)
        return NULL;
    s = domfile_read(f, e);
    fputs(buf_str(&f->printed), stderr);
    return s;
}

/* One of `xm check`; true when it is in order. */
static bool check_one(struct xm *xm, const struct args *a, const char *name, unsigned driver)
{
    AUTO(domfile_clear) struct domfile f = {0};
    struct err e = {0};
    AUTO(spec_freep) struct spec *s = read_file_named(xm, a, name, &f, &e);

    if (s && driver)
        domfile_note_driver(&f, s, driver);
    if (args_has(a, "strict"))
        domfile_be_strict(&f);
    domfile_print_notes(&f, true);
    if (domfile_print_faults(&f))
        return false;
    if (!s)
        return xm_fail(&e), false;
    if (!args_has(a, "quiet"))
        printf("%s: ok\n", f.path);
    return true;
}

int cmd_check(struct xm *xm, const struct args *a)
{
    const char *name = args_get(a, "driver");
    unsigned driver = name ? driver_find(name) : 0;
    size_t files = 0, bad = 0;

    if (name && !driver)
        return xm_usage_error(xm->command, "--driver: '%s' is not one of xen, qemu", name);
    for (size_t i = 0; i < a->words.len; i++) {
        if (strchr(args_word(a, i), '='))
            continue;
        files++;
        bad += !check_one(xm, a, args_word(a, i), driver);
    }
    if (!files)
        return xm_usage_error(xm->command, "'xm check' requires a file.");
    return bad ? EXIT_ERROR : EXIT_SUCCESS;
}

/* The spec in one of the notations. */
static void print_spec(const struct spec *s, const char *to)
{
    AUTO(value_freep) struct value *v = NULL;
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (strcmp(to, "json") == 0) {
        v = spec_to_value_secrets(s);
        print_json(v);
        return;
    }
    if (strcmp(to, "sxp") == 0) {
        v = spec_to_sxp(s, "vm");
        sxp_print_pretty(v, 80, &b);
    } else {
        AUTO(freep) char *text = spec_to_xm(s, strcmp(to, "xl") == 0);
        buf_adds(&b, text);
    }
    fwrite(buf_str(&b), 1, b.len, stdout);
}

/* The only word that is no name=value; NULL when there is none or several. */
static const char *only_file(const struct args *a, size_t from)
{
    const char *name = NULL;

    for (size_t i = from; i < a->words.len; i++) {
        if (strchr(args_word(a, i), '='))
            continue;
        if (name)
            return NULL;
        name = args_word(a, i);
    }
    return name;
}

int cmd_convert(struct xm *xm, const struct args *a)
{
    const char *to = args_get(a, "to") ? args_get(a, "to") : "config";
    AUTO(domfile_clear) struct domfile f = {0};
    AUTO(spec_freep) struct spec *s = NULL;
    struct err e = {0};

    if (strcmp(to, "sxp") && strcmp(to, "json") && strcmp(to, "config") && strcmp(to, "xl"))
        return xm_usage_error(xm->command, "--to: '%s' is not one of sxp, json, config, xl", to);
    if (!only_file(a, 0))
        return xm_usage_error(xm->command, "'xm convert' requires one file.");
    s = read_file_named(xm, a, only_file(a, 0), &f, &e);
    if (args_has(a, "strict"))
        domfile_be_strict(&f);
    domfile_print_notes(&f, false);
    if (domfile_print_faults(&f))
        return EXIT_ERROR;
    if (!s)
        return xm_fail(&e);
    print_spec(s, to);
    return EXIT_SUCCESS;
}

/* The spec that a domain has; NULL and *e. */
static struct spec *spec_of_domain(struct xm *xm, const char *name, struct err *e)
{
    AUTO(freep) char *path = domain_path(name, "?detail=config");
    AUTO(value_freep) struct value *v = domain_check(name, e) < 0 ? NULL : xend_get(xm, path, e);
    struct problems p = {0};
    struct spec *s;

    if (!v)
        return NULL;
    s = spec_from_value(value_get(v, "config"), &p);
    if (!s)
        problems_to_err(&p, e);
    problems_clear(&p);
    return s;
}

int cmd_diff(struct xm *xm, const struct args *a)
{
    AUTO(domfile_clear) struct domfile f = {0};
    AUTO(spec_freep) struct spec *domain = NULL, *s = NULL;
    struct err e = {0};

    if (a->words.len < 2 || !only_file(a, 1))
        return xm_usage_error(xm->command, "'xm diff' requires a domain and a file.");
    domain = spec_of_domain(xm, args_word(a, 0), &e);
    if (!domain)
        return xm_fail(&e);
    s = read_file_named(xm, a, only_file(a, 1), &f, &e);
    if (domfile_print_faults(&f))
        return EXIT_ERROR;
    if (!s)
        return xm_fail(&e);
    if (f.default_name) {
        free(s->name);
        s->name = xstrdup_null(domain->name);
    }
    spec_take_choices(s, domain);
    spec_fill_secrets(domain, s);
    return specs_compare(domain, s, args_has(a, "quiet")) ? EXIT_ERROR : EXIT_SUCCESS;
}
