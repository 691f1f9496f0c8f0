/* Where VNC listens: what QEMU says of it. The password is dm/secret.c's. */
#include "libxl/qemu/qemu.h"

int qemu_vnc(struct guest *guest, struct vnc_place *place, struct err *e)
{
    AUTO(value_freep) struct value *v = NULL;
    struct qguest *g = qguest_of(guest);
    struct screen sc;

    if (!screen_of(g->spec, &sc))
        return err_set(e, ERR_UNSUPPORTED, "it has no screen");
    return qguest_call_take(g, "query-vnc", NULL, &v, e) < 0 ? -1 : vnc_place_read(v, place, e);
}
