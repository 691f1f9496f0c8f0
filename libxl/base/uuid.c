/* UUIDs: see uuid.h. */
#include "libxl/base/uuid.h"

#include <ctype.h>
#include <uuid/uuid.h>

void uuid_make(char out[UUID_TEXT_SIZE])
{
    uuid_t u;

    uuid_generate_random(u);
    uuid_unparse_lower(u, out);
}

bool uuid_normalize(const char *text, char out[UUID_TEXT_SIZE])
{
    char c = '\0';
    size_t i;

    for (i = 0; i < UUID_TEXT_SIZE - 1 && (c = text[i]); i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? c != '-' : !isxdigit((unsigned char)c))
            return false;
        out[i] = (char)(c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);
    }
    if (i < UUID_TEXT_SIZE - 1 || text[i])
        return false;
    out[i] = '\0';
    return true;
}
