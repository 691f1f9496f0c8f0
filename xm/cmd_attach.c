/*
 * xm network-attach, block-attach, pci-attach, their -detach, and block-configure. Devices are
 * read here, in the language of configuration files, so that a fault is told before xend is asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "xm/xm.h"

const struct option detach_options[] = {
    {'f', "force", NULL, "Take it away whether the guest lets go of it or not."},
    {0},
};

const struct option pci_attach_options[] = {
    {'o', "options", "K=V", "An option, as msitranslate=1; several with commas."},
    {0, "json", NULL, "Print JSON."},
    {0},
};

/* Posts a device; with --json, what became of it is printed. */
static int post_take(struct xm *xm, const struct args *a, const char *action, struct device *dev)
{
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    int status;

    value_set_str(body, "class", device_class_name(dev->class));
    value_set_take(body, "device", device_to_value(dev));
    device_free(dev);
    status = domain_act(xm, a, action, body, &job);
    if (status == EXIT_SUCCESS && args_has(a, "json"))
        print_result(job);
    return status;
}

/* NULL after an error with the usage, as the original does. */
static struct device *read_text(struct xm *xm, enum device_class class, const char *text)
{
    AUTO(problems_clear) struct problems faults = {0};
    struct device *dev = device_from_xm(class, text, "", &faults);
    struct err e;

    if (!dev) {
        problems_to_err(&faults, &e);
        xm_usage_error(xm->command, "%s%s%s", e.msg, e.hint[0] ? "\n" : "", e.hint);
    }
    return dev;
}

/* "key=value" with a key that interfaces have, and a value. */
static bool is_vif_word(const char *word)
{
    const char *eq = strchr(word, '=');
    AUTO(freep) char *key = eq ? xstrndup(word, (size_t)(eq - word)) : NULL;

    return key && eq[1] && field_find(&device_fields[DEVICE_VIF], key);
}

/* One word each, or several with commas between them, as in a file. */
int cmd_network_attach(struct xm *xm, const struct args *a)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct device *dev;

    for (size_t i = 1; i < a->words.len; i++) {
        const char *word = args_word(a, i);

        if (!is_vif_word(word))
            return xm_usage_error(xm->command, "Invalid argument: %s", word);
        buf_addf(&text, "%s%s", text.len ? "," : "", word);
    }
    dev = read_text(xm, DEVICE_VIF, buf_str(&text));
    return dev ? post_take(xm, a, "/devices", dev) : EXIT_ERROR;
}

/* A path means the caller's directory, not xend's. */
static void complete_path(struct disk *k)
{
    char *full;

    if (!k->target || k->target[0] == '/' || !k->type ||
        (strcmp(k->type, "file") != 0 && strncmp(k->type, "tap", 3) != 0))
        return;
    full = path_absolute(k->target);
    free(k->target);
    k->target = full;
}

/* In the language of files; in xl's when the path has commas, for which xm's has no place. */
static void add_disk_text(const struct args *a, bool drive, struct buf *text)
{
    const char *cdrom = drive && a->words.len > 2 && !strchr(args_word(a, 2), ':') ? ":cdrom" : "";

    if (a->words.len > 3 && strchr(args_word(a, 1), ',')) {
        buf_addf(text, "vdev=%s%s,access=%s,", args_word(a, 2), cdrom, args_word(a, 3));
        if (a->words.len > 4)
            buf_addf(text, "backend=%s,", args_word(a, 4));
        buf_addf(text, "target=%s", args_word(a, 1));
        return;
    }
    for (size_t i = 1; i < a->words.len; i++)
        buf_addf(text, "%s%s%s", i > 1 ? "," : "", args_word(a, i), i == 2 ? cdrom : "");
}

/*
 * BackDev FrontDev Mode [BackDomain], or one word in the language of files. drive: it is a CD-ROM
 * drive, said or not.
 */
static struct device *read_disk(struct xm *xm, const struct args *a, bool drive)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct device *dev;

    if (a->words.len == 3) {
        xm_usage_error(xm->command, "'xm %s' requires between 4 and 5 arguments.",
                       xm->command->name);
        return NULL;
    }
    add_disk_text(a, drive, &text);
    dev = read_text(xm, DEVICE_DISK, buf_str(&text));
    if (dev)
        complete_path(&dev->disk);
    return dev;
}

int cmd_block_attach(struct xm *xm, const struct args *a)
{
    struct device *dev = read_disk(xm, a, false);

    return dev ? post_take(xm, a, "/devices", dev) : EXIT_ERROR;
}

int cmd_block_configure(struct xm *xm, const struct args *a)
{
    struct device *dev = read_disk(xm, a, true);

    return dev ? post_take(xm, a, "/media", dev) : EXIT_ERROR;
}

int cmd_pci_attach(struct xm *xm, const struct args *a)
{
    const char *options = args_get(a, "options");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct device *dev;

    buf_adds(&text, args_word(a, 1));
    if (a->words.len > 2)
        buf_addf(&text, "@%s", args_word(a, 2));
    if (options)
        buf_addf(&text, ",%s", options);
    dev = read_text(xm, DEVICE_PCI, buf_str(&text));
    return dev ? post_take(xm, a, "/devices", dev) : EXIT_ERROR;
}

/* "51728", "xvdb", "/dev/xvdb", "vbd/51728", a MAC: the last part of it names the device. */
static int detach(struct xm *xm, const struct args *a, const char *class)
{
    const char *name = args_word(a, 1), *slash = strrchr(name, '/');
    AUTO(freep) char *escaped = url_escape(slash ? slash + 1 : name);
    AUTO(freep)
    char *action =
        xasprintf("/devices/%s/%s%s", class, escaped, args_has(a, "force") ? "?force=1" : "");

    if (!*escaped)
        return xm_usage_error(xm->command, "Invalid argument: %s", name);
    return domain_ask(xm, a, "DELETE", action, NULL, NULL);
}

int cmd_network_detach(struct xm *xm, const struct args *a)
{
    return detach(xm, a, "vif");
}

int cmd_block_detach(struct xm *xm, const struct args *a)
{
    return detach(xm, a, "disk");
}

/* The address in its full form, which is the device's name. */
int cmd_pci_detach(struct xm *xm, const struct args *a)
{
    AUTO(device_freep) struct device *dev = read_text(xm, DEVICE_PCI, args_word(a, 1));
    AUTO(freep) char *action = NULL;

    if (!dev)
        return EXIT_ERROR;
    action = xasprintf("/devices/pci/%s%s", dev->pci.bdf, args_has(a, "force") ? "?force=1" : "");
    return domain_ask(xm, a, "DELETE", action, NULL, NULL);
}
