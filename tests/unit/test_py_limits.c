/*
 * The Python-like language through py_eval(): the limits from both sides, and what hostile files
 * cost.
 */
#include <time.h>

#include "tests/unit/test_py.h"

#ifdef __SANITIZE_ADDRESS__
#define HOSTILE_SECONDS 10
#else
#define HOSTILE_SECONDS 1
#endif

/* head, then n times middle, then tail. */
static void repeat(struct buf *b, const char *head, const char *middle, int n, const char *tail)
{
    buf_clear(b);
    buf_adds(b, head);
    for (int i = 0; i < n; i++)
        buf_adds(b, middle);
    buf_adds(b, tail);
}

static void test_text_limit(void)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;

    buf_adds(&text, "a = 1 #");
    buf_fill(&text, 'x', PY_TEXT_MAX - text.len);
    check_passes(buf_str(&text));
    buf_addc(&text, 'x');
    check_fails(buf_str(&text), ERR_TOO_LARGE, "longer than");
    CU_ASSERT_PTR_NULL(eval_n("a = 1\0b", 7));
    ASSERT_ERR(e, ERR_INVALID, "t.cfg:1:6: this file contains a NUL byte");
}

static void test_nesting_limits(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(buf_clear) struct buf close = BUF_INIT;

    buf_fill(&close, ')', PY_NEST_MAX);
    repeat(&b, "x = ", "(", PY_NEST_MAX, "1");
    buf_adds(&b, buf_str(&close));
    check_passes(buf_str(&b));
    repeat(&b, "x = ", "(", PY_NEST_MAX + 1, "1");
    check_fails(buf_str(&b), ERR_TOO_LARGE, "nested more than 100 deep");
    repeat(&b, "x = ", "not ", PY_PARSE_DEPTH_MAX - 1, "1");
    check_passes(buf_str(&b));
    repeat(&b, "x = ", "not ", PY_PARSE_DEPTH_MAX, "1");
    check_fails(buf_str(&b), ERR_TOO_LARGE, "nested more than 200 deep");
    repeat(&b, "x = 1", " + 1", PY_DEPTH_MAX - 3, "");
    check_passes(buf_str(&b));
    repeat(&b, "x = 1", " + 1", PY_DEPTH_MAX, "");
    check_fails(buf_str(&b), ERR_TOO_LARGE, "nested too deep");
}

static void test_block_limit(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    for (size_t depth = PY_NEST_MAX; depth <= PY_NEST_MAX + 1; depth++) {
        buf_clear(&b);
        for (size_t i = 0; i < depth; i++) {
            buf_fill(&b, ' ', i);
            buf_adds(&b, "if 1:\n");
        }
        buf_fill(&b, ' ', depth);
        buf_adds(&b, "x = 1\n");
        if (depth == PY_NEST_MAX)
            check_passes(buf_str(&b));
        else
            check_fails(buf_str(&b), ERR_TOO_LARGE, "nested more than 100 deep");
    }
}

static void test_call_limit(void)
{
    check_passes("def f(n):\n    if n == 0: return 0\n    return f(n - 1)\nx = f(100)");
    check_fails("def f(n):\n    return f(n)\nx = f(1)", ERR_TOO_LARGE, "nested too deep");
}

static void test_step_limit(void)
{
    check_passes("for i in range(300):\n    for j in range(1000): pass");
    check_fails("for i in range(600):\n    for j in range(1000): pass", ERR_TOO_LARGE,
                "more than a million steps");
    check_fails("try:\n    while 1: pass\nexcept:\n    pass\nfinally:\n    x = 1", ERR_TOO_LARGE,
                "t.cfg:2:11: this takes too long");
}

static void test_byte_limit(void)
{
    check_passes("l = ['x' * 100000 + str(i) for i in range(60)]\nl = 1");
    check_fails("l = ['x' * 100000 + str(i) for i in range(200)]\nl = 1", ERR_TOO_LARGE,
                "more than 16 MiB");
}

static void test_size_limits(void)
{
    check_passes("s = len('x' * (1 << 20))");
    check_fails("s = len('x' * ((1 << 20) + 1))", ERR_TOO_LARGE, "a string may not be longer");
    check_passes("l = len([0] * 100000)");
    check_fails("l = len([0] * 100001)", ERR_TOO_LARGE, "a list may not be longer");
    check_passes("l = len(range(100000))");
    check_fails("l = len(range(100001))", ERR_TOO_LARGE, "may not be longer");
    check_passes("d = len(set(range(100000)))");
    check_fails("d = set(range(100000))\nd.add(-1)", ERR_TOO_LARGE, "more than 100000 entries");
    check_passes("s = '%9999d' % 1");
    check_fails("s = '%99999d' % 1", ERR_TOO_LARGE, "wider than 10000");
}

static void test_result_limits(void)
{
    check_passes("l = range(49990)");
    check_fails("l = range(50000)", ERR_TOO_LARGE, "the value of `l` makes the result too large");
    check_passes("s = ['x' * 1000000] * 4");
    check_fails("s = ['x' * 1000000] * 5", ERR_TOO_LARGE, "makes the result too large");
    check_fails("a = [0] * 1000\nb = [a] * 1000\nc = [b] * 1000", ERR_TOO_LARGE, "too large");
    check_passes("l = []\nfor i in range(61): l = [l]");
    check_fails("l = []\nfor i in range(64): l = [l]", ERR_TOO_LARGE, "nested too deep");
}

static void test_regex_limits(void)
{
    check_passes("import re\nx = re.match('(a{10}){100}', 'a' * 1000) is None");
    check_fails("import re\nx = re.match('(a{100}){100}', 'a')", ERR_INVALID, "it is too large");
    check_fails("import re\nx = re.match('(a*)*b', 'a' * 40)", ERR_TOO_LARGE, "too long");
    check_fails("import re\nx = re.match('(?:' * 60 + 'a' + ')' * 60, 'a')", ERR_INVALID,
                "nested too deep");
}

/* Files that try to be expensive. Each must fail, or pass, within a second. */
static const char *const hostile[] = {
    "while True: pass",
    "s = 'x' * 1000000\nwhile True: t = s == s[:-1] + 'x'",
    "s = 'x' * 1000000\nwhile True: 'y' in s",
    "s = 'a' * 1000000\nfor i in range(1000): s.rfind('b' + 'a' * 500000)",
    "s = 'a' * 500000 + 'b'\nfor i in range(1000): ('a' * 1000000).find(s)",
    "l = list(range(100000))\nwhile True: l.insert(0, 1); l.pop()",
    "l = list(range(100000))\nwhile True: sorted(l, reverse=True)",
    "l = [str(i) for i in range(50000)]\nwhile True: ','.join(l)",
    "l = list(range(100000))\nwhile True: l == l[:]",
    "l = list(range(100000))\nwhile True: 100001 in l",
    "a = []\nfor i in range(10000): a = [a]\nb = str(a)",
    "a = []\na.append(a)\nb = a == a\nc = str(a)",
    "d = {}\nfor i in range(200000): d[i] = i",
    "x = 1\nwhile True: x = x * 3",
    "def f(): f()\nf()",
    "f = lambda g: g(g)\nf(f)",
    "x = [[[[y for y in range(1000)] for z in range(1000)] for w in range(1000)] for v in 'ab']",
    "s = 'ab'\nwhile True: s = s.replace('a', 'aa')",
    "s = '%s' * 1000\nwhile True: s % tuple(['x' * 1000] * 1000)",
    "s = '{0}' * 10000\nwhile True: s = s.format(s)",
    "import re\nwhile True: re.sub('a*?b', 'x', 'a' * 10000)",
    "import re\nx = re.search('(x+x+)+y', 'x' * 5000)",
    "import re\nx = re.search('(.*)(.*)(.*)(.*)(.*)\\\\1z', 'x' * 1000)",
    "import re\nx = re.match('(' + 'a?' * 1000 + ')' + 'a' * 1000, 'a' * 1000)",
    "import re\nfor i in range(1000): re.compile('[a-z]' * 3000)",
    "x = '%s' % ('%10000d' % 1) * 100\nwhile 1: x.upper().lower().title()",
    "def f(*a, **k): return f(*a, **k)\nf(1, 2, x=3)",
    "l = [1]\nfor i in l: l.append(i)",
    "x = 2 ** 62 + (2 ** 62 - 1)\ny = x << 1",
    "s = {}\nwhile True: s[('x' * 100000,)] = 1",
    "xm_vars.var('a', check=lambda n, v: xm_vars.check())\nxm_vars.check()",
    "print 'x' * 1000000\nwhile 1: print('y' * 1000)",
    "try:\n    while 1: pass\nexcept: pass\nwhile 1: pass",
};

static void test_hostile(void)
{
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        clock_t start = clock();
        double took;
        value_free(eval(hostile[i]));
        took = (double)(clock() - start) / CLOCKS_PER_SEC;
        CU_ASSERT(took < HOSTILE_SECONDS);
        if (took >= HOSTILE_SECONDS)
            fprintf(stderr, "\n  %.2f s: %s\n", took, hostile[i]);
    }
}

/* A text of one line, repeated to the largest size. */
static void test_hostile_long(void)
{
    static const char *const lines[] = {
        "a=1\n",       "[1,\n", "x=[[]]+[[]]\n", "f(1)(2)(3)\n", "def f():0\n", "'a' 'b' \\\n",
        "a=b=c=d=1\n", "\n",    "if 1:0\n",      "1+",           "-",           "f'{1}' ",
        "a.b",         "#\n",   "'''",           "\\\n"};

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        AUTO(buf_clear) struct buf b = BUF_INIT;
        clock_t start = clock();
        repeat(&b, "", lines[i], (int)(PY_TEXT_MAX / strlen(lines[i])), "");
        value_free(eval(buf_str(&b)));
        CU_ASSERT((double)(clock() - start) / CLOCKS_PER_SEC < HOSTILE_SECONDS);
    }
}

static void test_many_names(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;
    AUTO(value_freep) struct value *places = NULL, *v = NULL;
    struct py_input in = {.name = "m", .places = &places};
    clock_t start = clock();

    for (int i = 0; i < 20000; i++)
        buf_addf(&b, "v%d = %d\n", i, i);
    in.text = buf_str(&b);
    in.len = b.len;
    v = py_eval(&in, &e);
    if (v)
        CU_ASSERT_EQUAL(value_len(places), 20000);
    CU_ASSERT((double)(clock() - start) / CLOCKS_PER_SEC < HOSTILE_SECONDS);
}

TESTS("py limits", {"limit of the text", test_text_limit},
      {"limits of nesting", test_nesting_limits}, {"limit of blocks", test_block_limit},
      {"limit of calls", test_call_limit}, {"limit of steps; nothing catches it", test_step_limit},
      {"limit of memory", test_byte_limit}, {"limits of strings, lists, fields", test_size_limits},
      {"limits of the result", test_result_limits}, {"limits of patterns", test_regex_limits},
      {"hostile files take less than a second", test_hostile},
      {"long hostile files, too", test_hostile_long}, {"many names", test_many_names})
