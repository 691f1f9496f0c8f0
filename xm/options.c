/* Command-line options: see options.h. Pure functions over argv. */
#include "xm/options.h"

#include <assert.h>
#include <string.h>

/* A row by its letter, or -1. */
static int find_letter(const struct option *options, char letter)
{
    for (int i = 0; options && options[i].name; i++)
        if (options[i].letter == letter)
            return i;
    return -1;
}

/* A row by its long name or a unique beginning of it, or -1 with the error set. */
static int find_name(const struct option *options, const char *name, size_t len, struct err *e)
{
    int found = -1, matches = 0;

    for (int i = 0; options && options[i].name; i++) {
        if (strncmp(options[i].name, name, len) != 0)
            continue;
        found = i;
        matches++;
        if (options[i].name[len] == '\0')
            return i;
    }
    if (matches == 1)
        return found;
    return err_set(e, ERR_INVALID, "option --%.*s %s", (int)len, name,
                   matches ? "not a unique prefix" : "not recognized");
}

/* argv[*at] is "--name" or "--name=value". */
static int parse_long(struct args *a, int argc, char **argv, int *at, struct err *e)
{
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *o;
    int row;

    if (len == 4 && strncmp(name, "help", 4) == 0)
        return 1;
    row = find_name(a->options, name, len, e);
    if (row < 0)
        return -1;
    o = &a->options[row];
    if (!o->arg && equals)
        return err_set(e, ERR_INVALID, "option --%s must not have an argument", o->name);
    if (o->arg && o->arg[0] == '[' && !equals && (*at + 1 >= argc || argv[*at + 1][0] == '-')) {
        a->given[row] = "";
        return 0;
    }
    if (o->arg && !equals && *at + 1 >= argc)
        return err_set(e, ERR_INVALID, "option --%s requires argument", o->name);
    if (!o->arg)
        a->given[row] = "";
    else
        a->given[row] = equals ? equals + 1 : argv[++*at];
    return 0;
}

/* argv[*at] is "-x", "-xyz" or "-xVALUE". */
static int parse_letters(struct args *a, int argc, char **argv, int *at, struct err *e)
{
    for (const char *p = argv[*at] + 1; *p; p++) {
        int row = find_letter(a->options, *p);

        if (row < 0 && *p == 'h')
            return 1;
        if (row < 0)
            return err_set(e, ERR_INVALID, "option -%c not recognized", *p);
        if (!a->options[row].arg) {
            a->given[row] = "";
            continue;
        }
        if (p[1])
            a->given[row] = p + 1;
        else if (*at + 1 < argc)
            a->given[row] = argv[++*at];
        else
            return err_set(e, ERR_INVALID, "option -%c requires argument", *p);
        break;
    }
    return 0;
}

int args_parse(struct args *a, const struct option *options, int argc, char **argv, struct err *e)
{
    int r = 0, rows = 0;

    while (options && options[rows].name)
        rows++;
    assert(rows <= OPTIONS_MAX);
    a->options = options;
    for (int i = 0; i < argc && r == 0; i++) {
        if (strcmp(argv[i], "--") == 0) {
            while (++i < argc)
                vec_push(&a->words, argv[i]);
        } else if (strncmp(argv[i], "--", 2) == 0) {
            r = parse_long(a, argc, argv, &i, e);
        } else if (argv[i][0] == '-' && argv[i][1]) {
            r = parse_letters(a, argc, argv, &i, e);
        } else {
            vec_push(&a->words, argv[i]);
        }
    }
    return r;
}

void args_clear(struct args *a)
{
    vec_clear(&a->words);
}

const char *args_get(const struct args *a, const char *name)
{
    for (int i = 0; a->options && a->options[i].name; i++)
        if (strcmp(a->options[i].name, name) == 0)
            return a->given[i];
    return NULL;
}

bool args_has(const struct args *a, const char *name)
{
    return args_get(a, name) != NULL;
}

const char *args_word(const struct args *a, size_t i)
{
    assert(i < a->words.len);
    return a->words.ptr[i];
}
