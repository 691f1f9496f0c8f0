/* Where VNC listens: what QEMU says of it. The password is dm/secret.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/qemu/qemu.h"

int qemu_vnc(struct guest *guest, struct vnc_place *place, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;
    struct qguest *g = qguest_of(guest);
    struct screen sc;

    memset(place, 0, sizeof(*place));
    if (!screen_of(g->spec, &sc))
        return err_set(e, ERR_UNSUPPORTED, "it has no screen");
    if (qguest_call_take(g, "query-vnc", NULL, &v, e) < 0)
        return -1;
    if (!value_get_bool(v, "enabled", false))
        return err_set(e, ERR_STATE, "its QEMU serves no VNC");
    snprintf(place->host, sizeof(place->host), "%s", value_get_str(v, "host", ""));
    place->port = atoi(value_get_str(v, "service", "0"));
    place->password = strcmp(value_get_str(v, "auth", "none"), "none") != 0;
    return 0;
}
