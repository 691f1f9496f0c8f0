/* UUIDs by libuuid: see uuid.h. */
#include "libxl/base/uuid.h"

#include <uuid/uuid.h>

void uuid_make(char out[UUID_TEXT_SIZE])
{
    uuid_t u;

    uuid_generate_random(u);
    uuid_unparse_lower(u, out);
}

bool uuid_normalize(const char *text, char out[UUID_TEXT_SIZE])
{
    uuid_t u;

    if (uuid_parse(text, u) != 0)
        return false;
    uuid_unparse_lower(u, out);
    return true;
}
