/* Where QEMU serves a screen, and how it is encrypted. Called by both drivers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/dm/dm.h"

#define CERTIFICATES "/etc/xen/vnc" /* as the original; used when it is there */

static bool is_yes(const struct value *config, const char *key)
{
    return parse_bool(value_get_str(config, key, "no")) == 1;
}

void vnc_tls_read(const struct value *config, struct vnc_tls *out)
{
    *out = (struct vnc_tls){.on = is_yes(config, "vnc-tls"),
                            .dir = value_get_str(config, "vnc-x509-cert-dir", NULL),
                            .verify = is_yes(config, "vnc-x509-verify")};
    if (!out->dir && (out->verify || access(CERTIFICATES, F_OK) == 0))
        out->dir = CERTIFICATES; /* one who wants viewers verified is not served without */
}

int vnc_place_read(const struct value *reply, struct vnc_place *place, struct err *e)
{
    memset(place, 0, sizeof(*place));
    if (!value_get_bool(reply, "enabled", false))
        return err_set(e, ERR_STATE, "its QEMU serves no VNC");
    snprintf(place->host, sizeof(place->host), "%s", value_get_str(reply, "host", ""));
    place->port = atoi(value_get_str(reply, "service", "0"));
    place->password = strcmp(value_get_str(reply, "auth", "none"), "none") != 0;
    return 0;
}
