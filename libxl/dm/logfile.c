/*
 * Logs that grow at the will of a guest (its console) or of its QEMU (stderr): bounded here, for
 * a guest must not fill the host's disk (XSA-180). Both are written through descriptors opened for
 * appending, so they can be cut from outside. Called by create.c and the monitor.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/dm/dm.h"

#define TAIL_BYTES 4096 /* of a QEMU's log: enough for its last words */
#define TAIL_LINES 3
#define WORDS_MAX 400
/* 6 is SHUTDOWN_CAUSE_GUEST_SHUTDOWN; a reset under -action reboot=shutdown leaves no trace */
#define POWEROFF_TRACE "qemu_system_shutdown_request reason=6"

/* O_NOFOLLOW: the name holds a domain's name; the folder is ours. */
int logfile_open(const char *path, struct err *e)
{
    AUTO(freep) char *old = xasprintf("%s.1", path);
    struct stat st;
    int fd;

    logfile_trim(path); /* it may have grown while no xend was there */
    if (stat(path, &st) == 0 && st.st_size > 0)
        rename(path, old); /* when it fails, the log goes on where it was */
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? err_sys(e, "%s", path) : fd;
}

bool logfile_trim(const char *path)
{
    AUTO(closep) int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    AUTO(freep) char *kept = NULL;
    struct stat st;
    struct err e;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= LOG_BYTES_MAX)
        return false;
    kept = xmalloc(LOG_BYTES_KEPT);
    n = pread(fd, kept, LOG_BYTES_KEPT, st.st_size - LOG_BYTES_KEPT);
    /* what is written between here and the next line is lost: the price of having no lock */
    if (ftruncate(fd, 0) == 0 && n > 0)
        write_all(fd, kept, (size_t)n, &e);
    return true;
}

/* The end of the file, as text; -1 when there is none. */
static int read_tail(const char *path, char text[TAIL_BYTES + 1])
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    ssize_t n;

    if (size < 0)
        return -1;
    n = pread(fd, text, TAIL_BYTES, size > TAIL_BYTES ? size - TAIL_BYTES : 0);
    text[n > 0 ? n : 0] = '\0';
    return 0;
}

bool logfile_tells_poweroff(const char *path)
{
    char text[TAIL_BYTES + 1];

    return read_tail(path, text) == 0 && strstr(text, POWEROFF_TRACE);
}

/* "2026-11-22T01:36:13.870183Z qemu-system-x86_64: TEXT": where TEXT begins. */
static const char *skip_prefix(const char *line)
{
    const char *at = strstr(line, "qemu-system-");
    const char *colon = at && at - line < 40 ? strstr(at, ": ") : NULL;

    return colon ? colon + 2 : line;
}

/* Cuts text into lines in place; the last `max` that say something, oldest first. */
static size_t last_lines(char *text, const char **lines, size_t max)
{
    size_t n = 0;
    char *save = NULL;

    for (char *l = strtok_r(text, "\r\n", &save); l; l = strtok_r(NULL, "\r\n", &save)) {
        if (strstr(l, "terminating on signal") || strstr(l, ": warning: ") ||
            strstr(l, "qemu_system_shutdown_request") || strstr(l, "VNC server running on "))
            continue;
        if (n == max)
            memmove(lines, lines + 1, --n * sizeof(lines[0]));
        lines[n++] = skip_prefix(l);
    }
    return n;
}

char *logfile_last_words(const char *path)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    const char *lines[TAIL_LINES];
    char text[TAIL_BYTES + 1];
    size_t count;

    if (read_tail(path, text) < 0)
        return NULL;
    count = last_lines(text, lines, TAIL_LINES);
    for (size_t i = 0; i < count; i++)
        buf_addf(&out, "%s%s", i ? "; " : "", lines[i]);
    if (out.len > WORDS_MAX)
        buf_shift(&out, out.len - WORDS_MAX);
    return out.len ? buf_steal(&out) : NULL;
}

/* Known last words, what they mean, and what to do. */
static const struct {
    const char *words;
    enum err_code code;
    const char *text, *hint;
} known[] = {
    {"Is another process using the image", ERR_BUSY, "a disk image is in use by another process",
     "Another running domain may have this disk; a shared one needs mode w! in both."},
    {"Failed to get \"write\" lock", ERR_BUSY, "a disk image is in use by another process",
     "Another running domain may have this disk; a shared one needs mode w! in both."},
    {"unsupported machine type", ERR_INVALID, "QEMU has no such machine type",
     "qemu-system-x86_64 -machine help lists them."},
    {"unable to find CPU model", ERR_INVALID, "QEMU has no such CPU model",
     "qemu-system-x86_64 -cpu help lists them."},
    {"Invalid SMP CPUs", ERR_INVALID, "more vcpus than the machine type takes", ""},
    {"Cannot allocate memory", ERR_NO_RESOURCE, "the host has not enough free memory", ""},
    {"cannot set up guest memory", ERR_NO_RESOURCE, "the host has not enough free memory", ""},
    {"could not read keymap file", ERR_INVALID, "QEMU has no such keymap",
     "/usr/share/qemu/keymaps has a file for each: en-us, de, fr, ..."},
    {"Failed to find an available port", ERR_BUSY, "the port for VNC is in use",
     "Leave vncdisplay out, or set vncunused = 1: the first free one is taken."},
    {"Failed to bind socket: Cannot assign", ERR_INVALID, "vnclisten: no address of this host", ""},
    {"does not support DES", ERR_UNSUPPORTED, "vncpasswd: this QEMU has no VNC passwords",
     "Leave vncpasswd out, and VNC on 127.0.0.1: ssh -L brings it elsewhere."},
    {"TLS credentials support requires GNUTLS", ERR_UNSUPPORTED, "vnc-tls: this QEMU has no TLS",
     "Set (vnc-tls no) in xend-config.sxp, and VNC on 127.0.0.1: ssh -L brings it elsewhere."},
    {"address resolution failed for", ERR_INVALID, "vnclisten: no such host", ""},
    {"Could not access KVM kernel module", ERR_DENIED, "QEMU may not use /dev/kvm",
     "Put the user that QEMU runs as into group kvm, or set accel = 'tcg'."},
};

int last_words_to_err(const char *words, const char *what, struct err *e)
{
    if (!words)
        return err_set(e, ERR_BACKEND, "QEMU %s and said nothing", what);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!strstr(words, known[i].words))
            continue;
        err_set(e, known[i].code, "%s (QEMU: %s)", known[i].text, words);
        return err_hint(e, "%s", known[i].hint);
    }
    return err_set(e, ERR_BACKEND, "QEMU %s: %s", what, words);
}
