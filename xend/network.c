/* network-script of xend-config.sxp: see network.h. */
#include "xend/network.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fault.h"
#include "libxl/base/io.h"
#include "libxl/base/log.h"
#include "libxl/base/vec.h"
#include "libxl/hotplug.h"

#define NETWORK_TIMEOUT_MS 60000 /* a card's carrier and a gateway may take their time */
#define WORDS_BYTES_MAX 4096

/* What was started and is to be stopped: a file with the words, in a place that is lost at boot. */
static char *marker(const struct xend *x)
{
    return path_join(x->paths.run_dir, "network-script");
}

/* "network-bridge netdev=eth0" with start: network-bridge start netdev=eth0 */
static int run_script(const struct xend *x, const char *text, const char *action, struct err *e)
{
    AUTO(freep) char *words = xstrdup(text);
    AUTO(buf_clear) struct buf said = BUF_INIT;
    AUTO(buf_clear) struct buf shown = BUF_INIT;
    struct args VEC(const char *) args = {0};
    char *rest = words, *name = strsep(&rest, " "), *word;
    AUTO(freep) char *path = hotplug_path(x->paths.scripts_dir, name);
    int64_t start = now_ms();
    int r;

    vec_push(&args, action);
    while ((word = strsep(&rest, " ")))
        if (*word)
            vec_push(&args, word);
    vec_push(&args, NULL);
    const struct hotplug h = {.path = path, .args = args.ptr, .timeout_ms = NETWORK_TIMEOUT_MS};
    r = hotplug_run(&h, &said, e);
    vec_clear(&args);
    if (r < 0)
        return -1;
    hotplug_words(&shown, buf_str(&said), said.len, 500);
    log_info("network-script: %s %s done after %lld ms%s%s", path, action,
             (long long)(now_ms() - start), shown.len ? ": " : "", buf_str(&shown));
    return 0;
}

void network_start(struct xend *x)
{
    const char *text = conf_str(&x->conf, "network-script");
    AUTO(freep) char *file = marker(x);
    struct err e;

    if (!text || !*text || strcmp(text, "none") == 0)
        return;
    if (geteuid() != 0) {
        log_warn("network-script: %s: not run: xend is not root", text);
        return;
    }
    fault_point("network.starting");
    if (write_file_atomic(file, text, strlen(text), 0600, &e) < 0 ||
        run_script(x, text, "start", &e) < 0)
        log_error("network-script: %s%s%s", e.msg, e.hint[0] ? " " : "", e.hint);
    fault_point("network.started");
}

void network_stop(struct xend *x, bool guests_run)
{
    AUTO(buf_clear) struct buf words = BUF_INIT;
    AUTO(freep) char *file = marker(x);
    struct err e;

    if (read_file(file, WORDS_BYTES_MAX, &words, &e) < 0)
        return;
    if (guests_run) {
        log_info("network-script: %s: not stopped: domains run on", buf_str(&words));
        return;
    }
    fault_point("network.stopping");
    if (run_script(x, buf_str(&words), "stop", &e) < 0) {
        log_error("network-script: %s", e.msg);
        return;
    }
    unlink(file);
    fault_point("network.stopped");
}
