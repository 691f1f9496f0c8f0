/*
 * Evaluates one config file and prints its variables as JSON on one line, or the error report.
 * Called by golden.sh and by the oracle test. Arguments after the file preset variables.
 */
#include <stdio.h>
#include <string.h>

#include "config/json.h"
#include "config/py.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "tests/tools/golden.h"

static int fail(const struct err *e)
{
    printf("%s\n", e->msg);
    if (e->hint[0])
        printf("hint: %s\n", e->hint);
    return 1;
}

static void rest_clear(struct py_rest *rest)
{
    value_free(rest->errors);
    value_free(rest->vars);
    value_free(rest->broken);
}

int main(int argc, char **argv)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(buf_clear) struct buf json = BUF_INIT;
    AUTO(value_freep) struct value *preset = value_map();
    AUTO(value_freep) struct value *result = NULL;
    struct py_input in = {.preset = preset};
    struct py_rest rest = {0};
    struct err e;

    if (argc < 2) {
        fprintf(stderr, "usage: golden_py FILE [name=value ...]\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        char *eq = strchr(argv[i], '=');
        if (!eq)
            return 2;
        *eq = '\0';
        value_set_str(preset, argv[i], eq + 1);
    }
    if (read_file(argv[1], 2 * PY_TEXT_MAX, &text, &e) != 0)
        return fail(&e);
    in.name = strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1];
    in.text = buf_str(&text);
    in.len = text.len;
    in.rest = &rest;
    result = py_eval(&in, &e);
    if (result) {
        json_print(result, &json);
        printf("%s\n", buf_str(&json));
    } else {
        print_errors(&rest);
    }
    rest_clear(&rest);
    return result ? 0 : 1;
}
