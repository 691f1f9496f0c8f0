/* xm create: evaluates the configuration file here, posts the spec and waits for the guest. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/base/mem.h"
#include "xm/domfile.h"
#include "xm/xm.h"

const struct option create_options[] = {
    {0, "help_config", NULL, "List the variables of configuration files (and of this one)."},
    {'q', "quiet", NULL, "Print nothing but errors and warnings."},
    {0, "path", "PATH", "Where to look for the file: directories, separated by colons."},
    {'f', "defconfig", "FILE", "The configuration file; also given as a plain word."},
    {'F', "config", "[FILE]",
     "A file that holds the domain as SXP, a (vm ...) form, or as JSON. Without FILE: with -n, "
     "print "
     "text like that of configuration files."},
    {'n', "dryrun", NULL, "Print the domain as SXP; create nothing."},
    {0, "strict", NULL, "What would be ignored with a warning is an error."},
    {'p', "paused", NULL, "Leave the domain paused."},
    {'c', "console_autoconnect", NULL, "Attach to the console of the new domain."},
    {0, "no-wait", NULL, "Do not wait until it runs; print the number of the job."},
    {0, "json", NULL, "Print JSON: the new domain (or the job), or the spec with -n."},
    {0},
};

const struct option new_options[] = {
    {0, "help_config", NULL, "List the variables of configuration files (and of this one)."},
    {'q', "quiet", NULL, "Print nothing but errors and warnings."},
    {0, "path", "PATH", "Where to look for the file: directories, separated by colons."},
    {'f', "defconfig", "FILE", "The configuration file; also given as a plain word."},
    {'F', "config", "[FILE]", "A file that holds the domain as SXP or JSON."},
    {'n', "dryrun", NULL, "Print the domain as SXP; define nothing."},
    {0, "strict", NULL, "What would be ignored with a warning is an error."},
    {0, "from-running", NULL, "Keep a domain that runs: the word is its name, not a file's."},
    {0, "json", NULL, "Print JSON: the new domain, or the spec with -n."},
    {0},
};

/* The variables of all files, then those that this one declares with xm_vars.var(). */
static void print_variables(const struct domfile *f)
{
    for (size_t i = 0; i < spec_fields.n; i++)
        help_row(spec_fields.rows[i].name, spec_fields.rows[i].doc);
    for (int c = 0; c < DEVICE_CLASSES; c++)
        help_row(device_class_name((enum device_class)c), "List of devices, one text each.");
    for (size_t i = 0; i < value_len(f->vars); i++) {
        const struct value *use = value_at(f->vars, i);
        help_row(value_key(f->vars, i), value_type(use) == VALUE_STRING ? value_as_str(use) : "");
    }
}

/* Sorts the words into the file's name and name=value. */
static int take_words(struct domfile *f, const struct args *a, const char **name, struct err *e)
{
    *name = args_get(a, "defconfig");
    f->data = args_has(a, "config") && (*args_get(a, "config") || !args_has(a, "dryrun"));
    if (f->data)
        *name = args_get(a, "config");
    if (*name && !**name)
        return err_set(e, ERR_INVALID, "option --config requires argument");
    for (size_t i = 0; i < a->words.len; i++) {
        const char *word = args_word(a, i);

        if (strchr(word, '=')) {
            if (domfile_override(f, word, e) < 0)
                return -1;
        } else if (*name) {
            return err_set(e, ERR_INVALID, "more than one configuration file: %s, %s", *name, word);
        } else {
            *name = word;
        }
    }
    return 0;
}

/*
 * The file that the words and options mean, searched for as the original did. -n --config says how
 * to print, not what to read; also when the name of a program stands behind it.
 */
static int find_file(struct xm *xm, struct domfile *f, const struct args *a, bool *config,
                     struct err *e)
{
    AUTO(freep) char *dflt = xasprintf(".:%s", xm->paths.etc_dir);
    const char *search = args_get(a, "path") ? args_get(a, "path") : dflt;
    const char *name;

    if (take_words(f, a, &name, e) < 0)
        return -1;
    if (domfile_find(f, name, search, e) < 0)
        return err_hint(e, "looked in %s", search);
    if (f->data && args_has(a, "dryrun") && domfile_guess(f, e) < 0)
        return -1;
    *config = args_has(a, "dryrun") && args_has(a, "config") && !f->data;
    if (f->data && f->overrides)
        return err_set(e, ERR_INVALID, "variables do not go with an SXP file (-F)");
    return 0;
}

/* -n: what would be posted, in the original's notation or in another. */
static int dry_run(const struct spec *s, bool json, bool config)
{
    AUTO(value_freep) struct value *v = json ? spec_to_value_secrets(s) : spec_to_sxp(s, "vm");
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (config) {
        AUTO(freep) char *text = spec_to_xm(s, false);
        fputs(text, stdout);
    } else if (json) {
        print_json(v);
    } else {
        sxp_print_pretty(v, 80, &b);
        fwrite(b.ptr, 1, b.len, stdout);
    }
    return EXIT_SUCCESS;
}

/* What POST /v1/domains takes; the caller frees. */
static struct value *create_body(const struct spec *s, bool paused)
{
    struct value *body = value_map();

    value_set_take(body, "spec", spec_to_value_secrets(s));
    value_set_bool(body, "paused", paused);
    return body;
}

/* --no-wait: the number of the job is what scripts go on with, so -q leaves just that. */
static int create_later(struct xm *xm, const struct args *a, const struct spec *s)
{
    AUTO(value_freep) struct value *body = create_body(s, args_has(a, "paused")), *job = NULL;
    int64_t id;
    struct err e;

    if (xend_request(xm, "POST", "/v1/domains", body, &job, &e) < 0)
        return xm_fail(&e);
    id = value_get_int(job, "id", 0);
    if (args_has(a, "json"))
        print_json(job);
    else if (args_has(a, "quiet"))
        printf("%" PRId64 "\n", id);
    else
        printf("Creating domain %s (job=%" PRId64 ")\n", s->name, id);
    return EXIT_SUCCESS;
}

/* Posts the spec; returns the domain that runs (the caller's). */
static struct value *create(struct xm *xm, const struct spec *s, bool paused, struct err *e)
{
    AUTO(value_freep) struct value *body = create_body(s, paused), *job = NULL;
    const struct value *domain;

    interrupt_note("xend goes on creating the domain: see xm list.\n");
    job = job_run(xm, "/v1/domains", body, e);
    interrupt_note(NULL);
    if (!job)
        return NULL;
    domain = value_get(value_get(job, "result"), "domain");
    return domain ? value_copy(domain) : value_map();
}

/* The original's line; scripts take the id from it. */
static void print_started(const char *name, int64_t id)
{
    if (id >= 0)
        printf("Started domain %s (id=%" PRId64 ")\n", name, id);
    else
        printf("Started domain %s (id=None)\n", name);
}

/* The part that needs xend. */
static int create_and_attach(struct xm *xm, const struct args *a, const struct spec *s)
{
    AUTO(value_freep) struct value *domain = NULL;
    bool quiet = args_has(a, "quiet"), json = args_has(a, "json");
    const char *name;
    int64_t id;
    struct err e;

    if (args_has(a, "no-wait"))
        return create_later(xm, a, s);
    domain = create(xm, s, args_has(a, "paused"), &e);
    if (!domain)
        return xm_fail(&e);
    name = value_get_str(domain, "name", s->name);
    id = value_get_int(domain, "domid", -1);
    if (json)
        print_json(domain);
    else if (!quiet)
        print_started(name, id);
    if (id < 0)
        xm_warn("domain %s has ended already; 'xm log %s' tells more", name, name);
    if (!args_has(a, "console_autoconnect"))
        return EXIT_SUCCESS;
    return console_attach(xm, name, NULL, HISTORY_MAX, false);
}

/* xm new: kept, not started. */
static int define(struct xm *xm, const struct args *a, const struct spec *s)
{
    AUTO(value_freep) struct value *body = create_body(s, false), *job = NULL;
    struct err e;

    value_set_bool(body, "managed", true);
    value_set_bool(body, "start", false);
    job = job_run(xm, "/v1/domains", body, &e);
    if (!job)
        return xm_fail(&e);
    if (args_has(a, "json"))
        print_json(value_get(value_get(job, "result"), "domain"));
    return EXIT_SUCCESS;
}

/*
 * What xend's driver ignores is known once xend is asked, which only files cost that ask for
 * something that not every driver has.
 */
static int note_driver(struct xm *xm, struct domfile *f, const struct spec *s, struct err *e)
{
    static const unsigned drivers[] = {ON_XEN, ON_QEMU, ON_TEST};
    AUTO(value_freep) struct value *v = NULL;
    struct problems any = {0};

    for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
        spec_note_ignored(s, drivers[i], &any);
    if (!any.len)
        return 0;
    problems_clear(&any);
    v = xend_get(xm, "/v1", e);
    if (!v)
        return -1;
    domfile_note_driver(f, s, driver_find(value_get_str(v, "driver", "")));
    return 0;
}

int cmd_create(struct xm *xm, const struct args *a)
{
    bool json = args_has(a, "json"), list_variables = args_has(a, "help_config");
    bool config = false;
    AUTO(domfile_clear) struct domfile f = {0};
    AUTO(spec_freep) struct spec *s = NULL;
    struct err e = {0};

    if (args_has(a, "no-wait") && args_has(a, "console_autoconnect"))
        return xm_usage_error(xm->command, "--no-wait and -c do not go together");
    if (list_variables && !a->words.len) {
        print_variables(&f);
        return EXIT_SUCCESS;
    }
    if (find_file(xm, &f, a, &config, &e) < 0)
        return xm_fail(&e);
    if (list_variables) {
        if (domfile_read_vars(&f, &e) < 0)
            return xm_fail(&e);
        print_variables(&f);
        return EXIT_SUCCESS;
    }
    if (!args_has(a, "quiet") && !json && !config)
        printf("Using config file \"%s\".\n", f.path);
    s = domfile_read(&f, &e);
    fputs(buf_str(&f.printed), json || config ? stderr : stdout);
    fflush(stdout);
    if (s && !args_has(a, "dryrun") && note_driver(xm, &f, s, &e) < 0)
        return xm_fail(&e);
    if (args_has(a, "strict"))
        domfile_be_strict(&f);
    domfile_print_notes(&f, false);
    if (domfile_print_faults(&f))
        return EXIT_ERROR;
    if (!s)
        return xm_fail(&e);
    if (args_has(a, "dryrun"))
        return dry_run(s, json, config);
    return xm->command->run == cmd_new ? define(xm, a, s) : create_and_attach(xm, a, s);
}

/* --from-running: it runs on. */
static int keep_running(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *job = NULL;
    int status;

    if (a->words.len != 1)
        return xm_usage_error(xm->command, "--from-running requires one domain.");
    status = domain_act(xm, a, "/keep", NULL, &job);
    if (status == EXIT_SUCCESS && args_has(a, "json"))
        print_json(value_get(value_get(job, "result"), "domain"));
    return status;
}

int cmd_new(struct xm *xm, const struct args *a)
{
    if (args_has(a, "from-running"))
        return keep_running(xm, a);
    return cmd_create(xm, a);
}
