/* PCI devices of the host: see pcihost.h. What holds one back is in pcihost_use.c. */
#include "libxl/pcihost.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/mem.h"
#include "libxl/pcihost_parts.h"

#define SYSFS_BYTES_MAX 4096 /* a page: no file of sysfs has more */
#define BIND_WAIT_MS 5000    /* the kernel has done it when write() returns, or soon after */
#define BIND_SLICE_MS 5

const char *pcihost_driver(const char *xend_driver)
{
    return strcmp(xend_driver, "xen") == 0 ? "pciback" : "vfio-pci";
}

char *pci_path(const char *fmt, ...)
{
    const char *root = getenv("XEND_SYSFS");
    AUTO(buf_clear) struct buf path = BUF_INIT;
    va_list ap;

    buf_addf(&path, "%s/bus/pci/", root ? root : "/sys");
    va_start(ap, fmt);
    buf_vaddf(&path, fmt, ap);
    va_end(ap);
    return buf_steal(&path);
}

char *pci_link(const char *bdf, const char *what)
{
    AUTO(freep) char *dir = pci_path("devices/%s", bdf);
    AUTO(freep) char *path = path_join(dir, what);
    char to[PATH_MAX];
    ssize_t n = readlink(path, to, sizeof(to) - 1);

    if (n < 0)
        return NULL;
    to[n] = '\0';
    return xstrdup(strrchr(to, '/') ? strrchr(to, '/') + 1 : to);
}

char *pci_text(const char *bdf, const char *what)
{
    AUTO(freep) char *dir = pci_path("devices/%s", bdf);
    AUTO(freep) char *path = path_join(dir, what);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err ignored;

    if (read_file(path, SYSFS_BYTES_MAX, &text, &ignored) < 0)
        return NULL;
    return xstrndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
}

static char *state_file(const struct pcihost *h, const char *bdf)
{
    return path_join(h->state_dir, bdf);
}

/* The driver that it had before, or NULL: none, or it was not set aside by us. */
static char *old_driver(const struct pcihost *h, const char *bdf)
{
    AUTO(freep) char *file = state_file(h, bdf);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err ignored;

    if (read_file(file, NAME_MAX, &text, &ignored) < 0 || !text.len || strchr(text.ptr, '/'))
        return NULL;
    return buf_steal(&text);
}

bool pci_is_assigned(const struct pcihost *h, const char *bdf)
{
    AUTO(freep) char *driver = pci_link(bdf, "driver");

    return driver && strcmp(driver, h->driver) == 0;
}

/* ---- the list */

/* 0x010802 as 0108: class and subclass. */
static void set_hex(struct value *v, const char *bdf, const char *what)
{
    AUTO(freep) char *text = pci_text(bdf, what);

    if (!text || strncmp(text, "0x", 2) != 0)
        return;
    if (strlen(text) > 6)
        text[6] = '\0';
    value_set_str(v, what, text + 2);
}

static struct value *device_to_map(const struct pcihost *h, const char *bdf)
{
    struct value *v = value_map();
    AUTO(freep) char *driver = pci_link(bdf, "driver"), *group = pci_link(bdf, "iommu_group");
    AUTO(freep) char *was = old_driver(h, bdf);

    value_set_str(v, "bdf", bdf);
    set_hex(v, bdf, "class");
    set_hex(v, bdf, "vendor");
    set_hex(v, bdf, "device");
    value_set_str(v, "driver", driver);
    value_set_str(v, "was", was);
    value_set_str(v, "group", group);
    value_set_bool(v, "assigned", pci_is_assigned(h, bdf));
    return v;
}

struct value *pcihost_list(const struct pcihost *h, struct err *e)
{
    AUTO(freep) char *dir = pci_path("devices");
    struct value *list;
    struct dirent **all;
    int n = scandir(dir, &all, NULL, alphasort);

    if (n < 0 && errno != ENOENT) {
        err_sys(e, "%s", dir);
        return NULL;
    }
    list = value_list();
    for (int i = 0; i < n; i++) {
        struct err ignored;

        if (pcihost_check_bdf(all[i]->d_name, &ignored) == 0)
            value_add_take(list, device_to_map(h, all[i]->d_name));
        free(all[i]);
    }
    if (n >= 0)
        free(all);
    return list;
}

/* ---- binding */

static int write_sysfs(const char *path, const char *text, struct err *e)
{
    AUTO(closep) int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return err_sys(e, "%s", path);
    return 0;
}

/* Writes the address to a file of a driver, or of the bus. */
static int tell_take(char *path_take, const char *bdf, struct err *e)
{
    AUTO(freep) char *path = path_take;

    return write_sysfs(path, bdf, e);
}

static int override(const char *bdf, const char *driver, struct err *e)
{
    AUTO(freep) char *path = pci_path("devices/%s/driver_override", bdf);

    return write_sysfs(path, driver, e);
}

/* Until it has this driver (NULL: none). */
static bool await_driver(const char *bdf, const char *wanted)
{
    const struct timespec slice = {.tv_nsec = BIND_SLICE_MS * 1000000L};
    int64_t end = now_ms() + BIND_WAIT_MS;

    for (;;) {
        AUTO(freep) char *driver = pci_link(bdf, "driver");

        if (wanted ? driver && strcmp(driver, wanted) == 0 : !driver)
            return true;
        if (now_ms() > end)
            return false;
        nanosleep(&slice, NULL);
    }
}

static int unbind(const char *bdf, struct err *e)
{
    AUTO(freep) char *driver = pci_link(bdf, "driver");

    if (!driver)
        return 0;
    if (tell_take(pci_path("drivers/%s/unbind", driver), bdf, e) < 0)
        return -1;
    return await_driver(bdf, NULL) ? 0 : err_set(e, ERR_TIMEOUT, "%s keeps it", driver);
}

static int bind_ours(const struct pcihost *h, const char *bdf, struct err *e)
{
    if (strcmp(h->driver, "pciback") == 0) {
        if (tell_take(pci_path("drivers/%s/new_slot", h->driver), bdf, e) < 0 ||
            tell_take(pci_path("drivers/%s/bind", h->driver), bdf, e) < 0)
            return -1;
    } else if (override(bdf, h->driver, e) < 0 ||
               tell_take(pci_path("drivers_probe"), bdf, e) < 0) {
        return -1;
    }
    return await_driver(bdf, h->driver)
               ? 0
               : err_set(e, ERR_BACKEND, "the kernel does not give it to %s", h->driver);
}

/* It belongs to nobody now; what it had before gets it, if anything. */
static int bind_old(const struct pcihost *h, const char *bdf, const char *old, struct err *e)
{
    struct err ignored;

    if (strcmp(h->driver, "pciback") == 0)
        tell_take(pci_path("drivers/%s/remove_slot", h->driver), bdf, &ignored);
    else if (override(bdf, "\n", e) < 0)
        return -1;
    if (!old)
        return 0;
    if (tell_take(pci_path("drivers/%s/bind", old), bdf, e) < 0)
        return -1;
    return await_driver(bdf, old) ? 0
                                  : err_set(e, ERR_BACKEND, "its driver %s does not take it", old);
}

/* Before the driver is taken from it: which one it was. */
static int keep_old(const struct pcihost *h, const char *bdf, struct err *e)
{
    AUTO(freep) char *file = state_file(h, bdf), *driver = pci_link(bdf, "driver");

    if (make_dirs(h->state_dir, 0700, e) < 0)
        return -1;
    /* half done by a xend that died: it has no driver, and the file is right */
    if (!driver && access(file, F_OK) == 0)
        return 0;
    return write_file_whole(file, driver ? driver : "", driver ? strlen(driver) : 0, 0600, e);
}

static void forget_old(const struct pcihost *h, const char *bdf)
{
    AUTO(freep) char *file = state_file(h, bdf);

    unlink(file);
}

int pcihost_assign(const struct pcihost *h, const char *bdf, struct err *e)
{
    struct err ignored;

    if (pci_is_assigned(h, bdf))
        return 0;
    fault_point("pci.assigning");
    if (keep_old(h, bdf, e) < 0)
        return err_add(e, "%s", bdf);
    AUTO(freep) char *old = old_driver(h, bdf);
    fault_point("pci.kept");
    if (unbind(bdf, e) == 0) {
        fault_point("pci.unbound");
        if (bind_ours(h, bdf, e) == 0)
            return 0;
        if (bind_old(h, bdf, old, &ignored) < 0)
            log_warn("%s: %s", bdf, ignored.msg);
    }
    forget_old(h, bdf);
    return err_add(e, "%s", bdf);
}

int pcihost_release(const struct pcihost *h, const char *bdf, struct err *e)
{
    AUTO(freep) char *old = old_driver(h, bdf), *now = pci_link(bdf, "driver");

    if (now && strcmp(now, h->driver) != 0)
        return 0;
    fault_point("pci.releasing");
    if (unbind(bdf, e) < 0 || bind_old(h, bdf, old, e) < 0)
        return err_add(e, "%s", bdf);
    fault_point("pci.released");
    forget_old(h, bdf);
    return 0;
}
