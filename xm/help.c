/* Help, made from the table of commands, in the original's layout; all of it goes to stdout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xm/xm.h"

#define LIST_WIDTH 50   /* of a description in a list of commands */
#define OPTION_WIDTH 43 /* of a description of an option */

/* Bytes of text that fit on a line of this width, cut between words. */
static size_t line_length(const char *text, size_t width)
{
    size_t len = strlen(text), at = width;

    if (len <= width)
        return len;
    while (at > 0 && text[at] != ' ')
        at--;
    return at ? at : width;
}

/* The rest of a line whose first column is printed, wrapped; the next lines begin at `indent`. */
static void print_wrapped(const char *text, size_t width, size_t indent)
{
    for (;;) {
        size_t n = line_length(text, width);

        printf(" %-*.*s\n", (int)width, (int)n, text);
        text += n;
        while (*text == ' ')
            text++;
        if (!*text)
            return;
        printf("%*s", (int)indent - 1, "");
    }
}

/* The name, and the description wrapped beside it. */
void help_row(const char *name, const char *text)
{
    printf(" %-20s", name);
    print_wrapped(text, LIST_WIDTH, 22);
}

static void print_commands(bool common_only)
{
    for (const struct command *c = commands; c->name; c++)
        if (!common_only || c->common)
            help_row(c->name, c->brief);
}

static void print_intro(void)
{
    puts("Usage: xm [-H URL] [--root DIR] <subcommand> [args]\n\n"
         "Control, list, and manipulate Xen guest instances.\n");
}

static void print_footer(void)
{
    puts("\n<Domain> can either be the Domain Name or Id, or its UUID.\n"
         "For the arguments and options of one command, run 'xm <subcommand> --help'.");
}

void help_short(void)
{
    print_intro();
    puts("Common 'xm' commands:\n");
    print_commands(true);
    print_footer();
    puts("For a complete list of subcommands run 'xm help'.");
}

void help_long(void)
{
    print_intro();
    puts("xm full list of subcommands:\n");
    print_commands(false);
    puts("\nOptions before the subcommand:\n\n"
         "  -H, --host=URL                 the xend to talk to: unix:/path or\n"
         "                                 ssh://user@host; or set XM_SERVER\n"
         "  --root=DIR                     the instance of xend that lives in DIR;\n"
         "                                 or set XEND_ROOT\n"
         "  --version                      tell the version of xm\n"
         "  -h, --help                     tell this");
    print_footer();
}

/* "  -l, --long    What it does." */
static void print_option(const struct option *o)
{
    char text[80];
    int n = 0;

    if (o->letter)
        n = snprintf(text, sizeof(text), "-%c, ", o->letter);
    if (o->arg && o->arg[0] == '[')
        snprintf(text + n, sizeof(text) - (size_t)n, "--%s[=%s", o->name, o->arg + 1);
    else
        snprintf(text + n, sizeof(text) - (size_t)n, "--%s%s%s", o->name, o->arg ? "=" : "",
                 o->arg ? o->arg : "");
    printf("  %-30s", text);
    print_wrapped(o->doc, OPTION_WIDTH, 33);
}

void help_command(const struct command *c)
{
    printf("Usage: xm %s%s%s\n\n%s\n", c->name, *c->args ? " " : "", c->args, c->brief);
    if (c->options) {
        putchar('\n');
        for (const struct option *o = c->options; o->name; o++)
            print_option(o);
    }
}

const struct option help_options[] = {
    {0, "long", NULL, "Changes nothing: all commands are told anyway."},
    {0},
};

int cmd_help(struct xm *xm, const struct args *a)
{
    const char *name;

    if (!a->words.len) {
        help_long();
        return EXIT_SUCCESS;
    }
    name = command_current_name(args_word(a, 0));
    for (const struct command *c = commands; c->name; c++) {
        if (strcmp(c->name, name) == 0) {
            help_command(c);
            return EXIT_SUCCESS;
        }
    }
    return xm_usage_error(xm->command, "Subcommand %s not found!", name);
}
