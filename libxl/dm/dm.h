/*
 * What the drivers share that run QEMU: as a whole machine (libxl/qemu) or as the device model of
 * a Xen domain (libxl/xen). Its command line's pieces, its process, its logs, its taps; QMP is
 * qmp.h's. Knows nothing of guests.
 */
#ifndef DM_DM_H
#define DM_DM_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/value.h"
#include "libxl/base/err.h"
#include "libxl/base/vec.h"
#include "libxl/driver.h"
#include "libxl/spec.h"

/* ---- args.c: command lines; pure ---- */

struct strings VEC(char *);
void strings_clear(struct strings *v);
void args_add(struct strings *argv, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An option and its word. */
void args_add2(struct strings *argv, const char *option, const char *text);
void args_add_json(struct strings *argv, const char *option, const struct value *v);
/* Words that go into an option of several parts must not bring parts of their own: letters, digits
 * and `more`. */
int argv_check_word(const char *field, const char *text, const char *more, struct err *e);

/* By descriptor: what was checked is what is loaded, and QEMU's user need not reach the path. None
 * when kernel_fd is -1. */
void args_add_kernel(struct strings *argv, int kernel_fd, int ramdisk_fd, const char *cmdline);

/* What a spec says about its screen; all borrowed, NULL where it says nothing. */
struct screen {
    const char *listen, *passwd, *keymap;
    int64_t display, videoram; /* display -1: the first free one */
    bool unused;
};
/* False when it asks for none. */
bool screen_of(const struct spec *s, struct screen *out);
/* How screens are encrypted: vnc-tls, vnc-x509-cert-dir and vnc-x509-verify of the configuration.
 */
struct vnc_tls {
    bool on;
    const char *dir; /* of certificates, borrowed; NULL: encrypted, and nobody proves who he is */
    bool verify;     /* viewers show a certificate */
};
void vnc_tls_read(const struct value *config, struct vnc_tls *out);

/*
 * -vnc and -k. listen, keymap: where the spec says none; or NULL. secret_fd: in the child, where
 * the password is, or -1: one that the spec wants must be there.
 */
int args_add_vnc(struct strings *argv, const struct screen *sc, const char *listen,
                 const char *keymap, const struct vnc_tls *tls, int secret_fd, struct err *e);

/* ---- vnc.c ---- */

/* What query-vnc has answered; ERR_STATE when nothing is served. */
int vnc_place_read(const struct value *reply, struct vnc_place *place, struct err *e);

/* ---- secret.c: VNC passwords, by descriptor: in no argument, environment, file or log ---- */

/*
 * A file with the spec's VNC password (or dflt, which may be NULL) for its QEMU, or with one that
 * nobody knows when the spec's is lost (SECRET_HIDDEN); *fd is -1 when it needs none.
 */
int vnc_secret_make(const struct spec *s, const char *dflt, int *fd, struct err *e);
/* Puts the password that this process has into a spec that came from a file without it. */
void vnc_secret_find(struct spec *s, pid_t pid);

/* ---- channel.c ---- */

#define CHANNELS_MAX 12 /* xend has consoles for so many */

/* The n-th channel, counted from 1 as in xl, or NULL; borrowed. */
const struct channel *channel_at(const struct spec *s, size_t n);
/* Where QEMU listens for it; dir: the guest's. The caller frees. */
char *channel_socket(const struct channel *c, const char *dir, size_t n);
/* Refuses too many. */
int channels_check(const struct spec *s, struct err *e);
/* A new socket there, which is not to be left behind: see channels_remove. */
int channel_listen(const struct channel *c, const char *dir, size_t n, struct err *e);
/* Removes the sockets that were made where the spec wanted them: those that nobody listens at any
 * more, or all. */
void channels_remove(const struct spec *s, bool even_live);
/* Connects to the one of this name, which must be a pty. */
int channel_connect(const struct spec *s, const char *dir, const char *name, struct err *e);

/* ---- logfile.c: logs that a guest or its QEMU writes: bounded ---- */

#define LOG_BYTES_MAX (1024 * 1024)
#define LOG_BYTES_KEPT (256 * 1024)

/* Opens for appending, empty; what was there goes to path.1. */
int logfile_open(const char *path, struct err *e);
/* Cuts it down to its last LOG_BYTES_KEPT when it is over LOG_BYTES_MAX; true when it was. */
bool logfile_trim(const char *path);
/* True when the log says that the guest powered itself off: the trace of argv.c is in it. */
bool logfile_tells_poweroff(const char *path);
/* The last lines of a QEMU's log, without time stamps, in one line; NULL when it said nothing. */
char *logfile_last_words(const char *path);
/* The same as an error: known texts become ours. `what` says how it ended. */
int last_words_to_err(const char *words, const char *what, struct err *e);

/* ---- process.c ---- */

/* What a guest's QEMU may become when xend is root. */
struct ids {
    bool set;
    uid_t uid;
    gid_t gid, kvm_gid;
    bool kvm_group;
};
void ids_find(struct ids *ids, const struct value *config);

/* Finds a program in the host's usual places; NULL when it is not there. The caller frees. */
char *program_find(const char *name);
/* pidfd of a process with this start time, or -1. */
int process_open(pid_t pid, uint64_t start);
/* The process whose command line has both words, or 0. */
pid_t process_find(const char *uuid, const char *nonce);
/* Ends all processes whose command line has both words, likewise. */
void processes_end(const char *uuid, const char *nonce);
/* Ends a process that is provably ours, without hurry, and waits for its end. */
void process_end(int pidfd);
/* Sends a signal; harmless when it has ended. */
void process_signal(int pidfd, int signal);
/* Waits for its end; false at the deadline. */
bool process_await_end(int pidfd, int timeout_ms);

/* ---- image.c, kernel.c: opening what a guest is made of; errors name the file ---- */

/* Opens a disk's file as its mode wants it; *block: it is a block device. */
int image_open(const struct disk *k, bool *block, struct err *e);

/* Sizes as a guest kernel may have them: far over real ones (60 and 700 MiB), below harm. */
#define KERNEL_BYTES_MAX (256LL << 20)
#define RAMDISK_BYTES_MAX (2048LL << 20)

/*
 * Opens and checks a kernel: a Linux bzImage, or an ELF image with the PVH entry note; *cmdline_max
 * is what its header allows. Then a ramdisk.
 */
int kernel_open(const char *path, size_t *cmdline_max, struct err *e);
int ramdisk_open(const char *path, struct err *e);
/* True when /proc/self/fd/N of this file opens for that user; else make a copy that does. */
bool file_readable_by(int fd, const struct ids *ids);
int file_copy_to_memory(int fd, struct err *e);

/* ---- tap.c ---- */

/* A new tap of this name; ERR_EXISTS when there is an interface of that name. */
int tap_open(const char *dev, struct err *e);
/* The bridge for those who name none: the first one that no other program keeps for itself. */
bool bridge_default(char name[16]); /* IFNAMSIZ */

#endif
