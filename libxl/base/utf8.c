/* UTF-8: see utf8.h. */
#include "libxl/base/utf8.h"

#include <stdint.h>

/* By the first byte: how long, and what the second byte may be (RFC 3629, section 4). */
static const struct {
    uint8_t first, last, length, second_min, second_max;
} leads[] = {{0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
             {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
             {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f}};

size_t utf8_char(const char *p, size_t n)
{
    const uint8_t *at = (const uint8_t *)p;

    for (size_t i = 0; n && i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (at[0] < leads[i].first || at[0] > leads[i].last)
            continue;
        if (leads[i].length > n)
            return 0;
        if (leads[i].length > 1 && (at[1] < leads[i].second_min || at[1] > leads[i].second_max))
            return 0;
        for (size_t k = 2; k < leads[i].length; k++)
            if ((at[k] & 0xc0) != 0x80)
                return 0;
        return leads[i].length;
    }
    return 0;
}

bool utf8_is_valid(const char *p, size_t n)
{
    while (n) {
        size_t length = (uint8_t)*p < 0x80 ? 1 : utf8_char(p, n);

        if (!length)
            return false;
        p += length;
        n -= length;
    }
    return true;
}

void utf8_add_repaired(struct buf *b, const char *p, size_t n)
{
    while (n) {
        size_t length = utf8_char(p, n);

        if (length)
            buf_add(b, p, length);
        else
            buf_adds(b, "\xef\xbf\xbd");
        p += length ? length : 1;
        n -= length ? length : 1;
    }
}
