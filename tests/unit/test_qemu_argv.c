/*
 * QEMU's command line, held by golden files: tests/golden/argv/pass-X.json gives pass-X.args (one
 * argument a line), fail-X.json gives fail-X.err. UPDATE_GOLDEN=1 writes them anew; read the diff.
 */
#include "libxl/qemu/qemu.h"
#include "tests/unit/golden_argv.h"

#define DIR "tests/golden/argv"

/* The descriptors and choices that create.c would have made, always the same. */
/* What open_nets would give: a tap, one with vhost-net, user-mode network. */
static const struct launch_net taps[] = {{30, -1}, {31, 32}, {-1, -1}, {33, -1}};

static void fill_launch(struct launch *l, struct launch_disk *disks, const struct spec *s,
                        const struct value *test)
{
    bool incoming = value_get_bool(test, "incoming", false), kernel = !incoming && boots_kernel(s);
    struct screen sc;

    *l = (struct launch){.spec = s,
                         .binary = "/usr/bin/qemu-system-x86_64",
                         .machine = launch_machine(s),
                         .accel = value_get_str(test, "accel", "tcg"),
                         .cpu = s->cpu_model ? s->cpu_model : value_get_str(test, "cpu", "max"),
                         .nonce = "0123456789abcdef0123456789abcdef",
                         .rtc_base = s->localtime ? "localtime" : "utc",
                         .qmp_fd = 3,
                         .console_fd = 4,
                         .console_log_fd = 5,
                         .incoming = incoming,
                         .queues = (unsigned)value_get_int(test, "queues", 0),
                         .kernel_fd = kernel ? 6 : -1,
                         .ramdisk_fd = kernel && s->ramdisk ? 7 : -1,
                         .vnc_secret_fd = screen_of(s, &sc) && sc.passwd ? 8 : -1,
                         .serial_fds = {30, 31, 32, 33},
                         .channel_fds = {40, 41},
                         .tpm_fd = 9,
                         .vnc_listen = value_get_str(test, "vnc_listen", NULL),
                         .keymap = value_get_str(test, "keymap", NULL),
                         .disks = disks};
    l->nets = value_get_bool(test, "tap", false) ? taps : NULL;
    for (size_t i = 0; i < s->devices.len; i++) {
        struct disk *k = &s->devices.ptr[i]->disk;

        if (s->devices.ptr[i]->class != DEVICE_DISK)
            continue;
        disks[l->n_disks] = (struct launch_disk){.disk = k,
                                                 .fd = k->target ? 10 + (int)l->n_disks : -1,
                                                 .block = value_get_bool(test, "block", false)};
        l->n_disks++;
    }
}

/* What the case gives: the arguments, or the error. */
static void run_case(const struct value *test, const char *path, struct buf *out)
{
    struct problems problems = {0};
    AUTO(spec_freep) struct spec *s = spec_from_value(value_get(test, "spec"), &problems);
    AUTO(strings_clear) struct strings argv = {0};
    AUTO(freep) char *cmdline = NULL;
    struct launch_disk disks[DOMAIN_DEVICES_MAX];
    struct launch l;
    struct err e = {0};

    if (problems_to_err(&problems, &e) < 0) {
        buf_addf(out, "%s: the case itself: %s\n", path, e.msg);
        CU_FAIL("a case that is no spec");
        problems_clear(&problems);
        return;
    }
    fill_launch(&l, disks, s, test);
    cmdline = launch_cmdline(s);
    l.cmdline = cmdline;
    if (argv_build(&l, &argv, &e) < 0)
        buf_addf(out, "%s: %s\n%s%s", err_info(e.code)->name, e.msg, e.hint, e.hint[0] ? "\n" : "");
    for (size_t i = 0; i < argv.len && !e.code; i++)
        buf_addf(out, "%s\n", argv.ptr[i]);
}

static void test_pass(void)
{
    golden_all(DIR "/pass-*.json", 13, run_case);
}

static void test_fail(void)
{
    golden_all(DIR "/fail-*.json", 9, run_case);
}

/* XSA-142, XSA-266: whatever the bus, a read-only disk is read-only in every layer. */
static void test_read_only(void)
{
    static const char *const vdevs[] = {"xvda", "vda", "sda"};

    for (size_t i = 0; i < ARRAY_LEN(vdevs); i++) {
        AUTO(strings_clear) struct strings argv = {0};
        struct disk k = {.vdev = xstrdup(vdevs[i]), .mode = DISK_READ};
        struct launch_disk ld = {.disk = &k, .fd = 9};
        struct spec s = {.name = (char *)(uintptr_t) "x"};
        struct launch l = {
            .spec = &s, .machine = "pc", .disks = &ld, .n_disks = 1, .vnc_secret_fd = -1};
        bool found = false;
        struct err e;

        CU_ASSERT_EQUAL(argv_disks(&l, &argv, &e), 0);
        for (size_t j = 0; j < argv.len; j++) {
            const char *first = strstr(argv.ptr[j], "\"read-only\":true");
            found |= first && strstr(first + 1, "\"read-only\":true");
            CU_ASSERT_PTR_NULL(strstr(argv.ptr[j], "\"read-only\":false"));
        }
        CU_ASSERT(found);
        free(k.vdev);
    }
}

TESTS("qemu argv", {"golden command lines", test_pass}, {"golden refusals", test_fail},
      {"read-only reaches every bus", test_read_only})
