/* xm dump-core: the file is named here, as the caller sees it, and written by xend. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "xm/xm.h"

const struct option dump_options[] = {
    {'L', "live", NULL, "Dump core without pausing the domain."},
    {'C', "crash", NULL, "Crash the domain after dumping core."},
    {'R', "reset", NULL, "Reset the domain after dumping core."},
    {0, "json", NULL, "Print JSON: the file and its size."},
    {0},
};

/* What POST /v1/domains/D/dump takes; the caller frees. */
static struct value *dump_body(const struct args *a)
{
    struct value *body = value_map();

    if (a->words.len > 1) {
        const char *name = args_word(a, 1);
        AUTO(freep) char *path = NULL;

        while (strncmp(name, "./", 2) == 0)
            name += 2;
        path = path_absolute(name);
        value_set_str(body, "file", path);
    }
    value_set_bool(body, "live", args_has(a, "live"));
    value_set_bool(body, "crash", args_has(a, "crash"));
    value_set_bool(body, "reset", args_has(a, "reset"));
    return body;
}

int cmd_dump_core(struct xm *xm, const struct args *a)
{
    AUTO(value_freep) struct value *body = NULL, *job = NULL;
    bool json = args_has(a, "json");
    const struct value *result;
    int status;

    if (args_has(a, "crash") && args_has(a, "reset"))
        return xm_usage_error(xm->command, "You may not specify more than one '-CR' option");
    if (a->words.len > 1 && !*args_word(a, 1))
        return xm_usage_error(xm->command, "Invalid argument.");
    body = dump_body(a);
    if (!json)
        printf("Dumping core of domain: %s ...\n", args_word(a, 0));
    fflush(stdout);
    status = domain_act(xm, a, "/dump", body, &job);
    if (status != EXIT_SUCCESS)
        return status;
    result = value_get(job, "result");
    if (json)
        print_result(job);
    else if (a->words.len < 2) /* xend chose the name */
        printf("Core file: %s\n", value_get_str(result, "file", ""));
    return EXIT_SUCCESS;
}
