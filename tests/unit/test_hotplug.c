/* libxl/hotplug: running hook scripts. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "libxl/hotplug.h"
#include "tests/unit/cunit.h"

static int forks_left = -1; /* then it fails; -1: never */

/* In place of libc's, for proc.c. */
pid_t fork(void)
{
    pid_t (*real)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");

    if (forks_left == 0) {
        errno = EAGAIN;
        return -1;
    }
    forks_left -= forks_left > 0;
    return real();
}

static int descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    while (d && readdir(d))
        n++;
    closedir(d);
    return n;
}

/* Writes the script and runs it as "NAME add type_if=tap"; what it said in *out. */
static int run_as(const char *text, mode_t mode, int timeout_ms, struct buf *out, struct err *e)
{
    AUTO(value_freep) struct value *env = value_map();
    const char *const args[] = {"add", "type_if=tap", NULL};
    char dir[] = "/tmp/test_hotplug-XXXXXX";
    int r = -1;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    AUTO(freep) char *path = hotplug_path(dir, "vif-test");
    value_set_str(env, "bridge", "xenbr0");
    value_set_int(env, "mtu", 1500);
    value_set_take(env, "ip", value_nil());
    const struct hotplug h = {.path = path, .args = args, .env = env, .timeout_ms = timeout_ms};
    if (!text || write_file_whole(path, text, strlen(text), mode, e) == 0)
        r = hotplug_run(&h, out, e);
    unlink(path);
    rmdir(dir);
    return r;
}

static int run(const char *text, struct buf *out, struct err *e)
{
    return run_as(text, 0755, 10000, out, e);
}

static void test_paths(void)
{
    AUTO(freep) char *a = hotplug_path("/etc/xen/scripts", "vif-bridge");
    AUTO(freep) char *b = hotplug_path("/etc/xen/scripts", "/opt/mine");

    CU_ASSERT_STRING_EQUAL(a, "/etc/xen/scripts/vif-bridge");
    CU_ASSERT_STRING_EQUAL(b, "/opt/mine");
}

/* An argument vector and a clean environment, and nothing else. */
static void test_environment(void)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    struct err e = {0};

    setenv("LEAKED", "1", 1);
    CU_ASSERT_EQUAL(run("#!/bin/sh\necho \"$#,$1,$2\"\nenv | grep -v ^PWD= | grep -v ^_= |"
                        "grep -v ^SHLVL= | sort\n",
                        &out, &e),
                    0);
    CU_ASSERT_STRING_EQUAL(
        buf_str(&out),
        "2,add,type_if=tap\nLC_ALL=C\n"
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nbridge=xenbr0\n"
        "mtu=1500\n");
    unsetenv("LEAKED");
}

static void test_failures(void)
{
    struct err e = {0};

    CU_ASSERT_EQUAL(run("#!/bin/sh\necho  >&2; echo ' no bridge ' >&2; exit 1\n", NULL, &e), -1);
    ASSERT_ERR(e, ERR_BACKEND, "script vif-test add: no bridge");
    CU_ASSERT_STRING_EQUAL(e.msg, "script vif-test add: no bridge");
    CU_ASSERT_EQUAL(run("#!/bin/sh\nexit 7\n", NULL, &e), -1);
    ASSERT_ERR(e, ERR_BACKEND, "script vif-test add: it exited with status 7");
    CU_ASSERT_EQUAL(run("#!/bin/sh\necho one; echo two; kill -9 $$\n", NULL, &e), -1);
    ASSERT_ERR(e, ERR_BACKEND, "it was killed by signal 9 (Killed): one; two");
    CU_ASSERT_EQUAL(run_as(NULL, 0, 0, NULL, &e), -1);
    ASSERT_ERR(e, ERR_NOT_FOUND, "script vif-test add: ");
    CU_ASSERT_EQUAL(run("#!/no/such/shell\n", NULL, &e), -1);
    ASSERT_ERR(e, ERR_NOT_FOUND, "script vif-test add: ");
    CU_ASSERT_EQUAL(run_as("#!/bin/sh\n", 0644, 0, NULL, &e), -1);
    ASSERT_ERR(e, ERR_DENIED, "script vif-test add: ");
    CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "chmod +x"));
}

/* One that hangs is killed with its children; what it leaves behind on purpose is not waited for.
 */
static void test_time(void)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    int64_t start = now_ms();
    struct err e = {0};

    CU_ASSERT_EQUAL(run_as("#!/bin/sh\necho waiting; sleep 60; echo no\n", 0755, 300, &out, &e),
                    -1);
    ASSERT_ERR(e, ERR_TIMEOUT, "was killed: waiting");
    buf_clear(&out);
    CU_ASSERT_EQUAL(run("#!/bin/sh\nsleep 30 &\necho $!\n", &out, &e), 0);
    CU_ASSERT_TRUE(now_ms() - start < 20000);
    CU_ASSERT_TRUE(atoi(buf_str(&out)) > 1 && kill(atoi(buf_str(&out)), SIGKILL) == 0);
}

static void test_words(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct err e = {0};

    hotplug_words(&b, "a\tb\033[31m\r\n\n \nc\377\0d\n", 18, 100);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "a b [31m; c\xef\xbf\xbd d");
    buf_clear(&b);
    hotplug_words(&b, "0123456789", 10, 4);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "...6789");
    buf_clear(&b);
    hotplug_words(&b, "x\xc3\xa9", 3, 1); /* never half a character */
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "...");
    buf_clear(&b);
    hotplug_words(&b, "", 0, 4);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "");
    CU_ASSERT_EQUAL(run("#!/bin/sh\nhead -c 300000 /dev/urandom; exit 1\n", NULL, &e), -1);
    CU_ASSERT_EQUAL(e.code, ERR_BACKEND);
    CU_ASSERT_TRUE(strlen(e.msg) < 800);
}

/* The n-th fork fails: the script was not run, that is the error, and nothing stays open. */
static void test_no_process(void)
{
    int before = descriptors();

    for (int n = 0; n < 3; n++) {
        struct err e = {0};

        forks_left = n;
        for (int i = 0; i <= n; i++)
            CU_ASSERT_EQUAL(run("#!/bin/sh\n", NULL, &e), i < n ? 0 : -1);
        forks_left = -1;
        CU_ASSERT_EQUAL(e.sys, EAGAIN);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "fork for "));
        CU_ASSERT_EQUAL(descriptors(), before);
        CU_ASSERT_EQUAL(run("#!/bin/sh\n", NULL, &e), 0);
    }
}

TESTS("hotplug", {"where scripts are", test_paths},
      {"an argument vector and a clean environment", test_environment},
      {"its words are the error", test_failures}, {"the time limit", test_time},
      {"what it says, as text for people", test_words},
      {"no process is to be had", test_no_process})
