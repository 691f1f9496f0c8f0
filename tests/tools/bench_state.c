/*
 * The state of many managed domains:
 *     bench_state make DIR N     writes DIR/UUID/config.sxp of N domains
 *     bench_state read DIR       opens and reads each, as little as a start of xend must do; prints
 *                                how many there were
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/sxp.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"
#include "libxl/spec.h"

static void die(const char *why)
{
    fprintf(stderr, "bench_state: %s\n", why);
    exit(1);
}

/* A domain as people have them: a disk, a network interface, a screen. */
static void make_one(const char *dir, int n)
{
    AUTO(problems_clear) struct problems faults = {0};
    AUTO(freep)
    char *text = xasprintf("(domain (uuid 00000000-0000-4000-8000-%012d) (name d%05d) (memory 512) "
                           "(vcpus 2) (image (linux (kernel /boot/vmlinuz))) "
                           "(device (vbd (uname phy:/dev/vg/d%05d) (dev xvda:disk) (mode w))) "
                           "(device (vif (mac 00:16:3e:00:%02x:%02x) (bridge xenbr0))))",
                           n, n, n, n >> 8 & 0xff, n & 0xff);
    AUTO(freep) char *home = xasprintf("%s/00000000-0000-4000-8000-%012d", dir, n);
    AUTO(freep) char *path = path_join(home, "config.sxp");
    AUTO(buf_clear) struct buf out = BUF_INIT;
    AUTO(value_freep) struct value *forms = NULL, *form = NULL;
    AUTO(spec_freep) struct spec *s = NULL;
    struct err e;

    forms = sxp_parse(text, strlen(text), "domain", &e);
    s = forms ? spec_from_sxp(value_at(forms, 0), &faults) : NULL;
    if (!s)
        die("its own domain is none");
    form = spec_to_sxp(s, "domain");
    sxp_print_pretty(form, 78, &out);
    mkdir(home, 0700);
    if (write_file_whole(path, out.ptr, out.len, 0600, &e) < 0)
        die(e.msg);
}

static void read_all_of(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    size_t n = 0;

    while (d && (entry = readdir(d))) {
        AUTO(freep) char *path = xasprintf("%s/%s/config.sxp", dir, entry->d_name);
        AUTO(buf_clear) struct buf text = BUF_INIT;
        struct err e;

        n += entry->d_name[0] != '.' && read_file(path, 1 << 20, &text, &e) == 0;
    }
    if (d)
        closedir(d);
    printf("%zu\n", n);
}

int main(int argc, char **argv)
{
    struct err e;

    if (argc == 4 && strcmp(argv[1], "make") == 0) {
        if (make_dirs(argv[2], 0700, &e) < 0)
            die(e.msg);
        for (int i = 1; i <= atoi(argv[3]); i++)
            make_one(argv[2], i);
        return 0;
    }
    if (argc != 3 || strcmp(argv[1], "read") != 0) {
        fprintf(stderr, "usage: bench_state make DIR N | bench_state read DIR\n");
        return 2;
    }
    read_all_of(argv[2]);
    return 0;
}
