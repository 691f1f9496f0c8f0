/*
 * Running a guest's bootloader, and believing nothing that it says: see bootloader.h. Called by
 * create.c before anything is made.
 */
#include "libxl/xen/bootloader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/proc.h"
#include "libxl/hotplug.h"

#define BOOTLOADER_MS 60000 /* pygrub takes a second, in the rig five */
#define RESULT_BYTES_MAX 8192
#define ARGS_MAX 4095 /* of a command line: as Linux takes them */
#define WORDS_MAX 64
#define PREFIX "boot-"
#define RESULT "result"

static const char name_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/* ---- its directory */

static const char *place_of(const struct xen *d)
{
    return d->cache_dir ? d->cache_dir : d->dir;
}

static void remove_dir(const char *path)
{
    DIR *list = opendir(path);
    struct dirent *entry;

    while (list && (entry = readdir(list)))
        if (unlinkat(dirfd(list), entry->d_name, 0) < 0 && errno != EISDIR && errno != ENOENT)
            unlinkat(dirfd(list), entry->d_name, AT_REMOVEDIR);
    if (list)
        closedir(list);
    if (rmdir(path) < 0 && errno != ENOENT)
        log_warn("%s: %s", path, strerror(errno));
}

void bootloader_tidy(const struct xen *d)
{
    DIR *list = opendir(place_of(d));
    struct dirent *entry;

    while (list && (entry = readdir(list)))
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0) {
            AUTO(freep) char *path = path_join(place_of(d), entry->d_name);

            remove_dir(path);
        }
    if (list)
        closedir(list);
}

/* ---- its disk */

/* A loop device that goes with the last who has it open. */
static int open_loop(int file, dev_t *device, struct err *e)
{
    struct loop_config c = {.fd = (unsigned)file,
                            .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR};
    AUTO(closep) int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

    for (int tries = 0; control >= 0 && tries < 50; tries++) {
        int n = ioctl(control, LOOP_CTL_GET_FREE);
        AUTO(freep) char *path = xasprintf("/dev/loop%d", n);
        AUTO(closep) int fd = n < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &c) == 0 && fstat(fd, &st) == 0) {
            *device = st.st_rdev;
            return steal_fd(&fd);
        }
        if (errno != EBUSY && errno != ENXIO)
            break;
    }
    return err_sys(e, "a loop device for it");
}

/* The first disk, as a block device; the caller keeps it open. */
static int open_disk(const struct spec *s, dev_t *device, struct err *e)
{
    for (size_t i = 0; i < s->devices.len; i++) {
        const struct device *dev = s->devices.ptr[i];
        AUTO(closep) int fd = -1;
        struct stat st;

        if (dev->class != DEVICE_DISK || !dev->disk.target)
            continue;
        if (dev->disk.format && strcmp(dev->disk.format, "raw") != 0)
            return err_set(e, ERR_UNSUPPORTED, "disk %s: a bootloader cannot read %s",
                           dev->disk.vdev, dev->disk.format);
        fd = open(dev->disk.target, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
            return err_sys(e, "disk %s: %s", dev->disk.vdev, dev->disk.target);
        *device = st.st_rdev;
        return S_ISBLK(st.st_mode) ? steal_fd(&fd) : open_loop(fd, device, e);
    }
    return err_set(e, ERR_INVALID, "Had a bootloader specified, but no disks are bootable");
}

/* ---- running it */

/* pygrub is where Xen's own programs are; with several versions of Xen: the last. */
static char *find_program(const char *name, struct err *e)
{
    static const char *const patterns[] = {"/usr/lib/xen-*/bin/", "/usr/lib/xen/bin/",
                                           "/usr/libexec/xen/bin/", "/usr/bin/"};
    char *found = NULL;

    if (*name == '/')
        return xstrdup(name);
    for (size_t i = 0; i < ARRAY_LEN(patterns) && !found && !strchr(name, '/'); i++) {
        AUTO(freep) char *pattern = xasprintf("%s%s", patterns[i], name);
        glob_t g;

        if (glob(pattern, 0, NULL, &g) == 0)
            found = xstrdup(g.gl_pathv[g.gl_pathc - 1]);
        globfree(&g);
    }
    if (!found)
        err_set(e, ERR_NOT_FOUND, "no such program among those of Xen");
    return found;
}

struct argv VEC(char *);

static void add_option(struct argv *v, const char *name, const char *value)
{
    vec_push(v, value && *value ? xasprintf("%s%s", name, value) : xstrdup(name));
}

static void make_argv(struct argv *v, const struct spec *s, const char *dir, dev_t device,
                      const char *program)
{
    AUTO(freep) char *cmdline = spec_cmdline(s);
    AUTO(freep) char *own = xstrdup_null(s->bootargs);
    char *rest = own, *word;

    add_option(v, "/proc/self/exe", NULL);
    add_option(v, "--xen-helper", NULL);
    add_option(v, "boot", NULL);
    add_option(v, dir, NULL);
    vec_push(v, xasprintf("%u:%u", major(device), minor(device)));
    add_option(v, program, NULL);
    if (s->kernel)
        add_option(v, "--kernel=", s->kernel);
    if (s->ramdisk)
        add_option(v, "--ramdisk=", s->ramdisk);
    if (cmdline && *cmdline)
        add_option(v, "--args=", cmdline);
    add_option(v, "-q", NULL);
    add_option(v, "--output=" BOOT_DIR "/" RESULT, NULL);
    add_option(v, "--output-format=simple0", NULL);
    add_option(v, "--output-directory=" BOOT_DIR, NULL);
    while ((word = strsep(&rest, " ")) && v->len < WORDS_MAX)
        if (*word)
            add_option(v, word, NULL);
    add_option(v, BOOT_DISK, NULL);
    vec_push(v, NULL);
}

static int capture(const struct argv *v, const struct job *j, struct err *e)
{
    const struct proc_spec p = {
        .argv = (const char *const *)v->ptr, .no_oom_favour = true, .stop_fd = j->cancel_fd};
    AUTO(buf_clear) struct buf said = BUF_INIT, words = BUF_INIT;
    int status, r = proc_capture(&p, BOOTLOADER_MS, &said, &status, e);

    hotplug_words(&words, buf_str(&said), said.len, 300);
    if (r < 0 && e->code == ERR_TIMEOUT)
        return err_set(e, ERR_TIMEOUT, "it had not ended after %d s and was killed%s%s",
                       BOOTLOADER_MS / 1000, words.len ? ": " : "", buf_str(&words));
    if (r < 0 || status == 0)
        return r;
    if (!words.len) {
        AUTO(freep) char *how = proc_status_text(status);

        buf_addf(&words, "it %s", how);
    }
    return err_set(e, ERR_BACKEND, "%s", buf_str(&words));
}

/* ---- what it says */

struct said {
    const char *kernel, *ramdisk, *args; /* in the text */
};

/* "KEY VALUE", each once and known; paths are names in its directory. */
static int take_word(char *word, struct said *out)
{
    static const char *const keys[] = {"kernel ", "ramdisk ", "args "};
    const char **places[] = {&out->kernel, &out->ramdisk, &out->args};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char *value = word + strlen(keys[i]);

        if (strncmp(word, keys[i], strlen(keys[i])) != 0)
            continue;
        if (*places[i])
            return -1;
        if (i < 2) {
            if (strncmp(value, BOOT_DIR "/", strlen(BOOT_DIR) + 1) != 0)
                return -1;
            value += strlen(BOOT_DIR) + 1;
            value += *value == '/'; /* pygrub's way to join names */
            if (!*value || *value == '.' || value[strspn(value, name_characters)])
                return -1;
        }
        *places[i] = value;
        return 0;
    }
    return -1;
}

static int parse(struct buf *text, struct said *out, struct err *e)
{
    char *at = text->ptr, *end = at + text->len;
    bool fits = true;

    if (!text->len)
        return err_set(e, ERR_INVALID, "it found no kernel");
    buf_addc(text, '\0');

    *out = (struct said){0};
    for (; at < end && fits; at += strlen(at) + 1)
        fits = !*at || take_word(at, out) == 0;
    if (!fits || !out->kernel)
        return err_set(e, ERR_INVALID, "what it wrote is not understood");
    if (!out->args)
        return 0;
    for (const char *c = out->args; *c && fits; c++)
        fits = (unsigned char)*c >= ' ' && *c != 0x7f;
    if (!fits || strlen(out->args) > ARGS_MAX)
        return err_set(e, ERR_INVALID,
                       "the kernel's arguments that it found are no text, or too long");
    return 0;
}

/* A file that it has made there, and no other name for something of the host's. It does not run any
 * more. */
static int check_file(const char *path, struct err *e)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return err_sys(e, "%s", path);
    return S_ISREG(st.st_mode) && st.st_nlink == 1
               ? 0
               : err_set(e, ERR_INVALID, "what it wrote is no file");
}

/* The files have no name any more when they are used. */
static int load(struct xguest *g, const char *dir, const struct said *said, struct boot *out,
                struct err *e)
{
    AUTO(freep) char *kernel = path_join(dir, said->kernel);
    AUTO(freep) char *ramdisk = said->ramdisk ? path_join(dir, said->ramdisk) : NULL;

    if (check_file(kernel, e) < 0 || (ramdisk && check_file(ramdisk, e) < 0) ||
        boot_open_kernel(g->d, kernel, false, &out->kernel, e) < 0 ||
        boot_open_ramdisk(ramdisk, &out->ramdisk, e) < 0)
        return -1;
    out->cmdline = xstrdup_null(said->args);
    return 0;
}

static int run_in(struct xguest *g, const char *dir, const struct job *j, struct boot *out,
                  struct err *e)
{
    AUTO(freep) char *program = find_program(g->spec->bootloader, e);
    AUTO(freep) char *result = path_join(dir, RESULT);
    AUTO(closep) int disk = -1;
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct argv argv = {0};
    struct said said;
    dev_t device;
    int r;

    if (!program || write_file_whole(result, "", 0, 0666, e) < 0 || chmod(result, 0666) < 0 ||
        (disk = open_disk(g->spec, &device, e)) < 0)
        return -1;
    make_argv(&argv, g->spec, dir, device, program);
    r = capture(&argv, j, e);
    for (size_t i = 0; i < argv.len; i++)
        free(argv.ptr[i]);
    vec_clear(&argv);
    if (r < 0 || check_file(result, e) < 0 || read_file(result, RESULT_BYTES_MAX, &text, e) < 0 ||
        parse(&text, &said, e) < 0)
        return -1;
    return load(g, dir, &said, out, e);
}

int bootloader_run(struct xguest *g, const struct job *j, struct boot *out, struct err *e)
{
    AUTO(freep) char *dir = path_join(place_of(g->d), PREFIX "XXXXXX");
    int r = make_dirs(place_of(g->d), 0700, e);

    if (r < 0 || !mkdtemp(dir))
        return r < 0 ? -1 : err_sys(e, "%s", dir);
    r = run_in(g, dir, j, out, e);
    remove_dir(dir);
    return r < 0 ? err_add(e, "bootloader %s", g->spec->bootloader) : 0;
}
