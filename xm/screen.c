/* The live screen, by ncurses: linked statically, so that xm starts as fast as without it. */
#include "xm/screen.h"

#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static SCREEN *screen;

bool screen_open(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return false;
    setlocale(LC_CTYPE, ""); /* names are UTF-8; numbers stay those of the C locale */
    screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return false;
    raw();
    noecho();
    curs_set(0);
    return true;
}

void screen_close(void)
{
    endwin();
    delscreen(screen);
}

void screen_draw(const char *text, int marked)
{
    erase();
    for (int row = 0; row < LINES && *text; row++) {
        size_t len = strcspn(text, "\n");

        attrset(row == marked ? A_REVERSE : A_NORMAL);
        mvaddnstr(row, 0, text, len < (size_t)COLS ? (int)len : COLS);
        text += len + (text[len] == '\n');
    }
    refresh();
}

int screen_key(int timeout_ms)
{
    int c;

    timeout(timeout_ms);
    c = getch();
    return c == KEY_RESIZE || c == ERR ? 0 : c;
}
