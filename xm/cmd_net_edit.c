/*
 * xm net-info and net-edit: one virtual network, to read and to change. What is edited is the JSON
 * of xend's API; what is not taken stays in its file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/json.h"
#include "config/sxp.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/device.h"
#include "xm/xm.h"

#define TEXT_MAX (64 * 1024)

/* The network that the first word names; the caller's. */
static struct value *find(struct xm *xm, const struct args *a, struct err *e)
{
    const char *name = args_word(a, 0);
    AUTO(value_freep) struct value *reply = xend_get(xm, "/v1/networks", e);
    const struct value *list = value_get(reply, "networks");

    for (size_t i = 0; i < value_len(list); i++)
        if (strcmp(value_get_str(value_at(list, i), "name", ""), name) == 0)
            return value_copy(value_at(list, i));
    if (reply) {
        err_set(e, ERR_NOT_FOUND, "Network '%.60s' does not exist", name);
        err_hint(e, "xm net-list shows those that do, xm net-new makes one");
    }
    return NULL;
}

/* "yes", "no", a text, or NULL for what is not said; the caller's. */
static char *word_of(const struct value *v)
{
    if (!v || value_type(v) == VALUE_NIL)
        return NULL;
    if (value_type(v) == VALUE_BOOL)
        return xstrdup(value_as_bool(v) ? "yes" : "no");
    return value_type(v) == VALUE_STRING ? clean_text(value_as_str(v)) : NULL;
}

/* As virsh net-info, and what it leaves out. */
static void print_lines(const struct value *n)
{
    static const char *const lines[][2] = {
        {"Name", "name"},     {"Active", "active"},
        {"Persistent", NULL}, {"Autostart", "autostart"},
        {"Bridge", "bridge"}, {"Mode", "mode"},
        {"Network", "cidr"},  {"IPv6", "cidr6"},
        {"DHCP", "dhcp"},     {"DNS", "dns"},
    };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        const char *key = lines[i][1];
        AUTO(freep) char *text = key ? word_of(value_get(n, key)) : xstrdup("yes");

        if (!text && strcmp(key, "bridge") == 0)
            text = xasprintf("xn-%s", value_get_str(n, "name", ""));
        if (text)
            printf("%s:%*s%s\n", lines[i][0], (int)(15 - strlen(lines[i][0])), "", text);
    }
}

/* (network (name default) (mode nat) ...) */
static void print_form(const struct value *n)
{
    AUTO(value_freep) struct value *form = value_list();
    AUTO(buf_clear) struct buf out = BUF_INIT;

    value_add_take(form, value_str("network"));
    for (size_t i = 0; i < value_len(n); i++) {
        struct value *pair = value_list();

        value_add_take(pair, value_str(value_key(n, i)));
        value_add_take(pair, value_copy(value_at(n, i)));
        value_add_take(form, pair);
    }
    sxp_print_pretty(form, 80, &out);
    print_clean(stdout, buf_str(&out), out.len);
}

int cmd_net_info(struct xm *xm, const struct args *a)
{
    struct err e;
    AUTO(value_freep) struct value *n = find(xm, a, &e);

    if (!n)
        return xm_fail(&e);
    if (args_has(a, "json"))
        print_json(n);
    else if (args_has(a, "long"))
        print_form(n);
    else
        print_lines(n);
    return EXIT_SUCCESS;
}

static char *write_text(const struct value *n, struct buf *text, struct err *e)
{
    const char *dir = getenv("TMPDIR");
    AUTO(freep) char *path = xasprintf("%s/xm-net-XXXXXX.json", dir && *dir ? dir : "/tmp");
    AUTO(closep) int fd = mkostemps(path, 5, 0);

    json_print_pretty(n, text);
    if (fd < 0 || write_all(fd, text->ptr, text->len, e) < 0)
        return err_sys(e, "%s", path), NULL;
    return steal(path);
}

static bool is_key(const char *key)
{
    static const char *const keys[] = {"name",   "mode", "cidr", "cidr6",
                                       "bridge", "dhcp", "dns",  "autostart"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* What has become of the text: a network; NULL and *same: nothing. */
static struct value *read_text(const char *path, const char *name, const struct buf *before,
                               bool *same, struct err *e)
{
    AUTO(buf_clear) struct buf now = BUF_INIT;
    AUTO(value_freep) struct value *v = NULL;

    if (editor_run(path, e) < 0 || read_file(path, TEXT_MAX, &now, e) < 0)
        return NULL;
    *same = now.len == before->len && memcmp(buf_str(&now), before->ptr, now.len) == 0;
    if (*same || !(v = json_parse(buf_str(&now), now.len, path, e)))
        return NULL;
    if (value_type(v) != VALUE_MAP)
        return err_set(e, ERR_INVALID, "%s: %s is not a network", path,
                       value_type_name(value_type(v))),
               NULL;
    for (size_t i = 0; i < value_len(v); i++)
        if (!is_key(value_key(v, i)))
            return err_set(e, ERR_INVALID, "'%.60s' is nothing that a network has",
                           value_key(v, i)),
                   NULL;
    if (strcmp(value_get_str(v, "name", ""), name) == 0)
        return steal(v);
    err_set(e, ERR_INVALID, "name: a network cannot have another name");
    err_hint(e, "xm net-new makes another one");
    return NULL;
}

int cmd_net_edit(struct xm *xm, const struct args *a)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(value_freep) struct value *n = NULL, *body = NULL, *job = NULL;
    AUTO(freep) char *path = NULL, *url = NULL;
    bool same = false;
    struct err e;
    int status;

    if (!(n = find(xm, a, &e)))
        return xm_fail(&e);
    value_remove(n, "active"); /* told, not chosen */
    if (!(path = write_text(n, &text, &e)))
        return xm_fail(&e);
    body = read_text(path, args_word(a, 0), &text, &same, &e);
    url = xasprintf("/v1/networks/%s/edit", args_word(a, 0));
    if (body) {
        value_set_bool(body, "force", args_has(a, "force"));
        job = job_run(xm, url, body, &e);
    }
    if (same)
        printf("Nothing has changed.\n");
    if (same || job) {
        unlink(path);
        return EXIT_SUCCESS;
    }
    status = xm_fail(&e);
    fprintf(stderr, "Nothing was taken. Your text is in %s\n", path);
    return status;
}
