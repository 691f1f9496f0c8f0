/*
 * The screen on a QEMU command line: a graphics card, a tablet and VNC, for a vfb and for the keys
 * of HVM guests alike (keyboard and mouse are the machine's own). The password is not seen here:
 * QEMU reads it from a descriptor, see vnc.c. Pure functions.
 */
#include <ctype.h>
#include <string.h>

#include "libxl/qemu/qemu.h"

#define LISTEN_DEFAULT "127.0.0.1"
#define DISPLAY_MAX 59635    /* port 65535 */
#define DISPLAYS_TRIED 10000 /* upwards from the wish: more than guests fit on a host */
#define VRAM_MIN_MIB 16      /* QEMU's default: 2560x1600 */
#define VRAM_MAX_MIB 512     /* QEMU's limit */

static const struct vfb *find_vfb(const struct spec *s)
{
    for (size_t i = 0; i < s->devices.len; i++)
        if (s->devices.ptr[i]->class == DEVICE_VFB && s->devices.ptr[i]->vfb.vnc)
            return &s->devices.ptr[i]->vfb;
    return NULL;
}

bool screen_of(const struct spec *s, struct screen *out)
{
    const struct vfb *v = find_vfb(s);

    *out = (struct screen){.display = v ? v->vncdisplay : s->vncdisplay,
                           .unused = v ? v->vncunused : s->vncunused,
                           .listen = v && v->vnclisten ? v->vnclisten : s->vnclisten,
                           .passwd = v && v->vncpasswd ? v->vncpasswd : s->vncpasswd,
                           .keymap = v && v->keymap ? v->keymap : s->keymap,
                           .videoram = v && v->videoram ? v->videoram : s->videoram};
    return (v || s->vnc) && !s->nographic;
}

/* A number of their own that is not set: the first free one from 0 on. */
static void add_vnc(const struct launch *l, const struct screen *sc, const char *listen,
                    struct strings *argv)
{
    int64_t first = sc->display < 0 ? 0 : sc->display, last = first + DISPLAYS_TRIED;
    bool ipv6 = strchr(listen, ':') != NULL;
    AUTO(buf_clear) struct buf b = BUF_INIT;

    buf_addf(&b, "%s%s%s:%lld", ipv6 ? "[" : "", listen, ipv6 ? "]" : "", (long long)first);
    if (sc->unused || sc->display < 0)
        buf_addf(&b, ",to=%lld", (long long)(last < DISPLAY_MAX ? last : DISPLAY_MAX));
    if (l->vnc_secret_fd >= 0) {
        args_add(argv, "-object");
        args_add(argv, "secret,id=vnc0,file=/proc/self/fd/%d", l->vnc_secret_fd);
        buf_adds(&b, ",password-secret=vnc0");
    }
    args_add(argv, "-vnc");
    args_add(argv, "%s", buf_str(&b));
}

/* The tablet gives a viewer's pointer its place; without a driver the machine's mouse goes on. */
int argv_screen(const struct launch *l, struct strings *argv, struct err *e)
{
    struct screen sc;
    const char *listen, *keymap;
    struct value *v;
    long long vram;

    if (!screen_of(l->spec, &sc))
        return 0;
    listen = sc.listen ? sc.listen : l->vnc_listen ? l->vnc_listen : LISTEN_DEFAULT;
    keymap = sc.keymap ? sc.keymap : l->keymap;
    if (argv_check_word("vnclisten", listen, ".:-_", e) < 0 ||
        (keymap && argv_check_word("keymap", keymap, "-_", e) < 0))
        return -1;
    if (sc.passwd && l->vnc_secret_fd < 0) /* cannot be; never open instead of closed */
        return err_set(e, ERR_STATE, "vncpasswd: not handed over");
    vram = sc.videoram < VRAM_MIN_MIB ? VRAM_MIN_MIB : sc.videoram;
    v = value_map();
    value_set_str(v, "driver", "VGA");
    value_set_str(v, "id", "video0");
    value_set_int(v, "vgamem_mb", vram < VRAM_MAX_MIB ? vram : VRAM_MAX_MIB);
    launch_place(l, v, "video0");
    args_add_json(argv, "-device", v);
    value_free(v);
    v = value_map();
    value_set_str(v, "driver", "qemu-xhci");
    value_set_str(v, "id", "usb0");
    launch_place(l, v, "usb0");
    args_add_json(argv, "-device", v);
    value_free(v);
    args_add(argv, "-device");
    args_add(argv, "{\"driver\":\"usb-tablet\",\"id\":\"tablet0\",\"bus\":\"usb0.0\"}");
    if (keymap) {
        args_add(argv, "-k");
        args_add(argv, "%s", keymap);
    }
    add_vnc(l, &sc, listen, argv);
    return 0;
}
