/* Where things are: see paths.h. Called once at the start of xend and of xm. */
#include "libxl/base/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/mem.h"

static void host_paths(struct paths *p)
{
    p->etc_dir = xasprintf("%s/etc/xen", p->root);
    p->run_dir = xasprintf("%s/var/run/xend", p->root);
    p->lib_dir = xasprintf("%s/var/lib/xend", p->root);
    p->cache_dir = xasprintf("%s/var/cache/xend", p->root);
    p->log_dir = xasprintf("%s/var/log/xen", p->root);
    p->dump_dir = xasprintf("%s/var/xen/dump", p->root);
    p->pid_file = xasprintf("%s/var/run/xend.pid", p->root);
}

static void user_paths(struct paths *p)
{
    const char *run = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");
    const char *data = getenv("XDG_DATA_HOME"), *conf = getenv("XDG_CONFIG_HOME");
    AUTO(freep) char *dot_local = xasprintf("%s/.local/share", home ? home : "/tmp");
    AUTO(freep) char *dot_config = xasprintf("%s/.config", home ? home : "/tmp");

    p->lib_dir = path_join(data ? data : dot_local, "xend");
    p->etc_dir = path_join(conf ? conf : dot_config, "xen");
    p->run_dir = run ? path_join(run, "xend") : path_join(p->lib_dir, "run");
    p->cache_dir = path_join(p->lib_dir, "cache");
    p->log_dir = path_join(p->lib_dir, "log");
    p->dump_dir = path_join(p->lib_dir, "dump");
    p->pid_file = path_join(p->run_dir, "xend.pid");
}

void paths_init(struct paths *p, const char *root)
{
    const char *config = getenv("XEND_CONFIG");

    memset(p, 0, sizeof(*p));
    if (!root)
        root = getenv("XEND_ROOT");
    p->root = root && *root ? path_absolute(root) : xstrdup("");
    for (size_t n = strlen(p->root); n > 0 && p->root[n - 1] == '/'; n--)
        p->root[n - 1] = '\0';
    if (*p->root || geteuid() == 0)
        host_paths(p);
    else
        user_paths(p);
    p->socket = path_join(p->run_dir, "xend.sock");
    p->scripts_dir = path_join(p->etc_dir, "scripts");
    p->config = config && *config ? xstrdup(config) : path_join(p->etc_dir, "xend-config.sxp");
}

void paths_clear(struct paths *p)
{
    char **all[] = {&p->root,      &p->etc_dir,     &p->run_dir,  &p->lib_dir,
                    &p->cache_dir, &p->log_dir,     &p->dump_dir, &p->pid_file,
                    &p->socket,    &p->scripts_dir, &p->config};

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        free(*all[i]);
        *all[i] = NULL;
    }
}
