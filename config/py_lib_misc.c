/* Stand-ins for string, math and xen.util.ip. */
#include <math.h>
#include <stdio.h>

#include "config/py_ast.h"
#include "libxl/base/mem.h"

#define NO_NETWORK "config files cannot look at this host's network: write the address itself"

/* string.f(s, ...) is s.f(...). */
static struct obj as_method(struct py *p, struct call *c)
{
    struct obj s = c->npos ? c->pos[0] : py_none();
    const struct py_row *row = py_row_find(py_str_methods, c->row->name, strlen(c->row->name));
    struct call call = {.self = s, .pos = c->pos + 1, .npos = c->npos - 1};

    if (s.type != T_STR)
        py_raise(p, &py_TypeError, "%s() takes a string, not %s", c->row->name, py_type_text(s));
    return py_call(
        p, (struct obj){.type = T_METHOD, .method = &(struct method){.self = s, .row = row}},
        &call);
}

static struct obj string_join(struct py *p, struct call *c)
{
    struct obj sep = c->a[1].type == T_UNSET ? py_str(" ") : py_arg_str(p, c, 1);
    struct call call = {.self = sep, .row = c->row, .a = {c->a[0]}};

    return py_str_join(p, &call);
}

/* The only one of them that took numbers. */
static struct obj string_zfill(struct py *p, struct call *c)
{
    struct obj args[] = {c->a[0].type == T_STR ? c->a[0] : py_to_repr(p, c->a[0]), c->a[1]};
    struct call call = {.pos = args, .npos = 2, .row = c->row};

    return as_method(p, &call);
}

static struct obj string_atoi(struct py *p, struct call *c)
{
    return py_int_parse(p, py_arg_str(p, c, 0), py_arg_int(p, c, 1, 10));
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Every dict here keeps its order. */
const struct py_row py_collections_rows[] = {
    {"OrderedDict", py_lib_dict, 0, PY_ANY, NULL, 0},
    {"defaultdict", py_refused, 0, PY_ANY, "setdefault() and get() of a dict do the same", 0},
    {"namedtuple", py_refused, 0, PY_ANY, "a dict holds values that belong together", 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

const struct py_row py_string_rows[] = {
    {"ascii_letters", py_constant, 0, PY_VALUE, LOWER UPPER, 0},
    {"ascii_lowercase", py_constant, 0, PY_VALUE, LOWER, 0},
    {"ascii_uppercase", py_constant, 0, PY_VALUE, UPPER, 0},
    {"atoi", string_atoi, 1, 2, NULL, 0},
    {"capitalize", as_method, 1, PY_ANY, NULL, 0},
    {"count", as_method, 1, PY_ANY, NULL, 0},
    {"digits", py_constant, 0, PY_VALUE, "0123456789", 0},
    {"find", as_method, 1, PY_ANY, NULL, 0},
    {"hexdigits", py_constant, 0, PY_VALUE, "0123456789abcdefABCDEF", 0},
    {"join", string_join, 1, 2, NULL, 0},
    {"joinfields", string_join, 1, 2, NULL, 0},
    {"letters", py_constant, 0, PY_VALUE, LOWER UPPER, 0},
    {"ljust", as_method, 1, PY_ANY, NULL, 0},
    {"lower", as_method, 1, PY_ANY, NULL, 0},
    {"lowercase", py_constant, 0, PY_VALUE, LOWER, 0},
    {"lstrip", as_method, 1, PY_ANY, NULL, 0},
    {"replace", as_method, 1, PY_ANY, NULL, 0},
    {"rfind", as_method, 1, PY_ANY, NULL, 0},
    {"rjust", as_method, 1, PY_ANY, NULL, 0},
    {"rstrip", as_method, 1, PY_ANY, NULL, 0},
    {"split", as_method, 1, PY_ANY, NULL, 0},
    {"strip", as_method, 1, PY_ANY, NULL, 0},
    {"upper", as_method, 1, PY_ANY, NULL, 0},
    {"uppercase", py_constant, 0, PY_VALUE, UPPER, 0},
    {"zfill", string_zfill, 2, 2, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

static double number(struct py *p, const struct call *c)
{
    if (!py_is_number(c->a[0]))
        py_raise(p, &py_TypeError, "%s() takes a number, not %s", c->row->name,
                 py_type_text(c->a[0]));
    return py_as_float(c->a[0]);
}

static struct obj to_int(struct py *p, double f)
{
    if (!(fabs(f) < 9e18))
        py_raise(p, &py_OverflowError, "this number does not fit into 64 bits");
    return py_int((int64_t)f);
}

static struct obj math_ceil(struct py *p, struct call *c)
{
    return to_int(p, ceil(number(p, c)));
}

static struct obj math_floor(struct py *p, struct call *c)
{
    return to_int(p, floor(number(p, c)));
}

static struct obj math_sqrt(struct py *p, struct call *c)
{
    if (number(p, c) < 0)
        py_raise(p, &py_ValueError, "sqrt() of a negative number");
    return py_float(sqrt(number(p, c)));
}

const struct py_row py_math_rows[] = {
    {"ceil", math_ceil, 1, 1, NULL, 0},
    {"floor", math_floor, 1, 1, NULL, 0},
    {"sqrt", math_sqrt, 1, 1, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

/* An IPv4 address as a number. */
static int64_t address_of(struct py *p, const struct call *c, int i)
{
    struct obj s = py_arg_str(p, c, i);
    const char *text = py_cstr(p, s);
    unsigned a, b, d, e;
    int end = 0;

    if (sscanf(text, "%3u.%3u.%3u.%3u%n", &a, &b, &d, &e, &end) != 4 || text[end] || a > 255 ||
        b > 255 || d > 255 || e > 255)
        py_raise(p, &py_ValueError, "`%.60s` is not an IPv4 address", text);
    return (int64_t)(a << 24 | b << 16 | d << 8 | e);
}

static struct obj dotted(struct py *p, int64_t address)
{
    char text[20];

    if (address < 0 || address > UINT32_MAX)
        py_raise(p, &py_ValueError, "%lld is not an IPv4 address", (long long)address);
    snprintf(text, sizeof(text), "%u.%u.%u.%u", (unsigned)(address >> 24) & 255,
             (unsigned)(address >> 16) & 255, (unsigned)(address >> 8) & 255,
             (unsigned)address & 255);
    return py_str_copy(p, text, strlen(text));
}

static struct obj ip_aton(struct py *p, struct call *c)
{
    return py_int(address_of(p, c, 0));
}

static struct obj ip_ntoa(struct py *p, struct call *c)
{
    return dotted(p, py_arg_int(p, c, 0, 0));
}

static struct obj ip_add_offset(struct py *p, struct call *c)
{
    struct obj sum =
        py_binary(p, TOK_PLUS, py_int(address_of(p, c, 0)), py_int(py_arg_int(p, c, 1, 0)));

    return dotted(p, sum.i);
}

static struct obj ip_check_subnet(struct py *p, struct call *c)
{
    int64_t mask = address_of(p, c, 2);

    return py_bool((address_of(p, c, 0) & mask) == (address_of(p, c, 1) & mask));
}

const struct py_row py_ip_rows[] = {
    {"add_offset_to_ip", ip_add_offset, 2, 2, NULL, 0},
    {"check_subnet", ip_check_subnet, 3, 3, NULL, 0},
    {"get_current_ipaddr", py_refused, 0, PY_ANY, NO_NETWORK, 0},
    {"get_current_ipgw", py_refused, 0, PY_ANY, NO_NETWORK, 0},
    {"get_current_ipmask", py_refused, 0, PY_ANY, NO_NETWORK, 0},
    {"inet_aton", ip_aton, 1, 1, NULL, 0},
    {"inet_ntoa", ip_ntoa, 1, 1, NULL, 0},
    {NULL, NULL, 0, 0, NULL, 0},
};
