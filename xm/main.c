/*
 * xm: the command line of xend. Reads the options that stand before the command, finds the
 * command in the table and runs it. Nothing here costs time: what a command does not need is not
 * set up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/buf.h"
#include "libxl/base/mem.h"
#include "libxl/base/near.h"
#include "xm/client.h"
#include "xm/xm.h"

/* Old names that the original still understood, with a warning. */
static const struct {
    const char *old, *now;
} aliases[] = {
    {"balloon", "mem-set"},
    {"set-vcpus", "vcpu-set"},
    {"vif-list", "network-list"},
    {"vbd-create", "block-attach"},
    {"vbd-destroy", "block-detach"},
    {"vbd-list", "block-list"},
    {"pci-assignable-list", "pci-list-assignable-devices"}, /* xl's */
    {"pool-create", "cpupool-create"},
    {"pool-new", "cpupool-new"},
    {"pool-start", "cpupool-start"},
    {"pool-list", "cpupool-list"},
    {"pool-destroy", "cpupool-destroy"},
    {"pool-delete", "cpupool-delete"},
    {"pool-cpu-add", "cpupool-cpu-add"},
    {"pool-cpu-remove", "cpupool-cpu-remove"},
    {"pool-migrate", "cpupool-migrate"},
};

static const struct command *find_exact(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/*
 * The only command that begins with name, or the only one of the original's common ones: new
 * commands take nobody's short name away. A beginning has two letters at least.
 */
static const struct command *find_prefix(const char *name)
{
    const struct command *found[2] = {NULL, NULL}; /* any, common */
    size_t len = strlen(name), n[2] = {0, 0};

    for (const struct command *c = commands; len >= 2 && c->name; c++) {
        if (strncmp(c->name, name, len) != 0)
            continue;
        found[c->common] = c;
        n[c->common]++;
    }
    if (n[1] == 1)
        return found[1];
    return n[0] + n[1] == 1 ? found[0] : NULL;
}

const char *command_current_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (strcmp(aliases[i].old, name) != 0)
            continue;
        fprintf(stderr, "Command %s is deprecated.  Please use xm %s instead.\n", name,
                aliases[i].now);
        return aliases[i].now;
    }
    return name;
}

/* The commands that begin with name or, when there are none, the nearest one; "" for none. */
static void suggest(const char *name, struct buf *out)
{
    struct near n = {.word = name};
    size_t len = strlen(name);

    for (const struct command *c = commands; c->name; c++) {
        near_try(&n, c->name);
        if (len >= 2 && strncmp(c->name, name, len) == 0)
            buf_addf(out, "%s%s", out->len ? ", " : "", c->name);
    }
    if (!out->len && n.best)
        buf_adds(out, n.best);
}

/* In the original's order: exact, old name, beginning. NULL after an error with the short help. */
static const struct command *find_command(const char *name)
{
    AUTO(buf_clear) struct buf near = BUF_INIT;
    AUTO(freep) char *clean = NULL;
    const struct command *c = find_exact(name);

    if (c)
        return c;
    name = command_current_name(name);
    c = find_exact(name);
    if (!c)
        c = find_prefix(name);
    if (c)
        return c;
    suggest(name, &near);
    clean = clean_text(name);
    fprintf(stderr, "Error: Subcommand %s not found!\n", clean);
    if (near.len)
        fprintf(stderr, "did you mean %s?\n", near.ptr);
    help_short();
    return NULL;
}

/* Counts the words as the original does; its texts. */
static int check_words(const struct command *c, size_t n)
{
    size_t min = (size_t)c->min_words, max = (size_t)c->max_words;

    if (n >= min && (c->max_words < 0 || n <= max))
        return 0;
    if (c->max_words < 0)
        return xm_usage_error(c, "'xm %s' requires at least %zu argument%s.", c->name, min,
                              min == 1 ? "" : "s");
    if (min == max)
        return xm_usage_error(c, "'xm %s' requires %zu argument%s.", c->name, min,
                              min == 1 ? "" : "s");
    return xm_usage_error(c, "'xm %s' requires between %zu and %zu arguments.", c->name, min, max);
}

/* argv: what follows the command. */
static int run_command(struct xm *xm, int argc, char **argv)
{
    AUTO(args_clear) struct args a = {0};
    struct err e = {0};
    int r = args_parse(&a, xm->command->options, argc, argv, &e);

    if (r == 1) {
        help_command(xm->command);
        return EXIT_ERROR; /* of the original */
    }
    if (r < 0)
        return xm_usage_error(xm->command, "%s", e.msg);
    if (check_words(xm->command, a.words.len))
        return EXIT_ERROR;
    return xm->command->run(xm, &a);
}

/*
 * The option at argv[*at] if it is --name=V or --name V (or -x V): its value. NULL with *e set
 * when V is missing, NULL without when it is some other option.
 */
static const char *global_value(int argc, char **argv, int *at, const char *name, char letter,
                                struct err *e)
{
    const char *arg = argv[*at];
    size_t len = strlen(name);

    if (letter && arg[1] == letter && arg[2])
        return arg + 2;
    if (strncmp(arg, "--", 2) == 0 && strncmp(arg + 2, name, len) == 0) {
        if (arg[2 + len] == '=')
            return arg + 2 + len + 1;
        if (arg[2 + len])
            return NULL;
    } else if (!letter || arg[1] != letter) {
        return NULL;
    }
    if (*at + 1 < argc)
        return argv[++*at];
    err_set(e, ERR_INVALID, "option %s requires argument", arg);
    return NULL;
}

/* Options before the command; returns the index of the command, or -1 with the exit status. */
static int parse_global(struct xm *xm, int argc, char **argv, const char **root, int *status)
{
    struct err e = {0};
    const char *v;
    int i;

    *status = EXIT_SUCCESS;
    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            help_long();
            return -1;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("xm " VERSION);
            return -1;
        }
        if ((v = global_value(argc, argv, &i, "host", 'H', &e)))
            xm->host = v;
        else if (!e.code && (v = global_value(argc, argv, &i, "root", 0, &e)))
            *root = v;
        else
            break;
    }
    if (i < argc && argv[i][0] != '-')
        return i;
    *status = EXIT_ERROR;
    if (i < argc) {
        if (!e.code)
            err_set(&e, ERR_INVALID, "option %s not recognized", argv[i]);
        xm_fail(&e);
    }
    help_short();
    return -1;
}

int main(int argc, char **argv)
{
    struct xm xm = {.host = getenv("XM_SERVER")};
    const char *root = NULL;
    int status, first = parse_global(&xm, argc, argv, &root, &status);

    if (first < 0)
        return output_end(status);
    xm.command = find_command(argv[first]);
    if (!xm.command)
        return output_end(EXIT_ERROR);
    if (getenv("XM_CONFIG_FILE"))
        xm_warn("XM_CONFIG_FILE is not used here; set XM_SERVER or use -H.");
    paths_init(&xm.paths, root);
    interrupt_init();
    status = run_command(&xm, argc - first - 1, argv + first + 1);
    client_free(xm.client);
    paths_clear(&xm.paths);
    return output_end(status);
}
