/* Places to die at, for tests: see fault.h. */
#include "libxl/base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libxl/base/fsops.h"
#include "libxl/base/io.h"
#include "libxl/base/mem.h"

static struct {
    bool on;
    const char *name; /* where to die, or NULL */
    size_t name_len;
    _Atomic int passes_left;
    int log_fd;
} fault = {.log_fd = -1};

/* An fs_hook_fn; arg: the file. */
static int fail_disk(void *arg, const struct fs_call *c)
{
    static const struct {
        const char *name;
        int error;
    } errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE}};
    AUTO(closep) int fd = open(arg, O_RDONLY | O_CLOEXEC);
    char word[16] = "";

    (void)c;
    if (fd < 0 || read(fd, word, sizeof(word) - 1) < 0)
        return 0;
    word[strcspn(word, "\n")] = '\0';
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(word, errors[i].name) == 0)
            return errors[i].error;
    return 0;
}

void fault_init(void)
{
    const char *log = getenv("XEND_FAULT_LOG"), *colon;

    fault.name = getenv("XEND_FAULT");
    if (fault.name) {
        colon = strchr(fault.name, ':');
        fault.name_len = colon ? (size_t)(colon - fault.name) : strlen(fault.name);
        atomic_store(&fault.passes_left, colon ? atoi(colon + 1) : 1);
    }
    if (log)
        fault.log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (getenv("XEND_FAULT_DISK"))
        fs_hook(fail_disk, NULL, getenv("XEND_FAULT_DISK"));
    fault.on = fault.name || fault.log_fd >= 0;
}

static void die_if_wanted(const char *name)
{
    if (fault.name && strlen(name) == fault.name_len &&
        memcmp(name, fault.name, fault.name_len) == 0 &&
        atomic_fetch_sub(&fault.passes_left, 1) == 1)
        kill(getpid(), SIGKILL);
}

void fault_point(const char *name)
{
    if (!fault.on)
        return;
    if (fault.log_fd >= 0) {
        AUTO(freep) char *line = xasprintf("%s\n", name);
        if (write(fault.log_fd, line, strlen(line)) < 0)
            fault.log_fd = -1;
    }
    die_if_wanted(name);
}
