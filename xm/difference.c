/* How two specs differ, as text: see difference.h. */
#include "xm/difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/mem.h"

#define LINES_MAX 2000 /* of a spec as text: 64 devices and some 200 variables, with room */

void spec_take_choices(struct spec *s, const struct spec *from)
{
    struct device *other[DOMAIN_DEVICES_MAX] = {0};
    size_t n = 0, k = 0;

    if (!s->uuid)
        s->uuid = xstrdup_null(from->uuid);
    for (size_t i = 0; i < from->devices.len && n < DOMAIN_DEVICES_MAX; i++)
        if (from->devices.ptr[i]->class == DEVICE_VIF)
            other[n++] = from->devices.ptr[i];
    for (size_t i = 0; i < s->devices.len; i++) {
        struct device *d = s->devices.ptr[i];
        if (d->class != DEVICE_VIF)
            continue;
        if (k < n && !d->vif.mac)
            d->vif.mac = xstrdup_null(other[k]->vif.mac);
        k++;
    }
}

/* The text in lines; their number. The text is changed. */
static size_t split_lines(char *text, char **lines)
{
    size_t n = 0;
    char *line;

    while (n < LINES_MAX && (line = strsep(&text, "\n")))
        if (*line)
            lines[n++] = line;
    return n;
}

/* Which lines stay: the longest common part, by the table of the lengths of what follows. */
static size_t print_difference(char *const *a, size_t na, char *const *b, size_t nb, bool quiet)
{
    unsigned short *table = xcalloc((na + 1) * (nb + 1), sizeof(*table));
    size_t i = 0, j = 0, changes = 0;

#define AT(i, j) table[(i) * (nb + 1) + (j)]
    for (size_t x = na; x-- > 0;)
        for (size_t y = nb; y-- > 0;)
            AT(x, y) = strcmp(a[x], b[y]) == 0       ? (unsigned short)(AT(x + 1, y + 1) + 1)
                       : AT(x + 1, y) > AT(x, y + 1) ? AT(x + 1, y)
                                                     : AT(x, y + 1);
    while (i < na || j < nb) {
        bool same = i < na && j < nb && strcmp(a[i], b[j]) == 0;
        bool gone = !same && i < na && (j == nb || AT(i + 1, j) >= AT(i, j + 1));

        if (!same && !quiet)
            printf("%c%s\n", gone ? '-' : '+', gone ? a[i] : b[j]);
        changes += !same;
        i += same || gone;
        j += !gone;
    }
#undef AT
    free(table);
    return changes;
}

size_t specs_compare(const struct spec *from, const struct spec *to, bool quiet)
{
    AUTO(freep) char *old = spec_to_xm(from, false), *new = spec_to_xm(to, false);
    char *a[LINES_MAX] = {0}, *b[LINES_MAX] = {0};
    size_t na = split_lines(old, a), nb = split_lines(new, b);

    return print_difference(a, na, b, nb, quiet);
}
