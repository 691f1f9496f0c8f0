/*
 * Compressed kernels are unpacked by libxenguest's decompressors, but not in xend: in a child
 * without privileges, for they are other people's bytes. Called by image.c and, in the child, by
 * helper.c.
 */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/proc.h"
#include "libxl/hotplug.h"
#include "libxl/xen/image.h"

#include <xenguest.h> /* does not stand alone: after xenctrl.h */

#define UNPACK_MS 120000 /* real ones take 0.3 s, in the rig 4 */
#define CHILD_BYTES_MAX (1024UL << 20)
#define NOBODY 65534
#define OUT_FD 3

/* ---- the child */

/* What it has to say becomes the error's text. */
static int unpack_image(struct xc_dom_image *dom, const struct image *in, struct err *e)
{
    const char *from = in->at, *blob;

    if (xc_dom_kernel_max_size(dom, KERNEL_BYTES_MAX) ||
        xc_dom_kernel_mem(dom, in->at, in->size) < 0)
        return -1;
    dom->container_type = XC_DOM_PV_CONTAINER;
    /* Finding the loader unpacks it; whether the kernel is any good is found out later. */
    if (xc_dom_parse_image(dom) < 0 && !dom->kernel_loader)
        return -1;
    blob = dom->kernel_blob;
    if (blob == from && dom->kernel_size == in->size)
        return err_set(e, ERR_INVALID, "cannot be unpacked");
    return write_all(OUT_FD, blob, dom->kernel_size, e);
}

int unpack_child(void)
{
    struct err e = {0};
    struct image in;
    struct stat st;
    struct xlog log;
    struct xc_dom_image *dom;

    xlog_init(&log);
    xc_interface *xch = xc_interface_open(&log.vtable, NULL, XC_OPENFLAG_DUMMY);
    if (!xch || fstat(STDIN_FILENO, &st) < 0 ||
        image_map(&in, STDIN_FILENO, 0, (size_t)st.st_size, &e) < 0)
        return 1;
    dom = xc_dom_allocate(xch, NULL, NULL);
    if (dom && unpack_image(dom, &in, &e) == 0)
        return 0;
    if (!e.msg[0])
        err_xen(&e, &log);
    puts(e.msg);
    return 1;
}

/* ---- xend's side */

static int run_child(int fd, int out, struct buf *said, int *status, struct err *e)
{
    static const char *const argv[] = {"/proc/self/exe", "--xen-helper", "unpack", NULL};
    static const struct proc_limit limits[] = {{RLIMIT_AS, CHILD_BYTES_MAX},
                                               {RLIMIT_FSIZE, KERNEL_BYTES_MAX},
                                               {RLIMIT_NPROC, 0},
                                               {RLIMIT_CORE, 0}};
    const struct proc_fd fds[] = {{fd, 0}, {out, OUT_FD}};
    struct passwd *pw = getpwnam("nobody");
    const struct proc_spec p = {.argv = argv,
                                .fds = fds,
                                .n_fds = ARRAY_LEN(fds),
                                .limits = limits,
                                .n_limits = ARRAY_LEN(limits),
                                .set_ids = geteuid() == 0,
                                .uid = pw ? pw->pw_uid : NOBODY,
                                .gid = pw ? pw->pw_gid : NOBODY,
                                .no_oom_favour = true};

    return proc_capture(&p, UNPACK_MS, said, status, e);
}

int unpack(int fd, struct err *e)
{
    AUTO(closep) int out = memfd_create("xend-kernel", MFD_CLOEXEC);
    AUTO(buf_clear) struct buf said = BUF_INIT, words = BUF_INIT;
    int status;

    if (out < 0)
        return err_sys(e, "memfd");
    if (run_child(fd, out, &said, &status, e) < 0)
        return err_add(e, "unpacking it");
    if (status == 0)
        return steal_fd(&out);
    if (WIFEXITED(status)) {
        hotplug_words(&words, buf_str(&said), said.len, 300);
    } else {
        AUTO(freep) char *how = proc_status_text(status);

        buf_addf(&words, "the child that does it %s", how);
    }
    return err_set(e, ERR_INVALID, "unpacking it: %s", buf_str(&words));
}
