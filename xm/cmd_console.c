/*
 * xm console and xm serve: the two commands that read stdin. The console is an upgraded HTTP
 * connection; what the guest said before comes first on it.
 */
#include <errno.h>
#include <inttypes.h>
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
    {0, "channel", "NAME", "The channel of this name, a pty."},
    {'t', "type", "pv|serial",
     "With pv, N from 1 on is the channel that xm channel-list calls so."},
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

int console_attach(struct xm *xm, const char *domain, const char *which, int history, bool quiet)
{
    AUTO(freep) char *suffix = xasprintf("/console?history=%d%s", history, which ? which : "");
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

/* The name of a domain's n-th channel; the caller frees. */
static char *channel_name(struct xm *xm, const char *domain, int64_t n, struct err *e)
{
    AUTO(freep) char *path = domain_path(domain, "/devices?class=channel");
    AUTO(value_freep) struct value *reply = NULL;
    const struct value *devices;

    if (domain_check(domain, e) < 0 || !(reply = xend_get(xm, path, e)))
        return NULL;
    devices = value_get(reply, "devices");
    for (size_t i = 0; i < value_len(devices); i++)
        if (value_get_int(value_at(devices, i), "devid", 0) == n)
            return xstrdup(value_get_str(value_at(devices, i), "key", ""));
    err_set(e, ERR_NOT_FOUND, "%s: there is no channel %" PRId64, domain, n);
    return NULL;
}

int cmd_console(struct xm *xm, const struct args *a)
{
    const char *num = args_get(a, "num"), *history = args_get(a, "history");
    const char *type = args_get(a, "type"), *channel = args_get(a, "channel");
    bool pv = type && strcmp(type, "pv") == 0;
    AUTO(freep) char *name = xstrdup_null(channel), *escaped = NULL, *which = NULL;
    int64_t n = 0, bytes = HISTORY_DEFAULT;
    struct err e;

    if ((num && !parse_int(num, &n)) || (type && !pv && strcmp(type, "serial")) ||
        (channel && (num || type)) ||
        (history && (!parse_int(history, &bytes) || bytes < 0 || bytes > HISTORY_MAX)))
        return xm_usage_error(xm->command, "Invalid argument.");
    if (n < 0 || (n > CONSOLE_MAX && !pv))
        return xm_usage_error(xm->command, "there is no console %s", num);
    if (pv && n > 0 && !(name = channel_name(xm, args_word(a, 0), n, &e)))
        return args_has(a, "quiet") ? EXIT_ERROR : xm_fail(&e);
    escaped = name ? url_escape(name) : NULL;
    which = name ? xasprintf("&channel=%s", escaped) : xasprintf("&n=%" PRId64, n);
    return console_attach(xm, args_word(a, 0), which, (int)bytes, args_has(a, "quiet"));
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
