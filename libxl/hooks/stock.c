/*
 * Is a script the stock one, unchanged? By the hash of its content and of the files that it reads
 * in beside it; the build has written the hashes of scripts/hooks/ into stock_hashes.h. See
 * hooks.h.
 *
 * What a file's hash was is remembered for as long as it is the same file and has not been written
 * to; so each use costs a stat() of each.
 */
#include <dirent.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/base/vec.h"
#include "libxl/hooks/hooks.h"

#define SCRIPT_BYTES_MAX (64 * 1024) /* ours have 7 KB at most; a longer one is not ours */
#define KNOWN_MAX 64                 /* files; one directory has nine of them */
#define SETTLED_S 2 /* a later change might fall into the same tick of the file system's clock */

#define HASH_TEXT_SIZE (2 * SHA256_DIGEST_SIZE + 1)

static const struct {
    const char *name, *hash;
} hashes[] = {
#include "stock_hashes.h"
};

#define VIF_PARTS "vif-common.sh", "xen-hotplug-common.sh", "xen-network-common.sh", "vif-filter.sh"

static const struct {
    const char *name;
    hook_fn *fn;
    const char *parts[5];   /* what it reads in, beside it */
    const char *post_hooks; /* a directory of the admin's, beside it */
} stock[] = {
    {"vif-bridge", hook_vif_bridge, {VIF_PARTS}, "vif-post.d"},
    {"vif-route", hook_vif_route, {VIF_PARTS, "vif-routing.sh"}, "vif-post.d"},
    {"vif-nat", hook_vif_nat, {VIF_PARTS, "vif-routing.sh"}, "vif-post.d"},
    {"block", hook_block, {"block-common.sh", "xen-hotplug-common.sh", "block-sharing.sh"}, NULL},
};

struct known {
    char *path;
    struct stat st;
    char hash[HASH_TEXT_SIZE];
};
static struct VEC(struct known) known;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of known: a leaf */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

static bool recall(const char *path, const struct stat *st, char hash[HASH_TEXT_SIZE])
{
    bool found = false;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < known.len && !found; i++)
        if (strcmp(known.ptr[i].path, path) == 0 && same_file(&known.ptr[i].st, st)) {
            memcpy(hash, known.ptr[i].hash, HASH_TEXT_SIZE);
            found = true;
        }
    pthread_mutex_unlock(&lock);
    return found;
}

static void drop_known(size_t i)
{
    free(known.ptr[i].path);
    vec_remove(&known, i);
}

static void remember(const char *path, const struct stat *st, const char *hash)
{
    struct known k = {.path = xstrdup(path), .st = *st};

    memcpy(k.hash, hash, sizeof(k.hash));
    pthread_mutex_lock(&lock);
    for (size_t i = known.len; i-- > 0;)
        if (strcmp(known.ptr[i].path, path) == 0)
            drop_known(i);
    if (known.len == KNOWN_MAX)
        drop_known(0);
    vec_push(&known, k);
    pthread_mutex_unlock(&lock);
}

/* SHA-256, as sha256sum(1) of the build prints it. */
static void hash_text(const struct buf *text, char hash[HASH_TEXT_SIZE])
{
    struct sha256_ctx c;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&c);
    sha256_update(&c, text->len, (const uint8_t *)buf_str(text));
    sha256_digest(&c, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

/* "" when it is not there, or cannot be one of ours. */
static void hash_file(const char *path, bool program, char hash[HASH_TEXT_SIZE])
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct timespec now;
    struct stat st;
    struct err none;

    hash[0] = '\0';
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || (program && !(st.st_mode & 0111)) ||
        recall(path, &st, hash) || read_file(path, SCRIPT_BYTES_MAX, &text, &none) < 0)
        return;
    hash_text(&text, hash);
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec > st.st_ctim.tv_sec + SETTLED_S)
        remember(path, &st, hash);
}

static const char *hash_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
        if (strcmp(hashes[i].name, name) == 0)
            return hashes[i].hash;
    return "none";
}

static bool is_hook(const char *dir, const char *name)
{
    size_t n = strlen(name);
    AUTO(freep) char *path = path_join(dir, name);

    return n > 5 && *name != '.' && strcmp(name + n - 5, ".hook") == 0 && access(path, X_OK) == 0;
}

static bool has_hooks(const char *dir)
{
    DIR *d = opendir(dir);
    bool found = false;

    for (const struct dirent *i; d && !found && (i = readdir(d));)
        found = is_hook(dir, i->d_name);
    if (d)
        closedir(d);
    return found;
}

/* The path of a file beside the script; the caller frees. */
static char *beside(const char *script, const char *name)
{
    const char *slash = strrchr(script, '/');

    return slash ? xasprintf("%.*s/%s", (int)(slash - script), script, name) : xstrdup(name);
}

/* Why the i-th stock script at this path is not all stock, or NULL. */
static const char *check_parts(size_t i, const char *path)
{
    char hash[HASH_TEXT_SIZE];

    for (size_t k = 0; k < ARRAY_LEN(stock[i].parts) && stock[i].parts[k]; k++) {
        AUTO(freep) char *part = beside(path, stock[i].parts[k]);

        hash_file(part, false, hash);
        if (strcmp(hash, hash_of(stock[i].parts[k])) != 0)
            return "what it reads in is not the stock one";
    }
    if (stock[i].post_hooks) {
        AUTO(freep) char *dir = beside(path, stock[i].post_hooks);

        if (has_hooks(dir))
            return "there are hooks in vif-post.d";
    }
    return NULL;
}

hook_fn *stock_find(const char *path, const char **why)
{
    char hash[HASH_TEXT_SIZE];

    hash_file(path, true, hash);
    for (size_t i = 0; i < ARRAY_LEN(stock); i++) {
        if (strcmp(hash, hash_of(stock[i].name)) != 0)
            continue;
        *why = check_parts(i, path);
        return *why ? NULL : stock[i].fn;
    }
    *why = "it is not one that xend knows";
    return NULL;
}
