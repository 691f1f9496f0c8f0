/* Consoles of the test driver. */
#include "tests/unit/test_driver_test.h"

static bool has_ended(int fd)
{
    char bytes[256];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        ;
    return n == 0;
}

static void test_console(void)
{
    struct driver *d = plain_driver();
    struct guest *g = must_create(d, NULL);
    struct err e = {0};
    struct watcher w;
    int a = driver_test.console(g, &e), b;

    must(a, &e);
    CU_ASSERT_PTR_NULL(driver_test.console_log(g));
    watch(&w, d);
    must(write_all(a, "early\r", 6, &e), &e); /* typed while it stands still */
    must(driver_test.resume(g, &e), &e);
    CU_ASSERT_TRUE(says(a, "web1: early\r\n"));
    b = driver_test.console(g, &e); /* a second one hears what was said before it, too */
    CU_ASSERT_TRUE(says(b, "test guest web1: up\r\n"));
    must(write_all(b, "hel", 3, &e), &e);
    CU_ASSERT_TRUE(says(b, "hel")); /* the echo */
    must(write_all(b, "lo\n", 3, &e), &e);
    CU_ASSERT_TRUE(says(a, "web1: hello\r\n"));
    close(a); /* one viewer less */
    must(write_all(b, "poweroff\r", 9, &e), &e);
    CU_ASSERT_TRUE(wait_state(&w, GUEST_SHUTDOWN));
    CU_ASSERT_EQUAL(w.reason, STOP_POWEROFF);
    must(driver_test.destroy(g, &e), &e);
    CU_ASSERT_TRUE(has_ended(b));
    close(b);
    g = must_create(d, NULL);
    must(driver_test.resume(g, &e), &e);
    a = driver_test.console(g, &e);
    must(write_all(a, "\n\ncrash\n", 8, &e), &e);
    CU_ASSERT_TRUE(wait_state(&w, GUEST_CRASHED));
    unwatch(&w);
    driver_test.close(d); /* with a console open */
    CU_ASSERT_TRUE(has_ended(a));
    close(a);
}

/* A viewer that types too much, sends NULs or reads nothing does no harm. */
static void test_console_abuse(void)
{
    struct driver *d = plain_driver();
    struct guest *g = must_create(d, NULL);
    struct err e = {0};
    char bytes[5000];
    int fd = driver_test.console(g, &e), other;

    memset(bytes, 'x', sizeof(bytes));
    must(write_all(fd, bytes, sizeof(bytes), &e), &e);
    must(write_all(fd, "a\0b\n", 4, &e), &e);
    must(driver_test.resume(g, &e), &e);
    for (int i = 0; i < 100; i++)
        must(write_all(fd, bytes, sizeof(bytes), &e), &e); /* its echo is never read */
    other = driver_test.console(g, &e);
    must(write_all(other, "hello\r", 6, &e), &e);
    CU_ASSERT_TRUE(says(other, "web1: hello\r\n"));
    close(other);
    close(fd);
    driver_test.close(d);
}

static void test_console_log(void)
{
    AUTO(remove_dir) char *dir = temp_dir();
    struct driver *d = open_driver(dir, "console-log", false);
    struct guest *g = must_create(d, NULL);
    AUTO(freep) char *path = driver_test.console_log(g);
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct err e = {0};
    int fd;

    must(driver_test.resume(g, &e), &e);
    fd = driver_test.console(g, &e);
    must(write_all(fd, "hello\r", 6, &e), &e);
    CU_ASSERT_TRUE(says(fd, "web1: hello\r\n"));
    close(fd);
    driver_test.close(d);
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    must(read_file(path, 1000, &text, &e), &e);
    CU_ASSERT_STRING_EQUAL(buf_str(&text), "test guest web1: up\r\n\r\nweb1: hello\r\n");
}

TESTS("test driver, consoles", {"consoles", test_console}, {"abused consoles", test_console_abuse},
      {"console log", test_console_log})
