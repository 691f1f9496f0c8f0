/* Pieces of command lines of QEMU: see dm.h. Pure functions, called by the drivers' argv files. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "config/json.h"
#include "libxl/dm/dm.h"

#define LISTEN_DEFAULT "127.0.0.1"
#define DISPLAY_MAX 59635    /* port 65535 */
#define DISPLAYS_TRIED 10000 /* upwards from the wish: more than guests fit on a host */

void strings_clear(struct strings *v)
{
    for (size_t i = 0; i < v->len; i++)
        free(v->ptr[i]);
    vec_clear(v);
}

void args_add(struct strings *argv, const char *fmt, ...)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    vec_push(argv, buf_steal(&b));
}

void args_add2(struct strings *argv, const char *option, const char *text)
{
    args_add(argv, "%s", option);
    args_add(argv, "%s", text);
}

void args_add_json(struct strings *argv, const char *option, const struct value *v)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    json_print(v, &b);
    args_add(argv, "%s", option);
    vec_push(argv, buf_steal(&b));
}

int argv_check_word(const char *field, const char *text, const char *more, struct err *e)
{
    for (const char *at = text; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr(more, *at))
            return err_set(e, ERR_INVALID, "%s: '%s': '%c' is not allowed here", field, text, *at);
    return 0;
}

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

#define TLS_ID "vnctls"

static void add_tls(struct strings *argv, const struct vnc_tls *tls)
{
    AUTO(value_freep) struct value *v = value_map();

    value_set_str(v, "qom-type", tls->dir ? "tls-creds-x509" : "tls-creds-anon");
    value_set_str(v, "id", TLS_ID);
    value_set_str(v, "endpoint", "server");
    value_set_str(v, "dir", tls->dir);
    if (tls->dir)
        value_set_bool(v, "verify-peer", tls->verify);
    args_add_json(argv, "-object", v);
}

/* A number of their own that is not set: the first free one from 0 on. */
static void add_place(struct strings *argv, const struct screen *sc, const char *listen,
                      const struct vnc_tls *tls, int secret_fd)
{
    int64_t first = sc->display < 0 ? 0 : sc->display, last = first + DISPLAYS_TRIED;
    bool ipv6 = strchr(listen, ':') != NULL;
    AUTO(buf_clear) struct buf b = BUF_INIT;

    buf_addf(&b, "%s%s%s:%lld", ipv6 ? "[" : "", listen, ipv6 ? "]" : "", (long long)first);
    if (sc->unused || sc->display < 0)
        buf_addf(&b, ",to=%lld", (long long)(last < DISPLAY_MAX ? last : DISPLAY_MAX));
    if (secret_fd >= 0) {
        args_add(argv, "-object");
        args_add(argv, "secret,id=vnc0,file=/proc/self/fd/%d", secret_fd);
        buf_adds(&b, ",password-secret=vnc0");
    }
    if (tls && tls->on) {
        add_tls(argv, tls);
        buf_adds(&b, ",tls-creds=" TLS_ID);
    }
    args_add2(argv, "-vnc", buf_str(&b));
}

int args_add_vnc(struct strings *argv, const struct screen *sc, const char *listen,
                 const char *keymap, const struct vnc_tls *tls, int secret_fd, struct err *e)
{
    listen = sc->listen ? sc->listen : listen ? listen : LISTEN_DEFAULT;
    keymap = sc->keymap ? sc->keymap : keymap;
    if (argv_check_word("vnclisten", listen, ".:-_", e) < 0 ||
        (keymap && argv_check_word("keymap", keymap, "-_", e) < 0))
        return -1;
    if (sc->passwd && secret_fd < 0) /* cannot be; never open instead of closed */
        return err_set(e, ERR_STATE, "vncpasswd: not handed over");
    if (keymap)
        args_add2(argv, "-k", keymap);
    add_place(argv, sc, listen, tls, secret_fd);
    return 0;
}

void args_add_kernel(struct strings *argv, int kernel_fd, int ramdisk_fd, const char *cmdline)
{
    if (kernel_fd < 0)
        return;
    args_add(argv, "-kernel");
    args_add(argv, "/proc/self/fd/%d", kernel_fd);
    if (ramdisk_fd >= 0) {
        args_add(argv, "-initrd");
        args_add(argv, "/proc/self/fd/%d", ramdisk_fd);
    }
    args_add2(argv, "-append", cmdline);
}
