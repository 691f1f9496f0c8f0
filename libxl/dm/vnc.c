/* Where QEMU serves a screen. Called by both drivers' vnc. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/dm/dm.h"

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
