/* xend-config.sxp: defaults, values, and every fault with its place. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "libxl/base/io.h"
#include "tests/unit/cunit.h"
#include "xend/conf.h"
#include "xend/relocate.h"

static char path[] = "/tmp/test-conf-XXXXXX";

/* Reads text as a configuration; the result of conf_read. */
static int read_text(const char *text, struct conf *c, struct value **notes, struct err *e)
{
    struct err ignored;

    CU_ASSERT_EQUAL(write_file_atomic(path, text, strlen(text), 0600, &ignored), 0);
    return conf_read(c, path, notes, e);
}

static void expect_fault(const char *text, const char *words)
{
    struct conf c;
    AUTO(value_freep) struct value *notes = NULL;
    struct err e = {0};

    CU_ASSERT_EQUAL(read_text(text, &c, &notes, &e), -1);
    ASSERT_ERR(e, ERR_INVALID, words);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, path));
    conf_clear(&c);
}

static void test_missing_file(void)
{
    struct conf c;
    AUTO(value_freep) struct value *notes = NULL;
    struct err e;

    CU_ASSERT_EQUAL(conf_read(&c, "/nonexistent/xend-config.sxp", &notes, &e), 0);
    CU_ASSERT_STRING_EQUAL(conf_str(&c, "loglevel"), "INFO");
    CU_ASSERT_PTR_NULL(conf_str(&c, "xend-driver"));
    conf_clear(&c);
}

static void test_values_and_notes(void)
{
    struct conf c;
    AUTO(value_freep) struct value *notes = NULL;
    struct err e;

    CU_ASSERT_EQUAL(read_text("# a comment\n(loglevel debug) (xend-driver 'test')\n"
                              "(xend-http-server no)\n(loglevl INFO)\n"
                              "(vncpasswd ninechars)\n",
                              &c, &notes, &e),
                    0);
    CU_ASSERT_STRING_EQUAL(conf_str(&c, "loglevel"), "debug");
    CU_ASSERT_STRING_EQUAL(conf_str(&c, "xend-driver"), "test");
    CU_ASSERT_EQUAL(value_len(notes), 3);
    CU_ASSERT_STRING_EQUAL(conf_str(&c, "vncpasswd"), "ninechar");
    CU_ASSERT_PTR_NOT_NULL(strstr(value_as_str(value_at(notes, 0)), ":3: xend-http-server"));
    CU_ASSERT_PTR_NOT_NULL(strstr(value_as_str(value_at(notes, 1)), "did you mean loglevel?"));
    conf_clear(&c);
}

/* Python's re.match: from the beginning, not to the end; a name or numbers. */
static void test_hosts(void)
{
    static const struct {
        const char *list, *name;
        bool wanted;
    } cases[] = {
        {"", "anything", true},
        {"^localhost$ ^localhost\\.localdomain$", "localhost", true},
        {"^localhost$ ^localhost\\.localdomain$", "localhost.localdomain", true},
        {"^localhost$ ^localhost\\.localdomain$", "localhostXlocaldomain", false},
        {"^localhost$ ^localhost\\.localdomain$", "localhosts", false},
        {"10\\.0\\.", "10.0.7.1", true},
        {"10\\.0\\.", "110.0.7.1", false},
        {"a|b\\.example$", "xb.example", false},
        {".*\\.example$", "www.Example", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e;
        struct hosts *h = hosts_parse(cases[i].list, &e);

        CU_ASSERT_PTR_NOT_NULL_FATAL(h);
        CU_ASSERT_EQUAL(hosts_match(h, cases[i].name), cases[i].wanted);
        hosts_free(h);
    }
}

/* An IPv4 caller of an IPv6 socket is known by its IPv4 numbers; a name must have the address. */
static void test_hosts_address(void)
{
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    struct err e;
    struct hosts *h = hosts_parse("^192\\.0\\.2\\.7$", &e);
    char text[NI_MAXHOST];

    inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr);
    CU_ASSERT_TRUE(hosts_allow(h, (struct sockaddr *)&mapped, sizeof(mapped), text));
    CU_ASSERT_STRING_EQUAL(text, "192.0.2.7");
    hosts_free(h);
}

static void test_no_tls(void)
{
    struct conf c;
    AUTO(value_freep) struct value *notes = NULL;
    struct err e;

    CU_ASSERT_EQUAL(
        read_text("(xend-relocation-ssl-server yes)(xend-relocation-ssl no)\n", &c, &notes, &e), 0);
    CU_ASSERT_EQUAL(value_len(notes), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(value_as_str(value_at(notes, 0)),
                                  ":1: xend-relocation-ssl-server: not supported, ignored"));
    conf_clear(&c);
}

static void test_faults(void)
{
    expect_fault("(loglevel LOUD)", "invalid xend config loglevel: expected DEBUG");
    expect_fault("(xend-driver vmware)", "invalid xend config xend-driver: expected");
    expect_fault("(test-persist maybe)", "expected bool: maybe");
    expect_fault("(xend-relocation-port 65536)", "expected a port, 1 to 65535: 65536");
    expect_fault("(xend-relocation-transport xml)", "expected ssh or tcp: xml");
    expect_fault("(xend-relocation-hosts-allow '^a$ [')", "'[' is no regular expression: ");
    expect_fault("(xend-relocation-hosts-allow '^10\\\\.\\\\d+$')",
                 "\\d is not understood in '^10\\.\\d+$'; [0-9] is a digit");
    expect_fault("(loglevel", ":1:1: '(' without ')'");
    expect_fault("\n\n  loglevel)", ":3:11: ')' without '('");
    expect_fault("loglevel INFO", "expected (key value)");
    expect_fault("(loglevel a b)", "expected one value");
    expect_fault("# x\n(loglevel LOUD)\n\n(xend-driver\n vmware)",
                 ":2: invalid xend config loglevel");
    expect_fault("# x\n(loglevel LOUD)\n\n(xend-driver\n vmware)", ":4: invalid xend config xend-");
}

static void test_all(void)
{
    int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    test_values_and_notes();
    test_no_tls();
    test_faults();
    unlink(path);
}

TESTS("conf", {"a missing file means defaults", test_missing_file},
      {"values, unknown keys, faults with their place", test_all},
      {"who may send guests, by name", test_hosts}, {"and by address", test_hosts_address})
