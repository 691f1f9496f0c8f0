/* How two specs differ, as text for people. Called by xm diff and xm edit. */
#ifndef XM_DIFFERENCE_H
#define XM_DIFFERENCE_H

#include "libxl/spec.h"

/*
 * What the text of a person leaves to xend is as xend chose it: uuid, MAC addresses; and
 * passwords, which xend does not tell.
 */
void spec_take_choices(struct spec *s, const struct spec *from);

/* Prints the lines that differ, with - and +, unless quiet; how many they are. */
size_t specs_compare(const struct spec *from, const struct spec *to, bool quiet);

#endif
