/* xend-config.sxp: see conf.h. Called by main.c. */
#include "xend/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "config/sxp.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/near.h"
#include "libxl/driver.h"
#include "xend/relocate.h"

#define CONF_BYTES_MAX (256 * 1024) /* the original's commented example has 11 KiB */

static int check_level(const char *text, struct err *e)
{
    return log_level_parse(text) >= 0
               ? 0
               : err_set(e, ERR_INVALID, "expected DEBUG, INFO, WARNING or ERROR: %s", text);
}

static int check_driver(const char *text, struct err *e)
{
    return driver_find(text) ? 0 : err_set(e, ERR_INVALID, "expected xen, qemu or test: %s", text);
}

static int check_accel(const char *text, struct err *e)
{
    if (strcmp(text, "auto") == 0 || strcmp(text, "kvm") == 0 || strcmp(text, "tcg") == 0)
        return 0;
    return err_set(e, ERR_INVALID, "expected auto, kvm or tcg: %s", text);
}

static int check_bool(const char *text, struct err *e)
{
    return parse_bool(text) >= 0 ? 0 : err_set(e, ERR_INVALID, "expected bool: %s", text);
}

static int check_mib(const char *text, struct err *e)
{
    int64_t n;

    if (parse_int(text, &n) && n >= 0 && n <= MEMORY_MAX_MIB)
        return 0;
    return err_set(e, ERR_INVALID, "expected MiB, 0 to %d: %s", MEMORY_MAX_MIB, text);
}

static int check_seconds(const char *text, struct err *e)
{
    int64_t n;

    if (parse_int(text, &n) && n >= 1 && n <= 86400)
        return 0;
    return err_set(e, ERR_INVALID, "expected seconds, 1 to 86400: %s", text);
}

static int check_starts(const char *text, struct err *e)
{
    int64_t n;

    if (parse_int(text, &n) && n >= 1 && n <= 60) /* there are 64 workers */
        return 0;
    return err_set(e, ERR_INVALID, "expected a number, 1 to 60: %s", text);
}

static int check_no_tls(const char *text, struct err *e) /* yes is noted, too */
{
    return check_bool(text, e);
}

static int check_port(const char *text, struct err *e)
{
    int64_t n;

    if (parse_int(text, &n) && n >= 1 && n <= 65535)
        return 0;
    return err_set(e, ERR_INVALID, "expected a port, 1 to 65535: %s", text);
}

static int check_hosts(const char *text, struct err *e)
{
    struct hosts *h = hosts_parse(text, e);

    hosts_free(h);
    return h ? 0 : -1;
}

static int check_transport(const char *text, struct err *e)
{
    if (strcmp(text, "ssh") == 0 || strcmp(text, "tcp") == 0)
        return 0;
    return err_set(e, ERR_INVALID, "expected ssh or tcp: %s", text);
}

struct key {
    const char *name;
    const char *dflt;
    int (*check)(const char *text, struct err *e);
};

/* What this xend honours. Keys of the original that it does not are noted, not refused. */
static const struct key keys[] = {
    {"logfile", NULL, NULL},
    {"loglevel", "INFO", check_level},
    {"xend-driver", NULL, check_driver},
    {"xend-unix-path", NULL, NULL},
    {"shutdown-patience", "60", check_seconds},
    {"autostart-parallel", NULL, check_starts},
    {"autostart-patience", "120", check_seconds},
    {"device-destroy-timeout", "100", check_seconds},
    {"qemu-user", "xend-qemu", NULL},
    {"qemu-binary", NULL, NULL},
    {"qemu-accel", NULL, check_accel},
    {"xend-relocation-server", "no", check_bool},
    {"xend-relocation-port", "8002", check_port},
    {"xend-relocation-address", "localhost", NULL},
    {"xend-relocation-hosts-allow", "^localhost$ ^localhost\\.localdomain$", check_hosts},
    {"xend-relocation-transport", "ssh", check_transport},
    {"xend-relocation-ssl-server", "no", check_no_tls},
    {"xend-relocation-ssl", "no", check_no_tls},
    {"relocation-patience", "120", check_seconds},
    {"dom0-min-mem", "0", check_mib},
    {"enable-dom0-ballooning", "yes", check_bool},
    {"network-script", NULL, NULL},
    {"vif-script", "vif-bridge", NULL},
    {"vnc-listen", "127.0.0.1", NULL},
    {"vncpasswd", NULL, check_vncpasswd},
    {"vnc-tls", "no", check_bool},
    {"vnc-x509-cert-dir", NULL, NULL},
    {"vnc-x509-verify", "no", check_bool},
    {"keymap", NULL, NULL},
    {"test-persist", "no", check_bool},
    {"test-control", NULL, NULL},
};

static const struct key *key_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

/* What is not honoured, and why: "FILE:LINE: KEY: text". */
struct reading {
    struct conf *c;
    const char *path;
    int64_t line;
    struct value *notes;
    struct buf faults; /* one a line */
};

static void note(struct reading *r, const char *key, const char *what, const char *near)
{
    AUTO(freep)
    char *text = xasprintf("%s:%" PRId64 ": %s: %s%s%s%s", r->path, r->line, key, what,
                           near ? "; did you mean " : "", near ? near : "", near ? "?" : "");

    value_add_take(r->notes, value_str(text));
}

static void note_unknown(struct reading *r, const char *name)
{
    struct near n = {.word = name};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        near_try(&n, keys[i].name);
    note(r, name, n.best ? "not known, ignored" : "not known here, ignored", n.best);
}

/* All faults are told, each with its place. */
static void fault(struct reading *r, const char *text)
{
    buf_addf(&r->faults, "%s%s:%" PRId64 ": %s", r->faults.len ? "\n" : "", r->path, r->line, text);
}

static void set_value(struct reading *r, const struct key *k, const char *text)
{
    struct err e = {0};

    if (k->check == check_vncpasswd && strlen(text) > VNC_PASSWORD_MAX) {
        AUTO(freep) char *cut = xstrndup(text, VNC_PASSWORD_MAX);
        note(r, k->name, "longer than 8 characters; cut", NULL);
        value_set_str(r->c->map, k->name, cut);
    } else if (k->check && k->check(text, &e) < 0) {
        err_add(&e, "invalid xend config %s", k->name);
        fault(r, e.msg);
    } else {
        if (k->check == check_no_tls && parse_bool(text) > 0)
            note(r, k->name, "not supported, ignored: ssh, the default of xm migrate, encrypts",
                 NULL);
        value_set_str(r->c->map, k->name, text);
    }
}

static void read_entry(struct reading *r, const struct value *form)
{
    const char *name = sxp_head(form);
    const struct key *k = key_find(name);

    if (!*name) {
        fault(r, "expected (key value)");
    } else if (!k) {
        note_unknown(r, name);
    } else if (value_len(form) != 2 || value_type(value_at(form, 1)) != VALUE_STRING) {
        AUTO(freep) char *text = xasprintf("invalid xend config %s: expected one value", name);
        fault(r, text);
    } else {
        set_value(r, k, value_as_str(value_at(form, 1)));
    }
}

int conf_read(struct conf *c, const char *path, struct value **notes, struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *forms = NULL, *lines = NULL;
    struct reading r = {.c = c, .path = path, .notes = value_list(), .faults = BUF_INIT};
    int result = 0;

    c->map = value_map();
    *notes = r.notes;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        value_set_str(c->map, keys[i].name, keys[i].dflt);
    if (read_file(path, CONF_BYTES_MAX, &text, e) < 0)
        return e->sys == ENOENT ? 0 : -1;
    forms = sxp_parse_lines(buf_str(&text), text.len, path, &lines, e);
    if (!forms)
        return -1;
    for (size_t i = 0; i < value_len(forms); i++) {
        r.line = value_as_int(value_at(lines, i));
        read_entry(&r, value_at(forms, i));
    }
    if (r.faults.len)
        result = err_set(e, ERR_INVALID, "%s", buf_str(&r.faults));
    buf_clear(&r.faults);
    return result;
}

void conf_clear(struct conf *c)
{
    value_free(c->map);
    c->map = NULL;
}

const char *conf_str(const struct conf *c, const char *key)
{
    return value_get_str(c->map, key, NULL);
}

int64_t conf_int(const struct conf *c, const char *key)
{
    int64_t n = 0;

    return parse_int(value_get_str(c->map, key, ""), &n) ? n : 0;
}
