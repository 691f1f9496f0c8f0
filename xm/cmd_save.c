/* xm save and xm restore: files are named as the caller sees them; xend writes and reads them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xm/xm.h"

const struct option save_options[] = {
    {'c', "checkpoint", NULL, "Leave the domain running afterwards."},
    {0, "json", NULL, "Print JSON: the file and its size."},
    {0},
};

const struct option restore_options[] = {
    {'p', "paused", NULL, "Leave the domain paused."},
    {0, "once", NULL, "Remove the file, before the domain may run on."},
    {0, "json", NULL, "Print JSON: the domain."},
    {0},
};

/* The same files as xend sees: this host's, as root. Elsewhere xend's own word must do. */
static bool sees_as_xend(const struct xm *xm)
{
    return !xm->host && geteuid() == 0;
}

/* The original's text, before anything is asked of xend. */
static int check_writable(const struct xm *xm, const char *file, const char *path)
{
    AUTO(freep) char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path + 1));
    AUTO(freep) char *clean = NULL;

    if (!sees_as_xend(xm) || access(dir, W_OK) == 0)
        return EXIT_SUCCESS;
    clean = clean_text(file);
    fprintf(stderr, "Error: xm save: Unable to create file %s\n", clean);
    return EXIT_ERROR;
}

int cmd_save(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    AUTO(freep) char *path = path_absolute(args_word(a, 1));
    int status = check_writable(xm, args_word(a, 1), path);

    if (status != EXIT_SUCCESS)
        return status;
    value_set_str(body, "file", path);
    value_set_bool(body, "checkpoint", args_has(a, "checkpoint"));
    status = domain_act(xm, a, "/save", body, &job);
    if (status == EXIT_SUCCESS && args_has(a, "json"))
        print_result(job);
    return status;
}

int cmd_restore(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    AUTO(freep) char *path = path_absolute(args_word(a, 0));
    struct err e;

    if (sees_as_xend(xm) && access(path, R_OK) != 0) {
        AUTO(freep) char *clean = clean_text(args_word(a, 0));
        fprintf(stderr, "Error: xm restore: Unable to read file %s\n", clean);
        return EXIT_ERROR;
    }
    value_set_str(body, "file", path);
    value_set_bool(body, "paused", args_has(a, "paused"));
    if (args_has(a, "once"))
        value_set_bool(body, "once", true);
    interrupt_note("xend goes on restoring the domain: see xm list.\n");
    job = job_run(xm, "/v1/restore", body, &e);
    interrupt_note(NULL);
    if (!job)
        return xm_fail(&e);
    if (args_has(a, "json"))
        print_json(value_get(value_get(job, "result"), "domain"));
    return EXIT_SUCCESS;
}
