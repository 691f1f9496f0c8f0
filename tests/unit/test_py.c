/*
 * The Python-like language through py_eval(): what comes back, the limits from both sides, what
 * hostile files cost. What the language computes is tested by tests/golden/py.
 */
#include "tests/unit/cunit.h"

#include <time.h>

#include "config/json.h"
#include "config/py.h"
#include "config/py_obj.h"
#include "libxl/base/buf.h"

#ifdef __SANITIZE_ADDRESS__
#define HOSTILE_SECONDS 10
#else
#define HOSTILE_SECONDS 1
#endif

static struct err e;

static struct value *eval_n(const char *text, size_t len)
{
    struct py_input in = {.name = "t.cfg", .text = text, .len = len};

    memset(&e, 0, sizeof(e));
    return py_eval(&in, &e);
}

static struct value *eval(const char *text)
{
    return eval_n(text, strlen(text));
}

/* The result as JSON, or the message. */
static void check(const char *text, const char *want)
{
    AUTO(value_freep) struct value *v = eval(text);
    AUTO(buf_clear) struct buf out = BUF_INIT;

    if (v)
        json_print(v, &out);
    else
        buf_adds(&out, e.msg);
    CU_ASSERT_STRING_EQUAL(buf_str(&out), want);
    if (strcmp(buf_str(&out), want) != 0)
        fprintf(stderr, "\n  got:  %s\n  want: %s\n", buf_str(&out), want);
}

static void check_fails(const char *text, enum err_code code, const char *words)
{
    AUTO(value_freep) struct value *v = eval(text);

    CU_ASSERT_PTR_NULL(v);
    ASSERT_ERR(e, code, words);
}

static void check_passes(const char *text)
{
    AUTO(value_freep) struct value *v = eval(text);

    CU_ASSERT_PTR_NOT_NULL(v);
    if (!v)
        fprintf(stderr, "\n  %s\n", e.msg);
}

static void test_result(void)
{
    check("", "{}");
    check("b = 1\na = 'x'\nb = 2", "{\"b\":2,\"a\":\"x\"}");
    check("a = [1, 2.5, None, True, ('t', {'k': 'v'})]",
          "{\"a\":[1,2.5,null,true,[\"t\",{\"k\":\"v\"}]]}");
    check("a = {1: 'int', 2.5: 'real', None: 0, True: 0}",
          "{\"a\":{\"1\":0,\"2.5\":\"real\",\"null\":0}}");
}

static void test_left_out(void)
{
    check("import os, re as r\nfrom os.path import join\ndef f(): pass\n_x = 1\n"
          "s = set([1])\ng = lambda: 1\nl = [f]\nd = {(1, 2): 3}\nm = os.uname\nt = int\nok = 1",
          "{\"ok\":1}");
    check("sys = 'mine'\nxm_file = 'x'", "{\"sys\":\"mine\",\"xm_file\":\"x\"}");
    check("a = 1\ndel a\nb = 2", "{\"b\":2}");
}

static void test_presets(void)
{
    AUTO(value_freep) struct value *preset = value_map();
    AUTO(value_freep) struct value *v = NULL;
    const char *text = "vmid = int(vmid) + 1\nn = len(l) + m['k']\nf = xm_file\nh = xm_help";
    struct py_input in = {.name = "p.cfg", .text = text, .len = strlen(text), .preset = preset};
    struct value *list = value_list(), *map = value_map();

    value_set_str(preset, "vmid", "3");
    value_add_take(list, value_nil());
    value_set_take(preset, "l", list);
    value_set_int(map, "k", 40);
    value_set_take(preset, "m", map);
    v = py_eval(&in, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_EQUAL(value_get_int(v, "vmid", 0), 4);
    CU_ASSERT_EQUAL(value_get_int(v, "n", 0), 41);
    CU_ASSERT_STRING_EQUAL(value_get_str(v, "f", ""), "p.cfg");
    CU_ASSERT_EQUAL(value_type(value_get(v, "h")), VALUE_NIL);
    CU_ASSERT_STRING_EQUAL(value_key(v, 0), "vmid");
}

static const char vars_text[] = "a = 1\n"
                                "def check(name, v):\n"
                                "    return int(v)\n"
                                "xm_vars.var('vmid', use='Number of the domain.', check=check)\n"
                                "xm_vars.var('other')\n"
                                "xm_vars.check()\n"
                                "b = vmid\n";

static void test_vars(void)
{
    AUTO(value_freep) struct value *preset = value_map();
    AUTO(value_freep) struct value *vars = NULL, *v = NULL;
    struct py_input in = {
        .name = "v", .text = vars_text, .len = strlen(vars_text), .preset = preset, .vars = &vars};

    value_set_str(preset, "vmid", "7");
    v = py_eval(&in, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_EQUAL(value_get_int(v, "b", 0), 7);
    CU_ASSERT_STRING_EQUAL(value_get_str(vars, "vmid", ""), "Number of the domain.");
    CU_ASSERT_STRING_EQUAL(value_get_str(vars, "other", "x"), "");
}

static void test_vars_after_error(void)
{
    AUTO(value_freep) struct value *vars = NULL;
    struct py_input in = {.name = "v", .text = vars_text, .len = strlen(vars_text), .vars = &vars};

    CU_ASSERT_PTR_NULL(py_eval(&in, &e));
    ASSERT_ERR(e, ERR_INVALID, "v:3:12: vmid - int()");
    CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "Number of the domain."));
    CU_ASSERT_EQUAL(value_len(vars), 2);
}

static void test_help(void)
{
    AUTO(value_freep) struct value *vars = NULL, *v = NULL;
    struct py_input in = {
        .name = "v", .text = vars_text, .len = strlen(vars_text), .help = true, .vars = &vars};

    v = py_eval(&in, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_EQUAL(value_get_int(v, "a", 0), 1);
    CU_ASSERT_PTR_NULL(value_get(v, "b"));
    CU_ASSERT_EQUAL(value_len(vars), 2);
}

/* The line of a variable's value, or of item `item` of it (from 1), as errors would tell it. */
static uint32_t line_of(const char *text, const struct value *places, const char *name, size_t item)
{
    AUTO(buf_clear) struct buf source = BUF_INIT;
    const struct value *spans = value_get(places, name);

    CU_ASSERT_FATAL(2 * item + 1 < value_len(spans));
    return py_point(text, strlen(text), (size_t)value_as_int(value_at(spans, 2 * item)),
                    (size_t)value_as_int(value_at(spans, 2 * item + 1)), &source)
        .line;
}

static void test_places_and_printed(void)
{
    AUTO(value_freep) struct value *places = NULL, *v = NULL;
    AUTO(buf_clear) struct buf printed = BUF_INIT, source = BUF_INIT;
    const char *text = "memory = 1\n\nname = 'x'\nprint 'a', 1\nmemory = 2\nprint('b', end='')\n"
                       "disk = ['a',\n  'b']\nvif = []\nvif += ['c']\n";
    struct py_input in = {
        .name = "l", .text = text, .len = strlen(text), .places = &places, .printed = &printed};
    struct py_point point;

    v = py_eval(&in, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_EQUAL(line_of(text, places, "memory", 0), 5);
    CU_ASSERT_EQUAL(line_of(text, places, "name", 0), 3);
    CU_ASSERT_EQUAL(line_of(text, places, "disk", 1), 7);
    CU_ASSERT_EQUAL(line_of(text, places, "disk", 2), 8);
    CU_ASSERT_EQUAL(line_of(text, places, "vif", 0), 10);
    CU_ASSERT_STRING_EQUAL(buf_str(&printed), "a 1\nb");
    point = py_point(text, strlen(text), 19, 22, &source);
    CU_ASSERT_EQUAL(point.line, 3);
    CU_ASSERT_EQUAL(point.column, 8);
    CU_ASSERT_STRING_EQUAL(buf_str(&source), "\n    name = 'x'\n           ^~~");
}

/* Files that the program asks for: a.py sets b and asks for b.py; loop asks for itself. */
static int include_test(void *arg, const char *name, struct buf *out, struct err *err)
{
    (void)arg;
    if (strcmp(name, "a.py") == 0)
        buf_adds(out, "b = 2\nexecfile('b.inc')\n");
    else if (strcmp(name, "b.inc") == 0)
        buf_adds(out, "\xef\xbb\xbf# B\nc = b + 1\ndef f():\n    return d\n");
    else if (strcmp(name, "bad.py") == 0)
        buf_adds(out, "x = 1\ny = x +\n");
    else if (strcmp(name, "b1") == 0)
        buf_adds(out, "b = 1\n");
    else if (strcmp(name, "loop") == 0)
        buf_adds(out, "execfile('loop')\n");
    else
        return err_set(err, ERR_NOT_FOUND, "%s: No such file", name);
    return 0;
}

static struct value *eval_including(const char *text, bool can)
{
    struct py_input in = {
        .name = "l", .text = text, .len = strlen(text), .include = can ? include_test : NULL};

    return py_eval(&in, &e);
}

static void test_include(void)
{
    AUTO(value_freep)
    struct value *v = eval_including("a = 1\nfrom a import *\nd = 4\ne = f() + c + a\n", true);

    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_EQUAL(value_get_int(v, "e", 0), 8);
    CU_ASSERT_EQUAL(value_get_int(v, "c", 0), 3);
    CU_ASSERT_PTR_NULL(eval_including("execfile('bad.py')", true));
    CU_ASSERT_STRING_EQUAL(e.msg, "bad.py:2:8: a value is expected, but the line ends here\n"
                                  "    y = x +\n           ^");
    CU_ASSERT_PTR_NULL(eval_including("execfile('loop')", true));
    CU_ASSERT_EQUAL(e.code, ERR_TOO_LARGE);
    CU_ASSERT_PTR_NULL(eval_including("\nexecfile('none')", true));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "l:2:1: none: No such file"));
    CU_ASSERT_PTR_NULL(eval_including("execfile('a.py')", false));
    CU_ASSERT_PTR_NULL(eval_including("from a import b", true));
    v = (value_free(v), eval_including("try:\n  execfile('no')\nexcept IOError: x = 1", true));
    CU_ASSERT_EQUAL(value_get_int(v, "x", 0), 1);
}

/* Limits of what came later, on both sides. */
static void test_more_limits(void)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    for (int n = PY_INCLUDES_MAX; n <= PY_INCLUDES_MAX + 1; n++) {
        struct value *v;

        b.len = 0;
        for (int i = 0; i < n; i++)
            buf_adds(&b, "execfile('b1')\n");
        v = eval_including(buf_str(&b), true);
        CU_ASSERT_EQUAL(v != NULL, n == PY_INCLUDES_MAX);
        value_free(v);
    }
    for (int n = PY_LIST_MAX; n <= PY_LIST_MAX + 1; n++) {
        AUTO(freep)
        char *text = xasprintf("def g():\n  i = 0\n  while i < %d:\n    yield i\n    i += 1\n"
                               "x = len(list(g()))\n",
                               n);
        struct value *v = eval_including(text, false);

        CU_ASSERT_EQUAL(v != NULL, n == PY_LIST_MAX);
        CU_ASSERT(v || e.code == ERR_TOO_LARGE);
        value_free(v);
    }
}

static void test_printed_limit(void)
{
    AUTO(buf_clear) struct buf printed = BUF_INIT;
    const char *text = "for i in range(100): print('x' * 1000)";
    struct py_input in = {.name = "l", .text = text, .len = strlen(text), .printed = &printed};

    value_free(py_eval(&in, &e));
    CU_ASSERT_EQUAL(printed.len, PY_PRINTED_MAX);
}

static void test_report(void)
{
    check("a = 1\nb = a +  nam\n", "t.cfg:2:10: name `nam` is not defined\n"
                                   "    b = a +  nam\n"
                                   "             ^~~");
    check("raise ValueError('bell \x07 and\\n\\x1b[31m')",
          "t.cfg:1:1: ValueError: bell   and  [31m\n"
          "    raise ValueError('bell ? and\\n\\x1b[31m')\n"
          "    ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~");
    check_fails("x = 'a' + 1", ERR_INVALID, "t.cfg:1:5: ");
    CU_ASSERT_STRING_EQUAL(e.hint, "str(...) makes a string of a number");
}

static void test_report_fits(void)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;

    buf_fill(&text, 'a', 5000);
    buf_adds(&text, " + 'b'\n");
    check_fails(buf_str(&text), ERR_INVALID, "t.cfg:1:1: name `aaa");
    CU_ASSERT(strlen(e.msg) < 600);
    buf_clear(&text);
    buf_adds(&text, "x = '");
    buf_fill(&text, 'y', 5000);
    buf_adds(&text, "' + nothing\n");
    check_fails(buf_str(&text), ERR_INVALID, "t.cfg:1:5010: name `nothing`");
    CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "\n    ..."));
    CU_ASSERT(strlen(e.msg) < 600);
}

static void test_division(void)
{
    check("a = [7 / 2, -7 / 2, 7 / 2.0, 7 // 2]", "{\"a\":[3,-4,3.5,3]}");
    check("from __future__ import division\na = [7 / 2, 7 // 2]", "{\"a\":[3.5,3]}");
}

static void test_environment(void)
{
    setenv("XM_TEST", "yes", 1);
    setenv("SECRET_OF_TEST", "no", 1);
    check("import os\na = os.getenv('XM_TEST')\nb = os.getenv('XM_NONE', 'd')",
          "{\"a\":\"yes\",\"b\":\"d\"}");
    check_fails("import os\na = os.getenv('SECRET_OF_TEST')", ERR_INVALID, "not for config");
    check("a = 'SECRET_OF_TEST' in os.environ", "{\"a\":false}");
}

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

static void test_arena(void)
{
    AUTO(arena_clear) struct arena a;
    char *p, *q;

    arena_init(&a, 100000);
    p = arena_alloc(&a, 10);
    memset(p, 'x', 10);
    q = arena_grow(&a, p, 10, 40000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(q);
    CU_ASSERT_EQUAL(q[9], 'x');
    CU_ASSERT_PTR_NULL(arena_alloc(&a, 100000));
    CU_ASSERT_PTR_NULL(arena_alloc(&a, SIZE_MAX));
    CU_ASSERT_PTR_NULL(arena_grow(&a, q, 40000, SIZE_MAX));
    CU_ASSERT_EQUAL(q[9], 'x');
    CU_ASSERT(a.used <= a.limit);
    arena_clear(&a);
    CU_ASSERT_EQUAL(a.used, 0);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 100000));
}

TESTS("py", {"variables come back typed and in order", test_result},
      {"what is no data or not the file's stays out", test_left_out},
      {"preset variables", test_presets}, {"xm_vars: declared and checked", test_vars},
      {"xm_vars: known after an error, which names the variable", test_vars_after_error},
      {"xm_help: the evaluation ends well at check()", test_help},
      {"places of assignments, and what print wrote", test_places_and_printed},
      {"included files", test_include},
      {"limits of included files and generators", test_more_limits},
      {"limit of print", test_printed_limit}, {"the report: place, line, caret, hint", test_report},
      {"the report of long lines fits", test_report_fits},
      {"division rounds down unless asked otherwise", test_division},
      {"only a few environment variables", test_environment},
      {"limit of the text", test_text_limit}, {"limits of nesting", test_nesting_limits},
      {"limit of blocks", test_block_limit}, {"limit of calls", test_call_limit},
      {"limit of steps; nothing catches it", test_step_limit}, {"limit of memory", test_byte_limit},
      {"limits of strings, lists, fields", test_size_limits},
      {"limits of the result", test_result_limits}, {"limits of patterns", test_regex_limits},
      {"hostile files take less than a second", test_hostile},
      {"long hostile files, too", test_hostile_long}, {"many names", test_many_names},
      {"arena: grows, moves, stops at its limit", test_arena})
