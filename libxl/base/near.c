/* The nearest known word: see near.h. */
#include "libxl/base/near.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 40 /* longer words are not mistyped names */

static int min(int a, int b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) from a to b. Source: Damerau 1964, the
 * restricted ("optimal string alignment") form. */
static int edit_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int la = (int)strlen(a), lb = (int)strlen(b);

    if (la > WORD_MAX || lb > WORD_MAX || abs(la - lb) > 2)
        return WORD_MAX;
    for (int j = 0; j <= lb; j++)
        rows[0][j] = j;
    for (int i = 1; i <= la; i++) {
        int *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= lb; j++) {
            now[j] = min(min(last[j] + 1, now[j - 1] + 1), last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = min(now[j], before[j - 2] + 1);
        }
    }
    return rows[la % 3][lb];
}

void near_try(struct near *n, const char *candidate)
{
    int limit = strlen(n->word) < 4 ? 1 : 2;
    int d = edit_distance(n->word, candidate);

    if (d <= limit && (!n->best || d < n->distance)) {
        n->best = candidate;
        n->distance = d;
    }
}
