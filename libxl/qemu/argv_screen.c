/*
 * The screen on a QEMU command line: a graphics card, a tablet and VNC, for a vfb and for the keys
 * of HVM guests alike (keyboard and mouse are the machine's own). The password is not seen here:
 * QEMU reads it from a descriptor, see vnc.c. Pure functions.
 */
#include <string.h>

#include "libxl/qemu/qemu.h"

#define VRAM_MIN_MIB 16  /* QEMU's default: 2560x1600 */
#define VRAM_MAX_MIB 512 /* QEMU's limit */

static void add_usb_controller(const struct launch *l, struct strings *argv)
{
    AUTO(value_freep) struct value *v = usb_controller(l);

    args_add_json(argv, "-device", v);
}

/* The tablet gives a viewer's pointer its place; without a driver the machine's mouse goes on. */
int argv_screen(const struct launch *l, struct strings *argv, struct err *e)
{
    struct screen sc;
    struct value *v;
    long long vram;

    if (!screen_of(l->spec, &sc)) {
        if (usb_wanted(l))
            add_usb_controller(l, argv);
        return 0;
    }
    vram = sc.videoram < VRAM_MIN_MIB ? VRAM_MIN_MIB : sc.videoram;
    v = value_map();
    value_set_str(v, "driver", "VGA");
    value_set_str(v, "id", "video0");
    value_set_int(v, "vgamem_mb", vram < VRAM_MAX_MIB ? vram : VRAM_MAX_MIB);
    launch_place(l, v, "video0");
    args_add_json(argv, "-device", v);
    value_free(v);
    add_usb_controller(l, argv);
    args_add(argv, "-device");
    args_add(argv,
             "{\"driver\":\"usb-tablet\",\"id\":\"" USB_TABLET_ID "\",\"bus\":\"" USB_ID ".0\"}");
    return args_add_vnc(argv, &sc, l->vnc_listen, l->keymap, l->vnc_tls, l->vnc_secret_fd, e);
}
