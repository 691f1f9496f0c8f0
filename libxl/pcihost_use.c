/*
 * What speaks against giving a PCI device of the host to guests: it is none, a bridge, the host's
 * own network or disk, or it is not apart from others. See pcihost.h.
 */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/hostif.h"
#include "libxl/pcihost_parts.h"
#include "libxl/sharing.h"

int pcihost_check_bdf(const char *bdf, struct err *e)
{
    static const char shape[] = "xxxx:xx:xx.0";
    bool sound = strlen(bdf) == sizeof(shape) - 1;

    for (size_t i = 0; sound && shape[i]; i++)
        sound = shape[i] == 'x'   ? isxdigit((unsigned char)bdf[i]) && !isupper(bdf[i])
                : shape[i] == '0' ? bdf[i] >= '0' && bdf[i] <= '7'
                                  : bdf[i] == shape[i];
    if (sound)
        return 0;
    err_set(e, ERR_INVALID, "Failed to parse pci device: %.60s", bdf);
    return err_hint(e, "write DOMAIN:BUS:SLOT.FUNCTION in hexadecimal, one function: 0000:03:00.0");
}

static int check_there(const char *bdf, struct err *e)
{
    AUTO(freep) char *dir = pci_path("devices/%s", bdf);

    if (pcihost_check_bdf(bdf, e) < 0)
        return -1;
    if (access(dir, F_OK) == 0)
        return 0;
    err_set(e, ERR_NOT_FOUND, "This host has no PCI device %s", bdf);
    return err_hint(e, "xm pci-list-assignable-devices --all shows those that it has");
}

static int check_driver(const struct pcihost *h, const char *bdf, struct err *e)
{
    AUTO(freep) char *dir = pci_path("drivers/%s", h->driver);
    AUTO(freep) char *group = pci_link(bdf, "iommu_group");
    bool xen = strcmp(h->driver, "pciback") == 0;

    if (access(dir, F_OK) != 0) {
        err_set(e, ERR_UNSUPPORTED, "the kernel's driver %s is not loaded", h->driver);
        return err_hint(e, "modprobe %s", xen ? "xen-pciback" : h->driver);
    }
    if (xen || group)
        return 0;
    err_set(e, ERR_UNSUPPORTED, "%s is in no IOMMU group: it could write all of the host's memory",
            bdf);
    return err_hint(e, "Switch VT-d or AMD-Vi on in the firmware; the kernel may need "
                       "intel_iommu=on.");
}

/* An interface of it by which the host is reached. */
static int check_card(const char *bdf, struct err *e)
{
    AUTO(freep) char *path = pci_path("devices/%s/net", bdf);
    AUTO(value_freep) struct value *all = NULL;
    DIR *dir = opendir(path);
    struct dirent *entry;
    int r = 0;

    if (!dir)
        return 0;
    all = hostif_list(e);
    while (all && r == 0 && (entry = readdir(dir))) {
        const struct value *v = hostif_find(all, entry->d_name);

        if (v && value_get_bool(v, "active", false) &&
            (value_len(value_get(v, "addresses")) || value_get_str(v, "bridge", NULL)))
            r = err_set(e, ERR_BUSY, "%s is the host's interface %s, which is in use", bdf,
                        entry->d_name);
    }
    closedir(dir);
    return all ? r : -1;
}

/* Whether the host has mounted the disk of this name, or swaps to it. */
static int check_disk(const char *name, struct err *e)
{
    AUTO(freep) char *path = xasprintf("/dev/%s", name);
    const struct disk k = {.type = (char *)"phy", .target = path, .mode = DISK_WRITE};
    struct disk_identity id;

    disk_identify(&k, &id);
    return disk_check_host(&k, &id, e);
}

static int check_disks(const char *bdf, struct err *e)
{
    AUTO(freep) char *path = pci_path("../../block");
    AUTO(freep) char *part = xasprintf("/%s/", bdf);
    DIR *dir = opendir(path);
    struct dirent *entry;
    int r = 0;

    while (dir && r == 0 && (entry = readdir(dir))) {
        AUTO(freep) char *link = path_join(path, entry->d_name);
        char full[PATH_MAX];

        if (realpath(link, full) && strstr(full, part))
            r = check_disk(entry->d_name, e);
    }
    if (dir)
        closedir(dir);
    return r < 0 ? err_add(e, "%s", bdf) : 0;
}

int pcihost_check_assign(const struct pcihost *h, const char *bdf, bool force, struct err *e)
{
    AUTO(freep) char *class = NULL;

    if (check_there(bdf, e) < 0 || check_driver(h, bdf, e) < 0)
        return -1;
    class = pci_text(bdf, "class");
    if (class && strncmp(class, "0x06", 4) == 0)
        return err_set(e, ERR_INVALID, "%s is a bridge: guests cannot have it", bdf);
    if (force || pci_is_assigned(h, bdf))
        return 0;
    if (check_card(bdf, e) == 0 && check_disks(bdf, e) == 0)
        return 0;
    return e->code == ERR_BUSY ? err_hint(e, "--force takes it from the host all the same") : -1;
}

int pcihost_check_release(const struct pcihost *h, const char *bdf, struct err *e)
{
    AUTO(freep) char *driver = NULL;

    if (check_there(bdf, e) < 0)
        return -1;
    driver = pci_link(bdf, "driver");
    if (!driver || strcmp(driver, h->driver) == 0)
        return 0;
    return err_set(e, ERR_STATE, "%s is not assigned to guests: the host's driver %s has it", bdf,
                   driver);
}

int pcihost_check_ready(const struct pcihost *h, const char *bdf, struct err *e)
{
    AUTO(freep) char *others = NULL;

    if (check_there(bdf, e) < 0)
        return -1;
    if (!pci_is_assigned(h, bdf)) {
        err_set(e, ERR_STATE, "%s is not set aside for guests", bdf);
        return err_hint(e, "xm pci-assignable-add %s takes it from the host", bdf);
    }
    others = pcihost_group_others(bdf);
    if (!others)
        return 0;
    err_set(e, ERR_BUSY, "the host uses others of its IOMMU group: %s", others);
    return err_hint(e, "xm pci-assignable-add takes these, too");
}

char *pcihost_vfio_path(const char *bdf)
{
    const char *root = getenv("XEND_SYSFS");
    AUTO(freep) char *group = pci_link(bdf, "iommu_group");

    return group ? xasprintf("%s/dev/vfio/%s", root ? root : "", group) : NULL;
}

/* Drivers that keep a device away from the host: what they have may be beside a guest's. */
static bool is_harmless(const char *driver)
{
    return strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "pci-stub") == 0 ||
           strcmp(driver, "pcieport") == 0 || strcmp(driver, "pciback") == 0;
}

char *pcihost_group_others(const char *bdf)
{
    AUTO(freep) char *dir = pci_path("devices/%s/iommu_group/devices", bdf);
    AUTO(buf_clear) struct buf found = BUF_INIT;
    struct dirent **all;
    int n = scandir(dir, &all, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        AUTO(freep) char *driver = pci_link(all[i]->d_name, "driver");

        if (driver && strcmp(all[i]->d_name, bdf) != 0 && !is_harmless(driver))
            buf_addf(&found, "%s%s (%s)", found.len ? ", " : "", all[i]->d_name, driver);
        free(all[i]);
    }
    if (n >= 0)
        free(all);
    return found.len ? buf_steal(&found) : NULL;
}
