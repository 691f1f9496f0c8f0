/*
 * The qemu driver: screens by VNC. A real client logs in, looks and types; the password is looked
 * for wherever it must not be.
 */
#include <ftw.h>

#include "tests/unit/test_qemu_boot.h"
#include "tests/unit/vnc_client.h"

#define PASSWORD "s3crEt-9"

/* Logs in with this password over the only way that is offered. -1: another way is, too. */
static int login(struct guest *g, const char *password)
{
    struct vnc_place place;
    unsigned char types[17];
    int n = 0, fd, result;

    OK(qemu_vnc(g, &place, e));
    fd = vnc_connect(place.host, place.port, types, &n);
    if (fd < 0 || n != 1 || types[0] != VNC_AUTH) {
        fprintf(stderr, "\n  %s:%d: %d types, first %d\n", place.host, place.port, n, types[0]);
        result = -1;
    } else {
        result = vnc_login(fd, VNC_AUTH, password);
    }
    if (fd >= 0)
        close(fd);
    return result;
}

/* A client that asks for no password although one is needed. */
static bool lets_in_without(struct guest *g)
{
    struct vnc_place place;
    unsigned char types[17];
    int n = 0, fd;
    bool in;

    OK(qemu_vnc(g, &place, e));
    fd = vnc_connect(place.host, place.port, types, &n);
    in = vnc_login(fd, VNC_NONE, NULL) == 0;
    close(fd);
    return in;
}

static int n_files;
static bool leak;

static int look_into(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e;

    (void)st, (void)ftw;
    if (type != FTW_F || read_file(path, 8 << 20, &b, &e) < 0)
        return 0;
    n_files++;
    if (b.len && memmem(b.ptr, b.len, PASSWORD, strlen(PASSWORD))) {
        fprintf(stderr, "\n  the password is in %s\n", path);
        leak = true;
    }
    return 0;
}

/* In no file below the rig's directory, and in nothing that all of a process's user may read. */
static void expect_no_leak(struct rig *r, pid_t pid)
{
    static const char *const files[] = {"cmdline", "environ", "comm", "status", "stat"};

    leak = false;
    n_files = 0;
    CU_ASSERT_EQUAL(nftw(r->dir, look_into, 16, FTW_PHYS), 0);
    CU_ASSERT(n_files >= 3); /* the state and two logs */
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(freep) char *path = xasprintf("/proc/%d/%s", (int)pid, files[i]);
        look_into(path, NULL, FTW_F, NULL);
    }
    CU_ASSERT(!leak);
}

static struct spec *vnc_spec(struct rig *r, const char *name, const char *vfb)
{
    AUTO(freep) char *disk = boot_disk(r, "disk.img", "disk");
    struct spec *s = bios_spec(name, "c");

    add_image(s, disk, "xvda", "w!");
    if (vfb)
        add_device(s, DEVICE_VFB, vfb);
    return s;
}

static void test_des(void)
{
    CU_ASSERT_EQUAL(des_encrypt(0x133457799bbcdff1, 0x0123456789abcdef), 0x85e813540f0ab405);
    CU_ASSERT_EQUAL(des_encrypt(0, 0), 0x8ca64de9c1b123a7);
}

static const char *vfb_password(const struct spec *s)
{
    return s->devices.ptr[s->devices.len - 1]->vfb.vncpasswd;
}

static struct guest *rescan(struct rig *r, struct guest *g)
{
    r->d->ops->forget(g);
    rig_close(r);
    rig_open(r);
    OK(r->d->ops->scan(r->d, on_found, r, e));
    rig_watch(r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r->found_spec);
    return r->found;
}

static void test_password(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_qemu())
        return;
    rig_init(&r);
    s = vnc_spec(&r, "web1", "vnc=1,vncpasswd=" PASSWORD);
    g = must_create(&r, s);
    CU_ASSERT_EQUAL(login(g, PASSWORD), 0);
    CU_ASSERT_EQUAL(login(g, "s3crEt-8"), 1);
    CU_ASSERT_EQUAL(login(g, ""), 1);
    CU_ASSERT(!lets_in_without(g));
    expect_no_leak(&r, ((struct qguest *)g)->pid);

    /* a new xend has it from the process, and the domain's next incarnation from that xend */
    g = rescan(&r, g);
    CU_ASSERT_STRING_EQUAL(vfb_password(r.found_spec), PASSWORD);
    CU_ASSERT_EQUAL(login(g, PASSWORD), 0);
    expect_no_leak(&r, ((struct qguest *)g)->pid);
    end(&r, g);
    g = must_create(&r, r.found_spec);
    CU_ASSERT_EQUAL(login(g, PASSWORD), 0);
    CU_ASSERT_EQUAL(login(g, SECRET_HIDDEN), 1);
    end(&r, g);
    spec_free(s);
    rig_clear(&r);
}

/* The keys of HVM guests, and the one of xend-config.sxp. */
static void test_other_passwords(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_qemu())
        return;
    rig_init(&r);
    s = vnc_spec(&r, "web1", NULL);
    s->vnc = true;
    s->vncpasswd = xstrdup(PASSWORD);
    g = must_create(&r, s);
    CU_ASSERT_EQUAL(login(g, PASSWORD), 0);
    g = rescan(&r, g);
    CU_ASSERT_STRING_EQUAL(r.found_spec->vncpasswd, PASSWORD);
    end(&r, g);

    rig_close(&r);
    value_set_str(r.config, "vncpasswd", "general");
    rig_open(&r);
    rig_watch(&r);
    g = must_create(&r, s); /* its own goes first */
    CU_ASSERT_EQUAL(login(g, PASSWORD), 0);
    end(&r, g);
    free(s->vncpasswd);
    s->vncpasswd = NULL;
    g = must_create(&r, s);
    CU_ASSERT_EQUAL(login(g, "general"), 0);
    CU_ASSERT_EQUAL(login(g, PASSWORD), 1);
    end(&r, g);
    spec_free(s);
    rig_clear(&r);
}

/* A password that is not known any more closes the door: it does not open it. */
static void test_lost_password(void)
{
    struct rig r;
    struct spec *s;
    struct guest *g;

    if (!have_qemu())
        return;
    rig_init(&r);
    s = vnc_spec(&r, "web1", "vnc=1,vncpasswd=" SECRET_HIDDEN);
    g = must_create(&r, s);
    CU_ASSERT_EQUAL(login(g, SECRET_HIDDEN), 1);
    CU_ASSERT_EQUAL(login(g, ""), 1);
    CU_ASSERT(!lets_in_without(g));
    g = rescan(&r, g);
    CU_ASSERT_STRING_EQUAL(vfb_password(r.found_spec), SECRET_HIDDEN);
    CU_ASSERT_EQUAL(login(g, SECRET_HIDDEN), 1);
    end(&r, g);
    spec_free(s);
    rig_clear(&r);
}

/* What the BIOS writes is on the screen; a key that the viewer presses arrives in the guest. */
static void test_screen(void)
{
    AUTO(buf_clear) struct buf said = BUF_INIT;
    struct vnc_place place;
    unsigned char types[17];
    int n = 0, vnc, console, width = 0, height = 0;
    struct rig r;
    struct spec *s;
    struct guest *g;
    long lit = 0;

    if (!have_qemu())
        return;
    rig_init(&r);
    s = vnc_spec(&r, "web1", "vnc=1,keymap=en-us");
    g = must_create(&r, s);
    OK(qemu_vnc(g, &place, e));
    CU_ASSERT_STRING_EQUAL(place.host, "127.0.0.1");
    CU_ASSERT(place.port >= 5900 && !place.password);
    console = run_guest(&r, g);
    CU_ASSERT(read_until(console, "booted: disk.", &said));
    vnc = vnc_connect(place.host, place.port, types, &n);
    CU_ASSERT_FATAL(vnc >= 0);
    CU_ASSERT(n == 1 && types[0] == VNC_NONE);
    CU_ASSERT_EQUAL(vnc_login(vnc, VNC_NONE, NULL), 0);
    CU_ASSERT(vnc_begin(vnc, &width, &height));
    CU_ASSERT(width >= 640 && height >= 400);
    lit = vnc_lit_pixels(vnc, width, height);
    fprintf(stderr, "(%d x %d, %ld lit) ", width, height, lit);
    CU_ASSERT(lit > 500); /* some lines of text */
    CU_ASSERT(vnc_key(vnc, 'x') && vnc_key(vnc, 'y'));
    CU_ASSERT(read_until(console, "xy", &said));
    close(vnc);
    close(console);
    end(&r, g);
    spec_free(s);
    rig_clear(&r);
}

static void test_ports(void)
{
    struct vnc_place a, b, c;
    struct guest *ga, *gb, *gc;
    struct spec *first, *second, *third;
    struct err err;
    struct rig r;

    if (!have_qemu())
        return;
    rig_init(&r);
    first = vnc_spec(&r, "a", "vnc=1");
    second = vnc_spec(&r, "b", "vnc=1");
    ga = must_create(&r, first);
    gb = must_create(&r, second);
    OK(qemu_vnc(ga, &a, e));
    OK(qemu_vnc(gb, &b, e));
    CU_ASSERT(a.port >= 5900 && b.port > a.port);
    second->devices.ptr[1]->vfb.vncdisplay = a.port - 5900; /* taken */
    second->uuid[0] = second->uuid[0] == '1' ? '2' : '1';
    gc = must_create(&r, second);
    OK(qemu_vnc(gc, &c, e));
    CU_ASSERT(c.port > a.port && c.port != b.port);
    end(&r, gc);
    second->devices.ptr[1]->vfb.vncunused = false;
    expect_refusal(&r, second, ERR_BUSY, "the port for VNC is in use");
    end(&r, ga);
    ga = must_create(&r, second); /* and free again: this very one */
    OK(qemu_vnc(ga, &c, e));
    CU_ASSERT_EQUAL(c.port, a.port);
    end(&r, ga);
    end(&r, gb);

    third = vnc_spec(&r, "c", "vnc=1,keymap=xx");
    expect_refusal(&r, third, ERR_INVALID, "QEMU has no such keymap");
    strcpy(third->devices.ptr[1]->vfb.keymap, "de");
    third->devices.ptr[1]->vfb.vnclisten = xstrdup("192.0.2.1");
    expect_refusal(&r, third, ERR_INVALID, "vnclisten: no address of this host");
    strcpy(third->devices.ptr[1]->vfb.vnclisten, "no.host");
    expect_refusal(&r, third, ERR_INVALID, "vnclisten: no such host");
    third->devices.ptr[1]->vfb.vnc = false;
    gc = must_create(&r, third);
    CU_ASSERT_EQUAL(qemu_vnc(gc, &c, &err), -1);
    ASSERT_ERR(err, ERR_UNSUPPORTED, "it has no screen");
    end(&r, gc);
    spec_free(first);
    spec_free(second);
    spec_free(third);
    rig_clear(&r);
}

TESTS("qemu vnc", {"DES", test_des}, {"the password", test_password},
      {"passwords from elsewhere", test_other_passwords},
      {"a password that is lost", test_lost_password}, {"screen and keyboard", test_screen},
      {"ports and refusals", test_ports})
