/*
 * The command line of a HVM guest's device model, held by golden files: tests/golden/dm/pass-X.json
 * gives pass-X.args (one argument a line), fail-X.json gives fail-X.err. UPDATE_GOLDEN=1 writes
 * them anew; read the diff.
 */
#include "tests/unit/cunit.h"

#ifdef HAVE_XEN
#include "libxl/xen/dm.h"
#include "tests/unit/golden_argv.h"

#define DIR "tests/golden/dm"

/* The descriptors and choices that dm_start.c would have made, always the same. */
static void fill_launch(struct dm_launch *l, struct dm_disk *disks, const int *taps,
                        const struct spec *s, const struct value *test)
{
    bool kernel = dm_boots_kernel(s);
    struct screen sc;

    *l = (struct dm_launch){.spec = s,
                            .domid = 7,
                            .binary = "/usr/libexec/xen-qemu-system-i386",
                            .nonce = "01234567-89ab-cdef-0123-456789abcdef",
                            .root = "/run/xend/xen/8c8a6ab2/empty",
                            .uid = 65534,
                            .gid = 65533,
                            .cmdline = s->extra,
                            .qmp_fd = 3,
                            .console_fd = 4,
                            .console_log_fd = 5,
                            .kernel_fd = kernel ? 6 : -1,
                            .ramdisk_fd = kernel && s->ramdisk ? 7 : -1,
                            .state_fd = (int)value_get_int(test, "state", -1),
                            .vnc_secret_fd = screen_of(s, &sc) && sc.passwd ? 8 : -1,
                            .keymap = value_get_str(test, "keymap", NULL),
                            .disks = disks,
                            .tap_fds = taps};
    for (size_t i = 0; i < s->devices.len; i++) {
        const struct disk *k = &s->devices.ptr[i]->disk;

        if (s->devices.ptr[i]->class != DEVICE_DISK ||
            !(k->devtype == DISK_CDROM || dm_emulates_disk(k)))
            continue;
        disks[l->n_disks] = (struct dm_disk){k, k->target ? 10 + (int)l->n_disks : -1,
                                             strncmp(k->target ? k->target : "", "/dev/", 5) == 0};
        l->n_disks++;
    }
}

/* What the case gives: the arguments, or the error. */
static void run_case(const struct value *test, const char *path, struct buf *out)
{
    static const int taps[] = {30, 31, 32};
    struct problems problems = {0};
    AUTO(spec_freep) struct spec *s = spec_from_value(value_get(test, "spec"), &problems);
    AUTO(strings_clear) struct strings argv = {0};
    struct dm_disk disks[DOMAIN_DEVICES_MAX];
    struct dm_launch l;
    struct err e = {0};

    (void)path;
    CU_ASSERT_EQUAL_FATAL(problems_to_err(&problems, &e), 0);
    fill_launch(&l, disks, taps, s, test);
    if (dm_argv(&l, &argv, &e) < 0)
        buf_addf(out, "%s: %s\n%s%s", err_info(e.code)->name, e.msg, e.hint, e.hint[0] ? "\n" : "");
    for (size_t i = 0; i < argv.len && !e.code; i++)
        buf_addf(out, "%s\n", argv.ptr[i]);
}

static void test_golden(void)
{
    golden_all(DIR "/*.json", 8, run_case);
}
#else
static void test_golden(void)
{
}
#endif

TESTS("xen/dm", {"command lines of device models", test_golden})
