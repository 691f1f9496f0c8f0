/*
 * xm edit: what a managed domain starts with, as text in the user's editor. What comes back is
 * checked here, shown as a difference, and taken by xend unless somebody else was quicker. The
 * text of a user is never lost: what is not taken stays in its file.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/base/proc.h"
#include "xm/difference.h"
#include "xm/domfile.h"
#include "xm/xm.h"

#define TEXT_MAX (1024 * 1024)

/* One run of it. */
struct edit {
    const char *name;
    struct spec *before; /* what xend has */
    char *etag;
    char *path; /* of the text */
    struct buf text;
};

static void edit_clear(struct edit *ed)
{
    spec_free(ed->before);
    free(ed->etag);
    free(ed->path);
    buf_clear(&ed->text);
}

static int fetch(struct xm *xm, struct edit *ed, struct err *e)
{
    AUTO(freep) char *path = domain_path(ed->name, "/config");
    AUTO(value_freep)
    struct value *v = domain_check(ed->name, e) < 0 ? NULL : xend_get(xm, path, e);
    AUTO(problems_clear) struct problems faults = {0};

    if (!v)
        return -1;
    ed->etag = xstrdup(value_get_str(v, "etag", ""));
    ed->before = spec_from_value(value_get(v, "config"), &faults);
    return ed->before ? 0 : problems_to_err(&faults, e);
}

/* Readable by nobody else: kernel command lines have secrets, too. */
static int write_text(struct edit *ed, struct err *e)
{
    const char *dir = getenv("TMPDIR");
    AUTO(freep) char *config = spec_to_xm(ed->before, false);
    AUTO(closep) int fd = -1;

    ed->path = xasprintf("%s/xm-edit-XXXXXX.cfg", dir && *dir ? dir : "/tmp");
    fd = mkostemps(ed->path, 4, 0);
    if (fd < 0)
        return err_sys(e, "%s", ed->path);
    buf_addf(&ed->text,
             "# Domain %s. Save and leave the editor to take what stands here (see xm.cfg(5));\n"
             "# it is for the next start of the domain. Unchanged, nothing happens.\n\n%s",
             ed->name, config);
    return write_all(fd, ed->text.ptr, ed->text.len, e) < 0 ? err_add(e, "%s", ed->path) : 0;
}

/* $VISUAL or $EDITOR may be a command with options, so a shell reads it, as others do. */
int editor_run(const char *path, struct err *e)
{
    const char *visual = getenv("VISUAL"), *plain = getenv("EDITOR");
    const char *editor = visual && *visual ? visual : plain && *plain ? plain : "vi";
    AUTO(freep) char *command = xasprintf("%s \"$@\"", editor);
    const char *argv[] = {"sh", "-c", command, editor, path, NULL};
    struct proc_fd fds[] = {{0, STDIN_FILENO}, {1, STDOUT_FILENO}, {2, STDERR_FILENO}};
    struct proc_spec p = {
        .argv = argv, .env = (const char *const *)environ, .fds = fds, .n_fds = ARRAY_LEN(fds)};
    struct sigaction ours, ignore = {.sa_handler = SIG_IGN};
    AUTO(closep) int pidfd = -1;
    pid_t pid = proc_spawn(&p, &pidfd, e);
    int status, r;

    if (pid < 0)
        return err_add(e, "%s", editor);
    sigaction(SIGINT, &ignore, &ours); /* Ctrl-C is the editor's */
    r = proc_wait(pid, pidfd, -1, &status, e);
    sigaction(SIGINT, &ours, NULL);
    if (r < 0 || status == 0)
        return r;
    AUTO(freep) char *text = proc_status_text(status);
    return err_set(e, ERR_CANCELLED, "the editor '%s' %s", editor, text);
}

/* True when the text is as it was. */
static int unchanged(const struct edit *ed, bool *same, struct err *e)
{
    AUTO(buf_clear) struct buf now = BUF_INIT;

    if (read_file(ed->path, TEXT_MAX, &now, e) < 0)
        return -1;
    *same = now.len == ed->text.len && memcmp(now.ptr, ed->text.ptr, now.len) == 0;
    return 0;
}

/* The spec of the text; NULL after its errors were printed. */
static struct spec *read_text(const struct edit *ed)
{
    AUTO(domfile_clear) struct domfile f = {.path = xstrdup(ed->path)};
    struct err e = {0};
    struct spec *s = domfile_read(&f, &e);

    fputs(buf_str(&f.printed), stderr);
    domfile_print_notes(&f, false);
    if (!domfile_print_faults(&f) && !s)
        xm_fail(&e);
    if (!s)
        return NULL;
    if (f.default_name) {
        free(s->name);
        s->name = xstrdup(ed->before->name);
    }
    spec_take_choices(s, ed->before);
    return s;
}

/* Asks on the terminal; the end of input means no. */
static bool again(void)
{
    char answer[16];

    fputs("Edit it again? [y/n] ", stderr);
    fflush(stderr);
    return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

/* Edits until the text is in order; NULL: given up, or unchanged (*same). */
static struct spec *edit_text(const struct edit *ed, bool *same)
{
    struct spec *s;
    struct err e;

    do {
        if (editor_run(ed->path, &e) < 0 || unchanged(ed, same, &e) < 0) {
            xm_fail(&e);
            return NULL;
        }
        if (*same)
            return NULL;
        s = read_text(ed);
    } while (!s && again());
    return s;
}

static int send(struct xm *xm, const struct edit *ed, const struct spec *s)
{
    AUTO(freep) char *path = domain_path(ed->before->uuid, "/config");
    AUTO(value_freep) struct value *body = value_map(), *job = NULL;
    const struct value *domain;
    struct err e;

    value_set_take(body, "config", spec_to_value_secrets(s));
    value_set_str(body, "etag", ed->etag);
    job = job_run(xm, path, body, &e);
    if (!job)
        return xm_fail(&e);
    domain = value_get(value_get(job, "result"), "domain");
    if (value_get_int(domain, "domid", -1) >= 0)
        printf("Domain '%s' runs on as it is: this is for its next start.\n", ed->name);
    return EXIT_SUCCESS;
}

static int edit(struct xm *xm, struct edit *ed)
{
    AUTO(spec_freep) struct spec *s = NULL;
    bool same = false;
    int status = EXIT_ERROR;
    struct err e;

    if (write_text(ed, &e) < 0)
        return xm_fail(&e);
    s = edit_text(ed, &same);
    if (same || (s && !specs_compare(ed->before, s, false))) {
        printf("Nothing has changed.\n");
        status = EXIT_SUCCESS;
    } else if (s) {
        fflush(stdout);
        status = send(xm, ed, s);
    }
    if (status == EXIT_SUCCESS)
        unlink(ed->path);
    else
        fprintf(stderr, "Nothing was taken. Your text is in %s\n", ed->path);
    return status;
}

int cmd_edit(struct xm *xm, const struct args *a)
{
    AUTO(edit_clear) struct edit ed = {.name = args_word(a, 0)};
    AUTO(value_freep) struct value *v = NULL;
    struct err e;

    if (fetch(xm, &ed, &e) < 0)
        return xm_fail(&e);
    v = domain_get(xm, ed.name, &e);
    if (!v)
        return xm_fail(&e);
    if (!value_get_bool(v, "managed", false)) {
        err_set(&e, ERR_STATE, "Domain is not managed by Xend lifecycle support.");
        err_hint(&e, "xm new --from-running %s makes it so", ed.name);
        return xm_fail(&e);
    }
    return edit(xm, &ed);
}
