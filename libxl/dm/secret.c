/*
 * The VNC password, handed to QEMU in a sealed memory file, by descriptor: it is in xend's memory
 * and in the guest's process, in no argument, environment, file or log. The descriptor stays open
 * in QEMU, so a xend that was restarted finds the password there again and a later reboot of the
 * domain still has it. Called by the drivers that run QEMU.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/dm/dm.h"

/* Names of memory files, as /proc shows them: with a password, and with one that nobody knows. */
#define KNOWN_NAME "xend-vnc-password"
#define NOBODY_NAME "xend-vnc-nobody"
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* The member of the spec whose password is in use, or NULL. */
static char **password_of(struct spec *s)
{
    for (size_t i = 0; i < s->devices.len; i++) {
        struct device *d = s->devices.ptr[i];

        if (d->class == DEVICE_VFB && d->vfb.vnc && d->vfb.vncpasswd)
            return &d->vfb.vncpasswd;
    }
    return s->vncpasswd ? &s->vncpasswd : NULL;
}

/* Anybody may open it who gets at the descriptor: QEMU's user does, by /proc/self/fd. */
static int secret_file(const char *name, const char *text, struct err *e)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_sys(e, "memfd");
    if (write_all(fd, text, strlen(text), e) == 0 && fchmod(fd, 0444) == 0 &&
        fcntl(fd, F_ADD_SEALS, ALL_SEALS) == 0)
        return fd;
    err_sys(e, "memfd");
    close(fd);
    return -1;
}

/* 48 random bits as a password. */
static void make_password(char out[VNC_PASSWORD_MAX + 1])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char r[VNC_PASSWORD_MAX];

    if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
        abort(); /* cannot be: 8 bytes without flags */
    for (size_t i = 0; i < sizeof(r); i++)
        out[i] = letters[r[i] % 64];
    out[sizeof(r)] = '\0';
}

int vnc_secret_make(const struct spec *s, const char *dflt, int *fd, struct err *e)
{
    char nobody[VNC_PASSWORD_MAX + 1];
    struct screen sc;
    const char *text;

    *fd = -1;
    if (!screen_of(s, &sc))
        return 0;
    text = sc.passwd ? sc.passwd : dflt;
    if (!text || !*text)
        return 0;
    if (check_vncpasswd(text, e) < 0) /* of a spec that no reader has seen */
        return err_add(e, "vncpasswd");
    if (strcmp(text, SECRET_HIDDEN) != 0) {
        *fd = secret_file(KNOWN_NAME, text, e);
        return *fd < 0 ? -1 : 0;
    }
    log_warn("%s: its VNC password is not known any more: nobody gets in until it is created again",
             s->name);
    make_password(nobody);
    *fd = secret_file(NOBODY_NAME, nobody, e);
    return *fd < 0 ? -1 : 0;
}

/* The password in this descriptor of another process, if it is our file: a guest that took over
 * its QEMU may have put anything in its place. */
static char *read_secret(const char *path)
{
    AUTO(closep) int fd = -1;
    char link[64] = "", text[VNC_PASSWORD_MAX + 1];
    ssize_t n;

    if (readlink(path, link, sizeof(link) - 1) < 0 ||
        strcmp(link, "/memfd:" KNOWN_NAME " (deleted)") != 0)
        return NULL;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fcntl(fd, F_GET_SEALS) != ALL_SEALS)
        return NULL;
    n = pread(fd, text, sizeof(text), 0);
    if (n < 1 || n > VNC_PASSWORD_MAX || memchr(text, '\0', (size_t)n))
        return NULL;
    return xstrndup(text, (size_t)n);
}

void vnc_secret_find(struct spec *s, pid_t pid)
{
    AUTO(freep) char *dir = xasprintf("/proc/%d/fd", (int)pid);
    char **member = password_of(s), *found = NULL;
    struct dirent *entry;
    DIR *d;

    if (!member || strcmp(*member, SECRET_HIDDEN) != 0)
        return;
    d = opendir(dir);
    while (d && !found && (entry = readdir(d))) {
        AUTO(freep) char *path = path_join(dir, entry->d_name);
        found = read_secret(path);
    }
    if (d)
        closedir(d);
    if (!found)
        return; /* vnc_secret_make says what that means, when it comes to mean something */
    free(*member);
    *member = found;
}
