/*
 * The whole terminal, for a live view: keys as they are typed, lines at fixed places. The terminal
 * becomes what it was by screen_close, and by any signal that ends or stops xm.
 */
#ifndef XM_SCREEN_H
#define XM_SCREEN_H

#include <stdbool.h>

/* False when stdin or stdout is no terminal. */
bool screen_open(void);
void screen_close(void);

/* Shows the lines of text, cut to the terminal; line `marked` (from 0) stands out. */
void screen_draw(const char *text, int marked);

/* Waits for a key; 0 when the time is over or the terminal has another size, -1 at its end. */
int screen_key(int timeout_ms);

#endif
