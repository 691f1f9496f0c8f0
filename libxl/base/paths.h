/*
 * Where things are. All paths follow the original; `--root DIR` (or XEND_ROOT) puts every one of
 * them under DIR, for xend and xm alike. Without it, root uses the host's places and any other
 * user gets places of their own ($XDG_RUNTIME_DIR/xend, ~/.local/share/xend).
 */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

struct paths {
    char *root;        /* "" for the host's own */
    char *etc_dir;     /* /etc/xen */
    char *run_dir;     /* /var/run/xend */
    char *lib_dir;     /* /var/lib/xend */
    char *cache_dir;   /* /var/cache/xend: what can be made again */
    char *log_dir;     /* /var/log/xen */
    char *dump_dir;    /* /var/xen/dump */
    char *pid_file;    /* /var/run/xend.pid */
    char *socket;      /* run_dir/xend.sock */
    char *scripts_dir; /* etc_dir/scripts: of hook scripts */
    char *config;      /* etc_dir/xend-config.sxp, or $XEND_CONFIG */
};

/* root: of --root, or NULL to use XEND_ROOT or the defaults. */
void paths_init(struct paths *p, const char *root);
void paths_clear(struct paths *p);

#endif
