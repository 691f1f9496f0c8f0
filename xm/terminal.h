/*
 * The terminal in raw mode, and its way back: after terminal_raw the old mode returns by
 * terminal_restore, by any signal that ends or stops xm, never not (SIGKILL apart).
 */
#ifndef XM_TERMINAL_H
#define XM_TERMINAL_H

/* Makes the terminal of fd raw; does nothing when fd is no terminal. */
void terminal_raw(int fd);

/* Gives the terminal back what it was. Harmless when it is not raw. */
void terminal_restore(void);

#endif
