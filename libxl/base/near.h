/* "Did you mean ...?": the known word nearest to one that was mistyped. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

/* Collects candidates one by one; start with {.word = "vcpsu"}. */
struct near {
    const char *word;
    const char *best; /* borrowed from the candidates; NULL when none is near enough */
    int distance;
};

/* Considers one candidate: at most 2 edits away (1 for words under 4 characters) to be near. */
void near_try(struct near *n, const char *candidate);

#endif
