/* The terminal in raw mode: see terminal.h. Used by the console. */
#include "xm/terminal.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "libxl/base/mem.h"

/* What a signal handler must reach; there is one terminal. */
static struct {
    volatile sig_atomic_t raw;
    int fd;
    struct termios before, during;
} term;

static const int fatal[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1,
                            SIGUSR2, SIGXCPU, SIGABRT, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL};

void terminal_restore(void)
{
    int saved = errno;

    if (term.raw) {
        term.raw = 0;
        tcsetattr(term.fd, TCSANOW, &term.before);
    }
    errno = saved;
}

/* Raised again, the signal does what it does by default. */
static void on_fatal(int sig)
{
    terminal_restore();
    signal(sig, SIG_DFL);
    raise(sig);
}

/* Stopped: the shell gets a sane terminal; continued: it is raw again. */
static void on_stop(int sig)
{
    int saved = errno;

    (void)sig;
    tcsetattr(term.fd, TCSANOW, &term.before);
    raise(SIGSTOP);
    if (term.raw)
        tcsetattr(term.fd, TCSANOW, &term.during);
    errno = saved;
}

void terminal_raw(int fd)
{
    struct sigaction die = {.sa_handler = on_fatal};
    struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    struct sigaction now;

    if (tcgetattr(fd, &term.before) < 0)
        return;
    term.fd = fd;
    term.during = term.before;
    cfmakeraw(&term.during);
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(fatal[i], &die, NULL);
    sigaction(SIGTSTP, &stop, NULL);
    term.raw = 1; /* before the call: a signal in between restores what is still so */
    tcsetattr(fd, TCSANOW, &term.during);
}
