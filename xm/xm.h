/*
 * What the files of xm share: the table of commands, the context of one run, and the few helpers
 * that most commands call. xm is short-lived and has one thread.
 */
#ifndef XM_XM_H
#define XM_XM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/value.h"
#include "libxl/base/version.h"
#include "libxl/base/buf.h"
#include "libxl/base/err.h"
#include "libxl/base/paths.h"
#include "xm/options.h"

#define EXIT_ERROR 1
#define WAIT_S 60         /* longest ?wait= that xend accepts */
#define HISTORY_MAX 65536 /* bytes of a console's past: xend keeps no more */

struct client;
struct stream;
struct xm;

struct command {
    const char *name;
    const char *args;  /* as in "Usage: xm NAME ARGS" */
    const char *brief; /* one sentence */
    const struct option *options;
    int (*run)(struct xm *xm, const struct args *a); /* returns the exit status */
    signed char min_words, max_words;                /* max -1: any number */
    bool common;                                     /* listed by plain `xm` */
};

/* All commands, in the order of `xm help`; ends with a row without name. */
extern const struct command commands[];
/* The present name of a command's old one, with a warning; or name itself (main.c). */
const char *command_current_name(const char *name);

struct xm {
    const struct command *command;
    struct paths paths;
    const char *host;      /* -H or XM_SERVER; NULL: the socket of paths */
    struct client *client; /* NULL until the first request */
};

/* Prints "Error: ..." and the hint; returns the exit status of the error. */
int xm_fail(const struct err *e);
/* Prints "Error: ..." to stderr, a blank line and the usage of the command; returns 1. */
int xm_usage_error(const struct command *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void xm_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Help, on stdout (help.c). */
void help_short(void);
void help_long(void);
void help_command(const struct command *c);
void help_row(const char *name, const char *text); /* one line of a list, wrapped */

/* Flushes stdout; the status, or 1 with a message when what was printed could not be written. */
int output_end(int status);
/* A value as indented JSON, with a newline, on stdout. */
void print_json(const struct value *v);
/* The result of a job, likewise. */
void print_result(const struct value *job);
/*
 * A text that may quote a guest or a program: lines stay (those of a terminal too), of the control
 * characters nothing that a terminal would obey.
 */
void print_clean(FILE *f, const char *text, size_t len);
/* The text without control characters (each becomes "?"); the caller frees. */
char *clean_text(const char *text);
/* Local time as "YYYY-mm-dd HH:MM:SS" (size 20 at least); seconds since the epoch. */
void format_time(double seconds, char *out, size_t size);

/*
 * One request to xend, which is connected to on first use (session.c). Returns the HTTP status
 * (always below 400) or -1. *reply (may be NULL) becomes the caller's, NULL when there is no body.
 */
int xend_request(struct xm *xm, const char *method, const char *path, const struct value *body,
                 struct value **reply, struct err *e);
/* GET that has a body; NULL on error. The caller frees. */
struct value *xend_get(struct xm *xm, const char *path, struct err *e);
/* A connected stream to xend that nothing was said on yet; the caller closes. */
int xend_connect(struct xm *xm, struct err *e);

/* A request whose reply is shown as it comes: see client_stream. */
int xend_stream(struct xm *xm, struct stream *s, struct err *e);

/*
 * After an error: true when xend may be restarting, for 30 s at most; a moment has passed then.
 * *lost_ms is 0 at first, and set to 0 by the caller whenever xend answers.
 */
bool xend_try_again(int64_t *lost_ms, const struct err *e);

/* A GET that makes the connection a stream: see client_upgrade. */
int xend_upgrade(struct xm *xm, const char *path, const char *protocol, struct buf *early,
                 struct err *e);

/* For a part of a path or query; the caller frees. */
char *url_escape(const char *text);
/*
 * -1, as xend would say it, for what is no domain's name, id or uuid: empty, too long, with a slash
 * or a control character. Such a word is not sent.
 */
int domain_check(const char *name, struct err *e);
/* "/v1/domains/NAME" with NAME escaped, and suffix appended; the caller frees. */
char *domain_path(const char *name, const char *suffix);
/* The domain with this name, id or uuid. The caller frees. */
struct value *domain_get(struct xm *xm, const char *name, struct err *e);

/*
 * Posts an action and waits for the end of its job; a slow one shows its progress when stderr is
 * a terminal. Returns the finished job (the caller's), or NULL with the job's error.
 */
struct value *job_run(struct xm *xm, const char *path, const struct value *body, struct err *e);

/* What a job that runs does, on one line of stderr; NULL wipes it. Nothing but on a terminal. */
void job_show(const struct value *job);

/* The job of this number, when it has ended well; NULL with its error. */
struct value *job_wait(struct xm *xm, int64_t id, struct err *e);

/*
 * The same for an action ("/pause") on the domain that the first word names; the exit status,
 * after an error with its message. *job (may be NULL) becomes the caller's.
 */
int domain_act(struct xm *xm, const struct args *a, const char *action, const struct value *body,
               struct value **job);

/* The same with another method than POST. */
int domain_ask(struct xm *xm, const struct args *a, const char *method, const char *action,
               const struct value *body, struct value **job);

/* Ctrl-C prints "Interrupted." and ends the process with 1; note (static, or NULL) follows it. */
void interrupt_init(void);
void interrupt_note(const char *note);
/* Whether Ctrl-C first wipes the line of stderr that the cursor is on. */
void interrupt_wipe(bool wipe);
/*
 * From now on the first Ctrl-C only makes interrupt_fd() readable, and requests to xend fail with
 * ERR_CANCELLED, until interrupt_take() says that there was one and prints the line; the next ends
 * the process. interrupt_fd: -1 when it is not so.
 */
void interrupt_defer(void);
int interrupt_fd(void);
bool interrupt_take(void);
/* From now on it ends the process without a word, by the signal: the end of what never ends. */
void interrupt_quiet(void);

/* Attaches the terminal to a domain's console (cmd_console.c); returns the exit status. */
int console_attach(struct xm *xm, const char *domain, const char *which, int history, bool quiet);

/* Opens a file in the user's editor, and waits for its end (cmd_edit.c). */
int editor_run(const char *path, struct err *e);

int cmd_autostart(struct xm *xm, const struct args *a);
int cmd_block_attach(struct xm *xm, const struct args *a);
int cmd_block_configure(struct xm *xm, const struct args *a);
int cmd_block_detach(struct xm *xm, const struct args *a);
int cmd_block_list(struct xm *xm, const struct args *a);
int cmd_check(struct xm *xm, const struct args *a);
int cmd_clone(struct xm *xm, const struct args *a);
int cmd_console(struct xm *xm, const struct args *a);
int cmd_convert(struct xm *xm, const struct args *a);
int cmd_create(struct xm *xm, const struct args *a);
int cmd_destroy(struct xm *xm, const struct args *a);
int cmd_dmesg(struct xm *xm, const struct args *a);
int cmd_diff(struct xm *xm, const struct args *a);
int cmd_domid(struct xm *xm, const struct args *a);
int cmd_domname(struct xm *xm, const struct args *a);
int cmd_domstate(struct xm *xm, const struct args *a);
int cmd_dump_core(struct xm *xm, const struct args *a);
int cmd_edit(struct xm *xm, const struct args *a);
int cmd_events(struct xm *xm, const struct args *a);
int cmd_history(struct xm *xm, const struct args *a);
int cmd_help(struct xm *xm, const struct args *a);
int cmd_iface_bridge(struct xm *xm, const struct args *a);
int cmd_iface_list(struct xm *xm, const struct args *a);
int cmd_iface_unbridge(struct xm *xm, const struct args *a);
int cmd_info(struct xm *xm, const struct args *a);
int cmd_ip(struct xm *xm, const struct args *a);
int cmd_job_cancel(struct xm *xm, const struct args *a);
int cmd_job_wait(struct xm *xm, const struct args *a);
int cmd_jobs(struct xm *xm, const struct args *a);
int cmd_list(struct xm *xm, const struct args *a);
int cmd_log(struct xm *xm, const struct args *a);
int cmd_mem_max(struct xm *xm, const struct args *a);
int cmd_mem_set(struct xm *xm, const struct args *a);
int cmd_net_autostart(struct xm *xm, const struct args *a);
int cmd_net_delete(struct xm *xm, const struct args *a);
int cmd_net_edit(struct xm *xm, const struct args *a);
int cmd_net_info(struct xm *xm, const struct args *a);
int cmd_net_list(struct xm *xm, const struct args *a);
int cmd_net_new(struct xm *xm, const struct args *a);
int cmd_net_start(struct xm *xm, const struct args *a);
int cmd_net_stop(struct xm *xm, const struct args *a);
int cmd_network_attach(struct xm *xm, const struct args *a);
int cmd_network_detach(struct xm *xm, const struct args *a);
int cmd_network_list(struct xm *xm, const struct args *a);
int cmd_pause(struct xm *xm, const struct args *a);
int cmd_pci_assignable_add(struct xm *xm, const struct args *a);
int cmd_pci_assignable_list(struct xm *xm, const struct args *a);
int cmd_pci_assignable_remove(struct xm *xm, const struct args *a);
int cmd_pci_attach(struct xm *xm, const struct args *a);
int cmd_pci_detach(struct xm *xm, const struct args *a);
int cmd_channel_list(struct xm *xm, const struct args *a);
int cmd_pci_list(struct xm *xm, const struct args *a);
int cmd_reboot(struct xm *xm, const struct args *a);
int cmd_rename(struct xm *xm, const struct args *a);
int cmd_reset(struct xm *xm, const struct args *a);
int cmd_restore(struct xm *xm, const struct args *a);
int cmd_save(struct xm *xm, const struct args *a);
int cmd_delete(struct xm *xm, const struct args *a);
int cmd_new(struct xm *xm, const struct args *a);
int cmd_resume(struct xm *xm, const struct args *a);
int cmd_start(struct xm *xm, const struct args *a);
int cmd_suspend(struct xm *xm, const struct args *a);
int cmd_migrate(struct xm *xm, const struct args *a);
int cmd_serve(struct xm *xm, const struct args *a);
int cmd_shutdown(struct xm *xm, const struct args *a);
int cmd_sysrq(struct xm *xm, const struct args *a);
int cmd_top(struct xm *xm, const struct args *a);
int cmd_trigger(struct xm *xm, const struct args *a);
int cmd_unpause(struct xm *xm, const struct args *a);
int cmd_uptime(struct xm *xm, const struct args *a);
int cmd_cpupool_list(struct xm *xm, const struct args *a);
int cmd_cpupool_create(struct xm *xm, const struct args *a);
int cmd_cpupool_new(struct xm *xm, const struct args *a);
int cmd_cpupool_start(struct xm *xm, const struct args *a);
int cmd_cpupool_delete(struct xm *xm, const struct args *a);
int cmd_cpupool_destroy(struct xm *xm, const struct args *a);
int cmd_cpupool_cpu_add(struct xm *xm, const struct args *a);
int cmd_cpupool_cpu_remove(struct xm *xm, const struct args *a);
int cmd_cpupool_migrate(struct xm *xm, const struct args *a);
int cmd_debug_keys(struct xm *xm, const struct args *a);
int cmd_sched_credit(struct xm *xm, const struct args *a);
int cmd_sched_credit2(struct xm *xm, const struct args *a);
int cmd_sched_sedf(struct xm *xm, const struct args *a);
int cmd_usb_add(struct xm *xm, const struct args *a);
int cmd_usb_attach(struct xm *xm, const struct args *a);
int cmd_usb_assignable_list(struct xm *xm, const struct args *a);
int cmd_usb_del(struct xm *xm, const struct args *a);
int cmd_usb_detach(struct xm *xm, const struct args *a);
int cmd_usb_hc(struct xm *xm, const struct args *a);
int cmd_usb_list(struct xm *xm, const struct args *a);
int cmd_vcpu_list(struct xm *xm, const struct args *a);
int cmd_vcpu_pin(struct xm *xm, const struct args *a);
int cmd_vcpu_set(struct xm *xm, const struct args *a);
int cmd_wait(struct xm *xm, const struct args *a);
int cmd_vncdisplay(struct xm *xm, const struct args *a);
int cmd_vncviewer(struct xm *xm, const struct args *a);
int cmd_version(struct xm *xm, const struct args *a);

extern const struct option iface_force_options[], pci_assignable_list_options[],
    pci_assignable_add_options[], pci_assignable_remove_options[];
extern const struct option net_new_options[], net_force_options[], net_autostart_options[];
extern const struct option autostart_options[], check_options[], convert_options[], diff_options[],
    console_options[], create_options[], dmesg_options[], dump_options[], events_options[],
    info_options[], list_options[], log_options[], migrate_options[], new_options[],
    restore_options[], resume_options[], save_options[], start_options[], shutdown_options[],
    reboot_options[], top_options[], uptime_options[], json_options[], help_options[],
    history_options[], wait_options[], clone_options[], device_list_options[], detach_options[],
    pci_attach_options[], vncviewer_options[], sched_options[], sedf_options[],
    cpupool_list_options[];

#endif
