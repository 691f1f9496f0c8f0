/*
 * xm console and xm serve: the two commands that read stdin. The console is an upgraded HTTP
 * connection; what the guest said before comes first on it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/pump.h"
#include "xm/terminal.h"
#include "xm/xm.h"

#define ESCAPE 0x1d   /* ^] */
#define CONSOLE_MAX 3 /* as xend has it */
#define HISTORY_DEFAULT 16384

const struct option console_options[] = {
    {'q', "quiet", NULL, "Say nothing when the domain does not exist or does not run."},
    {'n', "num", "N", "Number of the console, or serial port: 0 to 3."},
    {0, "type", "pv|serial", "Accepted: a domain has consoles of one kind."},
    {0, "history", "BYTES", "How much of what the guest said before to print (16384)."},
    {0},
};

/* Prints what came already, then both ways until ^] or the end; the terminal is raw meanwhile. */
static int pump_console(int sock, const struct buf *early, const char *greeting, struct err *e)
{
    struct pump p = {STDIN_FILENO, STDOUT_FILENO, sock, ESCAPE, false, false, NULL, NULL};
    int r;

    terminal_raw(STDIN_FILENO);
    if (greeting)
        fprintf(stderr, "Connected to %s; ^] leaves.\r\n", greeting);
    r = write_all(STDOUT_FILENO, buf_str(early), early->len, e);
    if (r == 0)
        r = pump_run(&p, e);
    terminal_restore();
    if (greeting)
        fputc('\n', stderr);
    return r;
}

int console_attach(struct xm *xm, const char *domain, int number, int history, bool quiet)
{
    AUTO(freep) char *suffix = xasprintf("/console?history=%d&n=%d", history, number);
    AUTO(freep) char *path = domain_path(domain, suffix);
    bool greet = isatty(STDIN_FILENO) && !quiet;
    AUTO(buf_clear) struct buf early = BUF_INIT;
    AUTO(closep) int sock = -1;
    struct err e;

    fflush(stdout);
    if (domain_check(domain, &e) == 0)
        sock = xend_upgrade(xm, path, "xend-console", &early, &e);
    if (sock < 0)
        return quiet ? EXIT_ERROR : xm_fail(&e);
    if (pump_console(sock, &early, greet ? domain : NULL, &e) >= 0)
        return EXIT_SUCCESS;
    return e.sys == EPIPE ? EXIT_ERROR : xm_fail(&e);
}

int cmd_console(struct xm *xm, const struct args *a)
{
    const char *num = args_get(a, "num"), *history = args_get(a, "history");
    const char *type = args_get(a, "type");
    int64_t n = 0, bytes = HISTORY_DEFAULT;

    if ((num && !parse_int(num, &n)) || (type && strcmp(type, "pv") && strcmp(type, "serial")) ||
        (history && (!parse_int(history, &bytes) || bytes < 0 || bytes > HISTORY_MAX)))
        return xm_usage_error(xm->command, "Invalid argument.");
    if (n < 0 || n > CONSOLE_MAX)
        return xm_usage_error(xm->command, "there is no console %s", num);
    return console_attach(xm, args_word(a, 0), (int)n, (int)bytes, args_has(a, "quiet"));
}

int cmd_serve(struct xm *xm, const struct args *a)
{
    struct pump p = {STDIN_FILENO, STDOUT_FILENO, -1, -1, true, false, NULL, NULL};
    AUTO(closep) int sock = -1;
    struct err e;

    (void)a;
    if (xm->host && strncmp(xm->host, "ssh:", 4) == 0) { /* XM_SERVER that came along with ssh */
        err_set(&e, ERR_INVALID, "xm serve: %s is not on this host", xm->host);
        return xm_fail(&e);
    }
    p.sock = sock = xend_connect(xm, &e);
    if (sock < 0 || pump_run(&p, &e) < 0)
        return xm_fail(&e);
    return EXIT_SUCCESS;
}
