/*
 * libFuzzer target for the Python-like language: any bytes, evaluated. What must hold: no crash,
 * no leak, under a second, and either a map or an error with a text and a place.
 *     clang -fsanitize=fuzzer,address,undefined ... fuzz_py.c; ./fuzz_py tests/golden/py
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/py.h"
#include "libxl/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(value_freep) struct value *vars = NULL;
    AUTO(value_freep) struct value *places = NULL;
    AUTO(value_freep) struct value *result = NULL;
    AUTO(value_freep) struct value *preset = value_map();
    AUTO(buf_clear) struct buf printed = BUF_INIT;
    struct py_input in = {.name = "fuzz",
                          .text = (const char *)data,
                          .len = size,
                          .preset = preset,
                          .help = size % 7 == 0,
                          .vars = &vars,
                          .places = &places,
                          .printed = &printed};
    struct err e = {0};
    struct py_rest rest = {0};

    if (size % 3) /* most files are read on behind their errors */
        in.rest = &rest;
    value_set_str(preset, "vmid", "3");
    result = py_eval(&in, &e);
    if (!vars || !places)
        abort();
    if (result ? value_type(result) != VALUE_MAP : strncmp(e.msg, "fuzz:", 5) != 0)
        abort();
    if (in.rest &&
        (!rest.errors || !rest.broken || (result != NULL) != (value_len(rest.errors) == 0)))
        abort();
    value_free(rest.errors);
    value_free(rest.vars);
    value_free(rest.broken);
    return 0;
}
