/* libFuzzer target for JSON: any bytes. What reads must print and read back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/json.h"
#include "libxl/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(value_freep) struct value *v = NULL, *again = NULL;
    AUTO(buf_clear) struct buf once = BUF_INIT, twice = BUF_INIT;
    struct err e = {0};

    v = json_parse((const char *)data, size, "fuzz", &e);
    if (!v) {
        if (!e.msg[0])
            abort();
        return 0;
    }
    json_print_pretty(v, &once);
    again = json_parse(once.ptr, once.len, "printed", &e);
    if (!again)
        abort();
    json_print_pretty(again, &twice);
    if (once.len != twice.len || memcmp(once.ptr, twice.ptr, once.len) != 0)
        abort();
    return 0;
}
