/*
 * Runs a hook script as xend would, in process when it can be, for tests/system/root-hooks.sh:
 *
 *   hooks [--store DIR] [--fail N] [--cycles N] PATH ACTION [NAME=VALUE...]
 *
 * Its environment is that of the script. --store: xenstore is the directory that tests/xenstore.sh
 * makes. --cycles: so often ACTION and its opposite. --fail: the N-th netlink message or request to
 * a loop device fails. Prints "forks F messages M": new processes, and netlink messages; to
 * standard error the log, and the error.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/loop.h>

#include "libxl/base/io.h"
#include "libxl/base/vec.h"
#include "libxl/hotplug.h"

static int forks, messages, calls, fail_at;

static bool fails(void)
{
    if (++calls != fail_at)
        return false;
    errno = EIO;
    return true;
}

pid_t fork(void)
{
    pid_t (*real)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");

    forks++;
    return real();
}

ssize_t mnl_socket_sendto(const struct mnl_socket *s, const void *p, size_t n)
{
    ssize_t (*real)(const struct mnl_socket *, const void *, size_t) =
        (ssize_t(*)(const struct mnl_socket *, const void *, size_t))dlsym(RTLD_NEXT,
                                                                           "mnl_socket_sendto");

    messages++;
    return fails() ? -1 : real(s, p, n);
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*real)(int, unsigned long, ...) =
        (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list ap;
    void *arg;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    if (request >> 8 == LOOP_SET_FD >> 8 && request != LOOP_CLR_FD && fails())
        return -1;
    return real(fd, request, arg);
}

/* ---- xenstore as a directory: the text of a node is in its file .value */

static char *dir_of(const struct hotplug_store *s, const char *path)
{
    return path_join(s->arg, path + (*path == '/'));
}

static char *store_read(const struct hotplug_store *s, const char *path)
{
    AUTO(freep) char *dir = dir_of(s, path);
    AUTO(freep) char *file = path_join(dir, ".value");
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err none;

    return read_file(file, 4096, &text, &none) < 0 ? NULL : xstrdup(buf_str(&text));
}

static char **store_list(const struct hotplug_store *s, const char *path, unsigned *n)
{
    AUTO(freep) char *dir = dir_of(s, path);
    struct VEC(struct dirent) all = {0};
    DIR *d = opendir(dir);
    char **names;

    for (const struct dirent *i; d && (i = readdir(d));)
        if (i->d_name[0] != '.')
            vec_push(&all, *i);
    if (d)
        closedir(d);
    names = xcalloc(all.len + 1, sizeof(*names) + sizeof(all.ptr->d_name));
    for (*n = 0; *n < all.len; ++*n)
        names[*n] = strcpy((char *)(names + all.len + 1) + *n * sizeof(all.ptr->d_name),
                           all.ptr[*n].d_name);
    vec_clear(&all);
    return names;
}

static int store_write(const struct hotplug_store *s, const char *path, const char *text,
                       struct err *e)
{
    AUTO(freep) char *dir = dir_of(s, path);
    AUTO(freep) char *file = path_join(dir, ".value");

    return make_dirs(dir, 0755, e) < 0 ? -1 : write_file_whole(file, text, strlen(text), 0644, e);
}

static void store_remove(const struct hotplug_store *s, const char *path)
{
    AUTO(freep) char *dir = dir_of(s, path);
    AUTO(freep) char *file = path_join(dir, ".value");

    unlink(file);
    rmdir(dir);
}

static struct value *environment(void)
{
    struct value *env = value_map();

    for (char **at = environ; *at; at++) {
        AUTO(freep) char *name = xstrndup(*at, strcspn(*at, "="));

        if (strcmp(name, "PATH") != 0 && strchr(*at, '='))
            value_set_str(env, name, strchr(*at, '=') + 1);
    }
    return env;
}

static const char *opposite(const char *action)
{
    return strcmp(action, "online") == 0 ? "offline" : "remove";
}

static int run(struct hotplug *h, const char **args, int cycles)
{
    const char *action = args[0];
    struct err e;

    for (int i = 0; i < 2 * cycles || i == 0; i++) {
        args[0] = i % 2 ? opposite(action) : action;
        if (hotplug_run(h, NULL, &e) == 0)
            continue;
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    return 0;
}

static int descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"store", required_argument, NULL, 's'},
                                            {"fail", required_argument, NULL, 'f'},
                                            {"cycles", required_argument, NULL, 'c'},
                                            {0}};
    struct hotplug_store store = {store_read, store_list, store_write, store_remove, NULL};
    struct hotplug h = {0};
    int cycles = 0, before = descriptors(), option, status;

    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (option == 's')
            store.arg = optarg;
        else if (option == 'f')
            fail_at = atoi(optarg);
        else if (option == 'c')
            cycles = atoi(optarg);
        else
            return 2;
    }
    if (argc - optind < 2)
        return 2;
    AUTO(value_freep) struct value *env = environment();
    h.path = argv[optind];
    h.args = (const char *const *)argv + optind + 1;
    h.env = env;
    h.store = store.arg ? &store : NULL;
    status = run(&h, (const char **)argv + optind + 1, cycles);
    printf("forks %d messages %d descriptors %d\n", forks, messages, descriptors() - before);
    return status;
}
