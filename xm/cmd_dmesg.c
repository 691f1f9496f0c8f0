/* xm dmesg: what the hypervisor has logged, as it is; -c forgets it then. */
#include <stdio.h>
#include <stdlib.h>

#include "xm/client.h"
#include "xm/xm.h"

const struct option dmesg_options[] = {
    {'c', "clear", NULL, "Clear the log as well as printing it."},
    {0},
};

/* Guests can write there too: nothing of it may reach the terminal as a command. */
static bool print_piece(void *arg, const char *text, size_t len)
{
    (void)arg;
    print_clean(stdout, text, len);
    return !ferror(stdout);
}

int cmd_dmesg(struct xm *xm, const struct args *a)
{
    struct stream s = {.path = "/v1/host/dmesg", .quiet_ms = 30000, .piece = print_piece};
    struct err e;

    if (a->words.len)
        return xm_usage_error(xm->command, "No parameter required");
    if (args_has(a, "clear")) {
        s.method = "POST";
        s.path = "/v1/host/dmesg/clear";
    }
    return xend_stream(xm, &s, &e) < 0 ? xm_fail(&e) : EXIT_SUCCESS;
}
