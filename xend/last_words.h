/* What a guest said last on its console, for errors about its end. */
#ifndef XEND_LAST_WORDS_H
#define XEND_LAST_WORDS_H

#include "libxl/driver.h"

/*
 * Appends the last lines of the guest's console to the error's text, each on a line of its own;
 * nothing when it is not kept or has said nothing. Reads a file. Only for the guest's own worker.
 */
void err_add_last_words(struct err *e, struct guest *g);

#endif
