/*
 * The child that moves a guest's memory: it has the hypervisor, the stream and a socket to xend,
 * and is a user that nobody else is, so that it can reach no file. Started by stream.c.
 */
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/xen/dm.h"
#include "libxl/xen/helper.h"
#include "libxl/xen/stream.h"

#include <xenguest.h> /* does not stand alone: after xenctrl.h */

#define DOM0 0

static void tell(enum stream_word word, uint64_t a, uint64_t b, const char *text)
{
    struct stream_record m = {.word = word, .a = a, .b = b};
    int sys = errno;

    snprintf(m.text, sizeof(m.text), "%s", text);
    if (send(STREAM_SOCK, &m, sizeof(m), MSG_NOSIGNAL) < 0)
        _exit(1); /* nobody waits for us any more */
    errno = sys;
}

static int ask(enum stream_word word, uint64_t a)
{
    char yes;

    tell(word, a, 0, "");
    return recv(STREAM_SOCK, &yes, 1, 0) == 1 ? 0 : -1;
}

/* ---- what libxenguest calls */

static void __attribute__((format(printf, 5, 0)))
on_message(xentoollog_logger *logger, xentoollog_level level, int sys, const char *context,
           const char *fmt, va_list ap)
{
    struct xlog *l = (struct xlog *)logger;
    char text[sizeof(l->words)];

    (void)sys, (void)context;
    if (level < XTL_WARN)
        return;
    vsnprintf(text, sizeof(text), fmt, ap);
    tell(WORD_SAYS, 0, 0, text);
    if (level >= XTL_ERROR && !l->words[0])
        memcpy(l->words, text, sizeof(text));
}

static void __attribute__((nonnull))
on_progress(xentoollog_logger *logger, const char *context, const char *what, int percent,
            unsigned long done, unsigned long total)
{
    (void)logger, (void)context, (void)what, (void)percent;
    tell(WORD_PROGRESS, done * XC_PAGE_SIZE, total * XC_PAGE_SIZE, "");
}

static int on_suspend(void *data)
{
    (void)data;
    return ask(WORD_SUSPEND, 0) == 0;
}

static int on_logdirty(uint32_t domid, unsigned enable, void *data)
{
    (void)domid, (void)data;
    return ask(WORD_LOGDIRTY, enable);
}

/* A stream of before Xen 4.14 lacks the processor's features: those of this host, as in create. */
static int on_static_data(unsigned missing, void *data)
{
    (void)data;
    if (missing & XGR_SDD_MISSING_CPUID)
        tell(WORD_SAYS, 0, 0, "its stream says no CPU features: it has those of this host");
    return 0;
}

/* ---- the device model's state, behind Xen's stream */

/* So many bytes from where the one descriptor is to where the other is. */
static int copy(int from, int to, size_t n, struct err *e)
{
    char chunk[65536];

    while (n) {
        size_t k = n < sizeof(chunk) ? n : sizeof(chunk);

        if (read_full(from, chunk, k, e) < 0 || write_all(to, chunk, k, e) < 0)
            return -1;
        n -= k;
    }
    return 0;
}

static int write_state(struct err *e)
{
    off_t size = lseek(STREAM_STATE, 0, SEEK_END);
    uint32_t length = htole32((uint32_t)size);

    if (size < 0 || lseek(STREAM_STATE, 0, SEEK_SET) < 0)
        return err_sys(e, "the state of its device model");
    return write_all(STREAM_FD, STREAM_STATE_MAGIC, strlen(STREAM_STATE_MAGIC), e) < 0 ||
                   write_all(STREAM_FD, &length, sizeof(length), e) < 0
               ? -1
               : copy(STREAM_STATE, STREAM_FD, (size_t)size, e);
}

static int read_state(struct err *e)
{
    char magic[sizeof(STREAM_STATE_MAGIC) - 1];
    uint32_t length = 0;

    if (read_full(STREAM_FD, magic, sizeof(magic), e) < 0)
        return -1;
    if (memcmp(magic, STREAM_STATE_MAGIC, sizeof(magic)) != 0)
        return err_set(e, ERR_INVALID, "it does not begin with %s", STREAM_STATE_MAGIC);
    if (read_full(STREAM_FD, &length, sizeof(length), e) < 0)
        return -1;
    length = le32toh(length);
    if (length == 0 || length > DM_STATE_MAX)
        return err_set(e, ERR_INVALID, "%u bytes: not from 1 to %d", (unsigned)length,
                       DM_STATE_MAX);
    return copy(STREAM_FD, STREAM_STATE, length, e);
}

static int move_state(int (*move)(struct err *e), struct xlog *log)
{
    struct err e;

    if (move(&e) == 0)
        return 0;
    snprintf(log->words, sizeof(log->words), "the state of its device model: %.200s", e.msg);
    errno = e.sys;
    return -1;
}

/* ---- the work. numbers: of the domain; live, or not PV; event channels of xenstore and console;
 * there is a device model */

static int save(xc_interface *xch, const unsigned *numbers, struct xlog *log)
{
    struct save_callbacks callbacks = {.suspend = on_suspend, .switch_qemu_logdirty = on_logdirty};

    if (xc_domain_save(xch, STREAM_FD, numbers[0], numbers[1] ? XCFLAGS_LIVE : 0, &callbacks,
                       XC_STREAM_PLAIN, -1) < 0 ||
        (numbers[4] && move_state(write_state, log) < 0))
        return -1;
    tell(WORD_DONE, 0, 0, "");
    return 0;
}

static int restore(xc_interface *xch, const unsigned *numbers, struct xlog *log)
{
    struct restore_callbacks callbacks = {.static_data_done = on_static_data};
    unsigned long store = 0, console = 0;

    if (xc_domain_restore(xch, STREAM_FD, numbers[0], numbers[2], &store, DOM0, numbers[3],
                          &console, DOM0, XC_STREAM_PLAIN, &callbacks, -1) < 0 ||
        xc_dom_gnttab_seed(xch, numbers[0], numbers[1], console, store, DOM0, DOM0) < 0 ||
        (numbers[4] && move_state(read_state, log) < 0))
        return -1;
    tell(WORD_DONE, store, console, "");
    return 0;
}

int stream_child(int argc, char **argv)
{
    struct xlog log = {.vtable = {.vmessage = on_message, .progress = on_progress}};
    unsigned numbers[5] = {0};
    xc_interface *xch = xc_interface_open(&log.vtable, NULL, 0);

    for (int i = 0; i < 5 && i + 1 < argc; i++)
        numbers[i] = (unsigned)strtoul(argv[i + 1], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    if (argc == 6 && xch && helper_drop(helper_uid()) == 0 &&
        (strcmp(argv[0], "save") == 0 ? save : restore)(xch, numbers, &log) == 0)
        return 0;
    tell(WORD_FAILED, (uint64_t)errno, 0, log.words);
    return 1;
}
