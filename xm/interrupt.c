/*
 * Ctrl-C: one line on stdout and exit status 1, as the original. The handler ends the process
 * itself, so that no blocking call in xm has to know of interruption; but for a command that has
 * something to end first, which hears of it through a descriptor that its waiting knows.
 */
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "libxl/base/mem.h"
#include "xm/xm.h"

static const char *volatile after;    /* what else to say */
static volatile sig_atomic_t on_line; /* the cursor is behind text that is to be wiped */
static int wake_fd = -1;              /* readable after the first Ctrl-C; -1: it ends xm */
static volatile sig_atomic_t woken;

static void on_interrupt(int sig)
{
    static const char text[] = "Interrupted.\n";
    const char *note = after;
    const uint64_t one = 1;

    (void)sig;
    if (wake_fd >= 0 && !woken) {
        woken = 1;
        if (write(wake_fd, &one, sizeof(one)) == sizeof(one))
            return;
    }
    if (on_line && write(STDERR_FILENO, "\r\033[K", 4) < 0)
        _exit(EXIT_ERROR);
    if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0 ||
        (note && write(STDERR_FILENO, note, strlen(note)) < 0))
        _exit(EXIT_ERROR); /* nobody listens */
    _exit(EXIT_ERROR);
}

void interrupt_init(void)
{
    struct sigaction now, sa = {.sa_handler = on_interrupt};

    /* A shell that starts us in the background ignores the signal for us; so do we. */
    if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
        sigaction(SIGINT, &sa, NULL);
}

void interrupt_note(const char *note)
{
    after = note;
}

void interrupt_wipe(bool wipe)
{
    on_line = wipe;
}

void interrupt_quiet(void)
{
    struct sigaction now, sa = {.sa_handler = SIG_DFL};

    if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == on_interrupt)
        sigaction(SIGINT, &sa, NULL);
}

void interrupt_defer(void)
{
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int interrupt_fd(void)
{
    return wake_fd;
}

bool interrupt_take(void)
{
    static const char text[] = "Interrupted.\n";

    if (!woken || wake_fd < 0)
        return false;
    close_fd(&wake_fd);
    if ((on_line && write(STDERR_FILENO, "\r\033[K", 4) < 0) ||
        write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
        _exit(EXIT_ERROR); /* nobody listens */
    on_line = 0;
    return true;
}
