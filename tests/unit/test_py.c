/*
 * The Python-like language through py_eval(): what comes back, included files, errors, the arena.
 * Its other limits: test_py_limits.c. What the language computes is tested by tests/golden/py.
 */
#include "tests/unit/test_py.h"

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
      {"arena: grows, moves, stops at its limit", test_arena})
