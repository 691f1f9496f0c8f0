/* xm vncdisplay and vncviewer: where a domain's screen is, and a look at it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/field.h"
#include "xm/xm.h"

#define VNC_PORT 5900 /* of display 0 */

const struct option vncviewer_options[] = {
    {0, "autopass", NULL, "Give the viewer the password: it is started with -autopass."},
    {0, "vncviewer-autopass", NULL, "Likewise."},
    {0},
};

/* "127.0.0.1:5900", "[::1]:5901": the address and the port behind the last colon. */
static int split_place(char *place, int64_t *port, struct err *e)
{
    char *colon = strrchr(place, ':');

    if (colon && parse_int(colon + 1, port)) {
        *colon = '\0';
        return 0;
    }
    return err_set(e, ERR_BACKEND, "xend tells '%s', which is no address", place);
}

/* Address (the caller's) and port of the screen of the domain that the first word names. */
static char *screen_of(struct xm *xm, const struct args *a, int64_t *port, struct err *e)
{
    AUTO(value_freep) struct value *d = domain_get(xm, args_word(a, 0), e);
    const char *text = d ? value_get_str(d, "vnc", NULL) : NULL;
    AUTO(freep) char *place = xstrdup_null(text);

    if (!d)
        return NULL;
    if (!value_get(d, "domid") || value_type(value_get(d, "domid")) == VALUE_NIL) {
        err_set(e, ERR_STATE, "Domain '%s' is not started", args_word(a, 0));
        return NULL;
    }
    if (!place) {
        err_set(e, ERR_UNSUPPORTED, "Domain '%s' has no VNC screen", args_word(a, 0));
        err_hint(e, "vnc = 1 or vfb = [ 'vnc=1' ] in its configuration gives it one");
        return NULL;
    }
    return split_place(place, port, e) == 0 ? steal(place) : NULL;
}

static bool is_any(const char *address)
{
    return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "[::]") == 0;
}

/* As virsh prints it: a display, with the address unless it is any of the host's. */
int cmd_vncdisplay(struct xm *xm, const struct args *a)
{
    AUTO(freep) char *address = NULL;
    int64_t port = 0;
    struct err e;

    address = screen_of(xm, a, &port, &e);
    if (!address)
        return xm_fail(&e);
    printf("%s:%lld\n", is_any(address) ? "" : address, (long long)port - VNC_PORT);
    return EXIT_SUCCESS;
}

/* The password on stdin, where a viewer with -autopass reads it; -1 with the error. */
static int pass_password(struct xm *xm, const struct args *a, struct err *e)
{
    AUTO(freep) char *path = domain_path(args_word(a, 0), "/vncpasswd"), *line = NULL;
    AUTO(value_freep) struct value *reply = xend_get(xm, path, e);
    AUTO(closep) int fd = -1;

    if (!reply)
        return -1;
    line = xasprintf("%s\n", value_get_str(reply, "password", ""));
    fd = memfd_create("password", MFD_CLOEXEC);
    if (fd < 0 || write_all(fd, line, strlen(line), e) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
        dup2(fd, STDIN_FILENO) < 0)
        return err_sys(e, "handing over the password");
    return 0;
}

/* Becomes the viewer: its exit status is xm's. */
int cmd_vncviewer(struct xm *xm, const struct args *a)
{
    bool autopass = args_has(a, "autopass") || args_has(a, "vncviewer-autopass");
    AUTO(freep) char *address = NULL, *display = NULL;
    int64_t port = 0;
    struct err e;

    if (xm->host && strncmp(xm->host, "ssh:", 4) == 0) {
        err_set(&e, ERR_UNSUPPORTED, "the screen is on another host");
        err_hint(&e, "xm vncdisplay tells where; ssh -L makes it reachable from here");
        return xm_fail(&e);
    }
    address = screen_of(xm, a, &port, &e);
    if (!address)
        return xm_fail(&e);
    if (is_any(address))
        display = xasprintf("localhost:%lld", (long long)port - VNC_PORT);
    else if (address[0] == '[')
        display = xasprintf("%s::%lld", address, (long long)port);
    else
        display = xasprintf("%s:%lld", address, (long long)port - VNC_PORT);
    if (autopass && pass_password(xm, a, &e) < 0)
        return xm_fail(&e);
    fflush(stdout);
    execlp("vncviewer", "vncviewer", display, autopass ? "-autopass" : NULL, (char *)NULL);
    err_sys(&e, "vncviewer");
    err_hint(&e, "Install a VNC viewer, or look at %s with another one", display);
    return xm_fail(&e);
}
